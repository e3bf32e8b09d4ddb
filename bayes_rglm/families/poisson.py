"""Counts: y ~ Poisson(mu), mu = f(eta). An exposure enters as offset log(exposure) under the log link."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaincc
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ._base import Family, Response, Typical, refuse_levels, refuse_rows, register

_LARGEST_RATE = 1e9


class PoissonResponse(Response):
    """Poisson rows that keep the linear predictor."""

    support = constraints.nonnegative_integer

    def sample(self, key, sample_shape=()):
        # Beyond the integer range of the sampler a prior predictive draw is only "enormous"; the density stays exact.
        rate = jnp.minimum(self.mean, _LARGEST_RATE)
        return jax.random.poisson(key, rate, sample_shape + self.batch_shape).astype(jnp.result_type(int))

    def log_prob(self, value):
        return _log_likelihood(self.link, jnp.asarray(value).astype(self.eta.dtype), self.eta)

    def cdf(self, value):
        return jnp.where(value < 0, 0.0, gammaincc(jnp.floor(jnp.maximum(value, 0.0)) + 1.0, self.mean))

    @property
    def variance(self):
        return self.mean


def _log_likelihood(link, y, eta):
    # The deviance form: y log(mu) - mu - log(y!) would leave the difference of numbers that grow with y.
    xp = k.namespace(eta)
    zero, log_mean = y == 0, link.log_mean(eta)
    some = xp.where(zero, 1.0, y)
    distance = xp.where(zero, 0.0, log_mean - xp.log(some))
    none = k.exp(xp.where(zero, log_mean, -xp.inf))
    with np.errstate(over="ignore", under="ignore"):
        return -some * k.expm1_minus(distance) - none - _normaliser(y, xp)


def _normaliser(y, xp):
    """log(y!) - y log(y) + y, by Stirling's series from 16 on; 0 at 0."""
    few, many = xp.clip(y, 0.0, 16.0), xp.maximum(y, 16.0)
    square = many * many
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / many
    exact = k.special(few).gammaln(few + 1.0) - k.special(few).xlogy(few, few) + few
    return xp.where(y < 16, exact, 0.5 * (k.LOG_2PI + xp.log(many)) + series)


@register
class Poisson(Family):
    """V(mu) = mu."""

    name: ClassVar[str] = "poisson"
    aliases: ClassVar = ("count",)
    links: ClassVar = (links.log,)
    support: ClassVar[str] = "the counts 0, 1, 2, ..."
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    response: ClassVar = PoissonResponse

    def check(self, y, response, levels, index) -> None:
        refuse_levels(self, y, response, levels)
        bad = (y < 0) | (y != np.floor(y))
        refuse_rows(self, y, response, index, bad, "give counts; a rate needs an offset instead")

    def typical(self, link, y, offset, weights) -> Typical:
        w = np.ones_like(y) if weights is None else weights
        rate = (np.sum(w * y) + 0.5) / np.sum(w * np.exp(offset))
        return Typical(float(link.forward(rate)), 1.0)

    def variance(self, mu):
        return mu

    def log_likelihood(self, link, y, eta):
        return _log_likelihood(link, y, eta)

    def score(self, link, y, eta):
        slope = k.exp(link.log_slope(eta) - link.log_mean(eta))
        return (y - link.inverse(eta)) * slope * (1.0 if link.increasing else -1.0)

    def information(self, link, eta):
        return k.exp(2 * link.log_slope(eta) - link.log_mean(eta))

    def separation(self, y):
        return -np.ones(len(y)), y > 0

    def unit_deviance(self, y, mu):
        return 2.0 * (k.special(mu).xlogy(y, y) - k.special(mu).xlogy(y, mu) - (y - mu))

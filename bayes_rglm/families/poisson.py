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
from ._base import Family, Response, Typical, average, refuse_levels, refuse_rows, register
from ._positive import IDENTITY

_LOG = links.log
_LARGEST_RATE = 1e9
_NO_COUNT = -1  # drawn where the link has no mean: outside the support, and seen to be


class PoissonResponse(Response):
    """Poisson rows that keep the linear predictor."""

    support = constraints.nonnegative_integer

    def sample(self, key, sample_shape=()):
        # Beyond the integer range of the sampler a prior predictive draw is only "enormous"; the density stays exact.
        rate = jnp.minimum(self.link.inverse(self.link.confine(self.eta)), _LARGEST_RATE)
        counts = jax.random.poisson(key, rate, sample_shape + self.batch_shape).astype(jnp.result_type(int))
        return self.link.forbid(self.eta, counts, _NO_COUNT)

    def log_prob(self, value):
        return _log_likelihood(self.link, jnp.asarray(value).astype(self.eta.dtype), self.eta)

    def cdf(self, value):
        return jnp.where(value < 0, 0.0, gammaincc(jnp.floor(jnp.maximum(value, 0.0)) + 1.0, self.mean))

    @property
    def variance(self):
        return self.mean


def _log_likelihood(link, y, eta):
    # The deviance form: y log(mu) - mu - log(y!) would leave the difference of numbers that grow with y.
    xp, safe = k.namespace(eta), link.confine(eta)
    zero, log_mean = y == 0, link.log_mean(safe)
    some = xp.where(zero, 1.0, y)
    distance = xp.where(zero, 0.0, log_mean - xp.log(some))
    none = xp.where(zero, link.inverse(safe), 0.0)
    with np.errstate(over="ignore", under="ignore"):
        return link.forbid(eta, -some * k.expm1_minus(distance) - none - _normaliser(y, xp))


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
    links: ClassVar = (links.log, links.sqrt, IDENTITY, links.sqrt_softplus, links.softplus)
    log_concave: ClassVar = links
    support: ClassVar[str] = "the counts 0, 1, 2, ..."
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    several: ClassVar[bool] = True
    response: ClassVar = PoissonResponse

    def check(self, y, response, levels, index) -> None:
        refuse_levels(self, y, response, levels)
        bad = (y < 0) | (y != np.floor(y))
        refuse_rows(self, y, response, index, bad, "give counts; a rate needs an offset instead")

    def typical(self, link, y, offset, weights) -> Typical:
        w = np.ones_like(y) if weights is None else weights
        if link is links.log:
            return Typical(float(np.log((np.sum(w * y) + 0.5) / np.sum(w * np.exp(offset)))), 1.0)
        eta = float(link.forward((np.sum(w * y) + 0.5) / np.sum(w)))
        return Typical(eta - average(offset, weights), link.step(eta) if np.ptp(y) > 0 else 1.0)

    def variance(self, mu):
        return mu

    def log_likelihood(self, link, y, eta):
        return _log_likelihood(link, y, eta)

    def score(self, link, y, eta):
        eta = link.confine(eta)
        slope = k.exp(link.log_slope(eta) - link.log_mean(eta))
        with np.errstate(over="ignore"):
            return (y - link.inverse(eta)) * slope * (1.0 if link.increasing else -1.0)

    def information(self, link, eta):
        eta = link.confine(eta)
        return k.exp(2 * link.log_slope(eta) - link.log_mean(eta))

    def separation(self, y, link=_LOG):
        """Rows without counts push the predictor to where the mean is 0, if that is at infinity; the others hold it."""
        return None if link.restricted else (-np.ones(len(y)), y > 0)

    def unit_deviance(self, y, mu):
        return 2.0 * (k.special(mu).xlogy(y, y) - k.special(mu).xlogy(y, mu) - (y - mu))

"""Positive responses of constant relative spread: y ~ Gamma with mean mu = f(eta) and shape `concentration`."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammainc
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..priors import HalfNormalPower
from ._base import Parameter, Response, average, register
from ._positive import IDENTITY, Positive, capped, distance, log_mean, log_relative_slope, relative_slope
from ._stirling import stirling, stirling_slope

LOG = links.log


class GammaResponse(Response):
    """Gamma rows that keep the linear predictor."""

    pytree_data_fields = ("concentration",)
    arg_constraints: ClassVar = {"eta": constraints.real, "concentration": constraints.positive}
    support = constraints.positive

    def sample(self, key, sample_shape=()):
        shape = jnp.broadcast_to(self.concentration, sample_shape + self.batch_shape)
        log_draw = jax.random.loggamma(key, shape) - jnp.log(self.concentration)
        draw = jnp.maximum(jnp.exp(log_draw + log_mean(self.link, self.eta)), jnp.finfo(self.eta.dtype).tiny)
        return self.link.forbid(self.eta, draw, jnp.nan)

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta, self.concentration)

    def cdf(self, value):
        return gammainc(self.concentration, self.concentration * jnp.maximum(value, 0.0) / self.mean)

    @property
    def variance(self):
        return self.mean**2 / self.concentration


def _log_likelihood(link, y, eta, concentration):
    # The deviance form. The normaliser a log(a) - a - lgamma(a) is small where its terms are large.
    xp = k.namespace(eta, concentration)
    concentration = k.floating(concentration)
    normaliser = 0.5 * (xp.log(concentration) - k.LOG_2PI) - stirling(concentration)
    with np.errstate(over="ignore"):
        loss = concentration * capped(link, distance(link, y, eta), xp.log(concentration), k.expm1_minus)
    return link.forbid(eta, normaliser - loss - k.log(y))


def _profile(y, mean, weights=None) -> float:
    """The concentration with log(a) - digamma(a) = half the mean deviance, by Newton's method on 1/a."""
    half = max(average(k.expm1_minus(np.log(y) - np.log(mean)), weights), 1e-14)
    value = (3.0 - half + np.sqrt((half - 3.0) ** 2 + 24.0 * half)) / (12.0 * half)
    for _ in range(50):
        gap = (0.5 - float(stirling_slope(np.float64(value), np.log(value)))) / value - half
        rate = 1.0 / value - float(k.special(value).polygamma(1, value))
        step = value / (1.0 + gap / (value * rate))
        if not step > 0 or abs(step - value) <= 1e-14 * value:
            break
        value = step
    return float(value)


@register
class Gamma(Positive):
    """V(mu) = mu^2, dispersion 1/concentration.

    The log link is first: it is defined for every linear predictor, so that default priors, networks and new rows need
    no care. `reciprocal`, the canonical link and R's default, is defined for eta > 0 only. The default prior makes the
    coefficient of variation 1/sqrt(concentration) half-normal.
    """

    name: ClassVar[str] = "gamma"
    log_concave: ClassVar = (links.log, links.reciprocal, links.inverse_softplus)
    links: ClassVar = (links.log, links.reciprocal, IDENTITY, links.inverse_softplus, links.softplus)
    response: ClassVar = GammaResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="concentration",
            support=constraints.positive,
            prior=HalfNormalPower(scale=1.0, power=-0.5),
            start=_profile,
            profile=_profile,
            link=LOG,
            typical=2.2,
        ),
    )

    def variance(self, mu):
        return mu**2

    def dispersion(self, concentration):
        return 1.0 / concentration

    def log_likelihood(self, link, y, eta, concentration):
        return _log_likelihood(link, y, eta, concentration)

    def score(self, link, y, eta, concentration):
        xp = k.namespace(eta)
        with np.errstate(over="ignore"):
            return concentration * xp.expm1(distance(link, y, eta)) * relative_slope(link, eta)

    def information(self, link, eta, concentration):
        return concentration * k.exp(2.0 * log_relative_slope(link, eta))

    def unit_deviance(self, y, mu):
        xp = k.namespace(mu)
        return 2.0 * k.expm1_minus(xp.log(y) - xp.log(mu))

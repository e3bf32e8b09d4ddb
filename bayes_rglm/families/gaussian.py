"""Gaussian responses: y ~ Normal(mu, sigma), mu = f(eta). Squared loss is its log-likelihood up to constants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..priors import HalfNormal
from . import _censoring as censoring
from ._base import Parameter, register
from ._location_scale import LocationScale, LocationScaleResponse, root_mean_square

STANDARD = censoring.symmetric(k.log_ndpdf, k.log_ndtr, lambda z: -z, k.mills)


class GaussianResponse(LocationScaleResponse):
    """Normal rows that keep the linear predictor; rows with bounds are censored there."""

    def standard_noise(self, key, shape):
        return jax.random.normal(key, shape, dtype=self.eta.dtype)

    def log_prob(self, value):
        return _FAMILY.log_likelihood(self.link, value, self.eta, self.sigma, **self.bounds)

    def standard_cdf(self, z):
        return k.special(z).ndtr(z)

    def clipped(self, low, high):
        return censoring.clipped_moments(low, high, _excess, _excess_square, 1.0)


def _excess(c):
    return jnp.exp(k.log_ndpdf(c)) - c * jnp.exp(k.log_ndtr(-c))


def _excess_square(c):
    return (1.0 + c * c) * jnp.exp(k.log_ndtr(-c)) - c * jnp.exp(k.log_ndpdf(c))


def information_between(low, high):
    """Expected squared score of a standard normal that is censored at `low` and `high`, each None or an array."""
    if low is None and high is None:
        return 1.0
    if low is None:
        return _kept(-high)
    return _kept(low) if high is None else _kept(low) - _lost(-high)


def _lost(end):
    # E[z^2; z < end] - density^2 / probability: what a row loses by being seen only as below `end`.
    xp = k.namespace(end)
    finite = xp.where(xp.isinf(end), xp.zeros_like(end), end)
    log_below = k.log_ndtr(finite)
    share = k.mills(finite)
    lost = k.exp(log_below) * (1.0 - share * (share + finite))
    return xp.where(xp.isinf(end), xp.where(end > 0, xp.ones_like(end), xp.zeros_like(end)), lost)


def _kept(end):
    # 1 - lost; where little is kept, as a sum of positive terms.
    xp = k.namespace(end)
    far = xp.where((end > 0) & ~xp.isinf(end), end, xp.ones_like(end))
    terms = k.log_ndtr(-far), k.log_ndpdf(far) + xp.log(far + k.mills(far))
    kept = k.exp(xp.logaddexp(*terms))
    return xp.where(
        end > 0, xp.where(xp.isinf(end), xp.zeros_like(end), kept), 1.0 - _lost(xp.where(end > 0, -far, end))
    )


SIGMA = Parameter(
    name="sigma",
    support=constraints.positive,
    prior=HalfNormal(scale=1.0, scaled="response"),
    start=root_mean_square,
    floor=1e-3,
    link=links.log,
)


class GaussianNoise(LocationScale):
    """What the Gaussian and the tobit record share."""

    def standard(self, **shape: Any) -> censoring.Standard:
        return STANDARD

    def standard_information(self, low, high, **shape):
        return information_between(low, high)

    def variance(self, mu):
        return 0.0 * mu + 1.0

    def dispersion(self, sigma):
        return sigma**2


@register
class Gaussian(GaussianNoise):
    """V(mu) = 1, dispersion sigma^2; information 1/sigma^2 per row under the identity link."""

    name: ClassVar[str] = "gaussian"
    aliases: ClassVar = ("normal",)
    links: ClassVar = (links.identity,)
    log_concave: ClassVar = links
    support: ClassVar[str] = "the real numbers"
    several: ClassVar[bool] = True
    response: ClassVar = GaussianResponse
    auxiliaries: ClassVar = (replace(SIGMA, profile=root_mean_square),)

    def unit_deviance(self, y, mu, sigma=1.0, lower=None, upper=None):
        if lower is None and upper is None:
            return (y - mu) ** 2
        return sigma**2 * super().unit_deviance(y, mu, sigma, lower, upper)


_FAMILY = Gaussian()

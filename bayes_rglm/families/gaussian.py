"""Gaussian responses: y ~ Normal(mu, sigma), mu = f(eta). Squared loss is its log-likelihood up to constants."""

from __future__ import annotations

from typing import ClassVar

import jax
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..priors import HalfNormal
from ._base import Family, Parameter, Response, Typical, average, refuse_levels, register


class GaussianResponse(Response):
    """Normal rows that keep the linear predictor."""

    pytree_data_fields = ("sigma",)
    arg_constraints: ClassVar = {"eta": constraints.real, "sigma": constraints.positive}
    support = constraints.real
    reparametrized_params: ClassVar = ["eta", "sigma"]

    def sample(self, key, sample_shape=()):
        noise = jax.random.normal(key, sample_shape + self.batch_shape, dtype=self.eta.dtype)
        return self.mean + self.sigma * noise

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta, self.sigma)

    def cdf(self, value):
        return k.special(self.eta).ndtr((value - self.mean) / self.sigma)

    @property
    def variance(self):
        return self.sigma**2


def _log_likelihood(link, y, eta, sigma):
    z = (y - link.inverse(eta)) / sigma
    return -0.5 * (z * z + k.LOG_2PI) - k.namespace(sigma).log(sigma)


def _root_mean_square(y, mean, weights=None) -> float:
    return float(np.sqrt(average((y - mean) ** 2, weights)))


def _reach(link, scale: float) -> tuple[float, float]:
    """Means that the link reaches with some room to spare."""
    low, high = link.mean_domain
    room = min(0.1 * scale, 0.01 * (high - low))
    return low + room, high - room


@register
class Gaussian(Family):
    """V(mu) = 1, dispersion sigma^2; information 1/sigma^2 per row under the identity link."""

    name: ClassVar[str] = "gaussian"
    aliases: ClassVar = ("normal",)
    links: ClassVar = (links.identity,)
    support: ClassVar[str] = "the real numbers"
    response: ClassVar = GaussianResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="sigma",
            support=constraints.positive,
            prior=HalfNormal(scale=1.0, scaled="response"),
            start=_root_mean_square,
            profile=_root_mean_square,
            floor=1e-3,
        ),
    )

    def check(self, y, response, levels, index) -> None:
        refuse_levels(self, y, response, levels)

    def typical(self, link, y, offset, weights) -> Typical:
        spread = np.sqrt(average((y - average(y, weights)) ** 2, weights))
        # The mean of a constant column is rounded: a spread at that level is none.
        rounding = 8 * np.finfo(float).eps * np.max(np.abs(y))
        scale = float(spread) if spread > rounding else 1.0
        centre = np.clip(average(y, weights), *_reach(link, scale))
        return Typical(float(link.forward(centre)) - average(offset, weights), scale)

    def variance(self, mu):
        return 0.0 * mu + 1.0

    def dispersion(self, sigma):
        return sigma**2

    def log_likelihood(self, link, y, eta, sigma):
        return _log_likelihood(link, y, eta, sigma)

    def score(self, link, y, eta, sigma):
        slope = k.exp(link.log_slope(eta)) * (1.0 if link.increasing else -1.0)
        return (y - link.inverse(eta)) / sigma**2 * slope

    def information(self, link, eta, sigma):
        return k.exp(2 * link.log_slope(eta)) / sigma**2

    def unit_deviance(self, y, mu):
        return (y - mu) ** 2

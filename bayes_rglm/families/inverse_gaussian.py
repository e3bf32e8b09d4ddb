"""Positive responses with a long tail: y ~ InverseGaussian with mean mu = f(eta) and shape `concentration`.

A first-passage time of Brownian motion; the relative spread grows with the mean, sd / mu = sqrt(mu / concentration), so
that `concentration` is in units of the response.
"""

from __future__ import annotations

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..priors import LogNormal
from ._base import Parameter, Response, average, register
from ._positive import IDENTITY, Positive, capped, distance, log_relative_slope

LOG = links.log


class InverseGaussianResponse(Response):
    """Inverse Gaussian rows that keep the linear predictor."""

    pytree_data_fields = ("concentration",)
    arg_constraints: ClassVar = {"eta": constraints.real, "concentration": constraints.positive}
    support = constraints.positive

    def sample(self, key, sample_shape=()):
        # Michael, Schucany and Haas (1976); the smaller root as a quotient, because its difference form cancels.
        shape = sample_shape + self.batch_shape
        normal, uniform = jax.random.split(key)
        w = 0.5 * self.mean * jax.random.normal(normal, shape, self.eta.dtype) ** 2 / self.concentration
        root = 1.0 / (1.0 + w + jnp.sqrt(w * (2.0 + w)))
        small = jax.random.uniform(uniform, shape, self.eta.dtype) * (1.0 + root) <= 1.0
        return jnp.maximum(self.mean * jnp.where(small, root, 1.0 / root), jnp.finfo(self.eta.dtype).tiny)

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta, self.concentration)

    def cdf(self, value):
        value, mean = jnp.maximum(value, jnp.finfo(self.eta.dtype).tiny), self.mean
        root, ratio = jnp.sqrt(self.concentration / value), value / mean
        z = root * (ratio - 1.0)
        # exp(2 concentration / mean) Phi(-w), w = root (ratio + 1): a density at z over the Mills ratio at -w.
        return k.ndtr(z) + jnp.exp(k.log_ndpdf(z)) / k.mills(-root * (ratio + 1.0))

    @property
    def variance(self):
        return self.mean**3 / self.concentration


def _log_likelihood(link, y, eta, concentration):
    xp = k.namespace(eta, concentration)
    log_rate = xp.log(k.floating(concentration)) - k.log(y)
    root = xp.sqrt(0.5 * concentration / y)
    with np.errstate(over="ignore", under="ignore"):
        half = 0.5 * (log_rate - k.LOG_2)
        loss = capped(link, distance(link, y, eta), half, lambda d: (root * xp.expm1(d)) ** 2, power=2.0)
        return link.forbid(eta, 0.5 * (log_rate - k.LOG_2PI) - k.log(y) - loss)


def _profile(y, mean, weights=None) -> float:
    return float(1.0 / max(average((y / mean - 1.0) ** 2 / y, weights), 1e-300))


@register
class InverseGaussian(Positive):
    """V(mu) = mu^3, dispersion 1/concentration. The log link is first; inverse_squared is canonical."""

    name: ClassVar[str] = "inverse_gaussian"
    aliases: ClassVar = ("wald", "inverse_normal")
    log_concave: ClassVar = (links.inverse_squared, links.reciprocal)
    links: ClassVar = (links.log, links.inverse_squared, links.reciprocal, IDENTITY, links.softplus)
    response: ClassVar = InverseGaussianResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="concentration",
            support=constraints.positive,
            prior=LogNormal(loc=1.0, scale=3.0, scaled="mean"),
            start=_profile,
            profile=_profile,
            link=LOG,
            typical=math.e,
        ),
    )

    def variance(self, mu):
        return mu**3

    def dispersion(self, concentration):
        return 1.0 / concentration

    def log_likelihood(self, link, y, eta, concentration):
        return _log_likelihood(link, y, eta, concentration)

    def score(self, link, y, eta, concentration):
        xp = k.namespace(eta)
        with np.errstate(over="ignore", under="ignore"):
            d = distance(link, y, eta)
            near = xp.log(xp.maximum(xp.abs(xp.expm1(d)), xp.finfo(d.dtype).tiny))
            size = d + near + log_relative_slope(link, eta) + xp.log(concentration / y)
            return xp.sign(d) * k.exp(size) * (1.0 if link.increasing else -1.0)

    def information(self, link, eta, concentration):
        inner = link.confine(eta)
        with np.errstate(over="ignore", under="ignore"):
            return concentration * k.exp(2.0 * link.log_slope(inner) - 3.0 * link.log_mean(inner))

    def unit_deviance(self, y, mu):
        return (y / mu - 1.0) ** 2 / y

"""Real responses with heavy tails: y = mu + sigma t, t ~ Student(nu), mu = f(eta); nu > 1, so that the mean exists."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..links import Link
from ..priors import HalfNormal
from ..priors.truncated_gamma import TruncatedGamma, above
from . import _censoring as censoring
from . import _student as student
from ._base import Parameter, Typical, average, register
from ._location_scale import LocationScale, LocationScaleResponse, root_mean_square

_LEGENDRE = np.polynomial.legendre.leggauss(64)
HEAVY, LOG = above(1.0), links.log
ABOVE_ONE = Link(
    name="log_excess",
    inverse=lambda eta: 1.0 + k.exp(eta),
    forward=lambda mu: k.namespace(mu).log(mu - 1.0),
    mean_domain=(1.0, math.inf),
    log_slope=k.floating,
    formula="mu = 1 + exp(eta)",
)


class StudentTResponse(LocationScaleResponse):
    """Student-t rows that keep the linear predictor; rows with bounds are censored there."""

    pytree_data_fields = ("nu",)
    arg_constraints: ClassVar = {"eta": constraints.real, "sigma": constraints.positive, "nu": HEAVY}

    def standard_noise(self, key, shape):
        return jax.random.t(key, self.nu, shape, dtype=self.eta.dtype)

    def log_prob(self, value):
        return _FAMILY.log_likelihood(self.link, value, self.eta, self.sigma, nu=self.nu, **self.bounds)

    def standard_cdf(self, z):
        return k.exp(student.log_lower(z, self.nu))

    def clipped(self, low, high):
        nu = self.nu
        spread = jnp.where(nu > 2, nu / jnp.where(nu > 2, nu - 2.0, 1.0), jnp.inf)
        mean, variance = censoring.clipped_moments(low, high, self._excess, self._excess_square, spread)
        if self.bounds["lower"] is None or self.bounds["upper"] is None:
            return mean, variance
        # Between two bounds every moment exists, whatever nu.
        both = jnp.isfinite(low) & jnp.isfinite(high)
        return mean, jnp.where(
            both, self._variance_between(jnp.where(both, low, -1.0), jnp.where(both, high, 1.0)), variance
        )

    def _excess(self, c):
        above, density = jnp.exp(student.log_upper(c, self.nu)), jnp.exp(student.log_density(c, self.nu))
        return (self.nu + c * c) / (self.nu - 1.0) * density - c * above

    def _excess_square(self, c):
        nu = self.nu
        light = nu > 2
        nu = jnp.where(light, nu, 3.0)
        above, density = jnp.exp(student.log_upper(c, nu)), jnp.exp(student.log_density(c, nu))
        lighter = jnp.exp(student.log_upper(c * jnp.sqrt((nu - 2.0) / nu), nu - 2.0))
        first = (nu + c * c) / (nu - 1.0) * density
        second = nu * ((nu - 1.0) / (nu - 2.0) * lighter - above)
        return jnp.where(light, second - 2.0 * c * first + c * c * above, jnp.inf)

    def _variance_between(self, low, high):
        _, first, last = censoring.toward_zero(low, high)
        inner = first <= 0
        mean, square = self._moments_beyond(jnp.where(inner, 0.0, first), last)
        other, other_square = self._moments_beyond(jnp.zeros_like(first), jnp.where(inner, -first, 0.0))
        return square + other_square - (mean - other) ** 2

    def _moments_beyond(self, low, high):
        """E and E of the square of (min(T, high) - low)+, 0 <= low <= high."""
        root = jnp.sqrt(self.nu)
        start, stop = jnp.arcsinh(low / root), jnp.arcsinh(high / root)
        s = start[..., None] + 0.5 * (stop - start)[..., None] * (1.0 + _LEGENDRE[0])
        z = root[..., None] * jnp.sinh(s)
        weights = 0.5 * (stop - start)[..., None] * _LEGENDRE[1] * root[..., None] * jnp.cosh(s)
        above = jnp.exp(student.log_upper(z, self.nu[..., None]))
        return jnp.sum(weights * above, -1), jnp.sum(weights * 2.0 * (z - low[..., None]) * above, -1)


def _standard(nu) -> censoring.Standard:
    return censoring.symmetric(
        lambda z: student.log_density(z, nu),
        lambda z: student.log_lower(z, nu),
        lambda z: -(nu + 1.0) * z / (nu + z * z),
        lambda z: k.exp(student.log_density(z, nu) - student.log_lower(z, nu)),
    )


def _start_sigma(y, mean, weights=None) -> float:
    middle = 1.4826 * float(np.median(np.abs(y - mean)))
    return middle if middle > 0 else root_mean_square(y, mean)


@register
class StudentT(LocationScale):
    """The variance is sigma^2 nu / (nu - 2), infinite for nu <= 2. Not log-concave: far starts may end elsewhere."""

    name: ClassVar[str] = "student_t"
    aliases: ClassVar = ("student", "t", "robust")
    links: ClassVar = (links.identity,)
    support: ClassVar[str] = "the real numbers"
    closed: ClassVar[bool] = False
    deviance_needs: ClassVar = ("sigma", "nu")
    response: ClassVar = StudentTResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="sigma",
            support=constraints.positive,
            prior=HalfNormal(scale=1.0, scaled="response"),
            start=_start_sigma,
            floor=1e-3,
            link=LOG,
        ),
        Parameter(
            name="nu",
            support=HEAVY,
            prior=TruncatedGamma(concentration=2.0, rate=0.1, low=1.0),
            start=lambda y, mean, weights=None: 5.0,
            link=ABOVE_ONE,
            typical=11.0,
        ),
    )

    def standard(self, nu, **shape: Any) -> censoring.Standard:
        return _standard(nu)

    def standard_information(self, low, high, nu, **shape):
        total = (nu + 1.0) / (nu + 3.0)
        if low is None and high is None:
            return total + 0.0 * nu
        kept = 1.0 if high is None else _share(high, nu)
        kept = kept if low is None else kept - _share(low, nu)
        ends = 0.0
        for end, tail in ((low, student.log_lower), (high, student.log_upper)):
            if end is not None:
                xp = k.namespace(end)
                finite = xp.where(xp.isinf(end), 0.0, end)
                ends = ends + xp.where(
                    xp.isinf(end), 0.0, k.exp(2 * student.log_density(finite, nu) - tail(finite, nu))
                )
        return total * kept + ends

    def typical(self, link, y, offset, weights, lower=None, upper=None) -> Typical:
        y = self.seen(y, lower, upper)
        centre = _median(y, weights)
        spread = 1.4826 * _median(np.abs(y - centre), weights)
        if spread <= 8 * np.finfo(float).eps * np.max(np.abs(y)):
            return super().typical(link, y, offset, weights)
        return Typical(float(link.forward(centre)) - average(offset, weights), float(spread))

    def variance(self, mu):
        return 0.0 * mu + 1.0

    def dispersion(self, sigma, nu):
        xp = k.namespace(nu)
        return sigma**2 * xp.where(nu > 2, nu / xp.where(nu > 2, nu - 2.0, 1.0), xp.inf)


def _share(end, nu):
    # The part of the information of the rows below `end`: a second moment of a t with nu + 4 degrees.
    xp = k.namespace(end, nu)
    finite = xp.where(xp.isinf(end), 0.0, end)
    above = xp.where(finite > 0, -1.0, 1.0)
    one = k.exp(student.log_lower(above * finite * xp.sqrt((nu + 2.0) / nu), nu + 2.0))
    two = k.exp(student.log_lower(above * finite * xp.sqrt((nu + 4.0) / nu), nu + 4.0))
    below = (nu + 3.0) * one - (nu + 2.0) * two
    share = xp.where(finite > 0, 1.0 - below, below)
    return xp.where(xp.isinf(end), xp.where(end > 0, 1.0, 0.0), share)


def _median(values, weights) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(np.ones(len(values)) if weights is None else np.asarray(weights)[order])
    half = 0.5 * total[-1]
    low, high = np.searchsorted(total, half, "left"), np.searchsorted(total, half, "right")
    ordered = np.asarray(values)[order]
    return float(0.5 * (ordered[low] + ordered[min(high, len(ordered) - 1)]))


_FAMILY = StudentT()

"""Waiting times whose hazard changes as a power of time: y = mu W^(1/concentration), W standard exponential.

An accelerated failure time model, log y = eta + log(W) / concentration; mu = exp(eta) is a scale and the mean is
mu Gamma(1 + 1/concentration). `exponential` is the case concentration = 1. Rows may be censored.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammainc, gammaln
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..links import Link
from ..priors import NumPyro
from . import _censoring as censoring
from ._base import Parameter, Typical, refuse_levels, refuse_rows, register
from ._positive import Positive, capped, distance, log_mean, log_relative_slope, relative_slope

_LEGENDRE = np.polynomial.legendre.leggauss(64)
LOG = links.log
STEEPEST = 50.0  # of a first concentration: hazards y^concentration overflow from a larger one on rows a little apart


def _between(hazard):
    # exp(-u) - exp(-u e^gap), u = e^low, from the exact length of the interval.
    return lambda low, high, gap: k.log1mexpexp(low + gap + k.log1mexp(gap)) - hazard(low)


def _peak(gap):
    return k.log1mexp(gap) + gap * k.exp(-gap) / k.namespace(gap).expm1(-gap)


def standard(link: Link) -> censoring.Standard:
    """The standard (smallest) Gumbel distribution, that of z = concentration (log y - log mu)."""
    hazard = lambda z: capped(link, z, 0.0, k.exp)  # noqa: E731
    return censoring.Standard(
        density=lambda z: -1.0 - capped(link, z, 0.0, k.expm1_minus),
        below=k.log1mexpexp,
        above=lambda z: -hazard(z),
        between=_between(hazard),
        peak=_peak,
        slope=lambda z: -k.namespace(z).expm1(z),
        rise=k.cloglog_score,
        fall=lambda z: -k.exp(z),
        shift=lambda low, high, gap: k.interval_score("cloglog", high, low, gap),
    )


class WeibullResponse(censoring.CensoredResponse):
    """Weibull rows that keep the linear predictor; rows with bounds are censored there."""

    pytree_data_fields = ("concentration",)
    arg_constraints: ClassVar = {"eta": constraints.real, "concentration": constraints.positive}
    support = constraints.positive

    @property
    def power(self):
        return self.concentration

    def sample(self, key, sample_shape=()):
        noise = jax.random.gumbel(key, sample_shape + self.batch_shape, self.eta.dtype)
        draw = jnp.exp(log_mean(self.link, self.eta) - noise / self.power)
        draw = self.link.forbid(self.eta, jnp.maximum(draw, jnp.finfo(self.eta.dtype).tiny), jnp.nan)
        return self.clip(draw)

    def log_prob(self, value):
        return log_likelihood(self.link, value, self.eta, self.power, **self.bounds)

    def cdf(self, value):
        return self.clipped_cdf(value, -jnp.expm1(-(self._units(value) ** self.power)))

    def _units(self, value):
        return jnp.maximum(value, 0.0) / self.link.inverse(self.eta)

    @property
    def mean(self):
        step = 1.0 / self.power
        whole, (lower, upper) = jnp.exp(gammaln(1.0 + step)), self.bounds.values()
        if lower is None and upper is None:
            return self.link.inverse(self.eta) * whole
        total, shares = 0.0, [0.0, 1.0]
        for i, end in enumerate((lower, upper)):
            if end is None:
                continue
            finite = jnp.isfinite(end)
            u = self._units(jnp.where(finite, end, 1.0)) ** self.power
            shares[i] = jnp.where(finite, gammainc(1.0 + step, u), shares[i])
            total = total + jnp.where(finite, u**step * (jnp.exp(-u) if i else -jnp.expm1(-u)), 0.0)
        return self.link.inverse(self.eta) * (total + whole * (shares[1] - shares[0]))

    @property
    def variance(self):
        scale, (lower, upper) = self.link.inverse(self.eta), self.bounds.values()
        if lower is None and upper is None:
            return scale**2 * (
                jnp.exp(gammaln(1.0 + 2.0 / self.power)) - jnp.exp(2.0 * gammaln(1.0 + 1.0 / self.power))
            )
        low = 0.0 if lower is None else self._units(lower)
        high = jnp.inf if upper is None else self._units(upper)
        return scale**2 * clipped_variance(
            low, high, jnp.broadcast_to(jnp.asarray(self.power, scale.dtype), scale.shape)
        )


def clipped_variance(low, high, power):
    """Variance of a Weibull draw of scale 1 that is clipped to [low, high].

    From moments about the clipped median, to either side of which every term is positive: there the variance is at
    least half of the second moment, so that no digits are lost however little of the mass lies inside.
    """
    centre = jnp.clip(math.log(2.0) ** (1.0 / power), low, high)
    above, above_square = _moments_above(centre, high, power)
    below, below_square = _moments_below(low, centre, power)
    return above_square + below_square - (above - below) ** 2


def _moments_above(centre, high, power):
    """E and E of the square of (min(Y, high) - centre)+: an integral over the hazard beyond that of `centre`."""
    hazard = jnp.minimum(centre**power, 800.0)  # nothing is left beyond it
    longest = 40.0 + 2.0 / power + 10.0 * jnp.sqrt(2.0 / power)
    gap = power * jnp.log1p((jnp.where(jnp.isfinite(high), high, centre) - centre) / centre)
    last = jnp.where(jnp.isfinite(high), jnp.minimum(hazard * jnp.expm1(gap), longest), longest)
    v, weights = _panel(last)

    tiny = jnp.finfo(last.dtype).tiny  # the hazard may underflow: there the interval lies in a tail without mass

    def excess(v):
        return centre * jnp.expm1(jnp.log1p(v / jnp.maximum(hazard, tiny)) / power)

    def moment(order):
        return jnp.exp(-hazard) * (jnp.sum(weights * jnp.exp(-v) * excess(v) ** order, 0) + end * excess(last) ** order)

    end = jnp.exp(-last)
    return moment(1), moment(2)


def _moments_below(low, centre, power):
    """E and E of the square of (centre - max(Y, low))+: an integral over the log distance below `centre`."""
    some = low > 0
    longest = 40.0 / (1.0 + power)
    last = jnp.where(some, jnp.minimum(jnp.log1p((centre - low) / jnp.where(some, low, centre)), longest), longest)
    s, weights = _panel(last)
    mass = weights * -jnp.expm1(-(centre**power) * jnp.exp(-power * s)) * jnp.exp(-s)
    return centre * jnp.sum(mass, 0), 2.0 * centre**2 * jnp.sum(mass * -jnp.expm1(-s), 0)


def _panel(last):
    """Nodes and weights on [0, last], along a new first axis."""
    shape = (-1, *[1] * jnp.ndim(last))
    nodes, weights = (jnp.asarray(rule, last.dtype).reshape(shape) for rule in _LEGENDRE)
    return 0.5 * last * (1.0 + nodes), 0.5 * last * weights


def log_likelihood(link: Link, y, eta, power, lower=None, upper=None):
    """Weibull log likelihood; `power` is the concentration."""
    xp = k.namespace(eta, power)
    log_power = math.log(power) if isinstance(power, float) else xp.log(k.floating(power))
    if lower is None and upper is None:
        return link.forbid(eta, standard(link).density(power * distance(link, y, eta)) + log_power - k.log(y))
    rows = sorted_rows(link, y, eta, power, lower, upper)
    log_y = k.log(xp.where(rows.exact, y, 1.0))
    return link.forbid(eta, censoring.log_likelihood(standard(link), rows, log_power - log_y))


def from_zero(y, lower, upper):
    """(y, lower) of rows where an interval from 0, below which nothing lies, is what it is: left-censored."""
    if lower is None:
        return y, lower
    xp = k.namespace(y, lower, upper)
    dtype = k.floating(y).dtype
    y, lower = xp.asarray(y, dtype), xp.asarray(lower, dtype)
    if upper is None:
        return y, lower
    short = xp.isnan(y) & (lower <= 0)
    upper = xp.asarray(upper, dtype)
    return xp.where(short, upper, y), xp.where(short, upper, lower)


def sorted_rows(link: Link, y, eta, power, lower, upper) -> censoring.Rows:
    """Rows in standard units; a lower bound that is not positive is none."""
    return _sorted(y, log_mean(link, eta), power, lower, upper)


def _sorted(y, log_scale, power, lower, upper) -> censoring.Rows:
    xp = k.namespace(log_scale, power)
    y, lower = from_zero(y, lower, upper)

    def gap(low, high):
        wide = high > 2.0 * low
        near = xp.log1p((high - low) / xp.where(wide, high, low))
        return power * xp.where(wide, k.log(high) - k.log(low), near)

    return censoring.rows_of(y, lower, upper, lambda value: power * (k.log(value) - log_scale), gap, 1.0)


def information(link: Link, eta, power, lower=None, upper=None):
    """Expected information in eta, in closed form for both kinds of bounds."""
    log_scale = log_mean(link, eta)
    xp = k.namespace(log_scale)
    total = 1.0
    if lower is not None:
        u = _hazard(lower, log_scale, power, xp)
        seen = u > 0
        # Beyond the limit nothing is left of the term, and the square overflows.
        safe = xp.minimum(xp.where(seen, u, 1.0), 700.0 if u.dtype == np.float64 else 80.0)
        with np.errstate(over="ignore", under="ignore"):
            left = (safe * safe + 1.0 + safe * safe / xp.expm1(safe)) * k.exp(-safe)
        total = xp.where(seen, left, total)
    if upper is not None:
        total = total - k.exp(-_hazard(upper, log_scale, power, xp))
    return power**2 * k.exp(2.0 * log_relative_slope(link, eta)) * total


def _hazard(end, log_scale, power, xp):
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        return k.exp(xp.minimum(power * (xp.log(xp.maximum(end, 0.0)) - log_scale), 700.0))


class Survival(Positive):
    """What the Weibull and the exponential record share."""

    rows: ClassVar[tuple[str, ...]] = ("lower", "upper")

    def check(self, y, response, levels, index, lower=None, upper=None) -> None:
        refuse_levels(self, y, response, levels)
        censoring.check_bounds(y, response, index, lower, upper)
        low = np.zeros_like(y) if lower is None else np.asarray(lower)
        if upper is not None:
            censoring.refuse_bounds(
                np.asarray(upper) <= 0,
                response,
                index,
                "upper is not above 0",
                f"the family {self.name!r} has support {self.support}: give positive bounds",
            )
        bad = (y <= 0) & ~((low > 0) & (y <= low))
        refuse_rows(
            self, y, response, index, bad, "give positive times, or a positive lower= for those known to be short"
        )

    def typical(self, link: Link, y, offset, weights, lower=None, upper=None) -> Typical:
        # Occurrences and exposure: the total time per row that was seen to end.
        y = np.asarray(y, float)
        ended = np.ones(len(y), bool) if upper is None else ~(y >= upper)
        w = np.ones(len(y)) if weights is None else weights
        share = (np.sum(w * ended) + 0.5) / (np.sum(w) + 0.5)
        return super().typical(link, self.seen(y, lower, upper) / share, offset, weights)

    def seen(self, y, lower=None, upper=None):
        return censoring.seen(y, None if lower is None else np.maximum(lower, 0.0), upper)

    def separation(self, y, link=LOG, lower=None, upper=None):
        y, lower = from_zero(y, lower, upper)
        return None if link.restricted else censoring.separation(y, lower, upper, bool(link.increasing))

    def variance(self, mu):
        return mu**2


def _start(y, mean, weights=None) -> float:
    spread = float(np.std(np.log(np.asarray(y) / mean)))
    return 1.2825 / max(spread, 1.2825 / STEEPEST)


@register
class Weibull(Survival):
    """V = mean^2; the dispersion is Gamma(1 + 2/k) / Gamma(1 + 1/k)^2 - 1, k the concentration."""

    name: ClassVar[str] = "weibull"
    aliases: ClassVar = ("aft",)
    links: ClassVar = (links.log,)
    log_concave: ClassVar = links
    closed: ClassVar[bool] = False
    deviance_needs: ClassVar = ("concentration",)
    narrowing: ClassVar = "concentration"
    response: ClassVar = WeibullResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="concentration",
            support=constraints.positive,
            prior=NumPyro(distribution="LogNormal", parameters=(("loc", 0.0), ("scale", 1.0))),
            start=_start,
            link=LOG,
        ),
    )

    def brackets(self, y, lower=None, upper=None):
        y, lower = from_zero(y, lower, upper)
        found = censoring.brackets(y, lower, upper)
        if found is None:
            return None
        with np.errstate(divide="ignore"):
            return tuple(np.log(np.maximum(end, 0.0)) for end in found)

    def dispersion(self, concentration):
        xp, special = k.namespace(concentration), k.special(concentration)
        step = 1.0 / xp.asarray(concentration)
        return xp.expm1(special.gammaln(1.0 + 2.0 * step) - 2.0 * special.gammaln(1.0 + step))

    def log_likelihood(self, link, y, eta, concentration, **bounds: Any):
        return log_likelihood(link, y, eta, concentration, **bounds)

    def score(self, link, y, eta, concentration, **bounds: Any):
        return score(link, y, eta, concentration, **bounds)

    def information(self, link, eta, concentration, **bounds: Any):
        return information(link, eta, concentration, **bounds)

    def unit_deviance(self, y, mu, concentration=1.0, lower=None, upper=None):
        return unit_deviance(y, mu, concentration, lower, upper)


def score(link: Link, y, eta, power, lower=None, upper=None):
    """d log-likelihood / d eta."""
    with np.errstate(over="ignore", under="ignore"):
        if lower is None and upper is None:
            along = standard(link).slope(power * distance(link, y, eta))
        else:
            along = censoring.score(standard(link), sorted_rows(link, y, eta, power, lower, upper))
        return -along * power * relative_slope(link, eta)


def unit_deviance(y, mu, power, lower=None, upper=None):
    """2 (saturated - log likelihood); 2 ((y - mu) / mu - log(y / mu)) for rows that were seen and power 1."""
    return censoring.deviance(standard(links.log), _sorted(y, k.log(k.floating(mu)), power, lower, upper))

"""Censored rows, for any family that has a standard form.

Per-row bounds `lower` and `upper` (None, -inf and inf are none) say what was seen of a row:

==========================  ======================  =================
y                           meaning                 likelihood
==========================  ======================  =================
y <= lower                  left-censored           P(Y <= lower)
y >= upper                  right-censored          P(Y > upper)
NaN                         interval-censored       P(lower < Y <= upper)
otherwise                   seen                    density at y
==========================  ======================  =================

A draw is clipped to its bounds; `mean` and `variance` are those of the clipped draw.

A `Standard` is a distribution in standard units z, in log space and exact in both tails; a family says how y becomes z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from .. import kernels as k
from ..errors import DataError
from ._base import Response

# Gauss-Legendre on [0, 1], for intervals that are narrow against the density's own scale.
_NODES, _WEIGHTS = (0.5 + 0.5 * np.polynomial.legendre.leggauss(12)[0], 0.5 * np.polynomial.legendre.leggauss(12)[1])


@dataclass(frozen=True)
class Standard:
    """A density on the real line with its mode at 0.

    `density(z)`, `below(z)` and `above(z)` are log f, log F and log(1 - F); `between(low, high, gap)` is the log
    probability of an interval whose length `gap` is known exactly; `peak(gap)` its largest value over all places;
    `slope(z)`, `rise(z)` and `fall(z)` are the derivatives of log f, log F and log(1 - F), `shift(low, high, gap)` that
    of `between` where both ends move by the same.
    """

    density: Callable
    below: Callable
    above: Callable
    between: Callable
    peak: Callable
    slope: Callable
    rise: Callable
    fall: Callable
    shift: Callable


@dataclass(frozen=True)
class Rows:
    """Responses in standard units: which rows are what, and the ends that count, 0 where one does not."""

    exact: object
    left: object
    right: object
    hidden: object
    z: object
    low: object
    high: object
    gap: object


def rows_of(y, lower, upper, to_z: Callable, gap: Callable, fill: float) -> Rows:
    """Sorts `y` by the bounds. `to_z(y)` standardises, `gap(low, high)` an interval's length; `fill` is any y."""
    probe = to_z(fill)
    xp, dtype = k.namespace(y, lower, upper, probe), k.floating(probe).dtype
    none = xp.zeros_like(k.floating(y), dtype=bool)
    left = none if lower is None else y <= lower
    right = none if upper is None else (y >= upper) & ~left
    hidden = none if lower is None or upper is None else xp.isnan(y)
    exact = ~(left | right | hidden)
    low = high = length = None

    def standard(rows, value):
        # Chosen before and after: neither an infinite bound nor a row far out may reach the other's derivative.
        z = to_z(xp.where(rows, xp.asarray(value, dtype), xp.asarray(fill, dtype)))
        return xp.where(rows, z, xp.zeros_like(z))

    if lower is not None:
        low = standard(left | hidden, lower)
    if upper is not None:
        high = standard(right | hidden, upper)
    if lower is not None and upper is not None:
        ends = [
            xp.where(hidden, xp.asarray(b, dtype), xp.asarray(c, dtype))
            for b, c in ((lower, fill), (upper, fill + 1.0))
        ]
        length = gap(*ends)
    return Rows(exact, left, right, hidden, standard(exact, y), low, high, length)


def log_likelihood(standard: Standard, rows: Rows, log_jacobian):
    """Log likelihood of the rows; `log_jacobian` is log |dz/dy| of the seen ones."""
    xp = k.namespace(rows.z)
    total = xp.where(rows.exact, standard.density(rows.z) + log_jacobian, 0.0)
    if rows.low is not None:
        total = xp.where(rows.left, standard.below(rows.low), total)
    if rows.high is not None:
        total = xp.where(rows.right, standard.above(rows.high), total)
    if rows.gap is not None:
        low, high, gap = _interval(rows, xp)
        total = xp.where(rows.hidden, standard.between(low, high, gap), total)
    return total


def score(standard: Standard, rows: Rows):
    """d log-likelihood / dz, all ends of a row moving together."""
    xp = k.namespace(rows.z)
    total = xp.where(rows.exact, standard.slope(rows.z), 0.0)
    with np.errstate(over="ignore", under="ignore"):
        if rows.low is not None:
            total = xp.where(rows.left, standard.rise(rows.low), total)
        if rows.high is not None:
            total = xp.where(rows.right, standard.fall(rows.high), total)
        if rows.gap is not None:
            total = xp.where(rows.hidden, standard.shift(*_interval(rows, xp)), total)
    return total


def deviance(standard: Standard, rows: Rows):
    """2 (saturated - log likelihood) per row: a censored row at its best place is certain."""
    xp = k.namespace(rows.z)
    best = xp.where(rows.exact, standard.density(xp.zeros_like(rows.z)), 0.0)
    if rows.gap is not None:
        best = xp.where(rows.hidden, standard.peak(_interval(rows, xp)[2]), best)
    return 2.0 * (best - log_likelihood(standard, rows, 0.0))


def _interval(rows: Rows, xp):
    unit = xp.ones_like(rows.low)
    gap = xp.where(rows.hidden, rows.gap, unit)
    return xp.where(rows.hidden, rows.low, 0.0 * unit), xp.where(rows.hidden, rows.high, unit), gap


def _quadrature(like):
    """Nodes and weights along a new first axis, so that parameters per row broadcast."""
    shape = (-1, *[1] * np.ndim(like))
    return _NODES.astype(like.dtype).reshape(shape), _WEIGHTS.astype(like.dtype).reshape(shape)


def is_narrow(low, high, gap):
    """Whether an interval is short enough for quadrature."""
    xp = k.namespace(low)
    return gap * (1.0 + xp.maximum(xp.abs(low), xp.abs(high))) < 1.0


def symmetric(density: Callable, below: Callable, slope: Callable, rise: Callable) -> Standard:
    """The standard form of a density that is symmetric about 0, from log f, log F and their derivatives."""

    def between(low, high, gap):
        xp = k.namespace(low)
        narrow = is_narrow(low, high, gap)
        flip = low + high > 0
        left, right = xp.where(flip, -high, low), xp.where(flip, -low, high)
        left, right = xp.where(narrow, -1.0, left), xp.where(narrow, 1.0, right)
        upper = below(right)
        wide = upper + k.log1mexp(upper - below(left))
        short = xp.where(narrow, gap, 1.0)
        nodes, weights = _quadrature(low)
        start = xp.where(narrow, low, 0.0)
        middle = density(start + 0.5 * short)
        mean = xp.sum(weights * k.exp(density(start + short * nodes) - middle), 0)
        return xp.where(narrow, xp.log(short) + middle + xp.log(mean), wide)

    def peak(gap):
        return between(-0.5 * gap, 0.5 * gap, gap)

    def shift(low, high, gap):
        xp = k.namespace(low)
        narrow = is_narrow(low, high, gap)
        nodes, weights = _quadrature(low)
        z = low + xp.where(narrow, gap, 1.0) * nodes
        shares = density(z)
        shares = weights * k.exp(shares - xp.max(shares, 0))
        inside = xp.sum(shares * slope(z), 0) / xp.sum(shares, 0)
        total = between(low, high, gap)
        return xp.where(narrow, inside, k.exp(density(high) - total) - k.exp(density(low) - total))

    return Standard(density, below, lambda z: below(-z), between, peak, slope, rise, lambda z: -rise(-z), shift)


def clipped_moments(low, high, excess: Callable, excess_square: Callable, variance):
    """A symmetric standard Z clipped to [low, high]: its mean measured from the place in there that is nearest to 0,
    and its variance. From E(Z - c)+ and E((Z - c)+^2), c >= 0.
    """
    # Measured from nearer than any far bound: moments about such a one are a difference of two large squares.
    flip, first, last = toward_zero(low, high)
    inner = first <= 0
    start, stop = jnp.abs(first), jnp.where(jnp.isfinite(last), last, 0.0)
    start = jnp.where(jnp.isfinite(first), start, 0.0)
    below, below_square = (jnp.where(jnp.isfinite(first), f(start), 0.0) for f in (excess, excess_square))
    above, above_square = (jnp.where(jnp.isfinite(last), f(stop), 0.0) for f in (excess, excess_square))
    mean = below - above
    centred = variance - below_square - 2.0 * start * below - above_square - 2.0 * stop * above
    width = jnp.where(jnp.isfinite(last), stop - start, 0.0)
    square = jnp.where(inner, centred, below_square - above_square - 2.0 * width * above)
    return jnp.where(flip, -mean, mean), square - mean**2


def toward_zero(low, high):
    """(flip, first, last): bounds turned about 0, where `flip` holds, so that `last` is not negative."""
    flip = high < 0
    return flip, jnp.where(flip, -high, low), jnp.where(flip, -low, high)


class CensoredResponse(Response):
    """Base of the responses whose rows may have bounds: `lower` and `upper` are None or per row."""

    pytree_data_fields = ("lower", "upper")

    def __init__(self, *, link, eta, lower=None, upper=None, validate_args=None, **aux):
        given = {name: value for name, value in (("lower", lower), ("upper", upper)) if value is not None}
        self.lower = self.upper = None
        super().__init__(link=link, eta=eta, validate_args=validate_args, **aux, **given)

    @property
    def bounds(self) -> dict[str, object]:
        """The bounds that hold: what `log_likelihood` of the family takes."""
        return {"lower": self.lower, "upper": self.upper}

    def clip(self, value):
        """`value` inside the bounds."""
        lower, upper = self.bounds.values()
        value = value if lower is None else jnp.maximum(value, lower)
        return value if upper is None else jnp.minimum(value, upper)

    def clipped_cdf(self, value, cdf):
        """P(clipped <= value), from the free P(Y <= value)."""
        lower, upper = self.bounds.values()
        cdf = cdf if lower is None else jnp.where(value < lower, 0.0, cdf)
        return cdf if upper is None else jnp.where(value >= upper, 1.0, cdf)


def seen(y, lower=None, upper=None):
    """A number for every row: a censored one at its bound, an interval by its middle."""
    y = np.asarray(y, float)
    if lower is not None and upper is not None:
        with np.errstate(invalid="ignore"):
            y = np.where(np.isnan(y), 0.5 * (np.asarray(lower) + np.asarray(upper)), y)
    y = y if lower is None else np.maximum(y, lower)
    return y if upper is None else np.minimum(y, upper)


def separation(y, lower, upper, increasing: bool):
    """(signs, equal) of the existence programme, None without censored rows: a row known only to lie below (above) its
    bound lets the mean fall (rise) for ever, every other row holds it.
    """
    y = np.asarray(y, float)
    below = np.zeros(len(y), bool) if lower is None else y <= lower
    above = np.zeros(len(y), bool) if upper is None else (y >= upper) & ~below
    if not (below.any() or above.any()):
        return None
    signs = np.where(below, -1.0, 1.0)
    return (signs if increasing else -signs), ~(below | above)


def brackets(y, lower, upper):
    """`Family.brackets` in the units of the response."""
    y = np.asarray(y, float)
    lower, upper = -np.inf if lower is None else lower, np.inf if upper is None else upper
    below, hidden = y <= lower, np.isnan(y)
    above = (y >= upper) & ~below
    if not np.all(below | above | hidden):
        return None
    low = np.where(above, upper, np.where(hidden, lower, -np.inf))
    return low, np.where(below, lower, np.where(hidden, upper, np.inf))


def check_bounds(y, response: str, index, lower, upper) -> None:
    """Refuses bounds that leave no room, and a missing value without both of them."""
    if lower is not None and upper is not None:
        refuse_bounds(
            np.asarray(lower) >= np.asarray(upper),
            response,
            index,
            "lower is not below upper",
            "give a row that was seen exactly the bounds -inf and inf",
        )
    both = np.isfinite(-np.inf if lower is None else lower) & np.isfinite(np.inf if upper is None else upper)
    refuse_bounds(
        np.isnan(y) & ~both,
        response,
        index,
        "no value and no interval",
        "give both a finite lower and a finite upper, or leave the row out",
    )


def refuse_bounds(bad, response: str, index, found: str, do: str) -> None:
    """An error naming the first row whose bounds are `bad`."""
    rows = np.flatnonzero(bad)
    if rows.size:
        raise DataError(
            f"The bounds of {response!r} do not make a censored row.",
            found=f"row {index[rows[0]]}: {found} ({rows.size} such rows of {len(bad)})",
            do=do,
        )

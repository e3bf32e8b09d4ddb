"""Log-probabilities of intervals, log(F(upper) - F(lower)), in forms that never subtract two probabilities.

`upper = lower + gap`, and `gap` > 0 is given too, as exactly as it is known: cut-points are built from gaps, and their
difference would have lost digits again. Automatic derivatives are right along directions that keep the three
consistent (a common shift; a wider gap), which are the only ones that mean anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ._arrays import floating, namespace, polynomial
from ._exponential import cloglog_score, log1mexp, log1mexpexp
from ._logistic import exp, expit, log_expit
from ._normal import log_ndtr, mills

_NARROW = 0.25
_RULE = [(0.5 * float(1 + t), 0.5 * float(w)) for t, w in zip(*np.polynomial.legendre.leggauss(6), strict=True)]


def _logit(upper, lower, gap):
    # s(a) - s(b) = s(a) s(-b) (1 - exp(-(a - b)))
    return log_expit(upper) + log_expit(-lower) + log1mexp(gap)


def _cloglog(upper, lower, gap):
    # exp(-v) - exp(-w) = exp(-v) (1 - exp(-(w - v))), v = exp(lower), w = exp(upper), w - v = w (1 - exp(-gap))
    return -exp(lower) + log1mexpexp(upper + log1mexp(gap))


def _loglog(upper, lower, gap):
    return _cloglog(-lower, -upper, gap)


def _probit(upper, lower, gap):
    _, upper, difference, _ = _probit_tail(upper, lower, gap)
    return log_ndtr(upper) + log1mexp(difference)


def _probit_tail(upper, lower, gap):
    """(turned, upper, log Phi(upper) - log Phi(lower), lower) of the interval, turned about 0 out of the right half."""
    xp = namespace(upper, lower, gap)
    right = upper + lower > 0
    upper, lower = xp.where(right, -lower, upper), xp.where(right, -upper, lower)
    # The difference of two log_ndtr is the integral of the Mills ratio; Gauss's rule where the difference cancels.
    narrow = gap < _NARROW
    width = xp.where(narrow, gap, _NARROW)
    ratios = sum(w * mills(lower + t * width) for t, w in _RULE)
    return right, upper, xp.where(narrow, gap * ratios, log_ndtr(upper) - log_ndtr(lower)), lower


def _cauchit(upper, lower, gap):
    # The angle between two directions: from the outside where it is nearly all, by its series where it is nearly none.
    xp = namespace(upper, lower, gap)
    one = xp.ones_like(gap)
    with np.errstate(under="ignore"):
        outside = xp.arctan2(one, upper) + xp.arctan2(one, -lower)
        cosine = one + upper * lower
        most = outside < 0.5 * math.pi
        least = gap < 0.01 * cosine
        angle = xp.arctan2(xp.where(most | least, one, gap), xp.where(most | least, one, cosine))
        some = xp.where(least, cosine, one)
        square = (xp.where(least, gap, 0.0 * gap) / some) ** 2
        series = xp.log1p(square * polynomial(square, (-1 / 3, 1 / 5, -1 / 7, 1 / 9)))
        small = xp.log(xp.where(least, gap, one)) - xp.log(some) + series - math.log(math.pi)
        large = xp.log1p(-xp.where(most, outside, one) / math.pi)
        return xp.where(most, large, xp.where(least, small, xp.log(angle / math.pi)))


_FORMS: dict[str, Callable] = {
    "logit": _logit,
    "probit": _probit,
    "cloglog": _cloglog,
    "loglog": _loglog,
    "cauchit": _cauchit,
}


def log_interval(link: str, upper, lower, gap):
    """log(F(upper) - F(lower)) for the inverse F of `link`: logit, probit, cloglog, loglog or cauchit."""
    xp = namespace(upper, lower, gap)
    upper, lower, gap = (floating(xp.asarray(value)) for value in (upper, lower, gap))
    return _FORMS[link](upper, lower, gap)


# Derivatives along a common shift: ratios of a density to a probability, written without their exponentials.


def _logit_slope(upper, lower, gap):
    return expit(-upper) - expit(lower)


def _cloglog_slope(upper, lower, gap):
    return cloglog_score(upper + log1mexp(gap)) - exp(lower)


def _loglog_slope(upper, lower, gap):
    return -_cloglog_slope(-lower, -upper, gap)


def _probit_slope(upper, lower, gap):
    xp = namespace(upper, lower, gap)
    turned, upper, difference, lower = _probit_tail(upper, lower, gap)
    # Minus the mean of what lies in between; by Gauss's rule where its ends are too near to tell their densities apart.
    narrow = gap * (1.0 + xp.abs(lower)) < 2.0 * _NARROW
    step, start = xp.where(narrow, gap, 0.0), xp.where(narrow, lower, 0.0)
    masses = [w * xp.exp(-t * step * (start + 0.5 * t * step)) for t, w in _RULE]
    beyond = sum(t * mass for (t, _), mass in zip(_RULE, masses, strict=True)) / sum(masses)
    with np.errstate(over="ignore", under="ignore"):
        apart = mills(upper) - (mills(lower) - mills(upper)) / xp.expm1(xp.where(narrow, 1.0, difference))
    slope = xp.where(narrow, -start - step * beyond, apart)
    return xp.where(turned, -slope, slope)


def _cauchit_slope(upper, lower, gap):
    # The difference of two densities is gap (upper + lower) times their product times pi.
    xp = namespace(upper, lower, gap)
    with np.errstate(under="ignore"):
        size = -xp.log1p(upper * upper) - xp.log1p(lower * lower) - _cauchit(upper, lower, gap)
        return -gap * (upper + lower) * xp.exp(size) / math.pi


_SLOPES: dict[str, Callable] = {
    "logit": _logit_slope,
    "probit": _probit_slope,
    "cloglog": _cloglog_slope,
    "loglog": _loglog_slope,
    "cauchit": _cauchit_slope,
}


def interval_score(link: str, upper, lower, gap):
    """The derivative of `log_interval` where both ends move by the same."""
    xp = namespace(upper, lower, gap)
    upper, lower, gap = (floating(xp.asarray(value)) for value in (upper, lower, gap))
    return _SLOPES[link](upper, lower, gap)

"""The negative binomial log density on the log mean, exact from r = 0 to the Poisson limit r = e^30 and beyond.

    log p = log p(y | mean y) - H,    H = (y + r) L - y log(mu / y),    L = log((mu + r) / (y + r))

H is half the unit deviance. Everything is a function of log(mu) and log(r), in which its derivatives are written out:
dH/dlog(mu) = r (mu - y) / (mu + r) and dH/dlog(r) = r (L + 1/exp(L) - 1); automatic ones are differences of numbers
that grow with y and r.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from .. import kernels as k
from ._stirling import bounded_exp, stirling, stirling_slope

_HUGE = 1e30  # stands for infinity in log(mu) where it also makes r: inf - inf


def log_density(y, log_mean, log_r):
    """log p of a count with mean exp(log_mean) and V = mu + mu^2/r; shapes broadcast, dtype of `log_mean`."""
    y, log_mean, log_r = k.namespace(log_mean).broadcast_arrays(y, log_mean, log_r)
    if k.namespace(log_mean) is jnp:
        return _saturated_jax(y, log_r) - _half_deviance_jax(y, log_mean, log_r)
    with np.errstate(over="ignore", under="ignore"):
        return _saturated(y, log_r, np, 0) - _half_deviance(y, log_mean, log_r, np)


def log_density_1(y, log_mean, log_alpha):
    """log p where r = mu/alpha, so that V = mu (1 + alpha); a function of log(mu) and log(alpha)."""
    xp = k.namespace(log_mean)
    y, log_mean, log_alpha = xp.broadcast_arrays(y, xp.clip(log_mean, -_HUGE, _HUGE), log_alpha)
    log_r = log_mean - log_alpha
    if xp is jnp:
        return _saturated_jax(y, log_r) - _half_deviance_1(y, log_mean, log_alpha)
    with np.errstate(over="ignore", under="ignore"):
        return _saturated(y, log_r, np, 0) - _half_deviance(y, log_mean, log_r, np)


def slope_1(y, log_mean, log_alpha):
    """d log p / d log(mu) where r = mu/alpha."""
    xp = k.namespace(log_mean)
    y, log_mean, log_alpha = xp.broadcast_arrays(y, log_mean, log_alpha)
    with np.errstate(over="ignore", under="ignore"):
        return _saturated(y, log_mean - log_alpha, xp, 1) - _rate(y, log_mean, log_alpha, xp)


def half_deviance(y, log_mean, log_r):
    """H, (...): 0 at mu = y, where it has its minimum."""
    y, log_mean, log_r = k.namespace(log_mean).broadcast_arrays(y, log_mean, log_r)
    if k.namespace(log_mean) is jnp:
        return _half_deviance_jax(y, log_mean, log_r)
    with np.errstate(over="ignore", under="ignore"):
        return _half_deviance(y, log_mean, log_r, np)


def slope_in_log_mean(y, log_mean, log_r):
    """d log p / d log(mu) at a fixed r: r (y - mu) / (mu + r)."""
    return -_half_slope(y, log_mean, log_r)


def _saturated(y, log_r, xp, order: int):
    """log p(y | mean y), or its derivative in log(r); 0 where y = 0."""
    zero = y <= 0
    some = xp.where(zero, 1.0, y)
    r = bounded_exp(log_r)
    total = some + r
    share = r / total
    if order == 0:
        # -log(1 + y/r)/2: for r -> 0 it cancels half of the log(r) in stirling(r).
        few = r < some
        root = xp.where(few, log_r - xp.log(total), xp.log1p(-xp.where(few, 0.0, some / total)))
        value = stirling(total) - stirling(r, log_r) - stirling(some) + 0.5 * (root - k.LOG_2PI - xp.log(some))
    else:
        value = share * stirling_slope(total, xp.log(total)) - stirling_slope(r, log_r) + 0.5 * some / total
    return xp.where(zero, 0.0, value)


@jax.custom_jvp
def _saturated_jax(y, log_r):
    return _saturated(y, log_r, jnp, 0)


@_saturated_jax.defjvp
def _saturated_jvp(primals, tangents):
    (y, log_r), (_, d_r) = primals, tangents
    return _saturated_jax(y, log_r), d_r * _saturated_slope_jax(y, log_r)


@jax.custom_jvp
def _saturated_slope_jax(y, log_r):
    return _saturated(y, log_r, jnp, 1)


@_saturated_slope_jax.defjvp
def _saturated_slope_jvp(primals, tangents):
    (y, log_r), (_, d_r) = primals, tangents
    some, r = jnp.where(y <= 0, 1.0, y), bounded_exp(log_r)
    total = some + r
    share, rest = r / total, some / total
    slope, bend = jax.jvp(lambda t: stirling_slope(jnp.exp(t), t), (jnp.log(total),), (jnp.ones_like(total),))
    _, own = jax.jvp(lambda t: stirling_slope(jnp.exp(t), t), (log_r,), (jnp.ones_like(log_r),))
    value = share * rest * (slope - 0.5) + share * share * bend - own
    return _saturated_slope_jax(y, log_r), d_r * jnp.where(y <= 0, 0.0, value)


def _parts(y, log_mean, log_r, xp):
    """log(mu / r), where y = 0, y with 1 there, log(mu / y) with 0 there, r."""
    zero = y <= 0
    some = xp.where(zero, 1.0, y)
    return log_mean - log_r, zero, some, xp.where(zero, 0.0, log_mean - xp.log(some)), bounded_exp(log_r)


def _ratio_and_deviance(y, log_mean, log_r, xp):
    """(L, H): in one form where mu + r and y + r are near, so that the rounding of log(mu/y) enters H squared; else
    apart, with the larger of mu and r in front.
    """
    x, zero, some, distance, r = _parts(y, log_mean, log_r, xp)
    low = x <= 0
    change = xp.where(zero, k.exp(xp.where(low, x, 0.0)), some * xp.expm1(distance) / (some + r))
    near = (change > -0.5) & (change <= 1.0) & xp.where(zero, low, y * xp.abs(distance) <= 16.0 * r)
    close = xp.log1p(xp.where(near, change, 0.0))
    shrink = xp.where(change > 1e-30, close / xp.maximum(change, 1e-30), 1.0)
    none = k.exp(xp.where(zero & low, log_mean, 0.0)) * shrink
    share = xp.log1p(k.exp(-xp.abs(x))) - xp.log1p(xp.where(zero, 0.0, r / some))
    apart = xp.where(zero, xp.maximum(x, 0.0), xp.where(low, log_r - xp.log(some), distance))
    far = (y + r) * share + r * apart - xp.where(low, y * x, 0.0)
    half = xp.where(zero, none, (y + r) * close - y * distance)
    return xp.where(near, close, share + apart), xp.where(near, half, far)


def _half_deviance(y, log_mean, log_r, xp):
    return _ratio_and_deviance(y, log_mean, log_r, xp)[1]


def _half_slope(y, log_mean, log_r):
    """dH / d log(mu) = r (mu - y) / (mu + r)."""
    xp = k.namespace(log_mean)
    x, zero, some, distance, r = _parts(y, log_mean, log_r, xp)
    low = x <= 0
    left, right = xp.where(low, distance, 0.0), xp.where(low, 0.0, distance)
    with np.errstate(over="ignore", under="ignore"):
        mean = bounded_exp(xp.where(low & zero, log_mean, 0.0))
        below = xp.where(zero, mean, some * xp.expm1(left)) * k.expit(-x)
        # where mu > r: r (1 - y/mu); a y far above a tiny mean is taken with r/mu = exp(-x)
        high = xp.where(right < -1.0, r - some * k.exp(-xp.where(low, 0.0, x)), -r * xp.expm1(-xp.maximum(right, -1.0)))
        above = xp.where(zero, r, high) * k.expit(x)
    return xp.where(low, below, above)


def _excess(y, log_mean, log_r, xp):
    """dH / d log(r) = r (L + exp(-L) - 1), where exp(-L) r = (y + r) r / (mu + r)."""
    x, _, _, _, r = _parts(y, log_mean, log_r, xp)
    ratio = _ratio_and_deviance(y, log_mean, log_r, xp)[0]
    small = xp.abs(ratio) < 0.5
    wide = r * (ratio - 1.0) + (y + r) * k.expit(-x)
    return xp.where(small, r * _expm1_minus(xp.where(small, -ratio, 0.0)), wide)


def _expm1_minus(x):
    # exp(x) - 1 - x, |x| < 1/2, with relative accuracy
    total = 0.0
    for n in range(14, 1, -1):
        total = total * x + 1.0 / math.factorial(n)
    return x * x * total


@jax.custom_jvp
def _half_deviance_jax(y, log_mean, log_r):
    return _half_deviance(y, log_mean, log_r, jnp)


@_half_deviance_jax.defjvp
def _half_deviance_jvp(primals, tangents):
    y, log_mean, log_r = primals
    _, d_mean, d_r = tangents
    slope = _half_slope_jax(y, log_mean, log_r) * d_mean + _excess_jax(y, log_mean, log_r) * d_r
    return _half_deviance_jax(y, log_mean, log_r), slope


def _cross(y, log_mean, log_r):
    """d^2 H / dlog(mu) dlog(r) = r mu (mu - y) / (mu + r)^2."""
    return _half_slope(y, log_mean, log_r) * k.expit(log_mean - log_r)


@jax.custom_jvp
def _half_slope_jax(y, log_mean, log_r):
    return _half_slope(y, log_mean, log_r)


@_half_slope_jax.defjvp
def _half_slope_jvp(primals, tangents):
    y, log_mean, log_r = primals
    _, d_mean, d_r = tangents
    x, r = log_mean - log_r, bounded_exp(log_r)
    # (y + r) mu r / (mu + r)^2; mu/r may have flushed to 0 where mu has not
    tiny = (x < 0) & (y <= r)
    share = jnp.where(tiny, bounded_exp(jnp.where(tiny, log_mean, 0.0)) * (1.0 + y / r), (y + r) * k.expit(x))
    bend = share * jnp.where(tiny, k.expit(-x), 1.0) * k.expit(-x)
    return _half_slope_jax(y, log_mean, log_r), bend * d_mean + _cross(y, log_mean, log_r) * d_r


@jax.custom_jvp
def _excess_jax(y, log_mean, log_r):
    return _excess(y, log_mean, log_r, jnp)


@_excess_jax.defjvp
def _excess_jvp(primals, tangents):
    # The derivative in log(r) of r (L + exp(-L) - 1) is that itself minus r^2 (y - mu)^2 / ((mu + r)^2 (y + r)).
    y, log_mean, log_r = primals
    _, d_mean, d_r = tangents
    value, slope = _excess_jax(y, log_mean, log_r), _half_slope(y, log_mean, log_r)
    total = jnp.maximum(y + bounded_exp(log_r), jnp.finfo(slope.dtype).tiny)
    bend = value - slope / total * slope
    return value, _cross(y, log_mean, log_r) * d_mean + bend * d_r


# r = mu / alpha: dH/dlog(mu) = r L, in which the two derivatives above would cancel ----------------------------------


def _rate(y, log_mean, log_alpha, xp):
    log_r = log_mean - log_alpha
    return bounded_exp(log_r) * _ratio_and_deviance(y, log_mean, log_r, xp)[0]


@jax.custom_jvp
def _half_deviance_1(y, log_mean, log_alpha):
    return _half_deviance(y, log_mean, log_mean - log_alpha, jnp)


@_half_deviance_1.defjvp
def _half_deviance_1_jvp(primals, tangents):
    y, log_mean, log_alpha = primals
    _, d_mean, d_alpha = tangents
    slope = _rate_1(y, log_mean, log_alpha) * d_mean - _excess_1(y, log_mean, log_alpha) * d_alpha
    return _half_deviance_1(y, log_mean, log_alpha), slope


def _wider(y, log_mean, log_alpha):
    """d^2 H / dlog(mu) dlog(alpha) = -r L + r/(y + r) dH/dlog(mu) at fixed r."""
    log_r = log_mean - log_alpha
    r = bounded_exp(log_r)
    share = r / jnp.maximum(y + r, jnp.finfo(r.dtype).tiny)
    return share * _half_slope(y, log_mean, log_r) - _rate(y, log_mean, log_alpha, jnp)


@jax.custom_jvp
def _rate_1(y, log_mean, log_alpha):
    return _rate(y, log_mean, log_alpha, jnp)


@_rate_1.defjvp
def _rate_1_jvp(primals, tangents):
    y, log_mean, log_alpha = primals
    _, d_mean, d_alpha = tangents
    log_r = log_mean - log_alpha
    zero, r = y <= 0, bounded_exp(log_r)
    # r L + r y/(y + r), with L = log(1 + alpha) - t and y/(y + r) = 1 - exp(-t), t = log(1 + y/r)
    some = jnp.where(zero, 1.0, y)
    few = r < some
    t = jnp.where(few, jnp.log(some + r) - log_r, jnp.log1p(some / jnp.where(few, some, r)))
    small = t < 0.5
    bent = jnp.where(small, _expm1_minus(jnp.where(small, -t, 0.0)), t - 1.0 + jnp.exp(-t))
    bend = r * (k.softplus(log_alpha) - jnp.where(zero, 0.0, bent))
    return _rate_1(y, log_mean, log_alpha), bend * d_mean + _wider(y, log_mean, log_alpha) * d_alpha


@jax.custom_jvp
def _excess_1(y, log_mean, log_alpha):
    return _excess(y, log_mean, log_mean - log_alpha, jnp)


@_excess_1.defjvp
def _excess_1_jvp(primals, tangents):
    y, log_mean, log_alpha = primals
    _, d_mean, d_alpha = tangents
    log_r = log_mean - log_alpha
    value, slope = _excess_1(y, log_mean, log_alpha), _half_slope(y, log_mean, log_r)
    total = jnp.maximum(y + bounded_exp(log_r), jnp.finfo(slope.dtype).tiny)
    bend = value - slope / total * slope
    return value, -_wider(y, log_mean, log_alpha) * d_mean - bend * d_alpha

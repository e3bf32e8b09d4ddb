"""Logarithms near 1 and near 0: log(1 - exp(-x)), the complementary log-log, the Gumbel function, log itself."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from ._arrays import LOG_2, floating, namespace, polynomial
from ._logistic import exp, largest_exponent


def log1mexp(x):
    """log(1 - exp(-x)) for x >= 0; -inf at 0."""
    return _log1mexp_jax(floating(x)) if namespace(x) is jnp else _log1mexp(floating(x), np)


def _log1mexp(x, xp):
    small = x < LOG_2
    near = xp.where(small, x, LOG_2)
    far = xp.where(small, LOG_2, x)
    with np.errstate(divide="ignore", under="ignore"):
        return xp.where(small, xp.log(-xp.expm1(-near)), xp.log1p(-xp.exp(-far)))


@jax.custom_jvp
def _log1mexp_jax(x):
    return _log1mexp(x, jnp)


@_log1mexp_jax.defjvp
def _log1mexp_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _log1mexp_jax(x), dx * _bose(x)


@jax.custom_jvp
def _bose(x):
    # 1 / (exp(x) - 1) without the overflow that makes its derivative NaN.
    return jnp.exp(-x) / -jnp.expm1(-x)


@_bose.defjvp
def _bose_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    value = _bose(x)
    return value, -dx * value * (1.0 + value)


def log1mexpexp(x):
    """log(1 - exp(-exp(x))), the log of the complementary log-log inverse."""
    return _log1mexpexp_jax(floating(x)) if namespace(x) is jnp else _log1mexpexp(floating(x), np)


def _log1mexpexp(x, xp):
    info = xp.finfo(x.dtype)
    low, high = 0.5 * math.log(float(info.eps)), math.log(-math.log(float(info.tiny)))
    with np.errstate(under="ignore"):
        middle = log1mexp(xp.exp(xp.clip(x, low, high)))
        left = x - 0.5 * xp.exp(xp.minimum(x, low))
    return xp.where(x < low, left, xp.where(x > high, xp.zeros_like(x), middle))


@jax.custom_jvp
def _log1mexpexp_jax(x):
    return _log1mexpexp(x, jnp)


@_log1mexpexp_jax.defjvp
def _log1mexpexp_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _log1mexpexp_jax(x), dx * _cloglog_slope(x)


def cloglog_score(x):
    """u / (exp(u) - 1), u = exp(x): the derivative of `log1mexpexp`."""
    return _cloglog_slope(floating(x)) if namespace(x) is jnp else _cloglog_slope_value(floating(x), np)


def _cloglog_slope_value(x, xp):
    info = xp.finfo(x.dtype)
    low, high = math.log(float(info.eps)), math.log(-math.log(float(info.tiny)))
    u = xp.exp(xp.clip(x, low, high))
    with np.errstate(under="ignore"):
        inner = u * (xp.exp(-u) / -xp.expm1(-u))
    return xp.where(x < low, xp.ones_like(x), xp.where(x > high, xp.zeros_like(x), inner))


@jax.custom_jvp
def _cloglog_slope(x):
    return _cloglog_slope_value(x, jnp)


@_cloglog_slope.defjvp
def _cloglog_slope_jvp(primals, tangents):
    # r' = -r (u / (1 - exp(-u)) - 1); the bracket by its Bernoulli series where it cancels.
    (x,), (dx,) = primals, tangents
    r = _cloglog_slope(x)
    high = math.log(-math.log(float(jnp.finfo(x.dtype).tiny)))
    u = jnp.exp(jnp.minimum(x, high))
    few, many = jnp.minimum(u, 0.5), jnp.maximum(u, 0.5)
    series = few * (0.5 + few * polynomial(few * few, _BERNOULLI))
    return r, -dx * r * jnp.where(u < 0.5, series, many / -jnp.expm1(-many) - 1.0)


_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000)


def expm1_minus(x):
    """exp(x) - 1 - x, with derivative exp(x) - 1."""
    return _expm1_minus_jax(floating(x)) if namespace(x) is jnp else _expm1_minus(floating(x), np)


def _expm1_minus(x, xp):
    with np.errstate(over="ignore", under="ignore"):
        return xp.expm1(x) - xp.minimum(x, 1e4)  # the bound: inf - inf


@jax.custom_jvp
def _expm1_minus_jax(x):
    return _expm1_minus(x, jnp)


@_expm1_minus_jax.defjvp
def _expm1_minus_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _expm1_minus_jax(x), dx * jnp.expm1(x)


def gumbel(x):
    """exp(-exp(-x)), the Gumbel distribution function."""
    return exp(-exp(-floating(x))) if namespace(x) is np else _gumbel_jax(floating(x))


@jax.custom_jvp
def _gumbel_jax(x):
    return jnp.exp(-jnp.exp(-x))


@_gumbel_jax.defjvp
def _gumbel_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _gumbel_jax(x), dx * _gumbel_density(-x)


def gumbel_complement(x):
    """1 - exp(-exp(x)), the inverse of the complementary log-log link."""
    if namespace(x) is jnp:
        return _gumbel_complement_jax(floating(x))
    with np.errstate(under="ignore"):
        return -np.expm1(-exp(x))


@jax.custom_jvp
def _gumbel_complement_jax(x):
    return -jnp.expm1(-jnp.exp(x))


@_gumbel_complement_jax.defjvp
def _gumbel_complement_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _gumbel_complement_jax(x), dx * _gumbel_density(x)


@jax.custom_jvp
def _gumbel_density(x):
    # exp(x - exp(x))
    return jnp.exp(x - jnp.exp(jnp.minimum(x, largest_exponent(x.dtype))))


@_gumbel_density.defjvp
def _gumbel_density_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    value = _gumbel_density(x)
    return value, -dx * value * jnp.expm1(jnp.minimum(x, largest_exponent(x.dtype)))


def log(x):
    """log(x); -inf at and below 0, where its derivative is finite."""
    return _log_jax(floating(x)) if namespace(x) is jnp else _log(floating(x), np)


def _log(x, xp):
    with np.errstate(divide="ignore"):
        return xp.log(xp.maximum(x, 0.0))


@jax.custom_jvp
def _log_jax(x):
    return _log(x, jnp)


@_log_jax.defjvp
def _log_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _log_jax(x), dx * _log_slope(x)


@jax.custom_jvp
def _log_slope(x):
    # The floor: squares of the slope stay finite, so that 0 times one of them, of a branch not taken, is 0.
    floor = 20.0 / math.sqrt(float(jnp.finfo(x.dtype).max))
    return jnp.where(x > 0, 1.0 / jnp.maximum(x, floor), 0.0)


@_log_slope.defjvp
def _log_slope_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    slope = _log_slope(x)
    return slope, -dx * slope * slope

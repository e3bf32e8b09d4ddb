"""exp, and the logistic function with its logarithms."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import scipy.special as sp

from ._arrays import floating, namespace, polynomial


def exp(x):
    """exp(x); inf where it overflows, with a finite derivative: 0 times it, of a branch not taken, is 0."""
    if namespace(x) is jnp:
        return _exp_jax(floating(x))
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(floating(x))


@jax.custom_jvp
def _exp_jax(x):
    return jnp.exp(x)


@_exp_jax.defjvp
def _exp_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _exp_jax(x), dx * jnp.exp(jnp.minimum(x, largest_exponent(x.dtype)))


def largest_exponent(dtype) -> float:
    """A number whose exponential is finite, with room for a factor of a million (trials, weights)."""
    return math.log(float(np.finfo(dtype).max)) - 14.0


def expit(x):
    """1 / (1 + exp(-x))."""
    return _expit_jax(floating(x)) if namespace(x) is jnp else sp.expit(floating(x))


@jax.custom_jvp
def _expit_jax(x):
    return jsp.expit(x)


@_expit_jax.defjvp
def _expit_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    value = _expit_jax(x)
    return value, dx * value * _expit_jax(-x)


def softplus(x):
    """log(1 + exp(x))."""
    if namespace(x) is jnp:
        return _softplus_jax(floating(x))
    with np.errstate(under="ignore"):
        return np.logaddexp(floating(x), 0.0)


@jax.custom_jvp
def _softplus_jax(x):
    return jnp.logaddexp(x, 0.0)


@_softplus_jax.defjvp
def _softplus_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _softplus_jax(x), dx * _expit_jax(x)


def log_expit(x):
    """log(expit(x)) = -softplus(-x)."""
    return -softplus(-floating(x))


def log_softplus(x):
    """log(softplus(x)); x itself where exp(x) is below rounding."""
    return _log_softplus_jax(floating(x)) if namespace(x) is jnp else _log_softplus(floating(x), np)


def _log_softplus(x, xp):
    low = math.log(float(xp.finfo(x.dtype).eps))
    return xp.where(x < low, x, xp.log(softplus(xp.maximum(x, low))))


@jax.custom_jvp
def _log_softplus_jax(x):
    return _log_softplus(x, jnp)


@_log_softplus_jax.defjvp
def _log_softplus_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _log_softplus_jax(x), dx * _softplus_slope(x)


@jax.custom_jvp
def _softplus_slope(x):
    # d log softplus(x) / dx = expit(x) / softplus(x)
    low = math.log(float(jnp.finfo(x.dtype).eps))
    safe = jnp.maximum(x, low)
    return jnp.where(x < low, 1.0, _expit_jax(safe) / _softplus_jax(safe))


@_softplus_slope.defjvp
def _softplus_slope_jvp(primals, tangents):
    # w' = w (expit(-x) - w). Below -1 the difference cancels: there log(1 + u) = 2 z a(z^2), z = u / (2 + u).
    (x,), (dx,) = primals, tangents
    w = _softplus_slope(x)
    u = jnp.exp(jnp.minimum(x, -1.0))
    z = u / (2.0 + u)
    tail = z * z * polynomial(z * z, [1.0 / (2 * i + 3) for i in range(10)])
    small = (tail * (1.0 - z) - z) / ((1.0 + z) * (1.0 + tail))
    return w, dx * w * jnp.where(x < -1.0, small, _expit_jax(-x) - w)

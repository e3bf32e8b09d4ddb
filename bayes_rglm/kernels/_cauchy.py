"""The Cauchy distribution function by the angle from the tail, which keeps every digit there."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from ._arrays import floating, namespace


def cauchy(x):
    """The standard Cauchy distribution function, 1/2 + arctan(x) / pi."""
    x = floating(x)
    xp = namespace(x)
    with np.errstate(under="ignore"):
        return xp.arctan2(xp.ones_like(x), -x) / math.pi


def log_cauchy(x):
    """Log of the standard Cauchy distribution function."""
    return _log_cauchy_jax(floating(x)) if namespace(x) is jnp else _log_cauchy(floating(x), np)


def _log_cauchy(x, xp):
    one = xp.ones_like(x)
    with np.errstate(under="ignore"):
        lower = xp.log(xp.arctan2(one, -xp.minimum(x, 0.0)) / math.pi)
        upper = xp.log1p(-xp.arctan2(one, xp.maximum(x, 0.0)) / math.pi)
    return xp.where(x < 0, lower, upper)


@jax.custom_jvp
def _log_cauchy_jax(x):
    return _log_cauchy(x, jnp)


@_log_cauchy_jax.defjvp
def _log_cauchy_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _log_cauchy_jax(x), dx * _cauchy_score_jax(x)


def cauchy_score(x):
    """Density over distribution function of the standard Cauchy: the derivative of `log_cauchy`."""
    return _cauchy_score_jax(floating(x)) if namespace(x) is jnp else _cauchy_score(floating(x), np)


def _cauchy_score(x, xp):
    x = xp.clip(x, -1e18, 1e18)  # inf times 0
    with np.errstate(under="ignore"):
        return 1.0 / ((1.0 + x * x) * xp.arctan2(xp.ones_like(x), -x))


@jax.custom_jvp
def _cauchy_score_jax(x):
    return _cauchy_score(x, jnp)


@_cauchy_score_jax.defjvp
def _cauchy_score_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    value, x = _cauchy_score_jax(x), jnp.clip(x, -1e18, 1e18)
    return value, -dx * value * (2.0 * x / (1.0 + x * x) + value)

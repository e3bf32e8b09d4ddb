"""The normal distribution function, its logarithm, and the inverse Mills ratio."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import scipy.special as sp

from ._arrays import LOG_2PI, SQRT_2, floating, namespace


def log_ndtr(x):
    """Log of the standard normal distribution function."""
    return _log_ndtr_jax(floating(x)) if namespace(x) is jnp else _log_ndtr(floating(x), np, sp)


def _log_ndtr(x, xp, special):
    negative = x < 0
    left = xp.where(negative, x, -1.0)
    right = xp.where(negative, 1.0, x)
    with np.errstate(under="ignore"):
        lower = xp.log(0.5 * special.erfcx(-left / SQRT_2)) - 0.5 * left * left
        upper = xp.log1p(-0.5 * special.erfc(right / SQRT_2))
    return xp.where(negative, lower, upper)


@jax.custom_jvp
def _log_ndtr_jax(x):
    return _log_ndtr(x, jnp, jsp)


@_log_ndtr_jax.defjvp
def _log_ndtr_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _log_ndtr_jax(x), dx * _mills(x)


def mills(x):
    """phi(x) / Phi(x), the inverse Mills ratio: the derivative of `log_ndtr`."""
    return _mills(floating(x)) if namespace(x) is jnp else _mills_value(floating(x), np, sp)


def _mills_value(x, xp, special):
    left, right = xp.minimum(x, 0.0), xp.maximum(x, 0.0)
    with np.errstate(under="ignore"):
        lower = math.sqrt(2.0 / math.pi) / special.erfcx(-left / SQRT_2)
        upper = xp.exp(log_ndpdf(right)) / (1.0 - 0.5 * special.erfc(right / SQRT_2))
    return xp.where(x < 0, lower, upper)


@jax.custom_jvp
def _mills(x):
    return _mills_value(x, jnp, jsp)


@_mills.defjvp
def _mills_jvp(primals, tangents):
    # h' = -h (x + h); below -10 the sum cancels and the continued fraction 1/(t + 2/(t + 3/(t + ...))) gives it.
    (x,), (dx,) = primals, tangents
    h = _mills(x)
    t = jnp.maximum(-x, 10.0)
    excess = t
    for i in range(16, 0, -1):
        excess = t + (i + 1) / excess
    return h, -dx * h * jnp.where(x < -10.0, 1.0 / excess, x + h)


def ndtr(x):
    """The standard normal distribution function."""
    return _ndtr_jax(floating(x)) if namespace(x) is jnp else _ndtr(floating(x), np, sp)


def _ndtr(x, xp, special):
    left, right = xp.minimum(x, 0.0), xp.maximum(x, 0.0)
    with np.errstate(under="ignore"):
        lower = 0.5 * special.erfcx(-left / SQRT_2) * xp.exp(-0.5 * left * left)
        upper = 1.0 - 0.5 * special.erfc(right / SQRT_2)
    return xp.where(x < 0, lower, upper)


@jax.custom_jvp
def _ndtr_jax(x):
    return _ndtr(x, jnp, jsp)


@_ndtr_jax.defjvp
def _ndtr_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return _ndtr_jax(x), dx * jnp.exp(log_ndpdf(x))


def log_ndpdf(x):
    """Log of the standard normal density."""
    x = floating(x)
    return -0.5 * (x * x + LOG_2PI)

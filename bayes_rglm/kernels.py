"""Log-space primitives, exact in both tails, on NumPy and JAX arrays alike.

Every function looks at its argument: a JAX array (or tracer) is treated with `jax.numpy`, anything else with NumPy and
SciPy, so that a family's score and information are written once for both. All are elementwise and keep the dtype.

==================  ==============================  ==========================================================
function            value                           accurate where the naive form is not
==================  ==============================  ==========================================================
`exp(x)`            exp(x)                          (NumPy's, without its overflow warning)
`expit(x)`          1 / (1 + exp(-x))               derivatives in the upper tail
`softplus(x)`       log(1 + exp(x))                 both tails
`log_expit(x)`      log(1 / (1 + exp(-x)))          both tails
`log_softplus(x)`   log(log(1 + exp(x)))            lower tail (-> x)
`log1mexp(x)`       log(1 - exp(-x)), x >= 0        x near 0 and x large
`log1mexpexp(x)`    log(1 - exp(-exp(x)))           x very negative (-> x) and large (-> 0)
`log_ndtr(x)`       log Phi(x)                      both tails
`expm1_minus(x)`    exp(x) - 1 - x                  near 0, absolutely: half the unit deviance of a count
==================  ==============================  ==========================================================

The derivatives are our own, to any order: automatic ones lose every digit of the second derivative in a tail
(softplus at 34, log1mexpexp at 6) although the value is right. Sources: Maechler (2012) for the switch of `log1mexp`;
the scaled complementary error function for `log_ndtr`, because JAX's own loses accuracy in float64 (7e-2 relative in
its value at 8); Laplace's continued fraction of the Mills ratio. Checked against mpmath in the tests.
"""

from __future__ import annotations

import math
from types import ModuleType

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import scipy.special as sp

LOG_2 = math.log(2.0)
LOG_2PI = math.log(2.0 * math.pi)
SQRT_2 = math.sqrt(2.0)


def namespace(*arrays: object) -> ModuleType:
    """`jax.numpy` if any argument is a JAX array or tracer, else `numpy`."""
    return jnp if any(isinstance(a, jax.Array) for a in arrays) else np


def special(*arrays: object) -> ModuleType:
    """`jax.scipy.special` if any argument is a JAX array or tracer, else `scipy.special`."""
    return jsp if any(isinstance(a, jax.Array) for a in arrays) else sp


def floating(x):
    """`x` as a floating array of its own library; integers become the default float."""
    xp = namespace(x)
    x = xp.asarray(x)
    return x if xp.issubdtype(x.dtype, xp.floating) else x.astype(xp.result_type(float))


def exp(x):
    """exp(x); inf where it overflows."""
    with np.errstate(over="ignore", under="ignore"):
        return namespace(x).exp(floating(x))


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
    return _softplus_jax(floating(x)) if namespace(x) is jnp else np.logaddexp(floating(x), 0.0)


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
    tail = z * z * _polynomial(z * z, [1.0 / (2 * i + 3) for i in range(10)])
    small = (tail * (1.0 - z) - z) / ((1.0 + z) * (1.0 + tail))
    return w, dx * w * jnp.where(x < -1.0, small, _expit_jax(-x) - w)


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


@jax.custom_jvp
def _cloglog_slope(x):
    # u / (exp(u) - 1), u = exp(x)
    info = jnp.finfo(x.dtype)
    low, high = math.log(float(info.eps)), math.log(-math.log(float(info.tiny)))
    u = jnp.exp(jnp.clip(x, low, high))
    return jnp.where(x < low, 1.0, jnp.where(x > high, 0.0, u * _bose(u)))


@_cloglog_slope.defjvp
def _cloglog_slope_jvp(primals, tangents):
    # r' = -r (u / (1 - exp(-u)) - 1); the bracket by its Bernoulli series where it cancels.
    (x,), (dx,) = primals, tangents
    r = _cloglog_slope(x)
    high = math.log(-math.log(float(jnp.finfo(x.dtype).tiny)))
    u = jnp.exp(jnp.minimum(x, high))
    few, many = jnp.minimum(u, 0.5), jnp.maximum(u, 0.5)
    series = few * (0.5 + few * _polynomial(few * few, _BERNOULLI))
    return r, -dx * r * jnp.where(u < 0.5, series, many / -jnp.expm1(-many) - 1.0)


_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000)


def _polynomial(x, coefficients):
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total


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


@jax.custom_jvp
def _mills(x):
    # h = phi(x) / Phi(x), the inverse Mills ratio.
    left, right = jnp.minimum(x, 0.0), jnp.maximum(x, 0.0)
    lower = math.sqrt(2.0 / math.pi) / jsp.erfcx(-left / SQRT_2)
    upper = jnp.exp(log_ndpdf(right)) / (1.0 - 0.5 * jsp.erfc(right / SQRT_2))
    return jnp.where(x < 0, lower, upper)


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


def log_ndpdf(x):
    """Log of the standard normal density."""
    x = floating(x)
    return -0.5 * (x * x + LOG_2PI)


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

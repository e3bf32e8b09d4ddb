"""The tail of Student's t by quadrature: JAX has no derivative of the incomplete beta function in its parameters.

P(T > t) = c sqrt(nu) int_{u0}^inf cosh(u)^-nu du, u0 = asinh(t / sqrt(nu)). After u = u0 + h w the integrand falls
from 1 at the rate of one unit of w, whatever t and nu; the double-exponential rule then has the same relative accuracy
everywhere, and so have its derivatives in t and nu.
"""

from __future__ import annotations

import numpy as np

from .. import kernels as k
from ._stirling import stirling

_STEP = 0.08
_S = np.arange(-4.0, 4.4, _STEP)
_W = np.exp(_S - np.exp(-_S))
_LOG_WEIGHTS = _S - np.exp(-_S) + np.log1p(np.exp(-_S)) + np.log(_STEP)
_FARTHEST = 80.0


def half_step(x):
    """lgamma(x + 1/2) - lgamma(x) - log(x)/2, for x > 0."""
    xp = k.namespace(x)
    x = k.floating(x)
    far = x > 1e4
    near = xp.where(far, 1.0, x)
    inverse = 1.0 / xp.where(far, x, 1e4)
    direct = near * xp.log1p(0.5 / near) - 0.5 + stirling(near + 0.5) - stirling(near)
    return xp.where(far, inverse * (-1 / 8 + inverse * inverse / 192), direct)


def log_density(t, nu):
    """Log density at `t`, standard units."""
    return half_step(0.5 * nu) - 0.5 * k.LOG_2PI - 0.5 * (nu + 1.0) * k.namespace(t, nu).log1p(t * t / nu)


def log_upper(t, nu):
    """log P(T > t)."""
    xp = k.namespace(t, nu)
    far = _log_tail(xp.abs(t), nu)
    near = xp.log1p(-xp.exp(xp.where(t < 0, far, -1.0)))
    return xp.where(t < 0, near, far)


def log_lower(t, nu):
    """log P(T <= t)."""
    return log_upper(-t, nu)


def _log_tail(t, nu):
    xp = k.namespace(t, nu)
    nu = xp.asarray(nu)
    root = xp.sqrt(nu + t * t)
    slope = t / root
    reach = 1.0 / (nu * slope + xp.sqrt(nu))
    dtype = xp.result_type(t, nu)
    w, weights = xp.asarray(_W, dtype), xp.asarray(_LOG_WEIGHTS, dtype)
    v = xp.minimum(reach[..., None] * w, _FARTHEST)
    with np.errstate(under="ignore"):
        half = xp.sinh(0.5 * v)
        growth = xp.log1p(2.0 * half * half + slope[..., None] * xp.sinh(v))
        terms = weights - nu[..., None] * growth
        top = xp.max(terms, -1)
        if xp is not np:
            import jax

            top = jax.lax.stop_gradient(top)
        total = xp.log(xp.sum(xp.exp(terms - top[..., None]), -1)) + top
    log_kernel = -0.5 * nu * xp.log1p(t * t / nu)
    return half_step(0.5 * nu) - 0.5 * k.LOG_2PI + 0.5 * xp.log(nu) + log_kernel + xp.log(reach) + total

"""The remainder of Stirling's formula, from which the normalisers of count families are built without cancellation.

    log Gamma(x) = (x - 1/2) log x - x + log(2 pi) / 2 + stirling(x),        x > 0

A ratio of gamma functions at large arguments is then a difference of small remainders (Loader, 2000). Functions take
log x beside x: x itself may have flushed to 0. Derivatives are in log x.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from .. import kernels as k

_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)


def stirling(x, log_x=None):
    """The remainder; 1/(12 x) for large x, -log(2 pi x)/2 for small x. `log_x` where it is known better than x."""
    if k.namespace(x) is jnp:
        return _jax[0](k.log(x) if log_x is None else log_x)
    return _remainder(x, np.log(x) if log_x is None else log_x, np, 0)


def stirling_slope(x, log_x):
    """Its derivative in log x: x (digamma(x) - log x) + 1/2."""
    return _jax[1](log_x) if k.namespace(log_x) is jnp else _remainder(x, log_x, np, 1)


def _remainder(x, log_x, xp, order: int):
    """Derivative `order` in log x: by the series where x is large, else by gamma functions of 1 + x."""
    large = 10.0 if x.dtype == np.float64 else 3.0
    few, many = xp.minimum(x, large), xp.maximum(x, large)
    small = xp.minimum(log_x, np.log(large).astype(few.dtype))
    special, above = k.special(few), 1.0 + few
    if order == 0:
        direct = special.gammaln(above) - (few + 0.5) * small + few - 0.5 * k.LOG_2PI
    elif order == 1:
        direct = few * (special.digamma(above) - small) - 0.5
    else:
        direct = few * (special.digamma(above) - small - 1.0) + few * few * special.polygamma(1, above)
    return xp.where(x < large, direct, _series(many, order))


def _series(x, order: int):
    inverse, total = 1.0 / x, 0.0
    for i in range(len(_SERIES) - 1, -1, -1):
        total = total * (inverse * inverse) + _SERIES[i] * (-(2 * i + 1.0)) ** order
    return total * inverse


def _with_derivative(order: int, slope):
    @jax.custom_jvp
    def function(log_x):
        return _remainder(bounded_exp(log_x), log_x, jnp, order)

    @function.defjvp
    def jvp(primals, tangents):
        (log_x,), (d_log_x,) = primals, tangents
        return function(log_x), d_log_x * slope(log_x)

    return function


def bounded_exp(log_x):
    """exp(log_x), bounded so that its products with counts stay finite."""
    xp = k.namespace(log_x)
    return k.exp(xp.minimum(log_x, 0.9 * float(np.log(np.finfo(log_x.dtype).max))))


_slope = _with_derivative(1, lambda log_x: _remainder(bounded_exp(log_x), log_x, jnp, 2))
_jax = (_with_derivative(0, lambda log_x: _slope(log_x)), _slope)

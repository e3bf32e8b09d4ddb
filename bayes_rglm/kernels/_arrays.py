"""Which array library an argument belongs to, and the constants of all kernels."""

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


def polynomial(x, coefficients):
    """sum_i coefficients[i] x^i."""
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total

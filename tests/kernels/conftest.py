"""How accurate is accurate: one judge for kernels, links and rows.

- float64: 1e-12 relative out to |x| = 40; float32: 2e-5. That is stricter than what is promised (1e-8 beyond 10; 1e-4),
  because a wrong sign in a tail's second term is smaller than the promise. The exact value is mpmath's at the very
  number that the float holds.
- Where the exact magnitude is below 1e-300 (float32: 1e-37), numbers flush: the answer is 0, or as small, never of the
  other sign; above the largest float it is infinite with the right sign.
- A sum that cancels cannot be right relatively (y - mu where they meet): there the rounding of its terms is allowed as
  well, four units in the last place of `terms`, the sum of their magnitudes. Rows that do not cancel pass no `terms`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

DIGITS = 60
BODY, REACH = 10.0, 40.0
FLOOR = {"float64": 1e-300, "float32": 1e-37}


def grid():
    """The body densely, the tails, both sides of the switches between formulas; numbers that float32 holds too."""
    body = np.linspace(-BODY, BODY, 61) + 0.01 * np.sin(np.arange(61.0))
    tails = np.concatenate([np.linspace(-REACH, -BODY, 31), np.linspace(BODY, REACH, 31)])
    switches = np.array([-18.03, -18.02, -15.95, -7.98, -7.96, -1.0, -0.7, 0.0, 0.6931, 0.6932, 4.46, 6.55, 6.57, 36.1])
    points = np.concatenate([np.clip(body, -BODY, BODY), tails, switches, -switches, [-1e-3, 1e-3]])
    return np.unique(points.astype("float32")).astype(float)


def huge():
    """Finite numbers from -1e4 to 1e4, 0 and the tiny ones included."""
    size = np.concatenate([[1e-37, 1e-20], np.logspace(-8, 4, 49), np.linspace(1, 120, 60)])
    return np.concatenate([-size, [0.0], size])


def tolerance(x, dtype):
    return np.full(np.shape(x), 2e-5 if np.dtype(dtype) == np.float32 else 1e-12)


def judge(got, exact, x, dtype, terms=None):
    """Fails with the worst point; returns the worst relative errors in body and tails (of those that are relative)."""
    got, name, info = np.asarray(got), np.dtype(dtype).name, np.finfo(dtype)
    assert got.dtype == np.dtype(dtype), f"the dtype is kept: {got.dtype} instead of {name}"
    allowance = tolerance(x, dtype)
    terms = np.zeros(len(x)) if terms is None else np.asarray(terms, float)
    errors = np.zeros(len(x))
    for i, (value, truth) in enumerate(zip(got.astype(float), exact, strict=True)):
        where = f"at {x[i]!r}: got {value!r}, exact {mp.nstr(truth, 17)}"
        assert not np.isnan(value), where
        if abs(truth) > float(info.max):
            assert np.isinf(value), where
            assert np.sign(value) == mp.sign(truth), where
        elif abs(truth) < FLOOR[name]:
            assert abs(value) <= FLOOR[name] + 4 * float(info.eps) * terms[i], where
            assert terms[i] > 0 or value * mp.sign(truth) >= 0, where
        else:
            difference = float(abs(mp.mpf(value) - truth))
            errors[i] = max(0.0, difference - 4 * float(info.eps) * terms[i]) / float(abs(truth))
            assert errors[i] <= allowance[i], f"{where}, relative error {errors[i]:.2g} > {allowance[i]:.0e}"
    body = np.abs(x) <= BODY
    return {"body": errors[body].max(initial=0.0), "tails": errors[~body].max(initial=0.0)}


@dataclass(frozen=True)
class Mean:
    """The inverse of a link, and 1 minus it where the mean is a probability (so that no digit is lost)."""

    value: Callable
    complement: Callable = lambda eta: None


MEANS = {
    "identity": Mean(lambda eta: eta),
    "logit": Mean(lambda eta: 1 / (1 + mp.exp(-eta)), lambda eta: 1 / (1 + mp.exp(eta))),
    "log": Mean(mp.exp),
    "tanh": Mean(mp.extradps(60)(mp.tanh)),
    "relu": Mean(lambda eta: max(eta, mp.mpf(0))),
    "softplus": Mean(lambda eta: mp.log1p(mp.exp(eta))),
    "probit": Mean(mp.ncdf, lambda eta: mp.ncdf(-eta)),
    "cloglog": Mean(lambda eta: -mp.expm1(-mp.exp(eta)), lambda eta: mp.exp(-mp.exp(eta))),
    "loglog": Mean(lambda eta: mp.exp(-mp.exp(-eta)), lambda eta: -mp.expm1(-mp.exp(-eta))),
    "cauchit": Mean(lambda eta: mp.atan2(1, -eta) / mp.pi, lambda eta: mp.atan2(1, eta) / mp.pi),
    "identity_positive": Mean(lambda eta: eta),
    "sqrt": Mean(lambda eta: eta**2),
    "sqrt_softplus": Mean(lambda eta: mp.log1p(mp.exp(eta)) ** 2),
    "reciprocal": Mean(lambda eta: 1 / eta),
    "inverse_softplus": Mean(lambda eta: 1 / mp.log1p(mp.exp(eta))),
    "inverse_squared": Mean(lambda eta: 1 / mp.sqrt(eta)),
    "leaky_relu": Mean(lambda eta: max(eta, eta / 100)),
    "silu": Mean(lambda eta: eta / (1 + mp.exp(-eta))),
    "gelu": Mean(lambda eta: eta * mp.ncdf(eta)),
    "sine": Mean(mp.sin),
    "square": Mean(lambda eta: eta**2),
}


@pytest.fixture(params=["float64", "float32"])
def dtype(request):
    """Each precision, with JAX switched to it."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture
def accuracy():
    """The tools of this folder: grids, the judge, exact derivatives, orders by automatic differentiation."""
    with mp.workdps(DIGITS):
        yield Accuracy


_KNOWN = {}


class Accuracy:
    grid, huge, judge = staticmethod(grid), staticmethod(huge), staticmethod(judge)

    @staticmethod
    def same(jax_values, numpy_values, terms=None):
        """JAX's and NumPy's answers: the same up to rounding, `terms` as in `judge`."""
        single, eps = numpy_values.dtype == np.float32, np.finfo(numpy_values.dtype).eps
        allowed = (2e-5 if single else 1e-12) * np.abs(numpy_values) + FLOOR[numpy_values.dtype.name]
        if terms is not None:
            allowed = allowed + 4 * eps * terms
        far = ~(np.abs(np.asarray(jax_values) - numpy_values) <= allowed) & (np.asarray(jax_values) != numpy_values)
        assert not far.any(), f"{np.asarray(jax_values)[far][:5]} by JAX, {numpy_values[far][:5]} by NumPy"

    @staticmethod
    def exact(function, x, order=0, key=None):
        """The derivative of an mpmath function at the floats `x`, by differences of many more digits; kept by `key`."""
        if (key, order) in _KNOWN:
            return _KNOWN[key, order]
        values = []
        for point in (mp.mpf(float(value)) for value in np.asarray(x)):
            level = function(point)
            value = mp.diff(function, point, order) if order else level
            # A derivative that is zero comes out as the noise of the differences.
            noise = mp.mpf(10) ** -50 * max(abs(level), 1 if point == 0 else 0)
            values.append(mp.mpf(0) if order and abs(value) < noise else value)
        if key is not None:
            _KNOWN[key, order] = values
        return values

    @staticmethod
    def mean(link):
        """The link's inverse by mpmath, from the table above."""
        if link.name not in MEANS:
            pytest.fail(f"add to MEANS in {__name__} the mpmath inverse of the link {link.name!r}")
        return MEANS[link.name]

    @staticmethod
    def orders(function, *args):
        """Value, first and second derivative in the first argument, over flat arrays; compiled once per function."""
        count, arrays = len(args[0]), [np.asarray(a) for a in args]
        padded = [jnp.asarray(np.pad(a, (0, -count % 256), "edge")) for a in arrays]  # one shape for all grids
        return [np.asarray(part)[:count] for part in _compiled(function)(*padded)]


@lru_cache
def _compiled(function):
    first = jax.grad(function)
    second = jax.grad(first)
    return jax.jit(jax.vmap(lambda *args: (function(*args), first(*args), second(*args))))

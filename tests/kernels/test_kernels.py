"""Every kernel against mpmath: value, first and second derivative, both precisions, both libraries."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import kernels

NOT_KERNELS = {"namespace", "special", "floating", "log_interval", "interval_score"}


@dataclass(frozen=True)
class Exact:
    """A kernel's row: its definition in mpmath, where it is defined, and the terms of a derivative that cancels.

    `slope`: its derivative in mpmath, where differences of values near 1 would not see it.
    """

    value: Callable
    low: float = -np.inf
    terms: Callable | None = None
    slope: Callable | None = None

    def at(self, accuracy, x, order, name):
        if order == 0 or self.slope is None:
            return accuracy.exact(self.value, x, order, key=name)
        return accuracy.exact(self.slope, x, order - 1, key=f"slope of {name}")


def _log(this, rest):
    return mp.log(this) if this < rest else mp.log1p(-rest)


def _expit_terms(x, order):
    slope = np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2
    return slope if order == 2 else 0 * x


def _ndtr(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _cauchy(x):
    return mp.atan2(1, -x) / mp.pi


def _cauchy_score(x):
    return 1 / ((1 + x * x) * mp.atan2(1, -x))


def _cloglog_score(x):
    return mp.exp(x) / mp.expm1(mp.exp(x))


def _mills(x):
    return mp.npdf(x) / _ndtr(x)


def _mills_terms(x, order):
    # h'' = -h' (x + h) - h (1 + h'): in the lower tail both brackets vanish.
    h = np.exp(np.array(kernels.log_ndpdf(x) - kernels.log_ndtr(x)))
    return h * (1 + np.abs(x) + h) if order == 2 else 0 * x


def _density_terms(x, order):
    # The slope of a density crosses 0 at its mode.
    return np.array(kernels.expit(x) * kernels.expit(-x)) if order == 2 else 0 * x


def _expm1_minus_terms(x, order):
    return {0: np.abs(np.expm1(x)) + np.abs(x), 1: 0 * x, 2: 0 * x}[order]


EXACT = {
    "exp": Exact(mp.exp),
    "expit": Exact(lambda x: 1 / (1 + mp.exp(-x)), terms=_expit_terms),
    "softplus": Exact(lambda x: mp.log1p(mp.exp(x))),
    "log_expit": Exact(lambda x: -mp.log1p(mp.exp(-x))),
    "log_softplus": Exact(lambda x: mp.log(mp.log1p(mp.exp(x)))),
    "log1mexp": Exact(lambda x: mp.log1p(-mp.exp(-x)), low=0.0),
    "log1mexpexp": Exact(lambda x: _log(-mp.expm1(-mp.exp(x)), mp.exp(-mp.exp(x)))),
    "log_ndtr": Exact(lambda x: _log(_ndtr(x), _ndtr(-x))),
    "ndtr": Exact(_ndtr, slope=mp.npdf),
    "mills": Exact(_mills, terms=_mills_terms),
    "log": Exact(mp.log, low=0.0),
    "cloglog_score": Exact(_cloglog_score),
    "gumbel": Exact(lambda x: mp.exp(-mp.exp(-x)), terms=_density_terms, slope=lambda x: mp.exp(-x - mp.exp(-x))),
    "gumbel_complement": Exact(
        lambda x: -mp.expm1(-mp.exp(x)), terms=_density_terms, slope=lambda x: mp.exp(x - mp.exp(x))
    ),
    "cauchy": Exact(_cauchy),
    "log_cauchy": Exact(lambda x: _log(_cauchy(x), _cauchy(-x))),
    "cauchy_score": Exact(_cauchy_score),
    "log_ndpdf": Exact(lambda x: -(x * x + mp.log(2 * mp.pi)) / 2),
    "expm1_minus": Exact(lambda x: mp.expm1(x) - x, terms=_expm1_minus_terms),
}


def kernel_names():
    functions = inspect.getmembers(kernels, inspect.isfunction)
    ours = [name for name, f in functions if f.__module__.startswith(kernels.__name__) and not name.startswith("_")]
    return [name for name in ours if name not in NOT_KERNELS]


@pytest.fixture(params=kernel_names())
def row(request):
    if request.param not in EXACT:
        pytest.fail(f"add to EXACT in {__name__} the mpmath definition of the kernel {request.param!r}")
    return request.param, getattr(kernels, request.param), EXACT[request.param]


def test_value_and_derivatives_are_exact_in_body_and_tails(row, dtype, accuracy):
    name, kernel, exact = row
    x = accuracy.grid().astype(dtype)
    x = x[x > exact.low]
    got = accuracy.orders(kernel, x)
    for order in range(3):
        terms = exact.terms and exact.terms(x.astype(float), order)
        worst = accuracy.judge(got[order], exact.at(accuracy, x, order, name), x, dtype, terms)
        print(f"{name} {dtype} order {order}", f"body {worst['body']:.1e} tails {worst['tails']:.1e}")


def test_no_nan_from_minus_1e4_to_1e4(row, dtype, accuracy):
    # Promised: value, first and second derivative at every finite number, the value at the infinities too.
    _, kernel, exact = row
    x = accuracy.huge().astype(dtype)
    x = x[x >= exact.low]
    for order, got in enumerate(accuracy.orders(kernel, x)):
        bad = x[np.isnan(got)]
        assert not bad.size, f"derivative {order} is NaN at {bad[:5]}"
    ends = np.array([max(exact.low, -np.inf), np.inf], dtype)
    assert not np.isnan(kernel(jnp.asarray(ends))).any()


def test_numpy_and_jax_agree(row, dtype, accuracy):
    _, kernel, exact = row
    x = accuracy.grid().astype(dtype)
    x = x[x > exact.low]
    with np.errstate(all="raise"):  # a user's `-W error` must not stop a fit
        plain = kernel(x)
    assert isinstance(plain, np.ndarray)
    assert plain.dtype == x.dtype
    accuracy.same(kernel(jnp.asarray(x)), plain, exact.terms and exact.terms(x.astype(float), 0))


def test_numpy_kernels_overflow_in_silence(row, accuracy):
    _, kernel, exact = row
    x = accuracy.huge()
    x = x[x >= exact.low]
    with np.errstate(all="raise", under="ignore"):
        assert not np.isnan(kernel(x)).any()


def test_plain_numbers_are_taken(row):
    _, kernel, _ = row
    assert np.ndim(kernel(2)) == 0
    np.testing.assert_allclose(kernel(2), kernel(np.array([2.0]))[0], rtol=1e-15)
    np.testing.assert_allclose(kernel(jnp.asarray(2)), kernel(2.0), rtol=1e-6)

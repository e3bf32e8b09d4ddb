"""Interval probabilities of cut-points against mpmath: value, first and second derivative, narrow, wide and far out."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import kernels

DISTRIBUTIONS = {
    "logit": lambda t: 1 / (1 + mp.exp(-t)),
    "probit": lambda t: mp.erfc(-t / mp.sqrt(2)) / 2,
    "cloglog": lambda t: -mp.expm1(-mp.exp(t)),
    "loglog": lambda t: mp.exp(-mp.exp(-t)),
    "cauchit": lambda t: mp.atan2(1, -t) / mp.pi,
}
GAPS = (1e-9, 1e-3, 0.249, 0.251, 1.0, 6.0, 60.0)
LOWER = np.concatenate([[-40, -23, -10], np.linspace(-7, 7, 8) + 0.03, [10, 23, 40]])
DENSITIES = {
    "logit": lambda t: 1 / ((1 + mp.exp(-t)) * (1 + mp.exp(t))),
    "probit": mp.npdf,
    "cloglog": lambda t: mp.exp(t - mp.exp(t)),
    "loglog": lambda t: mp.exp(-t - mp.exp(-t)),
    "cauchit": lambda t: 1 / (mp.pi * (1 + t * t)),
}


@pytest.fixture(params=sorted(DISTRIBUTIONS))
def link(request):
    return request.param


def rows(dtype, gaps=GAPS, lower=LOWER):
    # Numbers of that precision; the sum is rounded, as it is where cut-points are built from gaps.
    lower, gap = (a.ravel().astype(dtype) for a in np.meshgrid(lower, gaps))
    return lower, gap


def moved(link):
    """The log probability as a function of a shift of the interval, and of its width."""
    return lambda shift, wider, lower, gap: kernels.log_interval(
        link, (lower + shift) + (gap + wider), lower + shift, gap + wider
    )


def exact(link, lower, gap, which, order):
    values, f = [], DENSITIES[link]
    with mp.workdps(60):
        for a, g in zip(lower, gap, strict=True):
            a, g = mp.mpf(float(a)), mp.mpf(float(g))

            def slope(t, a=a, g=g):
                low, width = (a + t, g) if which == 0 else (a, g + t)
                rise = f(low + width) - (f(low) if which == 0 else 0)
                return rise * mp.exp(-_log_interval(link, low, low + width, width))

            values.append(_log_interval(link, a, a + g, g) if order == 0 else mp.diff(slope, 0, order - 1))
    return values


def _log1mexp(t):
    return mp.log1p(-mp.exp(-t)) if t > 1 else mp.log(-mp.expm1(-t))


def _log_interval(link, low, high, width):
    if link == "logit":
        return -mp.log1p(mp.exp(-high)) - mp.log1p(mp.exp(low)) + _log1mexp(width)
    if link == "loglog":
        low, high = -high, -low
    if link in ("cloglog", "loglog"):
        return -mp.exp(low) + _log1mexp(mp.exp(low) * mp.expm1(width))
    outside = DISTRIBUTIONS[link](low) + DISTRIBUTIONS[link](-high)
    if outside < 0.5:
        return mp.log1p(-outside)
    if link == "cauchit":
        return mp.log(mp.atan2(width, 1 + low * high) / mp.pi)
    if low + high > 0:
        low, high = -high, -low
    return mp.log(DISTRIBUTIONS[link](high) - DISTRIBUTIONS[link](low))


def bar(dtype):
    return 1e-12 if dtype == "float64" else 1e-4


@pytest.mark.parametrize("which", [0, 1], ids=["shift", "width"])
def test_value_and_derivatives_are_exact(link, dtype, which):
    lower, gap = rows(dtype)
    function = moved(link)
    first = jax.grad(function, which)
    second = jax.grad(first, which)
    every = jax.jit(jax.vmap(lambda *args: (function(*args), first(*args), second(*args))))
    zero = np.zeros_like(lower)
    got = [np.asarray(v) for v in every(*map(jnp.asarray, (zero, zero, lower, gap)))]
    for order in range(3):
        assert got[order].dtype == np.dtype(dtype)
        truth = exact(link, lower, gap, which, order)
        # A shift's derivatives are differences of the two ends' own: those count beside the result.
        size = np.array([float(abs(t)) for t in truth])
        ends = scale(link, lower, gap, order) if which == 0 else 0.0
        error = np.array([float(abs(mp.mpf(float(v)) - t)) for v, t in zip(got[order], truth, strict=True)])
        allowed = bar(dtype) * (size + ends) + (1e-300 if dtype == "float64" else 1e-37)
        known = size < 0.5 * float(np.finfo(dtype).max)
        worst = np.argmax(np.where(known, error / allowed, 0.0))
        relative = np.max((error / (allowed / bar(dtype)))[known])
        print(f"{link} {dtype} {('shift', 'width')[which]} order {order}: {relative:.1e}")
        assert (error <= allowed)[known].all(), (lower[worst], gap[worst], got[order][worst], mp.nstr(truth[worst], 17))
        assert np.isinf(got[order][~known]).all()


def scale(link, lower, gap, order):
    """How large the parts are that cancel in a shift's derivative, at a typical gap."""
    if order == 0:
        return 0.0
    return np.minimum(1.0 + np.abs(lower) * (link == "probit"), 10.0)


def test_the_definition_itself_in_the_middle(link):
    lower, gap = rows("float64", gaps=(0.3, 1.0, 2.5), lower=np.linspace(-3, 3, 13))
    F = DISTRIBUTIONS[link]
    with mp.workdps(60):
        plain = [float(mp.log(F(mp.mpf(a) + mp.mpf(g)) - F(mp.mpf(a)))) for a, g in zip(lower, gap, strict=True)]
    np.testing.assert_allclose(kernels.log_interval(link, lower + gap, lower, gap), plain, rtol=1e-12)


def test_no_nan_from_minus_1e4_to_1e4(link, dtype):
    ends = np.concatenate([[0.0], np.logspace(-3, 4, 22)])
    tiny = 1e-100 if dtype == "float64" else 1e-15
    lower, gap = rows(dtype, gaps=(tiny, 1e-6, 0.24, 1.0, 50.0, 1e4), lower=np.concatenate([-ends, ends]))
    function = moved(link)
    zero = jnp.zeros(lower.shape, dtype)
    for which in (0, 1):
        second = jax.grad(jax.grad(function, which), which)
        every = jax.jit(jax.vmap(lambda *a, w=which, s=second: (function(*a), jax.grad(function, w)(*a), s(*a))))
        for order, got in enumerate(every(zero, zero, jnp.asarray(lower), jnp.asarray(gap))):
            bad = np.isnan(np.asarray(got))
            assert not bad.any(), f"derivative {order} is NaN at {lower[bad][:3]}, gap {gap[bad][:3]}"


def test_numpy_and_jax_agree(link, dtype, accuracy):
    lower, gap = rows(dtype)
    with np.errstate(all="raise"):
        plain = kernels.log_interval(link, lower + gap, lower, gap)
    assert plain.dtype == lower.dtype
    other = kernels.log_interval(link, jnp.asarray(lower + gap), jnp.asarray(lower), jnp.asarray(gap))
    accuracy.same(other, plain)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_scores_of_intervals_narrow_and_wide(link, dtype):
    lower, gap = rows(
        dtype, gaps=(1e-15, 1e-13, 1e-11, 1e-8, 1e-5, 1e-2, 0.1, 0.3, 0.5, 1.0), lower=[-23, -3, -0.3, 0, 0.3, 5]
    )
    got = kernels.interval_score(link, lower + gap, lower, gap)
    truth = [float(t) for t in exact(link, lower, gap, 0, 1)]
    np.testing.assert_allclose(
        got, truth, rtol=1e-13 if dtype == "float64" else 1e-5, atol=float(np.finfo(dtype).eps) * 4
    )


def test_cloglog_and_loglog_are_mirror_images():
    lower, gap = rows("float64")
    np.testing.assert_array_equal(
        kernels.log_interval("cloglog", lower + gap, lower, gap),
        kernels.log_interval("loglog", -lower, -(lower + gap), gap),
    )

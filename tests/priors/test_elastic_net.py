"""The elastic net as a distribution: its constant, moments and draws, at both ends and far beyond them."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm.priors.elastic_net import ElasticNetDistribution, _excess, _log_survival

pytestmark = pytest.mark.usefixtures("double")
RATES = np.array(
    [(1, 1), (1e-3, 1), (1, 1e-3), (1, 1e-12), (30, 1), (1e3, 1e-3), (1e-9, 1), (0.3, 0.01), (2, 50)], dtype=float
)
DIGITS = {np.float64: 1e-12, np.float32: 2e-6}
each_precision = pytest.mark.parametrize("dtype", list(DIGITS), ids=["float64", "float32"])


def exact(l1, l2):
    """log Z, E|w| and E w^2 by quadrature with 30 digits."""
    with mp.workdps(30):
        l1, l2 = mp.mpf(float(l1)), mp.mpf(float(l2))
        unit = 1 / (l1 + mp.sqrt(l2))
        nodes = [unit * x for x in (0, 1, 5, 20, 80, 300)]
        powers = [mp.quad(lambda w, n=n: w**n * mp.exp(-w * (l1 + l2 * w / 2)), nodes) for n in range(3)]
        return float(mp.log(2 * powers[0])), float(powers[1] / powers[0]), float(powers[2] / powers[0])


EXACT = np.array([exact(*pair) for pair in RATES.astype(np.float32)])


def at(rates, dtype, loc=0.0):
    l1, l2 = jnp.asarray(np.float32(rates).T, dtype)
    return ElasticNetDistribution(jnp.full(l1.shape, loc, dtype), l1, l2)


@each_precision
def test_the_constant_and_the_moments(dtype):
    d = at(RATES, dtype)
    log_z, _, second = EXACT.T
    assert d.log_prob(jnp.zeros((), dtype)).dtype == dtype
    np.testing.assert_allclose(d.log_prob(jnp.zeros((), dtype)), -log_z, rtol=DIGITS[dtype], atol=DIGITS[dtype])
    np.testing.assert_allclose(d.variance, second, rtol=DIGITS[dtype])
    np.testing.assert_array_equal(at(RATES, dtype, 2.0).mean, 2.0)


@each_precision
def test_the_rates_can_be_learned(dtype):
    # d log Z / d l1 = -E|w|, d log Z / d l2 = -E w^2 / 2: nothing cancels.
    def height(l1, l2):
        return ElasticNetDistribution(jnp.zeros((), dtype), l1, l2).log_prob(jnp.zeros((), dtype))

    slopes = jax.jit(jax.vmap(jax.grad(height, (0, 1))))(*jnp.asarray(np.float32(RATES).T, dtype))
    np.testing.assert_allclose(slopes[0], EXACT[:, 1], rtol=DIGITS[dtype])
    np.testing.assert_allclose(slopes[1], EXACT[:, 2] / 2, rtol=DIGITS[dtype])


def test_its_ends_are_laplace_and_normal():
    w = np.array([-40.0, -2.0, 0.0, 0.3, 7.0])
    lasso, ridge = ElasticNetDistribution(0.5, 2.0, 1e-15), ElasticNetDistribution(0.5, 1e-15, 0.25)
    np.testing.assert_allclose(lasso.log_prob(w), stats.laplace.logpdf(w, 0.5, 0.5), rtol=1e-11)
    np.testing.assert_allclose(ridge.log_prob(w), stats.norm.logpdf(w, 0.5, 2.0), rtol=1e-13)
    np.testing.assert_allclose([lasso.variance, ridge.variance], [0.5, 4.0], rtol=1e-13)


@each_precision
def test_the_tails_are_finite_and_have_their_slope(dtype):
    w = jnp.asarray([-1e15, -1e6, -30.0, 30.0, 1e6, 1e15], dtype)
    for l1, l2 in ((1.0, 1.0), (1e-6, 1e6), (1e6, 1e-6)):
        one = ElasticNetDistribution(*jnp.asarray([0.0, l1, l2], dtype))
        value, slope = jax.vmap(jax.value_and_grad(one.log_prob))(w)
        assert np.isfinite(value).all()
        np.testing.assert_allclose(slope, -np.sign(w) * (l1 + l2 * np.abs(w)), rtol=1e-6)


@each_precision
@pytest.mark.parametrize("bend", [0.0, 1e-4, 0.5, 3.0, 40.0, 1e5])
def test_the_distribution_function_is_inverted_exactly(dtype, bend):
    depth = jnp.asarray([0.0, 1e-6, 1e-3, 0.1, 0.7, 3.0, 20.0, 90.0], dtype)
    t = _excess(jnp.asarray(bend, dtype), depth)
    back = -_log_survival(jnp.asarray(bend, dtype), t)
    assert t.dtype == dtype
    np.testing.assert_allclose(back, depth, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)
    if bend <= 3:
        shallow = np.exp(-np.asarray(depth[3:6], float)) * stats.norm.sf(bend)
        np.testing.assert_allclose(t[3:6], stats.norm.isf(shallow) - bend, rtol=10 * DIGITS[dtype])


@each_precision
def test_draws_follow_the_distribution_function(dtype):
    rates = RATES[[0, 1, 2, 3, 5]]
    d = at(rates, dtype, 0.25)
    draws = np.asarray(d.sample(jax.random.key(4), (4000,)))
    assert draws.dtype == dtype
    assert draws.shape == (4000, 5)
    for j in range(5):
        one = at(rates[j : j + 1], np.float64, 0.25)
        found = stats.kstest(draws[:, j].astype(float), lambda w, one=one: np.asarray(one.cdf(w)))
        assert found.pvalue > 1e-3


def test_the_distribution_function_is_the_integral_of_the_density():
    d = ElasticNetDistribution(0.5, 2.0, 3.0)
    w = np.linspace(-5.5, 6.5, 120_001)  # symmetric about the kink, which is a node
    density = np.exp(np.asarray(d.log_prob(w)))
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)]) * (w[1] - w[0])
    np.testing.assert_allclose(d.cdf(w), mass, atol=1e-8)


def test_it_survives_jit_and_vmap():
    d = ElasticNetDistribution(jnp.zeros(3), jnp.asarray([1.0, 2.0, 3.0]), 0.5)
    assert d.batch_shape == (3,)
    through = jax.jit(lambda one: one)(d)
    w = np.array([0.3, -2.0, 1.0])
    np.testing.assert_array_equal(through.log_prob(w), d.log_prob(w))
    stacked = jax.vmap(lambda l1: ElasticNetDistribution(0.0, l1, 0.5))(jnp.asarray([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(jax.vmap(lambda one, v: one.log_prob(v))(stacked, w), d.log_prob(w), rtol=1e-14)
    assert d.expand((2, 3)).sample(jax.random.key(0)).shape == (2, 3)

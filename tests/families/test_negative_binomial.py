"""Negative binomial responses out to the Poisson limit, against mpmath, and the prior that points there."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm import families, links, priors
from bayes_rglm.errors import PriorError

NB2, NB1, POISSON = (families.get(name) for name in ("nb2", "nb1", "poisson"))


def exact(y, log_mean, r):
    with mp.workdps(60):
        y, mean, r = mp.mpf(float(y)), mp.exp(mp.mpf(float(log_mean))), mp.mpf(float(r))
        ratio = mp.loggamma(y + r) - mp.loggamma(r) - mp.loggamma(y + 1)
        return float(ratio - r * mp.log1p(mean / r) + (y * mp.log(mean / (mean + r)) if y else 0))


def rows(dtype):
    """Counts from 0 to 1e6 near and far from their means, r from exp(-4) to exp(30)."""
    rng = np.random.default_rng(3)
    eta = rng.uniform(-9, 14, 300)
    y = np.round(np.exp(rng.uniform(-1, 14, 300)))
    y[:40], y[100:220] = 0.0, np.round(np.exp(np.clip(eta[100:220], -3, 14)))
    return y.astype(dtype), eta.astype(dtype), np.exp(rng.uniform(-4, 30, 300)).astype(dtype)


@pytest.mark.parametrize(("dtype", "bar"), [("float64", 7e-14), ("float32", 7e-5)])
def test_the_density_is_exact_from_few_to_infinitely_many(dtype, bar):
    y, eta, r = rows(dtype)
    truth = np.array([exact(*row) for row in zip(y, eta, r, strict=True)])
    with jax.enable_x64(dtype == "float64"):
        got = NB2.distribution(links.log, jnp.asarray(eta), concentration=r).log_prob(y)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, truth, rtol=bar)
        np.testing.assert_allclose(NB2.log_likelihood(links.log, y, eta, r), truth, rtol=bar)


def test_the_limit_is_poisson():
    y, eta = np.arange(0.0, 60.0), np.linspace(-2, 4, 60)
    with jax.enable_x64(True):
        expected = POISSON.log_likelihood(links.log, y, eta)
        np.testing.assert_allclose(NB2.log_likelihood(links.log, y, eta, 1e16), expected, rtol=1e-12)
        np.testing.assert_allclose(NB1.log_likelihood(links.log, y, eta, 1e-16), expected, rtol=1e-12)
        slope = jax.grad(lambda a: NB1.distribution(links.log, 1.0, alpha=a).log_prob(4.0))(1e-9)
        y, mu = 4.0, np.e
        assert float(slope) == pytest.approx(((y - mu) ** 2 - y) / (2 * mu), rel=1e-6), (
            "no overdispersion is a finite point"
        )


def test_both_are_one_distribution_under_two_parameters():
    y, eta = np.array([0.0, 1.0, 7.0, 300.0]), np.array([-1.0, 0.5, 2.0, 4.0])
    with jax.enable_x64(True):
        one = NB1.distribution(links.log, eta, alpha=0.7)
        two = NB2.distribution(links.log, eta, concentration=np.exp(eta) / 0.7)
        np.testing.assert_allclose(one.log_prob(y), two.log_prob(y), rtol=1e-12)
        np.testing.assert_allclose(one.cdf(y), two.cdf(y), rtol=1e-12)
        np.testing.assert_allclose(one.variance, two.variance, rtol=1e-12)
        r, mean = np.exp(eta) / 0.7, np.exp(eta)
        np.testing.assert_allclose(two.log_prob(y), stats.nbinom(r, r / (r + mean)).logpmf(y), rtol=1e-9)
        np.testing.assert_allclose(two.cdf(y), stats.nbinom(r, r / (r + mean)).cdf(y), rtol=1e-9)


def test_enormous_rates_are_drawn_as_enormous_counts():
    draws = NB2.distribution(links.log, jnp.array([50.0]), concentration=1e-3).sample(jax.random.key(0), (50,))
    assert bool(jnp.all(draws >= 0))
    assert bool(jnp.any(draws > 10**8))


def test_the_start_is_the_moment_estimate():
    rng = np.random.default_rng(1)
    mean = np.exp(rng.normal(1.0, 0.5, 20_000))
    y = rng.poisson(mean * rng.gamma(2.5, 1 / 2.5, 20_000)).astype(float)
    assert NB2.parameter("concentration").start(y, mean) == pytest.approx(2.5, rel=0.1)
    flat = rng.poisson(mean).astype(float)
    assert NB2.parameter("concentration").start(flat, mean) > 20
    assert NB1.parameter("alpha").start(flat, mean) < 0.1


@pytest.mark.parametrize(
    ("power", "truth"), [(-0.5, stats.invgamma(0.5, scale=0.5 / 4)), (0.5, stats.gamma(0.5, scale=8))]
)
def test_the_default_prior_is_half_normal_on_the_standard_deviation_s_scale(power, truth):
    with jax.enable_x64(True):
        prior = priors.HalfNormalPower(scale=2.0, power=power)
        w = np.array([1e-3, 0.4, 1.0, 30.0, 1e6])
        built = prior.form(prior.hyper(), None, jnp.ones(()), prior.support)
        np.testing.assert_allclose(built.log_prob(w), truth.logpdf(w), rtol=1e-9)
    assert NB2.parameter("concentration").prior == priors.HalfNormalPower(power=-0.5)
    with pytest.raises(PriorError, match="power is not 0"):
        priors.HalfNormalPower(power=0.0)

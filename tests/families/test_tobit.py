"""The tobit row of the table: what its link is called, and its three different means."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm import families

TOBIT = families.get("tobit")


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("name", ["relu", "max", "identity", None])
def test_the_link_goes_by_the_names_of_both_fields(name):
    assert TOBIT.link(name).name == "relu"
    assert TOBIT.link(name).inverse(-2.0) == -2.0  # the latent mean: the maximum comes after the noise


def test_the_mean_is_neither_the_latent_one_nor_its_positive_part():
    eta, sigma = np.linspace(-8.0, 8.0, 33), 1.7
    z = eta / sigma
    response = TOBIT.distribution(TOBIT.links[0], jnp.asarray(eta), sigma=sigma)
    expected = eta * stats.norm.cdf(z) + sigma * stats.norm.pdf(z)
    np.testing.assert_allclose(response.mean, expected, rtol=1e-10)
    assert (np.asarray(response.mean) > np.maximum(0.0, eta)).all()
    np.testing.assert_allclose(response.zero_probability, stats.norm.cdf(-z), rtol=1e-12)
    small = TOBIT.distribution(TOBIT.links[0], jnp.asarray(eta), sigma=1e-6)
    np.testing.assert_allclose(small.mean, np.maximum(0.0, eta), atol=1e-6)


def test_another_bound_is_a_shift():
    eta, y = np.linspace(-2.0, 3.0, 6), np.array([1.5, 1.5, 2.0, 3.0, 1.5, 7.0])
    at = TOBIT.distribution(TOBIT.links[0], jnp.asarray(eta), sigma=0.9, lower=np.full(6, 1.5))
    zero = TOBIT.distribution(TOBIT.links[0], jnp.asarray(eta - 1.5), sigma=0.9)
    np.testing.assert_allclose(at.log_prob(y), zero.log_prob(y - 1.5), rtol=1e-12)
    np.testing.assert_allclose(at.mean, zero.mean + 1.5, rtol=1e-12)
    np.testing.assert_allclose(at.variance, zero.variance, rtol=1e-9)

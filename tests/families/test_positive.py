"""Gamma, inverse Gaussian, exponential, Weibull: against SciPy, against one another, and by maximum likelihood."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm import families
from bayes_rglm.errors import DataError

Y = np.array([0.01, 0.3, 1.0, 2.0, 40.0])
MU = np.array([0.3, 1.0, 5.0, 0.7, 2.0])
OTHERS = {
    "gamma": lambda mu, a: stats.gamma(a, scale=mu / a),
    "inverse_gaussian": lambda mu, a: stats.invgauss(mu / a, scale=a),
    "weibull": lambda mu, a: stats.weibull_min(a, scale=mu),
    "exponential": lambda mu, a: stats.expon(scale=mu),
}
PAIRS = [(name, link) for name in OTHERS for link in families.get(name).links]


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(("name", "link"), PAIRS, ids=lambda x: getattr(x, "name", x))
@pytest.mark.parametrize("a", [0.6, 2.5, 40.0])
def test_density_and_distribution_function_are_scipys(name, link, a):
    family, other = families.get(name), OTHERS[name](MU, a)
    aux = {p.name: a for p in family.auxiliaries}
    ours = family.distribution(link, jnp.asarray(link.forward(MU)), **aux)
    log_prob = ours.log_prob(Y)
    np.testing.assert_allclose(log_prob, other.logpdf(Y), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.cdf(Y), other.cdf(Y), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.mean, other.mean(), rtol=1e-11)
    np.testing.assert_allclose(ours.variance, other.var(), rtol=1e-9)


def test_the_three_families_meet_at_the_exponential():
    eta = jnp.asarray(np.log(MU))
    plain = families.get("exponential").distribution(families.get("exponential").links[0], eta).log_prob(Y)
    for name in ("gamma", "weibull"):
        family = families.get(name)
        np.testing.assert_allclose(
            family.distribution(family.links[0], eta, concentration=1.0).log_prob(Y), plain, rtol=1e-13
        )


def test_the_reciprocal_of_the_exponential_is_its_hazard():
    family = families.get("exponential")
    link = family.link("reciprocal")
    hazard = np.array([0.1, 1.0, 4.0])
    np.testing.assert_allclose(family.log_likelihood(link, np.ones(3), hazard), np.log(hazard) - hazard, rtol=1e-14)


@pytest.mark.parametrize("name", ["gamma", "inverse_gaussian", "exponential"])
def test_outside_the_domain_there_is_no_density_and_no_slope(name):
    family = families.get(name)
    aux = {p.name: 2.0 for p in family.auxiliaries}
    for link in family.links:
        if not link.restricted:
            continue
        eta = jnp.array([-3.0, -1e-9])
        density = lambda e, link=link: jnp.sum(family.distribution(link, e, **aux).log_prob(jnp.ones(2)))  # noqa: E731
        assert (family.distribution(link, eta, **aux).log_prob(jnp.ones(2)) == -jnp.inf).all()
        np.testing.assert_array_equal(jax.grad(density)(eta), 0.0)
        np.testing.assert_array_equal(jax.hessian(density)(eta), 0.0)


@pytest.mark.parametrize(
    ("name", "concentration"), [("gamma", 0.05), ("gamma", 3.0), ("gamma", 1e5), ("inverse_gaussian", 2.0)]
)
def test_the_profile_is_where_the_likelihood_is_highest(name, concentration):
    family = families.get(name)
    rng = np.random.default_rng(4)
    mean = np.exp(rng.normal(size=400))
    y = OTHERS[name](mean, concentration).rvs(random_state=rng)
    y, weights = np.maximum(y, 1e-300), rng.integers(1, 4, 400).astype(float)
    best = family.auxiliaries[0].profile(y, mean, weights)
    total = lambda a: jnp.sum(weights * family.log_likelihood(family.links[0], y, jnp.log(mean), a))  # noqa: E731
    curvature = float(jax.hessian(total)(best))
    assert curvature < 0
    assert abs(float(jax.grad(total)(best)) / curvature) < 1e-9 * best
    assert 0.7 < best / concentration < 1.4


@pytest.mark.parametrize("name", [*OTHERS, "beta"])
@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf])
def test_what_is_not_in_the_support_is_refused_with_the_row(name, wrong):
    if np.isinf(wrong) and name != "beta":
        pytest.skip("a design holds finite responses")
    with pytest.raises(DataError, match="row r2") as caught:
        families.get(name).check(np.array([0.5, wrong, 0.2]), "y", None, np.array(["r1", "r2", "r3"]))
    assert "to do" in str(caught.value)


def test_ends_of_the_unit_interval_are_refused_with_advice():
    for y in ([0.5, 1.0], [0.0, 0.5]):
        with pytest.raises(DataError, match="binomial"):
            families.get("beta").check(np.array(y), "share", None, np.arange(2))


def test_links_by_the_names_that_others_use():
    for name in ("gamma", "inverse_gaussian"):
        assert families.get(name).link("identity").restricted
        assert families.get(name).link("inverse").name == "reciprocal"
    assert families.get("gamma").link(None).name == "log"

"""Distribution functions against SciPy in the body, from almost no to almost perfect precision; draws and moments where
a link has no mean.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm import families

SHARES = np.array([1e-8, 1e-3, 0.2, 0.5, 0.50001, 0.9, 0.999, 1.0 - 1e-8])
MEANS = (0.02, 1.0, 30.0)
# family: (SciPy's distribution of a mean and an auxiliary value, means, auxiliary values)
CONTINUOUS = {
    "gaussian": (lambda mu, s: stats.norm(mu, s), (-3.0, 0.0, 1e4), (0.1, 20.0)),
    "student_t": (lambda mu, v: stats.t(v, mu, 1.5), (-3.0, 0.0, 20.0), (1.1, 4.0, 300.0, 1e6)),
    "gamma": (lambda mu, a: stats.gamma(a, scale=mu / a), MEANS, (0.05, 1.0, 80.0, 1e4)),
    "inverse_gaussian": (lambda mu, a: stats.invgauss(mu / a, scale=a), MEANS, (0.3, 4.0, 1e4)),
    "exponential": (lambda mu, a: stats.expon(scale=mu), MEANS, (1.0,)),
    "weibull": (lambda mu, a: stats.weibull_min(a, scale=mu), MEANS, (0.5, 1.0, 20.0)),
    "beta": (lambda mu, a: stats.beta(mu * a, a - mu * a), (0.03, 0.5, 0.9), (0.4, 7.0, 300.0, 1e4)),
}
DISCRETE = {
    "bernoulli": (lambda mu, a: stats.bernoulli(mu), (0.01, 0.5, 0.97), (1.0,)),
    "binomial": (lambda mu, m: stats.binom(m, mu), (0.01, 0.5, 0.97), (1.0, 12.0, 5e3)),
    "poisson": (lambda mu, a: stats.poisson(mu), (0.02, 4.0, 1e4), (1.0,)),
    "negative_binomial": (lambda mu, r: stats.nbinom(r, r / (r + mu)), (0.02, 4.0, 1e3), (0.1, 3.0, 1e4)),
    "negative_binomial_1": (lambda mu, a: stats.nbinom(mu / a, 1 / (1 + a)), (0.02, 4.0, 300.0), (0.05, 3.0)),
}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def example(table, name):
    """Our distribution over rows of means, auxiliary values and shares, SciPy's, and its quantiles at the shares."""
    make, means, values = table[name]
    mean, value, share = (part.ravel() for part in np.meshgrid(means, values, SHARES, indexing="ij"))
    family, other = families.get(name), make(mean, value)
    known = {"sigma": np.full(len(mean), 1.5)} if name == "student_t" else {}
    names = [*known, *family.rows[:1]] if name == "binomial" else [p.name for p in family.auxiliaries]
    aux = {n: known.get(n, value) for n in names}
    eta = family.links[0].forward(mean)
    return family.distribution(family.links[0], jnp.asarray(eta), **aux), other, other.ppf(share)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_distribution_functions_are_scipys(name):
    ours, other, y = example(CONTINUOUS, name)
    known = (y > np.finfo(float).tiny) | (np.asarray(ours.support(y - 1e9)))  # a quantile that flushed to 0 is none
    got = np.asarray(ours.cdf(jnp.asarray(np.where(known, y, 1.0))))
    np.testing.assert_allclose(got[known], other.cdf(y)[known], rtol=1e-10)


@pytest.mark.parametrize("name", DISCRETE)
def test_distribution_functions_of_counts_step_by_their_probability(name):
    ours, other, y = example(DISCRETE, name)
    at, before = (np.asarray(ours.cdf(jnp.asarray(value))) for value in (y, y - 1.0))
    np.testing.assert_allclose(at, other.cdf(y), rtol=1e-10)
    np.testing.assert_allclose(before, other.cdf(y - 1.0), rtol=1e-10, atol=1e-20)
    np.testing.assert_allclose(at - before, np.exp(np.asarray(ours.log_prob(jnp.asarray(y)))), rtol=1e-8, atol=1e-11)
    np.testing.assert_array_equal(ours.cdf(jnp.asarray(y + 0.7)), at)


def test_a_tobit_row_steps_at_its_bound_by_the_share_below_it():
    family, eta = families.get("tobit"), np.linspace(-3.0, 3.0, 7)
    ours = family.distribution(family.links[0], jnp.asarray(eta), sigma=0.8)
    np.testing.assert_array_equal(ours.cdf(jnp.full(7, -1e-12)), 0.0)
    for y in (0.0, 0.3, 2.0):
        np.testing.assert_allclose(ours.cdf(jnp.full(7, y)), stats.norm(eta, 0.8).cdf(y), rtol=1e-10)


RESTRICTED = [(f, link) for f in families.registry for link in f.links if link.restricted]


@pytest.mark.parametrize(("family", "link"), RESTRICTED, ids=lambda x: x.name)
def test_outside_its_domain_a_row_has_no_moments_and_no_draws(family, link):
    aux = {p.name: 2.0 for p in family.auxiliaries}
    rows = family.distribution(link, jnp.array([-3.0, -1e-9, 0.7, 2.0]), **aux)
    draws = rows.sample(jax.random.key(0), (50,))
    inside = np.array([False, False, True, True])
    for moment in (rows.mean, rows.variance):
        np.testing.assert_array_equal(np.isfinite(moment), inside)
    # Integers have no NaN: a count that is none is -1.
    np.testing.assert_array_equal(np.asarray(rows.support(draws)).all(0), inside)
    assert family.discrete or bool(jnp.isnan(draws[:, :2]).all())

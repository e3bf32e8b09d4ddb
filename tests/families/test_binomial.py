"""Binomial responses: trials, Bernoulli as one trial, deviance, large counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm import families, links
from bayes_rglm.errors import DataError

FAMILY, ONE = families.get("binomial"), families.get("bernoulli")


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("link", FAMILY.links, ids=lambda link: link.name)
def test_one_trial_is_a_bernoulli_row(link):
    eta = np.linspace(-8, 8, 17)
    for y in (0.0, 1.0):
        for array in (np.asarray, jnp.asarray):
            assert FAMILY.link(link.name) is ONE.link(link.name)
            for name in ("log_likelihood", "score"):
                ours = getattr(FAMILY, name)(link, array(np.full(17, y)), array(eta), 1.0)
                np.testing.assert_allclose(ours, getattr(ONE, name)(link, np.full(17, y), array(eta)), rtol=1e-13)
    np.testing.assert_allclose(FAMILY.information(link, eta, 1.0), ONE.information(link, eta), rtol=1e-13)
    np.testing.assert_allclose(FAMILY.information(link, eta, 7.0), 7 * ONE.information(link, eta), rtol=1e-13)


@pytest.mark.parametrize("link", FAMILY.links, ids=lambda link: link.name)
def test_the_binomial_coefficient_is_included_at_any_size(link):
    for trials in (1, 6, 40, 1_000, 3_000_000):
        share = np.asarray(link.inverse(np.array([-1.0, 0.2, 0.9])))
        y = np.round(trials * share)
        got = FAMILY.distribution(link, np.array([-1.0, 0.2, 0.9]), trials=trials).log_prob(y)
        np.testing.assert_allclose(got, stats.binom(trials, share).logpmf(y), rtol=1e-7)


def test_no_trials_carry_no_information():
    dist = FAMILY.distribution(links.logit, jnp.array([-3.0, 2.0]), trials=jnp.array([0.0, 4.0]))
    assert dist.log_prob(jnp.array([0.0, 4.0]))[0] == 0.0
    assert dist.sample(jax.random.key(0))[0] == 0
    assert dist.mean[0] == 0.0
    assert dist.cdf(jnp.zeros(2))[0] == 1.0
    assert float(FAMILY.unit_deviance(np.array([0.0]), np.array([0.3]), np.array([0.0]))[0]) == 0.0


def test_the_unit_deviance_is_twice_the_loss_against_the_saturated_row():
    trials, y = 9.0, np.arange(10.0)[:, None]
    mu = np.array([0.01, 0.3, 0.9])
    saturated = stats.binom(trials, y / trials).logpmf(y)
    loss = 2 * (saturated - stats.binom(trials, mu).logpmf(y))
    np.testing.assert_allclose(FAMILY.unit_deviance(y, mu, trials), loss, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(FAMILY.unit_deviance(y, jnp.asarray(mu), trials), loss, rtol=1e-9, atol=1e-12)
    assert FAMILY.variance(0.3, 9.0) == pytest.approx(stats.binom(9, 0.3).var())


@pytest.mark.parametrize(
    ("y", "trials", "words"),
    [
        ([1, 2, 3], None, ["without trials", 'trials="m"']),
        ([1, 2, 3], [4, 2, 2], ["at most as many", "row r2", "3 of 2 trials", "1 such rows of 3"]),
        ([1, 2, 3], [4, 2.5, 4], ["are counts", "row r1", "value 2.5"]),
        ([1, 2, 3], [4, np.nan, 4], ["are counts", "row r1", "value nan"]),
        ([1, 2, 0], [4, 2, -1], ["are counts", "row r2", "value -1"]),
        ([1, 1.5, 3], [4, 4, 4], ["row r1", "value 1.5", "number of successes"]),
        ([1, -1, 3], [4, 4, 4], ["row r1", "value -1"]),
    ],
)
def test_bad_trials_are_refused_by_row(y, trials, words):
    with pytest.raises(DataError) as caught:
        FAMILY.check(np.array(y, float), "wins", None, np.array(["r0", "r1", "r2"]), trials=trials and np.array(trials))
    assert all(word in str(caught.value) for word in (*words, "'binomial'", "'wins'"))


def test_rows_with_both_outcomes_hold_the_predictor():
    signs, equal = FAMILY.separation(np.array([0.0, 2.0, 5.0]), trials=np.array([5.0, 5.0, 5.0]))
    np.testing.assert_array_equal(signs[[0, 2]], [-1, 1])
    np.testing.assert_array_equal(equal, [False, True, False])

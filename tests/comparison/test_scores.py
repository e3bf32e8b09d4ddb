"""Scores against closed forms, brute force and integrals of the definition."""

import numpy as np
import pytest
from scipy import integrate, stats

from bayes_rglm import Design, Draws, Fit, Problem
from bayes_rglm.comparison import brier_score, crps_normal, crps_sample, scores
from bayes_rglm.prediction import log_score


def test_brier_by_hand():
    np.testing.assert_allclose(brier_score([0.9, 0.2, 0.0], [1, 0, 1]), [0.01, 0.04, 1.0], rtol=1e-14)


@pytest.mark.parametrize(("y", "mean", "sd"), [(0.3, 0.0, 1.0), (-2.0, 1.5, 0.4), (1e3, 990.0, 25.0)])
def test_crps_of_a_normal_is_the_integral_of_its_definition(y, mean, sd):
    below = integrate.quad(lambda x: stats.norm.cdf(x, mean, sd) ** 2, mean - 12 * sd, y, limit=200)[0]
    above = integrate.quad(lambda x: stats.norm.sf(x, mean, sd) ** 2, y, mean + 12 * sd, limit=200)[0]
    assert crps_normal(y, mean, sd) == pytest.approx(below + above, rel=1e-7)


def test_crps_of_a_sample_is_the_fair_estimator():
    x, y = np.random.default_rng(0).gamma(2.0, size=(7, 5)), np.array([0.1, 1.0, 2.0, 3.0, 9.0])
    pairs = np.abs(x[:, None] - x[None]).sum((0, 1)) / (2 * 7 * 6)
    np.testing.assert_allclose(crps_sample(y, x), np.abs(x - y).mean(0) - pairs, rtol=1e-13)


def test_crps_of_a_sample_by_hand():
    # outcomes 0 and 2, y = 1: mean |x - y| = 1, and the only pair is 2 apart: 1 - 2 / 2
    assert crps_sample(np.array([1.0]), np.array([[0.0], [2.0]])) == pytest.approx([0.0], abs=1e-15)


def test_crps_of_a_sample_is_unbiased_in_the_number_of_outcomes():
    y, rng = np.zeros(4000), np.random.default_rng(1)
    few = crps_sample(y, rng.normal(size=(2, 4000)))
    assert abs(few.mean() - crps_normal(0.0, 0.0, 1.0)) < 4 * few.std() / np.sqrt(4000)


# fits made by hand ---------------------------------------------------------------------------------------------------


def gaussian(world, intercepts, sigmas, log_weights=None, kind="mcmc"):
    """A fit whose draws are (0, intercept, sigma): no slopes."""
    problem = world.problem("gaussian")
    count = len(intercepts)
    samples = {
        "beta": np.zeros((1, count, 3)),
        "intercept": np.array([intercepts], float),
        "sigma": np.array([sigmas], float),
    }
    weights = None if log_weights is None else np.array([log_weights], float)
    return Fit(problem, Draws(samples, kind, log_weights=weights), "hand")


def test_log_score_is_the_log_of_the_mean_density(world):
    fit, design = gaussian(world, [0.0, 1.0], [1.0, 2.0]), world.problem("gaussian").design
    density = (stats.norm.pdf(design.y, 0, 1) + stats.norm.pdf(design.y, 1, 2)) / 2
    np.testing.assert_allclose(log_score(fit, design), np.log(density), rtol=1e-12)


def test_weighted_draws_score_as_their_mixture(world):
    fit = gaussian(world, [0.0, 1.0], [1.0, 2.0], log_weights=np.log([3.0, 1.0]))
    y = fit.design.y
    density = 0.75 * stats.norm.pdf(y, 0, 1) + 0.25 * stats.norm.pdf(y, 1, 2)
    np.testing.assert_allclose(log_score(fit, fit.design), np.log(density), rtol=1e-12)
    drawn = scores.equal_draws(fit)["intercept"]
    assert drawn.shape == (1, scores.OUTCOMES)
    assert (drawn == 0.0).mean() == pytest.approx(0.75, abs=1e-3)


def test_crps_of_a_gaussian_point_is_closed_and_simulation_agrees(world):
    point = gaussian(world, [0.4], [0.8], kind="point")
    closed = scores.second_score(point, point.design, "crps")
    np.testing.assert_allclose(closed, crps_normal(point.design.y, 0.4, 0.8), rtol=1e-12)
    twice = gaussian(world, [0.4, 0.4], [0.8, 0.8])
    simulated = scores.second_score(twice, twice.design, "crps")
    assert np.max(np.abs(simulated - closed)) < 0.12
    assert not np.array_equal(simulated, closed)


def test_every_method_has_as_many_outcomes_and_blocks_do_not_matter(world, monkeypatch):
    point = world.fit("bernoulli", 1, "ml")
    rows = {"X": point.design.X}
    for draws in (1, 3, 40):
        samples = {k: np.repeat(v, draws, axis=1) for k, v in point.draws.samples.items()}
        assert scores._outcomes(point, samples, rows, 0).shape == (scores.OUTCOMES, point.design.n)
    whole = scores.second_score(point, point.design, "crps")
    monkeypatch.setattr(scores, "BLOCK", scores.OUTCOMES * 7)
    parts = scores.second_score(point, point.design, "crps")
    exact = scores.second_score(point, point.design, "brier")  # what the CRPS of a binary response is
    assert np.max(np.abs(whole - exact)) < 0.08
    assert np.max(np.abs(parts - exact)) < 0.08
    assert not np.array_equal(parts, whole)


def test_crps_of_a_poisson_point_is_that_of_its_distribution(world):
    point = world.fit("poisson", 1, "ml")
    rate = np.exp(point.problem.linear_predictor({k: v[0, 0] for k, v in point.draws.samples.items()}))
    grid = np.arange(0, 200)[:, None]
    step = (stats.poisson.cdf(grid, rate) - (grid >= point.design.y)) ** 2
    simulated = scores.second_score(point, point.design, "crps")
    assert np.abs(simulated - step.sum(0)).mean() < 0.06


def test_brier_uses_the_predictive_probability(world):
    problem = world.problem("bernoulli")
    samples = {"beta": np.zeros((1, 2, 3)), "intercept": np.array([[-1.0, 2.0]])}
    fit = Fit(problem, Draws(samples, "mcmc"), "hand")
    p = (1 / (1 + np.exp(1.0)) + 1 / (1 + np.exp(-2.0))) / 2
    np.testing.assert_allclose(scores.second_score(fit, fit.design, "brier"), (p - problem.design.y) ** 2, rtol=1e-12)


def test_scores_of_new_rows_use_their_offset():
    X, y = np.array([[0.0], [1.0], [2.0], [4.0]]), np.array([1.0, 2.0, 3.0, 5.0])
    from bayes_rglm import RGLM

    design = Design.from_arrays(X, y, offset=np.zeros(4))
    samples = {"beta": np.zeros((1, 1, 1)), "intercept": np.zeros((1, 1))}
    fit = Fit(Problem(RGLM("poisson"), design), Draws(samples, "point"), "hand")
    shifted = Design.from_arrays(X, y, offset=np.log(3.0) * np.ones(4))
    np.testing.assert_allclose(log_score(fit, shifted), stats.poisson.logpmf(y, 3.0), rtol=1e-12)

"""Effective parameters against their closed form in a linear model, and what is not claimed."""

import numpy as np
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, fit
from bayes_rglm.comparison.complexity import NONE, Facts, effective_parameters, facts_of, over_folds
from bayes_rglm.gates import Label

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = X @ [1.0, -1.0, 0.5, 0.0] + RNG.normal(size=200)


def exact(tau, draws=1000):
    """(fit, p_loo): exact draws of a linear model of sd 1, prior sd `tau`; leaving a row out is a rank-one change."""
    Z = np.column_stack([np.ones(200), X])
    cross = Z.T @ Z
    covariance = np.linalg.inv(cross + np.eye(5) / tau**2)
    values = np.random.default_rng(1).multivariate_normal(covariance @ Z.T @ Y, covariance, size=(1, draws))
    problem = Problem(RGLM("gaussian", fixed={"sigma": 1.0}), Design.from_arrays(X, Y))
    samples = {"intercept": values[..., 0], "beta": values[..., 1:]}
    leverage, residual = np.einsum("ij,jk,ik->i", Z, covariance, Z), Y - Z @ covariance @ Z.T @ Y
    inside = stats.norm.logpdf(residual, 0.0, np.sqrt(1.0 + leverage))
    outside = stats.norm.logpdf(residual / (1.0 - leverage), 0.0, 1.0 / np.sqrt(1.0 - leverage))
    return Fit(problem, Draws(samples, "approximation"), "exact"), float(np.sum(inside - outside))


@pytest.mark.parametrize("tau", [10.0, 0.03])
def test_effective_parameters_of_a_linear_model_have_a_closed_form(tau):
    draws, expected = exact(tau)
    assert effective_parameters(draws) == pytest.approx(expected, abs=0.15)
    assert abs(exact(10.0)[1] - exact(0.03)[1]) > 1  # the two cases differ


def test_what_is_not_known_is_not_claimed(world):
    draws, _ = exact(10.0)
    samples = draws.draws.samples

    def of(**changes):
        return effective_parameters(Fit(draws.problem, Draws(**{"samples": samples, "kind": "mcmc"} | changes), "x"))

    assert np.isfinite(of(kind="approximation"))
    assert np.isnan(of(kind="prior"))
    assert np.isnan(of(kind="approximation", labels=(Label("not_a_mode", "no"),)))
    assert np.isnan(of(kind="approximation", log_weights=np.zeros((1, 1000))))
    assert np.isnan(of(kind="approximation", samples={k: v[:, :50] for k, v in samples.items()}))
    assert np.isnan(effective_parameters(world.fit("gaussian", 1, "ml")))


def test_facts_of_fits(world):
    ml, nuts = facts_of(world.fit("bernoulli", 1, "ml")), facts_of(world.fit("bernoulli", 1, "nuts"))
    assert (ml.parameters, nuts.parameters) == (4.0, 4.0)
    assert ml.gradients == world.fit("bernoulli", 1, "ml").draws.info["steps"]
    stats = world.fit("bernoulli", 1, "nuts").draws.stats
    assert "gradients of the warm-up" not in stats
    assert nuts.gradients > stats["n_steps"].sum() + 200  # 2 chains x 100 transitions of warm-up, at least one each
    assert nuts.r_hat >= 1.0
    assert np.isnan([ml.r_hat, ml.k_hat, ml.effective]).all()


def test_a_point_counts_the_gradients_of_all_its_starts(world):
    found = world.fit("bernoulli", 2, "map").draws.info
    assert found["gradients"] >= found["steps"] + found["starts"] - 1


def test_facts_of_folds_are_joined():
    found = over_folds([Facts(3.0, 2.0, 10.0, 1.0, NONE), Facts(3.0, 4.0, 30.0, 1.2, NONE)])
    assert (found.parameters, found.effective, found.gradients, found.r_hat) == (3.0, 3.0, 40.0, 1.2)
    assert np.isnan(found.k_hat)


def test_gradients_of_restricted_links_are_counted():
    y = np.random.default_rng(2).poisson(4.0, 200)
    found = fit(RGLM("poisson", link="sqrt"), (X, y), "map", seed=0).draws.info
    assert found["gradients"] >= found["steps"]

"""Draws of the prior are those of NumPyro's Predictive; an ensemble is its members."""

import jax
import numpy as np
import pytest
from numpyro.infer import Predictive

from bayes_rglm import RGLM, Design, estimators, fit, predict
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators import Ensemble, Prior
from bayes_rglm.prediction import log_score
from bayes_rglm.priors import Flat


def test_prior_draws_have_the_moments_of_numpyros(world):
    problem = world.problem("gaussian", 2)
    found = fit(problem, estimator=Prior(draws=1000))
    with jax.enable_x64(True):
        theirs = Predictive(problem.numpyro_model, num_samples=4000)(jax.random.key(2), **problem.model_kwargs)
    for site, values in found.draws.samples.items():
        ours = values.reshape(4000, -1)
        other = np.asarray(theirs[site]).reshape(4000, -1)
        error = 5.0 * ours.std(0) / np.sqrt(2000)
        assert np.all(np.abs(ours.mean(0) - other.mean(0)) < error), site
        np.testing.assert_allclose(ours.std(0), other.std(0), rtol=0.12)


def test_the_tree_of_the_prior(world):
    found = fit(world.problem("poisson"), estimator=Prior(draws=50, chains=2))
    assert {"prior", "prior_predictive", "observed_data"} <= set(found.tree.children)
    assert "posterior" not in found.tree.children
    assert found.tree["prior_predictive"]["y"].shape == (2, 50, world.rows)
    assert "r_hat" not in found.summary()


def test_the_response_does_not_matter(world):
    """The default prior knows the data's scale; an explicit one knows nothing of the data."""
    problem = world.problem("bernoulli")
    flipped = Design.from_arrays(problem.design.X, 1.0 - problem.design.y, columns=world.columns)
    one, other = (fit(world.model("bernoulli"), d, Prior(draws=20)) for d in (problem.design, flipped))
    np.testing.assert_array_equal(one.draws.samples["beta"], other.draws.samples["beta"])


def test_a_flat_prior_cannot_be_drawn_from(world):
    with pytest.raises(EstimatorError, match="beta"):
        fit(RGLM("gaussian", prior=Flat()), world.design("gaussian"), "prior")


@pytest.mark.parametrize("of", ["map", "ml"])
def test_an_ensemble_is_a_mixture_of_its_members(world, of):
    problem = world.problem("bernoulli", 2)
    found = fit(problem, estimator=Ensemble(members=3, of=of, steps=200))
    assert found.draws.samples["beta_1"].shape[:2] == (1, 3)
    rows = predict(found, kind="mean").values[0]
    y = problem.design.y
    densities = np.where(y == 1, rows, 1 - rows)
    np.testing.assert_allclose(log_score(found, problem.design), np.log(densities.mean(0)), rtol=1e-9)
    best = max(found.draws.info["optima"])
    single = fit(problem, estimator=estimators.get("map") if of == "map" else "ml")
    if of == "map":
        assert best <= single.draws.info["log_density"] + 1e-6


def test_members_start_apart(world):
    found = fit(world.problem("gaussian", 2), estimator=Ensemble(members=3, steps=3))
    members = found.draws.samples["beta_1"][0, :, 0, 0]
    assert len(np.unique(members)) == 3
    table = found.summary(weights=True)
    assert list(table.columns) == ["status", "mean", "sd_between_members"]
    np.testing.assert_allclose(table.loc["beta_1[age, 0]", "sd_between_members"], members.std(ddof=1))


def test_members_at_one_optimum_are_told_with_no_certainty(world):
    """The mean of members that are all alike has no spread to print; nor have estimates that do not exist."""
    found = fit(world.problem("gaussian"), estimator=Ensemble(members=3, of="map"))
    assert list(found.summary().columns) == ["status", "mean"]
    x = np.linspace(-1.0, 1.0, 40)
    separated = fit(RGLM("bernoulli"), (x[:, None], (x > 0) * 1.0), Ensemble(of="ml"))
    table = separated.summary()
    assert list(table.columns) == ["status", "mean"]
    assert table.loc["beta[x0]", "mean"] == np.inf
    assert table.loc["beta[x0]", "status"] == "mle_infinite"

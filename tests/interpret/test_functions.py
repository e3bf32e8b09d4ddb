"""`functions`: linear predictors and invariants by hand, invariance, and what ArviZ makes of the tree."""

import arviz as az
import numpy as np
import pandas as pd
import pytest

from bayes_rglm import RGLM, Draws, Fit, Problem, fit, predict
from bayes_rglm.errors import DataError, EstimatorError
from bayes_rglm.interpret import functions, invariants


def test_depth_one_by_hand(world):
    fit = world.fit("gaussian", 1, "nuts")
    tree, s = functions(fit, at=world.frame("gaussian").iloc[:5]), fit.draws.samples
    eta = np.einsum("cdp,np->cdn", s["beta"], world.X[:5]) + s["intercept"][..., None]
    np.testing.assert_allclose(tree["posterior"]["eta"], eta, rtol=1e-10)
    assert tree["posterior"]["eta"].dims == ("chain", "draw", "point")
    assert tree["posterior"]["point"].values.tolist() == world.labels[:5]
    np.testing.assert_allclose(tree["posterior"]["beta_squared_norm"], (s["beta"] ** 2).sum(-1))
    np.testing.assert_array_equal(tree["posterior"]["sigma"], s["sigma"])


def test_totals_add_up_to_the_log_joint(world, double):
    fit = world.fit("gaussian", 2, "nuts")
    values = invariants(fit)
    theta = {k: v[1, 7] for k, v in fit.draws.samples.items()}
    total = values["log_likelihood"][1, 7] + values["log_prior"][1, 7]
    assert total == pytest.approx(float(fit.problem.log_joint(theta)), rel=1e-10)
    assert values["log_likelihood"][1, 7] == pytest.approx(float(fit.problem.log_likelihood(theta).sum()), rel=1e-10)


def test_nothing_changes_when_units_swap_and_flip(world):
    fit = world.fit("bernoulli", 2, "nuts")
    s, order, sign = fit.draws.samples, [2, 0, 1], np.array([1.0, -1.0, -1.0])
    other = {
        "beta_1": s["beta_1"][..., order] * sign,
        "intercept_1": s["intercept_1"][..., order] * sign,
        "beta": s["beta"][..., order] * sign,
        "intercept": s["intercept"],
    }
    assert not np.allclose(other["beta"], s["beta"])
    twin = functions(Fit(fit.problem, Draws(other, "mcmc"), "twin"))
    for name, values in functions(fit)["posterior"].data_vars.items():
        if name != "log_prior":
            np.testing.assert_allclose(twin["posterior"][name], values, rtol=1e-8, err_msg=name)
    np.testing.assert_allclose(twin["posterior"]["log_prior"], functions(fit)["posterior"]["log_prior"], rtol=1e-6)


def test_arviz_takes_the_tree(world):
    tree = functions(world.fit("bernoulli", 2, "nuts"))
    table = az.summary(tree)
    assert {"log_likelihood", "log_prior", "beta_1_squared_norm", "beta_squared_norm"} <= set(table.index)
    assert sum(name.startswith("eta[") for name in table.index) == world.rows
    assert set(az.rhat(tree).data_vars) == set(tree["posterior"].data_vars)
    assert "diverging" in tree["sample_stats"]


def test_default_rows_are_some_of_the_fitted_ones(world):
    tree = functions(world.fit("bernoulli", 1, "nuts"))
    assert tree["posterior"].sizes["point"] == 40
    assert tree["posterior"]["point"].values.tolist() == world.labels


def test_a_point_is_one_draw_and_says_so(world):
    tree = functions(world.fit("bernoulli", 1, "ml"))
    assert dict(tree["posterior"].sizes) == {"chain": 1, "draw": 1, "point": 40}
    assert "point_estimate" in tree["posterior"].attrs
    assert "sample_stats" not in tree


def test_an_array_design_takes_arrays():
    from bayes_rglm import RGLM, fit

    X = np.random.default_rng(0).normal(size=(15, 2))
    made = fit(RGLM("gaussian"), (X, X[:, 0] + 0.1 * X[:, 1] ** 2), "ml")
    eta = functions(made, at=X[:4])["posterior"]["eta"].values[0, 0]
    np.testing.assert_allclose(eta, X[:4] @ made.draws.samples["beta"][0, 0] + made.draws.samples["intercept"][0, 0])


def test_bad_rows_and_foreign_fits_are_refused(world):
    with pytest.raises(DataError, match="dose"):
        functions(world.fit("bernoulli", 1, "ml"), at=world.frame("bernoulli")[["age", "year"]])

    import numpyro
    import numpyro.distributions as dist

    def model(y=None):
        mu = numpyro.sample("mu", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mu, 1).expand([3]).to_event(1), obs=y)

    foreign = Fit.from_draws(Problem.from_numpyro(model, {"y": np.zeros(3)}), {"mu": np.zeros((1, 4))})
    with pytest.raises(EstimatorError, match="linear predictor"):
        functions(foreign)


def test_without_columns_everything_stays_in_double_precision(world):
    """Warnings are errors here: outside double precision JAX would warn of its narrowing."""
    found = fit(RGLM("poisson"), ("y ~ 1", pd.DataFrame({"y": world.y("poisson")})), "ml")
    intercept = found.draws.samples["intercept"].item()
    for eta in (predict(found, kind="linear"), functions(found)["posterior"]["eta"]):
        assert eta.dtype == np.float64
        np.testing.assert_array_equal(eta.values, np.full((1, 1, world.rows), intercept))

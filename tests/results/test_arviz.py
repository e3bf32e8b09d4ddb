"""ArviZ on the trees of all estimators that give draws: of a prior, a mixture, an approximation or a chain."""

import warnings

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import pytest

from bayes_rglm import estimators

GIVES_DRAWS = ("prior", "laplace", "svi", "ensemble", "nuts")
AFTER = tuple(name for name in GIVES_DRAWS if name != "prior")
SITES = ("beta", "intercept", "sigma")
every = pytest.mark.parametrize("name", GIVES_DRAWS)


@pytest.fixture(autouse=True)
def quiet():
    """ArviZ warns of few draws; what it computes is what is asked here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="arviz|bayes_rglm")
        warnings.filterwarnings("ignore", message="Estimated shape|invalid value|divide by zero")
        yield
    plt.close("all")


@pytest.fixture
def drawn(world):
    """A function from an estimator's name to (fit, tree, group of its draws)."""

    def make(name):
        found = world.fit("gaussian", 1, name)
        return found, found.tree, "prior" if found.draws.kind == "prior" else "posterior"

    return make


def test_the_list_is_that_of_the_registry(world):
    kinds = {name: world.fit("gaussian", 1, name).draws.kind for name in estimators.names()}
    assert {name for name, kind in kinds.items() if kind != "point"} == set(GIVES_DRAWS)


@every
def test_numbers(drawn, name):
    found, tree, group = drawn(name)
    samples = found.draws.samples
    table = az.summary(tree, group=group, kind="stats", round_to="none")
    rows = [f"beta[{column}]" for column in found.design.columns]
    assert set(table.index) == {*rows, "intercept", "sigma"}
    np.testing.assert_allclose(table.loc[rows, "mean"].astype(float), samples["beta"].mean((0, 1)), rtol=1e-9)
    interval = az.hdi(tree, group=group, prob=0.8)
    low, high = interval["sigma"].values
    inside = np.mean((samples["sigma"] >= low) & (samples["sigma"] <= high))
    assert inside >= 0.79
    assert set(interval.data_vars) == set(SITES)


@pytest.mark.parametrize("name", ["prior", "laplace", "svi", "nuts"])
def test_convergence_of_independent_draws_and_of_chains(drawn, name):
    found, tree, group = drawn(name)
    total = found.draws.samples["sigma"].size
    rhat, ess = az.rhat(tree, group=group), az.ess(tree, group=group)
    for site in SITES:
        assert np.all(rhat[site] < 1.3)
        assert np.all(ess[site] > 0.05 * total)


PLOTS = {
    "trace": lambda tree, group: az.plot_trace(tree, group=group),
    "dist": lambda tree, group: az.plot_dist(tree, group=group),
    "forest": lambda tree, group: az.plot_forest(tree, group=group),
    "ppc_dist": lambda tree, group: az.plot_ppc_dist(tree, group=f"{group}_predictive", num_samples=2),
}


@every
@pytest.mark.parametrize("plot", PLOTS)
def test_plots(drawn, plot, name):
    _, tree, group = drawn(name)
    shown = PLOTS[plot](tree, group)
    assert [line for axes in plt.gcf().axes for line in (*axes.lines, *axes.collections)]
    assert shown is not None


@pytest.mark.parametrize("name", ["laplace", "svi", "nuts"])
def test_leave_one_out(drawn, name):
    found, tree, _ = drawn(name)
    answer = az.loo(tree, pointwise=True)
    rows = tree["log_likelihood"]["y"].values.reshape(-1, found.problem.n)
    inside = np.logaddexp.reduce(rows) - np.log(len(rows))
    assert inside.sum() - 20 < answer.elpd < inside.sum()


@pytest.mark.parametrize("name", ["ml", "map", "ensemble"])
def test_optima_say_that_leave_one_out_is_not_for_them(drawn, name):
    _, tree, _ = drawn(name)
    assert "LOO needs draws of a posterior" in tree["log_likelihood"].attrs["loo"]
    with pytest.raises((IndexError, ValueError)):
        az.loo(tree)
    assert "loo" not in drawn("laplace")[1]["log_likelihood"].attrs


def test_the_approximations_beside_the_posterior(drawn):
    trees = {name: drawn(name)[1] for name in ("laplace", "svi", "nuts")}
    table = az.compare(trees, round_to="none")
    assert set(table.index) == set(trees)
    assert list(table["rank"]) == [0, 1, 2]
    assert np.ptp(table["elpd"].astype(float)) < 3.0, "one model, one posterior"


@pytest.mark.parametrize("name", ["laplace", "svi", "nuts"])
def test_prior_sensitivity(drawn, name):
    _, tree, _ = drawn(name)
    table = az.psense_summary(tree)
    assert np.isfinite(table[["prior", "likelihood"]].to_numpy(float)).all()

"""`fit.tree`: ArviZ's groups under the user's own names, taken by ArviZ as it is."""

import warnings
from dataclasses import replace

import arviz as az
import jax
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayes_rglm import RGLM, Fit, families, fit, tree
from bayes_rglm.errors import DataError
from bayes_rglm.estimators import Draws

MODELS = [*((family, 1) for family in families.names()), ("gaussian", 2)]
# What ArviZ sees of a family: numbers, classes, counts, an axis of levels, cut-points; and hidden layers.
SHAPES = [(name, 1) for name in ("gaussian", "bernoulli", "poisson", "categorical", "ordinal")] + [("gaussian", 2)]
every_model = pytest.mark.parametrize(("family", "depth"), MODELS)


@every_model
def test_groups_dimensions_and_coordinates(world, family, depth):
    found = world.fit(family, depth)
    data = found.tree
    assert set(data.children) == {
        "posterior",
        "sample_stats",
        "log_prior",
        "log_likelihood",
        "posterior_predictive",
        "observed_data",
        "constant_data",
    }
    posterior = data["posterior"]
    assert dict(data["log_likelihood"]["y"].sizes) == {"chain": 2, "draw": 100, "obs": world.rows}
    assert data["posterior_predictive"]["y"].dims == ("chain", "draw", "obs")
    assert list(data["log_likelihood"]["obs"].values) == world.labels
    assert list(posterior["predictor"].values) == list(world.columns)
    if depth == 1:
        level = ("level",) * (families.get(family).outputs == "levels")
        assert posterior["beta"].dims == ("chain", "draw", "predictor", *level)
        located = "intercept" if families.get(family).intercept else "cutpoints"
        last = level if located == "intercept" else ("cutpoint",)
        assert posterior[located].dims == ("chain", "draw", *last)
    else:
        assert posterior["beta_1"].dims == ("chain", "draw", "predictor", "unit_1")
        assert posterior["intercept_1"].dims == posterior["beta"].dims == ("chain", "draw", "unit_1")
    for name, values in found.draws.samples.items():
        np.testing.assert_array_equal(posterior[name].values, values)
    np.testing.assert_array_equal(data["observed_data"]["y"], found.design.y)
    assert data["observed_data"]["y"].dtype.kind == ("i" if families.get(family).discrete else "f")
    np.testing.assert_array_equal(data["constant_data"]["X"], found.design.X)
    assert set(data["log_prior"].data_vars) == set(found.draws.samples)


@every_model
def test_log_groups_are_the_problems(world, family, depth):
    found = world.fit(family, depth)
    with jax.enable_x64(True):
        for c, d in [(0, 0), (1, 57)]:
            theta = {k: v[c, d] for k, v in found.draws.samples.items()}
            rows = found.tree["log_likelihood"]["y"].values[c, d]
            np.testing.assert_allclose(rows, found.problem.log_likelihood(theta), rtol=1e-9)
            for name, value in found.problem.log_prior(theta).items():
                np.testing.assert_allclose(found.tree["log_prior"][name].values[c, d], value, rtol=1e-12)


@every_model
def test_predictive_draws_follow_the_model(world, family, depth):
    """Their mean is that of E[y], within Monte-Carlo error."""
    found = world.fit(family, depth)
    y = found.tree["posterior_predictive"]["y"].values
    mean = tree.evaluation.means(found.problem, found.draws.samples)
    if mean.ndim > y.ndim:  # probabilities of levels are the means of their indicators
        y = (y[..., None] == np.arange(mean.shape[-1])).astype(float)
        spread = np.sqrt((mean * (1.0 - mean)).mean((0, 1)))  # a rare level may never be drawn
    residual = y - mean
    spread = spread if residual.ndim > 3 else residual.std((0, 1))
    error = spread / np.sqrt(200)
    assert np.all(np.abs(residual.mean((0, 1))) < 5 * error + 1e-12)
    assert np.any(residual != 0)


@pytest.fixture
def quiet():
    """ArviZ warns of two hundred draws, and of binary outcomes; what it computes is what is asked here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="arviz|bayes_rglm")
        warnings.filterwarnings("ignore", message="Estimated shape|Variables .* look binary")
        yield
    plt.close("all")


FUNCTIONS = {
    "summary": lambda t: az.summary(t),
    "loo": lambda t: az.loo(t, pointwise=True),
    "compare": lambda t: az.compare({"one": t, "two": t}),
    "psense_summary": lambda t: az.psense_summary(t),
    "loo_pit": lambda t: az.loo_pit(t),
    "plot_trace_dist": lambda t: az.plot_trace_dist(t),
    "plot_ppc_pit": lambda t: az.plot_ppc_pit(t),
    "plot_forest": lambda t: az.plot_forest(t),
    "diagnose": lambda t: az.diagnose(t),
}


@pytest.mark.parametrize(("family", "depth"), SHAPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_arviz_takes_the_tree_as_it_is(world, quiet, capsys, name, family, depth):
    found = world.fit(family, depth)
    answer = FUNCTIONS[name](found.tree)
    match name:
        case "summary":
            rows = answer.index[answer.index.str.startswith("beta")]
            expected = np.sort(found.draws.samples["beta_1" if depth > 1 else "beta"].mean((0, 1)).ravel())
            rows = rows[rows.str.startswith("beta_1[")] if depth > 1 else rows
            np.testing.assert_allclose(np.sort(answer.loc[rows, "mean"].astype(float)), expected, rtol=0.02, atol=0.006)
        case "loo":
            # Importance weights move the predictive density of the sample, never by much on most rows.
            inside = np.logaddexp.reduce(found.tree["log_likelihood"]["y"].values.reshape(200, -1)) - np.log(200)
            assert inside.sum() - 15 < answer.elpd < inside.sum()
            assert list(answer.elpd_i["obs"].values) == world.labels
        case "loo_pit":
            assert ((answer["y"] >= 0) & (answer["y"] <= 1)).all()
        case "psense_summary":
            assert np.isfinite(answer[["prior", "likelihood"]].to_numpy(float)).all()
        case "compare":
            assert list(answer["rank"]) == [0, 1]
        case "diagnose":
            assert "E-BFMI" in capsys.readouterr().out
        case _:
            assert answer is not None


def test_a_point_estimate_says_that_it_is_one(world):
    for estimator in ("ml", "map"):
        data = world.fit("poisson", 1, estimator).tree
        assert data["posterior"].sizes == {"chain": 1, "draw": 1, "predictor": 3}
        assert data["posterior"].attrs["inference"] == estimator
        assert "R-hat" in data["posterior"].attrs["point_estimate"]
        assert "sample_stats" not in data.children
    assert "point_estimate" not in world.fit("poisson").tree["posterior"].attrs


def test_large_row_groups_wait_until_they_are_asked_for(world, monkeypatch):
    found = replace(world.fit("gaussian"))
    monkeypatch.setattr(tree, "LARGEST", 200 * world.rows - 1)
    assert not {"log_likelihood", "posterior_predictive"} & set(found.tree.children)
    assert {"posterior", "sample_stats", "log_prior", "observed_data"} <= set(found.tree.children)
    one = found.with_groups("log_likelihood")
    assert "posterior_predictive" not in one.children
    np.testing.assert_array_equal(one["log_likelihood"]["y"], world.fit("gaussian").tree["log_likelihood"]["y"])
    both = found.with_groups("log_likelihood", "posterior_predictive")
    whole = world.fit("gaussian").tree["posterior_predictive"]["y"]
    np.testing.assert_array_equal(both["posterior_predictive"]["y"], whole)
    with pytest.raises(DataError, match="found: residuals"):
        found.with_groups("residuals")
    monkeypatch.setattr(tree, "LARGEST", 200 * world.rows)
    assert "log_likelihood" in replace(found).tree.children


def test_row_labels_of_all_kinds(world):
    """Numbers stay, repeated labels give way to positions, others become text."""
    frame, model = world.frame("poisson"), RGLM("poisson")
    dates = pd.date_range("2024-01-01", periods=world.rows)
    pairs = pd.MultiIndex.from_arrays([["a", "b"] * 20, range(40)])
    for index, kind in [(np.arange(100, 140), "i"), (dates, "U"), (pairs, "U"), (["same"] * 40, "i")]:
        data = fit(model, (world.formula, frame.set_axis(index)), "ml").tree
        labels = data["log_likelihood"]["obs"].values
        assert labels.dtype.kind == kind
        assert len(set(labels.tolist())) == world.rows


def test_weights_are_inside_the_log_likelihood(world):
    weights = np.resize([1.0, 2.0], world.rows)
    design = world.design("poisson", weights=weights, weights_kind="frequency", offset=np.full(world.rows, 0.1))
    found = fit(RGLM("poisson"), design, "ml")
    theta = {k: v[0, 0] for k, v in found.draws.samples.items()}
    eta = design.X @ theta["beta"] + theta["intercept"] + 0.1
    expected = weights * stats.poisson.logpmf(design.y, np.exp(eta))
    np.testing.assert_allclose(found.tree["log_likelihood"]["y"].values[0, 0], expected, rtol=1e-9)
    assert set(found.tree["constant_data"].data_vars) == {"X", "weights", "offset"}


def test_importance_weights_say_that_loo_has_no_meaning(world):
    for kind in ("importance", "frequency"):
        design = world.design("poisson", weights=np.resize([1.0, 2.0], world.rows), weights_kind=kind)
        groups = fit(RGLM("poisson"), design, "ml").tree
        assert ("no meaning" in groups["log_likelihood"].attrs.get("loo", "")) == (kind == "importance")
        assert "loo" not in groups["posterior"].attrs


# draws from elsewhere ------------------------------------------------------------------------------------------------


def test_from_draws_joins_the_rest(world):
    problem = world.problem("gaussian")
    samples = world.fit("gaussian").draws.samples
    found = Fit.from_draws(problem, {k: v.tolist() for k, v in samples.items()}, label="mine")
    assert (found.label, found.estimator, found.is_point) == ("mine", None, False)
    np.testing.assert_array_equal(found.tree["log_likelihood"]["y"], world.fit("gaussian").tree["log_likelihood"]["y"])
    assert "sample_stats" not in found.tree.children
    assert found.summary().columns[0] == "status"
    assert found.tree["posterior"].attrs["inference"] == "draws"
    assert Fit.from_draws(problem, world.fit("gaussian").draws).draws is world.fit("gaussian").draws
    assert found.relabelled("yours").label == "yours"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("sigma"), "missing: sigma"),
        (lambda s: s.update(tau=s["sigma"]), "unknown: tau"),
        (lambda s: s.update(beta=s["beta"][0]), r"'beta' have the shape \(chain, draw, 3\)[\s\S]*\(100, 3\)"),
        (lambda s: s.update(sigma=s["sigma"][:1]), "same chains and draws"),
        (lambda s: s.update(sigma=np.log(s["sigma"])), r"'sigma'[\s\S]*chain 0, draw \d+: -"),
        (lambda s: s.update(beta=np.where(s["beta"] > 1e-3, s["beta"], np.nan)), "'beta'[\\s\\S]*nan"),
    ],
)
def test_draws_that_do_not_fit_are_refused(world, change, message):
    samples = dict(world.fit("gaussian").draws.samples)
    change(samples)
    with pytest.raises(DataError, match=message):
        Fit.from_draws(world.problem("gaussian"), samples)


def weighted(world, log_weights):
    """A fit of 2 chains x 500 made-up draws from elsewhere, with these weights."""
    once = world.drawn("gaussian").draws.samples
    samples = {name: np.tile(values, (1, 5, *[1] * (values.ndim - 2))) for name, values in once.items()}
    return Fit.from_draws(world.problem("gaussian"), Draws(samples, "approximation", log_weights=log_weights))


@pytest.mark.parametrize(
    ("log_weights", "message"),
    [
        (np.zeros((1, 500)), r"\(2, 500\)[\s\S]*found: shape \(1, 500\)"),
        (np.zeros(1000), r"\(2, 500\)[\s\S]*found: shape \(1000,\)"),
        ("equal", r"\(2, 500\)[\s\S]*found: str"),
        (np.full((2, 500), np.nan), r"chain 0, draw 0: nan; 1000 such of 1000"),
        (np.where(np.arange(1000) == 503, np.inf, 0.0).reshape(2, 500), r"chain 1, draw 3: inf; 1 such"),
        (np.full((2, 500), -np.inf), r"weight above 0[\s\S]*all 1000"),
    ],
)
def test_weights_that_are_none_are_refused(world, log_weights, message):
    with pytest.raises(DataError, match=message):
        weighted(world, log_weights)


def test_weighted_draws_are_worth_their_effective_number(world):
    one, few = np.full((2, 500), -np.inf), np.full((2, 500), -np.inf)
    one[1, 7] = few.flat[:399] = -1000.0
    power = 20.0 * np.log(np.arange(1.0, 1001.0)).reshape(2, 500)  # (n^21 / 21)^2 / (n^41 / 41) = 41 n / 441
    for log_weights, worth in [(one, 1), (few, 399), (power, 93)]:
        found = weighted(world, log_weights)
        label = found.labels[0]
        assert found.resampled().labels == found.labels, "what was said of them goes with the draws"
        assert label.name == "predictive_only"
        assert f"1000 weighted draws are worth {worth} of equal weight; 400 are needed" in label.message
    few.flat[399] = -1000.0
    for log_weights in (few, few.tolist(), np.full((2, 500), 3.0), None):
        assert weighted(world, log_weights).status == "ok"


def test_weights_of_optima_are_no_sample(world):
    found = weighted(world, np.full((2, 500), 0.0))
    optima = {name: values[:1, :3] for name, values in found.draws.samples.items()}
    assert Fit.from_draws(found.problem, Draws(optima, "mixture", log_weights=np.zeros((1, 3)))).status == "ok"

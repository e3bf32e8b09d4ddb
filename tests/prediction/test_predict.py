"""Predictions: labelled, for new rows, equal to NumPyro's own; what cannot be predicted is refused by name."""

from dataclasses import replace

import jax
import numpy as np
import numpyro
import pandas as pd
import polars as pl
import pytest
from numpyro import handlers
from numpyro.infer import Predictive
from scipy import special, stats

from bayes_rglm import RGLM, Design, families, fit, predict, prediction
from bayes_rglm.errors import DataError, EstimatorError, RGLMError
from bayes_rglm.prediction import log_score

MODELS = [(family, depth) for family in families.names() for depth in (1, 2)]
every_model = pytest.mark.parametrize(("family", "depth"), MODELS)
every_family = pytest.mark.parametrize("family", families.names())
# NumPyro compiles each model anew: one of every shape of predictor, and one behind a hidden layer.
SIMULATED = [("poisson", 1), ("binomial", 1), ("ordinal", 1), ("categorical", 1), ("gaussian", 2)]


@pytest.fixture(scope="module")
def new(world):
    """Seven new rows under labels of their own."""
    return world.frame("gaussian").drop(columns="y").iloc[:7].mul(1.001).set_axis([f"new {i}" for i in range(7)])


def complete(world, new, family):
    """New rows with the columns that the family needs besides, trials."""
    return new.assign(**{name: values[: len(new)] for name, values in world.besides(family).items()})


def sites(found, c, d):
    return {name: value[c, d] for name, value in found.draws.samples.items()}


@every_model
def test_the_numpyro_model_has_our_predictions(world, family, depth):
    """The plain NumPyro model at the draws' sites: the same linear predictor and mean."""
    found = world.drawn(family, depth)
    problem = found.problem
    with jax.enable_x64(True):
        linear, mean = predict(found, kind="linear").values, predict(found).values
        for c, d in [(0, 0), (1, 42)]:
            model = handlers.seed(handlers.substitute(problem.numpyro_model, data=sites(found, c, d)), 0)
            response = handlers.trace(model).get_trace(**problem.model_kwargs)["y"]["fn"]
            np.testing.assert_allclose(linear[c, d], response.eta, rtol=1e-11, atol=1e-11)
            np.testing.assert_allclose(mean[c, d], response.mean, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("family", "depth"), SIMULATED)
def test_numpyros_predictive_gives_our_predictions(world, family, depth):
    """The tree's posterior in NumPyro's Predictive: outcomes whose averages are our means."""
    found = world.drawn(family, depth)
    posterior = {name: np.asarray(v) for name, v in found.tree["posterior"].data_vars.items()}
    with jax.enable_x64(True):
        blank = {**found.problem.model_kwargs, "y": None}
        y = Predictive(found.problem.numpyro_model, posterior, batch_ndims=2)(jax.random.key(1), **blank)["y"]
    mean, y = predict(found).values, np.asarray(y)
    residual = (y[..., None] == np.arange(mean.shape[-1])) - mean if mean.ndim == 4 else y - mean
    error = residual.std((0, 1)) / np.sqrt(200)
    assert np.all(np.abs(residual.mean((0, 1))) < 5 * error + 1e-12)


@every_model
def test_labels_of_predictions(world, new, family, depth):
    found, new = world.drawn(family, depth), complete(world, new, family)
    record = families.get(family)
    several = record.outputs == "levels"
    vector = {p.name for p in record.auxiliaries if p.size is not None}
    for kind in ("mean", "linear", "outcome"):
        answer = predict(found, new, kind)
        levels = ("level",) if (several and kind != "outcome") or (vector and kind == "mean") else ()
        assert answer.dims == ("chain", "draw", "obs", *levels)
        assert answer.shape == (2, 100, 7, *[3] * len(levels))
        assert list(answer["obs"].values) == list(new.index)
        assert answer.name == kind
        assert answer.attrs == {"fit": "draws"}
    assert list(predict(found)["obs"].values) == world.labels, "without data: the fitted rows"
    parameters = predict(found, new, "parameters")
    np.testing.assert_array_equal(parameters["mu"], predict(found, new))
    aux = {p.name for p in record.auxiliaries}
    assert set(parameters.data_vars) == {"mu"} | aux
    for name in aux:
        assert parameters[name].dims == ("chain", "draw", *["cutpoint"] * (name in vector))
        np.testing.assert_array_equal(parameters[name], found.draws.samples[name])


def _levels(eta, cutpoints):
    below = special.expit(cutpoints - eta[:, None])
    return np.diff(below, axis=1, prepend=0.0, append=1.0)


def _tobit(eta, sigma):
    return eta * stats.norm.cdf(eta / sigma) + sigma * stats.norm.pdf(eta / sigma)


MEANS = {
    "bernoulli": special.expit,
    "beta": lambda e, concentration: special.expit(e),
    "binomial": lambda e: 5.0 * special.expit(e),
    "categorical": lambda e: special.softmax(e, axis=-1),
    "exponential": np.exp,
    "gamma": lambda e, concentration: np.exp(e),
    "gaussian": lambda e, sigma: e,
    "inverse_gaussian": lambda e, concentration: np.exp(e),
    "negative_binomial": lambda e, concentration: np.exp(e),
    "negative_binomial_1": lambda e, alpha: np.exp(e),
    "ordinal": _levels,
    "poisson": np.exp,
    "signed_bernoulli": np.tanh,
    "student_t": lambda e, sigma, nu: e,
    "tobit": _tobit,
    "weibull": lambda e, concentration: np.exp(e) * special.gamma(1 + 1 / concentration),
}


def predictors(theta, h):
    """eta by hand at depth 1 or behind one tanh layer: the coefficients are those of the default models."""
    if "beta_1" in theta:
        h = np.tanh(h @ theta["beta_1"] + theta["intercept_1"])
    return h, h @ theta["beta"] + theta.get("intercept", 0.0)


def auxiliaries(family, theta):
    return {p.name: theta[p.name] for p in families.get(family).auxiliaries}


@every_model
def test_predictions_are_the_formulas(world, new, family, depth):
    found, rows = world.drawn(family, depth), complete(world, new, family)
    linear, mean = predict(found, rows, "linear").values, predict(found, rows).values
    for c, d in [(0, 3), (1, 77)]:
        theta = sites(found, c, d)
        h, eta = predictors(theta, new.to_numpy())
        if depth == 2:
            np.testing.assert_allclose(predict(found, rows, "hidden")["h_1"].values[c, d], h, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(linear[c, d], eta, rtol=1e-9, atol=1e-10)
        expected = MEANS[family](eta, **auxiliaries(family, theta))
        np.testing.assert_allclose(mean[c, d], expected, rtol=1e-9, atol=1e-10)


def test_hidden_units_have_layers_and_labels(world, new):
    model = RGLM("poisson", hidden=(2, 3))
    found = fit(model, world.design("poisson"), world.tiny("map", steps=5))
    hidden = predict(found, new, "hidden")
    assert hidden["h_1"].dims == ("chain", "draw", "obs", "unit_1")
    assert {k: v.shape for k, v in hidden.data_vars.items()} == {"h_1": (1, 1, 7, 2), "h_2": (1, 1, 7, 3)}
    assert list(hidden["obs"].values) == list(new.index)
    with pytest.raises(EstimatorError, match="no hidden units"):
        predict(world.drawn("poisson"), new, "hidden")


def test_outcomes_come_from_the_seed(world, new):
    found = world.drawn("poisson")
    one, two, three = (predict(found, new, "outcome", seed=s).values for s in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, three)
    assert np.all(one == np.floor(one))
    assert np.all(one >= 0)
    assert set(np.unique(predict(world.drawn("bernoulli"), new, "outcome"))) <= {0, 1}


def test_new_rows_in_all_dresses(world, new):
    """Frame, polars, mapping, design, matrix: the same numbers; the order of columns does not matter."""
    found = world.fit("gaussian", 1, "ml")
    expected = predict(found, new).values
    shuffled = new[["year", "age", "dose"]].assign(unused="text")
    mapping = {name: new[name].to_numpy() for name in new}
    for data in (shuffled, pl.DataFrame(mapping), mapping, found.design.new(new)):
        np.testing.assert_array_equal(predict(found, data).values, expected)
    arrays = fit(RGLM("gaussian"), (found.design.X, found.design.y), "ml")
    np.testing.assert_allclose(predict(arrays, new.to_numpy()).values, expected, rtol=1e-8)
    one = predict(found, new.iloc[[3]]).values
    np.testing.assert_array_equal(one[..., 0], expected[..., 3])


def test_predictions_are_new_objects(world, new):
    found = world.drawn("gaussian")
    assert predict(found, new) is not predict(found, new)
    predict(found, kind="linear").values[:] = 0.0
    assert np.all(predict(found, kind="linear").values != 0.0)
    tree = found.tree
    predict(found)
    assert found.tree is tree


def test_an_offset_is_added_to_new_rows(world):
    frame = world.frame("poisson").assign(log_exposure=np.linspace(-1.0, 1.0, world.rows))
    named = fit(RGLM("poisson"), (world.formula, frame), "ml", offset="log_exposure")
    theta = sites(named, 0, 0)
    eta = frame[list(world.columns)].to_numpy() @ theta["beta"] + theta["intercept"] + frame["log_exposure"]
    np.testing.assert_allclose(predict(named, frame, "linear").values[0, 0], eta, rtol=1e-9)
    with pytest.raises(DataError, match="log_exposure"):
        predict(named, frame.drop(columns="log_exposure"))
    given = fit(RGLM("poisson"), (world.formula, frame), "ml", offset=frame["log_exposure"].to_numpy())
    np.testing.assert_allclose(
        predict(given, frame, "linear", offset=frame["log_exposure"].to_numpy()).values[0, 0], eta, rtol=1e-9
    )
    with pytest.raises(DataError, match="offset"):
        predict(given, frame)


def test_an_offset_replaces_that_of_the_fitted_rows_and_of_a_design(world):
    own, other = np.linspace(-1.0, 1.0, world.rows), np.linspace(2.0, 3.0, world.rows)
    found = fit(RGLM("poisson"), (world.formula, world.frame("poisson")), "ml", offset=own)
    plain = predict(found, kind="linear").values[0, 0] - own
    for data in (None, found.design, world.design("poisson")):
        answer = predict(found, data, "linear", offset=other).values[0, 0]
        np.testing.assert_allclose(answer, plain + other, rtol=1e-12)
    np.testing.assert_array_equal(found.design.offset, own)
    for bad, message in [(other[:3], "3 values for 40 rows"), ("age", "offset='age'"), (other * np.inf, "row row 00")]:
        with pytest.raises(DataError, match=message):
            predict(found, offset=bad)


def test_a_design_of_its_own_is_encoded_as_the_fits(world):
    """Knots, centring and base levels are those of the fitted rows, not those of the new table."""
    frame = world.frame("gaussian").assign(group=np.resize(["b", "a", "c"], world.rows))
    formula = "y ~ bs(age, df=4, extrapolation='clip') + scale(dose) + group"
    found = fit(RGLM("gaussian"), (formula, frame.iloc[:30]), "ml")
    part = frame.iloc[25:].assign(age=lambda t: t["age"] + 0.1)
    apart = Design.from_formula(formula, part)
    expected = predict(found, part).values
    np.testing.assert_allclose(predict(found, apart).values, expected, rtol=1e-12)
    assert not np.allclose(apart.X, found.design.new(part).X), "the design alone has other knots"
    np.testing.assert_array_equal(predict(found, found.design.new(part)).values, expected)
    with pytest.raises(DataError, match="same table and formula"):
        predict(found, Design.from_arrays(apart.X, columns=apart.columns))


@pytest.fixture(scope="module")
def grouped(world):
    frame = world.frame("gaussian").assign(group=np.resize(["a", "b", "c"], world.rows))
    return frame, fit(RGLM("gaussian"), ("y ~ age + group", frame), "ml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(group="z"), r"group[\s\S]*'z'"),
        (lambda f: f.drop(columns="age"), "age"),
        (lambda f: f.assign(age=[1.0, np.nan, 2.0]), r"column 'age', row row 01"),
        (lambda f: f.assign(age=[1.0, 2.0, np.inf]), r"column 'age', row row 02"),
        (lambda f: f.assign(age=["x", "y", "z"]), "age"),
        (lambda f: f.assign(group=[None, "a", "b"]), r"column 'group', row row 00"),
        (lambda f: f.iloc[:0], "row"),
        (lambda f: f.to_numpy(), "ndarray"),
        (lambda f: 3.0, "float"),
    ],
)
def test_bad_new_rows_are_named(grouped, change, message):
    frame, found = grouped
    with pytest.raises(DataError, match=message) as caught:
        predict(found, change(frame.iloc[:3]))
    assert caught.value.__cause__ is None


def test_a_design_of_other_columns_and_unknown_kinds(world, grouped):
    _, found = grouped
    with pytest.raises(DataError, match="age, dose, year"):
        predict(found, world.design("gaussian"))
    with pytest.raises(DataError, match=r"'median'[\s\S]*mean, linear"):
        predict(found, kind="median")


def _tobit_density(y, e, sigma):
    return np.where(y > 0, stats.norm.logpdf(y, e, sigma), stats.norm.logcdf(-e / sigma))


def _pick(probabilities, y):
    return np.log(probabilities[np.arange(len(y)), y.astype(int)])


SCORES = {
    "bernoulli": lambda y, e: stats.bernoulli.logpmf(y, special.expit(e)),
    "beta": lambda y, e, concentration: stats.beta.logpdf(
        y, concentration * special.expit(e), concentration * special.expit(-e)
    ),
    "binomial": lambda y, e: stats.binom.logpmf(y, 5, special.expit(e)),
    "categorical": lambda y, e: _pick(special.softmax(e, axis=-1), y),
    "exponential": lambda y, e: stats.expon.logpdf(y, scale=np.exp(e)),
    "gamma": lambda y, e, concentration: stats.gamma.logpdf(y, concentration, scale=np.exp(e) / concentration),
    "gaussian": lambda y, e, sigma: stats.norm.logpdf(y, e, sigma),
    "inverse_gaussian": lambda y, e, concentration: stats.invgauss.logpdf(
        y, np.exp(e) / concentration, scale=concentration
    ),
    "negative_binomial": lambda y, e, concentration: stats.nbinom.logpmf(
        y, concentration, concentration / (concentration + np.exp(e))
    ),
    "negative_binomial_1": lambda y, e, alpha: stats.nbinom.logpmf(y, np.exp(e) / alpha, 1 / (1 + alpha)),
    "ordinal": lambda y, e, cutpoints: _pick(_levels(e, cutpoints), y),
    "poisson": lambda y, e: stats.poisson.logpmf(y, np.exp(e)),
    "signed_bernoulli": lambda y, e: stats.bernoulli.logpmf((y + 1) / 2, special.expit(2 * e)),
    "student_t": lambda y, e, sigma, nu: stats.t.logpdf(y, nu, e, sigma),
    "tobit": _tobit_density,
    "weibull": lambda y, e, concentration: stats.weibull_min.logpdf(y, concentration, scale=np.exp(e)),
}


@every_family
def test_the_log_score_is_the_log_of_the_mean_density(world, family):
    """By hand, over draws; weights of draws count."""
    found = world.drawn(family)
    design = found.design.new(world.frame(family).iloc[3:9])
    flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in found.draws.samples.items()}
    rows = []
    for i in range(200):
        theta = {k: v[i] for k, v in flat.items()}
        rows.append(SCORES[family](design.y, predictors(theta, design.X)[1], **auxiliaries(family, theta)))
    np.testing.assert_allclose(log_score(found, design), special.logsumexp(rows, axis=0) - np.log(200), rtol=1e-8)
    weights = np.full((2, 100), -np.inf)
    weights[1, 5] = 3.0
    weighted = replace(found, draws=replace(found.draws, log_weights=weights))
    alone = replace(found, draws=replace(found.draws, samples={k: v[1:, 5:6] for k, v in found.draws.samples.items()}))
    np.testing.assert_allclose(log_score(weighted, design), log_score(alone, design), rtol=1e-12)


def test_scores_ignore_row_weights_and_see_impossible_rows(world):
    weights = np.linspace(0.5, 2.0, world.rows)
    design = world.design("poisson", weights=weights, weights_kind="importance")
    found = fit(RGLM("poisson"), design, "ml")
    plain = Design.from_formula(world.formula, world.frame("poisson"))
    np.testing.assert_array_equal(log_score(found, design), log_score(found, plain))
    wrong = world.frame("poisson").assign(y=np.r_[-1.0, np.ones(world.rows - 1)])
    with pytest.raises(DataError, match=r"row row 00, value -1"):
        log_score(found, design.new(wrong))


def test_a_response_of_labels_is_scored_by_its_levels(world):
    frame = world.frame("bernoulli")
    named = frame.assign(y=np.where(frame["y"] == 1, "yes", "no"))
    found = fit(RGLM("bernoulli"), (world.formula, named), "ml")
    np.testing.assert_allclose(predict(found).values, predict(world.fit("bernoulli", 1, "ml")).values, rtol=1e-9)
    with pytest.raises(RGLMError, match="maybe"):
        found.design.new(named.assign(y="maybe"))
    assert found.design.levels == ("no", "yes")


def test_the_numpyro_model_works_in_the_users_own_precision(world):
    """After NumPyro's Predictive ran in double precision, and without entering it: single is JAX's own default."""
    found = world.drawn("bernoulli", 2)
    blank = {"y": None}
    posterior = {name: values[:1, :5] for name, values in found.draws.samples.items()}
    for wide in (True, False):
        with jax.enable_x64(wide):
            kwargs = found.problem.model_kwargs | blank
            y = Predictive(found.problem.numpyro_model, posterior, batch_ndims=2)(jax.random.key(0), **kwargs)["y"]
        assert y.shape == (1, 5, world.rows)
    single = {name: np.float32(value) for name, value in sites(found, 0, 0).items()}
    model = handlers.condition(found.problem.numpyro_model, data=single)
    trace = handlers.trace(handlers.seed(model, 0)).get_trace(**found.problem.model_kwargs)
    assert trace["obs"]["type"] == "plate"
    assert isinstance(trace["y"]["fn"], numpyro.distributions.Distribution)
    assert pd.Series(list(trace)).is_unique


def test_scores_do_not_depend_on_the_blocks_they_are_made_in(world, monkeypatch):
    found = world.drawn("poisson")
    whole = log_score(found, found.design)
    chains, draws = found.draws.samples["intercept"].shape
    monkeypatch.setattr(prediction, "LARGEST_BLOCK", 7 * chains * draws)
    np.testing.assert_allclose(log_score(found, found.design), whole, rtol=1e-13)

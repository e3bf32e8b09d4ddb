"""Several responses at once: y (n, T) with shared hidden layers, its own predictors, units and sigma for each."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pandas as pd
import pytest
from numpyro.infer.util import log_density
from scipy import stats

import bayes_rglm as rglm
from bayes_rglm import RGLM, Design, Problem, compare, estimators, evaluation, fit, links, predict
from bayes_rglm.errors import RGLMError
from bayes_rglm.estimators._whitening import whitening
from bayes_rglm.transforms import standardised

ROWS = 50
SIDES = {"gaussian": ("short", "long"), "poisson": ("few", "many"), "categorical": ("left", "right")}


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    age, dose = rng.normal(40.0, 10.0, ROWS), rng.normal(size=ROWS)
    eta = np.stack([0.05 * (age - 40.0) + 0.3 * dose, 1.0 - 0.6 * dose])
    noise = rng.normal(size=(2, ROWS))
    codes = [np.argmax(rng.gumbel(size=(ROWS, 3)) + np.outer(one, [0.0, 0.5, 1.0]), axis=1) for one in eta]
    return pd.DataFrame(
        {
            "age": age,
            "dose": dose,
            "short": eta[0] + 0.5 * noise[0],
            "long": 300.0 + 100.0 * (eta[1] + noise[1]),
            "few": rng.poisson(np.exp(eta[0])),
            "many": rng.poisson(np.exp(eta[1])),
            "left": np.array(["a", "b", "c"])[codes[0]],
            "right": np.array(["a", "b", "c"])[codes[1]],
            "log_time": rng.normal(0.0, 0.2, ROWS),
        },
        index=[f"row {i}" for i in range(ROWS)],
    )


FRAME = _frame()


def _formula(family: str) -> str:
    return f"{' + '.join(SIDES[family])} ~ age + dose"


def _problem(family: str, hidden=(), **options) -> Problem:
    return Problem(RGLM(family, hidden=hidden), Design.from_formula(_formula(family), FRAME, **options))


@pytest.fixture(scope="module")
def by_ml():
    """The maximum-likelihood fit of both responses of each family, made once."""
    made = {}
    return lambda family: made.setdefault(family, fit(RGLM(family), (_formula(family), FRAME), "ml"))


@pytest.fixture(scope="module")
def network():
    """A network of two shared units, by MAP."""
    return fit(RGLM("gaussian", hidden=2), (_formula("gaussian"), FRAME), estimators.MAP(starts=2, steps=200))


# the model ------------------------------------------------------------------------------------------------------------


def _normal(name, loc, scale, shape):
    return numpyro.sample(name, dist.Normal(loc, scale).expand(shape).to_event(len(shape)))


def _longhand_gaussian(X, Y):
    sd, (gain, own) = Y.std(0), (links.get("tanh").gain, links.get("tanh").input_scale)
    B1 = _normal("beta_1", 0.0, (own / (X.std(0) * np.sqrt(2)))[:, None], (2, 3))
    h = jnp.tanh(X @ B1 + _normal("intercept_1", -X.mean(0) @ B1, 1.0, (3,)))
    s = links.get("identity").prior_scale
    eta = h @ _normal("beta", 0.0, gain / np.sqrt(3) * s * sd, (3, 2)) + _normal("intercept", Y.mean(0), s * sd, (2,))
    sigma = numpyro.sample("sigma", dist.HalfNormal(sd).to_event(1))
    with numpyro.plate("rows", ROWS):
        for t in range(2):
            numpyro.sample(f"y{t}", dist.Normal(eta[:, t], sigma[t]), obs=Y[:, t])


def _longhand_poisson(X, Y, offset):
    B = _normal("beta", 0.0, (1.0 / X.std(0))[:, None], (2, 2))
    typical = np.log((Y.sum(0) + 0.5) / np.exp(offset).sum())
    eta = X @ B + _normal("intercept", typical - X.mean(0) @ B, 1.0, (2,)) + offset[:, None]
    with numpyro.plate("rows", ROWS):
        for t in range(2):
            numpyro.sample(f"y{t}", dist.Poisson(jnp.exp(eta[:, t])), obs=Y[:, t])


def _longhand_categorical(X, Y):
    s = links.get("softmax").prior_scale
    B = _normal("beta", 0.0, (s / X.std(0))[:, None, None], (2, 2, 3))
    share = np.log(np.stack([np.bincount(y.astype(int), minlength=3) for y in Y.T]) + 0.5)
    typical = share - share.mean(1, keepdims=True)
    eta = jnp.einsum("np,ptk->ntk", X, B) + _normal(
        "intercept", typical - jnp.einsum("p,ptk->tk", X.mean(0), B), s, (2, 3)
    )
    with numpyro.plate("rows", ROWS):
        for t in range(2):
            numpyro.sample(f"y{t}", dist.CategoricalLogits(eta[:, t]), obs=Y[:, t].astype(int))


@pytest.mark.parametrize(
    ("family", "hidden", "longhand", "options"),
    [
        ("gaussian", (3,), _longhand_gaussian, {}),
        ("poisson", (), _longhand_poisson, {"offset": "log_time"}),
        ("categorical", (), _longhand_categorical, {}),
    ],
)
@pytest.mark.usefixtures("double")
def test_the_joint_is_the_longhand_model(family, hidden, longhand, options):
    problem = _problem(family, hidden, **options)
    X, Y = problem.data["X"], problem.data["y"]
    arguments = (X, Y, problem.data["offset"]) if options else (X, Y)
    rng = np.random.default_rng(0)
    for _ in range(2):
        theta = {name: rng.normal(0.0, 0.02, shape) for name, shape in problem.layout}
        theta |= {"sigma": rng.uniform(1.0, 200.0, 2)} if family == "gaussian" else {}
        expected = log_density(longhand, arguments, {}, theta)[0]
        np.testing.assert_allclose(problem.log_joint(theta), expected, rtol=1e-10)
        rows = np.asarray(problem.log_likelihood(theta))
        assert rows.shape == (ROWS,)
        np.testing.assert_allclose(rows.sum() + sum(problem.log_prior(theta).values()), expected, rtol=1e-10)


@pytest.mark.usefixtures("double")
def test_reference_coding_and_unlike_codes():
    codes = np.random.default_rng(1).integers(0, 3, (ROWS, 2))
    codes[:, 1] = np.minimum(codes[:, 1], 1)  # the last level is seen in the first response only
    design = Design.from_arrays(FRAME[["age", "dose"]], codes)
    assert design.responses == ("y0", "y1")
    problem = Problem(RGLM("categorical", coding="reference"), design)
    assert dict(problem.layout) == {"beta": (2, 2, 2), "intercept": (2, 2)}
    theta = {"beta": np.zeros((2, 2, 2)), "intercept": np.array([[1.0, 2.0], [0.5, -1.0]])}
    eta = np.asarray(problem.linear_predictor(theta))
    np.testing.assert_array_equal(eta[0], [[0.0, 1.0, 2.0], [0.0, 0.5, -1.0]])
    rows = eta - np.log(np.exp(eta).sum(-1, keepdims=True))
    expected = np.take_along_axis(rows, codes[..., None], -1).sum((1, 2))
    np.testing.assert_allclose(problem.log_likelihood(theta), expected, rtol=1e-12)


@pytest.mark.usefixtures("double")
def test_weights_and_offset_belong_to_the_row():
    weights = np.arange(1.0, ROWS + 1)
    plain = _problem("poisson")
    weighted = _problem("poisson", weights=weights, weights_kind="importance", offset="log_time")
    theta = {"beta": np.full((2, 2), 0.01), "intercept": np.zeros(2)}
    eta = plain.linear_predictor(theta) + FRAME.log_time.to_numpy()[:, None]
    np.testing.assert_allclose(weighted.linear_predictor(theta), eta, rtol=1e-14)
    expected = weights * stats.poisson.logpmf(FRAME[["few", "many"]], np.exp(eta)).sum(1)
    np.testing.assert_allclose(weighted.log_likelihood(theta), expected, rtol=1e-12)


# estimators -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_maximum_likelihood_is_that_of_each_response(by_ml, family):
    both = by_ml(family)
    ones = [fit(RGLM(family), (f"{name} ~ age + dose", FRAME), "ml") for name in SIDES[family]]
    for t, one in enumerate(ones):
        for name, value in one.draws.samples.items():
            np.testing.assert_allclose(both.draws.samples[name][..., t], value, rtol=1e-8, atol=1e-10)
        for name, value in one.draws.info["errors"].items():
            np.testing.assert_allclose(both.draws.info["errors"][name][..., t], value, rtol=1e-8)
    total = evaluation.log_likelihood(both.problem, both.draws.samples).sum()
    assert both.draws.info["log_likelihood"] == pytest.approx(total, rel=1e-10)
    table, first = both.summary(), ones[0].summary()
    assert table.loc[f"beta[age, {SIDES[family][0]}]", "std_error"] == first.loc["beta[age]", "std_error"]


def test_a_separated_response_is_named_and_the_other_kept():
    frame = FRAME.assign(many=np.where(FRAME.dose > 0, 0, FRAME.many))
    both = fit(RGLM("poisson"), ("few + many ~ I(dose > 0)", frame), "ml")
    assert both.status == "mle_infinite"
    assert "many: the data are separated" in both.labels[0].message
    table = both.summary()
    column = both.design.columns[0]
    assert table.loc[f"beta[{column}, many]", "estimate"] == -np.inf
    assert np.isfinite(table.loc[f"beta[{column}, few]", "estimate"])


def test_map_factorises_at_depth_one():
    both = fit(RGLM("poisson"), (_formula("poisson"), FRAME), "map")
    for t, name in enumerate(SIDES["poisson"]):
        one = fit(RGLM("poisson"), (f"{name} ~ age + dose", FRAME), "map")
        for site, value in one.draws.samples.items():
            # Each optimiser stops at a mean gradient of 1e-9 on its own; curvatures here are about 1.
            np.testing.assert_allclose(both.draws.samples[site][..., t], value, rtol=1e-6, atol=1e-7)


def test_coordinates_of_nuts_are_those_of_each_response():
    problem = _problem("gaussian")
    flat, _ = standardised(problem)
    loc, factor = whitening(flat)
    assert np.all(np.triu(factor, 1) == 0.0)
    place = flat.unravel(np.arange(flat.size))
    for t, name in enumerate(SIDES["gaussian"]):
        one, _ = standardised(Problem(RGLM("gaussian"), Design.from_formula(f"{name} ~ age + dose", FRAME)))
        own_loc, own_factor = whitening(one)
        at = np.concatenate([np.ravel(place[site][..., t]) for site, _ in one.layout])
        np.testing.assert_allclose(loc[at], own_loc, rtol=1e-12)
        np.testing.assert_allclose(factor[np.ix_(at, at)], own_factor, rtol=1e-12)
        assert not factor[np.ix_(at, np.setdiff1d(np.arange(flat.size), at))].any()


def test_nuts_draws_around_the_maximum(by_ml):
    draws = fit(RGLM("poisson"), (_formula("poisson"), FRAME), estimators.NUTS(draws=100, warmup=60, chains=2))
    ml = by_ml("poisson")
    for name, value in draws.draws.samples.items():
        centre, error = ml.draws.samples[name][0, 0], ml.draws.info["errors"][name]
        assert value.shape == (2, 100, *np.shape(centre))
        assert np.all(np.abs(value.mean((0, 1)) - centre) < error)
        np.testing.assert_allclose(value.std((0, 1)), error, rtol=0.5)


def test_a_network_shares_its_units(network):
    assert dict(network.problem.layout) == {
        "beta": (2, 2),
        "beta_1": (2, 2),
        "intercept": (2,),
        "intercept_1": (2,),
        "sigma": (2,),
    }
    tree = network.tree
    assert tree.posterior.beta.dims[2:] == ("unit_1", "response")
    assert tree.posterior.sigma.dims[2:] == ("response",)
    assert list(tree.posterior.response.values) == ["short", "long"]
    assert tree.log_likelihood.y.dims == ("chain", "draw", "obs")
    assert tree.posterior_predictive.y.dims == ("chain", "draw", "obs", "response")
    assert tree.observed_data.y.dims == ("obs", "response")
    np.testing.assert_array_equal(tree.observed_data.y, FRAME[["short", "long"]])
    assert predict(network, FRAME[:3], kind="hidden")["h_1"].shape == (1, 1, 3, 2)
    residual = FRAME[["short", "long"]].to_numpy() - predict(network).to_numpy()[0, 0]
    assert np.all(residual.std(0) < 0.95 * FRAME[["short", "long"]].to_numpy().std(0))
    np.testing.assert_allclose(network.draws.samples["sigma"][0, 0], residual.std(0), rtol=0.2)


# predictions, scores, files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gaussian", "categorical"])
def test_predictions_name_the_response(by_ml, family):
    found, new = by_ml(family), FRAME[:4].drop(columns=list(SIDES[family]))
    extra = ("level",) if family == "categorical" else ()
    for kind in ("mean", "linear", "outcome"):
        values = predict(found, new, kind=kind)
        dims = ("chain", "draw", "obs", "response", *(extra if kind != "outcome" else ()))
        assert (values.dims, list(values.response.values)) == (dims, list(SIDES[family]))
    parameters = predict(found, new, kind="parameters")
    assert parameters.mu.dims[3] == "response"
    if family == "gaussian":
        assert parameters.sigma.dims == ("chain", "draw", "response")
    if family == "categorical":
        assert list(parameters.level.values) == ["a", "b", "c"]
        np.testing.assert_allclose(parameters.mu.sum("level"), 1.0, rtol=1e-12)


def test_scores_are_joint(by_ml, network):
    table = compare({"ML": by_ml("gaussian"), "net": network}, FRAME[:20]).table
    mean, sigma = predict(network, FRAME[:20]).to_numpy()[0, 0], network.draws.samples["sigma"][0, 0]
    y = FRAME[["short", "long"]].to_numpy()[:20]
    assert table.loc["net", "log_score"] == pytest.approx(stats.norm.logpdf(y, mean, sigma).sum(1).mean(), rel=1e-10)
    z = (y - mean) / sigma
    crps = sigma * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert table.loc["net", "crps"] == pytest.approx(crps.mean(), rel=1e-10)


@pytest.mark.parametrize("family", ["gaussian", "categorical"])
def test_files_and_rows_keep_the_responses(by_ml, family, tmp_path):
    found = by_ml(family)
    found.save(tmp_path / "fit.nc")
    again = rglm.load(tmp_path / "fit.nc")
    assert again.design.responses == found.design.responses == SIDES[family]
    np.testing.assert_array_equal(predict(again, FRAME), predict(found, FRAME))
    some = again.design.rows(np.arange(10, 40))
    np.testing.assert_array_equal(some.y, found.design.y[10:40])
    assert some.responses == SIDES[family]
    assert some.levels == found.design.levels
    np.testing.assert_array_equal(some.encode(found.design.take([0, 1])).y, found.design.y[:2])


def test_arrays_and_frames_of_responses():
    X, Y = FRAME[["age", "dose"]].to_numpy(), FRAME[["short", "long"]]
    named = Design.from_arrays(X, Y)
    assert (named.responses, named.response) == (("short", "long"), "short + long")
    assert Design.from_arrays(X, Y.to_numpy()).responses == ("y0", "y1")
    np.testing.assert_array_equal(named.new((X[:3], Y[["long", "short"]][:3])).y, Y[:3])
    assert named.new(X[:3]).y is None
    whole = Design.from_arrays(FRAME[["age", "dose"]], Y)
    np.testing.assert_array_equal(whole.new(FRAME).y, Y)
    assert whole.new(FRAME.drop(columns="long")).y is None
    logs = Design.from_formula("log(long) + `short` ~ dose", FRAME)
    assert logs.responses == ("log(long)", "short")
    np.testing.assert_array_equal(logs.y, np.column_stack([np.log(FRAME.long), FRAME.short]))
    assert Design.from_formula("I(short + long) ~ dose", FRAME).responses == ()


# what is refused ------------------------------------------------------------------------------------------------------

GAP = FRAME.assign(long=FRAME.long.where(FRAME.index != "row 7"))
BAD = {
    "a gap": (RGLM("gaussian"), "short + long ~ dose", GAP, {}, r"column 'long', row row 7, value nan"),
    "a support": (RGLM("poisson"), "few + short ~ dose", FRAME, {}, r"column 'short', row row 0"),
    "a family": (RGLM("gamma"), "few + many ~ dose", FRAME, {}, r"'gamma' models one response at a time[\s\S]*I\("),
    "heads": (RGLM("gaussian", heads="sigma"), "short + long ~ dose", FRAME, {}, r"no heads=\('sigma',\)"),
    "bounds": (RGLM("gaussian"), "short + long ~ dose", FRAME, {"lower": np.zeros(ROWS)}, "no lower"),
    "offsets": (RGLM("gaussian"), "short + long ~ dose", FRAME, {"offset": np.zeros((ROWS, 2))}, r"shape \(50, 2\)"),
    "other levels": (
        RGLM("categorical"),
        "left + right ~ dose",
        FRAME.assign(right=FRAME.right.replace("c", "d")),
        {},
        r"share one set of levels[\s\S]*'right': 'a', 'b', 'd'",
    ),
    "labels and numbers": (RGLM("categorical"), "left + few ~ dose", FRAME, {}, r"'few': numbers"),
    "a number": (RGLM("gaussian"), "short + 1 ~ dose", FRAME, {}, r"I\(a \+ b\)"),
    "arithmetic": (RGLM("gaussian"), "short + 2 * long ~ dose", FRAME, {}, r"'2 \* long'[\s\S]*I\(a \+ b\)"),
    "twice": (RGLM("gaussian"), "short + short ~ dose", FRAME, {}, "left-hand side twice"),
    "nothing": (RGLM("gaussian"), "short + ~ dose", FRAME, {}, "'nothing'"),
    "both sides": (RGLM("gaussian"), "short + dose ~ dose", FRAME, {}, r"right-hand side too[\s\S]*'dose'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused(case):
    model, formula, frame, options, message = BAD[case]
    with pytest.raises(RGLMError, match=message):
        fit(model, (formula, frame), "ml", **options)


def test_rows_with_other_responses_are_refused(by_ml):
    found, X = by_ml("gaussian"), FRAME[["age", "dose"]].to_numpy()
    Y = FRAME[["short", "long"]].to_numpy()
    design = Design.from_arrays(X, Y)
    for y, message in ((Y[:, 0], r"shape \(50,\); the design has 2"), (np.c_[Y, Y], r"\(50, 4\); the design has 2")):
        with pytest.raises(RGLMError, match=message):
            design.new((X, y))
    with pytest.raises(RGLMError, match="the design has one"):
        Design.from_arrays(X, Y[:, 0]).new((X, Y))
    with pytest.raises(RGLMError, match="other responses than the design"):
        Design.from_arrays(X, FRAME[["short", "long"]]).new((X, FRAME[["short", "few"]]))
    with pytest.raises(RGLMError, match="Test rows need their response"):
        compare({"ML": found}, FRAME.drop(columns="long"))
    one = fit(RGLM("gaussian"), ("short ~ age + dose", FRAME), "ml")
    with pytest.raises(RGLMError, match=r"'both': 'short \+ long'; 'one': 'short'"):
        compare({"both": found, "one": one}, FRAME)
    arrays = fit(RGLM("gaussian"), design, "ml")
    with pytest.raises(RGLMError, match=r"other responses than the fit[\s\S]*y0 \+ y1"):
        compare({"ML": arrays}, Design.from_arrays(X, Y[:, 0]))


def test_pictures_of_one_response_refuse_several(by_ml, network, tmp_path):
    found = by_ml("gaussian")
    for verb in (
        lambda: rglm.plots.surface(found),
        lambda: rglm.plots.intervals(found),
        lambda: rglm.interpret.residuals(found),
        lambda: rglm.plots.basis(network),
        lambda: rglm.plots.coefficients({"ML": found}),
        lambda: rglm.write_report(found, tmp_path / "report.html"),
    ):
        with pytest.raises(RGLMError, match=r"several responses at once[\s\S]*'short', 'long'"):
            verb()
    with jax.enable_x64(True):
        eta = rglm.functions(found, at=FRAME[:3]).posterior.eta
    assert eta.dims == ("chain", "draw", "point", "response")

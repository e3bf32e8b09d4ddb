"""Fits of NumPyro functions in `compare`: equal to the same model of ours, beside it, alone, and what is refused."""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pandas as pd
import pytest
from numpyro import handlers
from scipy import stats

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, fit
from bayes_rglm.comparison import compare, crps_normal
from bayes_rglm.errors import NotComparable

RNG = np.random.default_rng(11)
N, M = 30, 14
X, Z = RNG.normal(size=(N, 2)), RNG.normal(size=(M, 2))
P = 1 / (1 + np.exp(-(X @ [1.0, -0.5])))
Y, W = (RNG.random(N) < P).astype(float), (RNG.random(M) < 0.5).astype(float)
DRAWS = {"beta": RNG.normal(size=(2, 25, 2)), "intercept": RNG.normal(size=(2, 25))}
TEST = {"X": Z, "y": W}


def logistic(X, y, spread=1.0):
    beta = numpyro.sample("beta", dist.Normal(0.0, spread).expand([X.shape[1]]).to_event(1))
    intercept = numpyro.sample("intercept", dist.Normal(0.0, spread))
    with numpyro.plate("rows", len(y)):  # the response's length is needed: it cannot be taken away
        numpyro.sample("y", dist.Bernoulli(logits=X @ beta + intercept), obs=y)


def line(X, y, counts=None):
    beta = numpyro.sample("beta", dist.Normal(0.0, 2.0).expand([X.shape[1]]).to_event(1))
    intercept = numpyro.sample("intercept", dist.Normal(0.0, 2.0))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
    with numpyro.plate("rows", X.shape[0]), handlers.scale(scale=1.0 if counts is None else counts):
        numpyro.sample("y", dist.Normal(X @ beta + intercept, sigma), obs=y)


def ours(draws=DRAWS, family="bernoulli", y=Y, **options):
    return Fit.from_draws(Problem(RGLM(family), Design.from_arrays(X, y, **options)), draws, "ours")


def theirs(draws=DRAWS, function=logistic, y=Y, **more):
    return Fit.from_draws(Problem.from_numpyro(function, {"X": X, "y": y, **more}), draws, "theirs")


def wide(found, column="log_score"):
    return found.rows.pivot(index="obs", columns="method", values=column)


# the same model ------------------------------------------------------------------------------------------------------


def test_a_hand_written_logistic_regression_scores_as_ours():
    found = compare({"ours": ours(), "theirs": theirs()}, (Z, W), kwargs={"theirs": TEST})
    for column in ("log_score", "brier", "pit"):
        rows = wide(found, column)
        np.testing.assert_allclose(rows["theirs"], rows["ours"], rtol=0, atol=1e-10, err_msg=column)
    table = found.table
    assert table.loc["theirs", "parameters"] == table.loc["ours", "parameters"]
    assert table.loc["theirs", "train_log_score"] == pytest.approx(table.loc["ours", "train_log_score"], abs=1e-10)
    assert sorted(table["verdict"]) == ["indistinguishable", "reference"]
    assert found.n_test == M
    assert not any("not held out" in note for note in found.notes)


def test_the_log_score_is_the_log_of_the_mean_density_of_weighted_draws():
    samples = {"beta": np.zeros((1, 2, 2)), "intercept": np.array([[-1.0, 2.0]])}
    weighted = Draws(samples, "mcmc", log_weights=np.log([[3.0, 1.0]]))
    p = 0.75 / (1 + np.exp(1.0)) + 0.25 / (1 + np.exp(-2.0))
    found = compare({"a": theirs(weighted)}, None, kwargs={"a": TEST})
    np.testing.assert_allclose(found.rows["log_score"], np.log(np.where(W == 1, p, 1 - p)), rtol=1e-12)
    np.testing.assert_allclose(found.rows["brier"], (p - W) ** 2, rtol=1e-12)
    both = compare({"a": theirs(weighted), "b": ours(weighted)}, (Z, W), kwargs={"a": TEST})
    np.testing.assert_allclose(wide(both)["a"], wide(both)["b"], rtol=1e-12)


def test_fitted_by_nuts_beside_ours(world):
    nuts = world.tiny("nuts")
    fits = {"ours": fit(RGLM("bernoulli"), (X, Y), nuts), "mine": fit(theirs().problem, estimator=nuts)}
    frame = pd.DataFrame(Z, columns=["0", "1"], index=[f"row {i}" for i in range(M)])
    test = fits["ours"].design.new((frame.to_numpy(), W))
    found = compare(fits, test, kwargs={"mine": TEST})
    assert np.isfinite(found.table["log_score"]).all()
    assert set(found.rows["obs"]) == set(test.index)
    assert found.table.loc["mine", "status"] == fits["mine"].status
    assert (found.table["seconds"] > 0).all()


# responses that are not binary ---------------------------------------------------------------------------------------

REAL, REAL_TEST = X @ [1.0, -2.0] + 0.5, Z @ [1.0, -2.0] + 0.5 + 0.3 * RNG.normal(size=M)
POINT = {"beta": np.array([[[1.0, -2.0]]]), "intercept": np.array([[0.4]]), "sigma": np.array([[0.5]])}
SPREAD = {k: np.repeat(v, 40, axis=1) + 0.1 * np.abs(RNG.normal(size=(1, 40, *v.shape[2:]))) for k, v in POINT.items()}


def test_crps_of_a_plug_in_normal_is_closed_and_simulated_otherwise():
    given = {"theirs": {"X": Z, "y": REAL_TEST}}
    for draws in (POINT, SPREAD):
        fits = {"ours": ours(draws, "gaussian", REAL), "theirs": theirs(draws, line, REAL)}
        found = compare(fits, (Z, REAL_TEST), kwargs=given)
        rows, u, table = wide(found, "crps"), wide(found, "pit"), found.table
        np.testing.assert_allclose(rows["theirs"], rows["ours"], atol=1e-10 if draws is POINT else 0.1)
        np.testing.assert_allclose(u["theirs"], u["ours"], atol=1e-10 if draws is POINT else 0.06)  # of 1000 outcomes
        assert table.loc["theirs", "width90"] == pytest.approx(table.loc["ours", "width90"], rel=0.03)
    mean = Z @ [1.0, -2.0] + 0.4
    alone = compare({"theirs": theirs(POINT, line, REAL)}, None, kwargs=given)
    np.testing.assert_allclose(alone.rows["crps"], crps_normal(REAL_TEST, mean, 0.5), rtol=1e-12)
    np.testing.assert_allclose(alone.rows["log_score"], stats.norm.logpdf(REAL_TEST, mean, 0.5), rtol=1e-12)
    assert list(alone.rows["obs"]) == list(range(M))


def test_a_binary_response_under_a_count_makes_all_of_them_crps():
    def poisson(X, y):
        rate = numpyro.sample("rate", dist.Gamma(2.0, 2.0))
        numpyro.sample("y", dist.Poisson(rate), obs=y)  # no plate, and one rate for all rows

    count = theirs({"rate": np.array([[0.5, 0.7]])}, poisson)
    found = compare({"ours": ours(), "count": count}, (Z, W), kwargs={"count": TEST})
    expected = np.log((stats.poisson.pmf(W, 0.5) + stats.poisson.pmf(W, 0.7)) / 2)
    np.testing.assert_allclose(wide(found)["count"], expected, rtol=1e-12)
    assert "brier" not in found.table.columns
    grid = np.arange(60)[:, None]
    below = (stats.poisson.cdf(grid, 0.5) + stats.poisson.cdf(grid, 0.7)) / 2
    np.testing.assert_allclose(wide(found, "crps")["count"], ((below - (grid >= W)) ** 2).sum(0), atol=0.08)


def test_rows_of_several_values_count_as_one_row():
    def pairs(X, y):
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(mean, 1.0).expand([y.shape[0], 2]), obs=y)

    y = RNG.normal(size=(M, 2))
    own = theirs({"mean": np.zeros((1, 1))}, pairs, RNG.normal(size=(N, 2)))
    found = compare({"a": own}, None, kwargs={"a": {"X": Z, "y": y}})
    np.testing.assert_allclose(found.rows["log_score"], stats.norm.logpdf(y).sum(1), rtol=1e-12)
    np.testing.assert_allclose(found.rows["crps"], crps_normal(y, 0.0, 1.0).mean(1), rtol=1e-12)


# weights, arguments, notes -------------------------------------------------------------------------------------------


def test_scaled_rows_count_as_ours_do():
    counts, at = np.tile([1.0, 3.0], N // 2), np.tile([2.0, 1.0], M // 2)
    weighted = ours(SPREAD, "gaussian", REAL, weights=counts, weights_kind="frequency")
    scaled = theirs(SPREAD, line, REAL, counts=counts)
    test = weighted.design.new((Z, REAL_TEST), weights=at)
    given = {"X": Z, "y": REAL_TEST, "counts": at}
    table = compare({"ours": weighted, "theirs": scaled}, test, kwargs={"theirs": given}).table
    for column in ("log_score", "train_log_score"):
        assert table.loc["theirs", column] == pytest.approx(table.loc["ours", column], abs=1e-10)
    assert table["difference"].abs().max() < 1e-8
    for bad in ({**given, "counts": at + 1}, {"X": Z, "y": REAL_TEST}):
        plain = "counts" not in bad
        fits = {"ours": weighted, "theirs": theirs(SPREAD, line, REAL) if plain else scaled}
        with pytest.raises(NotComparable, match=r"same weights[\s\S]*" + ("no weights" if plain else "handlers.scale")):
            compare(fits, test, kwargs={"theirs": bad})
    alone = compare({"theirs": scaled}, None, kwargs={"theirs": given})
    assert any("do not apply the weights" in note for note in alone.notes)
    unweighted = compare({"theirs": theirs(SPREAD, line, REAL)}, None, kwargs={"theirs": TEST | {"y": REAL_TEST}})
    np.testing.assert_array_equal(alone.rows["log_score"], unweighted.rows["log_score"])


def test_arguments_that_are_no_arrays_are_kept_and_lists_and_float32_are_read():
    other = Fit.from_draws(Problem.from_numpyro(logistic, {"X": X, "y": Y, "spread": 3.0}), DRAWS, "other")
    given = {"a": {"X": Z.tolist(), "y": W.astype(bool)}, "b": {"X": Z, "y": jnp.asarray(W)}}
    found = compare({"ours": ours(), "a": other, "b": theirs()}, (Z, W), kwargs=given)
    np.testing.assert_allclose(wide(found)["a"], wide(found)["ours"], atol=1e-10)
    np.testing.assert_allclose(wide(found)["b"], wide(found)["ours"], atol=1e-10)
    rounded = {"theirs": {"X": Z, "y": REAL_TEST.astype(np.float32)}}
    fits = {"ours": ours(SPREAD, "gaussian", REAL), "theirs": theirs(SPREAD, line, REAL)}
    assert compare(fits, (Z, REAL_TEST), kwargs=rounded).n_test == M


def test_training_rows_are_called_so():
    found = compare({"theirs": theirs()}, None, kwargs={"theirs": {"X": X, "y": Y}})
    assert any(note.startswith("These rows trained theirs") for note in found.notes)
    assert found.table.loc["theirs", "gap"] == pytest.approx(0.0, abs=1e-12)


# refusals ------------------------------------------------------------------------------------------------------------


def test_missing_arguments_name_the_fit_and_what_to_pass():
    with pytest.raises(
        NotComparable, match=r"no kwargs for 'mine'[\s\S]*kwargs=\{'mine': \{'X': \.\.\., 'y': \.\.\.\}\}"
    ):
        compare({"ours": ours(), "mine": theirs()}, (Z, W))


def sized(X, y):
    numpyro.sample("effect", dist.Normal(0.0, 1.0).expand([len(y)]).to_event(1))
    numpyro.sample("y", dist.Normal(0.0, 1.0).expand([len(y)]), obs=y)


def joint(X, y):
    numpyro.sample("mean", dist.Normal())
    numpyro.sample("y", dist.Normal(0.0, 1.0).expand([len(y)]).to_event(1), obs=y)


BAD = [
    ({"mine": {"X": Z}}, r"'mine' needs all its arrays[\s\S]*no 'y' in kwargs\['mine'\]"),
    ({"mine": {**TEST, "x": 1.0}}, r"'mine' cannot be run[\s\S]*'x'"),
    ({"mine": {"X": Z[:5], "y": W}}, "'mine' cannot be run"),
    ({"mine": {"X": Z[:, :1], "y": W}}, r"'mine' has other parameters[\s\S]*beta \(1,\)[\s\S]*fitted: beta \(2,\)"),
    ({"mine": {"X": Z[1:], "y": W[1:]}}, r"same rows[\s\S]*'ours': 14 rows; 'mine': 13 rows"),
    ({"mine": {"X": Z, "y": 1 - W}}, r"same response[\s\S]*other values: [01] and [01] in test row 0"),
    ({"mine": TEST, "ours": TEST}, r"for fits of NumPyro functions[\s\S]*'ours'; such fits: 'mine'"),
    ({"mine": (Z, W)}, "by the name of its fit"),
    ([TEST], "by the name of its fit"),
]


@pytest.mark.parametrize(("kwargs", "message"), BAD)
def test_bad_arguments_are_refused(kwargs, message):
    with pytest.raises(NotComparable, match=message):
        compare({"ours": ours(), "mine": theirs()}, (Z, W), kwargs=kwargs)


def test_other_measures_and_responses_are_refused():
    real = theirs(SPREAD, line)
    with pytest.raises(NotComparable, match=r"'ours': bernoulli, counting measure; 'mine': Normal, lebesgue measure"):
        compare({"ours": ours(), "mine": real}, (Z, W), kwargs={"mine": TEST})
    given = {"a": TEST, "b": {"X": Z[::-1], "y": W[::-1]}}
    with pytest.raises(NotComparable, match="'a' and 'b' read other values"):
        compare({"a": theirs(), "b": theirs()}, None, kwargs=given)
    with pytest.raises(NotComparable, match="read other values"):
        compare({"ours": ours(), "mine": theirs()}, Z, kwargs={"mine": TEST})
    with pytest.raises(NotComparable, match=r"test=None for 'ours'"):
        compare({"ours": ours(), "mine": theirs()}, None, kwargs={"mine": TEST})


def test_models_without_rows_are_refused():
    effects = theirs({"effect": np.zeros((1, 1, N))}, sized)
    with pytest.raises(NotComparable, match=r"effect \(14,\); fitted: effect \(30,\)"):
        compare({"mine": effects}, None, kwargs={"mine": TEST})
    with pytest.raises(NotComparable, match=r"one density for all its rows[\s\S]*plate"):
        compare({"mine": theirs({"mean": np.zeros((1, 1))}, joint)}, None, kwargs={"mine": TEST})

"""`compare`: the table by hand, what is refused, and what is said under the table."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, estimators, fit
from bayes_rglm.comparison import RowScores, assemble, compare
from bayes_rglm.errors import DataError, NotComparable
from bayes_rglm.gates import Label

TEST_X = np.linspace(-1, 1, 12)[:, None]
TEST_Y = np.array([0.0, 1, -1, 2, 0.5, -0.5, 1, 1, 0, -2, 0.3, 0.4])


def gaussian(intercept, sigma, label="hand", labels=()):
    design = Design.from_arrays(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 0.5]))
    samples = {"beta": np.zeros((1, 1, 1)), "intercept": [[intercept]], "sigma": [[sigma]]}
    samples = {k: np.asarray(v, float) for k, v in samples.items()}
    return Fit(Problem(RGLM("gaussian"), design), Draws(samples, "point", labels=labels), label, seconds=1.5)


def test_table_by_hand():
    found = compare({"far": gaussian(3.0, 1.0), "near": gaussian(0.2, 1.0)}, (TEST_X, TEST_Y))
    near, far = stats.norm.logpdf(TEST_Y, 0.2), stats.norm.logpdf(TEST_Y, 3.0)
    table = found.table
    assert list(table.index) == ["near", "far"]
    assert found.reference == "near"
    assert found.n_test == 12
    assert table.loc["far", "log_score"] == pytest.approx(far.mean())
    assert table.loc["far", "difference"] == pytest.approx((far - near).sum())
    assert table.loc["far", "se"] == pytest.approx(np.sqrt(12 * np.var(far - near, ddof=1)))
    assert list(table["verdict"]) == ["reference", "worse"]
    assert table.loc["near", ["difference", "se"]].tolist() == [0.0, 0.0]
    inside = stats.norm.logpdf([0.0, 1.0, 0.5], 3.0).mean()
    assert table.loc["far", "train_log_score"] == pytest.approx(inside)
    assert table.loc["far", "gap"] == pytest.approx(inside - far.mean())
    assert table.loc["far", "seconds"] == 1.5
    assert (table["rows_inf"] == 0).all()
    assert (table["crps"] > 0).all()


def test_rows_are_long_and_held_out():
    rows = compare({"a": gaussian(3.0, 1.0), "b": gaussian(0.2, 1.0)}, (TEST_X, TEST_Y)).rows
    assert list(rows.columns) == ["method", "fold", "obs", "log_score", "crps", "pit", "train"]
    assert len(rows) == 24
    assert not rows["train"].any()
    wide = rows.pivot(index="obs", columns="method", values="log_score")
    np.testing.assert_allclose(wide["b"], stats.norm.logpdf(TEST_Y, 0.2))


def test_the_same_fit_twice_is_indistinguishable():
    found = compare({"a": gaussian(0.2, 1.0), "b": gaussian(0.2, 1.0)}, (TEST_X, TEST_Y))
    assert found.table.loc["b", "verdict"] == "indistinguishable"
    assert found.table.loc["b", ["difference", "se"]].tolist() == [0.0, 0.0]


def test_notes_say_what_the_errors_speak_of_and_print_under_the_table():
    label = Label("mle_infinite", "no finite maximum along x")
    found = compare({"a": gaussian(3.0, 1.0, labels=(label,)), "b": gaussian(0.2, 1.0)}, (TEST_X, TEST_Y))
    text = repr(found)
    assert "these fits on 12 test rows" in text
    assert "optimistic" in text
    assert "a: mle_infinite: no finite maximum along x." in text
    assert "going on would change the scores" in text
    assert "<li>" in found._repr_html_()
    assert found.table.loc["a", "status"] == "mle_infinite"


def test_html_escapes_names():
    found = compare(
        {"<b>": gaussian(3.0, 1.0), "c": gaussian(0.2, 1.0, labels=(Label("x<y", "1<2"),)[:0])}, (TEST_X, TEST_Y)
    )
    assert "<b>" not in found._repr_html_()


def test_training_rows_are_called_so():
    one = gaussian(0.2, 1.0)
    found = compare({"one": one}, one.design)
    assert "These rows trained one: its scores are not held out." in found.notes
    both = compare({"one": one, "two": gaussian(3.0, 1.0)}, one.design)
    assert "These rows trained one, two: their scores are not held out." in both.notes
    assert not any("not held out" in note for note in compare({"one": one}, (TEST_X, TEST_Y)).notes)


def test_density_zero_is_counted_and_said():
    # sigma so small that the log density overflows to -inf
    found = compare({"spike": gaussian(0.0, 1e-160), "near": gaussian(0.2, 1.0)}, (TEST_X, TEST_Y))
    spike = found.table.loc["spike"]
    assert spike["rows_inf"] == np.sum(TEST_Y != 0)
    assert spike["log_score"] == -np.inf
    assert spike["difference"] == -np.inf
    assert spike["verdict"] == "worse"
    assert spike["gap"] != spike["gap"] or spike["gap"] == np.inf
    assert any("10 of 12 test rows have density 0" in note and "mean is -inf" in note for note in found.notes)
    assert found.reference == "near"


def scored(method, fold, values, **changes):
    n = len(values)
    base = {"second": np.ones(n), "train_log_score": -1.0, "train_rows": 10, "seconds": 2.0, "labels": ()}
    return RowScores(method, fold, np.arange(n), np.asarray(values, float), **{**base, **changes})


def test_fewest_impossible_rows_come_first():
    found = assemble(
        [scored("a", 0, [-np.inf, -np.inf, 0]), scored("b", 0, [-5, -np.inf, -9]), scored("c", 0, [0, -np.inf, 0])],
        "crps",
    )
    assert list(found.table.index) == ["c", "b", "a"]
    assert found.table.loc["b", "difference"] == pytest.approx(-14.0)
    assert found.table.loc["a", "difference"] == -np.inf


def test_folds_join_and_seconds_add():
    parts = [
        scored(m, k, np.array(v) - shift) for m, shift in (("a", 0), ("b", 1)) for k, v in enumerate([[1, 2], [3, 5]])
    ]
    parts[3] = scored("b", 1, [2, 1], labels=(Label("slow_mixing", "few draws"),))
    found = assemble(parts, "brier")
    assert found.n_test == 4
    assert found.table.loc["b", "seconds"] == 4.0
    assert found.table.loc["b", "status"] == "slow_mixing"
    assert "b (in 1 of 2 folds): slow_mixing: few draws." in found.notes
    assert "2 folds, 1 degrees of freedom" in found.notes[0]
    # d = -1, -1 | -1, -4; fold means -1 and -2.5; n_test / n_train = 2 / 10
    assert found.table.loc["b", "se"] == pytest.approx(4 * np.sqrt((1 / 2 + 2 / 10) * np.var([-1, -2.5], ddof=1)))


def test_a_difference_of_few_rows_is_said_with_median_and_share():
    rng = np.random.default_rng(0)
    base, loss = np.zeros(200), np.full(200, 0.1)
    loss[:6] = [-400.0, -150.0, -60.0, -30.0, -12.0, -6.0]
    found = assemble([scored("best", 0, base), scored("spiky", 0, base + loss + 0.01 * rng.normal(size=200))], "crps")
    row = found.table.loc["spiky"]
    assert row["tail"] > 0.7
    assert row["won"] == pytest.approx(194 / 200)
    assert row["median"] == pytest.approx(0.1, abs=0.01)
    (note,) = (note for note in found.notes if "few rows carry" in note)
    assert f"k-hat {row['tail']:.2f}" in note
    assert f"the median row differs by {row['median']:.3g}" in note
    assert "better on 97 % of rows" in note
    assert np.isnan(found.table.loc["best", "tail"])


def test_the_text_keeps_to_the_main_columns_and_wide_has_all():
    found = compare({"far": gaussian(3.0, 1.0), "near": gaussian(0.2, 1.0)}, (TEST_X, TEST_Y))
    lines = found.text().splitlines()
    assert max(map(len, lines)) <= 100
    main = ["status", "log_score", "difference", "se", "verdict", "crps", "cov90", "pit_p", "gap", "seconds"]
    assert lines[0].split() == main
    assert found.text(wide=True).splitlines()[0].split() == list(found.table.columns)
    assert repr(found).startswith(found.text())


def test_failures_keep_their_place():
    found = assemble([scored("a", 0, [1, 2])], "crps", {"bad": "no\n  found: x"}, ["late"])
    assert found.table.loc["bad", "status"] == "failed"
    assert found.table.loc["late", "status"] == "not run"
    assert np.isnan(found.table.loc["bad", "log_score"])
    assert "bad failed: no found: x" in found.notes
    assert found.table["rows_inf"].isna().tolist() == [False, True, True]


# refusals ------------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"x": np.linspace(-1, 1, 20), "y": np.exp(np.sin(np.arange(20.0))), "w": np.tile([1.0, 3.0], 10)})
FRAME["k"] = np.round(FRAME["y"])
TEST = FRAME.iloc[::3].reset_index(drop=True)


def ml(family, formula, **options):
    return fit(RGLM(family), (formula, FRAME), "ml", **options)


def test_one_response_on_two_scales_is_refused():
    with pytest.raises(NotComparable, match=r"'log\(y\)'"):
        compare({"plain": ml("gaussian", "y ~ x"), "log": ml("gaussian", "log(y) ~ x")}, TEST)


def test_two_measures_are_refused():
    with pytest.raises(NotComparable, match="counting measure"):
        compare({"count": ml("poisson", "k ~ x"), "real": ml("gaussian", "k ~ x")}, TEST)


def test_two_responses_are_refused():
    with pytest.raises(NotComparable, match="different responses"):
        compare({"a": ml("gaussian", "y ~ x"), "b": ml("gaussian", "w ~ x")}, TEST)


def test_rows_of_other_trials_are_refused():
    frame = TEST.assign(y=np.arange(len(TEST)) % 2, two=2.0, one=1.0)
    fits = {name: fit(RGLM("binomial"), ("y ~ x", frame), "ml", trials=name) for name in ("one", "two")}
    bernoulli = fit(RGLM("bernoulli"), ("y ~ x", frame), "ml")
    with pytest.raises(NotComparable, match=r"(?s)numbers of trials.*test row 0: 1 in 'rows', 2 in 'counts'"):
        compare({"rows": bernoulli, "counts": fits["two"]}, frame)
    with pytest.raises(NotComparable, match="numbers of trials"):
        compare({"two": fits["two"], "one": fits["one"]}, frame)
    table = compare({"rows": bernoulli, "counts": fits["one"]}, frame).table  # one trial each: the same thing
    assert table.loc["rows", "log_score"] == pytest.approx(table.loc["counts", "log_score"], abs=1e-9)


def test_rows_that_are_censored_for_one_method_only_are_refused():
    frame = TEST.assign(y=np.minimum(TEST["y"], 1.5), top=1.5, far=9.0)
    plain, top, far = (
        fit(RGLM("gaussian"), ("y ~ x", frame), "ml", **({} if name is None else {"upper": name}))
        for name in (None, "top", "far")
    )
    assert (frame["y"] == 1.5).any()
    with pytest.raises(NotComparable, match="censored for one method only"):
        compare({"plain": plain, "top": top}, frame)
    with pytest.raises(NotComparable, match="censored"):
        compare({"top": top, "far": far}, frame)
    table = compare({"plain": plain, "far": far}, frame).table  # no row reaches that bound
    assert table.loc["plain", "log_score"] == pytest.approx(table.loc["far", "log_score"], abs=1e-6)


def test_tobit_and_gaussian_are_refused(world):
    frame = world.frame("tobit")
    fits = {name: fit(RGLM(name), ("y ~ age", frame), "ml") for name in ("tobit", "gaussian")}
    with pytest.raises(NotComparable, match="point mass"):
        compare(fits, frame)


def test_other_weights_are_refused():
    plain, weighted = ml("gaussian", "y ~ x"), ml("gaussian", "y ~ x", weights="w", weights_kind="frequency")
    with pytest.raises(NotComparable, match=r"(?s)same weights.*no weights.*frequency"):
        compare({"plain": plain, "weighted": weighted}, TEST)
    kinds = ml("gaussian", "y ~ x", weights="w", weights_kind="importance")
    with pytest.raises(NotComparable, match="importance"):
        compare({"a": kinds, "b": weighted}, TEST)


def test_frequency_weights_score_as_repeated_rows():
    weighted = ml("gaussian", "y ~ x", weights="w", weights_kind="frequency")
    other = weighted.relabelled("other")
    object.__setattr__(other, "draws", Draws({k: v + 0.3 for k, v in weighted.draws.samples.items()}, "point"))
    found = compare({"a": weighted, "b": other}, TEST)
    once = compare({"a": weighted, "b": other}, TEST.loc[TEST.index.repeat(TEST["w"])].assign(w=1.0))
    for column in ("log_score", "difference", "se", "crps", "median", "won"):
        np.testing.assert_allclose(found.table[column], once.table[column], rtol=1e-12, err_msg=column)
    assert any("frequency weight" in note for note in found.notes)


def test_importance_weights_are_not_applied_and_it_is_said():
    found = compare({"a": ml("gaussian", "y ~ x", weights="w", weights_kind="importance")}, TEST)
    assert any("do not apply the importance weights" in note for note in found.notes)
    assert found.table.loc["a", "log_score"] == pytest.approx(found.rows["log_score"].mean())


def test_rows_without_a_response_are_refused():
    with pytest.raises(NotComparable, match="need their response"):
        compare({"a": ml("gaussian", "y ~ x")}, TEST[["x"]])


def test_no_fits_and_foreign_things_are_refused(world):
    with pytest.raises(NotComparable, match="by name"):
        compare({}, TEST)
    with pytest.raises(NotComparable, match="by name"):
        compare([ml("gaussian", "y ~ x")], TEST)
    with pytest.raises(NotComparable, match="'a' is str"):
        compare({"a": "ml"}, TEST)


def test_different_formulas_of_one_response_are_compared():
    found = compare({"line": ml("gaussian", "y ~ x"), "flat": ml("gaussian", "y ~ 1")}, TEST)
    assert set(found.table.index) == {"line", "flat"}
    assert found.n_test == len(TEST)


def test_a_fit_that_cannot_score_does_not_take_the_others_along():
    spline = ml("gaussian", "y ~ bs(x, df=4)")
    beyond = TEST.assign(x=TEST["x"] * 1.5)
    found = compare({"spline": spline, "line": ml("gaussian", "y ~ x")}, beyond)
    assert found.table.loc["spline", "status"] == "failed"
    assert found.reference == "line"
    assert any(note.startswith("spline failed: ") and "bounds" in note for note in found.notes)
    with pytest.raises(DataError, match="bounds"):
        compare({"spline": spline}, beyond)


def test_brier_for_binary_and_bayes_beside_ml(world):
    fits = {"ML": world.fit("bernoulli", 1, "ml"), "NUTS": world.fit("bernoulli", 1, "nuts")}
    found = compare(fits, world.frame("bernoulli").sample(frac=1.0, random_state=0))
    assert {"brier", "log_score"} <= set(found.table.columns)
    assert found.table["brier"].between(0, 1).all()
    assert found.table.loc["ML", "log_score"] >= found.table.loc["NUTS", "log_score"]  # on its own rows


def test_any_estimator_of_the_registry_can_be_scored(world):
    for name in estimators.names():
        found = compare({name: world.fit("bernoulli", 1, name)}, world.frame("bernoulli").iloc[:10])
        assert np.isfinite(found.table.loc[name, "log_score"])


def test_rows_outside_the_domain_of_a_link_are_counted_and_named():
    """Under the square-root link rows 0 to 3 have a negative predictor: no mean, density 0, and a label for it."""
    design = Design.from_arrays(np.arange(1.0, 6.0)[:, None], np.array([1.0, 4, 9, 16, 25]))
    point = {"beta": np.ones((1, 1, 1)), "intercept": np.zeros((1, 1))}
    rare = {"beta": np.array([[[1.0], [1.0], [-1.0]]]), "intercept": np.zeros((1, 3))}
    fits = {
        "point": Fit(Problem(RGLM("poisson", "sqrt"), design), Draws(point, "point"), "point"),
        "draws": Fit(Problem(RGLM("poisson", "sqrt"), design), Draws(rare, "prior"), "draws"),
    }
    rows = (np.array([[-4.0], [-3.0], [-2.0], [-1.0], [1.0], [2.0]]), np.array([0.0, 1, 0, 2, 1, 3]))
    found = compare({"point": fits["point"]}, rows)
    assert found.table.loc["point", ["status", "rows_inf"]].tolist() == ["outside_domain", 4]
    assert any("4 of 6 rows lie outside the domain of the link 'sqrt': 0, 1, 2, 3" in note for note in found.notes)
    assert "under most draws: 0, 1, 2, 3" in " ".join(compare({"draws": fits["draws"]}, rows).notes)
    assert compare({"draws": fits["draws"]}, (rows[0][4:], rows[1][4:])).table.loc["draws", "status"] == "ok"

"""`contrast`: what it fits, what it says, and what survives a failure or Ctrl-C."""

import os
import signal
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from bayes_rglm import RGLM, estimators, fit, priors
from bayes_rglm.comparison import compare
from bayes_rglm.errors import DataError, EstimatorError, Interrupted, NotComparable, SpecError
from bayes_rglm.studies import contrast

POINTS = {"ML": "ml", "MAP": "map"}
FORMULA = "y ~ age + dose + year"


@pytest.fixture(scope="module")
def binary(world):
    return contrast(world.model("bernoulli"), (FORMULA, world.frame("bernoulli")), POINTS, seed=4)


def test_one_split_by_default(binary):
    d = binary.description
    assert (d["n"], d["p"], d["train_rows"], d["test_rows"]) == (40, 3, 28, 12)
    assert (d["response"], d["columns"]) == ("y", ("age", "dose", "year"))
    assert "28 training rows and 12 test rows" in d["split"]
    assert "shares of the response kept" in d["split"]
    assert "2 fits" in d["estimated_cost"]
    assert "4 parameters" in d["estimated_cost"]
    assert d["seconds"] > 0
    assert binary.folds is None
    assert binary.comparison.n_test == 12
    assert not set(binary.train.index) & set(binary.test.index)
    assert abs(binary.train.y.mean() - binary.test.y.mean()) < 0.1


def test_fits_can_be_made_again_alone(binary, world):
    again = fit(world.model("bernoulli"), binary.train, "map", seed=4)
    for name, value in again.draws.samples.items():
        np.testing.assert_array_equal(value, binary.fits["MAP"].draws.samples[name])
    assert binary.fits["MAP"].label == "MAP"


def test_the_comparison_is_that_of_its_fits(binary, world):
    same = compare(binary.fits, world.frame("bernoulli").loc[binary.test.index])
    pd.testing.assert_frame_equal(same.table, binary.comparison.table)


def test_repr_has_labels_and_notes(binary):
    text = repr(binary)
    assert "status" in text
    assert "these fits on 12 test rows" in text
    assert "<li>" in binary._repr_html_()


def test_preprocessing_is_fitted_to_training_rows(binary):
    np.testing.assert_allclose(binary.train.constants.centre, binary.train.X.mean(0))
    assert binary.test.constants is binary.train.constants


def test_the_frame_says_how_many_rows_train(world):
    frame = world.frame("bernoulli")
    frame.attrs["train_rows"] = 33
    run = lambda **o: contrast(world.model("bernoulli"), (FORMULA, frame), {"ML": "ml"}, **o).train.n  # noqa: E731
    assert run() == 33
    assert run(train_rows=20) == 20
    assert run(test=0.5) == 20
    assert run(folds=4) == 30


def test_folds_score_every_row_with_a_fit_that_has_not_seen_it(world):
    frame = world.frame("gaussian")
    found = contrast(world.model("gaussian"), (FORMULA, frame), {"ML": "ml"}, folds=4, seed=2)
    rows = found.comparison.rows
    assert sorted(rows["obs"]) == sorted(frame.index)
    assert found.description["test_rows"] == 40
    for _, part in rows.groupby("fold"):
        train = frame.drop(index=part["obs"])
        alone = fit(world.model("gaussian"), (FORMULA, train), "ml")
        own = compare({"ML": alone}, frame.loc[part["obs"]]).rows
        np.testing.assert_allclose(part["log_score"], own["log_score"], rtol=1e-9)
        np.testing.assert_allclose(part["crps"], own["crps"], rtol=1e-9)
    assert list(found.fits) == ["ML"]
    assert set(found.train.index) == set(frame.index) - set(rows.loc[rows["fold"] == 0, "obs"])
    assert "4 folds, 3 degrees of freedom" in found.comparison.notes[0]


def test_a_fold_may_lack_a_level():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=32), "g": ["a", "b"] * 15 + ["a", "rare"]})
    frame["y"] = frame["x"] + rng.normal(size=32)
    found = contrast(RGLM("gaussian"), ("y ~ x + g", frame), POINTS, folds=4)
    assert found.comparison.n_test == 32
    assert np.isfinite(found.comparison.rows["log_score"]).all()
    assert any("(in 1 of 4 folds): rank_deficient: g[T.rare]" in note for note in found.comparison.notes)


@pytest.mark.parametrize("family", ["ordinal", "categorical"])
def test_splits_keep_the_shares_of_levels(world, family):
    found = contrast(world.model(family), (FORMULA, world.frame(family)), {"MAP": "map"}, seed=3)
    assert "shares of the response kept" in found.description["split"]
    counts = [np.bincount(part.y.astype(int), minlength=3) for part in (found.train, found.test)]
    np.testing.assert_allclose(counts[0], 0.7 * (counts[0] + counts[1]), atol=1)


def test_a_fold_may_lack_the_last_level_of_a_response_of_codes(world):
    frame = world.frame("categorical")
    frame["y"] = frame["y"].clip(upper=1.0)
    frame.loc["row 07", "y"] = 2.0
    found = contrast(world.model("categorical"), (FORMULA, frame), {"MAP": "map"}, folds=3)
    row = found.comparison.rows.set_index("obs").loc["row 07"]
    assert np.isfinite(row["log_score"])
    assert row["log_score"] < -1.0
    assert any(note.startswith("Level 2 is tested where no training row has it") for note in found.comparison.notes)
    split = contrast(world.model("categorical"), (FORMULA, frame), {"MAP": "map"})
    assert "row 07" in split.train.index


def test_draws_that_are_no_chains_are_in_the_plan(world):
    methods = {name: world.tiny(name) for name in ("laplace", "prior")}
    found = contrast(world.model("bernoulli"), (FORMULA, world.frame("bernoulli")), methods)
    assert "sampling: 0 draws" in found.description["estimated_cost"]
    assert set(found.fits) == {"laplace", "prior"}


def test_a_method_may_have_a_model_of_its_own(world):
    tight = world.model("bernoulli").with_prior(priors.Normal(scale=1e-3))
    methods = {"MAP": estimators.MAP(), "tight": (tight, "map")}
    found = contrast(world.model("bernoulli"), (FORMULA, world.frame("bernoulli")), methods)
    assert found.methods["tight"] == (tight, estimators.MAP())
    assert np.abs(found.fits["tight"].draws.samples["beta"]).max() < 1e-2
    assert np.abs(found.fits["MAP"].draws.samples["beta"]).max() > 1e-2


def test_the_plan_comes_before_the_fits(world, capsys):
    data = (FORMULA, world.frame("bernoulli"))
    contrast(world.model("bernoulli"), data, {"ML": "ml"}, folds=3, progress=True)
    said = capsys.readouterr().err
    assert said.startswith("Contrast: 3 fits (1 methods x 3 splits), 26 training and 14 test rows each, 4 parameters")
    assert said.index("fold 1 of 3, ML") < said.index("fold 3 of 3, ML")
    contrast(world.model("bernoulli"), data, {"ML": "ml"}, progress=False)
    assert capsys.readouterr().err == ""


def test_draws_and_float32(world):
    nuts = world.tiny("nuts")
    found = contrast(world.model("bernoulli"), (FORMULA, world.frame("bernoulli")), {"NUTS": nuts}, precision="float32")
    assert found.fits["NUTS"].precision == "float32"
    assert np.isfinite(found.comparison.table.loc["NUTS", "log_score"])
    assert "400 draws with warm-up" in found.description["estimated_cost"]


# failures and Ctrl-C -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Broken(estimators.Estimator):
    name = "broken"
    rows: int = 0
    foreseen: bool = True

    def run(self, problem, key, monitor):
        if not self.foreseen:
            raise np.linalg.LinAlgError("Singular matrix")
        if problem.n != self.rows:
            raise EstimatorError("This estimator refuses.", found="everything")
        return estimators.MaximumLikelihood().run(problem, key, monitor)


@dataclass(frozen=True, kw_only=True)
class Pressed(estimators.Estimator):
    """Somebody presses Ctrl-C while it runs."""

    name = "pressed"
    keeps: bool = True
    rows: int = 0

    def run(self, problem, key, monitor):
        draws = estimators.MaximumLikelihood().run(problem, key, monitor)
        if self.rows and problem.n != self.rows:
            return draws
        os.kill(os.getpid(), signal.SIGINT)
        assert monitor.stopping
        if not self.keeps:
            raise Interrupted("Nothing to keep.")
        from bayes_rglm.gates import Label

        return estimators.Draws(draws.samples, "point", labels=(Label("interrupted", "half"),))


def run(world, methods, **options):
    return contrast(world.model("bernoulli"), (FORMULA, world.frame("bernoulli")), methods, **options)


def test_a_failing_method_does_not_lose_the_others(world):
    found = run(world, {"bad": Broken(), "ML": "ml"})
    assert found.comparison.table.loc["bad", "status"] == "failed"
    assert list(found.fits) == ["ML"]
    assert found.comparison.reference == "ML"
    assert any("bad failed: This estimator refuses. found: everything" in note for note in found.comparison.notes)
    other = run(world, {"bad": Broken(foreseen=False), "ML": "ml"})
    assert list(other.fits) == ["ML"]
    assert any("LinAlgError: Singular matrix" in note for note in other.comparison.notes)


def test_a_method_that_fails_in_a_later_fold_is_failed(world):
    # 40 rows in 3 folds: the first trains on 26 rows, the others on 27.
    found = run(world, {"bad": Broken(rows=26), "ML": "ml"}, folds=3)
    assert found.comparison.table.loc["bad", "status"] == "failed"
    assert found.comparison.n_test == 40
    assert set(found.comparison.rows["method"]) == {"ML"}


def test_a_model_that_does_not_fit_the_data_fails_alone(world):
    other = RGLM("bernoulli", prior={"height": priors.Normal(scale=1.0)})
    found = run(world, {"ML": "ml", "typo": (other, "map")})
    assert found.comparison.table.loc["typo", "status"] == "failed"
    assert any("height" in note for note in found.comparison.notes)


def test_when_all_fail_the_first_error_is_raised(world):
    with pytest.raises(EstimatorError, match="refuses"):
        run(world, {"bad": Broken()})


def test_ctrl_c_keeps_what_is_done(world):
    found = run(world, {"ML": "ml", "half": Pressed(), "late": "map"})
    assert list(found.comparison.table["status"][["half", "late"]]) == ["interrupted", "not run"]
    assert set(found.fits) == {"ML", "half"}
    assert any("Stopped by the user" in note for note in found.comparison.notes)
    assert "late not run: the study was stopped before it." in found.comparison.notes


def test_ctrl_c_with_nothing_to_keep_of_one_method(world):
    found = run(world, {"ML": "ml", "half": Pressed(keeps=False), "late": "map"})
    assert list(found.comparison.table.index) == ["ML", "half", "late"]
    assert list(found.comparison.table["status"][1:]) == ["not run", "not run"]


def test_ctrl_c_in_a_later_fold_compares_whole_folds(world):
    found = run(world, {"ML": "ml", "half": Pressed(keeps=False, rows=27)}, folds=3)
    assert found.comparison.n_test == 14
    assert set(found.comparison.rows["fold"]) == {0}
    assert any("1 of 3 splits" in note for note in found.comparison.notes)


def test_ctrl_c_with_nothing_done_is_ctrl_c(world):
    with pytest.raises(KeyboardInterrupt):
        run(world, {"half": Pressed(keeps=False)})


class Stopped(estimators.Monitor):
    stopping = True


def test_a_sampler_stopped_in_its_warm_up_says_so(world):
    with pytest.raises(Interrupted, match="before there were draws"):
        fit(world.problem("bernoulli"), estimator=world.tiny("nuts"), monitor=Stopped())


# bad arguments -------------------------------------------------------------------------------------------------------


def test_bad_arguments_are_named(world):
    with pytest.raises(EstimatorError, match="nutz"):
        run(world, {"a": "nutz"})
    with pytest.raises(EstimatorError, match="mapping"):
        run(world, ["ml"])
    with pytest.raises(EstimatorError, match="'a': 3"):
        run(world, {"a": 3})
    with pytest.raises(EstimatorError, match="precision"):
        run(world, POINTS, precision="double")
    with pytest.raises(EstimatorError, match="seed"):
        run(world, POINTS, seed="x")
    with pytest.raises(SpecError, match="model"):
        contrast("bernoulli", (world.X, world.y("bernoulli")))
    with pytest.raises(DataError, match="response"):
        contrast(RGLM("bernoulli"), (world.X, None))
    with pytest.raises(TypeError, match="offsett"):
        run(world, POINTS, offsett="x")


def test_two_measures_are_refused_before_anything_is_fitted(world):
    with pytest.raises(NotComparable, match="counting"):
        run(world, {"bad": Broken(), "b": (RGLM("gaussian"), Broken())})


def test_rows_outside_a_spline_are_found_before_the_first_fit():
    frame = pd.DataFrame({"x": np.arange(30.0), "y": np.sin(np.arange(30.0))})
    with pytest.raises(DataError, match="bounds"):
        contrast(RGLM("gaussian"), ("y ~ bs(x, df=4)", frame), {"bad": Broken()}, folds=3)

"""New rows and commands that a fit cannot use, by what is amiss with them."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from bayes_rglm import RGLM, Design, Fit, Problem, compare, predict
from bayes_rglm.cli import app
from bayes_rglm.errors import DataError, EstimatorError, SpecError
from bayes_rglm.prediction import log_score


@pytest.fixture(scope="module")
def fits(table):
    """Made-up draws of a model of each kind: no estimator is needed to be refused."""
    zero = np.zeros((1, 4))
    cutpoints = np.tile([-1.0, 1.0], (1, 4, 1))
    made = {
        "binomial": ("count ~ x", {"trials": "trials"}, {"intercept": zero}),
        "ordinal": ("group ~ x", {}, {"cutpoints": cutpoints}),
        "codes": ("code ~ x", {}, {"cutpoints": cutpoints}),
        "categorical": ("group ~ x + count", {}, {"intercept": np.zeros((1, 4, 3)), "beta": np.zeros((1, 4, 2, 3))}),
        "poisson": ("count ~ x", {}, {"intercept": zero}),
    }
    frame = table().assign(code=np.resize([0, 1, 2], 6))
    fits = {}
    for name, (formula, options, draws) in made.items():
        family = "ordinal" if name == "codes" else name
        problem = Problem(RGLM(family), Design.from_formula(formula, frame, **options))
        fits[name] = Fit.from_draws(problem, {"beta": np.zeros((1, 4, 1)), **draws})
    return fits


PREDICTIONS = {
    "no trials": (
        "binomial",
        lambda fit, frame: predict(fit, frame.drop(columns="trials")),
        DataError,
        "'mean' of the family 'binomial' needs the number of trials.*rows without trials.*trials=",
    ),
    "no trials for outcomes": (
        "binomial",
        lambda fit, frame: predict(fit, frame.drop(columns="trials"), kind="outcome"),
        DataError,
        "'outcome'.*trials",
    ),
    "no trials for scores": (
        "binomial",
        lambda fit, frame: log_score(fit, fit.design.new(frame.drop(columns="trials"))),
        DataError,
        "'binomial' needs the number of trials",
    ),
    "a fraction of trials": (
        "binomial",
        lambda fit, frame: predict(fit, frame.assign(trials=2.5)),
        DataError,
        "trials must be whole.*row p, value 2.5",
    ),
    "more successes than trials": (
        "binomial",
        lambda fit, frame: log_score(fit, fit.design.new(frame.assign(count=9))),
        DataError,
        "row p, value 9 of 5 trials",
    ),
    "an unknown label": (
        "ordinal",
        lambda fit, frame: log_score(fit, fit.design.new(frame.assign(group="z"))),
        DataError,
        "'group'.*row '?p'?.*'z'",
    ),
    "a code beyond the levels": (
        "codes",
        lambda fit, frame: log_score(fit, fit.design.new(frame.assign(code=[0, 1, 2, 3, 0, 1]))),
        DataError,
        "knows the level codes 0 to 2 of 'code'.*row s, value 3.*labels",
    ),
    "a missing label": (
        "categorical",
        lambda fit, frame: log_score(fit, fit.design.new(frame.assign(group=["a", None, "b", "c", "a", "b"]))),
        DataError,
        "'group', row '?q'?",
    ),
    "a missing column": ("categorical", lambda fit, frame: predict(fit, frame[["x"]]), DataError, "'?count'?"),
    "an offset of levels": (
        "categorical",
        lambda fit, frame: predict(fit, frame, offset=np.ones(6)),
        SpecError,
        "offset means nothing to the family 'categorical'",
    ),
    "bounds of counts": (
        "poisson",
        lambda fit, frame: predict(fit, fit.design.new(frame, upper=np.ones(6))),
        SpecError,
        "'poisson' does not use upper",
    ),
    "a negative count": (
        "poisson",
        lambda fit, frame: compare({"a": fit, "b": fit}, frame.assign(count=-1)),
        DataError,
        "'count', row p, value -1",
    ),
    "hidden units of an ordinal": (
        "ordinal",
        lambda fit, frame: predict(fit, frame, kind="hidden"),
        EstimatorError,
        "no hidden units.*hidden=",
    ),
    "one cut-point too few": (
        "ordinal",
        lambda fit, frame: Fit.from_draws(
            fit.problem, {**fit.draws.samples, "cutpoints": fit.draws.samples["cutpoints"][..., :1]}
        ),
        DataError,
        r"'cutpoints' have the shape \(chain, draw, 2\).*\(1, 4, 1\)",
    ),
    "cut-points out of order": (
        "ordinal",
        lambda fit, frame: Fit.from_draws(
            fit.problem, {**fit.draws.samples, "cutpoints": -fit.draws.samples["cutpoints"]}
        ),
        DataError,
        r"'cutpoints' are not all in its support.*chain 0, draw 0",
    ),
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_new_rows(fits, table, refused, name):
    model, call, kind, pattern = PREDICTIONS[name]
    frame = table().assign(code=np.resize([0, 1, 2], 6))
    refused(lambda: call(fits[model], frame), kind, pattern)


COMMANDS = {
    "no trials": (("--family", "binomial"), "count ~ x", "'binomial' needs the number of trials"),
    "unknown trials": (("--family", "binomial", "--trials", "trial"), "count ~ x", "trials='trial'"),
    "unused trials": (("--family", "poisson", "--trials", "trials"), "count ~ x", "'poisson' does not use trials"),
    "unused bounds": (("--family", "gamma", "--upper", "time"), "time ~ x", "'gamma' does not use upper"),
    "an unknown head": (("--family", "gamma", "--heads", "sigma"), "time ~ x", "known: concentration"),
    "a coding of numbers": (("--family", "gamma", "--coding", "reference"), "time ~ x", "has no coding"),
    "a link of another": (("--family", "beta", "--link", "log"), "share ~ x", "'beta' does not have this link"),
    "signs": (("--family", "signed_bernoulli"), "binary ~ x", "'binary', row 0, value 0"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(table, tmp_path, name):
    options, formula, pattern = COMMANDS[name]
    table().to_csv(tmp_path / "data.csv", index=False)
    found = CliRunner().invoke(app, ["fit", str(tmp_path / "data.csv"), "--formula", formula, *options, "-e", "ml"])
    assert found.exit_code != 0
    assert "Traceback" not in found.output
    assert re.search(pattern, " ".join(found.output.split())), found.output

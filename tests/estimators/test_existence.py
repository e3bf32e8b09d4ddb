"""Where maximum likelihood does not exist, for every kind of response: the label names the columns that run away."""

import numpy as np
import pandas as pd
import pytest

from bayes_rglm import RGLM, Design, Problem, families, fit, gates, glm, links
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators import MaximumLikelihood
from bayes_rglm.priors import HalfNormal

ROWS = 40
RARE = (np.arange(ROWS) < 6) * 1.0
LINE = np.linspace(-1.0, 1.0, ROWS)
NOISE = np.random.default_rng(0).normal(size=ROWS)
FRAME = pd.DataFrame({"line": LINE, "rare": RARE})


def columns(fitted):
    """The columns that the label of a fit without a maximum names."""
    assert fitted.status == "mle_infinite", fitted.labels
    return set(fitted.labels[0].columns)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_one_cell_of_ones_under_every_link(link):
    """Light tails too: a probit's gradient is 1e-12 at a linear predictor of 7, far from infinity."""
    y = (LINE + NOISE > 0) * 1.0
    y[:6] = 1.0
    assert columns(fit(RGLM("bernoulli", link), (FRAME, y), "ml")) == {"rare"}
    y[0] = 0.0
    assert fit(RGLM("bernoulli", link), (FRAME, y), "ml").status == "ok"


def test_trials_with_both_outcomes_hold_the_predictor():
    trials, y = np.full(ROWS, 3.0), np.resize([1.0, 2.0], ROWS)
    y[:6] = 3.0
    assert columns(fit(RGLM("binomial"), (FRAME, y), "ml", trials=trials)) == {"rare"}
    y[0] = 2.0
    assert fit(RGLM("binomial"), (FRAME, y), "ml", trials=trials).status == "ok"


@pytest.mark.parametrize(("link", "found"), [("log", True), ("softplus", True), ("sqrt", False)])
def test_a_cell_without_counts_runs_where_a_mean_of_zero_is_at_infinity(link, found):
    y = np.where(RARE > 0, 0.0, np.random.default_rng(1).poisson(3.0, ROWS))
    assert (columns(fit(RGLM("poisson", link), (FRAME, y), "ml")) == {"rare"}) if found else True
    problem = Problem(RGLM("poisson", link), Design.from_arrays(FRAME.to_numpy(), y))
    assert (glm.existence(problem, problem.data["X"]) is not None) == found


def test_a_cell_of_censored_rows():
    """Waiting times of which none in the cell was seen to end: the mean runs to infinity."""
    y, upper = np.exp(NOISE), np.where(RARE > 0, 0.1, np.inf)
    y = np.minimum(y, upper)
    assert columns(fit(RGLM("exponential"), (FRAME, y), "ml", upper=upper)) == {"rare"}
    upper[0], y[0] = np.inf, 0.1
    assert fit(RGLM("exponential"), (FRAME, y), "ml", upper=upper).status == "ok"


@pytest.mark.parametrize("family", ["tobit", "weibull", "exponential"])
def test_rows_that_are_all_censored_on_one_side(family):
    """Nothing holds the intercept; without one, nothing holds a scale or shape, whatever the columns."""
    y = np.zeros(ROWS) if family == "tobit" else np.exp(NOISE)
    bounds = {} if family == "tobit" else {"upper": y}
    free = Design.from_arrays(FRAME[["rare"]] + 1.0, y, intercept=False, **bounds)
    for data, named in (((FRAME, y), {"intercept"}), (free, {"rare"}), (free.X[:, :0], {"intercept"})):
        options = {} if isinstance(data, Design) else bounds
        found = fit(RGLM(family), data if isinstance(data, Design | tuple) else (data, y), "ml", **options)
        assert named <= columns(found)
        assert "every row is censored on the same side" in found.labels[0].message
    across = Design.from_arrays(NOISE[:, None], y, intercept=False, **bounds)
    found = fit(RGLM(family), across, "ml")
    if family == "exponential":  # it has no scale, and the columns hold the predictor
        assert found.status == "ok"
    else:
        assert found.status == "mle_infinite"
        assert "no row determines" in found.labels[0].message
    one = {"upper": np.where(LINE < 0, np.inf, y)} if bounds else {}
    seen = np.where(LINE < 0, 0.5 + np.exp(NOISE), y)
    assert fit(RGLM(family), (NOISE[:, None], seen), "ml", **one).status == "ok", "half of the rows are seen"


GRID = np.floor(4.0 + 2.0 * LINE)
SPREAD = np.floor(4.0 + 2.0 * LINE + 0.7 * NOISE)


def between(family, lower, width=1.0, **options):
    """A problem of rows of which only an interval is known; of its logarithm for waiting times."""
    ends = [np.exp(end) if family == "weibull" else end for end in (lower, lower + width)]
    design = Design.from_arrays(LINE[:, None], np.full(ROWS, np.nan), lower=ends[0], upper=ends[1])
    return Problem(RGLM(family, **options), design)


def open_scale(problem):
    found = glm.brackets(problem)
    return found is not None and gates.runs_between(*found)


@pytest.mark.parametrize("family", ["gaussian", "student_t", "tobit", "weibull"])
def test_a_line_between_all_bounds_leaves_the_scale_open(family):
    assert open_scale(between(family, GRID))
    assert not open_scale(between(family, GRID + 0.3 * (1.0 + LINE), 1e-3 + 0.0 * LINE))
    assert not open_scale(between(family, SPREAD))
    assert not open_scale(between(family, GRID, fixed={families.get(family).narrowing: 2.0}))
    touching = 4.0 + 2.0 * LINE - np.arange(ROWS) % 2  # every row's interval ends on the line
    assert open_scale(between(family, touching))
    assert not open_scale(between(family, touching + 1e-4 * NOISE))


def test_bounds_without_intervals_leave_the_scale_open_where_a_line_parts_them():
    below = LINE + NOISE < 0
    for bounds, open_ in (((-0.3, 0.4), False), ((0.3, -0.4), True)):
        lower, upper = np.where(below, bounds[0], -np.inf), np.where(below, np.inf, bounds[1])
        design = Design.from_arrays(LINE[:, None], np.where(below, *bounds), lower=lower, upper=upper)
        assert open_scale(Problem(RGLM("gaussian"), design)) == open_
    lower, upper = np.where(LINE < 0, -0.3, -np.inf), np.where(LINE < 0, np.inf, 0.4)
    design = Design.from_arrays(LINE[:, None], np.where(LINE < 0, -0.3, 0.4), lower=lower, upper=upper)
    assert open_scale(Problem(RGLM("gaussian"), design))


def test_intervals_that_a_line_meets_have_no_standard_errors():
    line = fit(RGLM("weibull"), between("weibull", GRID).design, "ml")
    assert line.status == "mle_degenerate"
    assert "a line lies between all bounds" in line.labels[0].message
    assert "errors" not in line.draws.info
    assert "std_error" not in line.summary()
    spread = between("weibull", SPREAD).design
    one = np.arange(ROWS) == 0
    ends = {"lower": np.where(one, -np.inf, spread.lower), "upper": np.where(one, np.inf, spread.upper)}
    mixed = Design.from_arrays(LINE[:, None], np.where(one, spread.lower + 0.5, np.nan), **ends)
    for design in (spread, mixed):
        noisy = fit(RGLM("weibull"), design, "ml")
        assert noisy.status == "ok"
        assert np.isfinite(noisy.summary()["std_error"]).all()


@pytest.mark.parametrize("family", ["tobit", "ordinal", "categorical"])
def test_a_cell_of_one_kind_where_auxiliary_values_or_levels_are_estimated(family):
    y = {
        "tobit": np.maximum(1.0 + LINE + NOISE, 0.0),
        "ordinal": np.digitize(LINE + NOISE, [-0.3, 0.4]).astype(float),
        "categorical": np.digitize(LINE + NOISE, [-0.3, 0.4]).astype(float),
    }[family]
    y[:6] = {"tobit": 0.0, "ordinal": 2.0, "categorical": 2.0}[family]
    model = RGLM(family, coding="reference") if family == "categorical" else RGLM(family)
    named = columns(fit(model, (FRAME, y), "ml"))
    assert "rare" in named
    assert "line" not in named


def test_an_empty_level_is_refused_by_name_and_fine_with_a_prior():
    y = np.digitize(LINE + NOISE, [-0.3, 0.4])
    labels = pd.Categorical.from_codes(y, ["low", "mid", "high"], ordered=True)
    whole = Design.from_formula("y ~ line", FRAME.assign(y=labels))
    for code, what in (
        (2, "'high' of 'y' has no row: a cut-point goes"),
        (1, "'mid' of 'y' has no row: two cut-points"),
    ):
        part = whole.rows(np.flatnonzero(y != code))
        with pytest.raises(EstimatorError, match=what):
            fit(RGLM("ordinal"), part, "ml")
        assert Problem(RGLM("ordinal"), part).program.levels == 3
        assert np.shape(Problem(RGLM("categorical"), part).constants["typical"]["eta"]) == (3,)


@pytest.mark.parametrize("family", ["ordinal", "categorical"])
def test_rows_of_the_programme_are_the_directions_along_which_no_row_falls(family):
    """Against the definition, on random directions: log likelihoods far out along each."""
    rng, record, levels = np.random.default_rng(2), families.get(family), 3
    X, y = np.array([[-1.0, 0.3], [0.0, -0.2], [1.0, 0.1]]), np.array([0, 1, 2])
    A = record.constraints_of(X, y, levels)
    agreed = {True: 0, False: 0}
    for direction in rng.normal(size=(1000, A.shape[1])):
        if family == "ordinal" and direction[2] >= direction[3]:
            continue  # cut-points that cross
        far = [_rows(record, X, y, 30.0 * t * direction) for t in (1.0, 2.0)]
        rises = bool(np.all(far[0] > np.log(0.5)) and np.all(far[1] >= far[0]))
        if np.min(np.abs(A @ direction)) > 0.1:  # not so near an edge that 30 steps leave it open
            assert bool(np.all(A @ direction > 0)) == rises
            agreed[rises] += 1
    assert min(agreed.values()) > 10


def _rows(record, X, y, coefficients):
    if record.name == "ordinal":
        return record.log_likelihood(links.logit, y, X @ coefficients[:2], coefficients[2:])
    return record.log_likelihood(links.softmax, y, X @ coefficients.reshape(2, -1))


@pytest.mark.parametrize("family", ["ordinal", "categorical"])
def test_no_false_alarm_where_every_row_has_every_level(family):
    rng = np.random.default_rng(3)
    X, y = np.repeat(rng.normal(size=(8, 2)), 3, axis=0), np.tile([0.0, 1.0, 2.0], 8)
    problem = Problem(RGLM(family), Design.from_arrays(X, y))
    rows, signs, equal = glm.existence(problem, X)
    assert gates.recession_direction(rows, signs, equal) is None


@pytest.mark.parametrize(
    "options", [{"prior": {"beta": HalfNormal(scale=3.0)}}, {"hidden": (2,)}], ids=["bounded", "network"]
)
def test_intervals_that_any_model_meets_leave_the_scale_open(options):
    met = fit(RGLM("gaussian", **options), between("gaussian", GRID).design, MaximumLikelihood(starts=2, steps=400))
    assert met.status == "mle_degenerate"
    assert "the model lies between all bounds" in met.labels[0].message
    if "prior" in options:
        noisy = fit(RGLM("gaussian", **options), between("gaussian", SPREAD).design, "ml")
        assert "mle_degenerate" not in [label.name for label in noisy.labels]

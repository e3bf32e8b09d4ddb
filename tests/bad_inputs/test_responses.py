"""Responses, trials, bounds, offsets and levels that a family cannot have: refused before anything is fitted, by the
column, row and value.
"""

import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem
from bayes_rglm.errors import DataError, SpecError

# name: family, response, the changed cell (column, row, value) or (), options of the design, error, pattern.
REFUSED = {
    "no trials": ("binomial", "count", (), {}, DataError, "'binomial' needs the number of trials.*'count'.*trials="),
    "more successes than trials": (
        "binomial",
        "count",
        ("count", "s", 6),
        {"trials": "trials"},
        DataError,
        "as many successes as trials.*'count', row s, value 6 of 5 trials.*check",
    ),
    "negative successes": (
        "binomial",
        "count",
        ("count", "s", -1),
        {"trials": "trials"},
        DataError,
        "'count', row s, value -1 .*number of successes",
    ),
    "shares for successes": (
        "binomial",
        "share",
        (),
        {"trials": "trials"},
        DataError,
        r"'share', row p, value 0.1 \(6 such rows of 6\).*successes",
    ),
    "labels of binomial": ("binomial", "group", (), {"trials": "trials"}, DataError, "'group' has the levels 'a', 'b'"),
    "fractional trials": (
        "binomial",
        "count",
        ("trials", "r", 5.5),
        {"trials": "trials"},
        DataError,
        "trials must be whole numbers.*row r, value 5.5.*leave",
    ),
    "negative trials": ("binomial", "count", ("trials", "r", -5), {"trials": "trials"}, DataError, "row r, value -5"),
    "no trials in a row": ("binomial", "count", ("trials", "r", 0), {"trials": "trials"}, DataError, "row r, value 0"),
    "missing trials": (
        "binomial",
        "count",
        ("trials", "r", np.nan),
        {"trials": "trials"},
        DataError,
        "'trials', row r, value nan.*missing=",
    ),
    "infinite trials": ("binomial", "count", ("trials", "r", np.inf), {"trials": "trials"}, DataError, "row r.*inf"),
    "one number of trials": (
        "binomial",
        "count",
        (),
        {"trials": 5},
        DataError,
        r"trials.*shape \(\), 6 rows.*6 numbers",
    ),
    "too few trials": (
        "binomial",
        "count",
        (),
        {"trials": [5, 5]},
        DataError,
        "trials.*2 values for 6 rows.*6 numbers",
    ),
    "unknown trials": ("binomial", "count", (), {"trials": "trial"}, DataError, "trials='trial'.*mean 'trials'"),
    "text for trials": ("binomial", "count", (), {"trials": "group"}, DataError, "trials.*row p, value 'a'.*numbers"),
    "trials of a gaussian": (
        "gaussian",
        "x",
        (),
        {"trials": "trials"},
        SpecError,
        "'gaussian' does not use trials.*leave",
    ),
    "trials given twice": (
        "binomial",
        "count",
        (),
        {"trials": "trials", "weights": "trials", "weights_kind": "trials"},
        DataError,
        "Trials were given twice.*give them once",
    ),
    "a share of other trials": (
        "binomial",
        "share",
        (),
        {"weights": "trials", "weights_kind": "trials"},
        DataError,
        "a proportion of the trials.*row p, value 0.1 of 5 trials.*successes",
    ),
    "weights of half trials": (
        "binomial",
        "share",
        ("trials", "t", 2.5),
        {"weights": "trials", "weights_kind": "trials"},
        DataError,
        "whole numbers of trials.*row t, value 2.5",
    ),
    "a share of nothing": ("beta", "share", ("share", "q", 0.0), {}, DataError, "'share', row q, value 0 .*binomial"),
    "a share of all": ("beta", "share", ("share", "q", 1.0), {}, DataError, "'share', row q, value 1 .*zeros and ones"),
    "a share of more": ("beta", "share", ("share", "q", 1.2), {}, DataError, "'share', row q, value 1.2"),
    "no time": ("gamma", "time", ("time", "q", 0.0), {}, DataError, "positive numbers.*'time', row q, value 0 .*zeros"),
    "negative gamma": ("gamma", "time", ("time", "q", -2.0), {}, DataError, "'time', row q, value -2"),
    "zero inverse gaussian": ("inverse_gaussian", "time", ("time", "u", 0.0), {}, DataError, "'time', row u, value 0"),
    "zero weibull": ("weibull", "time", ("time", "u", 0.0), {}, DataError, "'time', row u, value 0 .*lower="),
    "negative exponential": ("exponential", "time", ("time", "u", -1.0), {}, DataError, "'time', row u, value -1"),
    "negative tobit": (
        "tobit",
        "time",
        ("time", "q", -0.5),
        {},
        DataError,
        "from 0 on.*'time', row q, value -0.5.*lower=",
    ),
    "zeros and ones as signs": (
        "signed_bernoulli",
        "binary",
        (),
        {},
        DataError,
        "row p, value 0 .*'bernoulli' takes 0",
    ),
    "signs as zeros and ones": ("bernoulli", "sign", (), {}, DataError, "'sign', row p, value -1 .*code the response"),
    "labels as signs": ("signed_bernoulli", "group", (), {}, DataError, "'group' has the levels"),
    "missing student": (
        "student_t",
        "time",
        ("time", "q", np.nan),
        {},
        DataError,
        "'time', row q, value nan.*missing=",
    ),
    "infinite student": ("student_t", "time", ("time", "q", np.inf), {}, DataError, "'time', row q, value inf"),
    "fractional overdispersed": ("negative_binomial", "count", ("count", "q", 1.5), {}, DataError, "row q, value 1.5"),
    "negative overdispersed": ("negative_binomial_1", "count", ("count", "q", -1), {}, DataError, "row q, value -1 "),
    "ordinal of one level": ("ordinal", "one", (), {}, DataError, "at least two levels.*'one' has 1.*check"),
    "ordinal of one label": ("ordinal", "label", (), {}, DataError, "'label' has one level only.*row p, value 'a'"),
    "ordinal between codes": (
        "ordinal",
        "count",
        ("count", "q", 1.5),
        {},
        DataError,
        "'count', row q, value 1.5.*codes",
    ),
    "ordinal below the codes": ("ordinal", "count", ("count", "q", -1), {}, DataError, "'count', row q, value -1 "),
    "ordinal of a year": (
        "ordinal",
        "count",
        ("count", "q", 2024),
        {},
        DataError,
        "'count' has the value 2024.*labels",
    ),
    "categorical of one level": ("categorical", "one", (), {}, DataError, "at least two levels.*'one' has 1"),
    "categorical between codes": ("categorical", "count", ("count", "q", 0.5), {}, DataError, "row q, value 0.5"),
    "categorical of an id": (
        "categorical",
        "count",
        ("count", "q", 1e9),
        {},
        DataError,
        r"'count' has the value 1e\+09",
    ),
    "an offset for all levels": (
        "categorical",
        "group",
        (),
        {"offset": "x"},
        SpecError,
        "offset means nothing to the family 'categorical'.*leave it out",
    ),
    "bounds exchanged": (
        "gaussian",
        "x",
        (),
        {"lower": np.full(6, 2.0), "upper": np.full(6, 1.0)},
        DataError,
        "lower must be at most upper.*row p, value 2.0.*exchange",
    ),
    "bounds without room": (
        "gaussian",
        "x",
        (),
        {"lower": np.full(6, 2.0), "upper": np.full(6, 2.0)},
        DataError,
        "bounds of 'x'.*row p: lower is not below upper.*-inf and inf",
    ),
    "a missing bound": ("gaussian", "x", (), {"upper": np.full(6, np.nan)}, DataError, "upper.*row p, value nan"),
    "text for a bound": (
        "student_t",
        "x",
        (),
        {"lower": "group"},
        DataError,
        "lower must be numbers.*row p, value 'a'",
    ),
    "bounds of counts": (
        "poisson",
        "count",
        (),
        {"lower": np.zeros(6)},
        SpecError,
        "'poisson' does not use lower.*leave",
    ),
    "bounds of a gamma": ("gamma", "time", (), {"upper": np.full(6, 9.0)}, SpecError, "'gamma' does not use upper"),
    "bounds of a beta": ("beta", "share", (), {"upper": np.full(6, 9.0)}, SpecError, "'beta' does not use upper"),
    "a bound below all times": (
        "weibull",
        "time",
        (),
        {"upper": np.full(6, -1.0)},
        DataError,
        "bounds of 'time'.*row p: upper is not above 0.*'weibull' has support the positive numbers",
    ),
    "neither value nor interval": (
        "gaussian",
        "time",
        ("time", "q", np.nan),
        {"lower": np.zeros(6), "upper": np.full(6, np.inf)},
        DataError,
        "'time', row q, value nan",
    ),
    "an offset of another length": ("gamma", "time", (), {"offset": np.zeros(3)}, DataError, "offset.*3 values for 6"),
    "an offset that is not there": (
        "weibull",
        "time",
        (),
        {"offset": "exposure"},
        DataError,
        "offset='exposure'.*known",
    ),
    "a missing offset": ("beta", "share", (), {"offset": np.full(6, np.nan)}, DataError, "offset.*row p, value nan"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_a_family_cannot_have(table, refused, name):
    family, response, cell, options, kind, pattern = REFUSED[name]
    frame = table(*cell).assign(one=0.0, label="a")
    formula = f"{response} ~ {'time' if response == 'x' else 'x'}"
    refused(lambda: Problem(RGLM(family), Design.from_formula(formula, frame, **options)), kind, pattern)


X = np.array([[0.1, 1.0], [-1.2, 2.0], [0.7, 0.5], [2.0, 1.5], [-0.3, 3.0], [1.1, 2.5]])
ARRAYS = {
    "a matrix of responses": ("gamma", X[:, :1], {}, DataError, r"one value per row.*shape \(6, 1\).*ravel"),
    "text for times": ("gamma", list("abcdef"), {}, DataError, "'y' has the levels 'a'.*numbers"),
    "truth for shares": ("beta", np.array([True, False] * 3), {}, DataError, "'y' has the levels 'False', 'True'"),
    "complex times": ("weibull", np.arange(6) + 1j, {}, DataError, "'y' of type complex128.*modulus"),
    "dates": ("exponential", np.arange(6).astype("M8[D]"), {}, DataError, "type datetime64.*number"),
    "trials by name": ("binomial", np.ones(6), {"trials": "m"}, DataError, "trials was given by name.*'m'.*array"),
    "two-dimensional trials": ("binomial", np.ones(6), {"trials": X}, DataError, r"trials.*shape \(6, 2\).*6 numbers"),
    "bounds by name": ("tobit", np.ones(6), {"upper": "top"}, DataError, "upper was given by name.*'top'"),
    "too many bounds": ("tobit", np.ones(6), {"upper": np.ones(7)}, DataError, "upper.*7 values for 6 rows"),
    "text without an order": ("ordinal", list("lmhlmh"), {}, DataError, "'h' < 'l' < 'm'.*Categorical"),
    "ordinal codes from 1": ("ordinal", np.resize([1.0, 2.0, 3.0], 6), {}, DataError, "begin at 0.*1 is the smallest"),
    "codes from 1": ("categorical", np.resize([1.0, 2.0, 3.0], 6), {}, DataError, "begin at 0.*1 is the.*subtract"),
    "one level in a matrix": ("categorical", np.zeros(6), {}, DataError, "at least two levels.*'y' has 1"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_a_family_cannot_have(refused, name):
    family, y, options, kind, pattern = ARRAYS[name]
    refused(lambda: Problem(RGLM(family), Design.from_arrays(X, y, **options)), kind, pattern)

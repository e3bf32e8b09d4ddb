"""Bounds of censored rows: what may be infinite or missing, and what may not."""

import json

import numpy as np
import pytest

from bayes_rglm import Design
from bayes_rglm.errors import DataError

X = np.array([[0.0], [1.0], [2.0], [3.0], [5.0]])
Y = np.array([1.0, np.nan, 3.0, np.nan, 2.0])
LOWER = np.array([-np.inf, 0.5, -np.inf, 1.0, -np.inf])
UPPER = np.array([np.inf, 2.0, 3.0, 4.0, np.inf])
FRAME = {"x": X[:, 0], "y": Y, "low": LOWER, "high": UPPER}


def by_formula(**changes):
    return Design.from_formula("y ~ x", FRAME | changes, lower="low", upper="high")


def by_arrays(y=Y, low=LOWER, high=UPPER):
    return Design.from_arrays(X, y, lower=low, upper=high)


@pytest.mark.parametrize("make", [by_formula, by_arrays])
def test_an_interval_stands_for_a_missing_response(make):
    design = make()
    np.testing.assert_array_equal(design.y, Y)
    np.testing.assert_array_equal(design.lower, LOWER)
    np.testing.assert_array_equal(design.upper, UPPER)
    assert design.dropped == 0
    np.testing.assert_array_equal(design.take([1, 2]).y, Y[[1, 2]])
    np.testing.assert_array_equal(design.rows([0, 1, 4]).y, Y[[0, 1, 4]])
    meta, arrays = design.recipe()
    again = Design.from_recipe(json.loads(json.dumps(meta, allow_nan=False)), arrays)
    np.testing.assert_array_equal(again.y, Y)
    np.testing.assert_array_equal(again.upper, UPPER)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (np.full(5, -np.inf), UPPER),
        (LOWER, np.full(5, np.inf)),
        (np.where(np.isnan(Y), 2.0, LOWER), np.where(np.isnan(Y), 2.0, UPPER)),
        (None, UPPER),
        (LOWER, None),
    ],
)
def test_a_missing_response_without_an_interval_is_an_error(low, high):
    with pytest.raises(DataError, match=r"missing or infinite values[\s\S]*column 'y', row 1, value nan"):
        by_arrays(low=low, high=high)
    names = {"lower": None if low is None else "low", "upper": None if high is None else "high"}
    frame = FRAME | {key: values for key, values in (("low", low), ("high", high)) if values is not None}
    with pytest.raises(DataError, match=r"missing or infinite values[\s\S]*column 'y', row 1, value nan"):
        Design.from_formula("y ~ x", frame, **names)
    dropped = Design.from_arrays(X, Y, lower=low, upper=high, missing="drop")
    assert dropped.dropped == 2
    np.testing.assert_array_equal(dropped.index, [0, 2, 4])


def test_an_infinite_response_is_an_error_whatever_its_bounds():
    y = np.array([1.0, np.inf, 3.0, 2.5, 2.0])
    with pytest.raises(DataError, match="row 1, value inf"):
        by_arrays(y)
    with pytest.raises(DataError, match="row 1, value inf"):
        by_formula(y=y)


def test_an_expression_of_the_response_has_no_interval():
    with pytest.raises(DataError, match="column 'y', row 1, value nan"):
        Design.from_formula("log(y) ~ x", FRAME, lower="low", upper="high")


def test_new_rows_may_have_intervals_too():
    new = {name: values[1:4] for name, values in FRAME.items()}
    for design, rows in (
        (by_formula(), new),
        (Design.from_arrays({"x": X[:, 0]}, FRAME["y"], lower=LOWER, upper=UPPER), None),
    ):
        if rows is None:
            other = design.new({"x": new["x"]}, y=new["y"], lower=new["low"], upper=new["high"])
        else:
            other = design.new(rows)
        np.testing.assert_array_equal(other.y, new["y"])
        np.testing.assert_array_equal(other.lower, new["low"])
    only = {name: values[[1, 3]] for name, values in FRAME.items()}
    np.testing.assert_array_equal(by_formula().new(only).y, [np.nan, np.nan])
    blank = only | {"low": np.full(2, -np.inf)}
    assert by_formula().new(blank).y is None

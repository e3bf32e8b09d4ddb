"""Matrices in, and the offsets, weights, trials and bounds that go with either kind of data."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from bayes_rglm.design import Design, Term
from bayes_rglm.errors import DataError

X = np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 5.0], [0.0, 4.0]])
Y = np.array([0.0, 1.0, 1.0, 3.0])


@pytest.mark.parametrize(
    "make",
    [np.asarray, jnp.asarray, np.ndarray.tolist, pd.DataFrame, lambda x: pl.DataFrame(x), lambda x: x.astype(object)],
)
def test_every_matrix_gives_one_design(make):
    design = Design.from_arrays(make(X), make(Y[:, None]).ravel() if make is np.asarray else Y)
    np.testing.assert_array_equal(design.X, X)
    np.testing.assert_array_equal(design.y, Y)
    assert design.X.dtype == design.y.dtype == np.float64
    assert (design.n, design.p, design.intercept, design.formula) == (4, 2, True, None)


def test_names_and_terms():
    design = Design.from_arrays(X, Y)
    assert design.columns == ("x0", "x1")
    assert design.terms == (Term("x0", (0,)), Term("x1", (1,)))
    assert Design.from_arrays(X, Y, columns=["a", "b"]).columns == ("a", "b")
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "w": 1.0 + Y}, index=list("pqrs"))
    design = Design.from_arrays(frame, pd.Series(Y, name="count"), weights="w", weights_kind="importance")
    assert design.columns == ("a", "b")
    assert design.response == "count"
    assert list(design.index) == list("pqrs")
    assert Design.from_arrays(frame, Y, columns=["b"]).columns == ("b",)


def test_the_design_owns_copies():
    x = X.copy()
    design = Design.from_arrays(x, Y)
    x[0, 0] = 99.0
    assert design.X[0, 0] == 1.0


@pytest.mark.parametrize(
    ("y", "codes", "levels"),
    [
        (["b", "a", "a", "c"], [1, 0, 0, 2], ("a", "b", "c")),
        (np.array(["b", "a", "a", "c"]), [1, 0, 0, 2], ("a", "b", "c")),
        ([True, False, False, True], [1, 0, 0, 1], ("False", "True")),
        (pd.Categorical(["b", "a", "a", "b"], categories=["b", "z", "a"]), [0, 1, 1, 0], ("b", "a")),
        (pd.Series(["b", "a", "a", "b"]), [1, 0, 0, 1], ("a", "b")),
        (pd.Categorical([3, 1, 1, 3]), [1, 0, 0, 1], ("1", "3")),
        (pl.Series(["b", "a", "a", "b"]), [1, 0, 0, 1], ("a", "b")),
        ([3, 1, 1, 3], [3, 1, 1, 3], None),
        (jnp.array([3, 1, 1, 3]), [3, 1, 1, 3], None),
    ],
)
def test_responses_are_coded(y, codes, levels):
    design = Design.from_arrays(X, y)
    np.testing.assert_array_equal(design.y, codes)
    assert design.levels == levels


def test_without_columns():
    for none in (np.empty((4, 0)), pd.DataFrame(index=range(4))):
        design = Design.from_arrays(none, Y)
        assert (design.n, design.p, design.columns) == (4, 0, ())
        assert design.constants.norm.shape == (0,)
        with pytest.raises(DataError, match="no columns"):
            Design.from_arrays(none, Y, intercept=False)
    assert design.new(np.empty((2, 0))).n == 2


BAD_X = [
    (np.arange(4.0), {}, r"two dimensions[\s\S]*shape \(4,\)[\s\S]*reshape"),
    (np.zeros((4, 2, 1)), {}, "two dimensions"),
    (3.0, {}, "two dimensions"),
    ([[1.0, 2.0], [3.0]], {}, "different lengths"),
    (np.array([["a", "b"]] * 4), {}, r"must hold numbers[\s\S]*'a'[\s\S]*from_formula"),
    (np.array([[1.0, "b"]] * 4, dtype=object), {}, r"row 0, column 1: 'b' \(str\)"),
    (X + 1j, {}, "complex"),
    (X.astype("datetime64[s]"), {}, "datetime64"),
    (np.empty((0, 2)), {}, "no rows"),
    (X[:1], {}, "one row only"),
    (scipy.sparse.csr_matrix(X), {}, r"X\.toarray"),
    (np.where(X == 5, np.nan, X), {}, "column 'x1', row 2, value nan"),
    (np.where(X == 3, np.inf, X), {"columns": ["a", "b"]}, "column 'a', row 1, value inf"),
    (np.where(X == 3, -np.inf, X), {"missing": "ignore"}, "missing='ignore'"),
    (X, {"columns": ["a"]}, "1 names for 2 columns"),
    (X, {"columns": ["a", "a"]}, "same name[\\s\\S]*'a'"),
    (X, {"columns": "ab"}, "list of names"),
    (np.column_stack([X, np.ones(4)]), {}, r"constant[\s\S]*column 'x2', value 1.0 in all 4 rows"),
    (np.column_stack([np.ones(4), X, np.zeros(4)]), {}, r"column 'x0', value 1.0 in all 4 rows \(and 1 more column\)"),
    (pd.DataFrame({"a": X[:, 0], "g": list("abab")}), {}, r"column 'g', row 0, value 'a'[\s\S]*from_formula"),
    (pd.DataFrame({"a": X[:, 0]}), {"columns": ["b"]}, "no column 'b'"),
    (pd.DataFrame({"a": [1, np.nan, 2, 3.0]}, index=list("pqrs")), {}, "column 'a', row q, value nan"),
    (pd.DataFrame(X, columns=["a", "a"]), {}, "same name"),
    (None, {}, "two dimensions"),
]


@pytest.mark.parametrize(("x", "options", "message"), BAD_X)
def test_matrices_that_cannot_be_used(x, options, message):
    with pytest.raises(DataError, match=message):
        Design.from_arrays(x, Y[: np.shape(x)[0]] if isinstance(x, np.ndarray) else Y, **options)


def test_huge_numbers_do_not_warn():
    design = Design.from_arrays([[1e300, 1.0], [-1e300, 2.0], [1.7e308, 4.0], [-1.7e308, 3.0]], Y)
    assert np.isfinite(design.constants.norm).all()


def test_a_constant_column_without_intercept():
    design = Design.from_arrays(np.column_stack([np.ones(4), X]), Y, intercept=False)
    assert not design.intercept
    assert design.constants.norm[0] == 1.0


BAD_Y = [
    (Y[:3], "X has 4 rows, y has 3"),
    (Y[:, None], r"\(4, 1\)[\s\S]*ravel"),
    (pd.DataFrame({"y": Y}), r"\(4, 1\)"),
    (np.stack([Y, Y], axis=1)[:3], "X has 4 rows, y has 3"),
    (np.zeros((4, 0)), r"\(4, 0\)"),
    (np.zeros((4, 2, 2)), r"\(4, 2, 2\)"),
    (1.0, r"shape \(\)"),
    ([0.0, np.nan, 1.0, 2.0], "column 'y', row 1, value nan"),
    ([0.0, np.inf, 1.0, 2.0], "column 'y', row 1, value inf"),
    ([0.0, None, 1.0, 2.0], "column 'y', row 1, value nan"),
    (["a", None, "b", "a"], "column 'y', row 1, value missing"),
    (["a", 1, "b", "a"], "mixes types"),
    (["1", "0", "1", "0"], "reads like numbers"),
    (["a"] * 4, "one level only"),
    (Y + 1j, "complex"),
    (pd.date_range("2020-01-01", periods=4), "datetime64"),
    ([[1.0], [2.0, 3.0], [1.0], [2.0]], "y"),
]


@pytest.mark.parametrize(("y", "message"), BAD_Y)
def test_responses_that_cannot_be_used(y, message):
    with pytest.raises(DataError, match=message):
        Design.from_arrays(X, y)


def test_missing_rows_are_dropped_on_request():
    x, y = X.copy(), Y.copy()
    x[0, 1], y[2] = np.nan, np.inf
    design = Design.from_arrays(x, y, missing="drop", offset=[0.0, 1.0, 2.0, 3.0])
    assert design.dropped == 2
    np.testing.assert_array_equal(design.index, [1, 3])
    np.testing.assert_array_equal(design.X, X[[1, 3]])
    np.testing.assert_array_equal(design.offset, [1.0, 3.0])
    with pytest.raises(DataError, match="No complete row"):
        Design.from_arrays(np.full((3, 1), np.nan), missing="drop")


W = {"weights_kind": "frequency"}
BAD_ROLES = [
    ({"offset": [1.0, 2.0]}, "offset has the wrong length[\\s\\S]*2 values for 4 rows"),
    ({"offset": 1.0}, r"offset must have one number per row[\s\S]*shape \(\)"),
    ({"offset": X}, r"offset must have one number per row[\s\S]*shape \(4, 2\)"),
    ({"offset": [1.0, np.nan, 2.0, 3.0]}, "offset has missing[\\s\\S]*row 1, value nan"),
    ({"offset": [1.0, np.inf, 2.0, 3.0]}, "row 1, value inf"),
    ({"offset": list("abcd")}, "offset must be numbers[\\s\\S]*'a'"),
    ({"weights": [1.0, 2.0, 1.0], **W}, "weights has the wrong length|weights has"),
    ({"weights": [1.0, -2.0, 1.0, 1.0], **W}, "weights must be above zero[\\s\\S]*row 1, value -2.0"),
    ({"weights": [1.0, 0.0, 1.0, 0.0], **W}, r"row 1, value 0.0 \(and 1 more row\)[\s\S]*leave rows of zero weight"),
    ({"weights": [1.0, np.nan, 1.0, 1.0], **W}, "weights has missing[\\s\\S]*row 1, value nan"),
    ({"weights": [1.0] * 4}, r"need their kind[\s\S]*'frequency'[\s\S]*'trials'[\s\S]*'importance'"),
    ({"weights": [1.0] * 4, "weights_kind": "frequencies"}, "did you mean 'frequency'"),
    ({"weights": [1.0] * 4, "weights_kind": 3}, r"weights_kind=3[\s\S]*frequency, trials, importance"),
    ({"weights_kind": "trials"}, "kind of weights was given without weights"),
    ({"trials": [1, 2, 0, 1]}, "trials must be whole numbers above zero[\\s\\S]*row 2, value 0.0"),
    ({"trials": [1, 2.5, 3, 1]}, "row 1, value 2.5"),
    ({"lower": [0.0, 1.0, np.nan, 0.0]}, "lower has missing[\\s\\S]*row 2, value nan"),
    ({"lower": [0.0, 3.0, 0.0, 0.0], "upper": [1.0] * 4}, "lower must be at most upper[\\s\\S]*row 1, value 3.0"),
]


@pytest.mark.parametrize(("options", "message"), BAD_ROLES)
def test_offsets_and_weights_that_cannot_be_used(options, message):
    with pytest.raises(DataError, match=message):
        Design.from_arrays(X, Y, **options)
    with pytest.raises(DataError, match=message):
        Design.from_formula("y ~ a + b", {"a": X[:, 0], "b": X[:, 1], "y": Y}, **options)


def test_offsets_by_name():
    frame = {"a": X[:, 0], "b": X[:, 1], "y": Y, "log_n": [0.1, 0.2, 0.3, 0.4], "g": list("abab")}
    design = Design.from_formula("y ~ a", frame, offset="log_n", lower=[-np.inf] * 4, upper="b")
    np.testing.assert_array_equal(design.offset, frame["log_n"])
    np.testing.assert_array_equal(design.upper, X[:, 1])
    assert np.isinf(design.lower).all()
    with pytest.raises(DataError, match=r"offset='logn'[\s\S]*did you mean 'log_n'"):
        Design.from_formula("y ~ a", frame, offset="logn")
    with pytest.raises(DataError, match=r"offset must be numbers"):
        Design.from_formula("y ~ a", frame, offset="g")
    with pytest.raises(DataError, match="by name, but the data are an array"):
        Design.from_arrays(X, Y, offset="log_n")

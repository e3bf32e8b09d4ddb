"""Tables in: pandas, polars and dicts; what cannot be used is named by column, row and value."""

import datetime
import decimal

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayes_rglm.design import Design
from bayes_rglm.errors import DataError, FormulaError

Y = [0.5, 1.5, 2.5, 4.0]
LABELS = ["r0", "r1", "r2", "r3"]


def frame(**columns):
    return pd.DataFrame({"y": Y, "x": [1.0, 3.0, 2.0, 5.0], **columns}, index=LABELS)


SAME = {
    "pandas": lambda d: pd.DataFrame(d),
    "pandas string": lambda d: pd.DataFrame(d).convert_dtypes(),
    "pandas object": lambda d: pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in d.items()}),
    "polars": lambda d: pl.DataFrame(d),
    "polars enum": lambda d: pl.DataFrame(d).with_columns(pl.col("g").cast(pl.Enum(["a", "b"]))),
    "polars categorical": lambda d: pl.DataFrame(d).with_columns(pl.col("g").cast(pl.Categorical)),
    "dict of lists": lambda d: d,
    "dict of arrays": lambda d: {k: np.array(v) for k, v in d.items()},
    "dict of jax": lambda d: {k: jnp.array(v) if k in ("x", "k") else v for k, v in d.items()},
    "dict of series": lambda d: {k: pd.Series(v) for k, v in d.items()},
    "dict of polars": lambda d: {k: pl.Series(v) for k, v in d.items()},
}


@pytest.mark.parametrize("make", SAME.values(), ids=SAME.keys())
def test_every_table_gives_one_design(make):
    data = {"y": Y, "x": [1.0, 3.0, 2.0, 5.0], "k": [3, 1, 2, 2], "g": list("baab"), "b": [True, False, False, True]}
    design = Design.from_formula("y ~ x + C(k) + g + b", make(data))
    assert design.columns == ("x", "C(k)[T.2]", "C(k)[T.3]", "g[T.b]", "b[T.True]")
    np.testing.assert_array_equal(design.X[:, 0], data["x"])
    np.testing.assert_array_equal(design.X[:, 1], [0, 0, 1, 1])
    np.testing.assert_array_equal(design.X[:, 3], [1, 0, 0, 1])
    np.testing.assert_array_equal(design.X[:, 4], [1, 0, 0, 1])
    np.testing.assert_array_equal(design.index, np.arange(4))
    assert Design.from_formula("g ~ x", make(data)).levels == ("a", "b")
    assert Design.from_formula("b ~ x", make(data)).levels == ("False", "True")


def test_row_labels_are_kept():
    assert list(Design.from_formula("y ~ x", frame()).index) == LABELS
    dates = frame().set_axis(pd.date_range("2020-01-01", periods=4))
    assert Design.from_formula("y ~ x", dates).index[1].startswith("2020-01-02")
    pairs = frame().set_axis(pd.MultiIndex.from_product([["a", "b"], [0, 1]]))
    assert Design.from_formula("y ~ x", pairs).index[3] == "('b', 1)"


GAPS = [
    (frame(v=[1.0, np.nan, 2.0, 3.0]), "column 'v', row r1, value nan"),
    (frame(v=[1.0, 4.0, np.inf, 3.0]), "column 'v', row r2, value inf"),
    (frame(v=[1.0, 4.0, -np.inf, np.nan]), r"column 'v', row r2, value -inf \(and 1 more row\)"),
    (frame(v=pd.array([1, None, 2, 3], dtype="Int64")), "column 'v', row r1, value nan"),
    (frame(v=pd.array([True, None, False, True], dtype="boolean")), "column 'v', row r1, value missing"),
    (frame(v=["a", None, "b", "a"]), "column 'v', row r1, value missing"),
    (frame(v=pd.Categorical(["a", None, "b", "a"])), "column 'v', row r1, value missing"),
    (frame(v=pd.Series(["a", "b", pd.NA, "a"], dtype="string", index=LABELS)), "column 'v', row r2, value missing"),
    (frame(v=[None] * 4), r"column 'v', row r0, value nan \(and 3 more rows\)"),
    (pl.DataFrame({"y": Y, "v": [1, None, 2, 3]}), "column 'v', row 1, value nan"),
    (pl.DataFrame({"y": Y, "v": ["a", None, "b", "a"]}), "column 'v', row 1, value missing"),
    (pl.DataFrame({"y": Y, "v": [None] * 4}), "column 'v', row 0, value nan"),
    (pl.DataFrame({"y": Y, "v": [True, None, False, True]}), "column 'v', row 1, value missing"),
    ({"y": Y, "v": [1.0, None, 2.0, 3.0]}, "column 'v', row 1, value nan"),
    ({"y": Y, "v": ["a", None, "b", "a"]}, "column 'v', row 1, value missing"),
]


@pytest.mark.parametrize(("data", "message"), GAPS)
def test_gaps_are_named_and_can_be_dropped(data, message):
    with pytest.raises(DataError, match=message) as error:
        Design.from_formula("y ~ v", data)
    assert 'missing="drop"' in str(error.value)
    if "more rows" in message or "'v', row 0, value nan" in message:
        with pytest.raises(DataError, match="No complete row"):
            Design.from_formula("y ~ v", data, missing="drop")
    else:
        design = Design.from_formula("y ~ v", data, missing="drop")
        assert design.n + design.dropped == 4
        assert design.dropped >= 1
        assert np.isfinite(design.X).all()


def test_gaps_in_the_response_and_beside_it():
    data = frame(w=[1.0, 1.0, np.nan, 1.0], o=[0.0, 0.0, 0.0, np.inf]).assign(y=[np.nan, 1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="column 'y', row r0, value nan"):
        Design.from_formula("y ~ x", data)
    options = {"weights": "w", "weights_kind": "importance", "offset": "o", "missing": "drop"}
    with pytest.raises(DataError, match="one row only"):
        Design.from_formula("y ~ x", data, **options)
    more = pd.concat([data, data.assign(x=-data.x)])
    design = Design.from_formula("y ~ x", more, **options)
    assert (design.n, design.dropped, list(design.index)) == (2, 6, ["r1", "r1"])
    np.testing.assert_array_equal(design.X[:, 0], [3.0, -3.0])


def test_unused_gaps_do_not_matter():
    assert Design.from_formula("y ~ x", frame(v=[np.nan] * 4)).dropped == 0


UNUSABLE = [
    ([1.0, "a", 2.0, 3.0], r"mixes types[\s\S]*row r0 holds 1.0 \(float\), row r1 holds 'a' \(str\)"),
    ([True, "a", False, True], r"mixes types[\s\S]*row r1 holds 'a'"),
    ([True, 2, False, True], r"mixes types[\s\S]*row r1 holds 2 \(int\)"),
    ([[1], [2], [3], [4]], r"nested[\s\S]*row r0, value \[1\]"),
    ([{"a": 1}] * 4, "nested"),
    (["1", "2.5", "3", "4"], r"reads like numbers[\s\S]*row r0, value '1'"),
    (pd.date_range("2020-01-01", periods=4), "datetime64"),
    (pd.date_range("2020-01-01", periods=4, tz="UTC"), "days since"),
    (pd.timedelta_range("1D", periods=4), "timedelta"),
    (pd.period_range("2020-01", periods=4, freq="M"), "period"),
    ([datetime.date(2020, 1, d) for d in (1, 2, 3, 4)], r"row r0[\s\S]*date"),
    ([1 + 2j, 2j, 3, 4], "complex"),
    ([decimal.Decimal(i) for i in range(4)], r"row r0, value Decimal\('0'\) \(Decimal\)"),
    ([b"a", b"b", b"a", b"b"], r"\(bytes\)"),
    ([10**400, 1, 2, 3], "range of a float"),
]


@pytest.mark.parametrize(("values", "message"), UNUSABLE)
def test_types_that_no_model_can_use(values, message):
    data = frame()
    data["v"] = values
    with pytest.raises(DataError, match=r"'v'[\s\S]*" + message if "'v'" not in message else message):
        Design.from_formula("y ~ v", data)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([datetime.date(2020, 1, d) for d in (1, 2, 3, 4)], "days since"),
        ([[1], [2, 3], [4], [5]], "List"),
        ([{"a": 1}] * 4, "Struct"),
        (["1", "2", "3", "4"], "reads like numbers"),
    ],
)
def test_types_of_polars_that_no_model_can_use(values, message):
    with pytest.raises(DataError, match=message):
        Design.from_formula("y ~ v", pl.DataFrame({"y": Y, "v": values}))


def test_numeric_text_is_accepted_as_a_factor_on_request():
    design = Design.from_formula("y ~ C(v)", frame(v=["1", "2", "1", "2"]))
    assert design.columns == ("C(v)[T.2]",)
    design = Design.from_formula("y ~ v", frame(v=pd.Categorical(["1", "2", "1", "2"])))
    assert design.columns == ("v[T.2]",)


def test_text_in_arithmetic_is_refused():
    with pytest.raises(DataError, match=r"'g' is used as a number but holds text[\s\S]*'b'"):
        Design.from_formula("y ~ log(g)", frame(g=list("baab")))
    with pytest.raises(DataError, match="'g' is used as a number"):
        Design.from_formula("log(g) ~ x", frame(g=list("baab")))


RESPONSES = [
    (["1", "2", "1", "2"], r"response 'v' holds text that reads like numbers[\s\S]*row r0, value '1'"),
    (["a"] * 4, r"response 'v' has one level only[\s\S]*value 'a'"),
    ([True] * 4, "response 'v' has one level only"),
]


@pytest.mark.parametrize(("values", "message"), RESPONSES)
def test_responses_that_cannot_be_meant(values, message):
    with pytest.raises(DataError, match=message):
        Design.from_formula("v ~ x", frame(v=values))


TABLES = [
    (pd.DataFrame(), "no columns"),
    (pd.DataFrame({"y": [], "x": []}), "no rows"),
    (pl.DataFrame({"y": [], "x": []}), "no rows"),
    ({}, "no columns"),
    ({"y": [], "x": []}, "no rows"),
    ({"y": [1.0], "x": [2.0]}, "one row only"),
    ({"y": [1.0, 2.0], "x": [2.0]}, "column 'y' has 2 rows, column 'x' has 1"),
    ({"y": [1.0, 2.0], "x": 3.0}, r"column 'x' is a single float"),
    ({"y": [1.0, 2.0], "x": "ab"}, r"column 'x' is a single str"),
    ({"y": [1.0, 2.0], "x": [[1.0, 2.0], [3.0, 4.0]]}, r"'x'[\s\S]*shape \(2, 2\)"),
    ({"y": [1.0, 2.0], "x": [[1.0, 2.0], [3.0]]}, "'x'"),
    (np.zeros((3, 2)), r"named columns[\s\S]*from_arrays"),
    ([1, 2, 3], "named columns"),
    (None, "named columns"),
    (pd.Series([1.0, 2.0]), "named columns"),
    (pd.DataFrame(np.zeros((3, 3)), columns=["y", "x", "x"]), r"same name[\s\S]*'x'"),
    (pd.DataFrame(np.zeros((3, 3)), columns=["y", 1, "1"]), r"same name[\s\S]*'1'"),
]


@pytest.mark.parametrize(("table", "message"), TABLES)
def test_tables_that_are_none(table, message):
    with pytest.raises(DataError, match=message):
        Design.from_formula("y ~ x", table)


def test_columns_named_by_numbers():
    data = pd.DataFrame({"y": Y, 0: [1.0, 3.0, 2.0, 5.0]})
    assert Design.from_formula("y ~ `0`", data).columns == ("0",)


CONSTANT = [
    ({"v": [2.0] * 4}, "v", r"constant[\s\S]*column 'v', value 2.0 in all 4 rows"),
    ({"v": ["a"] * 4}, "v", r"'v' has one level only[\s\S]*level 'a'"),
    ({"v": [True] * 4}, "v", "'v' has one level only"),
    ({"v": [1] * 4}, "C(v)", "'v' has one level only"),
    ({"v": [0.0] * 4}, "x:v", r"column 'x:v', value 0.0"),
    ({"v": list("aabb"), "w": list("ccdd")}, "v:w", r"constant[\s\S]*v\[T?.?"),
]


@pytest.mark.parametrize(("columns", "right", "message"), CONSTANT)
def test_constant_columns_beside_the_intercept(columns, right, message):
    with pytest.raises(DataError, match=message):
        Design.from_formula(f"y ~ {right}", frame(**columns))


def test_constant_columns_without_an_intercept():
    assert Design.from_formula("y ~ 0 + v", frame(v=[2.0] * 4)).columns == ("v",)
    assert Design.from_formula("y ~ 0 + v", frame(v=["a"] * 4)).columns == ("v[a]",)


FINITE = [
    ("log(v)", r"term 'log\(v\)'[\s\S]*column 'log\(v\)', row r1, value nan"),
    ("x:log(v)", r"term 'x:log\(v\)'[\s\S]*row r1, value nan"),
    ("I(1 / (v - 2))", r"row r2, value inf"),
    ("exp(1000 * x)", r"row r0, value inf"),
    ("C(log(v))", r"'log\(v\)' is not finite[\s\S]*row r1, value nan"),
    ("bs(log(v), df=4)", r"'bs\(log\(v\), df=4\)'"),
    ("scale(v, scale=0)", "not finite"),
]


@pytest.mark.parametrize(("right", "message"), FINITE)
def test_cells_that_are_not_finite_are_named(right, message):
    with pytest.raises((DataError, FormulaError), match=message):
        Design.from_formula(f"y ~ {right}", frame(v=[1.0, -1.0, 2.0, 3.0]))


def test_a_response_that_is_not_finite_is_named():
    with pytest.raises(DataError, match=r"response 'log\(v\)'[\s\S]*row r1, value nan \(and 1 more row\)"):
        Design.from_formula("log(v) ~ x", frame(v=[1.0, -1.0, -2.0, 3.0]))

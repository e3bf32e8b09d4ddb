"""New rows are treated as the training rows were; folds keep their columns; recipes rebuild designs exactly."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayes_rglm.design import Design
from bayes_rglm.errors import DataError

RNG = np.random.default_rng(5)
N = 40
FRAME = pd.DataFrame(
    {
        "y": RNG.poisson(3.0, N),
        "x": RNG.normal(size=N),
        "z": RNG.uniform(1, 2, N),
        "g": RNG.choice(list("abc"), N),
        "h": pd.Categorical(RNG.choice([3, 1, 2], N), categories=[3, 1, 2]),
        "k": RNG.integers(1, 4, N),
        "f": RNG.random(N) > 0.5,
        "o": RNG.normal(size=N),
        "w": RNG.integers(1, 4, N),
        "outcome": RNG.choice(["no", "yes"], N),
    },
    index=[f"row{i}" for i in range(N)],
)
RIGHT = (
    "x*g + h + C(k, contr.sum) + f + bs(z, df=5) + cr(x, df=4) + poly(z, 2):x + scale(z) + log(z) + I(f * z) + C(x > 0)"
)
OPTIONS = {"offset": "o", "weights": "w", "weights_kind": "frequency"}


@pytest.fixture(scope="module")
def design():
    return Design.from_formula(f"y ~ {RIGHT}", FRAME, **OPTIONS)


@pytest.mark.parametrize("rows", [slice(0, 1), slice(3, 9), slice(None, None, -1)])
def test_training_rows_again_give_their_rows(design, rows):
    new = design.new(FRAME[rows])
    np.testing.assert_allclose(new.X, design.X[rows], rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(new.y, design.y[rows])
    np.testing.assert_array_equal(new.offset, design.offset[rows])
    np.testing.assert_array_equal(new.weights, design.weights[rows])
    assert new.columns == design.columns
    assert new.terms == design.terms
    assert new.constants is design.constants
    assert list(new.index) == list(FRAME.index[rows])


def test_new_rows_may_show_fewer_levels_and_other_types(design):
    some = FRAME[FRAME.g == "b"]
    expected = design.X[(FRAME.g == "b").to_numpy()]
    plain = some.assign(h=some.h.astype(int), k=some.k.astype(float), g=some.g.astype("category"))
    np.testing.assert_allclose(design.new(plain).X, expected, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(design.new(pl.DataFrame(plain.to_dict("list"))).X, expected, rtol=1e-13, atol=1e-14)


def test_the_response_may_be_absent(design):
    new = design.new(FRAME.drop(columns=["y", "w"]))
    assert new.y is None
    assert new.weights is None
    assert new.weights_kind is None
    assert design.new(FRAME.assign(y=np.nan)).y is None
    with pytest.raises(DataError, match="column 'y', row row2, value nan"):
        design.new(FRAME.assign(y=[1.0, 2.0, np.nan] + [1.0] * (N - 3)))


NEW = [
    (FRAME.drop(columns="x"), r"no column 'x'"),
    (FRAME.rename(columns={"z": "zz"}), r"no column 'z'[\s\S]*did you mean 'zz'"),
    (FRAME.drop(columns="o"), r"offset[\s\S]*'o'"),
    (FRAME.assign(g="d"), r"level[\s\S]*column 'g', row row0, value 'd' \(and 39 more rows\)[\s\S]*'a', 'b', 'c'"),
    (FRAME.assign(h=7), r"column 'h', row row0, value '7'[\s\S]*'3', '1', '2'"),
    (FRAME.assign(k=9), r"column 'k', row row0, value '9'[\s\S]*'1', '2', '3'"),
    (FRAME.assign(x=[np.nan] + [0.0] * (N - 1)), "column 'x', row row0, value nan"),
    (FRAME.assign(o=[0.0, np.inf] + [0.0] * (N - 2)), "column 'o', row row1, value inf"),
    (FRAME.assign(x="a"), r"'x' held numbers[\s\S]*value 'a'"),
    (
        FRAME.assign(z=[1.5, 7.5] + [1.5] * (N - 2)),
        r"bs\(z, df=5\)'[\s\S]*column 'z', row row1, value 7.5, bounds \[1\.\d+, 1\.\d+\]",
    ),
    (FRAME.assign(w=0), "weights must be above zero"),
    (FRAME[:0], "no rows"),
    (FRAME.to_numpy(), "comes from a formula"),
    ([1, 2], "comes from a formula"),
]


@pytest.mark.parametrize(("frame", "message"), NEW)
def test_new_rows_that_cannot_be_treated(design, frame, message):
    with pytest.raises(DataError, match=message):
        design.new(frame)


def test_bounds_through_an_expression_and_their_remedies():
    fit = Design.from_formula("y ~ bs(log(z), df=4)", FRAME)
    with pytest.raises(DataError, match=r"column 'log\(z\)', row 0, value 3\.0"):
        fit.new({"z": [np.exp(3.0)]})
    for option in ("extrapolation='clip'", "extrapolation='extend'", "upper_bound=4", "lower_bound=-1, upper_bound=4"):
        wide = Design.from_formula(f"y ~ bs(log(z), df=4, {option})", FRAME)
        assert wide.new({"z": [np.exp(3.0)]}).p == 4
    stated = Design.from_formula("y ~ bs(z, df=4, lower_bound=0, upper_bound=3)", FRAME)
    with pytest.raises(DataError, match=r"value 3.5, bounds \[0.0, 3.0\]"):
        stated.new({"z": [3.5]})
    with pytest.raises(DataError, match=r"row row\d+, value 1\.\d+, bounds \[0.0, 1.2\]"):
        Design.from_formula("y ~ bs(z, df=4, lower_bound=0, upper_bound=1.2)", FRAME)
    half = Design.from_formula("y ~ bs(z, df=4, upper_bound=3)", FRAME)
    with pytest.raises(DataError, match=r"value 3.5, bounds \[1.\d+, 3.0\]"):
        half.new({"z": [3.5]})
    nested = Design.from_formula("y ~ bs(center(z), df=4)", FRAME)
    with pytest.raises(ValueError, match=r"bs\(center\(z\), df=4\)"):
        nested.new({"z": [9.0]})
    cubic = Design.from_formula("y ~ cr(z, df=4, extrapolation='raise')", FRAME)
    with pytest.raises(DataError, match=r"cr\(z[\s\S]*column 'z', row 0, value 9.0"):
        cubic.new({"z": [9.0]})


def test_new_rows_can_drop_gaps(design):
    new = design.new(FRAME.assign(x=[np.nan] + [0.0] * (N - 1)), missing="drop")
    assert (new.n, new.dropped) == (N - 1, 1)


def test_responses_of_new_rows_keep_their_codes():
    fit = Design.from_formula("outcome ~ x", FRAME)
    only = fit.new(FRAME[FRAME.outcome == "yes"])
    assert set(only.y) == {1.0}
    assert only.levels == ("no", "yes")
    with pytest.raises(DataError, match=r"response 'outcome', row row0, value 'maybe'[\s\S]*'no', 'yes'"):
        fit.new(FRAME.assign(outcome="maybe"))
    with pytest.raises(DataError, match="had levels when the design was built"):
        fit.new(FRAME.assign(outcome=1))
    with pytest.raises(DataError, match="held numbers when the design was built"):
        Design.from_formula("y ~ x", FRAME).new(FRAME.assign(y=FRAME.outcome))


def test_an_offset_by_array_must_be_passed_again():
    fit = Design.from_formula("y ~ x", FRAME, offset=FRAME.o)
    with pytest.raises(DataError, match=r"has an offset[\s\S]*offset="):
        fit.new(FRAME)
    np.testing.assert_array_equal(fit.new(FRAME, offset=FRAME.o).offset, FRAME.o)
    with pytest.raises(DataError, match="given weights, but the design has none"):
        fit.new(FRAME, offset=FRAME.o, weights=np.ones(N))


def test_new_matrices():
    X, y = RNG.normal(size=(6, 2)), np.array(list("abcabc"))
    fit = Design.from_arrays(X, y, columns=["a", "b"])
    np.testing.assert_array_equal(fit.new(X[:2]).X, X[:2])
    assert fit.new(X[:2]).y is None
    pair = fit.new((X[:2], y[[2, 0]]))
    np.testing.assert_array_equal(pair.y, [2.0, 0.0])
    assert pair.levels == fit.levels
    np.testing.assert_array_equal(fit.new(X[:2], y=y[:2]).y, [0.0, 1.0])
    frame = pd.DataFrame({"extra": "e", "b": X[:, 1], "a": X[:, 0]})
    np.testing.assert_array_equal(fit.new(frame).X, X)
    np.testing.assert_array_equal(fit.new(frame.assign(y=y)).y, fit.y)
    assert fit.new(X[:1]).constants is fit.constants
    both = Design.from_arrays(pd.DataFrame({"y": X[:, 0], "b": X[:, 1]}), X[:, 0])
    assert both.new(pd.DataFrame({"y": X[:, 0], "b": X[:, 1]})).y is None
    for bad, message in [
        (X[:, :1], "1 columns, the design has 2: 'a', 'b'"),
        (X[0], "two dimensions"),
        (frame.drop(columns="b"), "no column 'b'"),
        (np.full((1, 2), np.nan), "column 'a', row 0, value nan"),
        ((X[:2], y[:1]), "X has 2 rows, y has 1"),
        ((X[:2], ["a", "q"]), "row 1, value 'q'"),
    ]:
        with pytest.raises(DataError, match=message):
            fit.new(bad)


def test_rows_refit_everything_but_levels(design):
    index = np.flatnonzero((FRAME.g != "c").to_numpy())
    part = design.rows(index)
    assert part.columns == design.columns
    assert part.levels == design.levels
    assert not part.X[:, design.columns.index("g[T.c]")].any()
    x = FRAME.z.to_numpy()[index]
    centred = (x - x.mean()) / x.std(ddof=1)
    np.testing.assert_allclose(part.X[:, design.columns.index("scale(z)")], centred, atol=1e-13)
    weights = FRAME.w.to_numpy()[index]
    j = design.columns.index("x")
    assert part.constants.centre[j] == pytest.approx(np.average(FRAME.x.to_numpy()[index], weights=weights))
    assert part.constants.norm[design.columns.index("g[T.c]")] > 0
    np.testing.assert_array_equal(part.offset, design.offset[index])
    assert part.weights_kind == "frequency"


def test_rows_of_all_rows_are_the_design(design):
    again = design.rows(np.arange(N))
    np.testing.assert_array_equal(again.X, design.X)
    np.testing.assert_array_equal(again.constants.norm, design.constants.norm)


def test_rows_keep_the_levels_of_the_response():
    fit = Design.from_formula("outcome ~ x", FRAME)
    part = fit.rows((FRAME.outcome == "yes").to_numpy())
    assert set(part.y) == {1.0}
    assert part.levels == ("no", "yes")
    arrays = Design.from_arrays(FRAME[["x", "z"]], FRAME.outcome).rows(np.arange(10))
    assert arrays.levels == ("no", "yes")
    assert arrays.constants.centre[0] == pytest.approx(FRAME.x[:10].mean())


def test_take_keeps_the_constants(design):
    part = design.take([5, 2, 2])
    np.testing.assert_array_equal(part.X, design.X[[5, 2, 2]])
    np.testing.assert_array_equal(part.y, design.y[[5, 2, 2]])
    np.testing.assert_array_equal(part.offset, design.offset[[5, 2, 2]])
    assert list(part.index) == ["row5", "row2", "row2"]
    assert part.constants is design.constants
    np.testing.assert_array_equal(part.new(FRAME[:4]).X, design.new(FRAME[:4]).X)
    np.testing.assert_array_equal(design.take(slice(4, 30)).rows(slice(1, 20)).y, design.y[5:24])


ROWS = [
    ([N], f"position {N} of {N} rows"),
    ([-1], "position -1"),
    ([], "No rows"),
    (np.zeros(N, dtype=bool), "No rows"),
    ([0.5], "by position"),
    (["row1"], "by position"),
    ([[1]], "by position"),
    (np.ones(3, dtype=bool), "3 values for 40 rows"),
    (slice(0, 0), "No rows"),
    (3, "by position"),
]


@pytest.mark.parametrize(("index", "message"), ROWS)
def test_rows_that_are_not_there(design, index, message):
    for method in (design.rows, design.take):
        with pytest.raises(DataError, match=message):
            method(index)


def test_one_row_cannot_be_refitted(design):
    assert design.take([3]).n == 1
    with pytest.raises(DataError, match="one row only"):
        design.rows([3])


def rebuilt(design):
    meta, arrays = design.recipe()
    assert all(a.dtype.kind in "iufU" for a in arrays.values())
    return Design.from_recipe(json.loads(json.dumps(meta, allow_nan=False)), arrays)


def assert_equal(a, b):
    for name in ("X", "y", "offset", "weights", "trials", "lower", "upper", "index"):
        left, right = getattr(a, name), getattr(b, name)
        assert (left is None) == (right is None), name
        if left is not None:
            np.testing.assert_array_equal(left, right, strict=True)
    names = ("columns", "terms", "intercept", "weights_kind", "response", "levels", "formula", "dropped")
    assert [getattr(a, n) for n in names] == [getattr(b, n) for n in names]
    np.testing.assert_array_equal(a.constants.centre, b.constants.centre)
    np.testing.assert_array_equal(a.constants.norm, b.constants.norm)


@pytest.mark.parametrize(
    "derive",
    [lambda d: d, lambda d: d.take(slice(30, 3, -1)), lambda d: d.new(FRAME[3:30]), lambda d: d.rows(slice(0, 30))],
)
def test_recipes_rebuild_designs(design, derive):
    first = derive(design)
    second = rebuilt(first)
    assert_equal(first, second)
    inside = FRAME[FRAME.z.between(FRAME.z[:30].min(), FRAME.z[:30].max())]
    assert_equal(first.new(inside), second.new(inside))
    assert_equal(first.take([0, 1]), second.take([0, 1]))
    assert_equal(second, rebuilt(second))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Design.from_formula("outcome ~ . - o", FRAME, offset="w", missing="drop"),
        lambda: Design.from_formula("y ~ . + o - h", FRAME, offset="o"),
        lambda: Design.from_formula("log(z) ~ 1", FRAME),
        lambda: Design.from_formula("~ 0 + g", FRAME),
        lambda: Design.from_formula("f ~ `odd: name` + C(`odd: name` > 0)", FRAME.rename(columns={"x": "odd: name"})),
        lambda: Design.from_arrays(FRAME[["x", "z"]], FRAME.outcome, offset=FRAME.o),
        lambda: Design.from_arrays(np.empty((3, 0)), [1.0, 2.0, 3.0]),
    ],
)
def test_recipes_of_other_designs(make):
    first = make()
    second = rebuilt(first)
    assert_equal(first, second)
    everything = FRAME.assign(**{"odd: name": FRAME.x})
    if first.p:
        options = {} if first.offset is None else {"offset": FRAME.o}
        assert_equal(first.new(everything, **options), second.new(everything, **options))


def test_refitting_survives_a_recipe(design):
    first, second = design.rows(slice(0, 25)), rebuilt(design).rows(slice(0, 25))
    assert_equal(first, second)


def test_recipes_that_are_none(design):
    meta, arrays = design.recipe()
    with pytest.raises(DataError, match="no complete recipe"):
        Design.from_recipe({}, {})
    with pytest.raises(DataError, match="another version"):
        Design.from_recipe({**meta, "version": 99}, arrays)
    with pytest.raises(DataError, match="no complete recipe"):
        Design.from_recipe(meta, {k: v for k, v in arrays.items() if k != "own_0"})


def test_a_stored_formula_is_guarded_too(design):
    meta, arrays = design.recipe()
    with pytest.raises(ValueError, match="not known, '__import__'"):
        Design.from_recipe({**meta, "formula": "y ~ __import__('os').getcwd()"}, arrays)


def test_repr_says_what_it_is(design):
    assert "40 rows" in repr(design)
    assert "with levels ('no', 'yes')" in repr(Design.from_formula("outcome ~ x", FRAME))


def test_rows_held_out_are_encoded_as_new_rows_are():
    rows, right = np.arange(0, N, 4), "bs(x, df=4, extrapolation='clip') + center(x):g + C(k, contr.sum)"
    whole = Design.from_formula(f"y ~ {right}", FRAME, **OPTIONS)
    train = whole.rows(np.setdiff1d(np.arange(N), rows))
    held = train.encode(whole.take(rows))
    assert_equal(held, train.new(FRAME.iloc[rows]))
    assert held.constants is train.constants
    assert not np.allclose(held.X, whole.X[rows])  # the whole table's knots and centre are others
    np.testing.assert_array_equal(held.new(FRAME[:3]).X, train.new(FRAME[:3]).X)
    assert_equal(rebuilt(held), held)
    np.testing.assert_allclose(train.encode(train).X, train.X, rtol=1e-13, atol=1e-14)


def test_held_out_rows_of_arrays_keep_offsets_and_take_constants():
    whole = Design.from_arrays(FRAME[["x", "z"]], FRAME.y, offset=FRAME.o)
    train = whole.rows(np.arange(10))
    held = train.encode(whole.take(np.arange(10, 20)))
    np.testing.assert_array_equal(held.X, whole.X[10:20])
    np.testing.assert_array_equal(held.offset, whole.offset[10:20])
    assert held.constants is train.constants


def test_rows_outside_the_training_rows_splines_are_refused():
    whole = Design.from_formula("y ~ bs(x, df=4)", FRAME)
    order = np.argsort(FRAME.x.to_numpy())
    with pytest.raises(DataError, match=rf"row row{order[-1]}, value .*bounds"):
        whole.rows(order[:-1]).encode(whole.take(order[-1:]))


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (lambda: Design.from_formula("y ~ x + f", FRAME), "formula: 'y ~ x' and 'y ~ x \\+ f'"),
        (lambda: Design.from_arrays(FRAME[["x"]], FRAME.y), "formula: 'y ~ x' and None"),
    ],
)
def test_only_rows_of_the_same_source_are_encoded(other, found):
    with pytest.raises(DataError, match=found):
        Design.from_formula("y ~ x", FRAME).encode(other())
    coded = Design.from_arrays(FRAME[["x"]], FRAME.outcome)
    with pytest.raises(DataError, match=r"levels: \('no', 'yes'\) and \('a', 'b', 'c'\)"):
        coded.encode(Design.from_arrays(FRAME[["x"]], FRAME.g.rename("outcome")))

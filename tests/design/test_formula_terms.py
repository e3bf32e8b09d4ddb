"""The matrix of a formula: equal to formulaic's own where both accept the formula, and to algebra elsewhere."""

import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix

from bayes_rglm.design import Design, Term
from bayes_rglm.errors import DataError, FormulaError

RNG = np.random.default_rng(1)
N = 60
FRAME = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "z": RNG.uniform(0.1, 2, size=N),
        "w": RNG.normal(size=N),
        "g": RNG.choice(list("abc"), N),
        "h": pd.Categorical(RNG.choice(["lo", "mid", "hi"], N), categories=["lo", "mid", "hi"], ordered=True),
        "k": RNG.integers(1, 4, N),
    }
)

SAME = [
    "x",
    "x + z",
    "x*z",
    "x:z",
    "g",
    "h",
    "g + h",
    "g*h",
    "g*x",
    "g/x",
    "g:x",
    "g:h",
    "(x + z + g)**2",
    "(x + z + w)**3",
    "x*g*h",
    "(x + z)*g - x:g",
    "0 + g",
    "g - 1",
    "g + 0",
    "0 + g:h",
    "0 + x",
    "-1 + x + g",
    "log(z)",
    "I(x**2)",
    "I(x - z)",
    "I(x / 10) + I(2 * z)",
    "center(x)",
    "scale(x)",
    "center(x):z",
    "poly(x, 3)",
    "poly(x, 3, raw=True)",
    "poly(x, 2)*g",
    "bs(x, df=5)",
    "bs(x, knots=[-0.5, 0.5], degree=2)",
    "bs(x, df=4):g",
    "cr(x, df=4, constraints='center')",
    "cs(x, df=3, constraints='center')",
    "cc(x, df=4, constraints='center')",
    "0 + cr(x, df=4)",
    "C(g)",
    "C(k)",
    "C(g, contr.sum)",
    "C(g, contr.sum)*x",
    "C(g, contr.helmert)",
    "C(g, contr.poly)",
    "C(g, contr.diff)",
    "C(g, contr.SAS)",
    "C(g, contr.treatment('b'))",
    "C(g, contr.treatment(base='c'))",
    "C(g, contrasts=contr.sum())",
    "log(z) + exp(-z) + I(z > 1)",
    "x + x + x:x",
    "((x + z))",
]


@pytest.mark.parametrize("right", SAME)
def test_agrees_with_formulaic(right):
    expected = model_matrix(right, FRAME)
    has_intercept = "Intercept" in expected.columns
    expected = expected.drop(columns="Intercept", errors="ignore").astype(float)
    design = Design.from_formula(f"y ~ {right}", FRAME)
    assert design.intercept == has_intercept
    assert design.columns == tuple(expected.columns)
    np.testing.assert_array_equal(design.X, expected.to_numpy())
    np.testing.assert_array_equal(design.y, FRAME["y"])
    assert [j for term in design.terms for j in term.columns] == list(range(design.p))


def test_terms_group_their_columns():
    design = Design.from_formula("y ~ x*g + bs(z, df=4)", FRAME)
    assert design.terms == (
        Term("x", (0,)),
        Term("g", (1, 2)),
        Term("bs(z, df=4)", (3, 4, 5, 6)),
        Term("x:g", (7, 8)),
    )


def test_functions_that_formulaic_lacks():
    design = Design.from_formula("y ~ sqrt(z) + log1p(z) + expm1(x) + abs(x) + tanh(x) + sin(x) + cos(x)", FRAME)
    expected = [np.sqrt(FRAME.z), np.log1p(FRAME.z), np.expm1(FRAME.x), abs(FRAME.x), np.tanh(FRAME.x)]
    np.testing.assert_array_equal(design.X[:, :5], np.column_stack(expected))
    assert design.columns[-1] == "cos(x)"


def test_dot_means_the_columns_left():
    design = Design.from_formula("y ~ . - h", FRAME, weights="z", weights_kind="importance", offset="w")
    assert [t.name for t in design.terms] == ["x", "g", "k"]


def test_intercept_alone():
    design = Design.from_formula("y ~ 1", FRAME)
    assert (design.p, design.n, design.intercept, design.columns, design.terms) == (0, N, True, (), ())
    assert design.new(FRAME[:3]).X.shape == (3, 0)


def test_no_intercept_and_nothing_else():
    for formula in ("y ~ 0", "y ~ -1", "y ~ 1 - 1"):
        with pytest.raises(DataError, match="no columns"):
            Design.from_formula(formula, FRAME)


def test_a_power_of_a_power_is_the_same_terms():
    assert Design.from_formula("y ~ ((x + z)**9)**9", FRAME).columns == ("x", "z", "x:z")


@pytest.mark.parametrize("basis", ["cr(x, df=4)", "cs(x, df=4)", "cc(x, df=4)", "bs(x, df=4)"])
def test_bases_beside_an_intercept_do_not_contain_it(basis):
    design = Design.from_formula(f"y ~ {basis}", FRAME)
    assert np.linalg.matrix_rank(np.column_stack([np.ones(N), design.X])) == design.p + 1
    assert design.terms[0].name == basis
    assert design.columns[0] == f"{basis}[1]"


def test_booleans_are_factors_alone_and_numbers_in_arithmetic():
    frame = FRAME.assign(flag=FRAME.x > 0)
    design = Design.from_formula("y ~ flag + I(flag * z) + flag:z", frame)
    assert design.columns[:2] == ("flag[T.True]", "I(flag * z)")
    np.testing.assert_array_equal(design.X[:, 0], frame.flag.astype(float))
    np.testing.assert_array_equal(design.X[:, 1], frame.flag * frame.z)


def test_a_condition_can_be_a_factor():
    design = Design.from_formula("y ~ C(z > 1) + C(k, contr.treatment(2))", FRAME)
    assert design.columns == (
        "C(z > 1)[T.True]",
        "C(k, contr.treatment(2))[T.1]",
        "C(k, contr.treatment(2))[T.3]",
    )
    np.testing.assert_array_equal(design.X[:, 0], (FRAME.z > 1).astype(float))


def test_levels_can_be_ordered():
    design = Design.from_formula("y ~ C(g, levels=['c', 'a', 'b'])", FRAME)
    assert [c[-5:] for c in design.columns] == ["[T.a]", "[T.b]"]


def test_names_that_are_no_identifiers():
    frame = FRAME.rename(columns={"x": "my x", "z": "Sepal.Length", "g": "a:b"})
    design = Design.from_formula("y ~ `my x`*`a:b` + log(Sepal.Length) + Sepal.Length + log(`my x`**2)", frame)
    assert design.columns[0] == "my x"
    assert "a:b[T.b]" in design.columns
    assert "log(Sepal.Length)" in design.columns
    np.testing.assert_array_equal(design.X[:, design.columns.index("Sepal.Length")], FRAME.z)


def test_two_columns_of_one_name_are_refused():
    frame = FRAME.rename(columns={"z": "x:w"})
    with pytest.raises(FormulaError, match=r"same name[\s\S]*'x:w'"):
        Design.from_formula("y ~ x:w + `x:w`", frame)


def test_only_used_columns_are_read():
    frame = FRAME.assign(bad=[object()] * N, when=pd.Timestamp("2020-01-01"), gaps=np.nan)
    assert Design.from_formula("y ~ x", frame).n == N


def test_a_one_sided_formula_has_no_response():
    design = Design.from_formula("~ x", FRAME)
    assert design.y is None
    assert design.response == ""
    assert design.levels is None
    assert design.rows([0, 1, 2]).y is None


def test_responses():
    np.testing.assert_array_equal(Design.from_formula("log(z) ~ x", FRAME).y, np.log(FRAME.z))
    assert Design.from_formula("log(z) ~ x", FRAME).response == "log(z)"
    np.testing.assert_array_equal(Design.from_formula("I(z + k) ~ x", FRAME).y, FRAME.z + FRAME.k)
    text = Design.from_formula("g ~ x", FRAME)
    assert text.levels == ("a", "b", "c")
    np.testing.assert_array_equal(text.y, FRAME.g.map({"a": 0, "b": 1, "c": 2}))
    ordered = Design.from_formula("h ~ x", FRAME)
    assert ordered.levels == ("lo", "mid", "hi")
    np.testing.assert_array_equal(ordered.y, FRAME.h.cat.codes)
    flag = Design.from_formula("f ~ x", FRAME.assign(f=FRAME.x > 0))
    assert flag.levels == ("False", "True")
    np.testing.assert_array_equal(flag.y, FRAME.x > 0)
    counts = Design.from_formula("k ~ x", FRAME)
    assert counts.levels is None
    assert counts.y.dtype == np.float64


def test_unused_levels_are_dropped():
    frame = FRAME[FRAME.h != "mid"]
    assert Design.from_formula("y ~ h", frame).columns == ("h[T.hi]",)


def test_standardisation_is_off_on_request():
    design = Design.from_formula("y ~ x + g", FRAME, standardize=False)
    np.testing.assert_array_equal(design.constants.centre, np.zeros(3))
    np.testing.assert_array_equal(design.constants.norm, np.ones(3))


def test_constants_follow_the_term():
    design = Design.from_formula("y ~ x + g + poly(z, 3)", FRAME)
    X, constants = design.X, design.constants
    np.testing.assert_allclose(constants.centre, X.mean(axis=0), atol=1e-15)
    for term in design.terms:
        block = X[:, list(term.columns)]
        size = np.sqrt(np.mean(np.sum((block - block.mean(axis=0)) ** 2, axis=1)))
        np.testing.assert_allclose(constants.norm[list(term.columns)], size, rtol=1e-13)
    assert constants.norm[0] == pytest.approx(np.std(FRAME.x), rel=1e-13)


def test_frequency_weights_count_as_rows():
    few = FRAME[:10].assign(n=[1, 2, 3, 1, 1, 4, 1, 1, 2, 1])
    many = few.loc[few.index.repeat(few.n)]
    a = Design.from_formula("y ~ x + g", few, weights="n", weights_kind="frequency").constants
    b = Design.from_formula("y ~ x + g", many).constants
    np.testing.assert_allclose(a.centre, b.centre, atol=1e-14)
    np.testing.assert_allclose(a.norm, b.norm, rtol=1e-13)
    c = Design.from_formula("y ~ x + g", few, weights="n", weights_kind="importance").constants
    np.testing.assert_allclose(c.centre, Design.from_formula("y ~ x + g", few).constants.centre)
    assert abs(c.centre[0] - a.centre[0]) > 1e-3


def test_centres_are_exact_on_a_large_offset():
    x = 1e12 + np.random.default_rng(0).integers(0, 9, 999)
    exact = 1e12 + int(np.sum(x - 1e12)) / 999
    constants = Design.from_arrays(x[:, None]).constants
    assert abs(constants.centre[0] - exact) <= np.spacing(exact)
    assert constants.norm[0] == pytest.approx(np.std(x - 1e12), rel=1e-9)

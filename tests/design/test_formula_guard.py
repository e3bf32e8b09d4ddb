"""Nothing in a formula executes or hangs, and each refusal says what and why."""

import time
from pathlib import Path

import numpy as np
import pytest

from bayes_rglm.design import Design
from bayes_rglm.errors import FormulaError

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FRAME = {
    **{c: np.random.default_rng(i).normal(size=12) for i, c in enumerate(LETTERS)},
    "y": np.arange(12.0),
    "g": np.array(list("uvw") * 4),
    "if": np.linspace(0, 1, 12),
}

ATTACKS = [
    ("y ~ __import__('os').system('touch {mark}')", "not known, '__import__'"),
    ("__import__('os').system('touch {mark}') ~ x", "not known, '__import__'"),
    ("y ~ I(__import__('os').system('touch {mark}'))", "not known, '__import__'"),
    ("y ~ `__import__('os').system('touch {mark}')`", "not in the table"),
    ("y ~ I(`__import__('os').system('touch {mark}')`)", "not in the table"),
    ("y ~ open('{mark}', 'w')", "not known, 'open'"),
    ("y ~ I(x, open('{mark}', 'w'))", "not known, 'open'"),
    ("y ~ bs(x, df=open('{mark}', 'w'))", "not known, 'open'"),
    ("y ~ C(g, open('{mark}', 'w'))", "not known, 'open'"),
    ("y ~ exec('1')", "not known, 'exec'"),
    ("y ~ x.__class__", "not their attributes"),
    ("y ~ I(x.__class__.__base__)", "not their attributes"),
    ("y ~ I((x).real)", "not in the table"),
    ("y ~ I((x).z)", "not allowed .Attribute"),
    ("y ~ log.__call__(x)", "not known"),
    ("y ~ C(g, contr.treatment.__init__)", "contrast"),
    ("y ~ C(g, contr.custom([[1]]))", "known contrasts"),
    ("y ~ I([c for c in x])", "no 'for'"),
    ("y ~ I(lambda: 1)", "no 'lambda'"),
    ("y ~ I((w := 3))", "':'"),
    ("y ~ I(w := 3)", "':'"),
    ("y ~ I(f'{{x}}')", "means nothing"),
    ("y ~ I(f'x')", "cannot be read"),
    ("y ~ {{x}}", "means nothing"),
    ("y ~ I(x[0])", "Subscript"),
    ("y ~ I(x if x else x)", "cannot be read|no 'else'"),
    ("y ~ I(x and z)", "no 'and'"),
    ("y ~ I(x == z == a)", "not allowed"),
    ("y ~ I(*x)", "one argument"),
    ("y ~ bs(x, **x)", "option"),
    ("y ~ I(`x`(1))", "called like a function"),
    ("y ~ x(1)", "called like a function"),
    ("y ~ ``", "means nothing"),
    ("y ~ `x", "means nothing"),
    ("y ~ x ; z", "means nothing"),
    ("y ~ x # z", "no comments"),
    ("y ~ x\\\n+ z", "means nothing"),
    ("y ~ I('x')", "constant"),
    ("y ~ I(1j * x)", "cannot be read"),
    ("y ~ I(True * x)", "constant"),
    ("y ~ \u140a0\u1405", "reserved"),
]

BOMBS = [
    ("y ~ (x + z)**9999999", "exponent"),
    ("y ~ (x + z)**99", "1 to 10"),
    ("y ~ 9**9**9**9", "number 9"),
    ("y ~ I(9**9**9**9)", "computed exponent"),
    ("y ~ I(x**9**9**9)", "computed exponent"),
    ("y ~ I(x**99)", "exponent beyond 10"),
    ("y ~ I(9**9 * x)", "number to a power"),
    ('y ~ I("a" * 99999999)', "constant"),
    ("y ~ I(99999999999999 * x)", "constant"),
    ("y ~ bs(x, df=10**9)", "df is a whole number from 0 to 50"),
    ("y ~ bs(x, df=1000000)", "df is a whole number from 0 to 50"),
    ("y ~ poly(x, 100000)", "degree is a whole number from 0 to 50"),
    ("y ~ bs(x, knots=[" + "1," * 300 + "1])", "knots is a list"),
    ("y ~ " + "*".join(LETTERS.replace("y", "")), "more than 6 factors"),
    ("y ~ (" + "+".join(LETTERS.replace("y", "")) + ")**10", "more than 2000 terms|more than 6"),
    ("y ~ (.)**4", "more than 2000 terms"),
    ("y ~ " + ":".join(LETTERS[:7]), "more than 6 factors"),
    ("y ~ " + "(" * 900 + "x" + ")" * 900, "more than 40 nested"),
    ("y ~ I(" + "-" * 1900 + "x)", "deep|cannot be read"),
    ("y ~ I(" + "+".join(["x"] * 900) + ")", "deep"),
    ("y ~ " + "x+" * 500_000 + "x", "at most 2000 characters"),
    ("y ~ " + "`" * 1_000_000, "at most 2000 characters"),
]


@pytest.mark.parametrize(("attack", "message"), ATTACKS)
def test_nothing_executes(attack, message, tmp_path):
    mark = tmp_path / "mark"
    start = time.process_time()
    with pytest.raises(FormulaError, match=message):
        Design.from_formula(attack.format(mark=mark.as_posix()), FRAME)
    assert time.process_time() - start < 1
    assert not Path(mark).exists()


@pytest.mark.parametrize(("bomb", "message"), BOMBS)
def test_nothing_hangs(bomb, message):
    start = time.process_time()
    with pytest.raises(FormulaError, match=message) as error:
        Design.from_formula(bomb, FRAME)
    assert time.process_time() - start < 1
    assert len(str(error.value)) < 1500


def test_the_largest_interactions_do_not_hang():
    rng = np.random.default_rng(0)
    factors = {c: rng.choice(["u", "v"], 20) for c in "ABCDEF"}
    numbers = {c: rng.normal(size=20) for c in LETTERS}
    start = time.process_time()
    Design.from_formula("y ~ 0 + A:B:C:D:E:F", {**numbers, **factors})
    assert Design.from_formula("y ~ (" + "+".join(LETTERS[:22]) + ")**3", numbers).p == 22 + 231 + 1540
    assert time.process_time() - start < 5


def test_huge_products_of_levels_are_refused():
    n = 300
    frame = {"y": np.arange(float(n)), **{c: np.array([f"{c}{i}" for i in range(n)]) for c in "abc"}}
    with pytest.raises(FormulaError, match=r"more than 20000 columns[\s\S]*'a:b'"):
        Design.from_formula("y ~ a*b*c", frame)


def test_a_column_named_like_an_attack_is_only_a_column():
    name = "__import__('os').system('exit')"
    design = Design.from_formula(f"y ~ `{name}` + log1p(`{name}`)", {"y": np.arange(5.0), name: np.arange(5.0) ** 2})
    assert design.columns == (name, f"log1p({name})")
    np.testing.assert_array_equal(design.X[:, 1], np.log1p(np.arange(5.0) ** 2))


def test_levels_named_like_an_attack_are_only_labels():
    labels = np.array(["__import__('os')", "a]:b[T.", "\u140a0\u1405 `'\"{x}"] * 3)
    design = Design.from_formula("y ~ 0 + g + g:x", {"y": np.arange(9.0), "g": labels, "x": np.arange(9.0) ** 2})
    assert design.columns[:3] == tuple(f"g[{label}]" for label in sorted(labels[:3]))
    assert design.p == 6
    np.testing.assert_array_equal(design.X[:, :3].sum(axis=1), np.ones(9))


MISTAKES = [
    ("", "empty"),
    ("  \n ", "empty"),
    (None, "is a string"),
    (3, "is a string"),
    ("x + z", "one '~'"),
    ("y ~ x ~ z", "one '~'"),
    ("y ~", "ends where a term should stand"),
    ("y ~ x +", "ends where a term should stand"),
    ("y ~ x z", "'z' at position 6"),
    ("y ~ (x + z", "left open"),
    ("y ~ x)", "never opened"),
    ("y ~ nope", "not in the table"),
    ("y ~ log(nope)", "not in the table"),
    ("nope ~ x", "not in the table"),
    ("y ~ log", "write log"),
    ("y ~ sqroot(x)", r"not known, 'sqroot'[\s\S]*did you mean 'sqrt'"),
    ("y ~ np.log(x)", r"plain names[\s\S]*write log\(x\)"),
    ("y ~ I(np.sqrt(x))", r"write sqrt\(x\)"),
    ("y ~ np.linalg(x)", "known functions"),
    ("y ~ offset(x)", "offset='"),
    ("y ~ factor(g)", r"write C\(g\)"),
    ("y ~ s(x)", "bs"),
    ("y ~ (1 | g)", r"not supported yet[\s\S]*C\(g\)"),
    ("y ~ x + (1 + x || g)", r"not supported yet[\s\S]*C\(g\)"),
    ("y ~ x | z", "several parts"),
    ("y ~ a %in% b", "%in%"),
    ("y ~ 2*x", r"I\(2 \* x\)"),
    ("y ~ x*2", r"I\(x / 10\)"),
    ("y ~ x/10", r"I\(x / 10\)"),
    ("y ~ x**2", r"I\(x\*\*2\)"),
    ("y ~ I(x^2)", r"x\*\*2"),
    ("y ~ x == 3", r"I\(x > 3\)"),
    ("y ~ x - z", "takes away a term that is not there, 'z'"),
    ("y ~ y + x", "response stands on the right"),
    ("y ~ log(y)", "response stands on the right"),
    ("log(y) ~ y", "response stands on the right"),
    ("C(g) ~ x", "inside another expression"),
    ("center(y) ~ x", "only elementwise"),
    ("bs(y) ~ x", "inside another expression"),
    ("y ~ log(bs(x))", "stand on its own"),
    ("y ~ bs(x, nope=3)", "option 'nope'"),
    ("y ~ bs(x, df=5, df=5)", "twice"),
    ("y ~ bs(x, 5, df=5)", "twice"),
    ("y ~ bs(x, df=2)", r"in 'bs\(x, df=2\)': Invalid value for `df`"),
    ("y ~ bs(x, extrapolation='maybe')", "extrapolation is one of"),
    ("y ~ cr(x)", "df"),
    ("y ~ poly(x, 0)", r"makes no columns[\s\S]*'poly\(x, 0\)'"),
    ("y ~ bs(x, degree=0)", "makes no columns"),
    ("y ~ log(x, z)", "one argument"),
    ("y ~ log()", "one argument"),
    ("y ~ bs()", "without a column"),
    ("y ~ I(3)", "uses no column"),
    ("y ~ C(g, contr.treatment('q'))", r"base level of C\(g\)[\s\S]*'q'[\s\S]*'u', 'v', 'w'"),
    ("y ~ C(g, contr.treatment(base='q'))", r"base level of C\(g\)[\s\S]*'q'"),
    ("y ~ C(g, levels=['u', 'v'])", "each level of the column once"),
    ("y ~ C(g, g)", "contrast that is not known"),
    ("y ~ C(g, nope=1)", "option 'nope'"),
    ("y ~ contr.sum", "contrast"),
    ("y ~ (x + 1):z", "lone 0 or 1"),
]


@pytest.mark.parametrize(("formula", "message"), MISTAKES)
def test_mistakes_are_named(formula, message):
    with pytest.raises(FormulaError, match=message):
        Design.from_formula(formula, FRAME)


def test_a_near_miss_is_suggested():
    with pytest.raises(FormulaError, match="did you mean 'income'"):
        Design.from_formula("y ~ incme", {"y": np.arange(3.0), "income": np.arange(3.0)})


def test_keywords_and_functions_are_usable_as_column_names():
    frame = {"y": np.arange(6.0), "log": np.arange(1.0, 7.0), "if": np.arange(6.0) ** 2, "C": np.arange(6.0) % 2}
    design = Design.from_formula("y ~ log + log(log) + `if` + I(if + C)", frame)
    assert design.columns == (
        "log",
        "log(log)",
        "if",
        "I(if + C)",
    )
    np.testing.assert_array_equal(design.X[:, 1], np.log(frame["log"]))
    np.testing.assert_array_equal(design.X[:, 3], frame["if"] + frame["C"])

"""What a factor of a formula may contain: a list of allowed nodes, names and bounds. Everything else is refused."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable

from ..errors import FormulaError
from .evaluate import ELEMENTWISE
from .tokens import PLACEHOLDER, quote

MAX_NUMBER = 1e12
MAX_EXPONENT = 10
MAX_SIZE = 50  # degrees of freedom, degrees of polynomials
MAX_LIST = 200
MAX_NODES_DEEP = 120

EXTRAPOLATIONS = ("raise", "clip", "na", "zero", "extend")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER


def _size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _flag_or_number(value: object) -> bool:
    return _flag(value) or _number(value)


def _numbers(value: object) -> bool:
    return isinstance(value, list | tuple) and 0 < len(value) <= MAX_LIST and all(_number(v) for v in value)


def _level(value: object) -> bool:
    return isinstance(value, str | bool) or _number(value)


def _levels(value: object) -> bool:
    return isinstance(value, list | tuple) and 0 < len(value) <= MAX_LIST and all(_level(v) for v in value)


def _extrapolation(value: object) -> bool:
    return value in EXTRAPOLATIONS


def _center(value: object) -> bool:
    return value == "center"


Options = dict[str, tuple[Callable[[object], bool], str]]
_SIZE = (_size, f"a whole number from 0 to {MAX_SIZE}")
_NUMBER = (_number, "a number of at most 1e12")
_FLAG = (_flag, "True or False")
_FLAG_OR_NUMBER = (_flag_or_number, "True, False or a number")
_KNOTS = (_numbers, f"a list of 1 to {MAX_LIST} numbers")
_EXTRAPOLATION = (_extrapolation, "one of " + ", ".join(map(repr, EXTRAPOLATIONS)))
_BOUNDS: Options = {"lower_bound": _NUMBER, "upper_bound": _NUMBER}
_CUBIC: Options = {
    "df": _SIZE,
    "knots": _KNOTS,
    **_BOUNDS,
    "constraints": (_center, "'center'"),
    "extrapolation": _EXTRAPOLATION,
}

# Positional arguments follow the order of the options.
SPLINES: dict[str, Options] = {
    "bs": {
        "df": _SIZE,
        "knots": _KNOTS,
        "degree": _SIZE,
        "include_intercept": _FLAG,
        **_BOUNDS,
        "extrapolation": _EXTRAPOLATION,
    },
    "cr": _CUBIC,
    "cs": _CUBIC,
    "cc": _CUBIC,
    "poly": {"degree": _SIZE, "raw": _FLAG},
}
SCALERS: dict[str, Options] = {
    "center": {},
    "scale": {"center": _FLAG_OR_NUMBER, "scale": _FLAG_OR_NUMBER, "ddof": _SIZE},
    "standardize": {"center": _FLAG, "rescale": _FLAG, "ddof": _SIZE},
}
CONTRASTS: dict[str, Options] = {
    "contr.treatment": {"base": (_level, "a level")},
    "contr.SAS": {"base": (_level, "a level")},
    "contr.sum": {},
    "contr.helmert": {"reverse": _FLAG, "scale": _FLAG},
    "contr.diff": {"backward": _FLAG},
    "contr.poly": {"scores": (_numbers, f"a list of 1 to {MAX_LIST} numbers")},
}
FUNCTIONS = (*ELEMENTWISE, "C", *SCALERS, *SPLINES)

_BINARY = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def parse_python(code: str, shown: str) -> ast.expr:
    """The syntax tree of one expression, of bounded depth; nothing is compiled."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError):
        raise refused("cannot be read as an expression", shown) from None
    if _depth(tree) > MAX_NODES_DEEP:
        raise refused(f"is nested more than {MAX_NODES_DEEP} deep", shown)
    return tree


def refused(why: str, shown: str, do: str | None = None) -> FormulaError:
    """The error for a piece of a formula that is not allowed."""
    allowed = f"columns, numbers, + - * / **, comparisons, and the functions {', '.join(FUNCTIONS)}"
    return FormulaError(f"A piece of the formula {why}.", found=quote(shown), do=do or f"use {allowed}")


def check(tree: ast.expr, shown: str, *, top: bool = True, stateful: bool = True) -> None:
    """Raise unless `tree` is an allowed factor.

    `top`: the factor may be C( ) or a basis (bs, poly, ...); `stateful`: center and scale are allowed, which learn
    numbers from the table.
    """
    name = _called(tree)
    if top and name == "C":
        _check_category(tree, shown)
    elif top and name in SPLINES:
        _check_call(tree, name, SPLINES[name], shown)
        check(tree.args[0], shown, top=False)
    else:
        _check_arithmetic(tree, shown, stateful)
    if not any(isinstance(node, ast.Name) and PLACEHOLDER.fullmatch(node.id) for node in ast.walk(tree)):
        raise refused("uses no column", shown, "a factor is made of columns; the intercept is written 1 or 0")


def constant(node: ast.expr) -> object:
    """The value of a literal (number, string, True, a list of them, with a sign), or the node itself."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return node


def _check_arithmetic(node: ast.expr, shown: str, stateful: bool) -> None:
    def down(*children: ast.expr) -> None:
        for child in children:
            _check_arithmetic(child, shown, stateful)

    if isinstance(node, ast.Name):
        if not PLACEHOLDER.fullmatch(node.id):
            raise refused(f"uses the name {node.id!r} where a column should stand", shown)
    elif isinstance(node, ast.Constant):
        if not _number(node.value):
            raise refused(f"holds a constant that is no number of at most {MAX_NUMBER:g}", shown)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        down(node.operand)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, _BINARY):
        if isinstance(node.op, ast.Pow):
            _check_power(node, shown)
        down(node.left, node.right)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        raise refused("uses ^ inside a function", shown, "write x**2")
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _COMPARE):
        down(node.left, node.comparators[0])
    elif isinstance(node, ast.Call):
        down(*_check_elementwise(node, shown, stateful))
    else:
        raise refused(f"uses syntax that is not allowed ({type(node).__name__})", shown)


def _check_elementwise(node: ast.Call, shown: str, stateful: bool) -> list[ast.expr]:
    """The arguments of an elementwise or scaling call that are expressions themselves."""
    name = _called(node)
    if name in ELEMENTWISE:
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            raise refused(f"calls {name} with something else than one argument", shown, f"write {name}(x)")
        return node.args
    if name in SCALERS and stateful:
        _check_call(node, name, SCALERS[name], shown)
        return node.args[:1]
    if name in SCALERS:
        raise refused(f"uses {name} where only elementwise functions can stand", shown, "compute the column first")
    if name == "C" or name in SPLINES:
        raise refused(
            f"uses {name}( ) inside another expression", shown, f"let {name}( ) stand on its own: x + {name}(z)"
        )
    raise refused(f"calls {name or 'something'} which is no known function", shown)


def _check_power(node: ast.BinOp, shown: str) -> None:
    exponent = constant(node.right)
    if isinstance(exponent, ast.AST):
        names = [n for n in ast.walk(node.right) if isinstance(n, ast.Name)]
        if not names:
            raise refused("has a computed exponent", shown, f"write the exponent as a number of at most {MAX_EXPONENT}")
    elif not _number(exponent) or abs(exponent) > MAX_EXPONENT:
        raise refused(f"has an exponent beyond {MAX_EXPONENT}", shown, f"exponents may be at most {MAX_EXPONENT}")
    elif not any(isinstance(n, ast.Name) for n in ast.walk(node.left)):
        raise refused("raises a number to a power", shown, "write the value of the power")


def _check_category(node: ast.Call, shown: str) -> None:
    if not node.args or len(node.args) > 2:
        raise refused("calls C with something else than a column and a contrast", shown, "write C(g, contr.sum)")
    _check_arithmetic(node.args[0], shown, stateful=False)
    contrasts = node.args[1:]
    for keyword in node.keywords:
        if keyword.arg == "contrasts" and not contrasts:
            contrasts = [keyword.value]
        elif keyword.arg == "levels":
            _check_option("levels", (_levels, f"a list of 1 to {MAX_LIST} levels"), keyword.value, shown)
        elif keyword.arg == "spans_intercept":
            _check_option("spans_intercept", _FLAG, keyword.value, shown)
        else:
            raise refused(
                f"gives C the option {keyword.arg!r}", shown, "known options: contrasts, levels, spans_intercept"
            )
    for contrast in contrasts:
        name = _called(contrast) if isinstance(contrast, ast.Call) else _dotted(contrast)
        if name not in CONTRASTS:
            raise refused("gives C a contrast that is not known", shown, f"known contrasts: {', '.join(CONTRASTS)}")
        if isinstance(contrast, ast.Call):
            _check_options(contrast.args, contrast.keywords, name, CONTRASTS[name], shown)


def _check_call(node: ast.Call, name: str, options: Options, shown: str) -> None:
    if not node.args:
        raise refused(f"calls {name} without a column", shown, f"write {name}(x)")
    _check_options(node.args[1:], node.keywords, name, options, shown)


def _check_options(args: list, keywords: list[ast.keyword], name: str, options: Options, shown: str) -> None:
    order = list(options)
    if len(args) > len(order):
        raise refused(f"gives {name} too many arguments", shown, f"its options: {', '.join(order) or 'none'}")
    given = [*zip(order, args, strict=False), *((k.arg, k.value) for k in keywords)]
    seen = set()
    for option, value in given:
        if option not in options:
            raise refused(f"gives {name} the option {option!r}", shown, f"its options: {', '.join(order) or 'none'}")
        if option in seen:
            raise refused(f"gives {name} the option {option!r} twice", shown, "give it once")
        seen.add(option)
        _check_option(option, options[option], value, shown)


def _check_option(option: str, rule: tuple[Callable, str], node: ast.expr, shown: str) -> None:
    valid, meaning = rule
    value = constant(node)
    if isinstance(value, ast.AST) or not valid(value):
        raise refused(f"has a value for {option!r} that is not allowed", shown, f"{option} is {meaning}")


def _called(node: ast.AST) -> str:
    return _dotted(node.func) if isinstance(node, ast.Call) else ""


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "contr":
        return f"contr.{node.attr}"
    return ""


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth

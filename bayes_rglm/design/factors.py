"""From tokens to factors: column names become placeholders before Python's parser sees anything."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import FormulaError
from . import syntax
from .columns import nearest
from .tokens import CLOSE, OPEN, PLACEHOLDER, Token, quote

_ELSEWHERE = {
    "offset": "pass the column by name: offset='log_exposure'",
    "weights": "pass the column by name: weights='w', weights_kind='frequency'",
    "factor": "write C(g)",
    "s": "write bs(x, df=5), a spline with a fixed basis",
    "te": "compute the basis first, or write an interaction of two bs( )",
    "ns": "write cr(x, df=5), the natural cubic spline",
    "Q": "put the name between backticks: `my column`",
    "lag": "compute the lagged column in the table first",
    "hashed": "use C(g)",
    "cbind": "pass the number of trials by name: trials='n'",
}


@dataclass(frozen=True)
class Factor:
    """One factor of a term: its display text, its checked syntax tree over placeholders, and the columns it uses."""

    text: str
    tree: ast.expr = field(compare=False, repr=False)
    columns: tuple[str, ...] = field(compare=False)

    @property
    def bare(self) -> str | None:
        """The column's name when the factor is nothing but a column."""
        return self.columns[0] if isinstance(self.tree, ast.Name) else None


class Names:
    """The columns that a formula may use, and the placeholders of those it does use (by order of first use)."""

    def __init__(self, known: Sequence[str]):
        self.known = tuple(known)
        self._set = set(known)
        self.used: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._set

    def placeholder(self, name: str) -> str:
        """The identifier that stands for column `name`; an unknown name is an error with the nearest ones."""
        if name not in self._set:
            raise unknown_column(name, self.known)
        if OPEN in name or CLOSE in name:
            raise FormulaError("A column name holds a character that is reserved.", found=quote(name), do="rename it")
        if name not in self.used:
            self.used.append(name)
        return f"{OPEN}{self.used.index(name)}{CLOSE}"

    def restore(self, text: str) -> str:
        """`text` with the columns' own names."""
        return PLACEHOLDER.sub(lambda match: self.used[int(match.group(1))], text)

    def column(self, identifier: str) -> str:
        """The column that a placeholder stands for."""
        return self.used[int(PLACEHOLDER.fullmatch(identifier).group(1))]


def unknown_column(name: str, known: Sequence[str]) -> FormulaError:
    """The error for a name that is no column; functions and dotted calls get their own advice."""
    if name.startswith(("np.", "numpy.", "math.", "jnp.")):
        tail = name.split(".")[-1]
        advice = f"write {tail}(x)" if tail in syntax.FUNCTIONS else f"known functions: {', '.join(syntax.FUNCTIONS)}"
        return FormulaError("A formula knows functions by their plain names.", found=quote(name), do=advice)
    if keyword.iskeyword(name):
        return FormulaError(
            f"A formula has no {name!r}.", found=quote(name), do="compute the column in the table first"
        )
    if name.startswith("contr."):
        return FormulaError(
            "The formula names a contrast where a column should stand, or one that is not known.",
            found=quote(name),
            do=f"inside C( ) the known contrasts are {', '.join(syntax.CONTRASTS)}",
        )
    if "." in name and name.split(".")[0] in known:
        return FormulaError(
            "A formula reads columns, not their attributes.",
            found=quote(name),
            do="put a column name that has a dot between backticks",
        )
    if name in syntax.FUNCTIONS:
        return FormulaError(
            f"{name!r} is a function, and the table has no column of that name.", found=name, do=f"write {name}(x)"
        )
    return FormulaError(
        "The formula names a column that is not in the table.", found=quote(name), do=nearest(name, known)
    )


def column_factor(name: str, names: Names) -> Factor:
    """The factor that is one column."""
    return Factor(name, ast.Name(names.placeholder(name), ast.Load()), (name,))


def parse_factor(tokens: Sequence[Token], names: Names, *, response: bool = False) -> Factor:
    """The factor written by `tokens`: a call such as `bs(x, df=4)`, or for a response any elementwise expression."""
    shown = _shown(tokens)
    code = " ".join(_python(tokens, i, names, shown) for i in range(len(tokens)))
    tree = syntax.parse_python(code, shown)
    syntax.check(tree, shown, top=not response, stateful=not response)
    columns = dict.fromkeys(names.column(n.id) for n in ast.walk(tree) if _is_placeholder(n))
    return Factor(names.restore(ast.unparse(tree)), tree, tuple(columns))


def _python(tokens: Sequence[Token], i: int, names: Names, shown: str) -> str:
    token = tokens[i]
    following = tokens[i + 1].text if i + 1 < len(tokens) and tokens[i + 1].kind == "op" else ""
    if token.kind == "tick":
        if following == "(":
            raise _called_column(token.text, shown)
        return names.placeholder(token.text)
    if token.kind == "op" and token.text in ("|", ":", "~"):
        raise syntax.refused(f"uses {token.text!r} inside a function or a response", shown)
    if token.kind != "name":
        return token.text
    if following == "(":
        return _function(token.text, names, shown)
    if following == "=":
        return token.text
    if token.text in ("True", "False") or (token.text in syntax.CONTRASTS and token.text not in names):
        return token.text
    return names.placeholder(token.text)


def _function(name: str, names: Names, shown: str) -> str:
    if name in syntax.FUNCTIONS or name in syntax.CONTRASTS:
        return name
    if name in _ELSEWHERE:
        raise FormulaError(f"A formula has no {name}( ).", found=quote(shown), do=_ELSEWHERE[name])
    if name in names:
        raise _called_column(name, shown)
    if name.split(".")[0] in ("np", "numpy", "math", "jnp", "contr"):
        raise unknown_column(name, names.known)
    raise FormulaError(
        f"The formula calls a function that is not known, {name!r}.",
        found=quote(shown),
        do=nearest(name, syntax.FUNCTIONS),
    )


def _called_column(name: str, shown: str) -> FormulaError:
    return FormulaError(
        f"{name!r} is a column and is called like a function.", found=quote(shown), do=f"write {name}:( ... )"
    )


def _is_placeholder(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and PLACEHOLDER.fullmatch(node.id) is not None


def _shown(tokens: Sequence[Token]) -> str:
    return "".join(f"`{t.text}`" if t.kind == "tick" else t.text for t in tokens)

"""What formulaic is given: numbered columns and checked code over them, in place of the user's names and labels."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import DataError, FormulaError
from .columns import Column, label, listed, recode
from .evaluate import evaluate
from .factors import Factor
from .formula import Formula
from .series import numeric_looking
from .syntax import constant
from .tokens import CLOSE, OPEN

# formulaic sees neither names nor labels of the user's (it drops levels that begin with two underscores, for one):
# sources are numbered, and so are the levels of a factor.
SOURCE = re.compile(f"{OPEN}(\\d+){CLOSE}")
_EITHER = re.compile(f"{OPEN}(\\d+)(?:\\.(\\d+))?{CLOSE}")


@dataclass(frozen=True)
class Source:
    """A column that formulaic is given: an elementwise expression as numbers, or one taken as a factor."""

    text: str
    tree: ast.expr
    levels: tuple[str, ...] | None

    @property
    def is_factor(self) -> bool:
        """Whether formulaic is given a categorical."""
        return self.levels is not None


class Sources:
    """The columns behind a formula's factors, and the code of each factor over them.

    Parameters
    ----------
    formula : Formula
    columns : mapping of name to Column
        The training columns, complete.
    index : (n,) array
        Row labels, for messages.
    given : mapping
        Levels of factors, by display text, to use in place of those that the columns show.
    """

    def __init__(
        self, formula: Formula, columns: Mapping[str, Column], index: np.ndarray, given: Mapping[str, tuple[str, ...]]
    ):
        self._formula, self._given = formula, given
        self._sources: list[Source] = []
        self._columns, self._index = columns, index
        self.terms = [[self._factor(f) for f in term] for term in formula.terms]
        del self._columns, self._index
        pairs = zip(self.terms, formula.terms, strict=True)
        shown = {code: f.text for codes, factors in pairs for code, f in zip(codes, factors, strict=True)}
        self.shown = sorted(shown.items(), key=lambda pair: -len(pair[0]))

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Levels of every factor, by display text."""
        return {s.text: s.levels for s in self._sources if s.is_factor}

    def of(self, code: str) -> list[Source]:
        """The sources that occur in a piece of code."""
        return [self._sources[int(i)] for i in SOURCE.findall(code)]

    def _factor(self, factor: Factor) -> str:
        tree = copy.deepcopy(factor.tree)
        if isinstance(tree, ast.Name):
            return self._bare_column(factor.bare, tree)
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "C":
            return self._category(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and SOURCE.fullmatch(node.id):
                name = self._formula.names.column(node.id)
                self._columns[name].floats()
                node.id = self._source(Source(name, ast.Name(node.id, ast.Load()), None))
        if self._formula.intercept:
            _centre_cubic(tree)
        return ast.unparse(tree)

    def _bare_column(self, name: str, tree: ast.Name) -> str:
        column = self._columns[name]
        if numeric_looking(column):
            raise DataError(
                f"Column {name!r} holds text that reads like numbers.",
                found=f"column {name!r}, row {self._index[0]}, value {column.shown(0)}",
                do=f"convert it to numbers (pandas.to_numeric), or write C({name}) if it names groups",
            )
        levels = self._levels(name, tree) if column.categorical else None
        return self._source(Source(name, tree, levels))

    def _category(self, call: ast.Call) -> str:
        inner = call.args[0]
        text = self._formula.names.restore(ast.unparse(inner))
        wanted = next((constant(k.value) for k in call.keywords if k.arg == "levels"), None)
        levels = self._levels(text, inner)
        if wanted is not None:
            levels, shown = tuple(label(v) for v in wanted), levels
            if not set(shown) <= set(levels) or len(set(levels)) < len(levels):
                raise FormulaError(
                    f"The levels= of C({text}) must list each level of the column once.",
                    found=f"levels {listed(levels)}, and the column shows {listed(shown)}",
                    do="name them all",
                )
        call.keywords = [k for k in call.keywords if k.arg != "levels"]
        source = self._source(Source(text, inner, levels))
        call.args[0] = ast.Name(source, ast.Load())
        for node in ast.walk(call):
            _number_base(node, levels, text, int(SOURCE.fullmatch(source).group(1)))
        return ast.unparse(call)

    def _levels(self, text: str, tree: ast.expr) -> tuple[str, ...]:
        levels = self._given.get(text)
        if levels is None:
            levels = self._expression(text, tree, self._columns, self._index).coded()[1]
        if len(levels) == 1 and self._formula.intercept:
            raise DataError(
                f"The factor {text!r} has one level only, which the intercept says already.",
                found=f"column {text!r}, level {levels[0]!r} in all rows",
                do="leave it out",
            )
        return levels

    def _source(self, source: Source) -> str:
        for i, known in enumerate(self._sources):
            if (known.text, known.is_factor) == (source.text, source.is_factor):
                if known.levels != source.levels:
                    raise FormulaError(
                        f"The factor {source.text!r} is given two sets of levels.",
                        found=f"{listed(known.levels)} and {listed(source.levels)}",
                        do="use one",
                    )
                return _numbered(i)
        self._sources.append(source)
        return _numbered(len(self._sources) - 1)

    def _expression(self, text: str, tree: ast.expr, columns: Mapping[str, Column], index: np.ndarray) -> Column:
        n = len(index)
        name = self._formula.names.column
        if isinstance(tree, ast.Name):
            return columns[name(tree.id)]
        values = evaluate(tree, lambda identifier: columns[name(identifier)].floats(), n)
        if isinstance(tree, ast.Compare):
            return Column(text, "boolean", values.astype(bool), None, np.zeros(n, dtype=bool))
        if not np.isfinite(values).all():
            row = int(np.argmax(~np.isfinite(values)))
            raise DataError(
                f"The expression {text!r} is not finite for some rows.",
                found=f"row {index[row]}, value {values[row]}",
                do="look at that row: a logarithm of zero or a negative number, a division by zero, an overflow",
            )
        return Column(text, "number", values, None, np.zeros(n, dtype=bool))

    def frame(self, columns: Mapping[str, Column], index: np.ndarray) -> object:
        """A pandas DataFrame of the sources for these rows; unseen levels are an error that names the row."""
        import pandas as pd

        data = {}
        for i, source in enumerate(self._sources):
            column = self._expression(source.text, source.tree, columns, index)
            if source.is_factor:
                codes, levels = column.coded()
                codes = recode(codes, levels, source.levels, f"Column {source.text!r}", index)
                labels = [_numbered(i, j) for j in range(len(source.levels))]
                data[_numbered(i)] = pd.Categorical.from_codes(codes, categories=labels)
            else:
                data[_numbered(i)] = column.floats()
        return pd.DataFrame(data, index=pd.RangeIndex(len(index)))

    def restore(self, text: str) -> str:
        """Text of formulaic's with the user's own factors and names in place of what formulaic was given."""
        for code, shown in self.shown:
            text = text.replace(code, shown)

        def name(match: re.Match) -> str:
            source = self._sources[int(match.group(1))]
            return source.text if match.group(2) is None else source.levels[int(match.group(2))]

        return _EITHER.sub(name, text)

    def values(self, tree: ast.expr, columns: Mapping[str, Column], index: np.ndarray) -> np.ndarray | None:
        """The values of elementwise code over sources; None where it is not elementwise."""

        def source(identifier: str) -> np.ndarray:
            s = self._sources[int(SOURCE.fullmatch(identifier).group(1))]
            return self._expression(s.text, s.tree, columns, index).floats()

        try:
            return evaluate(tree, source, len(index))
        except KeyError:
            return None


def _centre_cubic(tree: ast.expr) -> None:
    """Cubic bases add up to one, which the intercept says already: centre them, as a bs( ) leaves one column out."""
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("cr", "cs", "cc"):
        stated = len(tree.args) > 5 or any(k.arg == "constraints" for k in tree.keywords)
        if not stated:
            tree.keywords.append(ast.keyword("constraints", ast.Constant("center")))


def _number_base(node: ast.AST, levels: tuple[str, ...], text: str, source: int) -> None:
    """Put the number of the base level in place of its label; a base that is no level is an error."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return
    if node.func.attr not in ("treatment", "SAS"):
        return
    for holder in (*node.keywords, *([node] if node.args else [])):
        value = holder.value if isinstance(holder, ast.keyword) else node.args[0]
        base = label(constant(value))
        if base not in levels:
            raise FormulaError(
                f"The base level of C({text}) is not a level.", found=repr(base), do=f"its levels: {listed(levels)}"
            )
        if isinstance(holder, ast.keyword):
            holder.value = ast.Constant(_numbered(source, levels.index(base)))
        else:
            node.args[0] = ast.Constant(_numbered(source, levels.index(base)))


def _numbered(source: int, level: int | None = None) -> str:
    return f"{OPEN}{source}{CLOSE}" if level is None else f"{OPEN}{source}.{level}{CLOSE}"

"""Formula and columns to a matrix, through formulaic, which sees only checked expressions over plain columns."""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from ..errors import DataError, FormulaError
from .columns import Column
from .evaluate import ELEMENTWISE
from .formula import Formula
from .sources import SOURCE, Sources
from .syntax import SPLINES, constant
from .tokens import quote

MAX_COLUMNS = 20_000
MAX_CELLS = 2_000_000_000


class FormulaEncoder:
    """A formula fitted to a table: knows levels, knots, centres and column names, and treats new rows the same way.

    Parameters
    ----------
    formula : Formula
    columns : mapping of name to Column
        The training columns, complete.
    index : (n,) array
        Row labels, for messages.
    levels : mapping, optional
        Levels of factors (by display text) to use in place of those that the columns show.
    """

    def __init__(
        self,
        formula: Formula,
        columns: Mapping[str, Column],
        index: np.ndarray,
        levels: Mapping[str, tuple[str, ...]] | None = None,
    ):
        self.formula = formula
        self.kinds = {name: columns[name].kind for name in formula.columns}
        self._sources = Sources(formula, columns, index, levels or {})
        self._check_size(len(index))
        self.training, self._spec = self._fit(columns, index)
        self._describe()

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Levels of every factor, by display text."""
        return self._sources.levels

    def matrix(self, columns: Mapping[str, Column], index: np.ndarray) -> np.ndarray:
        """The (n, p) float64 matrix of new rows; unseen levels and rows outside a spline are errors that name them."""
        for name, kind in self.kinds.items():
            _same_kind(columns[name], kind, index)
        frame = self._sources.frame(columns, index)
        try:
            with np.errstate(all="ignore"):
                values = self._spec.get_model_matrix(frame, context=dict(ELEMENTWISE), na_action="ignore")
        except Exception as error:
            raise self._explained(error, columns, index) from None
        return self._finite(np.asarray(values, dtype=np.float64), index)

    def _fit(self, columns: Mapping[str, Column], index: np.ndarray) -> tuple[np.ndarray, object]:
        from formulaic import ModelSpec
        from formulaic.formula import SimpleFormula
        from formulaic.parser.types import Factor, Term

        literal = Term([Factor("1", eval_method="literal")])
        terms = [literal] if self.formula.intercept else []
        for term in self._sources.terms:
            terms.append(Term([Factor(code, eval_method="lookup" if _bare(code) else "python") for code in term]))
        spec = ModelSpec(
            formula=SimpleFormula(terms, _ordering="none"), na_action="ignore", output="numpy", materializer="pandas"
        )
        try:
            with np.errstate(all="ignore"):
                values = spec.get_model_matrix(self._sources.frame(columns, index), context=dict(ELEMENTWISE))
        except Exception as error:
            raise self._explained(error, columns, index) from None
        return np.asarray(values, dtype=np.float64), values.model_spec

    def _describe(self) -> None:
        """Column and term names in the user's words, without the intercept."""
        groups, names, keep, at = [], [], [], 0
        shown = iter(self.formula.terms)
        for row in self._spec.structure:
            width = len(row.columns)
            if any(f.expr != "1" for f in row.term.factors):
                start = len(names)
                names += [self._sources.restore(str(c)) for c in row.columns]
                if not width:
                    raise FormulaError(
                        f"A term of the formula {quote(self.formula.text)} makes no columns.",
                        found=repr(":".join(f.text for f in self.formula.terms[len(groups)])),
                        do="leave it out, or give it a degree of at least 1",
                    )
                groups.append((":".join(f.text for f in next(shown)), tuple(range(start, len(names)))))
                keep += range(at, at + width)
            at += width
        self.names, self.groups, self._keep = tuple(names), tuple(groups), np.array(keep, dtype=int)
        self.training = self.training[:, self._keep]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise FormulaError(
                "Two columns of the design would have the same name.", found=repr(twice[0]), do="rename a column"
            )

    def first_matrix(self, index: np.ndarray) -> np.ndarray:
        """The matrix of the training rows, checked; kept no longer than until it is taken."""
        training, self.training = self.training, None
        return self._check_finite(training, index)

    def _finite(self, values: np.ndarray, index: np.ndarray) -> np.ndarray:
        return self._check_finite(values[:, self._keep], index)

    def _check_finite(self, values: np.ndarray, index: np.ndarray) -> np.ndarray:
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            term = next(name for name, members in self.groups if column in members)
            raise DataError(
                f"The term {term!r} is not finite for some rows.",
                found=f"column {self.names[column]!r}, row {index[row]}, value {values[row, column]}",
                do="look at that row: a logarithm of zero or a negative number, a division by zero, an overflow",
            )
        return np.ascontiguousarray(values)

    def _check_size(self, n: int) -> None:
        total = 0
        for term, factors in zip(self._sources.terms, self.formula.terms, strict=True):
            width = math.prod(self._width(code) for code in term)
            total += width
            if total > MAX_COLUMNS or total * n > MAX_CELLS:
                raise FormulaError(
                    f"The formula makes more than {min(MAX_COLUMNS, MAX_CELLS // n)} columns.",
                    found=f"the term {quote(':'.join(f.text for f in factors))} alone has {width}",
                    do="use a factor with fewer levels, or fewer interactions",
                )

    def _width(self, code: str) -> int:
        factors = [len(s.levels) for s in self._sources.of(code) if s.is_factor]
        if factors:
            return max(factors[0], 1)
        if code.split("(")[0] not in SPLINES:
            return 1
        numbers = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant) and type(n.value) is int]
        return max(4, *numbers, len(numbers))

    # -- what went wrong inside formulaic ---------------------------------------------------------------------------

    def _explained(self, error: Exception, columns: Mapping[str, Column], index: np.ndarray) -> Exception:
        if isinstance(error, DataError | FormulaError):
            return error
        outside = self._outside(columns, index)
        if outside is not None:
            return outside
        cause = error.__cause__ or error
        reason = " ".join(self._sources.restore(str(cause)).split()) or type(cause).__name__
        term = next((text for code, text in self._sources.shown if f"`{code}`" in str(error)), None)
        return FormulaError(
            f"The formula {quote(self.formula.text)} cannot be turned into columns.",
            found=(f"in {term!r}: " if term else "") + reason[:300],
            do="look at the options of that term",
        )

    def _outside(self, columns: Mapping[str, Column], index: np.ndarray) -> DataError | None:
        """The row that lies outside the bounds of a spline, if that is what happened."""
        spec = getattr(self, "_spec", None)
        state = spec.transform_state if spec is not None else {}
        for term in self._sources.terms:
            for code in term:
                call = ast.parse(code, mode="eval").body
                bounds = {**_stated_bounds(call), **state.get(code, {})}
                if not isinstance(call, ast.Call) or not bounds.keys() & {"lower_bound", "upper_bound"}:
                    continue
                x = self._sources.values(call.args[0], columns, index)
                low, high = bounds.get("lower_bound", -np.inf), bounds.get("upper_bound", np.inf)
                if x is None or not ((x < low) | (x > high)).any():
                    continue
                out = (x < low) | (x > high)
                row, text = int(np.argmax(out)), self._sources.restore(ast.unparse(call.args[0]))
                return DataError(
                    f"The spline {self._sources.restore(code)!r} knows no values outside its bounds.",
                    found=f"column {text!r}, row {index[row]}, value {x[row]}, bounds [{float(low)}, {float(high)}]",
                    do="give the spline wider bounds (lower_bound=, upper_bound=), or extrapolation='clip' or 'extend'",
                )
        return None


def _stated_bounds(call: ast.expr) -> dict[str, object]:
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return {k.arg: constant(k.value) for k in keywords if k.arg in ("lower_bound", "upper_bound")}


def _bare(code: str) -> bool:
    return SOURCE.fullmatch(code) is not None


def _same_kind(column: Column, kind: str, index: np.ndarray) -> None:
    if (column.kind in ("factor", "text")) and kind == "number":
        raise DataError(
            f"Column {column.name!r} held numbers when the design was built and holds text now.",
            found=f"column {column.name!r}, row {index[0]}, value {column.shown(0)}",
            do="convert it to numbers",
        )

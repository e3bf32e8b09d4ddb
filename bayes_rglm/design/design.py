"""`Design`: a table made into a matrix, a response and frozen constants, which remembers how to treat new rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import DataError
from . import build, checks, recipe, renew
from .build import Origin
from .constants import Constants, Term


@dataclass(frozen=True, eq=False, repr=False)
class Design:
    """What a model is fitted to. Make one with `Design.from_formula` or `Design.from_arrays`.

    Attributes
    ----------
    X : (n, p) float64 array
        Predictors in the user's units, without an intercept column.
    y : (n,) float64 array, (n, T) for several responses, or None
        The response; codes 0..K-1 where it has `levels`. NaN only in a row with two finite bounds, lower < upper:
        a response that is known to lie between them.
    columns : tuple of str
        Names of the columns of X.
    terms : tuple of Term
        Which columns belong to one term of the formula.
    intercept : bool
        Whether the model has an intercept (which the design owns).
    offset, weights, trials, lower, upper : (n,) float64 array or None
        A bound that is infinite is none.
    weights_kind : {"frequency", "trials", "importance"} or None
        "trials": the response was given as a proportion and the weights as trials; `y` then counts successes of
        `trials`, and `weights` is None.
    response : str
        Name of the response, empty where there is none; "a + b" for several.
    levels : tuple of str or None
        Levels of a categorical response; several responses share them.
    index : (n,) array
        Row labels.
    constants : Constants
        Centres and term norms for scaled priors.
    formula : str or None
    dropped : int
        Rows left out because of `missing="drop"`.
    responses : tuple of str
        Names of the columns of y where there are several responses; else empty.
    """

    X: np.ndarray
    y: np.ndarray | None
    columns: tuple[str, ...]
    terms: tuple[Term, ...]
    intercept: bool
    offset: np.ndarray | None
    weights: np.ndarray | None
    trials: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    weights_kind: str | None
    response: str
    levels: tuple[str, ...] | None
    index: np.ndarray
    constants: Constants
    formula: str | None
    dropped: int
    _origin: Origin = field(repr=False)
    responses: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    @property
    def p(self) -> int:
        """Number of columns, without the intercept."""
        return self.X.shape[1]

    @property
    def top(self) -> float | None:
        """The largest response, also of rows of the same table that are not here: codes of levels without labels are
        0, ..., top. None where there is no response.
        """
        known = [] if self._origin.top is None else [self._origin.top]
        known += [] if self.y is None or np.isnan(self.y).all() else [float(np.nanmax(self.y))]
        return max(known, default=None)

    @property
    def is_part(self) -> bool:
        """Whether the rows were taken from a larger table, or encoded as one was."""
        return self._origin.top is not None

    @property
    def alphabetical(self) -> bool:
        """Whether the levels of the response are in alphabetical order for want of another: text, or an unordered
        categorical made from it.
        """
        return self._origin.alphabetical

    @classmethod
    def from_formula(
        cls,
        formula: str,
        frame: object,
        *,
        offset: object = None,
        weights: object = None,
        weights_kind: str | None = None,
        trials: object = None,
        lower: object = None,
        upper: object = None,
        standardize: bool = True,
        missing: str = "error",
    ) -> Design:
        """A design from a formula and a table.

        Parameters
        ----------
        formula : str
            Such as "y ~ age + C(region) + bs(x, df=4)"; `0 +` removes the intercept, `.` means all other columns.
            "a + b ~ x" has two responses, "I(a + b) ~ x" their sum.
        frame : pandas or polars DataFrame, or mapping of name to array
            Only the columns that are used are read.
        offset, weights, trials, lower, upper : str or (n,) array, optional
            A column's name or one number per row.
        weights_kind : {"frequency", "trials", "importance"}
            What the weights mean; needed with `weights`.
        standardize : bool
            Whether default priors are scaled by the columns' sizes (the data never are).
        missing : {"error", "drop"}
            What to do about rows with missing or infinite values in a used column.

        Raises
        ------
        FormulaError
            The formula cannot be parsed, is not allowed, or names what is not there.
        DataError
            The table holds something that cannot be used; names column, row and value.
        """
        checks.check_options(missing, weights, weights_kind)
        given = {"offset": offset, "weights": weights, "trials": trials, "lower": lower, "upper": upper}
        parts = build.from_formula(formula, frame, given, weights_kind, bool(standardize), missing)
        return cls(**parts)

    @classmethod
    def from_arrays(
        cls,
        X: object,
        y: object = None,
        *,
        columns: Sequence[str] | None = None,
        intercept: bool = True,
        offset: object = None,
        weights: object = None,
        weights_kind: str | None = None,
        trials: object = None,
        lower: object = None,
        upper: object = None,
        standardize: bool = True,
        missing: str = "error",
    ) -> Design:
        """A design from a matrix.

        Parameters
        ----------
        X : (n, p) array, nested list, or frame of numbers
            Without an intercept column.
        y : (n,) or (n, T) array, optional
            Numbers, or booleans, text or a categorical, which are coded 0..K-1. The columns of a matrix are several
            responses, named as in a frame, else y0, y1, ...
        columns : sequence of str, optional
            Names; a frame brings its own (and then `columns` picks some of them).
        intercept : bool
        offset, weights, weights_kind, trials, lower, upper, standardize, missing
            As in `from_formula`; by name only where X is a frame.

        Raises
        ------
        DataError
            Shapes, types or values that cannot be used; names column, row and value.
        """
        checks.check_options(missing, weights, weights_kind)
        given = {"offset": offset, "weights": weights, "trials": trials, "lower": lower, "upper": upper}
        parts = build.from_arrays(X, y, columns, bool(intercept), given, weights_kind, bool(standardize), missing)
        return cls(**parts)

    def new(
        self,
        data: object,
        *,
        y: object = None,
        offset: object = None,
        weights: object = None,
        trials: object = None,
        lower: object = None,
        upper: object = None,
        missing: str = "error",
    ) -> Design:
        """New rows, treated as this design treats its own: same columns, same constants.

        Parameters
        ----------
        data : frame for a design from a formula; matrix, frame or (X, y) for a design from arrays
        y : (m,) or (m, T) array, optional
            The response, for designs from arrays. From a frame it is read where it is there and not all missing.
        offset, weights, trials, lower, upper : str or (m,) array, optional
            What was given by name is read again by name: an offset must be there, the others may be absent.

        Raises
        ------
        DataError
            A column is absent, a level unseen, a value missing, a row outside a spline's bounds, an offset not given.
        """
        checks.check_options(missing, None, None)
        given = {"offset": offset, "weights": weights, "trials": trials, "lower": lower, "upper": upper}
        return Design(**renew.new_rows(self, data, y, given, missing))

    def rows(self, index: object) -> Design:
        """The design of the rows at `index` (positions or a mask), as if the table had held no others.

        Knots, centring and constants are fitted to these rows; levels of the whole table are kept, and the number of
        codes without labels, so that folds have the same columns and levels.
        """
        part = Design(**renew.refitted(self, checks.rows_of(index, self.n)))
        return replace(part, _origin=replace(part._origin, top=self.top))

    def take(self, index: object) -> Design:
        """The rows at `index` (positions or a mask) as they are: the same rows of X, the same constants."""
        rows = checks.rows_of(index, self.n)
        per_row = {role: _at(getattr(self, role), rows) for role in ("y", *checks.ROLES)}
        origin = replace(self._origin.take(rows), training=self._origin.trained_on(self.index), top=self.top)
        return replace(self, X=self.X[rows], index=self.index[rows], dropped=0, _origin=origin, **per_row)

    def encode(self, other: Design) -> Design:
        """The rows of another design of the same table, encoded as this design encodes its own: same columns, same
        constants.

        Where `new` reads a table, this reads the rows that `other` holds: `table.rows(train).encode(table.take(test))`
        gives test rows with the knots, centring and levels of the training rows. Response, offset and weights stay
        those of `other`.

        Parameters
        ----------
        other : Design
            Made from the same formula, or from arrays with the same columns.

        Raises
        ------
        DataError
            Another formula, other columns or other levels of the response; a row outside a spline's bounds.
        """
        for what in ("formula", "columns", "response", "responses", "levels"):
            if getattr(self, what) != getattr(other, what):
                raise DataError(
                    "A design encodes the rows of a design of the same table and formula.",
                    found=f"{what}: {getattr(self, what)!r} and {getattr(other, what)!r}",
                    do="take the rows from the design that these rows came from, or pass a table to new()",
                )
        own, theirs = self._origin, other._origin
        if own.encoder is None or own.encoder is theirs.encoder:
            return replace(other, constants=self.constants)
        origin = replace(theirs, encoder=own.encoder, training=own.trained_on(self.index))
        X = own.encoder.matrix(theirs.own, other.index)
        return replace(other, X=X, constants=self.constants, _origin=origin)

    def with_offset(self, offset: object) -> Design:
        """The same rows under another offset, one number per row.

        Raises
        ------
        DataError
            A name, another length, a missing or infinite value.
        """
        if isinstance(offset, str):
            raise DataError(
                "A Design holds no table to read an offset from.",
                found=f"offset={offset!r}",
                do=f"pass {self.n} numbers",
            )
        column = checks.read_role("offset", offset, None, self.n, self.index)
        if column is None:
            raise DataError("An offset has one number per row.", found="None", do=f"pass {self.n} numbers")
        checks.role_gaps("offset", column, self.index, "error")
        origin = replace(self._origin, named={**self._origin.named, "offset": ""})
        return replace(self, offset=column.values.astype(np.float64), _origin=origin)

    def recipe(self) -> tuple[dict, dict[str, np.ndarray]]:
        """What rebuilds this design: JSON-able metadata and arrays of numbers. Nothing in it is executable."""
        return recipe.write(self)

    @classmethod
    def from_recipe(cls, meta: Mapping, arrays: Mapping[str, np.ndarray]) -> Design:
        """The design that `recipe` described; X is equal to the last bit, and `new` works as before.

        Raises
        ------
        DataError
            Something is absent from the recipe, or it is not one.
        """
        return cls(**recipe.read(meta, arrays))

    def __repr__(self) -> str:
        source = f"formula {self.formula!r}" if self.formula is not None else "arrays"
        response = f", response {self.response!r}" if self.y is not None else ""
        levels = f" with levels {self.levels}" if self.levels else ""
        intercept = "with" if self.intercept else "without"
        return f"<Design from {source}: {self.n} rows, {self.p} columns, {intercept} intercept{response}{levels}>"


def _at(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]

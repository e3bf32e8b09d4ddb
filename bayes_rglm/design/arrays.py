"""Matrices in: NumPy and JAX arrays, nested lists, frames of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from .columns import Column, and_more, listed
from .frame import Table, is_frame, read_table, row_labels
from .series import read_series, shape_of


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix with its column names and row labels; `table` is the frame it came from, or None."""

    values: np.ndarray
    names: tuple[str, ...]
    index: np.ndarray
    table: Table | None


def read_matrix(X: object, columns: Sequence[str] | None, set_aside: Sequence[str] = ()) -> Matrix:
    """The (n, p) float64 matrix in `X` (entries may still be nan), its names and its row labels."""
    if is_frame(X) or isinstance(X, Mapping):
        return _from_frame(X, columns, set_aside)
    values = _as_array(X)
    p = values.shape[1]
    names = _names([f"x{j}" for j in range(p)] if columns is None else columns, p)
    return Matrix(values, names, np.arange(len(values)), None)


def read_y(y: object, n: int, index: np.ndarray) -> Column:
    """The response as a column of n values."""
    shape = shape_of(y)
    if shape is None or len(shape) != 1:
        raise DataError(
            "The response must have one value per row.",
            found=f"y of shape {shape}" if shape is not None else "y with rows of different lengths",
            do="pass y.ravel()" if shape is not None and shape[1:] == (1,) else "pass one array of n values",
        )
    if shape[0] != n:
        raise DataError(
            "X and y have different numbers of rows.",
            found=f"X has {n} rows, y has {shape[0]}",
            do="pass rows that match",
        )
    name = getattr(y, "name", None)
    return read_series(name if isinstance(name, str) and name else "y", y, index)


def complete_matrix(matrix: Matrix, missing: str) -> np.ndarray:
    """(n,) bool: rows without nan or infinity; with `missing="error"` the first such entry is an error."""
    bad = ~np.isfinite(matrix.values)
    if missing == "error" and bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            "X has missing or infinite values.",
            found=f"column {matrix.names[column]!r}, row {matrix.index[row]}, value {matrix.values[row, column]}"
            + and_more(int(bad.any(axis=1).sum()) - 1),
            do='pass missing="drop" to leave such rows out, or fill them in first',
        )
    return ~bad.any(axis=1)


def pick_columns(matrix: Matrix, names: tuple[str, ...]) -> np.ndarray:
    """The columns `names` of new rows: by name where the new matrix came from a table, else by position."""
    if matrix.table is None:
        if matrix.values.shape[1] != len(names):
            raise DataError(
                "New rows have another number of columns than the design.",
                found=f"{matrix.values.shape[1]} columns, the design has {len(names)}: {listed(names, 8)}",
                do="pass the same columns in the same order",
            )
        return matrix.values
    return matrix.values[:, [matrix.names.index(name) for name in names]]


def _as_array(X: object) -> np.ndarray:
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        raise DataError("Sparse matrices are not supported.", found=type(X).__name__, do="pass X.toarray()")
    try:
        values = np.asarray(X)
    except (ValueError, TypeError):
        raise DataError(
            "X cannot be read as a matrix.",
            found=f"{type(X).__name__} with rows of different lengths",
            do="pass n rows of p numbers",
        ) from None
    if values.ndim != 2:
        do = "pass X.reshape(-1, 1) for one column" if values.ndim == 1 else "pass n rows of p numbers"
        raise DataError("X must have two dimensions.", found=f"shape {values.shape}", do=do)
    if values.dtype.kind == "O":
        values = _from_objects(values)
    if values.dtype.kind not in "biuf":
        raise DataError(
            "X must hold numbers.",
            found=f"dtype {values.dtype}" + (f", row 0, column 0: {values[0, 0]!r}" if values.size else ""),
            do="use a formula for text and categories: Design.from_formula('y ~ x + C(g)', frame)",
        )
    if not len(values):
        raise DataError("X has no rows.", found=f"shape {values.shape}", do="pass a matrix with data")
    return values.astype(np.float64)


def _from_objects(values: np.ndarray) -> np.ndarray:
    for (i, j), value in np.ndenumerate(values):
        if value is not None and not isinstance(value, int | float | np.number | np.bool_):
            raise DataError(
                "X must hold numbers.",
                found=f"row {i}, column {j}: {value!r} ({type(value).__name__})",
                do="use a formula for text and categories: Design.from_formula('y ~ x + C(g)', frame)",
            )
    return values.astype(np.float64)


def _names(columns: Sequence[str], p: int) -> tuple[str, ...]:
    if isinstance(columns, str):
        raise DataError("columns= is a list of names.", found=repr(columns), do=f"pass a list of {p} names")
    names = tuple(map(str, columns))
    if len(names) != p:
        raise DataError(
            "columns= has the wrong length.", found=f"{len(names)} names for {p} columns of X", do=f"pass {p} names"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError("Two columns have the same name.", found=f"column {twice[0]!r}", do="rename one of them")
    return names


def _from_frame(X: object, columns: Sequence[str] | None, set_aside: Sequence[str]) -> Matrix:
    if is_frame(X) and len(X.columns) == 0:
        labels = row_labels(X.index) if hasattr(X, "index") else np.arange(len(X))
        return Matrix(np.empty((len(labels), 0)), (), labels, None)
    table = read_table(X)
    wanted = [c for c in table.names if c not in set_aside] if columns is None else list(map(str, columns))
    read = [table.column(name) for name in _names(wanted, len(wanted))]
    for column in read:
        if column.kind in ("factor", "text"):
            raise DataError(
                "X must hold numbers.",
                found=f"column {column.name!r}, row {table.index[0]}, value {column.shown(0)}",
                do="use a formula for text and categories: Design.from_formula('y ~ x + C(g)', frame)",
            )
    values = [np.where(c.missing, np.nan, c.floats()) for c in read]
    return Matrix(np.column_stack(values) if values else np.empty((table.n, 0)), tuple(wanted), table.index, table)

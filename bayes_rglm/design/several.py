"""Responses given as arrays: one column of n values, or a matrix whose columns are several responses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from .arrays import read_y
from .columns import Column, listed
from .frame import is_frame, read_table
from .response import Coded, code_response, side_by_side
from .series import read_series, shape_of


def read_responses(y: object, n: int, index: np.ndarray, known: Sequence[str] = ()) -> list[Column]:
    """The columns of `y` (n,) or (n, T), T > 1; `known` are the names of a design that has several."""
    shape = shape_of(y)
    several = shape is not None and len(shape) == 2 and shape[1] > 1
    if known and (not several or shape[1] != len(known)):
        raise DataError(
            "These rows have another number of responses than the design.",
            found=f"y of shape {shape}; the design has {len(known)}: {listed(known, 8)}",
            do=f"pass {len(known)} columns in that order",
        )
    if not several:
        return [read_y(y, n, index)]
    if shape[0] != n:
        raise DataError(
            "X and y have different numbers of rows.",
            found=f"X has {n} rows, y has {shape[0]}",
            do="pass rows that match",
        )
    if is_frame(y):
        table = read_table(y)
        return _renamed([table.column(name) for name in table.names], known)
    values = np.asarray(y)
    return [read_series(name, values[:, t], index) for t, name in enumerate(known or _numbered(shape[1]))]


def code_responses(columns: Sequence[Column], index: np.ndarray, levels: tuple | None, *, training: bool) -> Coded:
    """Complete response columns as (n,) or (n, T) float64, and their levels."""
    coded = [code_response(column, index, levels, training=training) for column in columns]
    return coded[0] if len(coded) == 1 else side_by_side([column.name for column in columns], coded)


def name_of(columns: Sequence[Column]) -> str:
    """The name of the response, or of all of them as a formula would write them."""
    return " + ".join(column.name for column in columns)


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Names of several responses; empty where there is one."""
    return tuple(column.name for column in columns) if len(columns) > 1 else ()


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"y{t}" for t in range(count))


def _renamed(columns: list[Column], known: Sequence[str]) -> list[Column]:
    """A frame's columns in the order of a design that knows them."""
    if not known:
        return columns
    by_name = {column.name: column for column in columns}
    if set(by_name) != set(known):
        raise DataError(
            "These rows have other responses than the design.",
            found=listed(by_name, 8),
            do=f"pass the columns {listed(known, 8)}",
        )
    return [by_name[name] for name in known]

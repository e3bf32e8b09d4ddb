"""The response, read by us: numbers as they are, everything else coded 0..K-1 with its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import DataError
from .columns import Column, and_more, listed, recode
from .evaluate import evaluate
from .factors import Factor
from .formula import Formula
from .series import numeric_looking

Coded = tuple[np.ndarray, tuple[str, ...] | None]


def read_response(
    formula: Formula, columns: Mapping[str, Column], index: np.ndarray, levels: tuple | None, *, training: bool
) -> Coded:
    """y as (n,) float64, (n, T) for several responses, and its levels (None for numbers) from complete columns.

    `training`: read the levels here; otherwise `levels` are those of the table that the design was built on, and
    decide the codes (None: the response held numbers there).
    """
    each = formula.responses or (formula.response,)
    coded = [_read_one(formula, response, columns, index, levels, training) for response in each]
    return side_by_side([response.text for response in each], coded) if formula.responses else coded[0]


def side_by_side(names: Sequence[str], coded: Sequence[Coded]) -> Coded:
    """Several responses as (n, T) and the levels that all of them share."""
    for name, (_, levels) in zip(names, coded, strict=True):
        if levels != coded[0][1]:
            raise DataError(
                "Several responses at once share one set of levels.",
                found="; ".join(f"{n!r}: {_shown(found)}" for n, found in ((names[0], coded[0][1]), (name, levels))),
                do="give them the same levels, or fit each response by itself",
            )
    return np.column_stack([y for y, _ in coded]), coded[0][1]


def _shown(levels: tuple[str, ...] | None) -> str:
    return "numbers" if levels is None else listed(levels, 8)


def _read_one(formula: Formula, response: Factor, columns, index, levels, training: bool) -> Coded:
    if response.bare is not None:
        return code_response(columns[response.bare], index, levels, training=training)
    name = formula.names.column
    y = evaluate(response.tree, lambda identifier: columns[name(identifier)].floats(), len(index))
    if not np.isfinite(y).all():
        bad = ~np.isfinite(y)
        row = int(np.argmax(bad))
        raise DataError(
            f"The response {response.text!r} is not finite for some rows.",
            found=f"row {index[row]}, value {y[row]}{and_more(int(bad.sum()) - 1)}",
            do="look at that row: a logarithm of zero or a negative number, a division by zero, an overflow",
        )
    return y, None


def code_response(column: Column, index: np.ndarray, levels: tuple[str, ...] | None, *, training: bool) -> Coded:
    """A complete response column as (n,) float64, and its levels (None for numbers).

    Ordered levels are those that the type declares, the others those that rows show.
    """
    if not training and levels is None and column.kind != "number":
        raise DataError(
            f"The response {column.name!r} held numbers when the design was built.",
            found=f"row {index[0]}, value {column.shown(0)}",
            do="give it as numbers",
        )
    if training and numeric_looking(column):
        raise DataError(
            f"The response {column.name!r} holds text that reads like numbers.",
            found=f"row {index[0]}, value {column.shown(0)}",
            do="convert it with pandas.to_numeric, or with pandas.Categorical(column, categories=[...]) if these are "
            "labels: they keep that order (ordered=True for an ordinal response)",
        )
    if column.kind == "number":
        if levels is not None:
            raise DataError(
                f"The response {column.name!r} had levels when the design was built and holds numbers now.",
                found=f"row {index[0]}, value {column.shown(0)}; levels {', '.join(map(repr, levels))}",
                do="give it the same type as in the table that the design was built on",
            )
        return column.values.astype(np.float64), None
    if column.kind == "boolean":
        codes, shown = column.values.astype(np.int64), ("False", "True")
    elif training and column.ordered:
        codes, shown = column.values.astype(np.int64), column.levels
    else:
        codes, shown = column.coded()
    if training:
        if len(shown) == 1 or len(np.unique(codes)) == 1:
            raise DataError(
                f"The response {column.name!r} has one level only.",
                found=f"row {index[0]}, value {column.shown(0)}, and every other row too",
                do="a model needs rows of at least two levels",
            )
        return codes.astype(np.float64), shown
    return recode(codes, shown, levels, f"Response {column.name!r}", index).astype(np.float64), levels

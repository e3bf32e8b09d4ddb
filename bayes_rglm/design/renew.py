"""Other rows for a design that exists: new tables and matrices, and refits on some of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..errors import DataError
from . import arrays, checks
from .build import formula_parts, kept_rows, read_roles, role_parts, without_gaps
from .columns import Column, complete, listed
from .constants import constants_of
from .frame import Table, is_frame, read_table
from .response import read_response
from .series import shape_of
from .several import code_responses, name_of, names_of, read_responses


def new_rows(design: object, data: object, y: object, given: Mapping, missing: str) -> dict:
    """The parts of a design of new rows, encoded as `design` encodes."""
    if design._origin.encoder is None:
        return _new_matrix(design, data, y, given, missing)
    if y is not None:
        raise DataError(
            "The response of a formula is read from the table.", found="y=", do="put it into the table as a column"
        )
    if isinstance(data, np.ndarray) or not (is_frame(data) or isinstance(data, Mapping)):
        raise DataError(
            "This design comes from a formula, so new rows come as a table.",
            found=type(data).__name__,
            do=f"pass a frame with the columns {listed(design._origin.encoder.formula.columns)}",
        )
    table = read_table(data)
    origin, encoder = design._origin, design._origin.encoder
    own = {name: table.column(name) for name in encoder.formula.columns}
    roles = read_roles(_again(origin.named, given, table), table, table.n, table.index)
    response = _response_columns(encoder.formula, table, roles)
    inside = checks.intervals(response.get(encoder.formula.response.bare) if response else None, roles)
    keep = complete({**own, **response}, table.index, missing, inside) & without_gaps(roles, table.index, missing)
    rows, dropped = kept_rows(keep)
    index = table.index[rows]
    own = {name: column.take(rows) for name, column in {**own, **response}.items()}
    values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    checks.check_roles(values, index)
    y = read_response(encoder.formula, own, index, design.levels, training=False)[0] if response else None
    y = checks.as_counts(y, values, index) if "weights" in values and design.weights_kind == "trials" else y
    return {
        **_kept_parts(design, values),
        **role_parts(values),
        "X": encoder.matrix(own, index),
        "y": y,
        "index": index,
        "dropped": dropped,
        "_origin": replace(origin, own=own, training=origin.trained_on(design.index), top=design.top),
    }


def _new_matrix(design: object, data: object, y: object, given: Mapping, missing: str) -> dict:
    if isinstance(data, tuple) and len(data) == 2 and y is None and len(shape_of(data[0]) or ()) != 1:
        data, y = data
    framed = is_frame(data) or isinstance(data, Mapping)
    matrix = arrays.read_matrix(data, design.columns if framed else None)
    named, ys = design.responses or (design.response,), []
    read_here = y is None and matrix.table is not None and set(named) <= set(matrix.table.names) - set(design.columns)
    if y is not None:
        ys = read_responses(y, len(matrix.values), matrix.index, design.responses)
        _refuse_more(design, ys)
    elif read_here:
        ys = [matrix.table.column(name) for name in named]
    roles = read_roles(
        _again(design._origin.named, given, matrix.table), matrix.table, len(matrix.values), matrix.index
    )
    if read_here and any(_is_absent(column, roles) for column in ys):
        ys = []
    matrix = replace(matrix, values=arrays.pick_columns(matrix, design.columns))
    matrix = replace(matrix, names=design.columns)
    keep = arrays.complete_matrix(matrix, missing) & without_gaps(roles, matrix.index, missing)
    inside = checks.intervals(ys[0], roles) if len(ys) == 1 else {}
    keep &= complete({column.name: column for column in ys}, matrix.index, missing, inside)
    rows, dropped = kept_rows(keep)
    index = matrix.index[rows]
    values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    checks.check_roles(values, index)
    first = design.y is None and design.levels is None
    kept = [column.take(rows) for column in ys]
    coded = code_responses(kept, index, design.levels, training=first) if kept else (None, design.levels)
    y = coded[0]
    y = checks.as_counts(y, values, index) if "weights" in values and design.weights_kind == "trials" else y
    alphabetical = any(column.alphabetical for column in kept) if first else design.alphabetical
    return {
        **_kept_parts(design, values),
        **role_parts(values),
        "X": matrix.values[rows],
        "y": y,
        "levels": coded[1],
        "response": design.response or name_of(ys),
        "responses": design.responses or names_of(ys),
        "index": index,
        "dropped": dropped,
        "_origin": replace(design._origin, top=design.top, alphabetical=alphabetical),
    }


def _refuse_more(design: object, ys: list[Column]) -> None:
    if design.response and not design.responses and len(ys) > 1:
        raise DataError(
            "These rows have several responses, the design has one.",
            found=f"y with {len(ys)} columns; the design has {design.response!r}",
            do="pass one array of values",
        )


def refitted(design: object, rows: np.ndarray) -> dict:
    """The parts of the design of some rows, with preprocessing fitted to them alone and the levels of all."""
    origin = design._origin.take(rows)
    index = design.index[rows]
    roles = {role: getattr(design, role)[rows] for role in checks.ROLES if getattr(design, role) is not None}
    if len(rows) == 1:
        raise DataError("A design was asked for one row only.", found="1 row", do="use take() for rows to predict")
    if origin.encoder is not None:
        origin = replace(origin, training=None)
        fitted = origin.encoder
        return formula_parts(fitted.formula, origin, index, roles, design.weights_kind, 0, fitted.levels, design.levels)
    X = design.X[rows]
    frequencies = roles.get("weights") if design.weights_kind == "frequency" else None
    return {
        **_kept_parts(design, roles),
        **role_parts(roles),
        "X": X,
        "y": None if design.y is None else design.y[rows],
        "index": index,
        "constants": constants_of(X, design.terms, frequencies, origin.standardize),
        "dropped": 0,
        "_origin": origin,
    }


def _kept_parts(design: object, roles: Mapping[str, np.ndarray]) -> dict:
    if "weights" in roles and design.weights_kind is None:
        raise DataError(
            "New rows were given weights, but the design has none.", found="weights=", do="leave the weights out"
        )
    kept = ("columns", "terms", "intercept", "response", "responses", "levels", "constants", "formula")
    return {
        **{name: getattr(design, name) for name in kept},
        "weights_kind": design.weights_kind if {"weights", "trials"} & set(roles) else None,
    }


def _again(named: Mapping[str, str], given: Mapping, table: Table | None) -> dict:
    """What each role is given for new rows: what the caller passes, else the same column, where it is there."""
    out = dict(given)
    for role, name in named.items():
        if out.get(role) is not None:
            continue
        if name and table is not None and (name in table.names or role == "offset"):
            out[role] = name
        elif role == "offset":
            raise DataError(
                "The design has an offset, so new rows need one.",
                found="an offset given as an array" if not name else f"offset={name!r} and new rows without names",
                do="pass offset= with one number per new row (zeros for none)",
            )
    return out


def _response_columns(formula: object, table: Table, roles: Mapping[str, Column]) -> dict[str, Column]:
    """The response's columns in new rows, where all are there and not all values are missing."""
    names = formula.response.columns if formula.response else ()
    if not names or any(name not in table.names for name in names):
        return {}
    read = {name: table.column(name) for name in names}
    return {} if any(_is_absent(column, roles) for column in read.values()) else read


def _is_absent(column: Column, roles: Mapping[str, Column]) -> bool:
    """Whether no row says anything of the response: neither a value nor an interval."""
    inside = checks.intervals(column, roles).get(column.name, False)
    return bool((column.bad() & ~np.asarray(inside)).all())

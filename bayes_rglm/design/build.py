"""The steps from data to the parts of a `Design`: read, drop, encode, check, freeze constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError
from . import arrays, checks
from .columns import Column, complete, listed
from .constants import Term, constants_of
from .encode import FormulaEncoder
from .formula import parse
from .frame import Table, is_frame, read_table
from .response import code_response, read_response


@dataclass(frozen=True, eq=False)
class Origin:
    """What a design keeps in order to treat other rows as it treated its own.

    Attributes
    ----------
    encoder : FormulaEncoder or None
        None for designs from arrays.
    own : mapping of name to Column
        The columns read for these rows (predictors and response); empty for designs from arrays.
    training : (columns, row labels) or None
        Those that the encoder was fitted to, where these rows are others.
    named : mapping of role to str
        The column that gave the offset, weights, ...; "" for an array.
    known : tuple of str
        The columns that the formula could see.
    """

    encoder: FormulaEncoder | None
    own: dict[str, Column]
    training: tuple[dict[str, Column], np.ndarray] | None
    named: dict[str, str]
    known: tuple[str, ...]
    standardize: bool

    def trained_on(self, index: np.ndarray) -> tuple[dict[str, Column], np.ndarray]:
        """The columns and row labels that the encoder was fitted to; `index` are the labels of these rows."""
        return self.training or (self.own, index)

    def take(self, rows: np.ndarray) -> Origin:
        """The same for some of the rows."""
        return replace(self, own={name: column.take(rows) for name, column in self.own.items()})


def from_formula(
    formula: str, frame: object, given: Mapping, weights_kind: str | None, standardize: bool, missing: str
) -> dict:
    """The parts of a design from a formula and a table."""
    table = read_table(frame)
    named = {role: value if isinstance(value, str) else "" for role, value in given.items() if value is not None}
    parsed = parse(formula, table.names, tuple(filter(None, named.values())))
    response = parsed.response.columns if parsed.response else ()
    own = {name: table.column(name) for name in dict.fromkeys((*parsed.columns, *response))}
    roles = _read_roles(given, table, table.n, table.index)
    keep = complete(own, table.index, missing) & _without_gaps(roles, table.index, missing)
    rows, dropped = _kept(keep, missing)
    own = {name: column.take(rows) for name, column in own.items()}
    index = table.index[rows]
    known = tuple(name for name in table.names if name in own or name in parsed.names.used)
    origin = Origin(None, own, None, named, known, standardize)
    values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    return formula_parts(parsed, origin, index, values, weights_kind, dropped, None, None)


def formula_parts(
    parsed: object,
    origin: Origin,
    index: np.ndarray,
    roles: Mapping[str, np.ndarray],
    weights_kind: str | None,
    dropped: int,
    factor_levels: Mapping | None,
    levels: tuple[str, ...] | None,
) -> dict:
    """The parts of a design whose columns have been read.

    With `factor_levels` given, those are kept, and no column is refused as constant.
    """
    there = parsed.response is not None and all(name in origin.own for name in parsed.response.columns)
    if there:
        y, levels = read_response(parsed, origin.own, index, levels, training=factor_levels is None)
    else:
        y = None
    checks.check_roles(roles, index)
    encoder = FormulaEncoder(parsed, origin.own, index, factor_levels)
    X = encoder.first_matrix(index)
    if factor_levels is None:
        checks.check_estimable(X, encoder.names, parsed.intercept)
    terms = tuple(Term(name, members) for name, members in encoder.groups)
    frequencies = roles.get("weights") if weights_kind == "frequency" else None
    return {
        **_role_parts(roles),
        "X": X,
        "y": y,
        "columns": encoder.names,
        "terms": terms,
        "intercept": parsed.intercept,
        "weights_kind": weights_kind,
        "response": parsed.response.text if parsed.response else "",
        "levels": levels,
        "index": index,
        "constants": constants_of(X, terms, frequencies, origin.standardize),
        "formula": parsed.text,
        "dropped": dropped,
        "_origin": replace(origin, encoder=encoder),
    }


def from_arrays(
    X: object,
    y: object,
    columns: object,
    intercept: bool,
    given: Mapping,
    weights_kind: str | None,
    standardize: bool,
    missing: str,
) -> dict:
    """The parts of a design from a matrix."""
    named = {role: value if isinstance(value, str) else "" for role, value in given.items() if value is not None}
    matrix = arrays.read_matrix(X, columns, tuple(filter(None, named.values())))
    n = len(matrix.values)
    response = None if y is None else arrays.read_y(y, n, matrix.index)
    roles = _read_roles(given, matrix.table, n, matrix.index)
    keep = arrays.complete_matrix(matrix, missing) & _without_gaps(roles, matrix.index, missing)
    if response is not None:
        keep &= complete({response.name: response}, matrix.index, missing)
    rows, dropped = _kept(keep, missing)
    values, index = matrix.values[rows], matrix.index[rows]
    checks.check_estimable(values, matrix.names, intercept)
    coded = (None, None) if response is None else code_response(response.take(rows), index, None, training=True)
    role_values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    checks.check_roles(role_values, index)
    terms = tuple(Term(name, (j,)) for j, name in enumerate(matrix.names))
    frequencies = role_values.get("weights") if weights_kind == "frequency" else None
    return {
        **_role_parts(role_values),
        "X": values,
        "y": coded[0],
        "columns": matrix.names,
        "terms": terms,
        "intercept": intercept,
        "weights_kind": weights_kind,
        "response": response.name if response is not None else "",
        "levels": coded[1],
        "index": index,
        "constants": constants_of(values, terms, frequencies, standardize),
        "formula": None,
        "dropped": dropped,
        "_origin": Origin(None, {}, None, named, matrix.names, standardize),
    }


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
    response = _response_columns(encoder.formula, table)
    roles = _read_roles(_again(origin.named, given, table), table, table.n, table.index)
    keep = complete({**own, **response}, table.index, missing) & _without_gaps(roles, table.index, missing)
    rows, dropped = _kept(keep, missing)
    index = table.index[rows]
    own = {name: column.take(rows) for name, column in {**own, **response}.items()}
    values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    checks.check_roles(values, index)
    y = read_response(encoder.formula, own, index, design.levels, training=False)[0] if response else None
    return {
        **_kept_parts(design, values),
        **_role_parts(values),
        "X": encoder.matrix(own, index),
        "y": y,
        "index": index,
        "dropped": dropped,
        "_origin": replace(origin, own=own, training=origin.trained_on(design.index)),
    }


def _new_matrix(design: object, data: object, y: object, given: Mapping, missing: str) -> dict:
    if isinstance(data, tuple) and len(data) == 2 and y is None and np.ndim(data[0]) != 1:
        data, y = data
    framed = is_frame(data) or isinstance(data, Mapping)
    matrix = arrays.read_matrix(data, design.columns if framed else None)
    if y is not None:
        y = arrays.read_y(y, len(matrix.values), matrix.index)
    elif matrix.table is not None and design.response in set(matrix.table.names) - set(design.columns):
        y = matrix.table.column(design.response)
        y = None if y.bad().all() else y
    roles = _read_roles(
        _again(design._origin.named, given, matrix.table), matrix.table, len(matrix.values), matrix.index
    )
    matrix = replace(matrix, values=arrays.pick_columns(matrix, design.columns))
    matrix = replace(matrix, names=design.columns)
    keep = arrays.complete_matrix(matrix, missing) & _without_gaps(roles, matrix.index, missing)
    if y is not None:
        keep &= complete({y.name: y}, matrix.index, missing)
    rows, dropped = _kept(keep, missing)
    index = matrix.index[rows]
    values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    checks.check_roles(values, index)
    first = design.y is None and design.levels is None
    coded = (None, design.levels) if y is None else code_response(y.take(rows), index, design.levels, training=first)
    return {
        **_kept_parts(design, values),
        **_role_parts(values),
        "X": matrix.values[rows],
        "y": coded[0],
        "levels": coded[1],
        "response": design.response or (y.name if y is not None else ""),
        "index": index,
        "dropped": dropped,
        "_origin": design._origin,
    }


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
        **_role_parts(roles),
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
    kept = ("columns", "terms", "intercept", "response", "levels", "constants", "formula")
    return {
        **{name: getattr(design, name) for name in kept},
        "weights_kind": design.weights_kind if "weights" in roles else None,
    }


def _role_parts(roles: Mapping[str, np.ndarray]) -> dict:
    return {role: roles.get(role) for role in checks.ROLES}


def _read_roles(given: Mapping, table: Table | None, n: int, index: np.ndarray) -> dict[str, Column]:
    read = {role: checks.read_role(role, value, table, n, index) for role, value in given.items()}
    return {role: column for role, column in read.items() if column is not None}


def _without_gaps(roles: Mapping[str, Column], index: np.ndarray, missing: str) -> np.ndarray:
    keep = np.ones(len(index), dtype=bool)
    for role, column in roles.items():
        keep &= ~checks.role_gaps(role, column, index, missing)
    return keep


def _kept(keep: np.ndarray, missing: str) -> tuple[np.ndarray, int]:
    rows = np.flatnonzero(keep)
    if not len(rows):
        raise DataError(
            "No complete row is left.",
            found=f"{len(keep)} rows, each with a missing value",
            do="fill in or leave out columns",
        )
    return rows, len(keep) - len(rows)


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


def _response_columns(formula: object, table: Table) -> dict[str, Column]:
    """The response's columns in new rows, where all are there and not all values are missing."""
    names = formula.response.columns if formula.response else ()
    if not names or any(name not in table.names for name in names):
        return {}
    read = {name: table.column(name) for name in names}
    return {} if any(column.bad().all() for column in read.values()) else read

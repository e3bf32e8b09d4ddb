"""The steps from data to the parts of a `Design`: read, drop, encode, check, freeze constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError
from . import arrays, checks
from .columns import Column, complete
from .constants import Term, constants_of
from .encode import FormulaEncoder
from .formula import parse
from .frame import Table, read_table
from .response import read_response
from .several import code_responses, name_of, names_of, read_responses


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
    top : float or None
        The largest response of the table that these rows were taken from; None where they are the table.
    alphabetical : bool
        Whether the levels of the response are in alphabetical order for want of another.
    """

    encoder: FormulaEncoder | None
    own: dict[str, Column]
    training: tuple[dict[str, Column], np.ndarray] | None
    named: dict[str, str]
    known: tuple[str, ...]
    standardize: bool
    top: float | None = None
    alphabetical: bool = False

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
    roles = read_roles(given, table, table.n, table.index)
    inside = checks.intervals(own.get(parsed.response.bare) if parsed.response else None, roles)
    keep = complete(own, table.index, missing, inside) & without_gaps(roles, table.index, missing)
    rows, dropped = kept_rows(keep)
    own = {name: column.take(rows) for name, column in own.items()}
    index = table.index[rows]
    known = tuple(name for name in table.names if name in own or name in parsed.names.used)
    alphabetical = any(own[name].alphabetical for name in response)
    origin = Origin(None, own, None, named, known, standardize, alphabetical=alphabetical)
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
    if weights_kind == "trials":
        y = checks.as_counts(y, roles, index)
    encoder = FormulaEncoder(parsed, origin.own, index, factor_levels)
    X = encoder.first_matrix(index)
    if factor_levels is None:
        checks.check_estimable(X, encoder.names, parsed.intercept)
    terms = tuple(Term(name, members) for name, members in encoder.groups)
    frequencies = roles.get("weights") if weights_kind == "frequency" else None
    return {
        **role_parts(roles),
        "X": X,
        "y": y,
        "columns": encoder.names,
        "terms": terms,
        "intercept": parsed.intercept,
        "weights_kind": weights_kind,
        "response": parsed.response.text if parsed.response else "",
        "responses": tuple(factor.text for factor in parsed.responses),
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
    responses = [] if y is None else read_responses(y, n, matrix.index)
    roles = read_roles(given, matrix.table, n, matrix.index)
    keep = arrays.complete_matrix(matrix, missing) & without_gaps(roles, matrix.index, missing)
    inside = checks.intervals(responses[0], roles) if len(responses) == 1 else {}
    keep &= complete({column.name: column for column in responses}, matrix.index, missing, inside)
    rows, dropped = kept_rows(keep)
    values, index = matrix.values[rows], matrix.index[rows]
    checks.check_estimable(values, matrix.names, intercept)
    kept = [column.take(rows) for column in responses]
    coded = code_responses(kept, index, None, training=True) if kept else (None, None)
    role_values = {role: column.values[rows].astype(np.float64) for role, column in roles.items()}
    checks.check_roles(role_values, index)
    y = checks.as_counts(coded[0], role_values, index) if weights_kind == "trials" else coded[0]
    terms = tuple(Term(name, (j,)) for j, name in enumerate(matrix.names))
    frequencies = role_values.get("weights") if weights_kind == "frequency" else None
    return {
        **role_parts(role_values),
        "X": values,
        "y": y,
        "columns": matrix.names,
        "terms": terms,
        "intercept": intercept,
        "weights_kind": weights_kind,
        "response": name_of(responses),
        "responses": names_of(responses),
        "levels": coded[1],
        "index": index,
        "constants": constants_of(values, terms, frequencies, standardize),
        "formula": None,
        "dropped": dropped,
        "_origin": Origin(
            None, {}, None, named, matrix.names, standardize, alphabetical=any(c.alphabetical for c in kept)
        ),
    }


def role_parts(roles: Mapping[str, np.ndarray]) -> dict:
    """Offsets, weights, trials and bounds as parts of a design; None for those not given."""
    return {role: roles.get(role) for role in checks.ROLES}


def read_roles(given: Mapping, table: Table | None, n: int, index: np.ndarray) -> dict[str, Column]:
    """The column of every role that is given."""
    read = {role: checks.read_role(role, value, table, n, index) for role, value in given.items()}
    return {role: column for role, column in read.items() if column is not None}


def without_gaps(roles: Mapping[str, Column], index: np.ndarray, missing: str) -> np.ndarray:
    """(n,) bool: rows in which every role has a value."""
    keep = np.ones(len(index), dtype=bool)
    for role, column in roles.items():
        keep &= ~checks.role_gaps(role, column, index, missing)
    return keep


def kept_rows(keep: np.ndarray) -> tuple[np.ndarray, int]:
    """Positions of the rows to keep, and how many are dropped; no row at all is an error."""
    rows = np.flatnonzero(keep)
    if not len(rows):
        raise DataError(
            "No complete row is left.",
            found=f"{len(keep)} rows, each with a missing value",
            do="fill in or leave out columns",
        )
    return rows, len(keep) - len(rows)

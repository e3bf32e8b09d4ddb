"""Checks of matrices, offsets, weights, trials and bounds; every message names the argument, the row and the value."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import DataError
from .columns import Column, and_more, nearest
from .frame import Table
from .series import read_series, shape_of

KINDS = {
    "frequency": "a row stands for so many equal rows",
    "trials": "y is a proportion out of so many trials",
    "importance": "a row's log-likelihood is multiplied by it",
}
ROLES = ("offset", "weights", "trials", "lower", "upper")


def check_options(missing: object, weights: object, weights_kind: object) -> None:
    """The options that need no data: `missing`, and weights together with their kind."""
    if missing not in ("error", "drop"):
        raise DataError(
            "Missing values can be an error or be dropped.", found=f"missing={missing!r}", do='pass "error" or "drop"'
        )
    listed = ", ".join(f"{kind!r} ({meaning})" for kind, meaning in KINDS.items())
    if weights_kind is not None and weights_kind not in KINDS:
        raise DataError(
            "Weights come in three kinds.", found=f"weights_kind={weights_kind!r}", do=nearest(str(weights_kind), KINDS)
        )
    if weights is not None and weights_kind is None:
        raise DataError(
            "Weights need their kind.", found="weights without weights_kind", do=f"pass weights_kind= one of {listed}"
        )
    if weights is None and weights_kind is not None:
        raise DataError(
            "A kind of weights was given without weights.",
            found=f"weights_kind={weights_kind!r}",
            do="pass weights= too",
        )


def read_role(role: str, given: object, table: Table | None, n: int, index: np.ndarray) -> Column | None:
    """The column for `role`: by name from the table, or an array of n numbers."""
    if given is None:
        return None
    if isinstance(given, str):
        if table is None:
            raise DataError(
                f"The {role} was given by name, but the data are an array.",
                found=f"{role}={given!r}",
                do="pass an array",
            )
        if given not in table.names:
            raise DataError(
                f"The {role} names a column that is not in the table.",
                found=f"{role}={given!r}",
                do=nearest(given, table.names),
            )
        column = table.column(given)
    else:
        shape = shape_of(given)
        if shape is None or len(shape) != 1:
            raise DataError(
                f"The {role} must have one number per row.",
                found=f"shape {shape}, {n} rows" if shape is not None else "rows of different lengths",
                do=f"pass {n} numbers",
            )
        if shape[0] != n:
            raise DataError(
                f"The {role} has the wrong length.", found=f"{shape[0]} values for {n} rows", do=f"pass {n} numbers"
            )
        column = read_series(role, given, index)
    if column.kind != "number" and column.kind != "boolean":
        raise DataError(
            f"The {role} must be numbers.", found=f"row {index[0]}, value {column.shown(0)}", do="convert it to numbers"
        )
    return column


def role_gaps(role: str, column: Column, index: np.ndarray, missing: str) -> np.ndarray:
    """(n,) bool: rows to leave out for this role; bounds may be infinite, anything else that is not finite is a gap."""
    bad = column.missing | np.isnan(column.values) if role in ("lower", "upper") else column.bad()
    if bad.any() and missing == "error":
        row = int(np.argmax(bad))
        raise DataError(
            f"The {role} has missing or infinite values.",
            found=f"column {column.name!r}, row {index[row]}, value {column.shown(row)}{and_more(int(bad.sum()) - 1)}",
            do='pass missing="drop" to leave such rows out',
        )
    return bad


def intervals(response: Column | None, roles: Mapping[str, Column]) -> dict[str, np.ndarray]:
    """{response: (n,) bool}: rows without a response whose two finite bounds hold it; empty where there are none."""
    if response is None or response.kind != "number" or "lower" not in roles or "upper" not in roles:
        return {}
    lower, upper = (roles[role].values.astype(np.float64) for role in ("lower", "upper"))
    gap = response.missing | np.isnan(response.values)
    with np.errstate(invalid="ignore"):
        return {response.name: gap & np.isfinite(lower) & np.isfinite(upper) & (lower < upper)}


def check_roles(roles: Mapping[str, np.ndarray | None], index: np.ndarray) -> None:
    """Weights above zero, trials whole and above zero, lower bounds not above upper ones."""
    weights, trials = roles.get("weights"), roles.get("trials")
    if weights is not None:
        _refuse(weights <= 0, weights, index, "weights", "above zero", "leave rows of zero weight out of the table")
    if trials is not None:
        bad = (trials <= 0) | (trials != np.floor(trials))
        _refuse(bad, trials, index, "trials", "whole numbers above zero", "leave rows without trials out of the table")
    lower, upper = roles.get("lower"), roles.get("upper")
    if lower is not None and upper is not None:
        _refuse(lower > upper, lower, index, "lower", "at most upper", "exchange the bounds of that row")


def as_counts(y: np.ndarray | None, roles: dict[str, np.ndarray], index: np.ndarray) -> np.ndarray | None:
    """Successes of proportions under weights of the kind "trials", which become the trials of `roles`."""
    if "weights" in roles and roles.get("trials") is not None:
        raise DataError(
            "Trials were given twice.", found='trials= and weights_kind="trials"', do="give them once, as trials="
        )
    roles["trials"] = trials = roles.pop("weights", roles.get("trials"))
    if trials is None:
        del roles["trials"]
        return y
    _refuse(trials != np.floor(trials), trials, index, "weights", "whole numbers of trials", "give counts of trials")
    if y is None:
        return None
    counts = np.round(y * trials)
    # A proportion that was written with seven digits still tells the count; one of another table's trials does not.
    bad = np.abs(y * trials - counts) > 1e-6 * np.maximum(trials, 1.0)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            'Under weights_kind="trials" the response is a proportion of the trials.',
            found=f"row {index[row]}, value {y[row]} of {trials[row]:g} trials{and_more(int(bad.sum()) - 1)}",
            do="give successes and trials=, or proportions of these trials",
        )
    return counts


def _refuse(bad: np.ndarray, values: np.ndarray, index: np.ndarray, role: str, rule: str, do: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        found = f"row {index[row]}, value {values[row]}{and_more(int(bad.sum()) - 1)}"
        raise DataError(f"The {role} must be {rule}.", found=found, do=do)


def check_estimable(X: np.ndarray, columns: tuple[str, ...], intercept: bool) -> None:
    """Enough rows and columns, and no constant column beside the intercept."""
    n, p = X.shape
    if p == 0 and not intercept:
        raise DataError("The design has no columns.", found="no predictors and no intercept", do="keep one of them")
    if n == 1:
        raise DataError("The table has one row only.", found="1 row", do="a model needs at least two rows")
    if not intercept or p == 0:
        return
    constant = np.flatnonzero(np.equal(X, X[0]).all(axis=0))
    if len(constant):
        j = int(constant[0])
        raise DataError(
            "A column is constant, which the intercept says already.",
            found=f"column {columns[j]!r}, value {X[0, j]} in all {n} rows{_more_columns(len(constant) - 1)}",
            do="leave it out, or remove the intercept (0 + in a formula, intercept=False for arrays)",
        )


def _more_columns(others: int) -> str:
    return f" (and {others} more column{'s' if others > 1 else ''})" if others else ""


def rows_of(index: object, n: int) -> np.ndarray:
    """Positions from a mask, a slice or integers; none, or any outside 0..n-1, is an error."""
    rows = np.arange(n)[index] if isinstance(index, slice) else np.asarray(index)
    if rows.ndim == 1 and rows.dtype == bool:
        if len(rows) != n:
            raise DataError("A mask needs one value per row.", found=f"{len(rows)} values for {n} rows", do=f"pass {n}")
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise DataError("No rows were asked for.", found="an empty index", do="pass at least one row")
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise DataError(
            "Rows are asked for by position.", found=f"{rows.dtype} of shape {rows.shape}", do="pass integers or a mask"
        )
    outside = (rows < 0) | (rows >= n)
    if outside.any():
        raise DataError(
            "A row was asked for that is not there.",
            found=f"position {rows[np.argmax(outside)]} of {n} rows",
            do=f"positions run from 0 to {n - 1}",
        )
    return rows.astype(np.int64)

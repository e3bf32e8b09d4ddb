"""One column of a table, read into NumPy: numbers, booleans, or a factor (codes and labels)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError, suggest

WORDS = {"number": "numbers", "boolean": "booleans", "factor": "a categorical", "text": "text"}


@dataclass(frozen=True, eq=False)
class Column:
    """A column as the design sees it.

    Attributes
    ----------
    name : str
    kind : {"number", "boolean", "factor", "text"}
        "factor" is categorical by its own type, "text" by its content.
    values : (n,) array
        float64 or int64 numbers, booleans, or int64 codes into `levels`.
    levels : tuple of str or None
        Labels of a factor or text column, in order.
    missing : (n,) bool array
        Rows that hold no value at all (null, None, NA, NaN).
    ordered : bool
        Whether the type itself declares the levels and their order: an ordered categorical, an Enum.
    sorted_by_value : bool
        Whether the categories are no strings: numbers and dates have an order of their own.
    """

    name: str
    kind: str
    values: np.ndarray
    levels: tuple[str, ...] | None
    missing: np.ndarray
    ordered: bool = False
    sorted_by_value: bool = False

    @property
    def alphabetical(self) -> bool:
        """Whether the alphabet alone put the levels in order: those of text, and of categoricals made from it."""
        if self.kind != "factor":
            return self.kind == "text"
        stated = self.ordered or self.sorted_by_value
        return not stated and self.levels == tuple(sorted(self.levels)) and not _increasing(self.levels)

    @property
    def categorical(self) -> bool:
        """Whether the column enters a formula as a factor."""
        return self.kind != "number"

    def take(self, rows: np.ndarray) -> Column:
        """The same column at `rows` (positions)."""
        return replace(self, values=self.values[rows], missing=self.missing[rows])

    def bad(self) -> np.ndarray:
        """(n,) bool: rows that are missing or not finite."""
        if self.values.dtype.kind == "f":
            return self.missing | ~np.isfinite(self.values)
        return self.missing

    def shown(self, row: int) -> str:
        """The value at position `row`, for a message."""
        if self.kind == "number" or not self.missing[row]:
            value = self.values[row]
            return repr(self.levels[value]) if self.levels else str(value)
        return "missing"

    def floats(self) -> np.ndarray:
        """The column as (n,) float64; text and categoricals are refused."""
        if self.kind in ("factor", "text"):
            raise DataError(
                f"Column {self.name!r} is used as a number but holds {WORDS[self.kind]}.",
                found=f"column {self.name!r}, whose first value is {self.shown(0)}",
                do="use it as a factor (by its bare name), or convert the column to numbers",
            )
        return self.values.astype(np.float64)

    def coded(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Codes and labels with the column taken as a factor; only levels that occur, in order."""
        if self.levels is not None:
            return compress(self.values, self.levels)
        found, codes = np.unique(self.values, return_inverse=True)
        return codes.astype(np.int64), tuple(label(v) for v in found)


def _increasing(levels: tuple[str, ...]) -> bool:
    """Whether all labels read as numbers, each greater than the one before."""
    try:
        return bool((np.diff([float(text) for text in levels]) > 0).all())
    except ValueError:
        return False


def label(value: object) -> str:
    """The canonical text of a level: 2, 2.0 and "2" are one level, so that new tables may store it differently."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value)


def compress(codes: np.ndarray, levels: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes and labels without the levels that no row shows; the order is kept."""
    used = np.zeros(len(levels), dtype=bool)
    used[codes] = True
    renumbered = np.cumsum(used) - 1
    return renumbered[codes].astype(np.int64), tuple(np.asarray(levels, dtype=object)[used])


def recode(
    codes: np.ndarray, levels: tuple[str, ...], known: tuple[str, ...], what: str, index: np.ndarray
) -> np.ndarray:
    """Codes into `known` levels; one outside is an error that names `what`, the row, the value and what is known."""
    place = {name: i for i, name in enumerate(known)}
    table = np.array([place.get(name, -1) for name in levels], dtype=np.int64)
    out = table[codes] if len(table) else np.empty(0, dtype=np.int64)
    if (out < 0).any():
        row = int(np.argmax(out < 0))
        others = int((out < 0).sum()) - 1
        raise DataError(
            f"{what} has a level that was not there when the design was built.",
            found=f"{what[0].lower() + what[1:]}, row {index[row]}, value {levels[codes[row]]!r}{and_more(others)}",
            do=f"known levels: {listed(known)}; drop these rows, or build the design on a table that shows the level",
        )
    return out


def and_more(others: int) -> str:
    """The tail of a message that names one culprit of several."""
    return f" (and {others} more row{'s' if others > 1 else ''})" if others > 0 else ""


def listed(names: Iterable[str], limit: int = 20) -> str:
    """Names in quotes, cut after `limit`."""
    names = list(names)
    shown = ", ".join(repr(str(n)) for n in names[:limit])
    return shown + (f", ... ({len(names)} in all)" if len(names) > limit else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice with the closest known names first; long lists are cut."""
    import difflib

    known = [str(k) for k in known]
    near = difflib.get_close_matches(name, known, n=3)
    rest = [k for k in known if k not in near]
    return suggest(name, (near + rest)[:20])


def complete(
    columns: Mapping[str, Column], index: np.ndarray, missing: str, intervals: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """(n,) bool: rows with a value in every column; with `missing="error"` the first gap is an error instead.

    `intervals` {name: (n,) bool} are the gaps of a response that is known to lie between two bounds.
    """
    keep = np.ones(len(index), dtype=bool)
    for name, column in columns.items():
        bad = column.bad()
        if intervals and name in intervals:
            bad &= ~intervals[name]
        if missing == "error" and bad.any():
            row, more = int(np.argmax(bad)), and_more(int(bad.sum()) - 1)
            raise DataError(
                "The table has missing or infinite values in a column that is used.",
                found=f"column {column.name!r}, row {index[row]}, value {column.shown(row)}{more}",
                do='pass missing="drop" to leave such rows out, or fill them in first',
            )
        keep &= ~bad
    return keep

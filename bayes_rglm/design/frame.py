"""Tables to columns: pandas and polars frames and mappings of arrays, one used column at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from .columns import Column, listed, nearest
from .series import from_pandas, from_polars, package_of, read_series


@dataclass(frozen=True, eq=False)
class Table:
    """A frame whose columns are read on request.

    Attributes
    ----------
    names : tuple of str
    index : (n,) array
        Row labels: integers, floats or text.
    """

    names: tuple[str, ...]
    index: np.ndarray
    _source: object
    _keys: dict[str, object]
    _reader: object

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.index)

    def column(self, name: str) -> Column:
        """Read column `name`; an absent one is an error with the nearest names."""
        if name not in self._keys:
            raise DataError(
                f"The table has no column {name!r}, which the design needs.",
                found=f"{len(self.names)} columns without {name!r}",
                do=nearest(name, self.names),
            )
        return self._reader(name, self._source[self._keys[name]], self.index)


def read_table(frame: object) -> Table:
    """A `Table` over a pandas or polars DataFrame or a mapping of equally long one-dimensional arrays."""
    package = package_of(frame) if is_frame(frame) else None
    if package == "pandas":
        keys, index, reader = list(frame.columns), row_labels(frame.index), from_pandas
    elif package == "polars":
        keys, index, reader = list(frame.columns), np.arange(frame.height), from_polars
    elif isinstance(frame, Mapping):
        keys, index, reader = list(frame), np.arange(_common_length(frame)), read_series
    else:
        raise DataError(
            "A formula needs a table with named columns.",
            found=type(frame).__name__,
            do="pass a pandas or polars DataFrame or a dict of arrays; for a matrix use Design.from_arrays(X, y)",
        )
    names = tuple(map(str, keys))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError("Two columns have the same name.", found=f"column {twice[0]!r}", do="rename one of them")
    if not names:
        raise DataError("The table has no columns.", found="0 columns", do="pass a table with data")
    if not len(index):
        raise DataError(
            "The table has no rows.", found=f"0 rows, columns {listed(names, 5)}", do="pass a table with data"
        )
    return Table(names, index, frame, dict(zip(names, keys, strict=True)), reader)


def row_labels(index: object) -> np.ndarray:
    """Row labels as integers, floats or text, which every file format can hold."""
    labels = np.asarray(index)
    if labels.ndim == 1 and labels.dtype.kind in "iufU":
        return labels
    return np.array([str(value) for value in index], dtype=np.str_)


def is_frame(value: object) -> bool:
    """Whether `value` is a pandas or polars DataFrame."""
    return package_of(value) is not None and hasattr(value, "columns")


def _has_length(values: object) -> bool:
    try:
        return len(values) >= 0
    except TypeError:
        return False


def _common_length(frame: Mapping) -> int:
    lengths = {}
    for name, values in frame.items():
        if isinstance(values, str | bytes | Mapping) or not _has_length(values):
            raise DataError(
                "Every entry of the table must be a column of values.",
                found=f"column {str(name)!r} is a single {type(values).__name__}",
                do="pass arrays or lists of one length",
            )
        lengths[str(name)] = len(values)
    if len(set(lengths.values())) > 1:
        (first, n), *rest = lengths.items()
        other, m = next((k, v) for k, v in rest if v != n)
        raise DataError(
            "The columns of the table have different lengths.",
            found=f"column {first!r} has {n} rows, column {other!r} has {m}",
            do="pass columns of one length",
        )
    return next(iter(lengths.values()), 0)

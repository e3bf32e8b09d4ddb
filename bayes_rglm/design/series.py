"""One column in: pandas and polars Series, lists and arrays to `Column`; what no model can use is refused by name."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from .columns import Column, label, listed

_DO_KIND = {
    "M": "turn it into a number first, such as days since the first date",
    "m": "turn it into a number first, such as its length in days",
    "c": "use its real and imaginary parts, or its modulus, as columns",
}


def package_of(value: object) -> str | None:
    """The package, "pandas" or "polars", of a frame or series, else None; neither is imported."""
    for cls in type(value).__mro__:
        if cls.__name__ in ("DataFrame", "Series"):
            package = cls.__module__.split(".")[0]
            if package in ("pandas", "polars"):
                return package
    return None


def shape_of(values: object) -> tuple[int, ...] | None:
    """The shape of what should be an array; None where its rows have different lengths."""
    if hasattr(values, "shape"):
        return tuple(values.shape)
    try:
        return np.shape(values)
    except (ValueError, TypeError):
        return None


def read_series(name: str, values: object, index: np.ndarray) -> Column:
    """A column from a Series, list or one-dimensional array; `index` (n,) holds row labels for messages."""
    package = package_of(values)
    if package == "pandas":
        return from_pandas(name, values, index)
    if package == "polars":
        return from_polars(name, values, index)
    if type(values).__module__.split(".")[0] == "pandas":
        import pandas as pd

        return from_pandas(name, pd.Series(values), index)
    try:
        array = _from_list(values) if isinstance(values, list | tuple) else np.asarray(values)
    except (ValueError, TypeError):
        raise _nested(name, 0, "lists of different lengths", index) from None
    if array.ndim != 1:
        raise DataError(
            f"Column {name!r} must have one dimension.",
            found=f"shape {array.shape}",
            do="pass one array per column" if array.ndim > 1 else "pass an array of values",
        )
    return _from_numpy(name, array, index)


def _from_list(values: list | tuple) -> np.ndarray:
    # A list may mix text and numbers, which NumPy would silently turn into text.
    array = np.array(values)
    return array if array.dtype.kind in "biuf" or array.ndim != 1 else _objects(values)


def _objects(values: object) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        out[i] = value
    return out


def from_pandas(name: str, series: object, index: np.ndarray) -> Column:
    """A column from a pandas Series."""
    import pandas as pd

    dtype = series.dtype
    missing = np.asarray(series.isna(), dtype=bool)
    if isinstance(dtype, pd.CategoricalDtype):
        codes, categories = np.asarray(series.cat.codes), list(series.cat.categories)
        return _categorical(name, codes, categories, missing, bool(series.cat.ordered))
    kind = getattr(dtype, "kind", "O")
    if kind == "b":
        return Column(name, "boolean", series.to_numpy(dtype=bool, na_value=False), None, missing)
    if kind in "iuf":
        if isinstance(dtype, np.dtype):
            # A float NaN is a value ("nan") in messages, not a gap.
            return _from_numpy(name, series.to_numpy(), index)
        if not missing.any() and kind in "iu":
            return _from_numpy(name, series.to_numpy(dtype=np.int64), index)
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Column(name, "number", numbers, None, missing)
    if kind in "Mmc" or isinstance(dtype, pd.PeriodDtype | pd.DatetimeTZDtype | pd.IntervalDtype):
        raise _unusable(name, str(dtype), _DO_KIND.get(kind, _DO_KIND["M"]))
    if pd.api.types.infer_dtype(series, skipna=True) == "string":
        codes, levels = pd.factorize(series.astype(object), sort=True)
        return Column(name, "text", codes.astype(np.int64), tuple(map(str, levels)), missing)
    return _from_objects(name, _objects(series.to_list()), missing, index)


def from_polars(name: str, series: object, index: np.ndarray) -> Column:
    """A column from a polars Series, without going through pandas or pyarrow."""
    import polars as pl

    dtype = series.dtype
    missing = series.is_null().to_numpy()
    if dtype == pl.Boolean:
        return Column(name, "boolean", series.fill_null(False).to_numpy(), None, missing)
    if dtype.is_integer() and not missing.any():
        return _from_numpy(name, series.to_numpy(), index)
    if dtype.is_numeric():
        return Column(name, "number", series.cast(pl.Float64).fill_null(float("nan")).to_numpy(), None, missing)
    if isinstance(dtype, pl.Enum):
        return _labelled(name, series.to_list(), dtype.categories.to_list(), missing, ordered=True)
    if dtype == pl.Categorical:
        values = series.to_list()
        return _labelled(name, values, sorted({v for v in values if v is not None}), missing)
    if dtype == pl.String:
        levels = series.drop_nulls().unique().sort().to_list()
        return _labelled(name, series.to_list(), levels, missing, kind="text")
    if dtype == pl.Null:
        return Column(name, "number", np.full(len(series), np.nan), None, missing)
    if dtype.is_temporal():
        raise _unusable(name, str(dtype), _DO_KIND["M"])
    raise _unusable(name, str(dtype), "make it a column of numbers, booleans or text")


def _from_numpy(name: str, array: np.ndarray, index: np.ndarray) -> Column:
    kind = array.dtype.kind
    none = np.zeros(len(array), dtype=bool)
    if kind == "b":
        return Column(name, "boolean", array.copy(), None, none)
    if kind in "iu":
        whole = array.astype(np.int64) if array.dtype != np.uint64 else array.astype(np.float64)
        return Column(name, "number", whole, None, none)
    if kind == "f":
        return Column(name, "number", array.astype(np.float64), None, none)
    if kind == "U":
        levels, codes = np.unique(array, return_inverse=True)
        return Column(name, "text", codes.astype(np.int64), tuple(map(str, levels)), none)
    if kind == "O":
        missing = np.array([_is_missing(v) for v in array], dtype=bool)
        return _from_objects(name, array, missing, index)
    raise _unusable(name, str(array.dtype), _DO_KIND.get(kind, "make it a column of numbers, booleans or text"))


def _is_missing(value: object) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _from_objects(name: str, array: np.ndarray, missing: np.ndarray, index: np.ndarray) -> Column:
    present = np.flatnonzero(~missing)
    if not len(present):
        return Column(name, "number", np.full(len(array), np.nan), None, missing)
    families = [_family(array[i]) for i in present]
    for i, family in zip(present, families, strict=True):
        if family not in ("text", "boolean", "number"):
            raise _strange(name, index[i], array[i], family)
        if family != families[0]:
            said = [f"row {index[j]} holds {_shown(array[j])} ({type(array[j]).__name__})" for j in (present[0], i)]
            raise DataError(
                f"Column {name!r} mixes types.",
                found=", ".join(said),
                do="convert the column to one type, such as frame[...].astype(str) or pandas.to_numeric",
            )
    if families[0] == "text":
        values = [str(array[i]) if not missing[i] else None for i in range(len(array))]
        return _labelled(name, values, sorted({str(array[i]) for i in present}), missing, kind="text")
    if families[0] == "boolean":
        return Column(
            name, "boolean", np.array([bool(v) and not m for v, m in zip(array, missing, strict=True)]), None, missing
        )
    try:
        numbers = np.array([np.nan if m else float(v) for v, m in zip(array, missing, strict=True)])
    except OverflowError:
        raise _unusable(name, "integers beyond the range of a float", "rescale the column") from None
    return Column(name, "number", numbers, None, missing)


def _family(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, int | float | np.integer | np.floating):
        return "number"
    if isinstance(value, list | tuple | dict | set | np.ndarray):
        return "nested"
    return type(value).__name__


def _strange(name: str, row: object, value: object, family: str) -> DataError:
    if family == "nested":
        return _nested(name, row, _shown(value), None)
    if family in ("datetime", "date", "time", "Timestamp", "datetime64", "timedelta", "Timedelta"):
        do = _DO_KIND["M"]
    else:
        do = "convert the column to numbers, booleans or text"
    return DataError(
        f"Column {name!r} holds values of a type that is neither number, boolean nor text.",
        found=f"column {name!r}, row {row}, value {_shown(value)} ({type(value).__name__})",
        do=do,
    )


def _nested(name: str, row: object, value: object, index: object) -> DataError:
    return DataError(
        f"Column {name!r} holds nested values.",
        found=f"column {name!r}, row {row}, value {value}",
        do="a column has one value per row: spread the parts over several columns",
    )


def _unusable(name: str, dtype: str, do: str) -> DataError:
    return DataError(
        f"Column {name!r} has a type that a model cannot use.", found=f"column {name!r} of type {dtype}", do=do
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _categorical(name: str, codes: np.ndarray, categories: list, missing: np.ndarray, ordered: bool) -> Column:
    levels = tuple(label(c) for c in categories)
    if len(set(levels)) < len(levels):
        raise DataError(
            f"Two categories of column {name!r} read the same.",
            found=f"categories {listed(categories)}",
            do="rename one of them",
        )
    by_value = not all(isinstance(c, str) for c in categories)
    return Column(name, "factor", codes.astype(np.int64), levels, missing, ordered, by_value)


def _labelled(
    name: str, values: list, levels: list[str], missing: np.ndarray, kind: str = "factor", ordered: bool = False
) -> Column:
    place = {value: i for i, value in enumerate(levels)}
    codes = np.array([-1 if v is None else place[v] for v in values], dtype=np.int64)
    return Column(name, kind, codes, tuple(levels), missing, ordered)


def numeric_looking(column: Column) -> bool:
    """Whether all labels of a text column read as numbers."""
    if column.kind != "text":
        return False
    try:
        for text in column.levels:
            float(text)
    except ValueError:
        return False
    return True

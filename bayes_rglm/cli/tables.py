"""Data files to frames: csv (and tab-separated text) and parquet, with errors that name the line or the column."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

from ..errors import FileError

TEXT = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PARQUET = (".parquet", ".pq")
SUFFIXES = (*TEXT, *PARQUET)
SEPARATORS = (",", ";", "\t", "|")


def is_table(path: str | Path) -> bool:
    """Whether the name is that of a data file."""
    return Path(path).suffix.lower() in SUFFIXES


def read(path: str | Path) -> Any:
    """The pandas frame in `path`.

    Raises `FileError` for a file that is missing, empty or no table, or whose header names a column twice or not at
    all, or holds numbers.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no such file"
        raise FileError("The data file cannot be read.", found=f"{path}: {what}", do="give the path of a csv file")
    if path.stat().st_size == 0:
        raise FileError("The data file is empty.", found=str(path), do="write a header line and rows into it")
    if path.suffix.lower() in PARQUET:
        return _parquet(path)
    if path.suffix.lower() in TEXT:
        return _text(path, TEXT[path.suffix.lower()])
    raise FileError(
        "Data files are read by their ending.",
        found=f"{path.name}: {path.suffix or 'no ending'}",
        do=f"save it as one of {', '.join(SUFFIXES)}",
    )


def _text(path: Path, separator: str) -> Any:
    import pandas as pd

    try:
        _check_header(path, separator)
        frame = pd.read_csv(path, sep=separator, encoding="utf-8-sig", skipinitialspace=True, index_col=False)
    except UnicodeDecodeError as error:
        raise FileError(
            "The data file is not UTF-8 text.", found=f"{path}: byte {error.start}", do="save it as UTF-8"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise FileError(
            "The data file is not a table.",
            found=f"{path}: {str(error).strip()}",
            do=f"give every line as many fields as the header, separated by {_name(separator)}",
        ) from None
    if frame.empty:
        raise FileError("The data file has a header and no rows.", found=str(path), do="write rows into it")
    return frame


def _check_header(path: Path, separator: str) -> None:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, delimiter=separator, skipinitialspace=True)
        names = next((row for row in rows if row), [])
        first = next((row for row in rows if row), [])
    if not any(name.strip() for name in names):
        raise FileError("The data file has no header.", found=str(path), do="name the columns in its first line")
    if len(first) > len(names):
        raise FileError(
            "The first row of the data file has more fields than the header.",
            found=f"{path}: {len(names)} names, {len(first)} fields",
            do="name every column, row numbers too",
        )
    for j, name in enumerate(names, 1):
        if not name.strip():
            raise FileError(
                "A column of the data file has no name.", found=f"{path}: column {j} of {len(names)}", do="name it"
            )
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise FileError(
            "A column name of the data file is repeated.", found=f"{path}: {repeated[0]!r}", do="rename one"
        )
    if all(_is_number(name) for name in names):
        raise FileError(
            "The data file seems to have no header: its first line holds numbers.",
            found=f"{path}: {', '.join(names[:5])}",
            do="name the columns in its first line",
        )
    other = [s for s in SEPARATORS if s != separator and s in names[0]]
    if len(names) == 1 and other:
        raise FileError(
            f"The header of the data file has one column, though it holds {_name(other[0])}s.",
            found=f"{path}: {names[0][:60]!r}",
            do=f"separate fields by {_name(separator)}",
        )


def _parquet(path: Path) -> Any:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError:
        raise FileError(
            "Parquet files need the package pyarrow, which is not installed.",
            found=str(path),
            do="install it with: pip install pyarrow; or save the table as csv",
        ) from None
    except (OSError, ValueError) as error:
        raise FileError("The file is not a parquet table.", found=f"{path}: {error}", do="write it again") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _name(separator: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[separator]

"""What a command is given (a gallery name, a model file, a data file) as a model and its data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import gallery, links
from ..errors import FileError, FormulaError, SpecError, suggest
from ..families import names as family_names
from ..spec import RGLM
from .options import Given, widths
from .tables import SUFFIXES, is_table, read


@dataclass(frozen=True, eq=False)
class Source:
    """A model with its data, ready for `fit` and `contrast`.

    `name` begins the names of files that are written, `title` heads a report, `code` is Python that gives the data.
    """

    name: str
    model: RGLM
    data: tuple[str, Any]
    title: str | None
    code: str


def is_saved(source: str) -> bool:
    """Whether the name is that of a saved fit."""
    return Path(source).suffix.lower() == ".nc"


def resolve(source: str, given: Given) -> Source:
    """The model and data that `source` and the options mean. Raises `RGLMError` naming what is amiss."""
    if is_saved(source):
        raise FileError(
            "A saved fit has been fitted already.", found=source, do="use it with the commands report and predict"
        )
    if is_table(source):
        return _from_table(Path(source), given)
    path = Path(source)
    if path.suffix != ".py" and (path.suffix or path.exists() or "/" in source):
        what = f"{source}: {'is there' if path.exists() else 'no such file'}"
        raise FileError(
            "This is neither a model nor a table that can be read.",
            found=what,
            do=f"give a .py file, a table ({', '.join(SUFFIXES)}), or a name; {suggest(source, gallery.names())}",
        )
    return _from_gallery(source, given)


def _from_gallery(source: str, given: Given) -> Source:
    for name in ("family", "link", "hidden", "heads", "coding"):
        if getattr(given, name) is not None:
            raise SpecError(
                f"--{name} goes with a data file: a model file says its own.",
                found=f"--{name} {getattr(given, name)}",
                do="leave it out, or give the data file instead of the model",
            )
    entry = gallery.load(source)
    call = f"rglm.gallery.data({_quoted(source)})"
    if given.data is None:
        formula, frame = gallery.data(source)
        if given.formula is not None:
            formula, call = given.formula, f"({_quoted(given.formula)}, {call}[1])"
        return Source(entry.name, entry.spec, (formula, frame), entry.title.rstrip("."), call)
    formula = given.formula or (gallery.data(source)[0] if entry.data else None)
    if formula is None:
        raise _no_formula(str(given.data))
    return Source(entry.name, entry.spec, (formula, read(given.data)), None, _reading(formula, given.data))


def _from_table(path: Path, given: Given) -> Source:
    if given.data is not None:
        raise FileError("Two data files were given.", found=f"{path} and {given.data}", do="leave --data out")
    frame = read(path)
    if given.formula is None:
        raise _no_formula(str(path), frame)
    if given.family is None:
        raise SpecError(
            "A data file needs the family of its response.",
            found=f"{path} without --family",
            do=f"one of {', '.join(family_names())}",
        )
    links.get(given.activation)
    heads = tuple(part.strip() for part in given.heads.split(",")) if given.heads else ()
    layers = {"hidden": widths(given.hidden), "activation": given.activation}
    model = RGLM(given.family, given.link, **layers, heads=heads, coding=given.coding)
    return Source(path.stem, model, (given.formula, frame), None, _reading(given.formula, path))


def _no_formula(path: str, frame: Any = None) -> FormulaError:
    columns = [] if frame is None else [str(c) for c in frame.columns]
    hint = (
        f'for example --formula "{columns[-1]} ~ {columns[0]}"' if len(columns) > 1 else "for example --formula 'y ~ x'"
    )
    listed = f"; columns: {', '.join(columns[:12])}{' ...' if len(columns) > 12 else ''}" if columns else ""
    return FormulaError("A data file needs a formula.", found=f"{path} without --formula{listed}", do=hint)


def _reading(formula: str, path: Path) -> str:
    reader = "read_parquet" if path.suffix.lower() in (".parquet", ".pq") else "read_csv"
    return f"({_quoted(formula)}, pandas.{reader}({_quoted(str(path))}))"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

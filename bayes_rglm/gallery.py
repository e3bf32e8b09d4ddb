"""The gallery: models written out longhand, each with real data, in `models/` (in a wheel: `bayes_rglm/_models/`).

    names()                        the models that ship
    load("count_log")              everything a file holds, as an `Entry`
    load("my_model.py")            the same for a file of your own
    model("count_log")             its specification, an `RGLM`
    data("count_log")              its data, (formula, frame)

A file gives five names: `SPEC` (an `RGLM`), `model(X, y=None)` (the same in plain NumPyro), `data()` (a formula and a
frame), `simulate(seed, n)` (X, y and the sites that made y), `REFERENCE` (published answers). A file of your own needs
`SPEC` alone; what else is missing is an error when it is asked for.

A model file is a Python program: loading it runs it, with all your rights. Load no file that you would not run.
"""

from __future__ import annotations

import inspect
import sys
import traceback
import types
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import FileError, RGLMError, SpecError, suggest
from .spec import RGLM

NAMES = ("SPEC", "model", "data", "simulate", "REFERENCE")


@dataclass(frozen=True, eq=False)
class Entry:
    """What a model file holds; the last four are None where a user's file leaves them out."""

    name: str
    path: Path
    doc: str
    spec: RGLM
    model: Callable[..., Any] | None = None
    data: Callable[[], tuple[str, Any]] | None = None
    simulate: Callable[..., Any] | None = None
    reference: dict[str, Any] | None = None

    @property
    def title(self) -> str:
        """First line of the file's docstring."""
        return self.doc.partition("\n")[0]


def names() -> tuple[str, ...]:
    """Names of the models that ship, sorted."""
    folder = _folder()
    return tuple(sorted(_files(folder))) if folder else ()


def load(name_or_path: str | Path) -> Entry:
    """Everything that the model file `name_or_path` holds: a name of the gallery, or a path that ends in .py.

    Loading a file runs it. The same text is run once: loading it again gives the same functions.
    Raises `SpecError` for an unknown name or a file without `SPEC`, `FileError` for a file that cannot be read or run,
    with the line at fault.
    """
    path = _find(name_or_path)
    module = _run(path, _read(path))
    found = {name: getattr(module, name, None) for name in NAMES}
    _check(found, path)
    doc = inspect.cleandoc(module.__doc__ or "")
    spec, *others = found.values()
    return Entry(path.stem, path, doc, spec, *others)


def model(name_or_path: str | Path) -> RGLM:
    """The specification of a model of the gallery, or of a user's file; errors as in `load`."""
    return load(name_or_path).spec


def data(name_or_path: str | Path) -> tuple[str, Any]:
    """The data of a model of the gallery, or of a user's file: (formula, frame), as `fit` takes it.

    Raises as `load` does, `MissingExtra` where the package that ships the data is not installed, and `FileError` where
    the file has no `data` or it gives something else.
    """
    entry = load(name_or_path)
    if entry.data is None:
        raise FileError(
            f"The data of the model {entry.name!r} was asked for.",
            found=f"no function data() in {entry.path}",
            do="add one that returns (formula, frame), or give the data beside the model",
        )
    try:
        pair = entry.data()
    except RGLMError:
        raise
    except Exception as error:
        raise _failed(entry.path, error, "data() of the model file failed.") from error
    if not (isinstance(pair, tuple) and len(pair) == 2):
        raise FileError(
            "data() returns a pair (formula, frame) or (X, y).", found=f"{entry.path}: {type(pair).__name__}"
        )
    return pair


def _folder() -> Path | None:
    """Where the models lie: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    if (package / "_models").is_dir():
        return package / "_models"
    # Without the project file the neighbour is site-packages, and a `models` there is somebody else's.
    checkout = package.parent
    return checkout / "models" if (checkout / "pyproject.toml").is_file() and (checkout / "models").is_dir() else None


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob("*.py") if not path.name.startswith("_")}


def _find(name_or_path: str | Path) -> Path:
    if not isinstance(name_or_path, str | Path):
        raise SpecError("A model is loaded by its name or the path of its file.", found=repr(name_or_path))
    if isinstance(name_or_path, Path) or name_or_path.endswith(".py"):
        return Path(name_or_path).expanduser().resolve()
    folder = _folder()
    files = _files(folder) if folder else {}
    name = name_or_path.strip().lower().replace("-", "_")
    if name not in files:
        raise SpecError(
            "The gallery has no model of that name.",
            found=repr(name_or_path),
            do=f"{suggest(name, sorted(files))}; a file of your own is given by its path, which ends in .py",
        )
    return files[name]


def _read(path: Path) -> bytes:
    if path.suffix != ".py":
        raise FileError("A model file is a Python file, .py.", found=str(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError("The model file cannot be read.", found=f"{path}: {error.strerror}") from error


@lru_cache
def _run(path: Path, source: bytes) -> types.ModuleType:
    """The module made by running `source`, under a name of its own that no import statement finds by accident.

    The text is compiled here rather than imported: nothing is written beside the file, and an edit is never missed.
    """
    module = types.ModuleType(f"_bayes_rglm_model_{path.stem}_{zlib.crc32(str(path).encode() + source):08x}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses in the file look their module up there
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise _failed(path, error, "The model file cannot be run.") from error
    return module


def _failed(path: Path, error: BaseException, asked: str) -> FileError:
    """A `FileError` that names the last line of the user's file on the way to `error`."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    where = f"{path}, line {lines[-1]}" if lines else str(path)
    return FileError(
        asked, found=f"{where}: {type(error).__name__}: {error}", do="correct that line and load the file again"
    )


def _check(found: dict[str, Any], path: Path) -> None:
    missing = [name for name, value in found.items() if value is None]
    if found["SPEC"] is None:
        raise SpecError(
            "A model file gives at least SPEC, the model as an RGLM.",
            found=f"{path} lacks {', '.join(missing)}",
            do='for example SPEC = RGLM("poisson", hidden=(8,))',
        )
    if not isinstance(found["SPEC"], RGLM):
        raise SpecError("SPEC of a model file is an RGLM.", found=f"{path}: {found['SPEC']!r}")
    for name in ("model", "data", "simulate"):
        if found[name] is not None and not callable(found[name]):
            raise FileError(f"{name} of a model file is a function.", found=f"{path}: {found[name]!r}")
    if found["REFERENCE"] is not None and not isinstance(found["REFERENCE"], dict):
        raise FileError("REFERENCE of a model file is a dict.", found=f"{path}: {found['REFERENCE']!r}")


__all__ = ["Entry", "NAMES", "data", "load", "model", "names"]

"""Writing a file: all of it or nothing, and a clear error where it cannot be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import FileError


def check(path: str | os.PathLike, example: str = "report.html") -> Path:
    """`path` as one that a file can be written to; raises `FileError` before any work is done."""
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise FileError("The result is written to a path.", found=repr(path), do=f"for example {example!r}")
    path = Path(path).expanduser()
    if path.is_dir():
        raise FileError("The result is one file.", found=f"{path} is a folder", do=f"for example {path / example}")
    if not path.parent.is_dir():
        raise FileError(
            "The folder to write into does not exist.", found=str(path.parent), do="make it, or choose another path"
        )
    return path


def write(path: Path, text: str) -> Path:
    """Write `text` to `path` atomically: an interrupted write leaves the old file."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=path.suffix)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise FileError("The file cannot be written.", found=f"{path}: {error.strerror}") from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

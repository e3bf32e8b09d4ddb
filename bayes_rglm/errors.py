"""Typed errors. Each says what was asked, what was found, and what to do.

All derive from `RGLMError`; those about values derive from `ValueError` too, so that generic handlers keep working.
Messages are part of the interface and are tested.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RGLMError(Exception):
    """Base of every error that the package raises on purpose.

    Parameters
    ----------
    asked : str
        One sentence: what was asked for and why it cannot be done.
    found : str, optional
        The culprit: column, row, value, name.
    do : str, optional
        What the user can do about it.
    """

    def __init__(self, asked: str, *, found: str | None = None, do: str | None = None):
        self.asked, self.found, self.do = asked, found, do
        lines = [asked]
        if found:
            lines.append(f"  found: {found}")
        if do:
            lines.append(f"  to do: {do}")
        super().__init__("\n".join(lines))


class SpecError(RGLMError, ValueError):
    """A model specification that cannot be meant: names, links, widths, parameters."""


class PriorError(RGLMError, ValueError):
    """A prior that is not one, is given twice, or names nothing in the model."""


class DataError(RGLMError, ValueError):
    """A table, array or response with the wrong shape, type or values; names column, row and value."""


class FormulaError(RGLMError, ValueError):
    """A formula that cannot be parsed, is not allowed, or names what is not there."""


class EstimatorError(RGLMError, ValueError):
    """An estimator that cannot work on this problem, or an option outside its range."""


class Interrupted(EstimatorError):
    """A run stopped before it had anything to keep."""


class NotComparable(RGLMError, ValueError):
    """Fits that must not be set side by side: other rows, other weights, other dominating measures."""


class FileError(RGLMError, ValueError):
    """A file that cannot be read or written as a saved fit, model or report."""


class MissingExtra(RGLMError, ImportError):
    """An optional package is missing; the message holds the install command."""


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtra:
    """The error for an optional `package`, with the command that installs it."""
    return MissingExtra(
        f"{purpose} needs the package {package!r}, which is not installed.",
        do=f'install it with: pip install "bayes_rglm[{extra}]"',
    )


def suggest(name: object, known: Iterable[str]) -> str:
    """A sentence listing `known`, with the nearest name first where there is one."""
    known = [str(k) for k in known]
    near = difflib.get_close_matches(str(name), known, n=1)
    listed = ", ".join(known) if known else "none"
    return (f"did you mean {near[0]!r}? " if near else "") + f"known: {listed}"

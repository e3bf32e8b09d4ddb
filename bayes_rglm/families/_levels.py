"""What the families of level codes 0, 1, ..., K-1 share."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ._base import Family

MOST_CODES = 1000


def counts(y, weights=None, levels: int | None = None) -> np.ndarray:
    """(Weighted) number of rows of each level; (K,), K at least `levels`."""
    return np.bincount(np.asarray(y, int), weights=weights, minlength=levels or 2).astype(float)


def check_levels(family: Family, y, response: str, levels) -> None:
    """An error for a response of fewer than two levels, or for codes that are no codes."""
    number = int(np.max(y)) + 1 if levels is None else len(levels)
    if levels is None and number > MOST_CODES:
        raise DataError(
            f"The family {family.name!r} counts a level for every code up to the largest.",
            found=f"{response!r} has the value {np.max(y):g}",
            do=f"give codes below {MOST_CODES}, or labels, of which only those that occur are counted",
        )
    if number < 2:
        raise DataError(
            f"The family {family.name!r} needs a response of at least two levels.",
            found=f"{response!r} has {number}" + (f": {levels[0]!r}" if levels else ""),
            do="check the response",
        )

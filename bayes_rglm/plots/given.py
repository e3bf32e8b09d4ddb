"""What a figure of several fits is given: a mapping, a contrast, or one fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DataError, EstimatorError
from ..results import Fit


def fits_of(given: Any) -> dict[str, Fit]:
    """{method: Fit} of a mapping, of a Contrast, or of one Fit under its own label. Raises `DataError` for anything
    else, and `EstimatorError` for no fit.
    """
    given = {given.label: given} if isinstance(given, Fit) else getattr(given, "fits", given)
    if not isinstance(given, Mapping) or not all(isinstance(fit, Fit) for fit in given.values()):
        found = type(given).__name__
        if isinstance(given, Mapping):
            found = ", ".join(f"{name!r}: {type(fit).__name__}" for name, fit in given.items())
        raise DataError("This figure takes fits.", found=found, do='a fit, a contrast, or {"ML": fit_1, "MAP": fit_2}')
    if not given:
        raise EstimatorError("A figure needs at least one fit.", found="no fits", do="give what rglm.fit returned")
    return dict(given)


__all__ = ["fits_of"]

"""What figures are given: of several fits a mapping, a contrast, or one fit; of a comparison that, or a contrast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..comparison import Comparison
from ..errors import DataError, EstimatorError
from ..results import Fit


def fits_of(given: Any) -> dict[str, Fit]:
    """{method: Fit} of a mapping, of a Contrast, or of one Fit under its own label. Raises `DataError` for anything
    else, and `EstimatorError` for no fit.
    """
    given = {given.label: given} if isinstance(given, Fit) else getattr(given, "fits", given)
    if not isinstance(given, Mapping) or not all(isinstance(fit, Fit) for fit in given.values()):
        raise DataError(
            "This figure takes fits.", found=_shown(given), do='a fit, a contrast, or {"ML": fit_1, "MAP": fit_2}'
        )
    if not given:
        raise EstimatorError("A figure needs at least one fit.", found="no fits", do="give what rglm.fit returned")
    return dict(given)


def comparison_of(given: Any) -> Comparison:
    """A Comparison, or that of a Contrast. Raises `DataError` for anything else."""
    found = getattr(given, "comparison", given)
    if isinstance(found, Comparison):
        return found
    values = list(given.values()) if isinstance(given, Mapping) else [given]
    fitted = bool(values) and all(isinstance(value, Fit) for value in values)
    raise DataError(
        "This figure takes a comparison of methods on held-out rows.",
        found=_shown(given),
        do="pass rglm.compare({label: fit, ...}, test rows)"
        if fitted
        else "pass what rglm.contrast or compare returned",
    )


def _shown(given: Any) -> str:
    if isinstance(given, Mapping):
        return ", ".join(f"{name!r}: {type(value).__name__}" for name, value in given.items()) or "an empty mapping"
    return type(given).__name__


__all__ = ["comparison_of", "fits_of"]

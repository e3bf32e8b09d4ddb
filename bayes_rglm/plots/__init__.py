"""Figures of fits and comparisons, as `matplotlib.figure.Figure` objects: `figure.savefig("x.svg")`, or show them.

    differences(comparison)     paired differences to the best method, with two standard errors
    gaps(comparison)            log score on training and on held-out rows
    coefficients(fits)          coefficients per standard deviation of their column; depth 1
    predictions(fits, rows)     reliability of binary predictions, or predictive intervals, against what happened
    surfaces(fits)              the predicted mean over one or two columns
    bases(fit)                  the basis functions that a network has learned, and what each of them adds
    calibration(fit, rows)      probability integral transforms against a uniform distribution, by ArviZ
    uniformity(comparison)      those of every method's held-out rows, with a simultaneous band

Those of `fits` take a mapping, a `Contrast` or one `Fit`; those of `comparison` what `contrast` or `compare` returned.
The numbers behind them: `estimates`, `intervals`, `reliability`, `checked`, `surface`, `basis`, and
`interpret.residuals`. No figure relies on colour alone, and the settings of matplotlib are left as they were.
"""

from __future__ import annotations

from .grids import Surface, drawable, surface, surfaces
from .hidden import Basis, bases, basis
from .outcomes import MOST_ROWS, predictions
from .predicted import Intervals, Reliability, checked, intervals, reliability
from .scores import differences, gaps
from .transforms import calibration
from .uniformity import transforms_of, uniformity
from .weights import Estimate, coefficients, estimates, same_coefficients

__all__ = [
    "MOST_ROWS",
    "Basis",
    "Estimate",
    "Intervals",
    "Reliability",
    "Surface",
    "bases",
    "basis",
    "calibration",
    "checked",
    "coefficients",
    "differences",
    "drawable",
    "estimates",
    "gaps",
    "intervals",
    "predictions",
    "reliability",
    "same_coefficients",
    "surface",
    "surfaces",
    "transforms_of",
    "uniformity",
]

"""What each method predicts for rows, beside what then happened: the numbers behind `predictions`.

Responses of two values, and of levels: the observed frequency as a monotone function of the predicted probability
(isotonic regression, the CORP reliability curve, which needs no bins); levels are pooled, a prediction for each level
of each row. Numbers: the 90 % predictive interval of each row and its observed value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import numpy as np
from scipy.optimize import isotonic_regression

from .. import evaluation
from ..comparison import rules
from ..comparison.scores import equal_draws, predictive_mean
from ..design import Design
from ..errors import DataError, EstimatorError
from ..prediction import as_rows, new_rows
from ..results import Fit, check_fit, check_one_response

OUTCOMES = 1000
BLOCK = 2_000_000  # simulated outcomes at a time
MOST_CHECKED = 500
LEVELS = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Intervals:
    """Predictive distributions of rows, (n,) each: mean, 5 % and 95 % points, beside the observed response (NaN where
    a row is known to lie between two bounds only).
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    observed: np.ndarray

    @property
    def outside(self) -> int:
        """Number of rows observed outside their interval."""
        return self.known - int(self.inside.sum())

    @property
    def known(self) -> int:
        """Number of rows that were observed."""
        return int((~np.isnan(self.observed)).sum())

    @property
    def inside(self) -> np.ndarray:
        """Which rows were observed inside their interval, (n,); none is where no draw gives the row a mean."""
        return (self.observed >= self.low) & (self.observed <= self.high)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted probabilities in increasing order, the isotonic frequency at each, and whether it happened; (n,) each,
    or (n * K,) of K levels.
    """

    predicted: np.ndarray
    frequency: np.ndarray
    observed: np.ndarray


def intervals(fit: Fit, data=None, *, seed: int = 0) -> Intervals:
    """90 % predictive intervals, observation noise included, of the rows of `data` (None: the fitted rows).

    From 1000 simulated outcomes a row, of at most 1000 draws, evenly spaced or by their weights; a point estimate
    predicts with its plug-in distribution. Draws that give a row no mean (a restricted link) are left out of it. Raises
    `DataError` for rows without a response, or a response of levels.
    """
    design, family = _observed(fit, data), fit.model.family
    if rules.kind_of(family) != rules.NUMBER:
        raise DataError("Intervals are for responses that are numbers.", found=family.name, do="plots.reliability")
    rows, samples, found = as_rows(design), equal_draws(fit), np.empty((3, design.n))
    for part in evaluation.blocks(design.n, BLOCK // OUTCOMES):
        block = {name: values[part] for name, values in rows.items()}
        key = jax.random.fold_in(jax.random.key(seed), part.start)
        found[:, part] = _between(*_simulated(fit, samples, block, key))
    return Intervals(*found, design.y)


def _simulated(fit: Fit, samples, rows, key) -> tuple[np.ndarray, np.ndarray]:
    """(mean (draw, n), outcomes (OUTCOMES or a few more, n)) of rows; NaN where a draw gives the row no mean."""
    count = rows["X"].shape[0]
    with evaluation.float64():
        law = evaluation.response(fit.problem, samples, rows)
        repeats = -(-OUTCOMES // np.prod(evaluation.shape_of(samples)))
        outcomes = np.array(law.sample(key, (repeats,)), float).reshape(-1, count)
        mean = np.array(law.mean, float).reshape(-1, count)
        link = fit.problem.program.link
        if link.restricted:
            outside = ~np.asarray(link.inside(law.eta)).reshape(-1, count)
            mean[outside], outcomes[np.tile(outside, (repeats, 1))] = np.nan, np.nan
    return mean, outcomes


def _between(mean: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """(3, n): mean, 5 % and 95 % points of rows; NaN where no draw gives the row a mean."""
    found = np.full((3, mean.shape[1]), np.nan)
    full, some = ~np.isnan(mean).any(axis=0), ~np.isnan(mean).all(axis=0)
    found[0, full], found[1:, full] = mean[:, full].mean(axis=0), np.quantile(outcomes[:, full], LEVELS, axis=0)
    part = some & ~full  # row by row, which is slow
    if part.any():
        found[0, part] = np.nanmean(mean[:, part], axis=0)
        found[1:, part] = np.nanquantile(outcomes[:, part], LEVELS, axis=0)
    return found


def reliability(fit: Fit, data=None) -> Reliability:
    """The CORP reliability curve of a response of two values or of levels.

    Raises `DataError` for rows without a response, and for a response that is a number.
    """
    design, family = _observed(fit, data), fit.model.family
    kind = rules.kind_of(family)
    if kind == rules.NUMBER:
        raise DataError("Reliability is for binary responses and levels.", found=family.name, do="plots.intervals")
    mean = predictive_mean(fit, design)
    if kind == rules.BINARY:
        mean, happened = rules.success(family, mean), rules.success(family, design.y)
    else:
        happened = (design.y[:, None] == np.arange(mean.shape[1])).astype(float).ravel()
        mean = mean.ravel()
    order = np.argsort(mean, kind="stable")
    _, code = np.unique(mean[order], return_inverse=True)
    counts = np.bincount(code)
    shares = np.bincount(code, weights=happened[order]) / counts
    return Reliability(mean[order], isotonic_regression(shares, weights=counts).x[code], happened[order])


def _observed(fit: Fit, data) -> Design:
    check_fit(fit, "A predictive check")
    if fit.model is None:
        raise EstimatorError("Predictive checks need an RGLM.", found="a fit of your own NumPyro function")
    check_one_response(fit, "A predictive check")
    design = new_rows(fit, data)
    if design.y is None:
        raise DataError("A predictive check compares with a response.", found="rows without one", do="add it")
    return design


def checked(fits: Mapping[str, Fit], data=None) -> tuple[dict[str, Intervals | Reliability], int]:
    """What `predictions` draws, and the number of rows that there are: intervals are those of at most 500 of them,
    evenly spaced in order of the observed value; reliability is that of all.
    """
    first = next(iter(fits.values()))
    if rules.kind_of(first.model.family) != rules.NUMBER:
        found = {name: reliability(fit, data) for name, fit in fits.items()}
        return found, _observed(first, data).n
    design = _observed(first, data)
    rows = data if design.n <= MOST_CHECKED else design.take(np.sort(spaced(design.y, MOST_CHECKED)))
    return {name: intervals(fit, rows) for name, fit in fits.items()}, design.n


def spaced(observed: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most `most` rows, evenly spaced in order of the observed value."""
    order = np.argsort(observed, kind="stable")
    step = np.linspace(0, len(order) - 1, min(len(order), most)).round().astype(int)
    return order[np.unique(step)]


__all__ = ["Intervals", "Reliability", "checked", "intervals", "reliability", "spaced"]

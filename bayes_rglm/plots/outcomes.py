"""What each method predicted for rows against what then happened.

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
from ..comparison.scores import predictive_mean
from ..design import Design
from ..errors import DataError, EstimatorError
from ..prediction import as_rows, new_rows
from ..results import Fit, check_one_response
from .numbers import tick
from .style import INK, MUTED, PAPER, RULE, WIDE, Mark, inches, marks, panels, starts_line, styled, wrap

MOST_ROWS = 60
MOST_STROKES = 300
OUTCOMES = 2000
LEVELS = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Intervals:
    """Predictive distributions of rows, (n,) each: mean, 5 % and 95 % points, beside the observed response."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    observed: np.ndarray

    @property
    def outside(self) -> int:
        """Rows observed outside their interval."""
        return int((~self.inside).sum())

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

    A point estimate predicts with its plug-in distribution. Draws that give a row no mean (a restricted link) are left
    out of it. Raises `DataError` for rows without a response, or a response of levels.
    """
    design, family = _observed(fit, data), fit.model.family
    if rules.kind_of(family) != rules.NUMBER:
        raise DataError("Intervals are for responses that are numbers.", found=family.name, do="plots.reliability")
    rows = as_rows(design)
    with evaluation.float64():
        law = evaluation.response(fit.problem, fit.draws.samples, rows)
        repeats = -(-OUTCOMES // np.prod(evaluation.shape_of(fit.draws.samples)))
        outcomes = np.array(law.sample(jax.random.key(seed), (repeats,)), float).reshape(-1, design.n)
        mean = np.asarray(law.mean, float).reshape(-1, design.n)
        inside = np.asarray(fit.problem.program.link.inside(law.eta)).reshape(-1, design.n)
    outcomes[~np.tile(inside, (repeats, 1))] = np.nan
    somewhere = inside.any(axis=0)
    low, high, middle = np.full((3, design.n), np.nan)
    low[somewhere], high[somewhere] = np.nanquantile(outcomes[:, somewhere], LEVELS, axis=0)
    middle[somewhere] = np.nanmean(np.where(inside, mean, np.nan)[:, somewhere], axis=0)
    return Intervals(middle, low, high, design.y)


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
    if fit.model is None:
        raise EstimatorError("Predictive checks need an RGLM.", found="a fit of your own NumPyro function")
    check_one_response(fit, "A predictive check")
    design = new_rows(fit, data)
    if design.y is None:
        raise DataError("A predictive check compares with a response.", found="rows without one", do="add it")
    return design


@styled
def predictions(fits: Mapping[str, Fit], data=None, *, width: float = WIDE):
    """A panel per method: reliability of predicted probabilities, or predictive intervals beside the observed values.

    Parameters
    ----------
    fits : mapping of str to Fit, or Contrast
    data : frame, (X, y) or Design
        Rows with their response; those held out where a Contrast is given, else the fitted ones.
    width : float
        Inches; narrow figures stack the panels.
    """
    data = getattr(fits, "test", None) if data is None else data
    fits = dict(getattr(fits, "fits", fits))
    drawn = marks(sorted(fits))
    family = next(iter(fits.values())).model.family
    if rules.kind_of(family) != rules.NUMBER:
        return _reliability_figure({name: reliability(fit, data) for name, fit in fits.items()}, drawn, width)
    response = next(iter(fits.values())).design.response or "response"
    found = {name: intervals(fit, data) for name, fit in fits.items()}
    return _interval_figure(found, drawn, response, width, family.discrete)


def _reliability_figure(found: dict[str, Reliability], drawn: dict[str, Mark], width: float):
    figure, axes = panels(len(found), width, 1.75, left=0.62, bottom=0.7, top=0.35)
    for i, (axis, (name, curve)) in enumerate(zip(axes, found.items(), strict=True)):
        axis.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=0)
        _blocks(axis, curve, drawn[name])
        for outcome, at in ((1.0, 1.09), (0.0, -0.09)):
            _rug(axis, curve.predicted[curve.observed == outcome], at, drawn[name])
        axis.set_title(name, loc="left", pad=5)
        axis.set_xlim(-0.05, 1.05)
        axis.set_ylim(-0.14, 1.14)
        axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axis.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axis.set_xlabel(wrap("predicted probability", inches(axis)))
        if starts_line(axes, i):
            axis.set_ylabel("observed frequency")
        else:
            axis.tick_params(labelleft=False)
    return figure


def _blocks(axis, curve: Reliability, mark: Mark) -> None:
    """Rows of one isotonic frequency: a level from the least to the greatest prediction, a marker at their mean."""
    levels, code = np.unique(curve.frequency, return_inverse=True)
    ends = []
    for b, level in enumerate(levels):
        own = curve.predicted[code == b]
        axis.plot([own.min(), own.max()], [level, level], color=mark.colour, lw=2.4, solid_capstyle="butt")
        axis.plot([own.mean()], [level], mark.marker, color=mark.colour, ms=5, mec=PAPER, mew=0.6, zorder=3)
        ends += [(own.min(), level), (own.max(), level)]
    axis.plot(*np.array(ends).T, color=mark.colour, lw=0.8, alpha=0.7)


def _rug(axis, values: np.ndarray, at: float, mark: Mark) -> None:
    """A stroke per row at its prediction, drawn as one line with gaps; an even selection of many."""
    values = values[np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_STROKES)).round().astype(int))]
    x = np.repeat(values, 3)
    y = np.tile([at - 0.035, at + 0.035, np.nan], len(values))
    axis.plot(x, y, color=mark.colour, lw=0.7, alpha=0.7)


def _interval_figure(found: dict[str, Intervals], drawn, response: str, width: float, counts: bool):
    figure, axes = panels(len(found), width, 1.9, left=0.78, bottom=0.55, top=0.35)
    rows = _rows(found)
    for i, (axis, (name, shown)) in enumerate(zip(axes, found.items(), strict=True)):
        order = rows[np.argsort(shown.mean[rows], kind="stable")]
        _row_intervals(axis, shown, order, drawn[name])
        axis.set_title(name, loc="left", pad=5)
        outside = f"{shown.outside} of {len(shown.mean)} outside"
        axis.set_title(outside, loc="right", pad=5, fontsize=8.5, fontweight="normal", color=MUTED)
        axis.set_xticks([])
        axis.set_xlabel(wrap("rows, by predicted mean", inches(axis)))
        if starts_line(axes, i):
            axis.set_ylabel(response)
        else:
            axis.tick_params(labelleft=False)
    _value_axis(axes[0], found, rows, counts)
    return figure


def _rows(found: dict[str, Intervals]) -> np.ndarray:
    """The rows to draw: all of them, or an even selection in order of the observed value."""
    first = next(iter(found.values()))
    order = np.argsort(first.observed, kind="stable")
    step = np.linspace(0, len(order) - 1, min(len(order), MOST_ROWS)).round().astype(int)
    return order[np.unique(step)]


def _row_intervals(axis, shown: Intervals, order: np.ndarray, mark: Mark) -> None:
    at = np.arange(len(order))
    few = len(at) < 25
    inside = shown.inside
    axis.vlines(at, shown.low[order], shown.high[order], color=mark.colour, lw=3.0 if few else 1.6, alpha=0.45)
    axis.plot(at, shown.mean[order], "_", color=mark.colour, ms=7 if few else 4, mew=1.6)
    for member, face in ((inside, PAPER), (~inside, INK)):
        keep = member[order]
        axis.plot(at[keep], shown.observed[order][keep], "o", color=face, ms=4.5, mec=INK, mew=1.1, zorder=3)
    axis.set_xlim(-0.7, len(at) - 0.3)
    axis.grid(axis="y", color=RULE, lw=0.6)
    axis.set_axisbelow(True)


def _value_axis(axis, found: dict[str, Intervals], rows: np.ndarray, counts: bool) -> None:
    """A linear axis, unless counts range so far that it would show one row alone."""
    from matplotlib.ticker import FuncFormatter

    top = max(float(np.nanmax([shown.high[rows], shown.observed[rows]])) for shown in found.values())
    middle = max(1.0, float(np.median(next(iter(found.values())).observed[rows])))
    if counts and top > 20 * middle:
        axis.set_yscale("symlog", linthresh=2 * middle, linscale=0.8)
        ticks = [0.0, *(k * 10.0**e for e in range(9) for k in (1, 3) if k * 10.0**e <= 1.5 * top)]
        axis.set_yticks([t for t in ticks if t == 0 or t >= middle])
        axis.set_ylim(-0.35 * middle, 1.6 * top)
        axis.minorticks_off()
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))


__all__ = ["Intervals", "Reliability", "intervals", "predictions", "reliability"]

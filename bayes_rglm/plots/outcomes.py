"""What each method predicted for rows against what then happened.

Binary responses: the observed frequency as a monotone function of the predicted probability (isotonic regression, the
CORP reliability curve, which needs no bins). Others: the 90 % predictive interval of each row and its observed value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import isotonic_regression

from .. import evaluation
from ..comparison.scores import is_binary
from ..design import Design
from ..errors import DataError, EstimatorError
from ..prediction import as_rows, new_rows
from ..results import Fit
from .style import INK, MUTED, PAPER, RULE, WIDE, Mark, marks, panels, styled, wrap

MOST_ROWS = 60
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
        return int(((self.observed < self.low) | (self.observed > self.high)).sum())


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted probabilities in increasing order, the isotonic frequency at each, and the 0/1 responses; (n,) each."""

    predicted: np.ndarray
    frequency: np.ndarray
    observed: np.ndarray


def intervals(fit: Fit, data=None, *, seed: int = 0) -> Intervals:
    """90 % predictive intervals, observation noise included, of the rows of `data` (None: the fitted rows).

    A point estimate predicts with its plug-in distribution. Raises `DataError` for rows without a response.
    """
    design = _observed(fit, data)
    with evaluation.float64():
        eta = evaluation.linear_predictors(fit.problem, fit.draws.samples, as_rows(design))
        repeats = -(-OUTCOMES // (eta.shape[0] * eta.shape[1]))
        response = evaluation.response(fit.problem, fit.draws.samples, jnp.asarray(eta))
        outcomes = np.asarray(response.sample(jax.random.key(seed), (repeats,)), float).reshape(-1, design.n)
        mean = np.asarray(response.mean).reshape(-1, design.n).mean(0)
    return Intervals(mean, *np.quantile(outcomes, LEVELS, axis=0), design.y)


def reliability(fit: Fit, data=None) -> Reliability:
    """The CORP reliability curve of a binary response. Raises `DataError` for rows without one, or another family."""
    design = _observed(fit, data)
    if not is_binary(fit.model.family):
        raise DataError("Reliability is for binary responses.", found=fit.model.family.name, do="plots.intervals")
    mean = evaluation.means(fit.problem, fit.draws.samples, as_rows(design)).reshape(-1, design.n).mean(0)
    order = np.argsort(mean, kind="stable")
    values, code = np.unique(mean[order], return_inverse=True)
    counts = np.bincount(code)
    shares = np.bincount(code, weights=design.y[order]) / counts
    return Reliability(mean[order], isotonic_regression(shares, weights=counts).x[code], design.y[order])


def _observed(fit: Fit, data) -> Design:
    if fit.model is None:
        raise EstimatorError("Predictive checks need an RGLM.", found="a fit of your own NumPyro function")
    design = new_rows(fit, data)
    if design.y is None:
        raise DataError("A predictive check compares with a response.", found="rows without one", do="add it")
    return design


@styled
def predictions(fits: Mapping[str, Fit], data=None, *, width: float = WIDE):
    """A panel per method: reliability of binary predictions, or predictive intervals beside the observed values.

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
    if is_binary(family):
        return _reliability_figure({name: reliability(fit, data) for name, fit in fits.items()}, drawn, width)
    response = next(iter(fits.values())).design.response or "response"
    found = {name: intervals(fit, data) for name, fit in fits.items()}
    return _interval_figure(found, drawn, response, width, family.discrete)


def _reliability_figure(found: dict[str, Reliability], drawn: dict[str, Mark], width: float):
    figure, axes = panels(len(found), width, 1.75, left=0.5, bottom=0.75, top=0.35)
    for i, (axis, (name, curve)) in enumerate(zip(axes, found.items(), strict=True)):
        mark = drawn[name]
        axis.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=0)
        axis.step(curve.predicted, curve.frequency, where="mid", color=mark.colour, lw=1.8)
        for outcome, at in ((1.0, 1.07), (0.0, -0.07)):
            own = curve.predicted[curve.observed == outcome]
            axis.plot(own, np.full(len(own), at), "|", color=mark.colour, ms=6, mew=0.8, alpha=0.6)
        axis.set_title(name, loc="left", pad=5)
        axis.set_xlim(-0.04, 1.04)
        axis.set_ylim(-0.13, 1.13)
        axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axis.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axis.set_xlabel("predicted\nprobability")
        if i == 0 or _first_of_line(axes, i):
            axis.set_ylabel("observed\nfrequency")
    return figure


def _first_of_line(axes, i: int) -> bool:
    return axes[i].get_position().x0 <= axes[0].get_position().x0 + 1e-9


def _interval_figure(found: dict[str, Intervals], drawn, response: str, width: float, counts: bool):
    figure, axes = panels(len(found), width, 1.9, left=0.62, bottom=0.62, top=0.35)
    rows = _rows(found)
    for i, (axis, (name, shown)) in enumerate(zip(axes, found.items(), strict=True)):
        order = rows[np.argsort(shown.mean[rows], kind="stable")]
        _row_intervals(axis, shown, order, drawn[name])
        axis.set_title(f"{name}: {shown.outside} of {len(shown.mean)} outside", loc="left", pad=5, fontsize=9)
        axis.set_xticks([])
        axis.set_xlabel(wrap("held-out rows, by predicted mean" if i == 0 else "by predicted mean", width / len(axes)))
        if _first_of_line(axes, i):
            axis.set_ylabel(response)
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
    inside = (shown.observed >= shown.low) & (shown.observed <= shown.high)
    axis.vlines(at, shown.low[order], shown.high[order], color=mark.colour, lw=3.0 if len(at) < 25 else 1.6, alpha=0.45)
    axis.plot(at, shown.mean[order], "_", color=mark.colour, ms=7 if len(at) < 25 else 4, mew=1.6)
    for member, style in ((inside, {"color": PAPER, "mec": INK}), (~inside, {"color": INK, "mec": INK})):
        keep = member[order]
        axis.plot(at[keep], shown.observed[order][keep], "o", ms=4.5, mew=1.1, zorder=3, **style)
    axis.set_xlim(-0.7, len(at) - 0.3)
    axis.grid(axis="y", color=RULE, lw=0.6)
    axis.set_axisbelow(True)


def _value_axis(axis, found: dict[str, Intervals], rows: np.ndarray, counts: bool) -> None:
    """A linear axis, unless counts range so far that it would show one row alone."""
    top = max(float(np.max([shown.high[rows].max(), shown.observed[rows].max()])) for shown in found.values())
    middle = max(1.0, float(np.median(next(iter(found.values())).observed[rows])))
    if counts and top > 30 * middle:
        from matplotlib.ticker import FuncFormatter

        axis.set_yscale("symlog", linthresh=max(2.0, 2 * middle), linscale=0.8)
        axis.set_ylim(-0.3, 2 * top)
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}".replace(",", "\u202f")))
        axis.minorticks_off()


__all__ = ["Intervals", "Reliability", "intervals", "predictions", "reliability"]

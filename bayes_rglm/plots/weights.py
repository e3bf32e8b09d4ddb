"""The coefficients of a model without hidden layers, by each method, per standard deviation of their column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import EstimatorError
from ..results import Fit, check_one_response
from .given import fits_of
from .numbers import number
from .style import (
    MUTED,
    PAPER,
    WIDE,
    Mark,
    arrow,
    blank,
    lines_of,
    marks,
    row_label,
    rows_only,
    styled,
    x_label,
    zero_line,
)

MOST = 24
"""Columns that are drawn; of a longer list those of greatest size."""
LEVELS = (0.025, 0.975)
REACH = 4.0


@dataclass(frozen=True)
class Estimate:
    """One coefficient by one method, per standard deviation of its column; NaN bounds where none can be given. `column`
    is "column: level" where each level has its own.
    """

    method: str
    column: str
    value: float
    low: float
    high: float


def estimates(fits: Mapping[str, Fit] | Fit) -> list[Estimate]:
    """The coefficients of fits at depth 1, columns outside, methods inside.

    Draws, by their weights: mean and 95 % interval. Maximum likelihood: estimate and, where its theory holds, the 95 %
    Wald interval; infinite where no finite one exists. Other points: the estimate alone. Raises `EstimatorError` for a
    network, and for fits whose coefficients are not the same ones.
    """
    fits = fits_of(fits)
    _check(fits)
    first = next(iter(fits.values()))
    names, unit = _names(first), first.design.X.std(axis=0)
    unit = np.repeat(unit, len(names) // len(unit))
    found = {method: _of(fit) * unit[:, None] for method, fit in fits.items()}
    return [
        Estimate(method, column, *map(float, rows[j]))
        for j, column in enumerate(names)
        for method, rows in found.items()
    ]


def _names(fit: Fit) -> list[str]:
    """Names of the entries of `beta`, levels inside columns."""
    _, *levels = fit.draws.samples["beta"].shape[2:]
    if not levels:
        return list(fit.design.columns)
    named = fit.design.levels or range(fit.problem.program.levels or levels[0])
    return [f"{column}: {level}" for column in fit.design.columns for level in list(named)[-levels[0] :]]


def _check(fits: Mapping[str, Fit]) -> None:
    for fit in fits.values():
        check_one_response(fit, "A coefficient plot")
    deep = [name for name, fit in fits.items() if fit.problem.depth != 1 or fit.design is None or fit.design.p == 0]
    if deep:
        raise EstimatorError(
            "The weights of a network, or of a model without columns, have no coefficient plot.",
            found=", ".join(deep),
            do="plot what it predicts: plots.predictions, plots.surfaces",
        )
    if not same_coefficients(fits):
        raise EstimatorError(
            "Methods with different coefficients have no common coefficient plot.",
            found=", ".join(f"{name}: {len(_names(fit))} coefficients" for name, fit in fits.items()),
            do="plot each of them by itself: plots.coefficients(fit)",
        )


def same_coefficients(fits: Mapping[str, Fit]) -> bool:
    """Whether fits at depth 1 have the same coefficients: an ordinal response has one for each column, a categorical
    one for each column and level.
    """
    return len({tuple(_names(fit)) for fit in fits.values()}) == 1


def _of(fit: Fit) -> np.ndarray:
    """(p, 3): value, low, high in raw units; optima have no interval."""
    if fit.is_point or fit.draws.kind == "mixture":
        table = fit.summary()
        table = table[[name.startswith("beta[") for name in table.index]]
        missing = np.full(len(table), np.nan)
        bounds = [table[c].to_numpy(float) if c in table else missing for c in ("eti95_lb", "eti95_ub")]
        return np.column_stack([table["estimate" if fit.is_point else "mean"].to_numpy(float), *bounds])
    draws = fit.resampled().draws.samples["beta"]
    draws = draws.reshape(-1, np.prod(draws.shape[2:]))
    return np.column_stack([draws.mean(0), *np.quantile(draws, LEVELS, axis=0)])


@styled
def coefficients(fits: Mapping[str, Fit] | Fit, *, width: float = WIDE):
    """Coefficients of each column by each method, per standard deviation of the column.

    Values far beyond what the regularised methods find are arrows with their number; so is an infinite one.

    Parameters
    ----------
    fits : mapping of str to Fit, Contrast, or Fit
        Models without hidden layers on one design.
    width : float
        Inches.

    Raises
    ------
    EstimatorError
        A fit is a network, or fits have different coefficients.
    """
    fits = fits_of(fits)
    found = estimates(fits)
    columns = _largest(found)
    left_out = len({e.column for e in found}) - len(columns)
    drawn = marks(sorted(fits))
    low, high = _limits(found, columns)
    text = _unit(next(iter(fits.values()))) + (f"; {left_out} smaller ones are not drawn" if left_out else "")
    foot = 0.38 + 0.16 * lines_of(text, width)
    step = 0.165
    row = 0.34 + step * len(fits)
    figure, axes = blank(width, row * len(columns) + foot + 0.45, bottom=foot, top=0.42)
    rows_only(axes, len(columns), edge=0.5)
    zero_line(axes, len(columns), 0.27 / row - 0.5, 0.46)
    axes.set_xlim(low, high)
    for i, column in enumerate(columns):
        row_label(axes, i, column, lift=0.5 - 0.14 / row)
        own = [e for e in found if e.column == column]
        for j, estimate in enumerate(own):
            y = i - 0.5 + (0.36 + step * j) / row
            _estimate(axes, y, estimate, drawn[estimate.method], low, high)
    _legend(axes, fits, drawn)
    x_label(axes, text, width)
    return figure


def _estimate(axes, y: float, e: Estimate, mark: Mark, low: float, high: float) -> None:
    if np.isnan(e.value):
        axes.text(0.0, y, f" {e.method}: not identified", va="center", color=MUTED, fontsize=8)
        return
    if not low < e.value < high:
        arrow(axes, y, -1 if e.value < 0 else 1, mark, text=number(e.value, 2))
        return
    if np.isfinite([e.low, e.high]).all():
        axes.plot([e.low, e.high], [y, y], color=mark.colour, lw=1.8, solid_capstyle="butt", clip_on=True)
    axes.plot([e.value], [y], mark.marker, color=mark.colour, ms=5.5, mec=PAPER, mew=0.7)


def _largest(found: list[Estimate]) -> list[str]:
    """Columns to draw, in their own order."""
    columns = list(dict.fromkeys(e.column for e in found))
    if len(columns) <= MOST:
        return columns
    values = {c: [abs(e.value) for e in found if e.column == c and np.isfinite(e.value)] for c in columns}
    keep = set(sorted(columns, key=lambda c: -min(values[c], default=np.inf))[:MOST])
    return [c for c in columns if c in keep]


def _limits(found: list[Estimate], columns: list[str]) -> tuple[float, float]:
    """An axis that shows the bulk of what was found: wild maximum-likelihood values become arrows."""
    ends = np.array([[e.value, e.low, e.high] for e in found if e.column in columns])
    finite = ends[np.isfinite(ends)]
    if not finite.size:
        return -1.0, 1.0
    modest = np.array([[e.value, e.low, e.high] for e in found if e.column in columns and np.isfinite(e.low)])
    base = modest[np.isfinite(modest)] if modest.size else finite
    size = np.abs(base).max() or 1.0
    inside = finite[np.abs(finite) <= REACH * size]
    low, high = min(inside.min(), 0.0), max(inside.max(), 0.0)
    room = 0.12 * (high - low or 1.0)
    return float(low - room), float(high + room)


def _unit(fit: Fit) -> str:
    scale = {"logit": "log odds", "log": "log mean", "identity": f"units of {fit.design.response or 'the response'}"}
    return f"{scale.get(fit.model.link.name, 'linear predictor')} per standard deviation of the column"


def _legend(axes, fits, drawn) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=drawn[m].colour, marker=drawn[m].marker, ms=6, lw=0 if f.is_point else 1.8, label=m)
        for m, f in fits.items()
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncol=4, borderaxespad=0.1)


__all__ = ["Estimate", "coefficients", "estimates", "same_coefficients"]

"""Figures of what each method predicted for rows against what then happened; the numbers are those of `predicted`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..comparison import rules
from ..results import Fit
from .given import fits_of
from .numbers import fixed, tick
from .predicted import Intervals, Reliability, checked, spaced
from .style import INK, MUTED, PAPER, RULE, WIDE, Mark, inches, marks, panels, starts_line, styled, wrap

MOST_ROWS = 60
MOST_STROKES = 300


@styled
def predictions(fits: Mapping[str, Fit] | Fit, data=None, *, width: float = WIDE, found=None):
    """A panel per method: reliability of predicted probabilities, or predictive intervals beside the observed values.

    Of many rows 500 are checked and 60 drawn, evenly spaced in order of the observed value.

    Parameters
    ----------
    fits : mapping of str to Fit, Contrast, or Fit
    data : frame, (X, y) or Design
        Rows with their response; those held out where a Contrast is given, else the fitted ones.
    width : float
        Inches; narrow figures stack the panels.
    found : {method: Intervals or Reliability}, optional
        What was computed before for these rows.
    """
    data = getattr(fits, "test", None) if data is None else data
    fits = fits_of(fits)
    drawn, first = marks(sorted(fits)), next(iter(fits.values()))
    found = checked(fits, data)[0] if found is None else found
    if rules.kind_of(first.model.family) != rules.NUMBER:
        return _reliability_figure(found, drawn, width)
    return _interval_figure(found, drawn, first.design.response or "response", width, first.model.family.discrete)


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
    rows = spaced(next(iter(found.values())).observed, MOST_ROWS)
    for i, (axis, (name, shown)) in enumerate(zip(axes, found.items(), strict=True)):
        order = rows[np.argsort(shown.mean[rows], kind="stable")]
        _row_intervals(axis, shown, order, drawn[name])
        axis.set_title(name, loc="left", pad=5)
        outside = _outside(shown)
        axis.set_title(outside, loc="right", pad=5, fontsize=8.5, fontweight="normal", color=MUTED)
        axis.set_xticks([])
        axis.set_xlabel(wrap("rows, by predicted mean", inches(axis)))
        if starts_line(axes, i):
            axis.set_ylabel(response)
        else:
            axis.tick_params(labelleft=False)
    _value_axis(axes[0], found, rows, counts)
    return figure


def _outside(shown: Intervals) -> str:
    """The number of rows outside, or their share where the number would not fit beside a panel's name."""
    if shown.known < 100:
        return f"{shown.outside} of {shown.known} outside"
    return f"{fixed(100 * shown.outside / shown.known, 1)} % outside"


def _row_intervals(axis, shown: Intervals, order: np.ndarray, mark: Mark) -> None:
    at = np.arange(len(order))
    few = len(at) < 25
    inside = shown.inside
    outside = ~inside & ~np.isnan(shown.observed)
    axis.vlines(at, shown.low[order], shown.high[order], color=mark.colour, lw=3.0 if few else 1.6, alpha=0.45)
    axis.plot(at, shown.mean[order], "_", color=mark.colour, ms=7 if few else 4, mew=1.6)
    for member, face in ((inside, PAPER), (outside, INK)):
        keep = member[order]
        axis.plot(at[keep], shown.observed[order][keep], "o", color=face, ms=4.5, mec=INK, mew=1.1, zorder=3)
    axis.set_xlim(-0.7, len(at) - 0.3)
    axis.grid(axis="y", color=RULE, lw=0.6)
    axis.set_axisbelow(True)


def _value_axis(axis, found: dict[str, Intervals], rows: np.ndarray, counts: bool) -> None:
    """A linear axis, unless numbers from 0 on range so far that it would show one row alone."""
    from matplotlib.ticker import FuncFormatter

    top = max(float(np.nanmax([shown.high[rows], shown.observed[rows]])) for shown in found.values())
    seen = next(iter(found.values())).observed[rows]
    seen = seen if counts else seen[seen > 0]
    middle = max(float(counts), float(np.nanmedian(seen))) if seen.size else 0.0
    from_zero = all(np.nanmin([shown.low[rows], shown.observed[rows]]) >= 0 for shown in found.values())
    if from_zero and 0 < 20 * middle < top:
        axis.set_yscale("symlog", linthresh=2 * middle, linscale=0.8)
        ticks = [0.0, *(k * 10.0**e for e in range(-9, 9) for k in (1, 3) if k * 10.0**e <= 1.5 * top)]
        axis.set_yticks([t for t in ticks if t == 0 or t >= middle])
        axis.set_ylim(-0.35 * middle, 1.6 * top)
        axis.minorticks_off()
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))


__all__ = ["MOST_ROWS", "predictions"]

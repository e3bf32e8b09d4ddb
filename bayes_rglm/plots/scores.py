"""Figures of a comparison: paired differences with standard errors, and the gap from training to held-out rows."""

from __future__ import annotations

import numpy as np

from .given import comparison_of
from .numbers import count, fixed, with_error
from .style import (
    BAND,
    INK,
    PAPER,
    WIDE,
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

NOISE = 4.0


@styled
def differences(comparison, *, width: float = WIDE):
    """Paired differences in held-out log score to the best method, summed over test rows, with two standard errors.

    Parameters
    ----------
    comparison : Comparison or Contrast
    width : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
        A row per method; 0 is the reference, to the left is worse. The shaded band is |sum| < 4.

    Raises
    ------
    DataError
        No comparison.
    """
    comparison = comparison_of(comparison)
    table = scored(comparison)
    drawn = marks(sorted(comparison.table.index))
    n = len(table)
    text = (
        f"log score minus that of {comparison.reference}, summed over {count(comparison.n_test, 'held-out row')};"
        " bars: two standard errors"
    )
    foot = 0.38 + 0.16 * lines_of(text, width)
    figure, axes = blank(width, 0.5 * n + foot + 0.1, bottom=foot)
    rows_only(axes, n)
    axes.axvspan(-NOISE, NOISE, color=BAND, lw=0, zorder=-2)
    zero_line(axes, n)
    for i, (method, row) in enumerate(table.iterrows()):
        row_label(axes, i, method, _difference_text(method, row, comparison.reference))
        _difference(axes, i, row, drawn[method])
    axes.set_xlim(*_difference_limits(table))
    x_label(axes, text, width)
    return figure


def scored(comparison):
    """The rows of the table of methods that were scored: neither failed nor left out."""
    return comparison.table[comparison.table["verdict"] != ""]


def _difference_text(method, row, reference) -> str:
    if method == reference:
        return "reference"
    return f"{with_error(row['difference'], row['se'])}, {row['verdict']}"


def _difference(axes, y: float, row, mark) -> None:
    value, error = float(row["difference"]), float(row["se"])
    if np.isinf(value):
        arrow(axes, y, -1 if value < 0 else 1, mark, text="beyond every axis")
        return
    if np.isfinite(error) and error > 0:
        axes.plot([value - 2 * error, value + 2 * error], [y, y], color=mark.colour, lw=2.2, solid_capstyle="butt")
    axes.plot([value], [y], mark.marker, color=mark.colour, ms=7, mec=PAPER, mew=0.8)


def _difference_limits(table) -> tuple[float, float]:
    value = table["difference"].to_numpy(float)
    reach = 2 * np.nan_to_num(table["se"].to_numpy(float))
    ends = np.concatenate([value - reach, value + reach, [-1.5 * NOISE, 1.5 * NOISE]])
    ends = ends[np.isfinite(ends)]
    room = 0.05 * np.ptp(ends)
    return float(ends.min() - room), float(ends.max() + room)


@styled
def gaps(comparison, *, width: float = WIDE):
    """Log score per row on the training rows (hollow) and on the held-out rows (filled) of each method.

    Parameters and errors as in `differences`. A filled sign far to the left of its hollow one is what overfitting looks
    like.
    """
    comparison = comparison_of(comparison)
    table = scored(comparison)
    drawn = marks(sorted(comparison.table.index))
    n = len(table)
    text = "log score per row; hollow: training rows, filled: held-out rows"
    foot = 0.38 + 0.16 * lines_of(text, width)
    figure, axes = blank(width, 0.5 * n + foot + 0.1, bottom=foot)
    rows_only(axes, n)
    for i, (method, row) in enumerate(table.iterrows()):
        train, test = float(row["train_log_score"]), float(row["log_score"])
        row_label(axes, i, method, f"training {fixed(train, 2)}, held out {fixed(test, 2)}")
        _dumbbell(axes, i, train, test, drawn[method])
    x_label(axes, text, width)
    _widen(axes)
    return figure


def _dumbbell(axes, y: float, train: float, test: float, mark) -> None:
    if np.isfinite(train) and np.isfinite(test):
        axes.plot([train, test], [y, y], color=mark.colour, lw=2.2, alpha=0.6, solid_capstyle="butt")
    if np.isfinite(train):
        axes.plot([train], [y], mark.marker, color=PAPER, ms=7.5, mec=mark.colour, mew=1.8, label="training")
    if np.isfinite(test):
        axes.plot([test], [y], mark.marker, color=mark.colour, ms=7.5, mec=PAPER, mew=0.8, label="held out")
    elif np.isinf(test):
        arrow(axes, y, -1, mark, text="held out: −∞")


def _widen(axes) -> None:
    """Room at both ends, and never less than 0.2 nats across: small gaps must look small."""
    low, high = axes.dataLim.intervalx
    if not np.isfinite([low, high]).all():
        low, high = -1.0, 0.0
    short = max(0.0, 0.2 - (high - low)) / 2
    room = 0.05 * (high - low + 2 * short)
    axes.set_xlim(low - short - room, high + short + room)
    axes.tick_params(axis="x", colors=INK)


__all__ = ["differences", "gaps"]

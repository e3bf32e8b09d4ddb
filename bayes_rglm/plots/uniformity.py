"""Whether the methods of a comparison mean what they say: the probability integral transforms of its held-out rows."""

from __future__ import annotations

import numpy as np

from ..comparison.calibration import LEAST, simultaneous_band
from ..errors import DataError
from .given import comparison_of
from .scores import scored
from .style import BAND, INK, MUTED, WIDE, Mark, marks, panels, starts_line, styled

POINTS = 201


@styled
def uniformity(comparison, *, width: float = WIDE):
    """A panel per method: the share of held-out rows with F(y) below u, less u, beside a simultaneous 95 % band.

    F is the predictive distribution function; its value at what happened is uniform where the method means what it
    says (randomised where y is discrete or censored), and the curve then stays in the band. `calibration` draws one
    fit on rows of your own.

    Parameters
    ----------
    comparison : Comparison or Contrast
    width : float
        Inches; narrow figures stack the panels.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        No comparison, a response without an order, several responses, or fewer than five rows.
    """
    comparison = comparison_of(comparison)
    found = transforms_of(comparison)
    if not found:
        raise DataError(
            "These methods have no probability integral transforms to show.",
            found=f"{comparison.n_test} test rows; columns {', '.join(comparison.rows)}",
            do=f"give at least {LEAST} rows of one response whose values have an order",
        )
    drawn = marks(sorted(comparison.table.index))
    figure, axes = panels(len(found), width, 1.4, left=0.62, bottom=0.55, top=0.35)
    reach = 0.05
    for i, (axis, (name, u)) in enumerate(zip(axes, found.items(), strict=True)):
        reach = max(reach, _panel(axis, u, drawn[name]))
        axis.set_title(name, loc="left", pad=5)
        axis.set_xlabel(f"u; {_chance(float(comparison.table.loc[name, 'pit_p']))}")
        if starts_line(axes, i):
            axis.set_ylabel("share below u, less u")
        else:
            axis.tick_params(labelleft=False)
    axes[0].set_xlim(0.0, 1.0)
    axes[0].set_ylim(-1.08 * reach, 1.08 * reach)
    axes[0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    return figure


def transforms_of(comparison) -> dict[str, np.ndarray]:
    """{method: transforms of its held-out rows} of the methods that have at least five, in the table's order."""
    comparison = comparison_of(comparison)
    rows = comparison.rows.dropna(subset="pit")
    known = {name: rows.loc[rows["method"] == name, "pit"].to_numpy(float) for name in scored(comparison).index}
    return {name: u for name, u in known.items() if len(u) >= LEAST}


def _panel(axis, u: np.ndarray, mark: Mark) -> float:
    """Draws band and curve; how far from 0 they reach."""
    at, low, high = simultaneous_band(len(u))
    at, low, high = (np.concatenate([[0.0], x, [1.0]]) for x in (at, low, high))
    axis.fill_between(at, low - at, high - at, color=BAND, lw=0, zorder=0)
    axis.axhline(0.0, color=MUTED, lw=0.8, zorder=1)
    points = np.linspace(0.0, 1.0, POINTS)
    curve = np.searchsorted(np.sort(u), points, side="right") / len(u) - points
    axis.plot(points, curve, color=mark.colour, lw=1.6, zorder=2)
    axis.tick_params(axis="both", colors=INK)
    return float(max(np.abs(curve).max(), np.abs(low - at).max(), np.abs(high - at).max()))


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2f}" if p >= 0.01 else f"p = {p:.3f}"


__all__ = ["transforms_of", "uniformity"]

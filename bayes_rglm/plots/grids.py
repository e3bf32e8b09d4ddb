"""The mean that a model with one or two columns predicts, as a curve or a surface, a panel per method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .. import evaluation
from ..comparison.scores import is_binary
from ..design import Design
from ..errors import EstimatorError
from ..results import Fit
from .style import INK, PAPER, RULE, WIDE, marks, panels, styled

POINTS, SIDE, DRAWS = 120, 48, 400
LEVELS = (0.05, 0.95)
MAP_COLOURS = ("#2b5c8a", "#7fa8c9", "#eef0ee", "#e6b98a", "#b5651d")


@dataclass(frozen=True, eq=False)
class Surface:
    """The predicted mean over a grid: `grid` (m, p) in the columns' units; mean, 5 % and 95 % points over draws, (m,)."""

    grid: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def drawable(fits: Mapping[str, Fit]) -> bool:
    """Whether the model has one or two columns, which is what can be drawn."""
    return bool(fits) and all(fit.design is not None and fit.design.p in (1, 2) for fit in fits.values())


def surface(fit: Fit) -> Surface:
    """E[y] over the range of the columns, the offset at its mean, from at most 400 evenly spaced draws."""
    _check({fit.label: fit})
    grid = _grid(fit.design)
    rows = {"X": grid}
    if fit.design.offset is not None:
        rows["offset"] = np.full(len(grid), fit.design.offset.mean())
    values = evaluation.means(fit.problem, _thinned(fit), rows).reshape(-1, len(grid))
    low, high = np.quantile(values, LEVELS, axis=0) if len(values) > 1 else (np.full(len(grid), np.nan),) * 2
    return Surface(grid, values.mean(0), low, high)


def _check(fits: Mapping[str, Fit]) -> None:
    if not drawable(fits):
        raise EstimatorError(
            "A surface is drawn over one or two columns.",
            found=", ".join(f"{name}: {fit.design.p if fit.design else 0}" for name, fit in fits.items()) or "no fits",
            do="use plots.predictions",
        )


def _thinned(fit: Fit) -> dict[str, np.ndarray]:
    flat = {k: v.reshape(1, -1, *v.shape[2:]) for k, v in fit.draws.samples.items()}
    total = next(iter(flat.values())).shape[1]
    keep = np.unique(np.linspace(0, total - 1, min(total, DRAWS)).round().astype(int))
    return {k: v[:, keep] for k, v in flat.items()}


def _grid(design: Design) -> np.ndarray:
    low, high = design.X.min(0), design.X.max(0)
    room = 0.08 * (high - low)
    sides = [np.linspace(a - r, b + r, POINTS if design.p == 1 else SIDE) for a, b, r in zip(low, high, room, strict=True)]
    return np.stack([axis.ravel() for axis in np.meshgrid(*sides)], axis=-1)


@styled
def surfaces(fits: Mapping[str, Fit], *, width: float = WIDE):
    """The predicted mean over the columns of the model, with the training rows; a panel per method.

    One column: the mean as a line, with a 90 % band over draws. Two: filled contours of the mean, lines at their values.
    Raises `EstimatorError` for a model of more columns.
    """
    fits = dict(getattr(fits, "fits", fits))
    _check(fits)
    two = next(iter(fits.values())).design.p == 2
    figure, axes = panels(len(fits), width, 1.85, left=0.5, bottom=0.6, top=0.35)
    drawn = marks(sorted(fits))
    found = {name: surface(fit) for name, fit in fits.items()}
    levels = _levels(fits, found)
    for i, (axis, (name, fit)) in enumerate(zip(axes, fits.items(), strict=True)):
        design = fit.design
        if two:
            _contours(axis, found[name], levels)
            _points(axis, design, is_binary(fit.model.family))
        else:
            _curve(axis, found[name], design, drawn[name])
        axis.set_title(name, loc="left", pad=5)
        axis.set_xlabel(_plain(design.columns[0]))
        if axes[i].get_position().x0 <= axes[0].get_position().x0 + 1e-9:
            axis.set_ylabel(_plain(design.columns[1]) if two else design.response or "response")
    return figure


def _levels(fits, found) -> np.ndarray:
    if is_binary(next(iter(fits.values())).model.family):
        return np.array([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
    from matplotlib.ticker import MaxNLocator

    values = np.concatenate([s.mean for s in found.values()])
    low, high = np.quantile(values, [0.01, 0.99])
    return MaxNLocator(7).tick_values(low, high)


def _contours(axis, shown: Surface, levels: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    x, y, z = (v.reshape(SIDE, SIDE) for v in (*shown.grid.T, np.clip(shown.mean, levels[0], levels[-1])))
    colours = LinearSegmentedColormap.from_list("means", MAP_COLOURS)
    axis.contourf(x, y, z, levels, cmap=colours, norm=Normalize(levels[0], levels[-1]), antialiased=True)
    lines = axis.contour(x, y, z, levels[1:-1], colors="#3a4252", linewidths=[1.4 if v == 0.5 else 0.7 for v in levels[1:-1]])
    axis.clabel(lines, fontsize=7.5, fmt=lambda v: f"{v:g}", inline_spacing=2)


def _points(axis, design: Design, binary: bool) -> None:
    """Training rows: classes by shape and fill, other responses by place alone."""
    if not binary:
        axis.plot(*design.X.T, "o", color=PAPER, mec="#1b2130", ms=3.5, mew=0.8)
        return
    for value, style in ((0.0, {"color": "#fdfdfd", "marker": "o"}), (1.0, {"color": "#1b2130", "marker": "^"})):
        keep = design.y == value
        axis.plot(*design.X[keep].T, lw=0, mec="#1b2130", ms=4, mew=0.8, **style)


def _curve(axis, shown: Surface, design: Design, mark) -> None:
    x = shown.grid[:, 0]
    if np.isfinite(shown.low).all():
        axis.fill_between(x, shown.low, shown.high, color=mark.colour, alpha=0.22, lw=0)
    axis.plot(x, shown.mean, color=mark.colour)
    axis.plot(design.X[:, 0], design.y, "o", color=PAPER, mec=INK, ms=3.5, mew=0.8)
    axis.grid(axis="y", color=RULE, lw=0.6)


def _plain(column: str) -> str:
    return column.replace("_", " ")


__all__ = ["Surface", "drawable", "surface", "surfaces"]

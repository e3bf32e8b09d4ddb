"""The mean that a model with one or two columns predicts, as a curve or a surface, a panel per method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .. import evaluation
from ..comparison import rules
from ..comparison.scores import equal_draws, is_binary
from ..design import Design
from ..errors import EstimatorError
from ..results import Fit, check_fit, check_one_response
from .given import fits_of
from .numbers import tick
from .style import INK, PAPER, RULE, WIDE, marks, panels, starts_line, styled

POINTS, SIDE, DRAWS = 120, 110, 400
WIDER = 4.0
LEVELS = (0.05, 0.95)
SHADES = ("#f7f4ec", "#dde3e2", "#b4c9d5", "#83a9c2", "#5484a8", "#2c5d86", "#173f63")
"""From light to dark, so that the order is seen without colour too."""
DARK, LIGHT = "#141a26", "#fcfcfc"


@dataclass(frozen=True, eq=False)
class Surface:
    """The predicted mean over `grid`, (m, p) in the columns' units: mean, 5 % and 95 % points over draws, (m,) each; of
    counts out of trials the share.
    """

    grid: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def drawable(fits: Mapping[str, Fit]) -> bool:
    """Whether the model has one or two columns and one mean a row, which is what can be drawn."""
    return bool(fits) and all(
        fit.design is not None
        and fit.design.p in (1, 2)
        and not fit.design.responses
        and rules.kind_of(fit.model.family) in (rules.BINARY, rules.NUMBER)
        for fit in fits.values()
    )


def surface(fit: Fit) -> Surface:
    """E[y] over the range of the columns, the offset at its mean and one trial a row, from at most 400 draws, evenly
    spaced or by their weights.
    """
    check_fit(fit, "plots.surface")
    _check({fit.label: fit})
    grid = _grid(fit.design)
    rows = {"X": grid}
    if fit.design.offset is not None:
        rows["offset"] = np.full(len(grid), fit.design.offset.mean())
    if fit.design.trials is not None:
        rows["trials"] = np.ones(len(grid))
    values = evaluation.means(fit.problem, equal_draws(fit, DRAWS), rows).reshape(-1, len(grid))
    low, high = np.quantile(values, LEVELS, axis=0) if len(values) > 1 else (np.full(len(grid), np.nan),) * 2
    return Surface(grid, values.mean(0), low, high)


def _check(fits: Mapping[str, Fit]) -> None:
    for fit in fits.values():
        check_one_response(fit, "A surface")
    if not drawable(fits):
        raise EstimatorError(
            "A surface is drawn over one or two columns, of a response with one mean a row (levels have several).",
            found="; ".join(f"{name}: {_described(fit)}" for name, fit in fits.items()),
            do="use plots.predictions",
        )


def _described(fit: Fit) -> str:
    if fit.model is None or fit.design is None:
        return "a NumPyro function"
    return f"family {fit.model.family.name!r}, {fit.design.p} columns"


def _grid(design: Design) -> np.ndarray:
    low, high = design.X.min(0), design.X.max(0)
    room = 0.08 * (high - low)
    sides = [
        np.linspace(a - r, b + r, POINTS if design.p == 1 else SIDE) for a, b, r in zip(low, high, room, strict=True)
    ]
    return np.stack([axis.ravel() for axis in np.meshgrid(*sides)], axis=-1)


@styled
def surfaces(fits: Mapping[str, Fit] | Fit, *, width: float = WIDE, found: Mapping[str, Surface] | None = None):
    """The predicted mean over the columns of the model, with the training rows; a panel per method.

    One column: the mean as a line, with a 90 % band over draws. Two: shades of the mean, a key below them. Of counts
    out of trials it is the share.
    `fits` is a mapping, a Contrast or one Fit; `found` are the surfaces, where they were computed before. Raises
    `EstimatorError` for a model of more columns.
    """
    fits = fits_of(fits)
    _check(fits)
    two = next(iter(fits.values())).design.p == 2
    figure, axes = panels(len(fits), width, 1.85, left=0.58, bottom=0.5, top=0.35, foot=0.55 if two else 0.0)
    drawn = marks(sorted(fits))
    found = {name: surface(fit) for name, fit in fits.items()} if found is None else found
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
        if starts_line(axes, i):
            axis.set_ylabel(_plain(design.columns[1]) if two else _named(design))
        else:
            axis.tick_params(labelleft=False)
    if two:
        _key(figure, levels, found, _meaning(next(iter(fits.values()))))
    return figure


def _levels(fits, found) -> np.ndarray:
    if is_binary(next(iter(fits.values())).model.family):
        return np.array([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
    from matplotlib.ticker import MaxNLocator

    # A method that explodes between the rows would leave the others one shade: ranges far wider than the middle one
    # do not count.
    ends = np.array([np.nanquantile(s.mean, [0.01, 0.99]) for s in found.values()])
    widths = np.diff(ends)[:, 0]
    middle = np.sort(widths)[(len(widths) - 1) // 2]
    kept = ends[widths <= WIDER * middle] if middle > 0 else ends
    low, high = kept[:, 0].min(), kept[:, 1].max()
    return MaxNLocator(7).tick_values(low, high)


def _contours(axis, shown: Surface, levels: np.ndarray) -> None:
    x, y, z = (v.reshape(SIDE, SIDE) for v in (*shown.grid.T, np.clip(shown.mean, levels[0], levels[-1])))
    axis.contourf(x, y, z, levels, colors=_shades(levels))
    axis.contour(x, y, z, levels[1:-1], colors=DARK, linewidths=[1.5 if v == 0.5 else 0.4 for v in levels[1:-1]])


def _shades(levels: np.ndarray) -> list:
    from matplotlib.colors import LinearSegmentedColormap

    return list(LinearSegmentedColormap.from_list("means", SHADES)(np.linspace(0, 1, len(levels) - 1)))


def _key(figure, levels: np.ndarray, found: Mapping[str, Surface], meaning: str) -> None:
    """What the shades mean: a strip of them with their limits, below the panels."""
    width, height = figure.get_size_inches()
    left = 0.58 / width
    axis = figure.add_axes((left, 0.36 / height, min(3.4, width - 0.9) / width, 0.13 / height))
    for i, shade in enumerate(_shades(levels)):
        axis.axvspan(i, i + 1, color=shade, lw=0)
    axis.set_xlim(0, len(levels) - 1)
    axis.set_yticks([])
    labels = [tick(v) for v in levels]
    labels[0] = "≤ " * any(np.nanmin(s.mean) < levels[0] for s in found.values()) + labels[0]
    labels[-1] = "≥ " * any(np.nanmax(s.mean) > levels[-1] for s in found.values()) + labels[-1]
    axis.set_xticks(range(len(levels)), labels)
    axis.tick_params(length=2, pad=2)
    axis.set_xlabel(meaning, loc="left", labelpad=2)
    axis.spines["left"].set_visible(False)


def _meaning(fit: Fit) -> str:
    response = _named(fit.design)
    if not is_binary(fit.model.family):
        return f"predicted {response}" if _counted(fit.design) else f"predicted mean of {response}"
    levels = fit.design.levels
    return f"predicted probability of {response} = {levels[1] if levels else 1}"


def _named(design: Design) -> str:
    """What the surface is a mean of, in words."""
    response = _plain(design.response or "response")
    return f"share of {response} in trials" if _counted(design) else response


def _counted(design: Design) -> bool:
    """Whether the response was given as counts out of trials, and not as the share that is drawn."""
    return design.trials is not None and design.weights_kind != "trials"


def _seen(design: Design) -> np.ndarray:
    """(n,): the responses in the surface's unit."""
    return design.y if design.trials is None else design.y / design.trials


def _points(axis, design: Design, binary: bool) -> None:
    """Training rows: classes by shape and fill, other responses by place alone."""
    if not binary:
        axis.plot(*design.X.T, "o", color=LIGHT, mec=DARK, ms=3.5, mew=0.8)
        return
    for value, marker, face, edge in ((0.0, "o", LIGHT, DARK), (1.0, "^", DARK, LIGHT)):
        keep = design.y == value
        axis.plot(*design.X[keep].T, marker, color=face, mec=edge, ms=4.2, mew=0.7)


def _curve(axis, shown: Surface, design: Design, mark) -> None:
    x = shown.grid[:, 0]
    if np.isfinite(shown.low).all():
        axis.fill_between(x, shown.low, shown.high, color=mark.colour, alpha=0.22, lw=0)
    axis.plot(x, shown.mean, color=mark.colour)
    axis.plot(design.X[:, 0], _seen(design), "o", color=PAPER, mec=INK, ms=3.5, mew=0.8)
    axis.grid(axis="y", color=RULE, lw=0.6)


def _plain(column: str) -> str:
    return column.replace("_", " ")


__all__ = ["Surface", "drawable", "surface", "surfaces"]

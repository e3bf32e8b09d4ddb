"""The look of the figures: one palette, markers beside colours, rows with their label above them.

Figures are `matplotlib.figure.Figure` objects made inside `rc_context`: neither pyplot nor the user's own settings are
touched. Widths are in inches as a screen shows them; a figure made narrow stacks its panels instead of shrinking them.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

WIDE, NARROW = 6.9, 3.6
INK, MUTED, RULE, BAND, PAPER = "#1d2433", "#5a6473", "#cbd2db", "#eceff4", "#fefefe"

# Okabe and Ito's colours, which people with colour-blindness can tell apart; shapes say the same without colour.
SLOTS = (
    ("#d55e00", "o"),
    ("#0072b2", "D"),
    ("#009e73", "s"),
    ("#cc79a7", "^"),
    ("#b8860b", "v"),
    ("#56b4e9", "P"),
    ("#7a6a9b", "X"),
)
KNOWN = {"ML": 0, "NUTS": 1, "MAP": 2}

SETTINGS = {
    "font.size": 9.0,
    "font.family": "sans-serif",
    "axes.unicode_minus": True,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.linewidth": 1.6,
}


@dataclass(frozen=True)
class Mark:
    """How one method is drawn in every figure."""

    colour: str
    marker: str


def marks(methods: Iterable[str]) -> dict[str, Mark]:
    """A mark for each method: the same for a well-known name everywhere, the free ones in order for others."""
    methods = list(dict.fromkeys(methods))
    taken = {KNOWN[name] for name in methods if name in KNOWN}
    free = [slot for i, slot in enumerate(SLOTS) if i not in taken]
    others = [name for name in methods if name not in KNOWN]
    slots = {name: free[i % len(free)] for i, name in enumerate(others)}
    return {name: Mark(*(SLOTS[KNOWN[name]] if name in KNOWN else slots[name])) for name in methods}


def styled(draw: Callable) -> Callable:
    """Runs a drawing function under the settings above, and leaves those of the user alone."""

    @functools.wraps(draw)
    def run(*args, **kwargs):
        from matplotlib import rc_context, rcParamsDefault

        plain = {
            k: v for k, v in rcParamsDefault.items() if k.split(".")[0] in ("axes", "font", "xtick", "ytick", "lines")
        }
        with rc_context(plain | SETTINGS):
            return draw(*args, **kwargs)

    return run


def blank(width: float, height: float, *, left=0.03, right=0.03, top=0.1, bottom=0.5):
    """A figure and one pair of axes; margins in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    return figure, figure.add_axes(box)


def panels(n: int, width: float, height: float, *, left=0.5, bottom=0.5, top=0.35, foot=0.0):
    """A figure and `n` axes with shared scales: side by side where it is wide, one above another where it is narrow.

    Margins, the height of an axes and `foot`, room below them all, are in inches.
    """
    from matplotlib.figure import Figure

    across = n if width / n >= 2.0 else max(1, min(n, int(width // 2.2)))
    down = -(-n // across)
    cell, row = (width - 0.1) / across, height + top + bottom
    size = (width, row * down + foot)
    figure = Figure(figsize=size)
    axes = []
    for i in range(n):
        column, line = i % across, i // across
        box = (column * cell + left, (down - 1 - line) * row + bottom + foot, cell - left - 0.12, height)
        first = axes[0] if axes else None
        inside = [b / s for b, s in zip(box, (*size, *size), strict=True)]
        axes.append(figure.add_axes(inside, sharex=first, sharey=first))
    return figure, axes


def starts_line(axes, i: int) -> bool:
    """Whether the i-th of `panels` stands at the left, where the label of y belongs."""
    return axes[i].get_position().x0 <= axes[0].get_position().x0 + 1e-9


def inches(axes) -> float:
    """Width of an axes in inches."""
    return axes.get_position().width * axes.figure.get_size_inches()[0]


def rows_only(axes, n: int, *, edge: float | None = None) -> None:
    """Axes whose y is a list of `n` rows, the first on top: no spine, no ticks, light separators.

    A row reaches from its label, 0.62 above its place, to 0.42 below; `edge` makes it reach as far on both sides.
    """
    above, below = (0.62, 0.42) if edge is None else (edge, edge)
    axes.set_ylim(n - 1 + below, -above)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for i in range(n - 1):
        axes.axhline(i + below, color=RULE, lw=0.6, zorder=0)


def zero_line(axes, n: int, low: float = -0.14, high: float = 0.42) -> None:
    """The line at 0 in each of `n` rows, broken where the labels stand."""
    axes.vlines(np.zeros(n), np.arange(n) + low, np.arange(n) + high, color=MUTED, lw=0.9, zorder=-1)


def row_label(axes, row: float, text: str, value: str = "", *, lift: float = 0.3, colour: str = INK) -> None:
    """The label above a row: the name on the left, a number on the right."""
    across = axes.get_yaxis_transform()
    axes.text(0.0, row - lift, text, transform=across, ha="left", va="center", color=colour, fontweight="bold")
    if value:
        axes.text(1.0, row - lift, value, transform=across, ha="right", va="center", color=MUTED)


def x_label(axes, text: str, width: float) -> None:
    """A label for the x axis, in as many lines as the width needs."""
    axes.set_xlabel(wrap(text, width), labelpad=4)


def wrap(text: str, width: float) -> str:
    """`text` in lines that fit `width` inches."""
    return "\n".join(textwrap.wrap(text, max(12, int(width * 12.5))))


def lines_of(text: str, width: float) -> int:
    """How many lines `wrap` makes of `text`."""
    return wrap(text, width).count("\n") + 1


def arrow(axes, y: float, side: int, mark: Mark, *, text: str = "") -> None:
    """A marker at the edge of the axes with an arrow that points out of them: a value beyond the axis."""
    across = axes.get_yaxis_transform()
    tip, tail = (0.0, 0.055) if side < 0 else (1.0, 0.945)
    axes.annotate(
        "",
        (tip, y),
        (tail, y),
        xycoords=across,
        textcoords=across,
        arrowprops={"arrowstyle": "-|>", "color": mark.colour, "lw": 1.8, "shrinkA": 0, "shrinkB": 0},
    )
    if text:
        at, align = (0.065, "left") if side < 0 else (0.935, "right")
        axes.text(at, y, text, transform=across, ha=align, va="center", color=MUTED, fontsize=8)

"""The basis functions that a network has learned: its last hidden units along one input, and what each adds.

A network is a regression on h_1(x), ..., h_M(x), functions that were fitted too; the linear predictor is
intercept + sum_j beta_j h_j(x). Units have no names: they can be swapped, and odd ones flipped with their coefficient,
without changing the function. So units of different draws are never averaged; draws are drawn one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import evaluation
from ..binding import Program
from ..design import Design
from ..errors import DataError, EstimatorError
from ..model import from_values, network
from ..results import Fit, check_fit, check_one_response
from ..tree import level_labels
from .style import INK, MUTED, RULE, SLOTS, WIDE, inches, panels, starts_line, styled, wrap

POINTS = 161
STYLES = ("-", (0, (4, 2)), (0, (1, 1.5)))
PRINCIPAL = "first principal component"


@dataclass(frozen=True, eq=False)
class Basis:
    """Hidden units of single draws along one direction of the inputs.

    `x` (m,) is the input's value, in its own unit, or the score on the first principal component; `hidden` (draws, m,
    units) the outputs of the units, `parts` the same times their output coefficients, `predictor` (draws, m) their sum
    with the intercept. Of a Laplace fit, which predicts by its network's tangent at the mode, they are the tangents of
    all three. `draws` (draws, 2) is the chain and draw of each; `label` says what x is, `seen` its values in the fitted
    rows.
    """

    x: np.ndarray
    hidden: np.ndarray
    parts: np.ndarray
    predictor: np.ndarray
    draws: np.ndarray
    label: str
    seen: np.ndarray


def basis(fit: Fit, column: str | None = None, *, draws: int = 3, level: Any = None) -> Basis:
    """The last hidden layer of a network over the range of one column, the others at their means.

    Parameters
    ----------
    fit : Fit
        Of a network. The offset is left out.
    column : str, optional
        A column of the design; by default the only one, or else the first principal component of the columns in units
        of their standard deviations.
    draws : int
        Draws to take, evenly spaced, or by their weights; a point estimate has one.
    level : label or code, optional
        Of a response of levels: the one whose linear predictor is meant; by default the last.

    Raises
    ------
    EstimatorError
        A model without hidden layers, one of several responses, or one of your own.
    DataError
        No such column or level.
    """
    check_fit(fit, "plots.basis")
    check_one_response(fit, "A picture of basis functions")
    _check(fit)
    x, X, label, seen = _line(fit.design, column)
    place = _place(fit, level)
    picked = _pick(fit, draws)
    hidden, parts, predictor = zip(*[_one(fit, c, d, X, place) for c, d in picked], strict=True)
    if place is not None:
        label += f", predictor of level {level_labels(fit.problem, fit.problem.program.levels)[place]}"
    return Basis(x, *map(np.stack, (hidden, parts, predictor)), np.array(picked), label, seen)


def _check(fit: Fit) -> None:
    program = fit.problem.program
    if not isinstance(program, Program) or fit.design is None:
        raise EstimatorError("Basis functions are those of an RGLM.", found="a fit of your own NumPyro function")
    if program.depth == 1:
        raise EstimatorError(
            "A model without hidden layers has no learned basis functions.",
            found="hidden=()",
            do="plots.coefficients shows its coefficients, or fit one with hidden=(8,)",
        )


def _line(design: Design, column: str | None) -> tuple[np.ndarray, np.ndarray, str, np.ndarray]:
    """(x, rows (m, p), what x is, its values in the fitted rows)."""
    centre, unit = design.X.mean(0), design.X.std(0)
    if column is None and design.p > 1:
        scaled = (design.X - centre) / np.where(unit > 0, unit, 1.0)
        direction = np.linalg.svd(scaled, full_matrices=False)[2][0]
        direction = direction * np.sign(direction[np.argmax(np.abs(direction))])
        seen = scaled @ direction
        x = np.linspace(seen.min(), seen.max(), POINTS)
        return x, centre + x[:, None] * direction * unit, PRINCIPAL, seen
    name = design.columns[0] if column is None else column
    if name not in design.columns:
        raise DataError("There is no such column.", found=repr(name), do=f"one of {', '.join(design.columns)}")
    j = design.columns.index(name)
    seen = design.X[:, j]
    x = np.linspace(seen.min(), seen.max(), POINTS)
    rows = np.tile(centre, (POINTS, 1))
    rows[:, j] = x
    return x, rows, name, seen


def _place(fit: Fit, level: Any) -> int | None:
    """The position of the level among the linear predictors; None where there is one predictor."""
    program = fit.problem.program
    if program.family.outputs != "levels":
        if level is not None:
            raise DataError("Only unordered levels have predictors of their own.", found=f"level={level!r}")
        return None
    labels = [str(name) for name in level_labels(fit.problem, program.levels)]
    if level is None:
        return len(labels) - 1
    if str(level) not in labels:
        raise DataError("There is no such level.", found=repr(level), do=f"one of {', '.join(labels)}")
    place = labels.index(str(level))
    if program.padded and place == 0:
        raise DataError("The reference level has no linear predictor.", found=repr(level), do="another level")
    return place


def _pick(fit: Fit, count: int) -> list[tuple[int, int]]:
    """(chain, draw) of `count` draws: evenly spaced, or systematically by weight."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise DataError("draws is how many draws to show.", found=f"draws={count!r}", do="for example draws=3")
    shape = next(iter(fit.draws.samples.values())).shape[:2]
    total = int(np.prod(shape))
    weights = np.ones(total) if fit.draws.log_weights is None else np.exp(fit.draws.log_weights.ravel())
    at = (np.arange(min(count, total)) + 0.5) / min(count, total)
    flat = np.unique(np.searchsorted(np.cumsum(weights / weights.sum()), at).clip(0, total - 1))
    return [tuple(map(int, np.unravel_index(i, shape))) for i in flat]


def _one(fit: Fit, chain: int, draw: int, X: np.ndarray, place: int | None):
    """(hidden (m, units), parts (m, units), predictor (m,)) of one draw; where the fit predicts by the tangent of the
    network, the tangents of all three, so that parts still add up to what it predicts.
    """
    names = [site.name for layer in fit.problem.program.layers for site in (layer.weights, layer.intercept) if site]
    theta = {name: fit.draws.samples[name][chain, draw] for name in names}
    at = fit.problem.tangent
    with evaluation.float64():
        if at is None:
            return tuple(map(np.asarray, _units(fit, theta, X, place)))
        at = {name: jnp.asarray(at[name]) for name in names}
        step = {name: theta[name] - at[name] for name in names}
        values, slopes = jax.jvp(lambda sites: _units(fit, sites, jnp.asarray(X), place), (at,), (step,))
        return tuple(np.asarray(value + slope) for value, slope in zip(values, slopes, strict=True))


def _units(fit: Fit, theta, X, place: int | None):
    """(hidden, parts, predictor) of the network at sites `theta`."""
    program, layers = fit.problem.program, []
    eta = network(X, from_values(theta), program, fit.problem.constants, layers)
    weights = theta["beta"]
    if place is not None:
        weights, eta = weights[:, place - program.padded], eta[:, place - program.padded]
    return layers[-1], layers[-1] * weights, eta


@styled
def bases(fit: Fit, column: str | None = None, *, draws: int = 3, level: Any = None, width: float = WIDE):
    """The learned basis functions of a network, and what each of them adds to the linear predictor.

    A point estimate: the hidden units h_j(x) on the left; on the right beta_j h_j(x), and as a thick line their sum
    with the intercept. Draws: the right panel for each of a few single draws. Units are numbered anew in each draw: the
    same number in two panels does not mean the same unit.

    Parameters
    ----------
    fit, column, draws, level
        As in `basis`.
    width : float
        Inches; narrow figures stack the panels.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = basis(fit, column, draws=draws, level=level)
    point = len(shown.draws) == 1 and fit.is_point
    figure, axes = panels(2 if point else len(shown.draws), width, 1.9, left=0.62, bottom=0.5, top=0.35, foot=0.3)
    if point:
        axes = _apart(figure, axes)
        _curves(axes[0], shown, shown.hidden[0], None)
        axes[0].set_title("hidden units", loc="left", pad=5)
        axes[0].set_ylabel("h(x)")
    for i, (chain, draw) in enumerate(shown.draws):
        axis = axes[-1] if point else axes[i]
        _curves(axis, shown, shown.parts[i], shown.predictor[i])
        title = "times their coefficients" if point else f"chain {chain}, draw {draw}"
        axis.set_title(title, loc="left", pad=5)
        if point or starts_line(axes, i):
            axis.set_ylabel("part of the linear predictor")
        else:
            axis.tick_params(labelleft=False)
    said = "thick: their sum with the intercept" + ("" if point else "; units are numbered anew in each draw")
    figure.text(0.62 / width, 0.1 / figure.get_size_inches()[1], said, color=MUTED, fontsize=8)
    return figure


def _apart(figure, axes):
    """The two panels with scales of their own: they show two quantities."""
    box = axes[1].get_position()
    axes[1].remove()
    return [axes[0], figure.add_axes(box)]


def _curves(axis, shown: Basis, values: np.ndarray, total: np.ndarray | None) -> None:
    for j, curve in enumerate(values.T):
        colour, style = SLOTS[j % len(SLOTS)][0], STYLES[j // len(SLOTS) % len(STYLES)]
        axis.plot(shown.x, curve, color=colour, ls=style, lw=1.2)
        if values.shape[1] <= len(SLOTS):
            side = -1 if j % 2 else 0  # alternate ends, so that neighbours do not write over one another
            axis.annotate(
                str(j + 1),
                (shown.x[side], curve[side]),
                xytext=(3, 0) if side else (-3, 0),
                textcoords="offset points",
                ha="left" if side else "right",
                va="center",
                fontsize=7.5,
                color=colour,
            )
    if total is not None:
        axis.plot(shown.x, total, color=INK, lw=2.4, zorder=3)
    axis.axhline(0.0, color=RULE, lw=0.7, zorder=0)
    ticks = np.unique(shown.seen)
    if len(ticks) > 400:
        ticks = np.quantile(shown.seen, np.linspace(0, 1, 400))
    axis.plot(ticks, np.full(len(ticks), 0.0), "|", transform=axis.get_xaxis_transform(), color=MUTED, ms=6, mew=0.5)
    axis.margins(x=0.1)
    axis.set_xlabel(wrap(shown.label.replace("_", " "), inches(axis)))


__all__ = ["Basis", "bases", "basis"]

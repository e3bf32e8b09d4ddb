"""Standardised inputs: the same model in the coordinates of centred, scaled columns.

With x' = (x - m) / s the first layer's weights become B' = s B and its intercept a' = a + m B. Prior constants are
carried along (`binding` keeps every prior closed under this change), so densities differ by a constant only. Raw
units then cost neither accuracy (float32, a column of years) nor speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problem import Problem
from ._base import Restore


@dataclass(frozen=True, eq=False)
class _Change:
    """m and s per column, and the names of the first layer's sites."""

    centre: np.ndarray
    scale: np.ndarray
    weights: str
    intercept: str | None
    units: int

    def restore(self, sites: dict[str, Any]) -> dict[str, Any]:
        out = dict(sites)
        tail = (1,) * (self.units > 0)
        out[self.weights] = sites[self.weights] / self.scale.reshape(-1, *tail)
        if self.intercept is not None:
            axis = -2 if self.units else -1
            out[self.intercept] = sites[self.intercept] - (out[self.weights] * self.centre.reshape(-1, *tail)).sum(axis)
        return out


def standardised(problem: Problem) -> tuple[Problem, Restore]:
    """The problem on centred, scaled columns. Columns under bounded priors keep their scale; `restore` needs NumPy."""
    program = problem.require_network("standardised")
    first = program.layers[0]
    if first.weights is None:
        return problem, Restore(dict, 0.0)
    X = np.asarray(problem.data["X"], float)
    change = _change(first, X)
    data = {**problem.data, "X": (X - change.centre) / change.scale}
    constants = {**problem.constants, first.weights.name: _scaled(problem.constants[first.weights.name], change)}
    if first.intercept is not None:
        own = dict(problem.constants[first.intercept.name])
        own["centre"] = (own["centre"] - change.centre) / change.scale
        constants[first.intercept.name] = own
    log_jacobian = float(np.log(change.scale)[proper_rows(first.weights)].sum()) * max(1, change.units)
    changed = problem.with_parts(data=data, constants=constants)
    return changed, Restore(change.restore, log_jacobian)


def _change(first, X) -> _Change:
    spread = X.std(axis=0)
    scale = np.where(spread > 1e-12 * (1.0 + np.abs(X).max(axis=0)), spread, 1.0)
    if not all(block.affine for block in first.weights.blocks):
        scale = np.ones_like(scale)
    movable = first.intercept is not None and all(block.affine for block in first.intercept.blocks)
    centre = X.mean(axis=0) if movable else np.zeros_like(scale)
    units = first.weights.shape[1] if len(first.weights.shape) > 1 else 0
    return _Change(centre, scale, first.weights.name, first.intercept and first.intercept.name, units)


def proper_rows(site) -> np.ndarray:
    """Mask of the rows whose prior is a density: a flat one is 1 in all units and leaves no Jacobian."""
    proper = np.zeros(site.shape[0], bool)
    for block in site.blocks:
        proper[slice(None) if block.rows is None else list(block.rows)] = block.proper
    return proper


def _scaled(constants, change: _Change):
    factor = change.scale.reshape(-1, *((1,) * (change.units > 0)))
    return {**constants, "shift": constants["shift"] * factor, "unit": constants["unit"] * factor}

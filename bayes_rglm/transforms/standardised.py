"""Standardised inputs: the same model in the coordinates of centred, scaled columns.

With x' = (x - m) / s the weights of a layer that reads the columns become B' = s B and its intercept a' = a + m B.
Prior constants are carried along (`binding` keeps every prior closed under this change), so densities differ by a
constant only. Raw units then cost neither accuracy (float32, a column of years) nor speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problem import Problem
from ._base import Restore


@dataclass(frozen=True, eq=False)
class _Change:
    """m and s per column, and (weights, intercept, shape of a row's outputs) of every affine map that reads the
    columns; `cutpoints` names those that stand for the intercept, with the other sign.
    """

    centre: np.ndarray
    scale: np.ndarray
    sites: tuple[tuple[str, str | None, tuple[int, ...]], ...]
    cutpoints: str | None = None

    def restore(self, sites: dict[str, Any]) -> dict[str, Any]:
        out = dict(sites)
        for weights, intercept, units in self.sites:
            tail = (1,) * len(units)
            out[weights] = sites[weights] / self.scale.reshape(-1, *tail)
            if intercept is not None:
                moved = (out[weights] * self.centre.reshape(-1, *tail)).sum(-1 - len(units))
                out[intercept] = sites[intercept] - moved
        if self.cutpoints is not None:
            moved = (out[self.sites[0][0]] * self.centre).sum(-1)
            out[self.cutpoints] = sites[self.cutpoints] + moved[..., None]
        return out


def standardised(problem: Problem) -> tuple[Problem, Restore]:
    """The problem on centred, scaled columns. Columns under bounded priors keep their scale; `restore` needs NumPy."""
    maps = problem.require_network("standardised").first
    if maps[0].weights is None:
        return problem, Restore(dict, 0.0)
    X = np.asarray(problem.data["X"], float)
    cutpoints = next((s.name for s in problem.program.auxiliaries if "centre" in problem.constants[s.name]), None)
    change = _change(maps, X, cutpoints, problem.constants)
    data = {**problem.data, "X": (X - change.centre) / change.scale}
    constants, log_jacobian = dict(problem.constants), 0.0
    for a, (weights, intercept, units) in zip(maps, change.sites, strict=True):
        constants[weights] = _scaled(constants[weights], change.scale.reshape(-1, *(1,) * len(units)))
        log_jacobian += float(np.log(change.scale)[proper_rows(a.weights)].sum()) * math.prod(units)
        for name in filter(None, (intercept, cutpoints)):
            own = dict(constants[name])
            own["centre"] = (own["centre"] - change.centre) / change.scale
            constants[name] = own
    changed = problem.with_parts(data=data, constants=constants)
    return changed, Restore(change.restore, log_jacobian)


def _movable(intercept, constants) -> bool:
    """Whether an intercept may stand for the mean of the columns: not where its prior has a kink at a fixed place."""
    if intercept is None or not all(block.affine for block in intercept.blocks):
        return False
    kinked = any(block.kink is not None for block in intercept.blocks)
    return not kinked or bool(np.any(constants[intercept.name].get("centre", 0.0)))


def _change(maps, X, cutpoints: str | None, constants) -> _Change:
    spread = X.std(axis=0)
    scale = np.where(spread > 1e-12 * (1.0 + np.abs(X).max(axis=0)), spread, 1.0)
    if not all(block.affine for a in maps for block in a.weights.blocks):
        scale = np.ones_like(scale)
    movable = cutpoints is not None or all(_movable(a.intercept, constants) for a in maps)
    centre = X.mean(axis=0) if movable else np.zeros_like(scale)
    sites = tuple((a.weights.name, a.intercept and a.intercept.name, a.weights.shape[1:]) for a in maps)
    return _Change(centre, scale, sites, cutpoints)


def proper_rows(site) -> np.ndarray:
    """Mask of the rows whose prior is a density: a flat one is 1 in all units and leaves no Jacobian."""
    proper = np.zeros(site.shape[0], bool)
    for block in site.blocks:
        proper[slice(None) if block.rows is None else list(block.rows)] = block.proper
    return proper


def _scaled(constants, factor):
    return {**constants, "shift": constants["shift"] * factor, "unit": constants["unit"] * factor}

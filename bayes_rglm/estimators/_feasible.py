"""Links whose mean exists for some linear predictors only: starting points inside, and a search that stays there.

Outside the domain the density is 0. A line search must then treat a trial as failed, and a start must have all rows
inside; a maximum at the very end of the domain (rows without counts under the square-root link) is approached through
barriers, the sum of log distances times a number that falls to nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import glm
from ..errors import EstimatorError
from ..problem import Problem

BARRIERS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
WOLFE = (1e-4, 0.9)


def coefficients(problem: Problem, X: np.ndarray, start: np.ndarray) -> np.ndarray:
    """`start` where it puts all rows inside the link's domain, else coefficients of the columns `X` that do; (q,), or
    (q, T) for several responses.

    Raises
    ------
    EstimatorError
        No coefficients do.
    """
    unit = problem.constants["typical"]["scale"]
    if start.ndim > 1:
        return np.stack([_of_one(problem, X, one, u) for one, u in zip(start.T, unit, strict=True)], axis=1)
    return _of_one(problem, X, start, unit)


def _of_one(problem: Problem, X: np.ndarray, start: np.ndarray, unit: float) -> np.ndarray:
    offset = np.broadcast_to(problem.data.get("offset", 0.0), len(X))
    if glm.inside(problem, X @ start + offset):
        return start
    from scipy.optimize import linprog

    link = problem.program.link
    sides = [(1.0, link.predictor_domain[0]), (-1.0, link.predictor_domain[1])]
    sides = [(sign, end) for sign, end in sides if np.isfinite(end)]
    # The largest s <= 1 with sign (x b + offset - end) >= s unit in all rows.
    A = np.vstack([np.column_stack([-sign * X, np.full(len(X), unit)]) for sign, _ in sides])
    b = np.concatenate([sign * (offset - end) for sign, end in sides])
    cost = np.append(np.zeros(X.shape[1]), -1.0)
    found = linprog(cost, A_ub=A, b_ub=b, bounds=[(None, None)] * X.shape[1] + [(None, 1.0)], method="highs")
    if found.x is None or found.x[-1] <= 1e-9:
        raise EstimatorError(
            f"No coefficients put all rows inside the domain of the link {link.name!r}.",
            found=f"{link.formula}, {len(X)} rows, {X.shape[1]} columns",
            do=f"let the model have an intercept, check the offset, or use the link {link.deep or 'log'!r}",
        )
    return found.x[:-1]


def climb(function: Callable, z: np.ndarray, tolerance: float, steps: int, stopping: Callable[[], bool]):
    """BFGS whose line search asks for the weak Wolfe conditions by bisection: a value of minus infinity is a step too
    far, nothing else. `function(z)` gives (value, gradient); the value rises. Returns (z, value, gradient, steps).
    """
    z = np.array(z, float)
    value, gradient = function(z)
    inverse, fresh, idle = np.eye(len(z)), True, 0
    for step in range(1, steps + 1):
        if np.max(np.abs(gradient), initial=0.0) <= tolerance or idle > 3 or stopping():
            return z, value, gradient, step
        found = _line(function, z, value, gradient, inverse @ gradient)
        if found is None:
            if fresh:
                return z, value, gradient, step
            inverse, fresh = np.eye(len(z)), True
            continue
        new, new_value, new_gradient = found
        inverse, fresh = _update(inverse, new - z, gradient - new_gradient, fresh), False
        idle = idle + 1 if new_value - value <= 1e-15 * (1.0 + abs(value)) else 0  # what rounding leaves
        z, value, gradient = new, new_value, new_gradient
    return z, value, gradient, steps


def _line(function, z, value, gradient, direction):
    slope = gradient @ direction
    low, high, size = 0.0, np.inf, 1.0
    best = None
    for _ in range(60):
        new = z + size * direction
        trial, rise = function(new)
        if not np.isfinite(trial) or trial < value + WOLFE[0] * size * slope:
            high = size
        else:
            best = new, trial, rise
            if rise @ direction <= WOLFE[1] * slope:
                break
            low = size
        size = 2.0 * low if np.isinf(high) else 0.5 * (low + high)
        if np.isfinite(high) and high - low <= 1e-14 * high:
            break
    return best


def _update(inverse, step, change, fresh: bool):
    """The inverse Hessian after a step, scaled to the first one."""
    along = step @ change
    if not along > 1e-14 * np.linalg.norm(step) * np.linalg.norm(change):
        return inverse
    if fresh:
        inverse = along / (change @ change) * np.eye(len(step))
    left = np.eye(len(step)) - np.outer(step, change) / along
    return left @ inverse @ left.T + np.outer(step, step) / along


def maximise(function: Callable, z: np.ndarray, tolerance: float, steps: int, stopping: Callable[[], bool]):
    """`climb` without a barrier and, where that gets stuck, along falling ones: (z, value, gradient, steps, edge).

    `function(z, barrier)` gives (value, gradient); `edge` says that the least barrier under which the gradient vanishes
    is still felt.
    """
    small = max(100 * tolerance, 1e-6)
    found = climb(lambda v: function(v, 0.0), z, tolerance, steps, stopping)
    if np.max(np.abs(found[2]), initial=0.0) <= small or stopping():
        return *found, False
    best = None
    for barrier in BARRIERS:
        last = climb(lambda v, t=barrier: function(v, t), z if best is None else best[0], tolerance, steps, stopping)
        if np.max(np.abs(last[2]), initial=0.0) > small:
            break
        best = last
    if best is None:
        return *found, False
    value = function(best[0], 0.0)[0]
    return (best[0], value, *best[2:], True) if value >= found[1] - 1e-3 * (1.0 + abs(found[1])) else (*found, False)

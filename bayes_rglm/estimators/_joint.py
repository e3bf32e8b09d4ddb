"""Maximum likelihood at depth 1 where Fisher scoring has no closed step: coefficients and auxiliary values together.

L-BFGS finds the neighbourhood, Newton's method with the exact Hessian the digits. Standard errors use the observed
information, carried to raw units by the delta method.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from .. import glm
from ..gates import Label, aliased_columns, ordered, recession_direction
from ..problem import Problem
from ..transforms import Restore, standardised
from ._base import Draws, Monitor, point
from ._ends import degenerate, end_label, without_width
from ._existence import infinite_label, one_sided_labels
from ._labels import edge_label
from ._newton import MAX_ETA, informative
from ._optimise import minimise, plain_start, value_and_gradient
from ._units import coordinate_units

STEP = 1e-5


def _derivatives(problem: Problem, z) -> tuple[float, np.ndarray, np.ndarray]:
    """Value, gradient and Hessian; the Hessian by central differences of the gradient, whose programme exists already.

    An exact one would compile for tens of seconds where a family has special functions; Newton's method needs its
    direction only, and standard errors seven digits.
    """

    def gradient(v):
        return np.asarray(value_and_gradient(problem, jnp.asarray(v))[1], float)

    value, slope = value_and_gradient(problem, jnp.asarray(z))
    steps = STEP * coordinate_units(problem)
    with np.errstate(invalid="ignore", over="ignore"):  # where there is no bound, and no Hessian either
        rows = [(gradient(z + e) - gradient(z - e)) / (2 * h) for h, e in zip(steps, np.diag(steps), strict=True)]
    hessian = np.array(rows).reshape(len(z), len(z))
    return float(value), np.asarray(slope, float), 0.5 * (hessian + hessian.T)


def joint_maximum(problem: Problem, monitor: Monitor, options) -> Draws:
    """The maximum-likelihood fit of a depth-1 problem with flat priors, as a point."""
    flat, restore = standardised(problem)
    aliased = _aliased(flat)
    start = plain_start(flat)
    optimum = minimise(flat, start, None, None, monitor, options)
    z, value, gradient, hessian = _newton(flat, optimum.z, aliased, 0 if optimum.edge else 25)
    gradient = optimum.gradient if optimum.edge else gradient
    theta = _raw(flat, restore, z)
    labels = _labels(problem, flat, restore, z, gradient, hessian, aliased) + [edge_label(problem)] * optimum.edge
    info = _facts(problem, theta, value, gradient, flat.size - len(aliased) - _undecided(flat, aliased))
    if problem.design is None or problem.design.weights_kind != "importance":  # no number of observations, no errors
        info["errors"] = _errors(flat, restore, z, hessian, aliased)
    return Draws(samples=point(theta), kind="point", info=info, labels=ordered(labels))


def _aliased(problem: Problem) -> np.ndarray:
    """Flat positions of coefficients that the columns do not identify."""
    first = problem.program.layers[0]
    if first.weights is None:
        return np.array([], int)
    X = np.asarray(problem.data["X"], float)
    free = first.intercept is None and problem.program.family.intercept
    columns = aliased_columns(X if free else np.column_stack([np.ones(len(X)), X]))
    columns = columns if free else columns[columns > 0] - 1
    index = problem.unravel(np.arange(problem.size))[first.weights.name]
    return np.ravel(index[columns]).astype(int)


def _newton(problem: Problem, z, aliased, steps: int = 25):
    kept, units = np.setdiff1d(np.arange(len(z)), aliased), coordinate_units(problem)
    z = np.array(z, float)
    z[aliased] = 0.0
    value, gradient, hessian = _derivatives(problem, z)
    for _ in range(steps):
        if not np.all(np.isfinite(hessian)):
            break
        change, scaled = np.zeros_like(z), hessian * np.outer(units, units)
        change[kept] = units[kept] * _direction(scaled[np.ix_(kept, kept)], (gradient * units)[kept])
        size = 1.0
        while size > 1e-6:
            trial = float(value_and_gradient(problem, jnp.asarray(z + size * change))[0])
            if np.isfinite(trial) and trial >= value - 1e-12 * abs(value):
                break
            size *= 0.5
        else:
            break
        gain, z = trial - value, z + size * change
        value, gradient, hessian = _derivatives(problem, z)
        moved = np.max(np.abs(size * change / units), initial=0.0)
        if moved < 1e-11 * (1.0 + np.max(np.abs(z / units))) or gain == 0.0:
            break
    return z, float(value), float(np.max(np.abs(gradient * units)[kept], initial=0.0)) / max(1, problem.n), hessian


def _direction(hessian, gradient):
    """Newton's direction; eigenvalues of the wrong sign are turned, so that it always climbs."""
    values, vectors = np.linalg.eigh(-0.5 * (hessian + hessian.T))
    curvature = np.maximum(np.abs(values), 1e-10 * np.max(np.abs(values), initial=1e-300))
    return vectors @ ((vectors.T @ gradient) / curvature)


def _undecided(problem: Problem, aliased) -> int:
    """Directions that change no probability: one number added to a column's, or the intercept's, row of all levels."""
    program, first = problem.program, problem.program.layers[0]
    if program.family.outputs != "levels" or program.padded:
        return 0
    rows = sum(site.shape[0] if site is first.weights else 1 for site in (first.weights, first.intercept) if site)
    return rows - len(aliased) // program.levels


def _inverse(information, undecided: int):
    """The inverse, or its least one: across the `undecided` directions, where there is nothing but rounding."""
    values, vectors = np.linalg.eigh(information)
    values, vectors = values[undecided:], vectors[:, undecided:]
    kept = values > 1e-15 * np.max(np.abs(values), initial=0.0) * len(information)
    return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T


def _raw(problem: Problem, restore: Restore, z) -> dict[str, np.ndarray]:
    sites = problem.constrain(problem.unravel(jnp.asarray(z)))
    return restore({name: np.asarray(sites[name], float) for name, _ in problem.layout})


def _errors(problem: Problem, restore: Restore, z, hessian, aliased) -> dict[str, np.ndarray]:
    kept = np.setdiff1d(np.arange(len(z)), aliased)
    covariance = np.zeros_like(hessian)
    scales = np.outer(*[coordinate_units(problem)] * 2)
    information = (-hessian * scales)[np.ix_(kept, kept)]
    known = np.all(np.isfinite(information))
    covariance[np.ix_(kept, kept)] = _inverse(information, _undecided(problem, aliased)) if known else np.nan
    covariance *= scales
    names = [name for name, _ in problem.layout]
    columns = []
    for step in np.diag(STEP * coordinate_units(problem)):
        up, down = _raw(problem, restore, z + step), _raw(problem, restore, z - step)
        columns.append(np.concatenate([np.ravel(up[k] - down[k]) / (2 * step.sum()) for k in names]))
    jacobian = np.stack(columns, axis=1)
    variance = np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian)
    shapes = problem.unravel(np.sqrt(np.maximum(variance, 0.0)))
    errors = {name: np.array(shapes[name]) for name in names}
    first = problem.program.layers[0]
    if first.weights is not None and len(aliased):
        mask = np.isin(problem.unravel(np.arange(len(z)))[first.weights.name], aliased)
        errors[first.weights.name][mask] = np.nan
    return errors


def _labels(problem: Problem, flat: Problem, restore: Restore, z, gradient: float, hessian, aliased) -> list[Label]:
    labels = []
    if len(aliased):
        names = problem.design.columns if problem.design is not None else ()
        index = flat.unravel(np.arange(flat.size))[flat.program.layers[0].weights.name]
        columns = sorted({names[j] for j in np.argwhere(np.isin(index, aliased))[:, 0]}) if names else []
        message = f"{', '.join(columns)}: linear combinations of other columns; held at 0"
        advice = "drop them, or use a proper prior, which keeps them"
        labels.append(Label("rank_deficient", message, advice, tuple(columns)))
    far = end_label(flat, z)
    labels += [degenerate()] if far and without_width(problem, *problem.parameters(_raw(flat, restore, z))) else far
    moving = _running_away(flat, restore, z, gradient, hessian, aliased)
    if glm.one_sided(problem):
        labels += one_sided_labels(problem, moving)
    elif moving:
        labels.append(infinite_label(problem, moving))
    elif gradient > 1e-6 and not far:
        labels.append(Label("not_a_mode", f"largest mean gradient {gradient:.1e}", "check the scale of the data"))
    return labels


def _running_away(problem: Problem, restore: Restore, z, gradient: float, hessian, aliased) -> tuple[str, ...]:
    """Names of what moves, in raw units, along a direction in which the likelihood rises for ever; looked for where
    the optimum does not certify itself.
    """
    first, unit = problem.program.layers[0], float(problem.constants["typical"]["scale"])
    sites = {name: np.asarray(value) for name, value in problem.constrain(problem.unravel(jnp.asarray(z))).items()}
    eta = problem.linear_predictor(sites)
    index = problem.unravel(np.arange(problem.size))
    kept, units = np.setdiff1d(np.arange(len(z)), aliased), coordinate_units(problem)
    known = informative((-hessian * np.outer(units, units))[np.ix_(kept, kept)])
    near = np.max(np.abs(eta), initial=0.0) < MAX_ETA * unit
    if first.weights is None or (gradient < 1e-9 and near and known and not glm.one_sided(problem)):
        return ()
    X, outputs = np.asarray(problem.data["X"], float), max(1, *first.weights.shape[1:], 1)
    ones = first.intercept is not None
    X = np.column_stack([np.ones(len(X)), X]) if ones else X
    found = glm.existence(problem, X)
    if found is None:
        return ()
    rows, signs, equal = found
    held = np.isin(index[first.weights.name], aliased).ravel()
    kept = np.ones(rows.shape[1], bool)
    kept[ones * outputs : ones * outputs + held.size] = ~held
    part = recession_direction(rows[:, kept], signs, equal)
    if part is None:
        return ()
    direction = np.zeros(rows.shape[1])
    direction[kept] = part
    return _moved(problem, restore, direction, X.shape[1] * outputs, outputs)


def _moved(problem: Problem, restore: Restore, direction, columns: int, outputs: int) -> tuple[str, ...]:
    first, names = problem.program.layers[0], np.array(glm.column_names(problem))
    ones = outputs if first.intercept is not None else 0
    step = {first.weights.name: direction[ones:columns].reshape(first.weights.shape)}
    if ones:
        step[first.intercept.name] = direction[:ones].reshape(first.intercept.shape)
    cuts = [s.name for s in problem.program.auxiliaries if problem.program.family.parameter(s.name).size == "cutpoints"]
    step |= dict.fromkeys(cuts, direction[columns:])
    least, raw = 1e-6 * np.max(np.abs(direction)), restore(step)
    slopes = np.abs(step[first.weights.name]).reshape(-1, outputs).max(axis=1) > least
    moving = list(names[len(names) - len(slopes) :][slopes])
    moving += [first.intercept.name] if ones and np.max(np.abs(raw[first.intercept.name])) > least else []
    moving += [f"{name}[{j}]" for name in cuts for j in np.flatnonzero(np.abs(raw[name]) > least)]
    return tuple(map(str, moving))


def _facts(problem: Problem, theta, value: float, gradient: float, rank: int) -> dict:
    eta, aux = problem.parameters(theta)
    facts = {
        "log_likelihood": value,
        "aic": -2.0 * value + 2.0 * rank,
        "rank": rank,
        "df_resid": glm.rows(problem) - rank,
        "gradient": gradient,
    }
    deviance = glm.deviance(problem, eta, aux)
    return facts if deviance is None else facts | {"deviance": deviance}

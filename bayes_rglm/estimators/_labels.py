"""What is said of an optimum: a maximum that is at infinity, at an end or at a floor, or was not reached."""

from __future__ import annotations

import numpy as np

from .. import glm
from ..binding import Program
from ..gates import Label, recession_direction
from ..problem import Problem
from ..transforms.standardised import proper_rows
from ._ends import bound_label, end_label, floor_label
from ._newton import MAX_ETA

# A tanh unit of standardised inputs is a step long before its weights reach this.
SATURATED = 50.0

LARGE = 1_000_000  # numbers in a table for whose linear programme there should be a reason


def optimum_labels(problem: Problem, best, goal: str, stopped: bool) -> list[Label]:
    """Status labels of the `_optimise.Optimum` of a search for that goal (one of `GOALS`)."""
    labels, known = [], isinstance(problem.program, Program)
    if stopped:
        labels.append(Label("interrupted", f"stopped after {best.steps} steps", "run it again for the optimum"))
    fallen = floor_label(problem, best.z, goal) if known else []
    labels += fallen
    if not fallen and goal == "likelihood" and known and problem.depth > 1 and _saturated(problem, best.z):
        labels.append(
            Label(
                "mle_degenerate",
                f"weights above {SATURATED:g} in standard units: units have become steps and still grow",
                "use a proper prior, or fewer units",
            )
        )
    if best.edge:
        labels.append(edge_label(problem))
    labels += end_label(problem, best.z) if known and not labels else []
    labels += bound_label(problem, best.z) if known and goal == "likelihood" else []
    columns = _runaway(problem, best.z, goal) if problem.depth == 1 else ()
    if columns:
        free = {"penalised": "what has no penalty", "mode": "what has a flat prior"}.get(goal, "the columns")
        text = f"the data are separated by {free}; no finite maximum along {', '.join(columns)}"
        return [*labels, Label("mle_infinite", text, "use a proper prior", columns)]
    if not best.finished and not stopped and not fallen:
        labels.append(_unfinished(best, goal))
    return labels


def _unfinished(best, goal: str) -> Label:
    seen = f"(mean gradient {best.gradient:.1e} after {best.steps} steps)"
    if goal != "likelihood":
        advice = "more steps: the option steps" if best.exhausted else "check the scale of the data"
        return Label("not_a_mode", f"the gradient does not vanish {seen}", advice)
    advice = "use a proper prior: this likelihood need not have a maximum"
    return Label("mle_degenerate", f"the likelihood was still rising at the last step {seen}", advice)


def edge_label(problem: Problem) -> Label:
    """The label of a maximum at the end of a restricted domain."""
    link = problem.program.link
    return Label(
        "boundary",
        f"the linear predictor of some rows lies at the end of the domain of the link {link.name!r}",
        f"use the link {link.deep or 'log'!r}, whose mean has no such end",
    )


def _runaway(problem: Problem, z: np.ndarray, goal: str) -> tuple[str, ...]:
    """Columns under flat priors along which the density rises for ever; in large tables they are looked for where the
    predictor is far out. A penalised likelihood leaves intercept and cut-points free, whatever their priors.
    """
    first = problem.program.layers[0]
    eta = problem.linear_predictor({k: np.asarray(v) for k, v in problem.constrain(z).items()})
    near = np.max(np.abs(eta / problem.constants["typical"]["scale"]), initial=0.0) < MAX_ETA
    if near and np.size(problem.data["X"]) > LARGE:
        return ()
    X, flat, free = np.asarray(problem.data["X"], float), np.zeros(0, bool), goal == "penalised"
    if first.intercept is not None:
        X = np.column_stack([np.ones(len(X)), X])
        flat = np.array([free or not first.intercept.blocks[0].proper])
    if first.weights is not None:
        flat = np.concatenate([flat, ~proper_rows(first.weights)])
    if not problem.program.responses:
        return runaway_columns(problem, X, flat, free=free)
    names = range(problem.program.responses) if problem.design is None else problem.design.responses
    found = [(name, runaway_columns(problem, X, flat, t, free=free)) for t, name in enumerate(names)]
    return tuple(f"{column}, {name}" for name, columns in found for column in columns)


def runaway_columns(
    problem: Problem, X: np.ndarray, flat: np.ndarray, response: int | None = None, free: bool = False
) -> tuple[str, ...]:
    """Names of the columns of `X` marked in `flat`, and of cut-points that are `free` or have a flat prior, along which
    the likelihood of the one `response`, or of that among several, rises for ever.
    """
    found = glm.existence(problem, X, response) if free or flat.any() else None
    if found is None:
        return ()
    rows, signs, equal = found
    cuts = [s for s in problem.program.auxiliaries if problem.program.family.parameter(s.name).size == "cutpoints"]
    outputs = (rows.shape[1] - sum(s.shape[0] for s in cuts)) // X.shape[1] if X.shape[1] else 1
    names, flat = np.repeat(glm.column_names(problem), outputs), np.repeat(flat, outputs)
    for site in cuts:
        names = np.concatenate([names, [f"{site.name}[{j}]" for j in range(site.shape[0])]])
        flat = np.concatenate([flat, np.full(site.shape, free or not site.blocks[0].proper)])
    direction = recession_direction(rows[:, flat], signs, equal) if flat.any() else None
    if direction is None:
        return ()
    return tuple(dict.fromkeys(names[flat][np.abs(direction) > 1e-6 * np.abs(direction).max()].tolist()))


def _saturated(problem: Problem, z: np.ndarray) -> bool:
    """Whether weights run off to where the likelihood is flat: the maximum, if any, is at infinity."""
    sites, layers = problem.unravel(z), problem.program.layers
    units = [1.0] * (len(layers) - 1) + [problem.constants["typical"]["scale"]]
    return any(
        np.max(np.abs(sites[a.weights.name]) / unit, initial=0.0) > SATURATED
        for a, unit in zip(layers, units, strict=True)
    )

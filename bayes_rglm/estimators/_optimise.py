"""Restarted L-BFGS on the flat vector: maximum likelihood and MAP of networks, and of any NumPyro model.

The objective is the log joint in *constrained* space (no Jacobian), as a function of unconstrained coordinates: what
Stan's `optimize` and a penalised likelihood maximise. SciPy's L-BFGS-B does the work. A Laplace prior or an elastic net
is not smooth at its centre: there each coefficient is split into its positive and negative part, which bounds make
exact, zeros included. Where the link's domain is restricted, the search is `_feasible`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to, constraints

from .. import glm
from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label, ordered, recession_direction
from ..problem import Problem
from ..transforms import Restore, standardised
from ..transforms.standardised import proper_rows
from . import _feasible
from ._base import Draws, Monitor, point
from ._newton import MAX_ETA
from ._split import Split
from ._threads import in_threads

# A tanh unit of standardised inputs is a step long before its weights reach this.
SATURATED = 50.0

LARGE = 1_000_000  # numbers in a table for whose linear programme there should be a reason
NOWHERE = 1e300  # minus the log density where it is not finite


@dataclass(frozen=True, eq=False)
class Optimum:
    """One start's end: position (d,), log density, largest mean gradient, iterations, whether it met its tolerance."""

    z: np.ndarray
    value: float
    gradient: float
    steps: int
    finished: bool
    trace: tuple[float, ...] = ()
    edge: bool = False


@jax.jit
def value_and_gradient(problem: Problem, z):
    """The log joint density in constrained space as a function of unconstrained coordinates (d,), and its gradient."""
    return jax.value_and_grad(lambda v: problem.log_mode(problem.unravel(v)))(z)


def is_restricted(problem: Problem) -> bool:
    """Whether some linear predictors have no mean."""
    return isinstance(problem.program, Program) and problem.program.link.restricted


def predictor_units(problem: Problem) -> np.ndarray:
    """Units of the flat vector at depth 1: coefficients have that of the linear predictor, the rest is of order one."""
    unit, first = problem.constants["typical"]["scale"], problem.program.layers[0]
    scaled = {site.name for site in (first.weights, first.intercept) if site is not None}
    return np.concatenate([np.full(shape, unit if name in scaled else 1.0).ravel() for name, shape in problem.layout])


@jax.jit
def _room_and_gradient(problem: Problem, z):
    """The sum of the log distances from the ends of the link's domain, and its gradient: a barrier."""
    return jax.value_and_grad(lambda v: _log_room(problem, problem.unravel(v)))(z)


def _log_room(problem: Problem, sites):
    eta = problem.linear_predictor(problem.constrain(sites))
    return sum(jnp.log(jnp.where(d > 0, d, 1.0)).sum() for _, d in glm.room(problem, eta))


@jax.jit
def density_and_gradient(problem: Problem, z):
    """As `value_and_gradient`, of the density in unconstrained space, with its Jacobian."""
    return jax.value_and_grad(problem.log_density)(z)


@dataclass(frozen=True, eq=False)
class Search:
    """What restarted optimisation found: the problem in its coordinates, the way back, one optimum per start."""

    problem: Problem
    restore: Restore
    found: list[Optimum]

    @property
    def best(self) -> int:
        return max(range(len(self.found)), key=lambda i: self.found[i].value)

    def sites(self, i: int) -> dict[str, np.ndarray]:
        """Constrained sites of optimum `i`, in raw units."""
        inside = self.problem.constrain(self.problem.unravel(self.found[i].z))
        return self.restore({k: np.asarray(v, float) for k, v in inside.items() if k in dict(self.problem.layout)})

    def labels(self, i: int, monitor: Monitor, mode: bool) -> list[Label]:
        """Status labels of optimum `i`."""
        return _labels(self.problem, self.found[i], self.found, mode, monitor.stopping)


def optimise(problem: Problem, key, monitor: Monitor, *, starts_from: Problem, options, mode: bool) -> Draws:
    """The best of `options.starts` optima, as a point. `mode` says whether priors are part of the objective."""
    found = search(problem, key, monitor, starts_from=starts_from, options=options, mode=mode)
    labels = found.labels(found.best, monitor, mode)
    facts = _facts(found.found, found.best)
    return Draws(samples=point(found.sites(found.best)), kind="point", info=facts, labels=ordered(labels))


def search(
    problem: Problem,
    key,
    monitor: Monitor,
    *,
    starts_from: Problem,
    options,
    mode: bool,
    objective=value_and_gradient,
    kink_scale: float = 1.0,
) -> Search:
    """All optima of `objective(problem, z)` from `options.starts` starting points (one at depth 1).

    `mode` says whether all priors are part of the objective: else scales have floors. `kink_scale` multiplies the
    scales of the priors' kinks.
    """
    known = isinstance(problem.program, Program)
    flat, restore = standardised(problem) if known else (problem, Restore(dict, 0.0))
    origin = standardised(starts_from)[0] if known else starts_from
    starts = options.starts if problem.depth != 1 else 1
    begin = [np.asarray(flat.ravel(origin.initial(k)), float) for k in jax.random.split(key, starts)]
    if problem.depth == 1:
        begin = [plain_start(flat)]
    found = Search(flat, restore, _run(flat, begin, monitor, options, not mode, objective, kink_scale))
    if found.found[found.best].value < -0.5 * NOWHERE:
        raise EstimatorError(
            "The log density is not finite at any starting point.",
            found=f"{len(found.found)} starting points",
            do="check the model's supports and the data",
        )
    return found


def plain_start(problem: Problem) -> np.ndarray:
    """Depth 1 is nearly always unimodal: slopes at 0, the intercept at the typical response, auxiliaries at their
    unit; slopes that are bounded at a tenth of a standard deviation of their column.
    """
    typical, first = problem.constants["typical"], problem.program.layers[0]
    sites = {name: np.zeros(shape) for name, shape in problem.layout}

    def free(site, value):
        inside = np.asarray(biject_to(site.support).inv(jnp.asarray(value, float)))
        return np.where(np.isfinite(inside), inside, 0.0)  # outside its bounds: their middle

    if first.intercept is not None:
        eta = np.broadcast_to(np.asarray(typical["eta"], float), first.intercept.shape)
        sites[first.intercept.name] = free(first.intercept, eta)
    if first.weights is not None and not all(block.affine for block in first.weights.blocks):
        spread = np.maximum(np.std(problem.data["X"], axis=0), 1e-12)
        spread = spread.reshape(-1, *(1,) * (len(first.weights.shape) - 1))
        sites[first.weights.name] = free(first.weights, 0.1 * typical["scale"] / spread)
    for head in problem.program.heads:
        if head.affine.intercept is not None:
            sites[head.affine.intercept.name] = np.asarray(problem.constants[head.affine.intercept.name]["shift"])
    for site in problem.program.auxiliaries:
        sites[site.name] = free(site, glm.start(problem, site.name))
    return np.asarray(problem.ravel(_inside(problem, sites)), float)


def _inside(problem: Problem, sites):
    """The sites, moved so that every row has a mean; where coefficients are bounded only if they happen to be."""
    first = problem.program.layers[0]
    pair = [site for site in (first.intercept, first.weights) if site is not None]
    if not is_restricted(problem) or not all(site.support is constraints.real for site in pair):
        return sites
    ones = [np.ones((problem.n, 1))] * (first.intercept is not None)
    X = np.hstack([*ones, *[np.asarray(problem.data["X"], float)] * (first.weights is not None)])
    several = (problem.program.responses,) if problem.program.responses else ()
    start = np.concatenate([np.reshape(sites[site.name], (-1, *several)) for site in pair])
    moved, cut = _feasible.coefficients(problem, X, start), len(ones)
    return sites | {s.name: (moved[:cut] if s is first.intercept else moved[cut:]).reshape(s.shape) for s in pair}


def _run(problem: Problem, begin, monitor: Monitor, options, bounded: bool, objective, kink_scale) -> list[Optimum]:
    kinks = scaled_kinks(problem.kinks(), kink_scale) if isinstance(problem.program, Program) else None
    lower = floors(problem) if bounded and isinstance(problem.program, Program) else None
    # Traced here, once: NumPyro's handler stack is one per process, so models are not traced in threads.
    objective(problem, jnp.asarray(begin[0]))
    done = [0]

    def one(start: np.ndarray) -> Optimum:
        optimum = minimise(problem, start, kinks, lower, monitor, options, objective)
        done[0] += 1
        monitor.update(done[0], len(begin), f"log density {optimum.value:.2f}")
        return optimum

    return in_threads(one, begin)


def scaled_kinks(kinks, factor: float):
    """`Problem.kinks` with their scales multiplied."""
    return None if kinks is None else (*kinks[:2], kinks[2] * factor)


def floors(problem: Problem) -> np.ndarray | None:
    """Lower bounds of the flat vector: log(floor) for scales whose vanishing makes a likelihood unbounded."""
    unit = problem.constants["typical"]["scale"]
    bounds = {name: np.full(shape, -np.inf) for name, shape in problem.layout}
    for site in problem.program.auxiliaries:
        floor = problem.program.family.parameter(site.name).floor
        if floor is not None:
            bounds[site.name] = np.asarray(biject_to(site.support).inv(jnp.full(site.shape, floor * unit, float)))
    lower = np.concatenate([np.ravel(bounds[name]) for name, _ in problem.layout])
    return lower if np.isfinite(lower).any() else None


def minimise(problem, start, kinks, lower, monitor: Monitor, options, derive=value_and_gradient) -> Optimum:
    """One start's end by L-BFGS-B, of the objective `derive(problem, z)`."""
    if kinks is None and is_restricted(problem):
        return _minimise_inside(problem, start, monitor, options, derive)
    from scipy.optimize import minimize

    split = Split(len(start), kinks)
    rows = max(1, problem.n)
    trace: list[float] = []
    far = [NOWHERE]

    def objective(x):
        z = split.beside(split.join(x))
        value, gradient = derive(problem, jnp.asarray(z))
        value, gradient = float(value), np.asarray(gradient, float)
        if not np.isfinite(value):
            return far[0], np.zeros_like(x)
        value, gradient = split.objective(x, z, value, gradient)
        if is_restricted(problem):  # a step too far, whose size the line search can interpolate
            far[0] = value / rows + 1.0 + abs(value) / rows
        return value / rows, gradient / rows

    def step(intermediate_result):
        trace.append(-float(intermediate_result.fun) * rows)
        if monitor.stopping:
            raise StopIteration

    result = minimize(
        objective,
        split.part(start),
        jac=True,
        method="L-BFGS-B",
        bounds=split.bounds(lower),
        callback=step,
        options={
            "maxiter": options.steps,
            "maxfun": 2 * options.steps,
            "maxcor": 20,
            "ftol": 0.0,
            "gtol": options.tolerance,
        },
    )
    gradient = split.residual(result.x, np.asarray(result.jac))
    # With ftol = 0 a failed line search means that rounding, not the model, ended the search.
    finished = gradient <= max(100 * options.tolerance, 1e-6) or (result.status == 2 and gradient < 1e-4)
    return Optimum(
        split.join(result.x), -float(result.fun) * rows, gradient, int(result.nit), finished, tuple(trace[-3:])
    )


def _minimise_inside(problem, start, monitor: Monitor, options, derive) -> Optimum:
    rows, units = max(1, problem.n), predictor_units(problem)

    def objective(u, barrier):
        z = jnp.asarray(u * units)
        value, gradient = derive(problem, z)
        if barrier > 0.0:
            room, away = _room_and_gradient(problem, z)
            value, gradient = value + barrier * room, gradient + barrier * away
        value, gradient = float(value), np.asarray(gradient, float) * units
        known = np.isfinite(value) and np.all(np.isfinite(gradient))
        return (value / rows, gradient / rows) if known else (-np.inf, np.zeros_like(gradient))

    found = _feasible.maximise(objective, start / units, options.tolerance, options.steps, lambda: monitor.stopping)
    z, (value, gradient, steps, edge) = found[0] * units, found[1:]
    largest = float(np.max(np.abs(gradient), initial=0.0))
    finished = largest <= max(100 * options.tolerance, 1e-6)
    return Optimum(z, value * rows if np.isfinite(value) else -NOWHERE, largest, steps, finished, edge=edge)


def _labels(problem: Problem, best: Optimum, found, mode: bool, stopped: bool) -> list[Label]:
    labels = []
    if stopped:
        labels.append(Label("interrupted", f"stopped after {best.steps} steps", "run it again for the optimum"))
    lower = None if mode or not isinstance(problem.program, Program) else floors(problem)
    if lower is not None and np.any(best.z <= lower + 1e-9):
        labels.append(
            Label(
                "mle_degenerate",
                "a scale is at its floor: the network interpolates",
                "use a proper prior, or fewer units",
            )
        )
    elif not mode and isinstance(problem.program, Program) and problem.depth > 1 and _saturated(problem, best.z):
        labels.append(
            Label(
                "mle_degenerate",
                f"weights above {SATURATED:g} in standard units: units have become steps and still grow",
                "use a proper prior, or fewer units",
            )
        )
    if best.edge:
        labels.append(edge_label(problem))
    columns = _runaway(problem, best.z) if problem.depth == 1 else ()
    if columns:
        text = f"the data are separated and the prior is flat; no finite maximum along {', '.join(columns)}"
        return [*labels, Label("mle_infinite", text, "use a proper prior", columns)]
    if not best.finished and not stopped:
        name = "not_a_mode" if mode else "mle_degenerate"
        what = "the gradient does not vanish" if mode else "the likelihood was still rising at the last step"
        advice = "more steps" if mode else "use a proper prior: this likelihood need not have a maximum"
        labels.append(Label(name, f"{what} (mean gradient {best.gradient:.1e} after {best.steps} steps)", advice))
    return labels


def edge_label(problem: Problem) -> Label:
    """The label of a maximum at the end of a restricted domain."""
    link = problem.program.link
    return Label(
        "boundary",
        f"the linear predictor of some rows lies at the end of the domain of the link {link.name!r}",
        f"use the link {link.deep or 'log'!r}, whose mean has no such end",
    )


def _runaway(problem: Problem, z: np.ndarray) -> tuple[str, ...]:
    """Columns under flat priors along which the density rises for ever; in large tables they are looked for where the
    predictor is far out.
    """
    first = problem.program.layers[0]
    eta = problem.linear_predictor({k: np.asarray(v) for k, v in problem.constrain(z).items()})
    near = np.max(np.abs(eta / problem.constants["typical"]["scale"]), initial=0.0) < MAX_ETA
    if near and np.size(problem.data["X"]) > LARGE:
        return ()
    X, flat = np.asarray(problem.data["X"], float), np.zeros(0, bool)
    if first.intercept is not None:
        X = np.column_stack([np.ones(len(X)), X])
        flat = np.array([not first.intercept.blocks[0].proper])
    if first.weights is not None:
        flat = np.concatenate([flat, ~proper_rows(first.weights)])
    if not problem.program.responses:
        return runaway_columns(problem, X, flat)
    names = range(problem.program.responses) if problem.design is None else problem.design.responses
    found = [(name, runaway_columns(problem, X, flat, t)) for t, name in enumerate(names)]
    return tuple(f"{column}, {name}" for name, columns in found for column in columns)


def runaway_columns(problem: Problem, X: np.ndarray, flat: np.ndarray, response: int | None = None) -> tuple[str, ...]:
    """Names of the columns of `X` marked in `flat`, and of cut-points with a flat prior, along which the likelihood
    of the one `response`, or of that among several, rises for ever.
    """
    found = glm.existence(problem, X, response) if flat.any() else None
    if found is None:
        return ()
    rows, signs, equal = found
    cuts = [s for s in problem.program.auxiliaries if problem.program.family.parameter(s.name).size == "cutpoints"]
    names = np.repeat(glm.column_names(problem), (rows.shape[1] - sum(s.shape[0] for s in cuts)) // X.shape[1])
    flat = np.repeat(flat, len(names) // X.shape[1])
    for site in cuts:
        names = np.concatenate([names, [f"{site.name}[{j}]" for j in range(site.shape[0])]])
        flat = np.concatenate([flat, np.full(site.shape, not site.blocks[0].proper)])
    direction = recession_direction(rows[:, flat], signs, equal)
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


def _facts(found: list[Optimum], best: int) -> dict:
    values = sorted((o.value for o in found), reverse=True)
    return {
        "log_density": found[best].value,
        "gradient": found[best].gradient,
        "steps": found[best].steps,
        "starts": len(found),
        "optima": values,
        "gap_to_second": values[0] - values[1] if len(values) > 1 else None,
    }

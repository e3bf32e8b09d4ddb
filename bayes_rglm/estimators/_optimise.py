"""Restarted L-BFGS on the flat vector: maximum likelihood and MAP of networks, and of any NumPyro model.

The objective is the log joint in *constrained* space (no Jacobian), as a function of unconstrained coordinates: what
Stan's `optimize` and a penalised likelihood maximise. SciPy's L-BFGS-B does the work. A Laplace prior or an elastic net
is not smooth at its centre: there each coefficient is split into its positive and negative part, which bounds make
exact, zeros included. Where single precision stops a search by its rounding, double precision takes the last steps.
Where the link's domain is restricted, the search is `_feasible`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to, constraints

from .. import glm
from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label, ordered
from ..problem import Problem
from ..transforms import Restore, standardised
from . import _feasible
from ._base import Draws, Monitor, point
from ._concave import why_not_concave
from ._curvature import hessian
from ._ends import floors
from ._goals import in_units, kinks
from ._labels import optimum_labels
from ._split import Split
from ._threads import in_threads
from ._units import coordinate_units

SADDLES, SMALL = 3, 500  # saddles left one after another; parameters whose Hessian by differences is cheap
NOWHERE = 1e300  # minus the log density where it is not finite


@dataclass(frozen=True, eq=False)
class Optimum:
    """One start's end: position (d,), log density, largest mean gradient in the problem's units, iterations, whether
    it met its tolerance; `exhausted`, whether it ran out of steps.
    """

    z: np.ndarray
    value: float
    gradient: float
    steps: int
    finished: bool
    trace: tuple[float, ...] = ()
    edge: bool = False
    gradients: int = 0
    exhausted: bool = False


@jax.jit
def value_and_gradient(problem: Problem, z):
    """The log joint density in constrained space as a function of unconstrained coordinates (d,), and its gradient."""
    return jax.value_and_grad(lambda v: problem.log_mode(problem.unravel(v)))(z)


def is_restricted(problem: Problem) -> bool:
    """Whether some linear predictors have no mean."""
    return isinstance(problem.program, Program) and problem.program.link.restricted


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
    """What restarted optimisation found: the problem in its coordinates, the way back, one optimum per start and per
    way off a saddle, and the goal.
    """

    problem: Problem
    restore: Restore
    found: list[Optimum]
    goal: str

    @property
    def best(self) -> int:
        return max(range(len(self.found)), key=lambda i: self.found[i].value)

    def sites(self, i: int) -> dict[str, np.ndarray]:
        """Constrained sites of optimum `i`, in raw units."""
        inside = self.problem.constrain(self.problem.unravel(self.found[i].z))
        return self.restore({k: np.asarray(v, float) for k, v in inside.items() if k in dict(self.problem.layout)})

    def labels(self, i: int, monitor: Monitor) -> list[Label]:
        """Status labels of optimum `i`."""
        return optimum_labels(self.problem, self.found[i], self.goal, monitor.stopping)


def optimise(problem: Problem, key, monitor: Monitor, *, starts_from: Problem, options, goal: str) -> Draws:
    """The best of `options.starts` optima, as a point."""
    found = search(problem, key, monitor, starts_from=starts_from, options=options, goal=goal)
    labels = found.labels(found.best, monitor)
    facts = _facts(found.found, found.best)
    return Draws(samples=point(found.sites(found.best)), kind="point", info=facts, labels=ordered(labels))


def search(
    problem: Problem,
    key,
    monitor: Monitor,
    *,
    starts_from: Problem,
    options,
    goal: str,
    objective=value_and_gradient,
    strength: float = 1.0,
) -> Search:
    """All optima of `objective(problem, z)` from `options.starts` starting points (one at depth 1).

    `goal` (`_goals.GOALS`) says which priors are part of the objective, and so how low scales may go; `strength`
    multiplies those priors.
    """
    known = isinstance(problem.program, Program)
    flat, restore = standardised(problem) if known else (problem, Restore(dict, 0.0))
    origin = standardised(starts_from)[0] if known else starts_from
    starts = options.starts if problem.depth != 1 else 1
    begin = [np.asarray(flat.ravel(origin.initial(k)), float) for k in jax.random.split(key, starts)]
    if problem.depth == 1:
        begin = [plain_start(flat)]
    found = Search(flat, restore, _run(flat, begin, monitor, options, goal, objective, strength), goal)
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


def _run(problem: Problem, begin, monitor: Monitor, options, goal: str, objective, strength) -> list[Optimum]:
    known = isinstance(problem.program, Program)
    bent, lower = (kinks(problem, goal, strength), floors(problem, goal)) if known else (None, None)
    # Traced here, once: NumPyro's handler stack is one per process, so models are not traced in threads.
    objective(problem, jnp.asarray(begin[0]))
    done = [0]

    def one(start: np.ndarray) -> Optimum:
        optimum = minimise(problem, start, bent, lower, monitor, options, objective)
        done[0] += 1
        monitor.update(done[0], len(begin), f"log density {optimum.value:.2f}")
        return optimum

    found = in_threads(one, begin)
    if not jax.config.jax_enable_x64:
        found = _in_double(problem, found, bent, lower, monitor, options, objective)
    if problem.depth == 1 and bent is None and why_not_concave(problem) is not None:
        found = _off_saddles(problem, found, lower, monitor, options, objective)
    return found


def _in_double(problem, found, bent, lower, monitor, options, objective) -> list[Optimum]:
    """The ends, searched on in double precision where the rounding of single precision, not the steps, stopped them."""

    def on(end: Optimum) -> Optimum:
        if end.finished or end.steps >= options.steps or monitor.stopping:
            return end
        further = minimise(problem, end.z, bent, lower, monitor, options, objective)
        return replace(further, steps=end.steps + further.steps)

    if all(end.finished for end in found):
        return found
    with jax.enable_x64(True):
        objective(problem, jnp.asarray(found[0].z))  # traced here, as above
        return in_threads(on, found)


def _off_saddles(problem, found, lower, monitor, options, objective) -> list[Optimum]:
    """The optima; in place of a best one that is stationary and no maximum, where a search ends on either side of it:
    by symmetry a start may lie on a saddle, where a gradient sees nothing.
    """
    units = coordinate_units(problem)
    for _ in range(SADDLES):
        best = max(found, key=lambda optimum: optimum.value)
        if not best.finished or best.edge or monitor.stopping or problem.size > SMALL:
            break
        with jax.enable_x64(True):
            matrix = hessian(lambda v: np.asarray(objective(problem, jnp.asarray(v))[1], float), best.z, units)
            matrix = np.nan_to_num(matrix * np.outer(units, units))
            values, vectors = np.linalg.eigh(matrix)
            if values[-1] <= 1e-6 * np.abs(values).max():
                break
            step = units * vectors[:, -1] / np.sqrt(values[-1])
            starts = (best.z + step, best.z - step)
            ends = [minimise(problem, z, None, lower, monitor, options, objective) for z in starts]
            found = [*[end for end in found if end is not best], *ends]
    return found


def minimise(problem, start, bent, lower, monitor: Monitor, options, derive=value_and_gradient) -> Optimum:
    """One start's end by L-BFGS-B in the problem's units, of the objective `derive(problem, z)` with kinks `bent`."""
    if bent is None and is_restricted(problem):
        return _minimise_inside(problem, start, monitor, options, derive)
    from scipy.optimize import minimize

    units = coordinate_units(problem)
    split, lower = Split(len(start), in_units(bent, units)), None if lower is None else lower / units
    rows, trace, far = max(1, problem.n), [], [NOWHERE]

    def objective(x):
        z = split.beside(split.join(x))
        value, gradient = derive(problem, jnp.asarray(z * units))
        value, gradient = float(value), np.asarray(gradient, float) * units
        if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
            return far[0], np.zeros_like(x)
        value, gradient = split.objective(x, z, value, gradient)
        if far[0] == NOWHERE:
            far[0] = _too_far(value / rows)
        return value / rows, gradient / rows

    def step(intermediate_result):
        far[0] = _too_far(float(intermediate_result.fun))
        trace.append(-float(intermediate_result.fun) * rows)
        if monitor.stopping:
            raise StopIteration

    result = minimize(
        objective,
        split.part(start / units),
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
    gradient = split.residual(result.x, np.asarray(result.jac), lower)
    # With ftol = 0 a failed line search means that rounding, not the model, ended the search.
    finished = gradient <= max(100 * options.tolerance, 1e-6) or (result.status == 2 and gradient < 1e-4)
    end, last = (split.join(result.x) * units, -float(result.fun) * rows), tuple(trace[-3:])
    steps, spent = int(result.nit), result.status == 1
    return Optimum(*end, gradient, steps, finished, last, gradients=int(result.nfev), exhausted=spent)


def _too_far(value: float) -> float:
    """What stands for a value that is not finite beside the accepted `value`: worse, but of a size that the line search
    can interpolate.
    """
    return value + 1.0 + abs(value)


def _minimise_inside(problem, start, monitor: Monitor, options, derive) -> Optimum:
    rows, units, asked = max(1, problem.n), coordinate_units(problem), []

    def objective(u, barrier):
        asked.append(1)
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
    value = value * rows if np.isfinite(value) else -NOWHERE
    return Optimum(z, value, largest, steps, finished, (), edge, len(asked), steps >= options.steps)


def _facts(found: list[Optimum], best: int) -> dict:
    values = sorted((o.value for o in found), reverse=True)
    return {
        "log_density": found[best].value,
        "gradient": found[best].gradient,
        "steps": found[best].steps,
        "gradients": sum(optimum.gradients for optimum in found),
        "starts": len(found),
        "optima": values,
        "gap_to_second": values[0] - values[1] if len(values) > 1 else None,
    }

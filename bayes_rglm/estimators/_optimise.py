"""Restarted L-BFGS on the flat vector: maximum likelihood and MAP of networks, and of any NumPyro model.

The objective is the log joint in *constrained* space (no Jacobian), as a function of unconstrained coordinates: what
Stan's `optimize` and a penalised likelihood maximise. SciPy's L-BFGS-B does the work. A Laplace prior is not smooth
at its centre: there each coefficient is split into its positive and negative part, which bounds make exact, zeros
included.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to

from .. import glm
from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label, ordered, recession_direction
from ..problem import Problem
from ..transforms import Restore, standardised
from ..transforms.standardised import proper_rows
from ._base import Draws, Monitor, point
from ._threads import in_threads

# A tanh unit of standardised inputs is a step long before its weights reach this.
SATURATED = 50.0

MAX_ETA = 20.0  # a linear predictor beyond it makes a maximum doubtful
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


@jax.jit
def _value_and_gradient(problem: Problem, z):
    return jax.value_and_grad(lambda v: problem.log_mode(problem.unravel(v)))(z)


def optimise(problem: Problem, key, monitor: Monitor, *, starts_from: Problem, options, mode: bool) -> Draws:
    """The best of `options.starts` optima, as a point. `mode` says whether priors are part of the objective."""
    known = isinstance(problem.program, Program)
    flat, restore = standardised(problem) if known else (problem, Restore(dict, 0.0))
    origin = standardised(starts_from)[0] if known else starts_from
    starts = options.starts if problem.depth != 1 else 1
    begin = [np.asarray(origin.ravel(origin.initial(k)), float) for k in jax.random.split(key, starts)]
    if problem.depth == 1:
        begin = [_plain_start(flat)]
    found = _run(flat, begin, monitor, options, bounded=not mode)
    best = max(range(len(found)), key=lambda i: found[i].value)
    if found[best].value < -0.5 * NOWHERE:
        raise EstimatorError(
            "The log density is not finite at any starting point.",
            found=f"{len(found)} starting points",
            do="check the model's supports and the data",
        )
    z = flat.unravel(found[best].z)
    theta = restore({k: np.asarray(v, float) for k, v in flat.constrain(z).items() if k in dict(flat.layout)})
    labels = _labels(flat, found[best], found, mode, monitor.stopping)
    return Draws(samples=point(theta), kind="point", info=_facts(found, best), labels=ordered(labels))


def _plain_start(problem: Problem) -> np.ndarray:
    """Depth 1 is nearly always unimodal: slopes at 0, the intercept at the typical response, auxiliaries at their
    unit; slopes that are bounded at a tenth of a standard deviation of their column.
    """
    typical, first = problem.constants["typical"], problem.program.layers[0]
    sites = {name: np.zeros(shape) for name, shape in problem.layout}

    def free(site, value):
        inside = np.asarray(biject_to(site.support).inv(jnp.asarray(value, float)))
        return np.where(np.isfinite(inside), inside, 0.0)  # outside its bounds: their middle

    if first.intercept is not None:
        sites[first.intercept.name] = free(first.intercept, typical["eta"])
    if first.weights is not None and not all(block.affine for block in first.weights.blocks):
        spread = np.maximum(np.std(problem.data["X"], axis=0), 1e-12)
        sites[first.weights.name] = free(first.weights, 0.1 * typical["scale"] / spread)
    for site in problem.program.auxiliaries:
        sites[site.name] = free(site, typical["scale"])
    return np.asarray(problem.ravel(sites), float)


def _run(problem: Problem, begin, monitor: Monitor, options, bounded: bool) -> list[Optimum]:
    kinks = problem.kinks() if isinstance(problem.program, Program) else None
    lower = _floors(problem) if bounded and isinstance(problem.program, Program) else None
    smooth = problem if kinks is None else problem.without_kinks()
    # Traced here, once: NumPyro's handler stack is one per process, so models are not traced in threads.
    _value_and_gradient(smooth, jnp.asarray(begin[0]))
    done = [0]

    def one(start: np.ndarray) -> Optimum:
        optimum = _minimise(smooth, start, kinks, lower, monitor, options)
        done[0] += 1
        monitor.update(done[0], len(begin), f"log density {optimum.value:.2f}")
        return optimum

    return in_threads(one, begin)


def _floors(problem: Problem) -> np.ndarray | None:
    """Lower bounds of the flat vector: log(floor) for scales whose vanishing makes a likelihood unbounded."""
    unit = float(problem.constants["typical"]["scale"])
    bounds = {name: np.full(shape, -np.inf) for name, shape in problem.layout}
    for site in problem.program.auxiliaries:
        floor = problem.program.family.parameter(site.name).floor
        if floor is not None:
            bounds[site.name] = np.asarray(biject_to(site.support).inv(jnp.asarray(floor * unit, float)))
    lower = np.concatenate([np.ravel(bounds[name]) for name, _ in problem.layout])
    return lower if np.isfinite(lower).any() else None


def _minimise(problem, start, kinks, lower, monitor: Monitor, options) -> Optimum:
    from scipy.optimize import minimize

    split = _Split(len(start), kinks)
    rows = max(1, problem.n)
    trace: list[float] = []

    def objective(x):
        z = split.join(x)
        value, gradient = _value_and_gradient(problem, jnp.asarray(z))
        value, gradient = float(value), np.asarray(gradient, float)
        if not np.isfinite(value):
            return NOWHERE, np.zeros_like(x)
        value, gradient = split.objective(x, value, gradient)
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


class _Split:
    """Coordinates for L-BFGS-B: coefficients with a kink at `loc` become loc + u - v with u, v >= 0 and penalty (u +
    v)/scale. The density that is differentiated lacks those priors: what JAX takes for |x|' at 0 is not asked.
    """

    def __init__(self, size: int, kinks):
        self.size = size
        self.index, self.loc, self.scale = kinks if kinks is not None else (np.array([], int), np.zeros(0), np.ones(0))

    def part(self, z):
        away = z[self.index] - self.loc
        x = np.concatenate([z, np.maximum(-away, 0.0)])
        x[self.index] = np.maximum(away, 0.0)
        return x

    def join(self, x):
        z = x[: self.size].copy()
        z[self.index] = self.loc + x[self.index] - x[self.size :]
        return z

    def objective(self, x, value, gradient):
        penalty = (x[self.index] + x[self.size :]) / self.scale + np.log(2.0 * self.scale)
        down = np.concatenate([-gradient, gradient[self.index] + 1.0 / self.scale])
        down[self.index] += 1.0 / self.scale
        return penalty.sum() - value, down

    def bounds(self, lower):
        low = np.full(self.size, -np.inf) if lower is None else lower.copy()
        low[self.index] = 0.0
        low = np.concatenate([low, np.zeros(len(self.index))])
        return [(None if not np.isfinite(b) else b, None) for b in low] if np.isfinite(low).any() else None

    def residual(self, x, gradient):
        """Largest entry of the projected gradient: at a bound a gradient that pushes outwards does not count."""
        at_zero = np.zeros(len(x), bool)
        at_zero[self.index] = x[self.index] <= 0.0
        at_zero[self.size :] = x[self.size :] <= 0.0
        free = np.where(at_zero, np.minimum(gradient, 0.0), gradient)
        return float(np.max(np.abs(free), initial=0.0))


def _labels(problem: Problem, best: Optimum, found, mode: bool, stopped: bool) -> list[Label]:
    labels = []
    if stopped:
        labels.append(Label("interrupted", f"stopped after {best.steps} steps", "run it again for the optimum"))
    lower = None if mode or not isinstance(problem.program, Program) else _floors(problem)
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


def _runaway(problem: Problem, z: np.ndarray) -> tuple[str, ...]:
    """Columns under flat priors along which the density rises for ever; looked for where the predictor is far out."""
    separable, first = glm.separation(problem), problem.program.layers[0]
    eta = problem.linear_predictor({k: np.asarray(v) for k, v in problem.constrain(z).items()})
    if separable is None or np.max(np.abs(eta), initial=0.0) < MAX_ETA:
        return ()
    X, flat = np.asarray(problem.data["X"], float), np.zeros(0, bool)
    if first.intercept is not None:
        X = np.column_stack([np.ones(len(X)), X])
        flat = np.array([not first.intercept.blocks[0].proper])
    if first.weights is not None:
        flat = np.concatenate([flat, ~proper_rows(first.weights)])
    direction = recession_direction(X[:, flat], *separable) if flat.any() else None
    if direction is None:
        return ()
    names = np.array(glm.column_names(problem))[flat]
    return tuple(names[np.abs(direction) > 1e-6 * np.abs(direction).max()].tolist())


def _saturated(problem: Problem, z: np.ndarray) -> bool:
    """Whether weights run off to where the likelihood is flat: the maximum, if any, is at infinity."""
    sites = problem.unravel(z)
    return any(np.max(np.abs(sites[a.weights.name]), initial=0.0) > SATURATED for a in problem.program.layers)


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

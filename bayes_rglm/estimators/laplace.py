"""Laplace: a Gaussian at the mode of the posterior in unconstrained space.

The mode is that of the density *with* the Jacobian of the constraints (MAP maximises without it: the two differ for a
residual sd). The covariance is the inverse of the exact Hessian at depth 1, of the generalised Gauss-Newton matrix for
networks, dense: up to `LARGEST` parameters.

Networks predict by their tangent at the mode (`Draws.linearised_at`): draws of the weights pushed through the network
itself score worse than the mode (Immer, Korzepa and Bauer, 2021). Linear predictors of all outputs and auxiliary values
are drawn jointly, since they are functions of the same draws.

A fit is certified (status ok) where the posterior is known to have one mode only, see `_draws.approximate`. Curvature
is taken in double precision whatever that of the fit.

`info` holds the Laplace evidence, log p(y) ~ log p(y, z) + d/2 log 2 pi - 1/2 log |precision| (None under flat priors),
k-hat of the importance ratios and the ELBO, which is a lower bound of log p(y).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import cholesky, solve_triangular

from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label
from ..problem import Problem
from ..transforms import Restore
from ._base import Draws, Estimator, Monitor, check_options, refuse_random_scales, register
from ._curvature import gauss_newton, hessian
from ._draws import approximate
from ._ends import floor_label
from ._optimise import density_and_gradient, search
from ._units import coordinate_units

LARGEST = 4000
# Differences of a gradient need every digit, whatever the precision of the fit.
in_double = jax.enable_x64(True)
GRADIENT = 1e-4  # largest mean gradient at which a point counts as a mode


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The Gaussian at the mode, in the unconstrained coordinates of the model's own sites, flat (`Problem.layout`).

    mean (d,), precision (d, d), log_density: the log joint density at the mode, Jacobian included.
    """

    mean: np.ndarray
    precision: np.ndarray
    log_density: float

    @cached_property
    def root(self) -> np.ndarray:
        """Lower triangular L with L L' = precision."""
        return cholesky(self.precision, lower=True)

    @property
    def covariance(self) -> np.ndarray:
        """(d, d)."""
        inverse = solve_triangular(self.root, np.eye(len(self.mean)), lower=True)
        return inverse.T @ inverse

    @property
    def log_evidence(self) -> float:
        """The Laplace approximation of log p(y)."""
        return float(self.log_density + 0.5 * len(self.mean) * np.log(2 * np.pi) - np.log(np.diag(self.root)).sum())

    def sample(self, key, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Draws (*shape, d) and their log densities (*shape,)."""
        noise = np.asarray(jax.random.normal(key, (*shape, len(self.mean))), float)
        moved = solve_triangular(self.root.T, noise.reshape(-1, len(self.mean)).T, lower=False).T
        constant = np.log(np.diag(self.root)).sum() - 0.5 * len(self.mean) * np.log(2 * np.pi)
        return self.mean + moved.reshape(noise.shape), constant - 0.5 * (noise**2).sum(-1)


@register("laplace_approximation")
@dataclass(frozen=True, kw_only=True)
class Laplace(Estimator):
    """Options of the Laplace approximation: draws per chain and chains (of independent draws), and the search for the
    mode, as in `MAP`.
    """

    name: ClassVar[str] = "laplace"
    bayesian: ClassVar[bool] = True
    draws: int = 1000
    chains: int = 4
    starts: int = 8
    steps: int = 3000
    tolerance: float = 1e-9

    def __post_init__(self):
        whole = {"draws": 4, "chains": 1, "starts": 1, "steps": 1}
        check_options(self, whole=whole, between={"tolerance": (0.0, 1.0)})

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        _refuse(problem)
        first, second = jax.random.split(key)
        flat, restore, z, info, labels = _mode(problem, first, monitor, self)
        gaussian, clipped = _at(flat, z)
        vectors, log_q = gaussian.sample(second, (self.chains, self.draws))
        deep = problem.depth is not None and problem.depth > 1
        at = {k: np.asarray(v, float) for k, v in restore(_constrained(flat, z)).items()} if deep else None
        info |= {"log_evidence": gaussian.log_evidence if _proper(problem) else None} | clipped
        if clipped and not any(label.name == "boundary" for label in labels):
            labels.append(Label("not_a_mode", "the curvature at the optimum is not positive", "use NUTS"))
        return approximate(flat, restore, vectors, log_q, info, labels, at)

    def approximation(self, problem: Problem, seed: int = 0) -> Gaussian:
        """The Gaussian itself, in the coordinates of `problem` (call it under `jax.enable_x64(True)`)."""
        _refuse(problem)
        flat, restore, z, _, _ = _mode(problem, jax.random.key(seed), Monitor(), self)
        gaussian, _ = _at(flat, z)
        return _moved(problem, flat, restore, gaussian)


def _refuse(problem: Problem) -> None:
    refuse_random_scales(problem)
    if problem.size > LARGEST:
        raise EstimatorError(
            f"Laplace keeps a dense matrix of the parameters, up to {LARGEST}.",
            found=f"{problem.size} parameters",
            do='use "svi", "map" or "ensemble"',
        )
    program = problem.program
    if not isinstance(program, Program):
        return
    blocks = [(site, block) for site in program.sites for block in site.blocks]
    for site, block in blocks:
        if not block.proper and program.depth > 1:
            raise EstimatorError(
                "A flat prior on the weights of a network gives an improper posterior.",
                found=site.name,
                do="use a proper prior, for example priors.Normal(scale=1.0, scaled='fan_in')",
            )
        if block.kink is not None:
            raise EstimatorError(
                "A Gaussian at the mode needs a prior that is smooth there.",
                found=f"the prior of {site.name!r} has a kink at its centre",
                do='use "nuts" for this prior, or a Normal prior',
            )


def _proper(problem: Problem) -> bool:
    known = isinstance(problem.program, Program)
    return not known or all(block.proper for site in problem.program.sites for block in site.blocks)


def _mode(problem: Problem, key, monitor: Monitor, options):
    """(problem in its coordinates, the way back, mode (d,), facts, labels): L-BFGS, then Newton's method."""
    found = search(
        problem, key, monitor, starts_from=problem, options=options, goal="mode", objective=density_and_gradient
    )
    best = found.found[found.best]
    flat = found.problem
    fallen = bool(floor_label(flat, best.z, "mode")) if isinstance(flat.program, Program) else False
    z, slope = _polished(flat, best.z) if problem.depth == 1 and not fallen else (best.z, best.gradient)
    labels = [x for x in found.labels(found.best, monitor) if x.name != "not_a_mode"]
    if slope > GRADIENT and not fallen:
        text = f"largest mean gradient {slope:.1e} after {best.steps} steps"
        labels.append(Label("not_a_mode", text, "more steps: Laplace(steps=...)"))
    values = sorted((o.value for o in found.found), reverse=True)
    info: dict[str, Any] = {"gradient": float(slope), "steps": best.steps, "starts": len(values), "optima": values}
    info["gradients"] = sum(o.gradients for o in found.found)
    return flat, found.restore, z, info, labels


@in_double
def _polished(problem: Problem, z: np.ndarray, steps: int = 8) -> tuple[np.ndarray, float]:
    """A few Newton steps from an optimum: to rounding."""
    gradient = _gradient(problem)
    z, rows, units = np.array(z, float), max(1, problem.n), coordinate_units(problem)
    slope = gradient(z) * units
    for _ in range(steps):
        matrix = hessian(gradient, z, units) * np.outer(units, units)
        change = units * np.linalg.lstsq(matrix, -slope, rcond=None)[0]
        trial = gradient(z + change) * units
        if not np.max(np.abs(trial)) < np.max(np.abs(slope)):
            break
        z, slope = z + change, trial
    return z, float(np.max(np.abs(slope), initial=0.0)) / rows


def _gradient(problem: Problem):
    return lambda v: np.asarray(density_and_gradient(problem, jnp.asarray(v))[1], float)


@in_double
def _at(problem: Problem, z: np.ndarray) -> tuple[Gaussian, dict[str, Any]]:
    """The Gaussian at `z`; facts are empty unless its curvature had to be mended."""
    known = isinstance(problem.program, Program)
    deep = known and problem.depth > 1
    units = coordinate_units(problem)
    precision = gauss_newton(problem, z) if deep else -hessian(_gradient(problem), z, units)
    if not np.any(precision) or not np.all(np.isfinite(precision)):
        raise EstimatorError(
            "A Gaussian at the mode needs curvature there.",
            found="a Hessian that is zero or not finite",
            do='use "nuts", or check the scale of the columns',
        )
    scales = np.outer(units, units)
    values, vectors = np.linalg.eigh(precision * scales)
    facts = {}
    largest = np.abs(values).max()
    if values.min() <= 1e-10 * largest:
        facts["mended_eigenvalues"] = int((values <= 1e-10 * largest).sum())
        precision = (vectors * np.maximum(values, 1e-6 * largest)) @ vectors.T / scales
    value = float(density_and_gradient(problem, jnp.asarray(z))[0])
    return Gaussian(np.asarray(z, float), precision, value), facts


def _constrained(problem: Problem, z) -> dict[str, np.ndarray]:
    sites = problem.constrain(jnp.asarray(z))
    return {name: np.asarray(sites[name], float) for name, _ in problem.layout}


def _moved(problem: Problem, flat: Problem, restore: Restore, gaussian: Gaussian) -> Gaussian:
    """The Gaussian in the coordinates of `problem`: the way back is affine in unconstrained sites."""

    def back(v):
        sites = {k: np.asarray(x, float) for k, x in flat.unravel(np.asarray(v, float)).items()}
        return np.concatenate([np.ravel(restore(sites)[name]) for name, _ in problem.layout])

    size = len(gaussian.mean)
    origin = back(np.zeros(size))
    matrix = np.stack([back(e) - origin for e in np.eye(size)], axis=1)
    inverse = np.linalg.inv(matrix)
    precision, mean = inverse.T @ gaussian.precision @ inverse, back(gaussian.mean)
    value = float(density_and_gradient(problem, jnp.asarray(mean))[0])
    return Gaussian(mean, 0.5 * (precision + precision.T), value)

"""Penalised likelihood: the model's priors on weights as penalties, times a strength; nothing else is penalised.

Maximises log p(y | w, phi) - strength * sum_j penalty_j(w_j). At `strength=1` the penalties are the priors themselves:
with a Normal prior of scale t that is a ridge of 1 / t^2 on the summed log-likelihood, with a Laplace prior of scale b
a lasso of 1 / b. The response's intercept and auxiliary values (sigma) are free, which is what tells it from MAP.

`strength="cv"` chooses the strength from `strengths` by K-fold cross-validation on the log score of the left-out rows
(plug-in), along a path from strong to weak, and then fits all rows. The frozen constants of scaled priors are those of
all rows given. `info["path"]` holds the scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import EstimatorError, Interrupted
from ..gates import ordered
from ..problem import Problem
from ..transforms import standardised
from ._base import Draws, Estimator, Monitor, Quiet, check_options, point, refuse_random_scales, register
from ._ends import floors
from ._goals import kinks, penalised_sites
from ._optimise import minimise, plain_start, search

STRENGTHS = tuple(float(s) for s in np.geomspace(1e2, 1e-3, 11))
PATH_STEPS = 500


@register("penalized", "ridge", "lasso")
@dataclass(frozen=True, kw_only=True)
class Penalised(Estimator):
    """Options: `strength`, a positive number or "cv"; `folds` and the grid `strengths` of cross-validation; L-BFGS."""

    name: ClassVar[str] = "penalised"
    strength: float | str = 1.0
    folds: int = 5
    strengths: tuple[float, ...] = STRENGTHS
    starts: int = 8
    steps: int = 3000
    tolerance: float = 1e-9

    def __post_init__(self):
        check_options(self, whole={"folds": 2, "starts": 1, "steps": 1}, between={"tolerance": (0.0, 1.0)})
        if self.strength != "cv":
            if not _is_positive(self.strength):
                raise EstimatorError(
                    "Penalised: strength is a positive number, or 'cv'.", found=f"strength={self.strength!r}"
                )
            object.__setattr__(self, "strength", float(self.strength))
        several = not isinstance(self.strengths, str) and hasattr(self.strengths, "__iter__")
        if not several or not all(map(_is_positive, self.strengths)):
            raise EstimatorError(
                "Penalised: strengths is a grid of positive numbers.", found=f"strengths={self.strengths!r}"
            )
        grid = sorted({float(s) for s in self.strengths}, reverse=True)
        object.__setattr__(self, "strengths", tuple(grid))
        if len(grid) < 2 and self.strength == "cv":
            raise EstimatorError("Penalised: cross-validation chooses among strengths.", found=f"strengths={grid!r}")

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        _refuse(problem)
        first, second = jax.random.split(key)
        info: dict[str, Any] = {}
        strength, own = self.strength, _freed(problem)
        if strength == "cv":
            strength, info["path"] = _chosen(own, first, monitor, self)
        found = search(
            own,
            second,
            monitor,
            starts_from=problem,
            options=self,
            goal="penalised",
            objective=objective(strength),
            strength=strength,
        )
        best = found.found[found.best]
        values = sorted((o.value for o in found.found), reverse=True)
        info |= {
            "strength": float(strength),
            "penalised_log_likelihood": best.value,
            "log_likelihood": float(_log_likelihood(found.problem, jnp.asarray(best.z))),
            "gradient": best.gradient,
            "steps": best.steps,
            "optima": values,
        }
        info |= {"gradients": sum(o.gradients for o in found.found)} if self.strength != "cv" else {}
        labels = ordered(found.labels(found.best, monitor))
        return Draws(samples=point(found.sites(found.best)), kind="point", info=info, labels=labels)


def _is_positive(value: Any) -> bool:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return number and bool(np.isfinite(value)) and value > 0


def _refuse(problem: Problem) -> None:
    program = problem.require_network("Penalised likelihood")
    refuse_random_scales(problem)
    auxiliary = {parameter.name for parameter in program.family.auxiliaries}
    for key, prior in problem.spec.prior if problem.spec is not None else ():
        if (key[1] if isinstance(key, tuple) else key) in auxiliary:
            continue
        if not prior.closed:
            raise EstimatorError(
                "Penalised likelihood needs priors with a closed penalty.",
                found=f"{key!r}: {prior!r}",
                do='use "map" or "nuts" for it, or a prior of bayes_rglm.priors',
            )


def _freed(problem: Problem) -> Problem:
    """The problem without the priors that are no penalties: at depth 1 they decide about coordinates."""
    free = {site.name for site in problem.program.sites} - set(penalised_sites(problem))
    return problem.likelihood_only(free) if problem.depth == 1 else problem


@jax.jit
def _value_and_gradient(problem: Problem, z, strength):
    def value(v):
        theta = problem.constrain(v)
        prior = problem.log_prior(theta)
        penalty = sum(jnp.sum(prior[name]) for name in penalised_sites(problem))
        return jnp.sum(problem.log_likelihood(theta)) + strength * penalty

    return jax.value_and_grad(value)(z)


@jax.jit
def _log_likelihood(problem: Problem, z):
    return jnp.sum(problem.log_likelihood(problem.constrain(z)))


def objective(strength: float):
    """The penalised log-likelihood and its gradient, as `search` takes them."""
    return lambda problem, z: _value_and_gradient(problem, z, strength)


# cross-validation ----------------------------------------------------------------------------------------------------


def _chosen(problem: Problem, key, monitor: Monitor, options: Penalised) -> tuple[float, list[dict[str, float]]]:
    """The strength of the best mean held-out log score, and the scores of all."""
    flat, _ = standardised(problem)
    folds = min(options.folds, flat.n)
    order = np.asarray(jax.random.permutation(key, flat.n))
    scores = np.zeros((len(options.strengths), folds))
    for k in range(folds):
        test = np.sort(order[k::folds])
        train = np.setdiff1d(np.arange(flat.n), test)
        scores[:, k] = _path(flat, train, test, jax.random.fold_in(key, k), Quiet(monitor), options)
        monitor.update(k + 1, folds, f"fold {k + 1}")
        if monitor.stopping:
            raise Interrupted(
                "Cross-validation was stopped before every fold was done.",
                found=f"a stop in fold {k + 1} of {folds}",
                do="give a number as strength, or let it finish",
            )
    mean = scores.sum(1) / flat.n
    spread = scores.std(1, ddof=1) * np.sqrt(folds) / flat.n
    path = [
        {"strength": float(s), "log_score": float(m), "se": float(e)}
        for s, m, e in zip(options.strengths, mean, spread, strict=True)
    ]
    return float(options.strengths[int(np.argmax(mean))]), path


def _path(problem: Problem, train, test, key, monitor: Monitor, options: Penalised) -> np.ndarray:
    """Held-out log scores along the strengths, strong to weak, each started where the last one ended. A network also
    moves by a tenth of a draw of the prior: held at 0, its weights would stay there.
    """
    inside, outside = _rows(problem, train), _rows(problem, test)
    lower = floors(problem, "penalised")
    start = plain_start(inside) if problem.depth == 1 else np.zeros(problem.size)
    shake = 0.0 if problem.depth == 1 else 0.1 * np.asarray(problem.ravel(problem.initial(key)), float)
    budget = replace(options, steps=min(options.steps, PATH_STEPS))
    scores = []
    for strength in options.strengths:
        bent = kinks(problem, "penalised", strength)
        optimum = minimise(inside, start + shake, bent, lower, monitor, budget, objective(strength))
        start = optimum.z
        scores.append(float(_log_likelihood(outside, jnp.asarray(optimum.z))))
    return np.array(scores)


def _rows(problem: Problem, index: np.ndarray) -> Problem:
    """The problem of some rows, with the constants of the whole."""
    n = problem.n
    data = {k: np.asarray(v)[index] if np.ndim(v) and np.shape(v)[0] == n else v for k, v in problem.data.items()}
    return problem.with_parts(data=data, design=None)

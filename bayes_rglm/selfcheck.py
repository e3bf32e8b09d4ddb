"""A staged check of a problem, before anything expensive: data, prior, likelihood row by row, gradient.

`self_check(problem)` runs the stages in order and reports each, for any problem. `fit` runs it on NumPyro functions
of the user's; of a recursive GLM the data are checked by the design, and NUTS checks the density where each chain
starts. It costs one compiled gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from .errors import DataError, EstimatorError
from .evaluation import float64
from .problem import Problem


@dataclass(frozen=True)
class Stage:
    """One stage: its name, whether it passed, and what was seen."""

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class SelfCheck:
    """The stages in order; `passed` is whether all did."""

    stages: tuple[Stage, ...]

    @property
    def passed(self) -> bool:
        """Whether every stage passed."""
        return all(stage.passed for stage in self.stages)

    def raise_if_failed(self) -> None:
        """Raise `DataError` (data) or `EstimatorError` (densities) for the first stage that failed."""
        for stage in self.stages:
            if not stage.passed:
                error = DataError if stage.name == "data" else EstimatorError
                raise error(
                    f"The problem failed its self-check at the stage {stage.name!r}.",
                    found=stage.message,
                    do="check the data, the supports of the priors and the scale of the columns",
                )

    def __repr__(self) -> str:
        return "\n".join(f"{'ok    ' if s.passed else 'FAILED'}  {s.name}: {s.message}" for s in self.stages)


def self_check(problem: Problem, seed: int = 0) -> SelfCheck:
    """Check `problem` at a random start: finite data, prior, rows and gradient. Later stages need the earlier ones."""
    stages = [_data(problem)]
    if stages[-1].passed:
        with float64():
            try:
                z = problem.initial(jax.random.key(seed))
                theta = {name: value for name, value in problem.constrain(z).items() if name in dict(problem.layout)}
                stages += _densities(problem, z, theta)
            except Exception as error:  # the function is the user's: whatever it raises is the finding
                stages.append(Stage("model", False, f"it raised {type(error).__name__}: {error}"))
    return SelfCheck(tuple(stages))


def _data(problem: Problem) -> Stage:
    for name, values in problem.data.items():
        values = np.asarray(values)
        if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            return Stage("data", False, f"{name}{list(where)} is {values[where]}")
    return Stage("data", True, f"{problem.n} rows, {problem.size} parameters")


def _densities(problem: Problem, z, theta) -> list[Stage]:
    prior = {name: float(value) for name, value in problem.log_prior(theta).items()}
    bad = [name for name, value in prior.items() if not np.isfinite(value)]
    stages = [
        Stage("prior", not bad, f"not finite at {', '.join(bad)}" if bad else f"log prior {sum(prior.values()):.2f}")
    ]
    rows = np.asarray(problem.log_likelihood(theta))
    wrong = np.flatnonzero(np.isnan(rows))
    message = f"row {wrong[0]} is NaN ({len(wrong)} rows)" if len(wrong) else f"log likelihood {rows.sum():.2f}"
    stages.append(Stage("likelihood", not len(wrong), message))
    if all(stage.passed for stage in stages) and np.isfinite(rows.sum()):
        gradient = np.asarray(jax.jit(_gradient)(problem, jnp.asarray(problem.ravel(z))))
        sites = [k for k, v in problem.unravel(gradient).items() if not np.all(np.isfinite(v))]
        stages.append(Stage("gradient", not sites, f"not finite at {', '.join(sites)}" if sites else "finite"))
    return stages


def _gradient(problem: Problem, vector):
    return jax.grad(lambda v: problem.log_density(problem.unravel(v)))(vector)

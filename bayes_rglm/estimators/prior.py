"""Prior: draws from the prior, before any fit. With it the prior predictive: what the model says of unseen data.

Independent draws of every site along the recursion; the data enter through the frozen constants of the default priors
alone. The tree has the groups `prior` and `prior_predictive`. Where the link restricts the linear predictor (sqrt,
reciprocal) whole draws are made again until all rows lie inside its domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import handlers

from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label
from ..problem import Problem
from ._base import Draws, Estimator, Monitor, check_options, register

BLOCK, TRIES = 250, 80


@register("prior_predictive")
@dataclass(frozen=True, kw_only=True)
class Prior(Estimator):
    """Options of prior draws: `draws` per chain; chains are independent like the draws."""

    name: ClassVar[str] = "prior"
    bayesian: ClassVar[bool] = True
    draws: int = 1000
    chains: int = 4

    def __post_init__(self):
        check_options(self, whole={"draws": 4, "chains": 1})

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        _refuse_improper(problem)
        total = self.draws * self.chains
        blocks, done, tried = [], 0, 0
        while done < total:
            keys = jax.random.split(jax.random.fold_in(key, tried), BLOCK)
            drawn, inside = _drawn(problem, keys)
            kept = np.flatnonzero(np.asarray(inside))[: total - done]
            blocks.append({name: np.asarray(v, float)[kept] for name, v in drawn.items()})
            done, tried = done + len(kept), tried + 1
            if tried == TRIES and not done:
                raise _outside(problem)
            monitor.update(max(done, 1), total, "draws")
            if monitor.stopping and done // self.chains >= 4:
                break
        count = done // self.chains
        flat = {name: np.concatenate([block[name] for block in blocks])[: count * self.chains] for name in blocks[0]}
        shaped = {name: v.reshape(count, self.chains, *v.shape[1:]).swapaxes(0, 1) for name, v in flat.items()}
        samples = {name: np.ascontiguousarray(v) for name, v in shaped.items()}
        kept = f"{count} draws of {self.chains} chains are kept"
        labels = (Label("interrupted", kept, "run it again"),) if count < self.draws else ()
        return Draws(samples=samples, kind="prior", labels=labels)


def _refuse_improper(problem: Problem) -> None:
    if not isinstance(problem.program, Program):
        return
    improper = [s.name for s in problem.program.sites if not all(block.proper for block in s.blocks)]
    if improper:
        raise EstimatorError(
            "A flat prior cannot be drawn from.",
            found=", ".join(improper),
            do="give these sites proper priors, for example priors.Normal(scale=2.5)",
        )


def _outside(problem: Problem) -> EstimatorError:
    link = problem.program.link
    return EstimatorError(
        f"No draw from the prior gives all rows a mean under the link {link.name!r}.",
        found=f"{problem.n} rows, {BLOCK * TRIES} draws",
        do="use tighter priors on the slopes, or another link",
    )


@jax.jit
def _drawn(problem: Problem, keys):
    """(sites, whether every row has a mean) of one draw per key: NumPyro's own draws of the model's sites."""
    names = [name for name, _ in problem.layout]

    def one(key):
        trace = handlers.trace(handlers.seed(problem.numpyro_model, key)).get_trace(**problem.model_kwargs)
        sites = {name: trace[name]["value"] for name in names}
        return sites, _every_row_has_a_mean(problem, sites)

    return jax.lax.map(one, keys, batch_size=BLOCK)


def _every_row_has_a_mean(problem: Problem, sites):
    if not isinstance(problem.program, Program) or not problem.program.link.restricted:
        return True
    return jnp.all(problem.program.link.inside(problem.linear_predictor(sites)))

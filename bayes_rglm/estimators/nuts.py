"""NUTS: draws from the posterior by NumPyro's no-U-turn kernel, compiled once, one thread per chain.

The kernel runs in our own loop with the data as arguments, so that a repeated fit of the same shapes compiles
nothing. On a CPU each chain has its thread (`_threads`); on a GPU the chains are vmapped. Depth 1 samples in whitened
coordinates (`_whitening`), networks in standardised ones with a diagonal mass matrix adapted during warm-up; NumPyro
models as they are. Blocks of `BLOCK` transitions report progress between them and can be stopped without losing what
is done.

Defaults by depth: 4 chains, target_accept 0.8, tree depth 10 at depth 1; 0.9 and 8 for networks, whose U-turns are
set by directions that do not matter for the function. Weights whose prior has random scales are sampled in non-centred
coordinates, with target_accept 0.95.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc

from ..binding import Program
from ..errors import EstimatorError, Interrupted
from ..gates import Label
from ..problem import Problem
from ..problem.starts import prior_draw
from ..transforms import Restore, noncentred, standardised, whitened
from ._base import Draws, Estimator, Monitor, check_options, register
from ._draws import constrain_draws
from ._improper import refuse_improper
from ._optimise import is_restricted, plain_start
from ._threads import in_threads
from ._whitening import whitening

BLOCK = 100
LEAST_DRAWS = 4
WARM = "gradients of the warm-up"
STARTS, HALVINGS = 10, 40


class Settings(NamedTuple):
    """The static part of the compiled sampler."""

    warmup: int
    target_accept: float
    max_tree_depth: int


@register("posterior", "hmc")
@dataclass(frozen=True, kw_only=True)
class NUTS(Estimator):
    """Options of NUTS; None means the default for the model's depth."""

    name: ClassVar[str] = "nuts"
    bayesian: ClassVar[bool] = True
    draws: int = 1000
    warmup: int = 1000
    chains: int = 4
    target_accept: float | None = None
    max_tree_depth: int | None = None

    def __post_init__(self):
        whole = {"draws": LEAST_DRAWS, "warmup": 20, "chains": 1, "max_tree_depth": 1}
        check_options(self, whole=whole, between={"target_accept": (0.0, 1.0)})

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        refuse_improper(problem)
        flat, restore = coordinates(problem)
        deep = problem.depth != 1
        settings = Settings(
            self.warmup,
            self.target_accept or (0.95 if _hierarchical(problem) else 0.9 if deep else 0.8),
            self.max_tree_depth or (8 if deep else 10),
        )
        keys = jax.random.split(key, self.chains)
        starts = [_start(flat, jax.random.fold_in(k, 1)) for k in keys]
        _check_starts(flat, starts)
        chains = _sample(flat, starts, keys, self.draws, settings, monitor)
        cut = len(chains) < self.chains or len(chains[0]["diverging"]) < self.draws
        return _collect(flat, restore, chains, settings, interrupted=cut)


def _hierarchical(problem: Problem) -> bool:
    """Whether some weights have random scales."""
    return isinstance(problem.program, Program) and bool(problem.program.hierarchical)


def coordinates(problem: Problem) -> tuple[Problem, Restore]:
    """The problem in the coordinates NUTS moves in, and the way back to raw units."""
    if not isinstance(problem.program, Program):
        return problem, Restore(dict, 0.0)
    flat, restore = standardised(problem)
    if flat.program.hierarchical:
        return noncentred(flat)[0], restore
    affine = whitening(flat) if problem.depth == 1 else None
    return (flat if affine is None else whitened(flat, *affine)[0]), restore


def _start(problem: Problem, key):
    if is_restricted(problem):
        return _start_inside(problem, key)
    if problem.coordinates is not None:
        return jax.random.uniform(key, (problem.size,), minval=-2.0, maxval=2.0)
    return jnp.asarray(problem.ravel(problem.initial(key)))


def _start_inside(problem: Problem, key):
    """A random step from the middle, halved until every row has a mean."""
    if problem.coordinates is None:
        middle = jnp.asarray(plain_start(problem))
        step = jnp.asarray(problem.ravel(problem.unconstrain(prior_draw(problem, key)))) - middle
    else:
        middle = jnp.zeros(problem.size)
        step = jax.random.uniform(key, (problem.size,), minval=-2.0, maxval=2.0)
    for _ in range(HALVINGS):
        if np.isfinite(_density(problem, middle + step)[0]):
            break
        step = 0.5 * step
    return middle + step


@jax.jit
def _density(problem: Problem, z):
    return jax.value_and_grad(problem.log_density)(z)


def _check_starts(problem: Problem, starts) -> None:
    if isinstance(problem.program, Program):
        return  # its likelihood and its priors are finite by construction
    for chain, z in enumerate(starts):
        value, gradient = _density(problem, z)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            bad = [k for k, v in problem.unravel(np.asarray(gradient)).items() if not np.all(np.isfinite(v))]
            raise EstimatorError(
                "The log density is not finite at a starting point.",
                found=f"chain {chain}: log density {float(value)}, gradient not finite: {', '.join(bad) or '-'}",
                do="check the model's supports and the data; fit.problem.log_likelihood shows the rows",
            )


def _kernel(problem: Problem, settings: Settings, z, key):
    """NumPyro's NUTS on this problem: (first state, one transition). Built anew in every trace: it keeps state in
    closures.
    """
    start, step = hmc(potential_fn_gen=lambda p: lambda v: -p.log_density(v), algo="NUTS")
    state = start(
        z,
        settings.warmup,
        target_accept_prob=settings.target_accept,
        max_tree_depth=settings.max_tree_depth,
        trajectory_length=None,
        model_args=(problem,),
        rng_key=key,
    )
    return state, lambda s: step(s, (problem,))


@partial(jax.jit, static_argnames="settings")
def _begin(problem: Problem, z, key, settings: Settings):
    return _kernel(problem, settings, z, key)[0]


@partial(jax.jit, static_argnames="settings")
def _advance(problem: Problem, state, count, settings: Settings):
    """`count` <= BLOCK transitions; the kept quantities are padded to BLOCK rows."""
    _, step = _kernel(problem, settings, state.z, state.rng_key)
    first = _kept(state) | _left(problem, settings, state, state)
    keep = jax.tree.map(lambda x: jnp.zeros((BLOCK, *jnp.shape(x)), jnp.result_type(x)), first)

    def body(i, carry):
        new = step(carry[0])
        kept = _kept(new) | _left(problem, settings, carry[0], new)
        return new, jax.tree.map(lambda rows, x: rows.at[i].set(x), carry[1], kept)

    return jax.lax.fori_loop(0, count, body, (state, keep))


def _left(problem: Problem, settings: Settings, old, new) -> dict:
    """Whether a transition that NumPyro calls divergent only met the end of the link's domain, where the density is 0:
    a rejection, which leaves the posterior invariant.

    It is made again, from the same state and with the same random numbers, on a density that has numbers outside the
    domain. Both trajectories agree up to the first step outside; where the second one does not diverge, no step inside
    has lost its energy.
    """
    if not is_restricted(problem):
        return {}
    program = problem.program
    inside = problem.with_parts(program=replace(program, link=program.link.extended()))

    def again(state):
        return ~_kernel(inside, settings, state.z, state.rng_key)[1](state).diverging

    return {"left_domain": jax.lax.cond(new.diverging, again, lambda state: jnp.zeros((), bool), old)}


def _kept(state):
    return {
        "z": state.z,
        "lp": -state.potential_energy,
        "energy": state.energy,
        "diverging": state.diverging,
        "n_steps": state.num_steps,
        "acceptance_rate": state.accept_prob,
        "step_size": state.adapt_state.step_size,
    }


def _sample(problem, starts, keys, draws: int, settings: Settings, monitor: Monitor) -> list[dict[str, np.ndarray]]:
    """Chains of kept draws, cut to a common length when stopped; chains that were still warming up then are left out.

    Every chain has its own thread, more of them than cores too: all have come as far when a run is stopped.
    """
    if _on_cpu():
        # Traced here, once: NumPyro's handler stack is one per process, so models are not traced in threads.
        states = [_settled(problem, z, key, settings) for z, key in zip(starts, keys, strict=True)]
        _advance(problem, states[0], 0, settings)
        advance = partial(_advance, settings=settings)
        runs = in_threads(
            lambda state: _blocks(advance, problem, state, draws, settings, monitor), states, workers=len(states)
        )
    else:
        runs = _vmapped(problem, starts, keys, draws, settings, monitor)
    runs = [run for run in runs if len(run["diverging"]) >= LEAST_DRAWS]
    if not runs:
        raise Interrupted(
            "Sampling was stopped before there were draws to keep.",
            found=f"fewer than {LEAST_DRAWS} draws in every chain",
            do="let the warm-up finish",
        )
    length = min(len(run["diverging"]) for run in runs)
    return [{name: value[:length] for name, value in run.items()} for run in runs]


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu" or "cpu" in str(jax.config.jax_default_device).lower()


def _settled(problem: Problem, z, key, settings: Settings):
    """The first state of a chain, at the first of a few starting points where density and gradient are finite."""
    for attempt in range(STARTS):
        state = _begin(problem, z, key, settings)
        if np.isfinite(state.potential_energy) and np.all(np.isfinite(state.z_grad)):
            return state
        z = _start(problem, jax.random.fold_in(key, 2 + attempt))
    raise EstimatorError(
        "The log density or its gradient is not finite where a chain would start.",
        found=f"{STARTS} random starting points, all of them so",
        do="check the scale of the columns against the priors: draws of the linear predictor may overflow the link",
    )


def _blocks(advance, problem, state, draws, settings, monitor) -> dict[str, np.ndarray]:
    kept, done, warm = [], 0, 0
    while done < settings.warmup + draws and not monitor.stopping:
        edge = settings.warmup if done < settings.warmup else settings.warmup + draws
        count = min(BLOCK, edge - done)
        state, rows = advance(problem, state, count)
        if done >= settings.warmup:
            kept.append({name: np.asarray(x)[:count] for name, x in rows.items()})
        else:
            warm = warm + np.asarray(rows["n_steps"])[:count].sum(axis=0)
        done += count
        phase = "warm-up" if done <= settings.warmup else "draws"
        monitor.update(done, settings.warmup + draws, phase)
    empty = {"diverging": np.zeros(0, bool)}
    if not kept:
        return empty
    run = {k: np.concatenate([block[k] for block in kept]) for k in kept[0]}
    return run | {WARM: np.broadcast_to(warm, run["n_steps"].shape)}


def _vmapped(problem, starts, keys, draws, settings, monitor) -> list[dict[str, np.ndarray]]:
    def advance(problem, state, count):
        state, rows = _advance_all(problem, state, count, settings)
        return state, {k: jnp.moveaxis(v, 0, 1) for k, v in rows.items()}

    state = _begin_all(problem, jnp.stack(starts), keys, settings)
    rows = _blocks(advance, problem, state, draws, settings, monitor)
    return [{k: v[:, c] if v.ndim > 1 else v for k, v in rows.items()} for c in range(len(starts))]


@partial(jax.jit, static_argnames="settings")
def _begin_all(problem: Problem, starts, keys, settings: Settings):
    return jax.vmap(partial(_begin, settings=settings), (None, 0, 0))(problem, starts, keys)


@partial(jax.jit, static_argnames="settings")
def _advance_all(problem: Problem, states, count, settings: Settings):
    return jax.vmap(partial(_advance, settings=settings), (None, 0, None))(problem, states, count)


def _collect(problem, restore: Restore, chains, settings: Settings, interrupted: bool) -> Draws:
    rows = {name: np.stack([chain[name] for chain in chains]) for name in chains[0]}
    vectors = rows.pop("z").astype(float)
    if problem.coordinates is not None:
        loc, factor = (np.asarray(problem.coordinates[k], float) for k in ("loc", "factor"))
        vectors = loc + vectors @ factor.T
    unconstrained = problem.unravel(vectors)
    samples = restore(constrain_draws(problem, unconstrained))
    steps, warm = rows["n_steps"], rows.pop(WARM)
    if "left_domain" in rows:
        rows["diverging"] = rows["diverging"] & ~rows["left_domain"]
    rows["tree_depth"] = np.ceil(np.log2(steps + 1)).astype(int)
    rows["reached_max_treedepth"] = steps >= 2**settings.max_tree_depth - 1
    kept = f"{vectors.shape[1]} draws of {vectors.shape[0]} chains are kept"
    labels = (Label("interrupted", kept, "run it again for all"),) if interrupted else ()
    info = {
        "warmup": settings.warmup,
        "target_accept": settings.target_accept,
        "max_tree_depth": settings.max_tree_depth,
        "gradients": int(steps.sum() + warm[:, 0].sum()),
    }
    return Draws(samples=samples, kind="mcmc", stats=rows, info=info, labels=labels)

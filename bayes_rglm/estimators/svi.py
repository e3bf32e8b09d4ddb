"""SVI: a Gaussian fitted to the posterior by stochastic variational inference (NumPyro's guides, optax's Adam).

The guide lives on the flat unconstrained vector in standardised coordinates and starts at the mode, each coordinate
in units of its conditional sd there. `guide` is "mean_field" (diagonal), "low_rank" or "full_rank"; None chooses by
size. The learning rate falls from `learning_rate` to a hundredth of it on a cosine; the guide's last fifth of steps
is averaged. With `batch_size` each step sees that many random rows, reweighted to the whole; batches are arguments of
the compiled step.

Verdict. The mean loss of the last two tenths of the steps must agree within noise, a thousandth of it or 0.1, else the
label is `not_converged`; the R-hat of the guide's location over the second half of the run, as two chains, is told
beside it (`info["iterate_rhat"]`). The approximation is exclusive-KL: its variances are low, and k-hat of the
importance ratios says whether its parameters can be read (`info`, and the label `predictive_only`). `info["trace"]`
holds the loss per row, averaged over blocks of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.distributions import constraints
from numpyro.infer import SVI as NumPyroSVI
from numpyro.infer import Trace_ELBO, init_to_value
from numpyro.infer.autoguide import AutoDiagonalNormal, AutoLowRankMultivariateNormal, AutoMultivariateNormal

from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label
from ..problem import Problem
from ._base import Draws, Estimator, Monitor, check_options, refuse_random_scales, register
from ._draws import approximate
from ._improper import refuse_improper
from ._optimise import density_and_gradient, search
from ._units import coordinate_units

GUIDES = {
    "mean_field": AutoDiagonalNormal,
    "low_rank": AutoLowRankMultivariateNormal,
    "full_rank": AutoMultivariateNormal,
}
FULL, LOW = 500, 20_000  # largest sizes at which the automatic guide is of full and of low rank
BLOCKS = 50
STEP, WIDEST = 1e-4, 3.0  # of differences; standard units of a prior so wide that it says nothing


class Settings(NamedTuple):
    """The static part of the compiled programme."""

    guide: str
    size: int
    scale: float
    steps: int
    block: int
    learning_rate: float
    particles: int
    batch: int | None


@register("vi", "advi")
@dataclass(frozen=True, kw_only=True)
class SVI(Estimator):
    """Options of variational inference; `starts` is the number of restarts of the search for the mode it starts at."""

    name: ClassVar[str] = "svi"
    bayesian: ClassVar[bool] = True
    guide: str | None = None
    steps: int = 10_000
    learning_rate: float = 1e-2
    particles: int = 4
    batch_size: int | None = None
    draws: int = 1000
    chains: int = 4
    starts: int = 4

    def __post_init__(self):
        whole = {"steps": BLOCKS, "particles": 1, "batch_size": 1, "draws": 4, "chains": 1, "starts": 1}
        check_options(self, whole=whole, between={"learning_rate": (0.0, 1.0)})
        if self.guide is not None and self.guide not in GUIDES:
            raise EstimatorError(
                "SVI: guide names a variational family.",
                found=f"guide={self.guide!r}",
                do=f"one of {', '.join(GUIDES)}",
            )

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        _refuse(problem, self)
        keys = jax.random.split(key, 3)
        first, options = _Before(monitor, _blocks(self.steps)), _Search(self.starts)
        found = search(
            problem, keys[0], first, starts_from=problem, options=options, goal="mode", objective=density_and_gradient
        )
        flat, mode = found.problem, found.found[found.best].z
        settings = self._settings(flat)
        frame = {"loc": jnp.asarray(mode), "unit": jnp.asarray(_units(flat, mode))}
        location, trace, done = _optimised(flat, frame, keys[1], settings, monitor, len(found.found))
        vectors, log_q = _sample(flat, frame, location, keys[2], settings, self.chains * self.draws)
        labels = _verdict(trace, done, settings)
        shape = (self.chains, self.draws)
        info: dict[str, Any] = {
            "guide": settings.guide,
            "steps": done * settings.block,
            "gradients": sum(o.gradients for o in found.found) + _passes(problem, done * settings.block, settings),
            "trace": [float(x) for x in trace["loss"] / max(1, problem.n)],
            "iterate_rhat": _iterate_rhat(trace["location"]),
        }
        return approximate(flat, found.restore, vectors.reshape(*shape, -1), log_q.reshape(shape), info, labels)

    def _settings(self, problem: Problem) -> Settings:
        size = problem.size
        guide = self.guide or ("full_rank" if size <= FULL else "low_rank" if size <= LOW else "mean_field")
        scale = 1.0 if size <= FULL else 0.01
        batch = None if self.batch_size is None or self.batch_size >= problem.n else self.batch_size
        return Settings(guide, size, scale, self.steps, _block(self.steps), self.learning_rate, self.particles, batch)


@dataclass(frozen=True)
class _Search:
    """Options of the search for the mode."""

    starts: int
    steps: int = 2000
    tolerance: float = 1e-6


def _block(steps: int) -> int:
    """Steps between two reports."""
    return max(1, steps // BLOCKS)


def _blocks(steps: int) -> int:
    return -(-steps // _block(steps))


class _Before(Monitor):
    """The monitor of a phase that `later` units of work follow: done and total count on through both."""

    def __init__(self, whole: Monitor, later: int):
        self.whole, self.later = whole, later

    def update(self, done: int, total: int, text: str = "") -> None:
        self.whole.update(done, total + self.later, text)

    @property
    def stopping(self) -> bool:
        return self.whole.stopping


def _refuse(problem: Problem, options: SVI) -> None:
    refuse_random_scales(problem)
    program = problem.program
    if not isinstance(program, Program):
        if options.batch_size is not None:
            raise EstimatorError(
                "Batches of rows need an RGLM.",
                found=f"batch_size={options.batch_size} for your own NumPyro function",
                do="leave batch_size out",
            )
        return
    refuse_improper(problem)


def _batched(problem: Problem, index) -> Problem:
    """The problem of the rows `index`, their likelihood scaled up to that of all rows."""
    rows = problem.n
    data = {k: jnp.asarray(v)[index] if jnp.ndim(v) and jnp.shape(v)[0] == rows else v for k, v in problem.data.items()}
    weights = data.get("weights", jnp.ones(index.shape[0]))
    return problem.with_parts(data=data | {"weights": weights * (rows / index.shape[0])}, design=None)


def _units(problem: Problem, mode: np.ndarray) -> np.ndarray:
    """The sd of each coordinate given the others, by the curvature at the mode, at most that of a wide prior; for large
    problems its unit alone.
    """
    units = coordinate_units(problem)
    if problem.size > FULL:
        return units

    def slope(z, j):
        return float(density_and_gradient(problem, jnp.asarray(z))[1][j]) * units[j]

    steps = np.diag(STEP * units)
    curvature = [(slope(mode - e, j) - slope(mode + e, j)) / (2.0 * STEP) for j, e in enumerate(steps)]
    return units / np.sqrt(np.maximum(curvature, 1.0 / WIDEST**2))


def _model(problem: Problem, frame, settings: Settings):
    """The posterior as a NumPyro model of one flat site u, z = loc + unit u."""
    u = numpyro.sample("u", dist.ImproperUniform(constraints.real, (), (settings.size,)))
    with handlers.block():  # the problem's own sites are none of this model's
        density = problem.log_density(frame["loc"] + frame["unit"] * u)
    numpyro.factor("log_density", density + jnp.log(frame["unit"]).sum())


def _engine(settings: Settings) -> tuple[NumPyroSVI, Any]:
    """NumPyro's SVI and its guide. Built anew in every trace: a guide keeps state."""
    import optax

    model = partial(_model, settings=settings)
    guide = GUIDES[settings.guide](
        model, init_loc_fn=init_to_value(values={"u": jnp.zeros(settings.size)}), init_scale=settings.scale
    )
    schedule = optax.cosine_decay_schedule(settings.learning_rate, settings.steps, alpha=0.01)
    optimiser = optax.chain(optax.clip_by_global_norm(1e3), optax.adam(schedule))
    return NumPyroSVI(model, guide, optimiser, Trace_ELBO(num_particles=settings.particles)), guide


@partial(jax.jit, static_argnames="settings")
def _begin(problem: Problem, frame, key, settings: Settings):
    return _engine(settings)[0].init(key, problem, frame)


@partial(jax.jit, static_argnames="settings")
def _advance(problem: Problem, frame, state, batches, settings: Settings):
    """`settings.block` steps: the new state, mean loss, mean parameters of the guide and the last ones."""
    engine, _ = _engine(settings)
    engine.init(jax.random.key(0), problem, frame)

    def step(carry, index):
        seen = problem if settings.batch is None else _batched(problem, index)
        new, loss = engine.stable_update(carry, seen, frame)
        return new, (loss, engine.get_params(new))

    state, (loss, params) = jax.lax.scan(step, state, batches, length=settings.block)
    return state, jnp.nanmean(loss), jax.tree.map(lambda v: v.mean(0), params)


def _optimised(problem: Problem, frame, key, settings: Settings, monitor: Monitor, before: int):
    """(averaged parameters of the guide, trace of blocks, number of blocks done); `before` counts what was reported
    already.
    """
    kept, losses = [], []
    state = _begin(problem, frame, key, settings)
    total = _blocks(settings.steps)
    for block in range(total):
        batches = _batches(problem.n, jax.random.fold_in(key, block), settings)
        state, loss, params = _advance(problem, frame, state, batches, settings)
        kept.append(jax.tree.map(np.asarray, params))
        losses.append(float(loss))
        monitor.update(before + block + 1, before + total, f"loss {losses[-1]:.2f}")
        if monitor.stopping:
            break
    last = kept[-max(1, len(kept) // 5) :]
    averaged = jax.tree.map(lambda *values: np.mean(values, axis=0), *last)
    locations = np.stack([next(v for k, v in p.items() if k.endswith("loc")) for p in kept])
    return averaged, {"loss": np.array(losses), "location": locations}, len(kept)


def _passes(problem: Problem, steps: int, settings: Settings) -> int:
    """Gradients over all rows that so many steps cost."""
    return round(steps * settings.particles * (1.0 if settings.batch is None else settings.batch / problem.n))


def _batches(rows: int, key, settings: Settings):
    """Row numbers of each step's batch, (block, batch); None without batches."""
    if settings.batch is None:
        return None
    return jax.random.randint(key, (settings.block, settings.batch), 0, rows)


@partial(jax.jit, static_argnames=("settings", "count"))
def _guide_draws(problem: Problem, frame, params, key, settings: Settings, count: int):
    engine, guide = _engine(settings)
    engine.init(jax.random.key(0), problem, frame)
    law = guide.get_posterior(params)
    u = law.sample(key, (count,))
    log_q = law.log_prob(u)
    log_q = log_q.sum(-1) if log_q.ndim > 1 else log_q
    return frame["loc"] + frame["unit"] * u, log_q - jnp.log(frame["unit"]).sum()


def _sample(problem: Problem, frame, params, key, settings: Settings, count: int):
    z, log_q = _guide_draws(problem, frame, jax.tree.map(jnp.asarray, params), key, settings, count)
    return np.asarray(z, float), np.asarray(log_q, float)


def _iterate_rhat(locations: np.ndarray) -> float:
    """R-hat of the guide's location over the second half of the run, as two chains; the 95 % quantile over sites."""
    half = locations[len(locations) // 2 :]
    middle = len(half) // 2
    if middle < 4:
        return float("nan")
    chains = np.stack([half[:middle], half[len(half) - middle :]])
    within, between = chains.var(1, ddof=1).mean(0), middle * chains.mean(1).var(0, ddof=1)
    ratio = np.sqrt((middle - 1) / middle + between / (middle * np.maximum(within, 1e-300)))
    moving = within > 1e-12
    return float(np.quantile(ratio[moving], 0.95)) if moving.any() else 1.0


def _verdict(trace, done: int, settings: Settings) -> list[Label]:
    labels = []
    if done * settings.block < settings.steps:
        labels.append(Label("interrupted", f"stopped after {done * settings.block} steps", "run it again for all"))
    loss = trace["loss"]
    tenth = max(2, len(loss) // 10)
    if len(loss) >= 2 * tenth:
        last, before = loss[-tenth:], loss[-2 * tenth : -tenth]
        noise = np.sqrt(last.var(ddof=1) / tenth + before.var(ddof=1) / tenth)
        gain = before.mean() - last.mean()
        if not np.isfinite(gain) or gain > max(3.0 * noise, 1e-3 * abs(last.mean()), 0.1):
            text = f"the loss still fell by {gain:.2g} over the last tenth of the steps"
            labels.append(Label("not_converged", text, "more steps: SVI(steps=...)"))
    return labels

"""What every estimator shares: the record of options, the draws it returns, the monitor it reports to, the registry."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np

from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label
from ..problem import Problem
from ..registry import Registry


@dataclass(frozen=True, eq=False)
class Draws:
    """What an estimator returns: plain data, in raw units.

    Attributes
    ----------
    samples : {site: (chain, draw, ...)}
        Constrained sites of the problem. A point estimate is one chain of one draw.
    kind : str
        "point" (an optimum), "mcmc", "approximation" (independent draws of a distribution near the posterior),
        "mixture" (optima of equal weight) or "prior" (independent draws of the prior).
    log_weights : (chain, draw) or None
        Importance weights, on the log scale.
    linearised_at : {site: ...} or None
        Where prediction uses the tangent of the network.
    stats : {name: (chain, draw)}
        Sampler statistics under ArviZ's names.
    unconstrained : {site: (chain, draw, ...)} or None
    info : dict
        JSON-able facts: trace, iterations, standard errors (NumPy arrays allowed under `errors`).
    labels : tuple of Label
    """

    samples: dict[str, np.ndarray]
    kind: str
    log_weights: np.ndarray | None = None
    linearised_at: dict[str, np.ndarray] | None = None
    stats: dict[str, np.ndarray] = field(default_factory=dict)
    unconstrained: dict[str, np.ndarray] | None = None
    info: dict[str, Any] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()

    def resampled(self, seed: int = 0) -> Draws:
        """Draws of equal weight, of the same shape: systematic resampling by `log_weights`; themselves without any."""
        if self.log_weights is None:
            return self
        chains, count = self.log_weights.shape
        weights = np.exp(self.log_weights.ravel() - np.logaddexp.reduce(self.log_weights.ravel()))
        random = np.random.default_rng(abs(int(seed)))
        places = (np.arange(chains * count) + random.uniform()) / (chains * count)
        chosen = np.minimum(np.searchsorted(np.cumsum(weights), places), chains * count - 1)
        index = random.permutation(chosen)

        def pick(arrays):
            return {k: v.reshape(-1, *v.shape[2:])[index].reshape(v.shape) for k, v in arrays.items()}

        unconstrained = None if self.unconstrained is None else pick(self.unconstrained)
        return replace(
            self, samples=pick(self.samples), stats=pick(self.stats), unconstrained=unconstrained, log_weights=None
        )


class Monitor:
    """Listens to a running estimator. This one does nothing; `fitting` has one that prints progress.

    An estimator calls `update` between blocks, asks `stopping` there and, when it is true, returns what it has.
    `store` and `stored` keep finished blocks of work: a monitor that writes them makes a run resumable.
    """

    def update(self, done: int, total: int, text: str = "") -> None:
        """Work done so far, in the estimator's own units."""

    @property
    def stopping(self) -> bool:
        return False

    def store(self, block: int, arrays: dict[str, np.ndarray]) -> None:
        """A finished block of results."""

    def stored(self, block: int) -> dict[str, np.ndarray] | None:
        """The results of a block finished earlier, or None."""
        return None


class Quiet(Monitor):
    """Hears when another is told to stop and reports nothing: for the parts of a run that are no blocks of it."""

    def __init__(self, other: Monitor):
        self.other = other

    @property
    def stopping(self) -> bool:
        return self.other.stopping


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """A frozen record of options. Leaves give `name`, `run(problem, key, monitor)`, and `check` their options."""

    name: ClassVar[str]
    bayesian: ClassVar[bool] = False

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        raise EstimatorError(f"{type(self).__name__} cannot run.")

    @property
    def title(self) -> str:
        """How tables call it."""
        return type(self).__name__


registry: Registry[type[Estimator]] = Registry("estimator", EstimatorError)


def register(*aliases: str):
    """Class decorator: makes an estimator known by its name and aliases."""

    def add(cls: type[Estimator]) -> type[Estimator]:
        return registry.add(cls.name, cls, aliases)

    return add


def check_options(
    estimator: Estimator, *, whole: dict[str, int] | None = None, between: dict[str, tuple] | None = None
):
    """Refuse options outside their range: `whole` {field: least}, `between` {field: (low, high)} (open).

    What passes is kept as Python's own int or float: NumPy's have another `bool`, and no JSON.
    """
    for name, least in (whole or {}).items():
        value = getattr(estimator, name)
        if value is None and next(f for f in fields(estimator) if f.name == name).default is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise EstimatorError(
                f"{estimator.title}: {name} is a whole number of at least {least}.", found=f"{name}={value!r}"
            )
        object.__setattr__(estimator, name, int(value))
    for name, (low, high) in (between or {}).items():
        value = getattr(estimator, name)
        if value is None:
            continue
        number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if not number or not low < value < high:
            raise EstimatorError(
                f"{estimator.title}: {name} is a number between {low} and {high}.", found=f"{name}={value!r}"
            )
        object.__setattr__(estimator, name, float(value))


def point(sites: dict[str, Any]) -> dict[str, np.ndarray]:
    """Sites of one optimum as (1, 1, ...) draws."""
    return {name: np.asarray(value, float)[None, None] for name, value in sites.items()}


def refuse_random_scales(problem: Problem) -> None:
    """The joint density of weights and their random scales is unbounded where both go to 0."""
    random = problem.program.hierarchical if isinstance(problem.program, Program) else ()
    if random:
        raise EstimatorError(
            "A hierarchical prior has no mode: its density grows without bound as weights and scales go to 0.",
            found=f"random scales of {', '.join(site.name for site in random)}",
            do='use "nuts", or a prior with a fixed scale such as priors.Normal or priors.Laplace',
        )

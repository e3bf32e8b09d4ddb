"""What every estimator shares: the record of options, the draws it returns, the monitor it reports to, the registry."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

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
        "point" (an optimum), "mcmc", or "approximation".
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
    """Refuse options outside their range: `whole` {field: least}, `between` {field: (low, high)} (open)."""
    for name, least in (whole or {}).items():
        value = getattr(estimator, name)
        if value is None and next(f for f in fields(estimator) if f.name == name).default is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise EstimatorError(
                f"{estimator.title}: {name} is a whole number of at least {least}.", found=f"{name}={value!r}"
            )
    for name, (low, high) in (between or {}).items():
        value = getattr(estimator, name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
            raise EstimatorError(
                f"{estimator.title}: {name} is a number between {low} and {high}.", found=f"{name}={value!r}"
            )


def point(sites: dict[str, Any]) -> dict[str, np.ndarray]:
    """Sites of one optimum as (1, 1, ...) draws."""
    return {name: np.asarray(value, float)[None, None] for name, value in sites.items()}

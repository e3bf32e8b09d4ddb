"""What a study is going to do, said before it is done: methods by name, seeds, sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from .. import estimators
from ..design import Design
from ..errors import EstimatorError, RGLMError
from ..estimators import Estimator
from ..problem import Problem
from ..spec import RGLM
from .splits import Split

DEFAULT_METHODS = {"ML": "ml", "MAP": "map", "NUTS": "nuts"}
Methods = dict[str, tuple[RGLM, Estimator]]


@dataclass(frozen=True, eq=False)
class Plan:
    """Sizes of a study: sites are the free parameters of the largest model."""

    fits: int
    methods: int
    splits: int
    train_rows: int
    test_rows: int
    parameters: int
    gradients: int

    def __str__(self) -> str:
        parts = f"{self.methods} methods x {self.splits} {'splits' if self.splits > 1 else 'split'}"
        return (
            f"{self.fits} fits ({parts}), {self.train_rows} training and {self.test_rows} test rows each, "
            f"{self.parameters} parameters; sampling: {self.gradients:,} draws with warm-up"
        )


def read_methods(model: RGLM, methods: Any) -> Methods:
    """{name: (model, estimator)} from what a user writes: an estimator or its name, alone or after a model of its own.

    Raises `EstimatorError` for anything else, and for unknown names.
    """
    methods = DEFAULT_METHODS if methods is None else methods
    if not isinstance(methods, Mapping) or not methods:
        raise EstimatorError(
            "methods is a mapping of names to estimators.",
            found=repr(methods) if isinstance(methods, str | Mapping) else type(methods).__name__,
            do='for example {"ML": "ml", "NUTS": estimators.NUTS(draws=2000)}',
        )
    return {str(name): _read(model, str(name), value) for name, value in methods.items()}


def _read(model: RGLM, name: str, value: Any) -> tuple[RGLM, Estimator]:
    own, estimator = value if isinstance(value, tuple) and len(value) == 2 else (model, value)
    known = isinstance(estimator, str | Estimator) or (isinstance(estimator, type) and issubclass(estimator, Estimator))
    if not isinstance(own, RGLM) or not known:
        raise EstimatorError(
            "A method is an estimator, its name, or a pair (model, estimator).", found=f"{name!r}: {value!r}"
        )
    return own, estimators.get(estimator)


def plan_of(methods: Methods, design: Design, splits: list[Split]) -> Plan:
    """The sizes of a study."""
    chains = [e for _, e in methods.values() if all(hasattr(e, name) for name in ("draws", "warmup", "chains"))]
    draws = sum((e.draws + e.warmup) * e.chains for e in chains)
    return Plan(
        fits=len(methods) * len(splits),
        methods=len(methods),
        splits=len(splits),
        train_rows=len(splits[0].train),
        test_rows=len(splits[0].test),
        parameters=max((_size(model, design) for model, _ in methods.values()), default=0),
        gradients=draws * len(splits),
    )


def _size(model: RGLM, design: Design) -> int:
    """Free parameters; 0 for a model that does not fit the data, which its method will report."""
    try:
        return Problem(model, design).size
    except RGLMError:
        return 0


def seed_of(seed: Any, split: int) -> Any:
    """The seed of every method on a split: the study's own on the first, so that its fits can be made again alone."""
    if isinstance(seed, int | np.integer):
        return int(seed) + split
    return seed if split == 0 else jax.random.fold_in(seed, split)

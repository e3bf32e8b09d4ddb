"""Estimators: frozen records of options that turn a `Problem` into `Draws`.

`get("nuts")` gives the default record of that name; `names()` lists them. To add one: a file here and an import line
below (`docs/adding.md`).
"""

from __future__ import annotations

from ..errors import EstimatorError
from ._base import Draws, Estimator, Monitor, registry
from .ensemble import Ensemble
from .laplace import Laplace
from .map import MAP
from .ml import MaximumLikelihood
from .nuts import NUTS
from .penalised import Penalised
from .prior import Prior
from .svi import SVI

__all__ = [
    "MAP",
    "NUTS",
    "SVI",
    "Draws",
    "Ensemble",
    "Estimator",
    "Laplace",
    "MaximumLikelihood",
    "Monitor",
    "Penalised",
    "Prior",
    "get",
    "names",
    "registry",
]


def get(estimator: str | Estimator) -> Estimator:
    """The estimator called `estimator` with its default options; an `Estimator` is returned as it is."""
    if isinstance(estimator, Estimator):
        return estimator
    if isinstance(estimator, type) and issubclass(estimator, Estimator):
        raise EstimatorError(
            "An estimator is a record, not a class.", found=estimator.__name__, do=f"write {estimator.__name__}()"
        )
    return registry.get(estimator)()


def names() -> tuple[str, ...]:
    """Names of all estimators."""
    return registry.names()

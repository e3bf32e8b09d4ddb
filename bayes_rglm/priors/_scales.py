"""Random scales: what makes a prior hierarchical.

A hierarchical prior has a form like any other, and besides a tuple of `RandomScale`: positive random arrays, each with
a prior of its own, which stand in the model as sites `<weights>_<role>`. Their values reach the form through `hyper`,
under their role; given them the weights are independent, and of a location-scale family with `loc` and `scale`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import PriorError
from ._base import Prior
from .from_numpyro import NumPyro
from .half_cauchy import HalfCauchy
from .half_normal import HalfNormal

__all__ = ["PER", "HalfCauchy", "HalfNormal", "RandomScale", "beside", "check_per", "inverse_gamma"]

PER = ("coefficient", "input", "unit", "layer")


@dataclass(frozen=True, kw_only=True)
class RandomScale:
    """A random array of scales: `role` names it, `per` says which weights share one value.

    "coefficient": none do. "input": all that leave one input (a column, or a unit of the layer below). "unit": all that
    enter one unit. "layer": all. With `informed` its unit is pseudo-sigma / sqrt(n), a frozen number of the data: the
    standard error that a coefficient of a standardised column would have.
    """

    role: str
    prior: Prior
    per: str = "layer"
    informed: bool = False

    def shape(self, weights: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the scales of weights (inputs,) or (inputs, units)."""
        return {"coefficient": weights, "input": weights[:1], "unit": weights[1:], "layer": ()}[self.per]


def beside(value: Any, per: str, weights: int):
    """Scales that broadcast against weights of `weights` dimensions."""
    return value.reshape(value.shape + (1,) * (weights - 1)) if per == "input" else value


def inverse_gamma(concentration: float, rate: float) -> Prior:
    """InverseGamma(concentration, rate), the prior of a slab's variance."""
    return NumPyro(distribution="InverseGamma", parameters=(("concentration", concentration), ("rate", rate)))


def check_per(prior: Prior, allowed: tuple[str, ...]) -> None:
    """Refuse a `per` that names no group of weights."""
    if not isinstance(prior.per, str) or prior.per not in allowed:
        raise PriorError(
            f"{type(prior).__name__}: per says which weights share one scale.",
            found=f"per={prior.per!r}",
            do=f"use one of {', '.join(map(repr, allowed))}",
        )

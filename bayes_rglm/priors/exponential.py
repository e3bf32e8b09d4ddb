"""Exponential(rate), for positive parameters; its mean is 1 / rate. The penalty is rate w, w > 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist
from numpyro.distributions import constraints

from ._base import Prior, check_number, check_scaled, register


def _exponential(hyper, shift, unit, support):
    return dist.Exponential(hyper["rate"] / unit)


@register
@dataclass(frozen=True, kw_only=True)
class Exponential(Prior):
    """Exponential prior; `scaled="response"` multiplies the mean by the standard deviation of a real response."""

    name: ClassVar[str] = "Exponential"
    log_concave: ClassVar[bool] = True
    support: ClassVar = constraints.positive
    rate: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "rate", positive=True)
        check_scaled(self, (None, "response"))

    @property
    def form(self):
        return _exponential

    def penalty(self, w):
        return self.rate * w

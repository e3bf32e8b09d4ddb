"""HalfNormal(scale), for positive parameters such as a residual sd. The penalty is w^2 / (2 scale^2), w >= 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist
from numpyro.distributions import constraints

from ._base import Prior, check_number, check_scaled, register


def _half_normal(hyper, shift, unit, support):
    return dist.HalfNormal(unit * hyper["scale"])


@register
@dataclass(frozen=True, kw_only=True)
class HalfNormal(Prior):
    """Half-normal prior; `scaled="response"` multiplies the scale by the standard deviation of a real response."""

    name: ClassVar[str] = "HalfNormal"
    support: ClassVar = constraints.positive
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "scale", positive=True)
        check_scaled(self, (None, "response"))

    @property
    def form(self):
        return _half_normal

    def penalty(self, w):
        return 0.5 * (w / self.scale) ** 2

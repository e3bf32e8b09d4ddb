"""HalfNormal(scale), for positive parameters such as a residual sd. The penalty is w^2 / (2 scale^2), w >= 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from ._base import register
from ._location_scale import PositiveScale


def _half_normal(hyper, shift, unit, support):
    return dist.HalfNormal(unit * hyper["scale"])


@register
@dataclass(frozen=True, kw_only=True)
class HalfNormal(PositiveScale):
    """Half-normal prior; `scaled="response"` multiplies the scale by the standard deviation of a real response."""

    name: ClassVar[str] = "HalfNormal"
    log_concave: ClassVar[bool] = True
    form: ClassVar = staticmethod(_half_normal)

    def penalty(self, w):
        return 0.5 * (w / self.scale) ** 2

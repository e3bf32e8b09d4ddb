"""HalfCauchy(scale), for positive parameters that may be much larger than expected. The penalty is
log(1 + w^2 / scale^2), w > 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist
from numpyro.distributions import constraints

from .. import kernels as k
from ._base import Prior, check_number, check_scaled, register


def _half_cauchy(hyper, shift, unit, support):
    return dist.HalfCauchy(unit * hyper["scale"])


@register
@dataclass(frozen=True, kw_only=True)
class HalfCauchy(Prior):
    """Half-Cauchy prior; `scaled="response"` multiplies the scale by the standard deviation of a real response."""

    name: ClassVar[str] = "HalfCauchy"
    support: ClassVar = constraints.positive
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "scale", positive=True)
        check_scaled(self, (None, "response"))

    @property
    def form(self):
        return _half_cauchy

    def penalty(self, w):
        return k.namespace(w).log1p((w / self.scale) ** 2)

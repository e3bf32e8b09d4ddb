"""HalfCauchy(scale), for positive parameters that may be much larger than expected. The penalty is
log(1 + w^2 / scale^2), w > 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from .. import kernels as k
from ._base import register
from ._location_scale import PositiveScale


def _half_cauchy(hyper, shift, unit, support):
    return dist.HalfCauchy(unit * hyper["scale"])


@register
@dataclass(frozen=True, kw_only=True)
class HalfCauchy(PositiveScale):
    """Half-Cauchy prior; `scaled="response"` multiplies the scale by the standard deviation of a real response."""

    name: ClassVar[str] = "HalfCauchy"
    form: ClassVar = staticmethod(_half_cauchy)

    def penalty(self, w):
        return k.namespace(w).log1p((w / self.scale) ** 2)

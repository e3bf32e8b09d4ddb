"""Normal(loc, scale): ridge. The penalty is (w - loc)^2 / (2 scale^2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from ._base import broadcast, register
from ._location_scale import LocationScale


def _normal(hyper, shift, unit, support):
    return dist.Normal(*broadcast(shift + unit * hyper["loc"], unit * hyper["scale"]))


@register
@dataclass(frozen=True, kw_only=True)
class Normal(LocationScale):
    """Normal prior; `scaled=None` means raw units, otherwise the scale is multiplied by frozen constants."""

    name: ClassVar[str] = "Normal"
    log_concave: ClassVar[bool] = True
    form: ClassVar = staticmethod(_normal)

    def penalty(self, w):
        return 0.5 * ((w - self.loc) / self.scale) ** 2

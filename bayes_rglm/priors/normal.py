"""Normal(loc, scale): ridge. The penalty is (w - loc)^2 / (2 scale^2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from ._base import SCALINGS, Prior, broadcast, check_number, check_scaled, register


def _normal(hyper, shift, unit, support):
    return dist.Normal(*broadcast(shift + unit * hyper["loc"], unit * hyper["scale"]))


@register
@dataclass(frozen=True, kw_only=True)
class Normal(Prior):
    """Normal prior; `scaled=None` means raw units, otherwise the scale is multiplied by frozen constants."""

    name: ClassVar[str] = "Normal"
    loc: float = 0.0
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "loc")
        check_number(self, "scale", positive=True)
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _normal

    def penalty(self, w):
        return 0.5 * ((w - self.loc) / self.scale) ** 2

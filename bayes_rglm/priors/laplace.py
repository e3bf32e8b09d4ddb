"""Laplace(loc, scale): lasso. The penalty is |w - loc| / scale; its posterior is never sparse, its mode may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from ._base import broadcast, register
from ._location_scale import LocationScale


def _laplace(hyper, shift, unit, support):
    return dist.Laplace(*broadcast(shift + unit * hyper["loc"], unit * hyper["scale"]))


def _kink(hyper):
    return hyper["loc"], hyper["scale"]


@register
@dataclass(frozen=True, kw_only=True)
class Laplace(LocationScale):
    """Laplace (double exponential) prior; `scaled` as for `Normal`."""

    name: ClassVar[str] = "Laplace"
    log_concave: ClassVar[bool] = True
    smooth: ClassVar[bool] = False
    kink: ClassVar = staticmethod(_kink)
    form: ClassVar = staticmethod(_laplace)

    def penalty(self, w):
        return abs(w - self.loc) / self.scale

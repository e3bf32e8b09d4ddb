"""Laplace(loc, scale): lasso. The penalty is |w - loc| / scale; its posterior is never sparse, its mode may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from ._base import SCALINGS, Prior, broadcast, check_number, check_scaled, register


def _laplace(hyper, shift, unit, support):
    return dist.Laplace(*broadcast(shift + unit * hyper["loc"], unit * hyper["scale"]))


def _kink(hyper):
    return hyper["loc"], hyper["scale"]


@register
@dataclass(frozen=True, kw_only=True)
class Laplace(Prior):
    """Laplace (double exponential) prior; `scaled` as for `Normal`."""

    name: ClassVar[str] = "Laplace"
    smooth: ClassVar[bool] = False
    kink: ClassVar = staticmethod(_kink)
    loc: float = 0.0
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "loc")
        check_number(self, "scale", positive=True)
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _laplace

    def penalty(self, w):
        return abs(w - self.loc) / self.scale

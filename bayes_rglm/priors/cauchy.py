"""Cauchy(loc, scale): the heaviest of the usual tails. The penalty is log(1 + (w - loc)^2 / scale^2), not convex.

No moment exists: with nearly separated data the posterior of a logistic slope has none either (Ghosh, Li and Mitra,
2018); StudentT with a few degrees of freedom is the milder choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from .. import kernels as k
from ._base import broadcast, register
from ._location_scale import LocationScale


def _cauchy(hyper, shift, unit, support):
    return dist.Cauchy(*broadcast(shift + unit * hyper["loc"], unit * hyper["scale"]))


@register
@dataclass(frozen=True, kw_only=True)
class Cauchy(LocationScale):
    """Cauchy prior; `scaled` as for `Normal`."""

    name: ClassVar[str] = "Cauchy"
    form: ClassVar = staticmethod(_cauchy)

    def penalty(self, w):
        return k.namespace(w).log1p(((w - self.loc) / self.scale) ** 2)

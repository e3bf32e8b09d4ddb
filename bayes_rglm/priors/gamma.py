"""Gamma(concentration, rate), for positive parameters; its mean is concentration / rate.

The penalty is rate w - (concentration - 1) log w, w > 0. A concentration above 1 keeps a mode away from zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist
from numpyro.distributions import constraints

from .. import kernels as k
from ._base import Prior, broadcast, check_number, register


def _gamma(hyper, shift, unit, support):
    return dist.Gamma(*broadcast(hyper["concentration"], hyper["rate"] / unit))


@register
@dataclass(frozen=True, kw_only=True)
class Gamma(Prior):
    """Gamma prior, in raw units."""

    name: ClassVar[str] = "Gamma"
    support: ClassVar = constraints.positive
    concentration: float = 2.0
    rate: float = 1.0

    def __post_init__(self):
        check_number(self, "concentration", positive=True)
        check_number(self, "rate", positive=True)

    @property
    def form(self):
        return _gamma

    def penalty(self, w):
        return self.rate * w - (self.concentration - 1.0) * k.namespace(w).log(w)

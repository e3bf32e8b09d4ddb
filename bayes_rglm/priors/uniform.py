"""Uniform(low, high): flat between two bounds and impossible outside. Its penalty is zero.

The bounds are the support of the parameter, which is part of the compiled programme: unlike the numbers of the other
priors, new bounds compile anew. A mode may lie at a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist
from numpyro.distributions import constraints

from ..errors import PriorError
from ._base import Prior, broadcast, check_number, register


def _uniform(hyper, shift, unit, support):
    return dist.Uniform(*broadcast(hyper["low"], hyper["high"], unit)[:2])


@register
@dataclass(frozen=True, kw_only=True)
class Uniform(Prior):
    """Uniform prior between `low` and `high`, in raw units: for parameters that cannot be elsewhere."""

    name: ClassVar[str] = "Uniform"
    log_concave: ClassVar[bool] = True
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self):
        check_number(self, "low")
        check_number(self, "high")
        if self.low >= self.high:
            raise PriorError(
                "Uniform: low must be below high.", found=f"low={self.low!r}, high={self.high!r}", do="order the bounds"
            )

    @property
    def support(self):
        return constraints.interval(self.low, self.high)

    @property
    def form(self):
        return _uniform

    def penalty(self, w):
        return 0.0 * w

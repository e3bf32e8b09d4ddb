"""HalfNormalPower(scale, power): w^power ~ HalfNormal(scale). A prior on a dispersion, stated where its limit is 0.

`power=-0.5` on a concentration r says that 1/sqrt(r) is half-normal (r is inverse gamma, shape 1/2): the limit r = inf
without overdispersion lies at 0. `power=0.5` says it of sqrt(w) (w is gamma, shape 1/2). The penalty is
w^(2 power) / (2 scale^2) - (power - 1) log(w).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints
from numpyro.distributions.transforms import AffineTransform, PowerTransform

from .. import kernels as k
from ..errors import PriorError
from ._base import Prior, check_number, register


def _half_normal_power(hyper, shift, unit, support):
    base = dist.HalfNormal(jnp.broadcast_to(jnp.asarray(hyper["scale"]), jnp.shape(unit)))
    steps = [PowerTransform(1.0 / jnp.asarray(hyper["power"])), AffineTransform(0.0, unit, domain=constraints.positive)]
    return dist.TransformedDistribution(base, steps)


@register
@dataclass(frozen=True, kw_only=True)
class HalfNormalPower(Prior):
    """Prior of a positive parameter whose power is half-normal; a power other than 0."""

    name: ClassVar[str] = "HalfNormalPower"
    support: ClassVar = constraints.positive
    scale: float = 1.0
    power: float = 0.5

    def __post_init__(self):
        check_number(self, "scale", positive=True)
        check_number(self, "power")
        if self.power == 0:
            raise PriorError("HalfNormalPower: power is not 0.", found=f"power={self.power!r}", do="use -0.5 or 0.5")

    @property
    def form(self):
        return _half_normal_power

    def penalty(self, w):
        with_log = (self.power - 1.0) * k.namespace(w).log(w)
        return 0.5 * (w**self.power / self.scale) ** 2 - with_log

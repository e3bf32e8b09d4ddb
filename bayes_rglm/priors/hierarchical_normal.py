"""HierarchicalNormal(scale): ridge whose strength is learned. Given tau, w ~ Normal(0, tau); tau ~ HalfNormal(scale).

One tau for a whole layer by default: how much to regularise becomes part of the posterior. `per="input"` gives every
column, or unit of the layer below, a tau of its own: automatic relevance determination. The joint density of w and tau
grows without bound as both go to 0, so there is no mode, and tau ties the weights together, so there is no penalty of
each; draws only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist

from ..errors import PriorError
from ._base import SCALINGS, Prior, broadcast, check_number, check_scaled, register
from ._scales import PER, HalfCauchy, HalfNormal, RandomScale, beside, check_per

TAILS = {"normal": HalfNormal, "cauchy": HalfCauchy}


@dataclass(frozen=True)
class _Form:
    per: str
    distribution: ClassVar[str] = "HierarchicalNormal"

    def __call__(self, hyper, shift, unit, support):
        tau = beside(hyper["scale"], self.per, jnp.ndim(unit))
        return dist.Normal(*broadcast(shift, unit * tau))


@register
@dataclass(frozen=True, kw_only=True)
class HierarchicalNormal(Prior):
    """Normal prior with a random scale, the site `<weights>_scale`: half-normal, or half-Cauchy with `tail="cauchy"`.

    `per` is "layer", "input" or "unit": which weights share one scale. `scaled` as for `Normal`.
    """

    name: ClassVar[str] = "HierarchicalNormal"
    scale: float = 1.0
    tail: str = "normal"
    per: str = "layer"
    scaled: str | None = "fan_in"

    def __post_init__(self):
        check_number(self, "scale", positive=True)
        if not isinstance(self.tail, str) or self.tail not in TAILS:
            raise PriorError(
                "HierarchicalNormal: tail is that of the random scale.",
                found=f"tail={self.tail!r}",
                do=f"use {' or '.join(map(repr, TAILS))}",
            )
        check_per(self, PER[1:])
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _Form(self.per)

    def hyper(self):
        return {}

    @property
    def scales(self):
        return (RandomScale(role="scale", prior=TAILS[self.tail](scale=self.scale), per=self.per),)

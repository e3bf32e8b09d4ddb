"""Horseshoe(share): most weights are next to nothing, a few are as large as they like.

Given the scales, w ~ Normal(0, global local), local ~ HalfCauchy(1) for each coefficient (or node, see `per`) and
global ~ HalfCauchy(share / (1 - share) pseudo-sigma / sqrt(n)) for the layer: the prior of Carvalho, Polson and Scott
with the global scale of Piironen and Vehtari, `share` being the expected share p0 / p of weights that matter.
Pseudo-sigma is the Fisher weight of a typical row to the power -1/2. The density of w alone has no closed form and a
pole at 0: there is no penalty and no mode, hence draws only. `RegularisedHorseshoe` keeps large weights in bounds and
is easier to sample: prefer it where some divergences remain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist

from ._base import SCALINGS, Prior, broadcast, check_scaled, check_share, register
from ._scales import PER, HalfCauchy, RandomScale, beside, check_per


@dataclass(frozen=True)
class _Form:
    per: str
    distribution: ClassVar[str] = "Horseshoe"

    def __call__(self, hyper, shift, unit, support):
        local = beside(hyper["local"], self.per, jnp.ndim(unit))
        return dist.Normal(*broadcast(shift, unit * hyper["global"] * local))


@register
@dataclass(frozen=True, kw_only=True)
class Horseshoe(Prior):
    """Horseshoe prior of a layer's weights; sites `<weights>_local` and `<weights>_global`.

    `share` in (0, 1); `per` is "coefficient", "input" (all weights that leave a column or a unit share one local scale)
    or "unit" (all that enter a unit). `scaled="term"`, the default, speaks of standardised inputs, in every layer.
    """

    name: ClassVar[str] = "Horseshoe"
    share: float = 0.1
    per: str = "coefficient"
    scaled: str | None = "term"

    def __post_init__(self):
        check_share(self, "share")
        check_per(self, PER[:3])
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _Form(self.per)

    @property
    def scales(self):
        return (
            RandomScale(role="local", prior=HalfCauchy(), per=self.per),
            RandomScale(role="global", prior=HalfCauchy(scale=self.share / (1.0 - self.share)), informed=True),
        )

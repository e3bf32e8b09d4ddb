"""RegularisedHorseshoe(share, slab_scale, slab_df): the Finnish horseshoe, whose large weights stay in bounds.

As `Horseshoe`, with local replaced by a soft minimum of it and a slab: given the scales, w ~ Normal(0, s) with
1 / s^2 = 1 / (global local)^2 + 1 / slab and slab ~ InverseGamma(df / 2, df slab_scale^2 / 2), so that weights which
escape the shrinkage follow a Student-t of `slab_df` degrees and scale `slab_scale` (Piironen and Vehtari 2017). No
penalty and no mode; draws only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist

from ._base import SCALINGS, Prior, broadcast, check_number, check_scaled, check_share, register
from ._scales import PER, HalfCauchy, RandomScale, beside, check_per, inverse_gamma


@dataclass(frozen=True)
class _Form:
    per: str
    distribution: ClassVar[str] = "RegularisedHorseshoe"

    def __call__(self, hyper, shift, unit, support):
        free = hyper["global"] * beside(hyper["local"], self.per, jnp.ndim(unit))
        # Divided by a root that is at least 1: neither a large `free` squared nor a small one loses digits.
        kept = free / jnp.hypot(1.0, free / jnp.sqrt(hyper["slab"]))
        return dist.Normal(*broadcast(shift, unit * kept))


@register
@dataclass(frozen=True, kw_only=True)
class RegularisedHorseshoe(Prior):
    """Regularised horseshoe of a layer's weights; sites `<weights>_local`, `<weights>_global` and `<weights>_slab`, the
    last the slab's variance. `share`, `per` and `scaled` as for `Horseshoe`; `slab_scale` in units of `scaled`.
    """

    name: ClassVar[str] = "RegularisedHorseshoe"
    aliases: ClassVar[tuple[str, ...]] = ("RegularizedHorseshoe",)
    share: float = 0.1
    slab_scale: float = 2.0
    slab_df: float = 4.0
    per: str = "coefficient"
    scaled: str | None = "term"

    def __post_init__(self):
        check_share(self, "share")
        check_number(self, "slab_scale", positive=True)
        check_number(self, "slab_df", positive=True)
        check_per(self, PER[:3])
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _Form(self.per)

    @property
    def scales(self):
        half = 0.5 * self.slab_df
        return (
            RandomScale(role="local", prior=HalfCauchy(), per=self.per),
            RandomScale(role="global", prior=HalfCauchy(scale=self.share / (1.0 - self.share)), informed=True),
            RandomScale(role="slab", prior=inverse_gamma(half, half * self.slab_scale**2)),
        )

"""LogNormal(loc, scale), for positive parameters known up to a factor: log w is Normal(loc, scale).

The penalty is log w + (log w - loc)^2 / (2 scale^2), w > 0; the median is exp(loc), the mode exp(loc - scale^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from .. import kernels as k
from ._base import Prior, broadcast, check_number, check_scaled, register


def _log_normal(hyper, shift, unit, support):
    return dist.LogNormal(*broadcast(jnp.log(unit) + hyper["loc"], hyper["scale"]))


@register
@dataclass(frozen=True, kw_only=True)
class LogNormal(Prior):
    """Log-normal prior; `loc` and `scale` are those of the logarithm. `scaled="mean"` multiplies the parameter by the
    typical mean of a positive response, `"response"` by the standard deviation of a real one.
    """

    name: ClassVar[str] = "LogNormal"
    support: ClassVar = constraints.positive
    loc: float = 0.0
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "loc")
        check_number(self, "scale", positive=True)
        check_scaled(self, (None, "response", "mean"))

    @property
    def form(self):
        return _log_normal

    def penalty(self, w):
        log = k.namespace(w).log(w)
        return log + 0.5 * ((log - self.loc) / self.scale) ** 2

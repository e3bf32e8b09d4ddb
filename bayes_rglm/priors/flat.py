"""Flat: an improper uniform prior over the parameter's own support. Its penalty is zero.

On sigma it is uniform in sigma, not in log sigma. Improper priors at depth two or more give improper posteriors and are
refused there by every estimator of posteriors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist

from ._base import Prior, register


def _flat(hyper, shift, unit, support):
    shape = jnp.shape(unit)
    batch = len(shape) - support.event_dim
    return dist.ImproperUniform(support, shape[:batch], shape[batch:])


@register
@dataclass(frozen=True, kw_only=True)
class Flat(Prior):
    """Improper uniform prior."""

    name: ClassVar[str] = "Flat"
    log_concave: ClassVar[bool] = True
    support: ClassVar = None
    proper: ClassVar[bool] = False

    @property
    def form(self):
        return _flat

    def penalty(self, w):
        return 0.0 * w

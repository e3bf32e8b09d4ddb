"""TruncatedGamma(concentration, rate, low): a gamma prior above `low`, such as that of a t's degrees of freedom.

The penalty is rate w - (concentration - 1) log(w), w > low.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaincc
from numpyro.distributions import constraints
from numpyro.distributions.transforms import AffineTransform, ComposeTransform, ExpTransform, biject_to

from .. import kernels as k
from ._base import Prior, broadcast, check_number, register


class Above(constraints.Constraint):
    """Numbers above a fixed one: as NumPyro's `greater_than`, but hashable."""

    def __init__(self, low: float):
        self.low = float(low)

    def __call__(self, x):
        return x > self.low

    def __repr__(self) -> str:
        return f"Above({self.low!r})"

    def feasible_like(self, prototype):
        return jnp.full_like(prototype, self.low + 1.0)

    def tree_flatten(self):
        return (), ((), {"low": self.low})

    def eq(self, other: object, static: bool = False):
        return isinstance(other, Above) and self.low == other.low

    def __eq__(self, other: object) -> bool:
        return self.eq(other)

    def __hash__(self) -> int:
        return hash((Above, self.low))


def above(low: float) -> Above:
    """The constraint of numbers above `low`."""
    return Above(low)


@biject_to.register(Above)
def _from_real(constraint: Above):
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.low, 1.0, domain=constraints.positive)])


class _Truncated(dist.Distribution):
    """Gamma(concentration, rate) above `low`; sampled by inverting its survival function in 60 halvings."""

    arg_constraints: ClassVar = {"concentration": constraints.positive, "rate": constraints.positive}
    pytree_data_fields = ("concentration", "rate", "low")
    pytree_aux_fields = ("_support",)

    def __init__(self, concentration, rate, low, support, *, validate_args=None):
        self.concentration, self.rate, self.low = broadcast(concentration, rate, low)
        self._support = support
        super().__init__(jnp.shape(self.low), validate_args=validate_args)

    @property
    def support(self):
        return self._support

    def log_prob(self, value):
        kept = jnp.log(gammaincc(self.concentration, self.rate * self.low))
        inside = value > self.low
        safe = jnp.where(inside, value, self.low + 1.0)
        density = dist.Gamma(self.concentration, self.rate).log_prob(safe)
        return jnp.where(inside, density - kept, -jnp.inf)

    def sample(self, key, sample_shape=()):
        shape = sample_shape + self.batch_shape
        dtype = jnp.result_type(float)
        share = jax.random.uniform(key, shape, dtype, jnp.finfo(dtype).tiny, 1.0)
        target = share * gammaincc(self.concentration, self.rate * self.low)
        low = jnp.broadcast_to(self.low * self.rate, shape)
        high = jnp.broadcast_to(low + self.concentration + 800.0, shape)

        def halve(_, ends):
            low, high = ends
            middle = 0.5 * (low + high)
            beyond = gammaincc(self.concentration, middle) > target
            return jnp.where(beyond, middle, low), jnp.where(beyond, high, middle)

        low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
        return jnp.maximum(0.5 * (low + high) / self.rate, jnp.nextafter(self.low, jnp.inf))


def _truncated_gamma(hyper, shift, unit, support):
    rate = jnp.asarray(hyper["rate"]) / unit
    return _Truncated(jnp.asarray(hyper["concentration"]), rate, jnp.asarray(hyper["low"]), support)


@register
@dataclass(frozen=True, kw_only=True)
class TruncatedGamma(Prior):
    """Gamma prior with density zero up to `low`, which does not move with the response's unit. As the bounds of
    `Uniform`, `low` is part of the compiled programme: a new one compiles anew.
    """

    name: ClassVar[str] = "TruncatedGamma"
    concentration: float = 2.0
    rate: float = 0.1
    low: float = 1.0

    def __post_init__(self):
        for field in ("concentration", "rate", "low"):
            check_number(self, field, positive=True)

    @property
    def support(self):
        return Above(self.low)

    @property
    def form(self):
        return _truncated_gamma

    def penalty(self, w):
        xp = k.namespace(w)
        safe = xp.where(w > self.low, w, self.low + 1.0)
        return xp.where(w > self.low, self.rate * safe - (self.concentration - 1.0) * xp.log(safe), xp.inf)

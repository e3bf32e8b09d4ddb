"""ElasticNet(l1, l2): lasso and ridge at once. The penalty is l1 |w| + l2 w^2 / 2.

The density is exp(-penalty) / Z. With a = l1 / sqrt(l2) and h(a) = phi(a) / Phi(-a), the hazard of the standard normal,
Z = 2 / (sqrt(l2) h(a)). The textbook form exp(l1^2 / (2 l2)) Phi(-a) is inf times 0 once l2 is small; h is the slope of
`kernels.log_ndtr`, exact in both tails, and gives Normal and Laplace at the two ends. |w| sqrt(l2) is what a standard
normal variable exceeds a by, given that it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from .. import kernels as k
from ._base import SCALINGS, Prior, broadcast, check_number, check_scaled, register


class ElasticNetDistribution(dist.Distribution):
    """Real numbers w with log density -(l1 |w - loc| + l2 (w - loc)^2 / 2) - log Z, elementwise; l1, l2 > 0."""

    arg_constraints: ClassVar = {"loc": constraints.real, "l1": constraints.positive, "l2": constraints.positive}
    support = constraints.real
    reparametrized_params: ClassVar = ["loc", "l1", "l2"]
    pytree_data_fields = ("loc", "l1", "l2")

    def __init__(self, loc, l1, l2, *, validate_args=None):
        self.loc, self.l1, self.l2 = (k.floating(v) for v in broadcast(loc, l1, l2))
        super().__init__(batch_shape=jnp.shape(self.loc), validate_args=validate_args)

    def sample(self, key, sample_shape=()):
        side, size = jax.random.split(key)
        shape = sample_shape + self.batch_shape
        sign = jax.random.rademacher(side, shape, dtype=self.loc.dtype)
        excess = _excess(self.l1 / jnp.sqrt(self.l2), jax.random.exponential(size, shape, dtype=self.loc.dtype))
        return self.loc + sign * excess / jnp.sqrt(self.l2)

    @validate_sample
    def log_prob(self, value):
        away = jnp.abs(value - self.loc)
        return -away * (self.l1 + 0.5 * self.l2 * away) - _log_half_z(self.l1, self.l2) - k.LOG_2

    def cdf(self, value):
        away = value - self.loc
        tail = 0.5 * jnp.exp(_log_survival(self.l1 / jnp.sqrt(self.l2), jnp.sqrt(self.l2) * jnp.abs(away)))
        return jnp.where(away < 0, tail, 1.0 - tail)

    @property
    def mean(self):
        return self.loc

    @property
    def variance(self):
        return _moments(self.l1, self.l2)[1]


def _hazard(a):
    return jax.jvp(k.log_ndtr, (-a,), (jnp.ones_like(a),))[1]


@jax.custom_jvp
def _log_half_z(l1, l2):
    return -0.5 * jnp.log(l2) - jnp.log(_hazard(l1 / jnp.sqrt(l2)))


@_log_half_z.defjvp
def _log_half_z_jvp(primals, tangents):
    first, second = _moments(*primals)
    return _log_half_z(*primals), -first * tangents[0] - 0.5 * second * tangents[1]


def _moments(l1, l2):
    """E|w| and E w^2 about the centre: closed forms, and where these cancel the ratios of consecutive moments,
    r_n = n / (a + r_{n+1}) ~ sqrt(n + a^2 / 4) - a / 2, the product of whose first n is the n-th moment.
    """
    root = jnp.sqrt(l2)
    low, high = jnp.minimum(l1 / root, 3.0), jnp.maximum(l1 / root, 3.0)
    ratio = jnp.sqrt(31.0 + 0.25 * high * high) - 0.5 * high
    for n in range(30, 1, -1):
        ratio = n / (high + ratio)
    near, far = _hazard(low) - low, 1.0 / (high + ratio)
    small = l1 < 3.0 * root
    return jnp.where(small, near, far) / root, jnp.where(small, 1.0 - low * near, far * ratio) / l2


def _log_survival(a, t):
    """log P(Z > a + t | Z > a), without the difference of two large logarithms."""
    return -t * (a + 0.5 * t) + jnp.log(_hazard(a)) - jnp.log(_hazard(a + t))


def _excess(a, depth):
    """The t at which log P(Z > a + t | Z > a) is -`depth`.

    Newton's method on a concave function, begun beyond the root: it comes down to it without overshooting.
    """
    a, depth = broadcast(a, jnp.maximum(depth, jnp.finfo(depth.dtype).tiny))  # 0 / 0 at a = 0

    def step(_, t):
        return t + (_log_survival(a, t) + depth) / _hazard(a + t)

    start = 2.0 * depth / (a + jnp.hypot(a, jnp.sqrt(2.0 * depth)))
    return jnp.maximum(jax.lax.fori_loop(0, 8, step, start), 0.0)


def _elastic_net(hyper, shift, unit, support):
    return ElasticNetDistribution(shift, hyper["l1"] / unit, hyper["l2"] / jnp.square(unit))


def _kink(hyper):
    return 0.0, 1.0 / hyper["l1"]


@register
@dataclass(frozen=True, kw_only=True)
class ElasticNet(Prior):
    """Elastic-net prior around zero, both rates positive; `scaled` as for `Normal`: w divided by the constants has
    rates `l1` and `l2`. Under a Gaussian of known sigma, scikit-learn's `alpha` and `l1_ratio` mean
    l1 = n alpha l1_ratio / sigma^2 and l2 = n alpha (1 - l1_ratio) / sigma^2.
    """

    name: ClassVar[str] = "ElasticNet"
    log_concave: ClassVar[bool] = True
    smooth: ClassVar[bool] = False
    kink: ClassVar = staticmethod(_kink)
    l1: float = 1.0
    l2: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "l1", positive=True)
        check_number(self, "l2", positive=True)
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _elastic_net

    def penalty(self, w):
        away = abs(w)
        return away * (self.l1 + 0.5 * self.l2 * away)

"""Binary responses coded -1 and +1: E[y] = tanh(eta), so P(y = 1) = 1 / (1 + exp(-2 eta)). The canonical link is tanh.

The same model as logistic regression on {0, 1}, with half its coefficients: a prior Normal(0, t) here is Normal(0, 2t)
there.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ._base import Family, Response, Typical, average, refuse_levels, refuse_rows, register


class _Signs(constraints.ParameterFreeConstraint):
    """The numbers -1 and +1."""

    is_discrete = True

    def __call__(self, x):
        return (x == -1) | (x == 1)

    def feasible_like(self, prototype):
        return jnp.ones_like(prototype)


class SignedBernoulliResponse(Response):
    """Rows in {-1, +1} that keep the linear predictor."""

    support = _Signs()

    def sample(self, key, sample_shape=()):
        up = jax.random.bernoulli(key, k.expit(2 * self.eta), sample_shape + self.batch_shape)
        return jnp.where(up, 1, -1).astype(jnp.result_type(int))

    def log_prob(self, value):
        return _log_likelihood(value, self.eta)

    def cdf(self, value):
        return jnp.where(value < -1, 0.0, jnp.where(value < 1, k.expit(-2 * self.eta), 1.0))

    @property
    def variance(self):
        return jnp.exp(self.link.log_slope(self.eta))


def _log_likelihood(y, eta):
    return k.log_expit(2 * y * eta)


@register
class SignedBernoulli(Family):
    """V(mu) = 1 - mu^2."""

    name: ClassVar[str] = "signed_bernoulli"
    aliases: ClassVar = ("spin",)
    links: ClassVar = (links.tanh,)
    log_concave: ClassVar = links
    support: ClassVar[str] = "{-1, +1}"
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    response: ClassVar = SignedBernoulliResponse

    def check(self, y, response, levels, index) -> None:
        refuse_levels(self, y, response, levels)
        do = "code the response as -1 and 1; the family 'bernoulli' takes 0 and 1"
        refuse_rows(self, y, response, index, (y != -1) & (y != 1), do)

    def typical(self, link, y, offset, weights) -> Typical:
        w = np.ones_like(y) if weights is None else weights
        mean = np.sum(w * y) / (np.sum(w) + 1.0)
        return Typical(float(link.forward(mean)) - average(offset, weights), 1.0)

    def variance(self, mu):
        return (1.0 - mu) * (1.0 + mu)

    def log_likelihood(self, link, y, eta):
        return _log_likelihood(y, eta)

    def score(self, link, y, eta):
        return 2 * y * k.expit(-2 * y * eta)

    def information(self, link, eta):
        return k.exp(link.log_slope(eta))

    def separation(self, y, link=None):
        return np.where(y == 1, 1.0, -1.0), np.zeros(len(y), bool)

    def deviance_at(self, link, y, eta):
        return -2.0 * _log_likelihood(y, eta)

    def unit_deviance(self, y, mu):
        return -2.0 * k.namespace(mu).log1p(0.5 * (y * mu - 1.0))

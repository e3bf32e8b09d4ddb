"""Unordered levels: P(y = k) = softmax(eta)_k, one linear predictor per level; y is the level's code 0, 1, ..., K-1."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..links import Link
from ._base import Family, Response, Typical, refuse_rows, register
from ._levels import check_levels, counts


class CategoricalResponse(Response):
    """Categorical rows; `eta` is (..., K), and the batch shape that of the rows."""

    arg_constraints: ClassVar = {"eta": constraints.real_vector}

    def __init__(self, *, link: Link, eta, validate_args=None):
        self.link, self.eta = link, k.floating(jnp.asarray(eta))
        dist.Distribution.__init__(self, batch_shape=jnp.shape(self.eta)[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, jnp.shape(self.eta)[-1] - 1)

    def sample(self, key, sample_shape=()):
        draws = jax.random.categorical(key, self.eta, shape=sample_shape + self.batch_shape)
        return draws.astype(jnp.result_type(int))

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta)

    def cdf(self, value):
        codes = jnp.arange(jnp.shape(self.eta)[-1])
        return jnp.sum(jnp.where(codes <= jnp.asarray(value)[..., None], self.mean, 0.0), -1)

    @property
    def mean(self):
        """Level probabilities, (..., K): the codes themselves have no mean."""
        return self.link.inverse(self.eta)

    @property
    def variance(self):
        """Variance of each level's indicator, (..., K)."""
        return self.mean * (1.0 - self.mean)


def _pick(values, y):
    """values[..., y], shapes broadcast."""
    xp = k.namespace(values)
    y = xp.asarray(y)
    shape = np.broadcast_shapes(np.shape(values)[:-1], np.shape(y))
    values = xp.broadcast_to(values, (*shape, np.shape(values)[-1]))
    y = xp.broadcast_to(y.astype(int), shape)
    return xp.take_along_axis(values, y[..., None], axis=-1)[..., 0]


def _log_likelihood(link, y, eta):
    return _pick(link.log_mean(eta), y)


@register
class Categorical(Family):
    """Means are level probabilities, diag(mu) - mu mu' their covariance; coding is a property of the model."""

    name: ClassVar[str] = "categorical"
    aliases: ClassVar = ("multinomial",)
    links: ClassVar = (links.softmax,)
    log_concave: ClassVar = links
    support: ClassVar[str] = "the level codes 0, 1, ..., K-1"
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    outputs: ClassVar[str] = "levels"
    closed: ClassVar[bool] = False
    several: ClassVar[bool] = True
    response: ClassVar = CategoricalResponse

    def check(self, y, response, levels, index) -> None:
        refuse_rows(self, y, response, index, (y < 0) | (y != np.floor(y)), "give labels, or codes 0, 1, ..., K-1")
        check_levels(self, y, response, levels)

    def typical(self, link, y, offset, weights, levels: int | None = None) -> Typical:
        """Logarithms of smoothed shares, with mean 0; (K,), K = `levels` where the last ones have no row."""
        share = counts(y, weights, levels) + 0.5
        eta = np.log(share) - np.mean(np.log(share))
        return Typical(eta, 1.0)

    def log_likelihood(self, link, y, eta):
        return _log_likelihood(link, y, eta)

    def constraints_of(self, X, y, levels: int, padded: bool = False) -> np.ndarray:
        """Rows A with A d >= 0 along which no row's likelihood falls, d the flattened (columns, outputs) coefficients.

        A row at level k rises or stays while x'(d_k - d_j) >= 0 for all j; with `padded` the first level's d is 0.
        """
        y = np.asarray(y, int)
        others = np.array([[j for j in range(levels) if j != k] for k in range(levels)])[y]
        step = np.eye(levels)[y][:, None, :] - np.eye(levels)[others]
        rows = X[:, None, :, None] * step[:, :, None, int(padded) :]
        return rows.reshape(len(X) * (levels - 1), -1)

    def score(self, link, y, eta):
        """1[y = k] - mu_k, (..., K)."""
        xp = k.namespace(eta)
        codes = xp.arange(np.shape(eta)[-1])
        mean = link.inverse(eta)
        others = xp.sum(xp.where(xp.asarray(y)[..., None] == codes, 0.0, mean), axis=-1, keepdims=True)
        return xp.where(xp.asarray(y)[..., None] == codes, others, -mean)

    def variance(self, mu):
        """Variance of each level's indicator; (..., K)."""
        return mu * (1.0 - mu)

    def information(self, link, eta):
        """diag(mu) - mu mu', the expected information in the K linear predictors; (..., K, K)."""
        xp, mean = k.namespace(eta), link.inverse(eta)
        score = xp.eye(np.shape(mean)[-1], dtype=mean.dtype) - mean[..., None, :]
        return xp.einsum("...k,...ki,...kj->...ij", mean, score, score)

    def unit_deviance(self, y, mu):
        """-2 log of the probability of the observed level; `mu` (..., K)."""
        return -2.0 * k.log(_pick(mu, y))

"""Ordered levels: P(y <= k) = F(c_k - eta), F the inverse link, cut-points c_1 < ... < c_{K-1}; y codes 0, ..., K-1.

A larger linear predictor makes higher levels likelier. The predictor has no intercept: the cut-points are K - 1 of
them. Level probabilities are never differences of two probabilities; see `kernels.log_interval`.
"""

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
from ..priors import InducedDirichlet
from ._base import Family, Parameter, Response, Typical, average, refuse_rows, register
from ._levels import check_levels, counts

_HUGE = 1e18  # stands for an infinite predictor: inf - inf


class OrdinalResponse(Response):
    """Ordinal rows; `cutpoints` is (..., K-1), its leading axes broadcast against `eta`."""

    pytree_data_fields = ("cutpoints",)
    arg_constraints: ClassVar = {"eta": constraints.real, "cutpoints": constraints.ordered_vector}

    def __init__(self, *, link: Link, eta, cutpoints, validate_args=None):
        eta, self.link = k.floating(jnp.asarray(eta)), link
        self.cutpoints = jnp.asarray(cutpoints, eta.dtype)
        shape = jnp.broadcast_shapes(eta.shape, self.cutpoints.shape[:-1])
        self.eta = jnp.broadcast_to(eta, shape)
        dist.Distribution.__init__(self, batch_shape=shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, jnp.shape(self.cutpoints)[-1])

    def sample(self, key, sample_shape=()):
        level = jax.random.uniform(key, sample_shape + self.batch_shape, self.eta.dtype)
        below = self.link.inverse(self.cutpoints - self.eta[..., None])
        return jnp.sum(below < level[..., None], axis=-1).astype(jnp.result_type(int))

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta, self.cutpoints)

    def cdf(self, value):
        count = jnp.shape(self.cutpoints)[-1]
        level = jnp.floor(value)
        upper = _take(self.cutpoints, jnp.clip(level, 0, count - 1).astype(int), jnp) - self.eta
        return jnp.where(level < 0, 0.0, jnp.where(level >= count, 1.0, self.link.inverse(upper)))

    @property
    def mean(self):
        """Level probabilities, (..., K): the codes themselves have no mean."""
        return _probabilities(self.link, self.eta, self.cutpoints)

    @property
    def variance(self):
        """Variance of each level's indicator, (..., K)."""
        mean = self.mean
        return mean * (1.0 - mean)


def _take(cutpoints, index, xp):
    if np.ndim(cutpoints) == 1:
        return cutpoints[index]
    shape = np.broadcast_shapes(np.shape(cutpoints)[:-1], np.shape(index))
    wide = xp.broadcast_to(cutpoints, (*shape, np.shape(cutpoints)[-1]))
    return xp.take_along_axis(wide, xp.broadcast_to(index, shape)[..., None], axis=-1)[..., 0]


def _ends(y, eta, cutpoints, xp):
    """(first, last, lower, upper, gap) of the levels `y`: where a bound does not exist, a harmless number."""
    last = np.shape(cutpoints)[-1]
    y = xp.asarray(y).astype(int)
    is_first, is_last = y <= 0, y >= last
    upper = xp.where(is_last, 0.0, _take(cutpoints, xp.clip(y, 0, last - 1), xp) - eta)
    lower = xp.where(is_first, 0.0, _take(cutpoints, xp.clip(y - 1, 0, last - 1), xp) - eta)
    if last == 1:
        return is_first, is_last, lower, upper, xp.ones_like(lower + upper)
    gaps = _take(cutpoints[..., 1:] - cutpoints[..., :-1], xp.clip(y - 1, 0, last - 2), xp)
    return is_first, is_last, lower, upper, xp.where(is_first | is_last, 1.0, gaps)


def _levels(y, eta, cutpoints, xp):
    eta = xp.clip(k.floating(xp.asarray(eta)), -_HUGE, _HUGE)
    first, last, lower, upper, gap = _ends(y, eta, xp.asarray(cutpoints, dtype=eta.dtype), xp)
    return first, last, ~(first | last), lower, upper, gap


def _log_likelihood(link, y, eta, cutpoints):
    xp = k.namespace(eta, cutpoints)
    first, last, inner, lower, upper, gap = _levels(y, eta, cutpoints, xp)
    between = k.log_interval(link.name, xp.where(inner, upper, 1.0), xp.where(inner, lower, 0.0), gap)
    below, above = link.log_mean(xp.where(first, upper, 0.0)), link.log_complement(xp.where(last, lower, 0.0))
    return xp.where(first, below, xp.where(last, above, between))


def _every_level(link, eta, cutpoints, xp):
    """Log-probabilities of all levels; (..., K)."""
    codes = xp.arange(np.shape(cutpoints)[-1] + 1)
    wide = cutpoints if np.ndim(cutpoints) == 1 else cutpoints[..., None, :]
    return _log_likelihood(link, codes, xp.asarray(eta)[..., None], wide)


def _probabilities(link, eta, cutpoints):
    return k.exp(_every_level(link, eta, cutpoints, k.namespace(eta, cutpoints)))


def _start(y, mean=None, weights=None, link=links.logit, levels=None):
    """Cut-points of the smoothed cumulative shares at a linear predictor of 0; (K-1,)."""
    share = counts(y, weights, levels) + 0.5
    return np.asarray(link.forward(np.cumsum(share)[:-1] / np.sum(share)), float)


_LINKS = tuple(getattr(links, name) for name in ("logit", "probit", "cloglog", "loglog", "cauchit"))


@register
class Ordinal(Family):
    """The mean is the vector of level probabilities. Cumulative model with one slope per column for all cut-points."""

    name: ClassVar[str] = "ordinal"
    aliases: ClassVar = ("ordered", "cumulative")
    links: ClassVar = _LINKS
    log_concave: ClassVar = tuple(link for link in _LINKS if link.log_concave)
    support: ClassVar[str] = "the level codes 0, 1, ..., K-1"
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    intercept: ClassVar[bool] = False
    closed: ClassVar[bool] = False
    response: ClassVar = OrdinalResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="cutpoints",
            support=constraints.ordered_vector,
            prior=InducedDirichlet(),
            start=_start,
            size="cutpoints",
        ),
    )

    def check(self, y, response, levels, index) -> None:
        bad = (y < 0) | (y != np.floor(y))
        refuse_rows(self, y, response, index, bad, "give labels in their order, or codes 0, 1, ..., K-1")
        check_levels(self, y, response, levels)

    def typical(self, link, y, offset, weights) -> Typical:
        return Typical(-average(offset, weights), 1.0)

    def unbounded(self, y, response: str, levels=None, number: int | None = None) -> str | None:
        """Why the maximum-likelihood cut-points do not exist (one of `number` levels has no row), or None: the text of
        a refusal.
        """
        rows = counts(y, None, number if levels is None else len(levels))
        empty = np.flatnonzero(rows == 0)
        if not empty.size:
            return None
        level = empty[0]
        name = f"{level}" if levels is None else repr(levels[level])
        end = level in (0, len(rows) - 1)
        limit = "a cut-point goes to infinity" if end else "two cut-points fall together"
        return f"Level {name} of {response!r} has no row: {limit}. Merge it with a neighbour, or use a proper prior."

    def variance(self, mu):
        """Variance of each level's indicator; (..., K)."""
        return mu * (1.0 - mu)

    def log_likelihood(self, link, y, eta, cutpoints):
        return _log_likelihood(link, y, eta, cutpoints)

    def score(self, link, y, eta, cutpoints):
        xp = k.namespace(eta, cutpoints)
        first, last, inner, lower, upper, gap = _levels(y, eta, cutpoints, xp)
        between = -k.interval_score(link.name, xp.where(inner, upper, 1.0), xp.where(inner, lower, 0.0), gap)
        return xp.where(first, -link.mean_score(upper), xp.where(last, -link.complement_score(lower), between))

    def information(self, link, eta, cutpoints):
        """sum_k (f_k - f_{k-1})^2 / p_k; (...)."""
        xp = k.namespace(eta, cutpoints)
        codes = xp.arange(np.shape(cutpoints)[-1] + 1)
        wide = cutpoints if np.ndim(cutpoints) == 1 else cutpoints[..., None, :]
        score, share = self.score(link, codes, xp.asarray(eta)[..., None], wide), _probabilities(link, eta, cutpoints)
        score = xp.where(share > 0, score, 0.0)  # infinite where the level has no probability left
        return xp.sum(share * score * score, axis=-1)

    def constraints_of(self, X, y, levels: int, padded: bool = False) -> np.ndarray:
        """Rows A with A d >= 0 along which no row's likelihood falls, d = (slopes, cut-points): existence of ML.

        A row at level k rises or stays while c_k - x'b does not fall and c_{k-1} - x'b does not rise.
        """
        y = np.asarray(y, int)
        cuts = np.eye(levels - 1)
        below, above = y < levels - 1, y > 0
        return np.vstack(
            [np.column_stack([-X[below], cuts[y[below]]]), np.column_stack([X[above], -cuts[y[above] - 1]])]
        )

"""Successes of m trials: y ~ Binomial(m, f(eta)), m known row by row. The binomial coefficient is included."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..errors import DataError
from ._base import Family, Response, Typical, average, refuse_levels, refuse_rows, register
from ._stirling import stirling


class BinomialResponse(Response):
    """Binomial rows that keep the linear predictor; `trials` is a known count per row."""

    pytree_data_fields = ("trials",)
    arg_constraints: ClassVar = {"eta": constraints.real, "trials": constraints.nonnegative_integer}

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self.trials)

    def sample(self, key, sample_shape=()):
        shape = sample_shape + self.batch_shape
        share = self.link.inverse(self.eta)
        draws = jax.random.binomial(key, self.trials.astype(share.dtype), share, shape=shape)
        return draws.astype(jnp.result_type(int))

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta, self.trials)

    def cdf(self, value):
        count = jnp.floor(value)
        inner = jnp.clip(count, 0.0, jnp.maximum(self.trials - 1.0, 0.0))
        failure = jnp.exp(self.link.log_complement(self.eta))
        below = jax.scipy.special.betainc(jnp.maximum(self.trials - inner, 1.0), inner + 1.0, failure)
        return jnp.where(count < 0, 0.0, jnp.where(count >= self.trials, 1.0, below))

    @property
    def mean(self):
        return self.trials * self.link.inverse(self.eta)

    @property
    def variance(self):
        return self.trials * jnp.exp(self.link.log_mean(self.eta) + self.link.log_complement(self.eta))


def _log_likelihood(link, y, eta, trials):
    chances = _chances(link, y, eta, trials)
    return _from_chances_jax(*chances) if k.namespace(eta) is jnp else _from_chances(*chances, np)


def _chances(link, y, eta, trials):
    """(successes, failures, their log-probabilities) of the rows."""
    xp = k.namespace(eta)
    eta = k.floating(eta)
    up, trials = xp.asarray(y).astype(eta.dtype), xp.asarray(trials).astype(eta.dtype)
    down = trials - up
    # Where there is no success (no failure) its log-probability is not asked for: 0 times -inf, and its derivatives.
    return up, down, link.log_mean(xp.where(up > 0, eta, 0.0)), link.log_complement(xp.where(down > 0, eta, 0.0))


def _from_chances(up, down, success, failure, xp):
    """log p of counts given log-probabilities: the saturated value minus half the deviance, since
    up * success + down * failure + log of the coefficient is the difference of numbers that grow with the counts.
    """
    mixed, some, rest = _mixed(up, down, xp)
    total = some + rest
    saturated = stirling(total) - stirling(some) - stirling(rest)
    saturated = saturated - 0.5 * (k.LOG_2PI + xp.log(some / total) + xp.log(rest))
    return xp.where(mixed, saturated, 0.0) - _half_deviance(up, down, success, failure, xp)


def _half_deviance(up, down, success, failure, xp):
    mixed, some, rest = _mixed(up, down, xp)
    total = some + rest
    with np.errstate(over="ignore", under="ignore"):
        far = some * k.expm1_minus(xp.where(mixed, success - xp.log(some / total), 0.0))
        far = far + rest * k.expm1_minus(xp.where(mixed, failure - xp.log(rest / total), 0.0))
        return xp.where(mixed, far, -(up * success + down * failure))


def _mixed(up, down, xp):
    mixed = (up > 0) & (down > 0)
    return mixed, xp.where(mixed, up, 1.0), xp.where(mixed, down, 1.0)


@jax.custom_jvp
def _from_chances_jax(up, down, success, failure):
    return _from_chances(up, down, success, failure, jnp)


@_from_chances_jax.defjvp
def _from_chances_jvp(primals, tangents):
    up, down, _, _ = primals
    return _from_chances_jax(*primals), up * tangents[2] + down * tangents[3]


@register
class Binomial(Family):
    """V(mu) = mu (1 - mu) per trial, mu the share of successes; the mean of y is m mu."""

    name: ClassVar[str] = "binomial"
    aliases: ClassVar = ("proportion",)
    links: ClassVar = (links.logit, links.probit, links.cloglog, links.loglog, links.cauchit)
    log_concave: ClassVar = tuple(link for link in links if link.log_concave)
    support: ClassVar[str] = "the counts 0, 1, ..., trials"
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    rows: ClassVar = ("trials",)
    response: ClassVar = BinomialResponse

    def check(self, y, response, levels, index, trials=None) -> None:
        refuse_levels(self, y, response, levels)
        if trials is None:
            raise DataError(
                "The family 'binomial' needs the number of trials of each row.",
                found=f"{response!r} without trials",
                do='give trials="m", a column or an array (of ones for single trials), and successes as the response',
            )
        m = np.broadcast_to(np.asarray(trials, float), np.shape(y))
        rows = np.flatnonzero(~((m >= 0) & (m == np.floor(m))))
        if rows.size:
            raise DataError(
                "The trials of the family 'binomial' are counts.",
                found=f"trials of {response!r}, row {index[rows[0]]}, value {m[rows[0]]:g}",
                do="give whole numbers from 0 on",
            )
        refuse_rows(self, y, response, index, (y < 0) | (y != np.floor(y)), "give the number of successes")
        rows = np.flatnonzero(y > m)
        if rows.size:
            first = rows[0]
            raise DataError(
                "The family 'binomial' has at most as many successes as trials.",
                found=f"column {response!r}, row {index[first]}, value {y[first]:g} of {m[first]:g} trials "
                f"({rows.size} such rows of {len(y)})",
                do="check the response and trials; the response counts successes",
            )

    def typical(self, link, y, offset, weights, trials=None) -> Typical:
        m = np.ones_like(y) if trials is None else np.asarray(trials, float)
        w = np.ones_like(y) if weights is None else weights
        share = (np.sum(w * y) + 0.5) / (np.sum(w * m) + 1.0)
        return Typical(float(link.forward(share)) - average(offset, weights), 1.0)

    def variance(self, mu, trials=1.0):
        return trials * mu * (1.0 - mu)

    def log_likelihood(self, link, y, eta, trials):
        return _log_likelihood(link, y, eta, trials)

    def score(self, link, y, eta, trials):
        xp = k.namespace(eta)
        down = trials - y
        with np.errstate(over="ignore", under="ignore"):
            up = y * link.mean_score(xp.where(y > 0, eta, 0.0))  # never 0 times inf
            return up + down * link.complement_score(xp.where(down > 0, eta, 0.0))

    def information(self, link, eta, trials):
        # m (f'/f) (f'/(1 - f)): in a tail one factor vanishes before the other overflows.
        xp, up, down = k.namespace(eta), link.mean_score(eta), -link.complement_score(eta)
        most = 1e-8 * float(xp.finfo(up.dtype).max)
        with np.errstate(under="ignore"):
            return (trials * xp.clip(up, -most, most)) * xp.clip(down, -most, most)

    def separation(self, y, link=None, trials=None):
        """Rows with successes and failures hold the predictor from both sides; those without trials say nothing."""
        trials = np.ones(len(y)) if trials is None else np.asarray(trials, float)
        mixed = (y > 0) & (y < trials)
        return np.where(trials > 0, np.where(y > 0, 1.0, -1.0), 0.0), mixed

    def deviance_at(self, link, y, eta, trials):
        return 2.0 * _half_deviance(*_chances(link, y, eta, trials), k.namespace(eta))

    def unit_deviance(self, y, mu, trials):
        """2 (saturated - log likelihood) of a row with share of successes `mu`."""
        special, down, share = k.special(mu), trials - y, y / k.namespace(mu).maximum(trials, 1.0)
        up = special.xlogy(y, share) - special.xlogy(y, mu)
        return 2.0 * (up + special.xlog1py(down, -share) - special.xlog1py(down, -mu))

"""Overdispersed counts with mean mu = f(eta): NB2, V = mu + mu^2/r, and NB1, V = mu (1 + alpha).

Both are Poisson rows whose rate is gamma distributed, and both have the Poisson family as the limit that their default
priors point at: 1/sqrt(r) is half-normal, so that the limit is at 0 and not at infinity; alpha is exponential. (Were
sqrt(alpha) half-normal, the density of alpha would have no bound at 0, and counts without overdispersion no mode.)
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..priors import Exponential, HalfNormalPower
from . import _negative_binomial as nb
from ._base import Family, Parameter, Response, Typical, average, refuse_levels, refuse_rows, register
from ._stirling import bounded_exp

_LOG = links.log
_LARGEST_LOG_RATE = float(np.log(1e9))
_NO_COUNT = -1  # drawn where the link has no mean: outside the support, and seen to be


class NegativeBinomialResponse(Response):
    """Negative binomial rows (NB2) that keep the linear predictor."""

    pytree_data_fields = ("concentration",)
    arg_constraints: ClassVar = {"eta": constraints.real, "concentration": constraints.positive}
    support = constraints.nonnegative_integer

    @property
    def _log_r(self):
        return jnp.log(self.concentration)

    def sample(self, key, sample_shape=()):
        one, two = jax.random.split(key)
        shape = sample_shape + self.batch_shape
        log_r = jnp.maximum(jnp.broadcast_to(self._log_r, shape), -_LARGEST_LOG_RATE)
        log_mean = self.link.log_mean(self.link.confine(self.eta))
        rate = jnp.exp(jnp.minimum(log_mean + jax.random.loggamma(one, bounded_exp(log_r)) - log_r, _LARGEST_LOG_RATE))
        counts = jax.random.poisson(two, rate, shape).astype(jnp.result_type(int))
        return self.link.forbid(self.eta, counts, _NO_COUNT)

    def log_prob(self, value):
        log_mean = self.link.log_mean(self.link.confine(self.eta))
        return self.link.forbid(self.eta, nb.log_density(_as(value, self.eta), log_mean, self._log_r))

    def cdf(self, value):
        # Accurate to about 1e-16 r log(r), the rounding of the gamma functions inside JAX's incomplete beta function.
        count, r, mean = jnp.floor(jnp.maximum(value, 0.0)) + 1.0, bounded_exp(self._log_r), self.mean
        few, many = mean < r, r / (r + mean)
        upper = jax.scipy.special.betainc(count, r, jnp.where(few, mean / (r + mean), 0.5))
        # The lower tail itself where it is the smaller one; `many` has rounded to 1 where r is enormous.
        small = ~few | ((upper > 0.5) & (r < 1e6))
        lower = jax.scipy.special.betainc(r, count, jnp.where(small, many, 0.5))
        return jnp.where(value < 0, 0.0, jnp.where(small, lower, 1.0 - upper))

    @property
    def variance(self):
        return self.mean + self.mean**2 / self.concentration


class NegativeBinomial1Response(NegativeBinomialResponse):
    """Negative binomial rows whose variance is proportional to the mean (NB1)."""

    pytree_data_fields = ("alpha",)
    arg_constraints: ClassVar = {"eta": constraints.real, "alpha": constraints.positive}

    @property
    def _log_r(self):
        return self.link.log_mean(self.link.confine(self.eta)) - jnp.log(self.alpha)

    def log_prob(self, value):
        log_mean = self.link.log_mean(self.link.confine(self.eta))
        return self.link.forbid(self.eta, nb.log_density_1(_as(value, self.eta), log_mean, jnp.log(self.alpha)))

    @property
    def variance(self):
        return self.mean * (1.0 + self.alpha)


def _as(y, eta):
    return k.namespace(eta).asarray(y).astype(eta.dtype)


def _log(value, like):
    """log of an auxiliary value, in the library and precision of `like`."""
    xp = k.namespace(like, value)
    return xp.log(xp.asarray(value, dtype=like.dtype))


def _typical_rate(link, y, offset, weights) -> Typical:
    w = np.ones_like(y) if weights is None else weights
    if link is links.log:
        return Typical(float(np.log((np.sum(w * y) + 0.5) / np.sum(w * np.exp(offset)))), 1.0)
    eta = float(link.forward((np.sum(w * y) + 0.5) / np.sum(w)))
    return Typical(eta - average(offset, weights), link.step(eta) if np.ptp(y) > 0 else 1.0)


def _check_counts(family, y, response, levels, index) -> None:
    refuse_levels(family, y, response, levels)
    bad = (y < 0) | (y != np.floor(y))
    refuse_rows(family, y, response, index, bad, "give counts; a rate needs an offset instead")


def _excess(y, mean, power: int, weights=None) -> float:
    """Moment estimate of (V - mu) / mu^power, from nearly none to very much."""
    total = average((y - mean) ** 2 - mean, weights) / average(mean**power, weights)
    return float(np.clip(total, 1e-4, 1e2))


@register
class NegativeBinomial(Family):
    """V(mu) = mu + mu^2/r; `concentration` is r (the reciprocal of the overdispersion)."""

    name: ClassVar[str] = "negative_binomial"
    aliases: ClassVar = ("negative_binomial_2", "negbin", "nb2")
    log_concave: ClassVar = (links.log,)
    links: ClassVar = (links.log, links.sqrt, links.sqrt_softplus)
    support: ClassVar[str] = "the counts 0, 1, 2, ..."
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    closed: ClassVar[bool] = False
    deviance_needs: ClassVar = ("concentration",)
    response: ClassVar = NegativeBinomialResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="concentration",
            support=constraints.positive,
            prior=HalfNormalPower(power=-0.5),
            start=lambda y, mean, weights=None: 1.0 / _excess(y, mean, 2, weights),
            link=_LOG,
            typical=2.2,
        ),
    )

    def check(self, y, response, levels, index) -> None:
        _check_counts(self, y, response, levels, index)

    def typical(self, link, y, offset, weights) -> Typical:
        return _typical_rate(link, y, offset, weights)

    def variance(self, mu, concentration):
        return mu + mu**2 / concentration

    def log_likelihood(self, link, y, eta, concentration):
        eta = k.floating(eta)
        log_mean = link.log_mean(link.confine(eta))
        return link.forbid(eta, nb.log_density(_as(y, eta), log_mean, _log(concentration, eta)))

    def score(self, link, y, eta, concentration):
        eta = link.confine(eta)
        log_mean = link.log_mean(eta)
        slope = k.exp(link.log_slope(eta) - log_mean) * (1.0 if link.increasing else -1.0)
        with np.errstate(over="ignore", under="ignore"):
            return nb.slope_in_log_mean(_as(y, log_mean), log_mean, _log(concentration, log_mean)) * slope

    def information(self, link, eta, concentration):
        eta = link.confine(eta)
        log_mean = link.log_mean(eta)
        return k.exp(2 * link.log_slope(eta) - log_mean - k.softplus(log_mean - k.namespace(eta).log(concentration)))

    def separation(self, y, link=_LOG):
        return None if link.restricted else (-np.ones(len(y)), y > 0)

    def unit_deviance(self, y, mu, concentration):
        mu = k.floating(mu)
        return 2.0 * nb.half_deviance(_as(y, mu), k.namespace(mu).log(mu), _log(concentration, mu))


@register
class NegativeBinomial1(Family):
    """V = mu (1 + alpha). At a fixed alpha it is no exponential dispersion model: no unit deviance."""

    name: ClassVar[str] = "negative_binomial_1"
    aliases: ClassVar = ("nb1",)
    links: ClassVar = (links.log, links.sqrt, links.sqrt_softplus)
    support: ClassVar[str] = "the counts 0, 1, 2, ..."
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    closed: ClassVar[bool] = False
    response: ClassVar = NegativeBinomial1Response
    auxiliaries: ClassVar = (
        Parameter(
            name="alpha",
            support=constraints.positive,
            prior=Exponential(rate=1.0),
            start=lambda y, mean, weights=None: _excess(y, mean, 1, weights),
            link=_LOG,
            typical=0.69,
        ),
    )

    def check(self, y, response, levels, index) -> None:
        _check_counts(self, y, response, levels, index)

    def typical(self, link, y, offset, weights) -> Typical:
        return _typical_rate(link, y, offset, weights)

    def variance(self, mu, alpha):
        return mu * (1.0 + alpha)

    def log_likelihood(self, link, y, eta, alpha):
        log_mean = link.log_mean(link.confine(k.floating(eta)))
        return link.forbid(eta, nb.log_density_1(_as(y, log_mean), log_mean, _log(alpha, log_mean)))

    def score(self, link, y, eta, alpha):
        eta = link.confine(eta)
        log_mean = link.log_mean(eta)
        slope = k.exp(link.log_slope(eta) - log_mean) * (1.0 if link.increasing else -1.0)
        with np.errstate(over="ignore", under="ignore"):
            return nb.slope_1(_as(y, log_mean), log_mean, _log(alpha, log_mean)) * slope

    def separation(self, y, link=_LOG):
        return None if link.restricted else (-np.ones(len(y)), y > 0)

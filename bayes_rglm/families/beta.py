"""Shares in (0, 1): y ~ Beta with mean mu = f(eta) and precision `concentration`, shapes mu phi and (1 - mu) phi."""

from __future__ import annotations

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betainc
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..links import Link
from ..priors import NumPyro
from ._base import Family, Parameter, Response, Typical, average, refuse_levels, refuse_rows, register
from ._stirling import stirling, stirling_slope

LOG = links.log


class BetaResponse(Response):
    """Beta rows that keep the linear predictor."""

    pytree_data_fields = ("concentration",)
    arg_constraints: ClassVar = {"eta": constraints.real, "concentration": constraints.positive}
    support = constraints.unit_interval

    def _shapes(self):
        one = self.concentration * jnp.exp(self.link.log_mean(self.eta))
        return one, self.concentration * jnp.exp(self.link.log_complement(self.eta))

    def sample(self, key, sample_shape=()):
        shape, info = sample_shape + self.batch_shape, jnp.finfo(self.eta.dtype)
        pairs = zip(jax.random.split(key), self._shapes(), strict=True)
        logs = [jax.random.loggamma(each, jnp.broadcast_to(jnp.maximum(a, info.tiny), shape)) for each, a in pairs]
        return jnp.clip(k.expit(logs[0] - logs[1]), info.tiny, 1.0 - 0.5 * info.eps)

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta, self.concentration)

    def cdf(self, value):
        return betainc(*self._shapes(), jnp.clip(value, 0.0, 1.0))

    @property
    def variance(self):
        spread = jnp.exp(self.link.log_mean(self.eta) + self.link.log_complement(self.eta))
        return spread / (1.0 + self.concentration)


def _logs(y):
    xp = k.namespace(y)
    return xp.log(y), xp.log1p(-y)


def _log_likelihood(link: Link, y, eta, phi):
    log_y, log_rest = _logs(y)
    return _density(y, log_y, log_rest, link.log_mean(eta), link.log_complement(eta), phi)


def _density(y, log_y, log_rest, log_mean, log_complement, phi):
    # Stirling's formula for the three gamma functions: what grows with phi collects into a Kullback-Leibler distance.
    xp = k.namespace(log_mean, phi)
    phi = k.floating(phi)
    log_phi = xp.log(phi)
    far, smaller, log_mean, log_complement = _tails(log_mean, log_complement)
    away = _share(y, log_y, log_mean, xp) + _share(1.0 - y, log_rest, log_complement, xp)
    ends = _boundary(log_phi + log_mean) + _boundary(log_phi + log_complement) + 0.5 * k.LOG_2PI
    return xp.where(far, smaller, stirling(phi) - 0.5 * log_phi + ends - phi * away - log_y - log_rest)


def _tails(log_mean, log_complement):
    """Where a share is so small that the square of its logarithm overflows: the log density is that logarithm there."""
    xp = k.namespace(log_mean)
    smaller = xp.minimum(log_mean, log_complement)
    far = smaller < -0.1 * math.sqrt(float(xp.finfo(log_mean.dtype).max))
    half = -k.LOG_2 + xp.zeros_like(log_mean)
    return far, smaller, xp.where(far, half, log_mean), xp.where(far, half, log_complement)


def _share(y, log_y, log_mean, xp):
    # mu (e^d - 1 - d), d = log(y / mu): as it stands where d is small, by y = mu e^d where it is not.
    d = log_y - log_mean
    mean, near = k.exp(log_mean), xp.abs(d) < 1.0
    with np.errstate(over="ignore", under="ignore"):
        return xp.where(near, mean * k.expm1_minus(xp.where(near, d, 0.0)), y - mean - mean * d)


def _boundary(log_x):
    """x log(x) - x - lgamma(x), from log(x): close to 0 it is log(x)."""
    return 0.5 * (log_x - k.LOG_2PI) - stirling(k.exp(log_x), log_x)


def _weighted_trigamma(log_x):
    # x^2 trigamma(x), 1 at 0: seven steps up, then the asymptotic series.
    x = k.exp(log_x)
    total, inverse = 1.0, 1.0 / (x + 7.0)
    for i in range(1, 7):
        total = total + (x / (x + i)) ** 2
    square = inverse * inverse
    series = 1.0 + inverse * (
        0.5
        + inverse
        * (
            1 / 6
            - square
            * (
                1 / 30
                - square * (1 / 42 - square * (1 / 30 - square * (5 / 66 - square * (691 / 2730 - square * 7 / 6))))
            )
        )
    )
    return total + x * (x * inverse) * series


def _start(y, mean, weights=None) -> float:
    squares = average((y - mean) ** 2, weights)
    return float(np.clip(average(mean * (1.0 - mean), weights) / max(squares, 1e-12) - 1.0, 0.1, 1e6))


@register
class Beta(Family):
    """V(mu) = mu (1 - mu), dispersion 1 / (1 + concentration). The saturated mean is not y but nearly so."""

    name: ClassVar[str] = "beta"
    aliases: ClassVar = ("beta_regression",)
    links: ClassVar = (links.logit, links.probit, links.cloglog)
    support: ClassVar[str] = "(0, 1), the ends excluded"
    closed: ClassVar[bool] = False
    deviance_needs: ClassVar = ("concentration",)
    response: ClassVar = BetaResponse
    auxiliaries: ClassVar = (
        Parameter(
            name="concentration",
            support=constraints.positive,
            prior=NumPyro(distribution="LogNormal", parameters=(("loc", 2.0), ("scale", 1.5))),
            start=_start,
            link=LOG,
            typical=7.4,
        ),
    )

    def check(self, y, response, levels, index) -> None:
        refuse_levels(self, y, response, levels)
        do = "model zeros and ones apart, squeeze them in by (y (n - 1) + 1/2) / n, or give counts to 'binomial'"
        refuse_rows(self, y, response, index, ~((y > 0) & (y < 1)), do)

    def typical(self, link, y, offset, weights) -> Typical:
        return Typical(float(link.forward(average(y, weights))) - average(offset, weights), 1.0)

    def variance(self, mu):
        return mu * (1.0 - mu)

    def dispersion(self, concentration):
        return 1.0 / (1.0 + concentration)

    def log_likelihood(self, link, y, eta, concentration):
        return _log_likelihood(link, y, eta, concentration)

    def score(self, link, y, eta, concentration):
        xp = k.namespace(eta, concentration)
        log_phi, up, down = xp.log(k.floating(concentration)), link.mean_score(eta), link.complement_score(eta)
        far, smaller, log_mean, log_complement = _tails(link.log_mean(eta), link.log_complement(eta))
        log_y, log_rest = _logs(y)
        logits = (log_y - log_mean) - (log_rest - log_complement)
        straight = concentration * k.exp(link.log_slope(eta)) * logits * (1.0 if link.increasing else -1.0)
        with np.errstate(invalid="ignore"):  # up and down where they are not taken
            inner = straight - up * (_slope(log_phi + log_mean) - 0.5) - down * (_slope(log_phi + log_complement) - 0.5)
        return xp.where(far, xp.where(smaller == link.log_mean(eta), up, down), inner)

    def information(self, link, eta, concentration):
        log_phi = k.namespace(eta, concentration).log(k.floating(concentration))
        one, two = (_weighted_trigamma(log_phi + part) for part in (link.log_mean(eta), link.log_complement(eta)))
        with np.errstate(over="ignore", under="ignore"):
            return link.mean_score(eta) ** 2 * one + link.complement_score(eta) ** 2 * two

    def deviance_at(self, link, y, eta, concentration=1.0):
        return _deviance(y, link.log_mean(eta), link.log_complement(eta), concentration)

    def unit_deviance(self, y, mu, concentration=1.0):
        """2 (saturated - log likelihood), the saturated mean found by bisection on its logit."""
        xp = k.namespace(mu)
        return _deviance(y, xp.log(mu), xp.log1p(-mu), concentration)


def _deviance(y, log_mean, log_complement, concentration):
    xp = k.namespace(log_mean, concentration)
    y, log_y, log_rest = (xp.broadcast_arrays(part, log_mean)[0] for part in (y, *_logs(y)))
    low, high = xp.full(y.shape, -40.0), xp.full(y.shape, 40.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        rising = _logit_score(log_y - log_rest, middle, concentration) > 0
        low, high = xp.where(rising, middle, low), xp.where(rising, high, middle)
    middle = 0.5 * (low + high)
    best = _density(y, log_y, log_rest, k.log_expit(middle), k.log_expit(-middle), concentration)
    return 2.0 * (best - _density(y, log_y, log_rest, log_mean, log_complement, concentration))


def _slope(log_x):
    return stirling_slope(k.exp(log_x), log_x)


def _logit_score(logit_y, t, phi):
    # d log density / d logit(mu), up to the positive factor phi mu (1 - mu).
    log_phi = k.namespace(t).log(phi)
    logs = log_phi + k.log_expit(t), log_phi + k.log_expit(-t)
    one, two = ((_slope(log_x) - 0.5) / k.exp(log_x) for log_x in logs)
    return logit_y - t - one + two

"""Both tails of every response in log space: (log P(Y <= v), log P(Y > v)), over NumPy and SciPy.

A distribution function alone is not enough: 1 - F is 0 from eight standard deviations on. Families without an entry
here, new ones for example, fall back on their `cdf`, with that limit in the upper tail. Bounds play no part: the tails
are those of the response before it is censored.

`eta` is (..., n), auxiliary values broadcast against it, `value` is (n,); a row without a distribution (a predictor
outside the link's domain) is NaN.
"""

from __future__ import annotations

from functools import singledispatch

import jax.numpy as jnp
import numpy as np
from scipy import special

from .. import evaluation
from .. import kernels as k
from ..families import bernoulli, beta, binomial, gamma, inverse_gaussian, negative_binomial, ordinal, poisson
from ..families import student_t as student
from ..families._base import Family
from ..families._location_scale import LocationScale
from ..families.signed_bernoulli import SignedBernoulli
from ..families.weibull import Survival
from ..links import Link


def log_tails(family: Family, link: Link, value, eta, **aux) -> tuple[np.ndarray, np.ndarray]:
    """(log P(Y <= value), log P(Y > value)) of rows, in the shape of `eta` less the levels of a vector of predictors.

    `aux` holds the auxiliary values, and `trials` where the family has them.
    """
    with np.errstate(all="ignore"):
        below, above = _tails(family, link, np.asarray(value, float), eta, **aux)
        if not link.restricted:
            return below, above
        inside = link.inside(eta)
        return np.where(inside, below, np.nan), np.where(inside, above, np.nan)


@singledispatch
def _tails(family, link, value, eta, **aux):
    with evaluation.float64():
        law = family.distribution(link, jnp.asarray(eta), **{name: jnp.asarray(v) for name, v in aux.items()})
        below = np.asarray(law.cdf(jnp.asarray(value)))
    return np.log(below), np.log1p(-below)


@_tails.register
def _(family: LocationScale, link, value, eta, sigma, **shape):
    standard, z = family.standard(**shape), (value - link.inverse(eta)) / sigma
    return standard.below(z), standard.above(z)


@_tails.register
def _(family: student.StudentT, link, value, eta, sigma, nu):
    z = (value - link.inverse(eta)) / sigma
    return np.log(special.stdtr(nu, z)), np.log(special.stdtr(nu, -z))


@_tails.register
def _(family: Survival, link, value, eta, concentration=1.0):
    hazard = (np.maximum(value, 0.0) / link.inverse(eta)) ** concentration
    return np.log(-np.expm1(-hazard)), -hazard


@_tails.register
def _(family: gamma.Gamma, link, value, eta, concentration):
    x = concentration * np.maximum(value, 0.0) / link.inverse(eta)
    return np.log(special.gammainc(concentration, x)), np.log(special.gammaincc(concentration, x))


@_tails.register
def _(family: inverse_gaussian.InverseGaussian, link, value, eta, concentration):
    from scipy.stats import invgauss

    value, shape = np.maximum(value, np.finfo(float).tiny), link.inverse(eta) / concentration
    return invgauss.logcdf(value, shape, scale=concentration), invgauss.logsf(value, shape, scale=concentration)


@_tails.register
def _(family: beta.Beta, link, value, eta, concentration):
    shapes = concentration * np.exp(link.log_mean(eta)), concentration * np.exp(link.log_complement(eta))
    value = np.clip(value, 0.0, 1.0)
    return np.log(special.betainc(*shapes, value)), np.log(special.betaincc(*shapes, value))


@_tails.register
def _(family: poisson.Poisson, link, value, eta):
    count, mean = _next(value), link.inverse(eta)
    below, above = special.gammaincc(count, mean), special.gammainc(count, mean)
    return _from(value, 0, np.log(below), np.log(above))


def _counts(value, r, mean):
    # Of r/(r + mu) and mu/(r + mu) the smaller one is exact.
    count, few = _next(value), mean < r
    one, two = np.where(few, mean / (r + mean), 0.5), np.where(few, 0.5, r / (r + mean))
    below = np.where(few, special.betaincc(count, r, one), special.betainc(r, count, two))
    above = np.where(few, special.betainc(count, r, one), special.betaincc(r, count, two))
    return _from(value, 0, np.log(below), np.log(above))


@_tails.register
def _(family: negative_binomial.NegativeBinomial, link, value, eta, concentration):
    return _counts(value, concentration, link.inverse(eta))


@_tails.register
def _(family: negative_binomial.NegativeBinomial1, link, value, eta, alpha):
    return _counts(value, link.inverse(eta) / alpha, link.inverse(eta))


@_tails.register
def _(family: binomial.Binomial, link, value, eta, trials):
    share, rest = np.exp(link.log_mean(eta)), np.exp(link.log_complement(eta))
    count, few = np.clip(np.floor(value), 0.0, np.maximum(trials - 1.0, 0.0)), share < 0.5
    ups, downs = count + 1.0, np.maximum(trials - count, 1.0)
    one, two = np.where(few, share, 0.5), np.where(few, 0.5, rest)
    below = np.where(few, special.betaincc(ups, downs, one), special.betainc(downs, ups, two))
    above = np.where(few, special.betainc(ups, downs, one), special.betaincc(downs, ups, two))
    below, above = _from(value, 0, np.log(below), np.log(above))
    return np.where(value >= trials, 0.0, below), np.where(value >= trials, -np.inf, above)


@_tails.register
def _(family: bernoulli.Bernoulli, link, value, eta):
    return _two(value, 0, 1, link.log_complement(eta), link.log_mean(eta))


@_tails.register
def _(family: SignedBernoulli, link, value, eta):
    return _two(value, -1, 1, k.log_expit(-2.0 * eta), k.log_expit(2.0 * eta))


@_tails.register
def _(family: ordinal.Ordinal, link, value, eta, cutpoints):
    last = cutpoints.shape[-1]
    level = np.clip(np.floor(value), 0, last - 1).astype(int)
    at = np.stack([np.broadcast_to(cutpoints[..., j], eta.shape) for j in range(last)], axis=-1)
    cut = np.take_along_axis(at, np.broadcast_to(level, eta.shape)[..., None], axis=-1)[..., 0]
    below, above = _from(value, 0, link.log_mean(cut - eta), link.log_complement(cut - eta))
    return np.where(value >= last, 0.0, below), np.where(value >= last, -np.inf, above)


def _next(value):
    """The count above, from which a tail starts."""
    return np.floor(np.maximum(value, 0.0)) + 1.0


def _from(value, start, below, above):
    """Tails of a response that starts at `start`."""
    return np.where(value < start, -np.inf, below), np.where(value < start, 0.0, above)


def _two(value, low, high, log_low, log_high):
    """Tails of a response of two values with these log-probabilities."""
    below, above = _from(value, low, log_low, log_high)
    return np.where(value >= high, 0.0, below), np.where(value >= high, -np.inf, above)


__all__ = ["log_tails"]

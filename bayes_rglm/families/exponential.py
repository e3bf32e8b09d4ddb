"""Waiting times of constant hazard: y ~ Exponential with mean mu = f(eta). Rows may be censored."""

from __future__ import annotations

from typing import ClassVar

from numpyro.distributions import constraints

from .. import links
from . import weibull
from ._base import register
from .weibull import Survival, WeibullResponse


class ExponentialResponse(WeibullResponse):
    """Exponential rows that keep the linear predictor; rows with bounds are censored there."""

    pytree_data_fields = ()
    arg_constraints: ClassVar = {"eta": constraints.real}
    power = 1.0


@register
class Exponential(Survival):
    """V(mu) = mu^2: a gamma, or a Weibull, of concentration 1. Under the reciprocal link eta is the hazard."""

    name: ClassVar[str] = "exponential"
    aliases: ClassVar = ("waiting",)
    log_concave: ClassVar = (links.log, links.reciprocal, links.inverse_softplus)
    links: ClassVar = (links.log, links.reciprocal, links.inverse_softplus, links.softplus)
    response: ClassVar = ExponentialResponse

    def log_likelihood(self, link, y, eta, lower=None, upper=None):
        return weibull.log_likelihood(link, y, eta, 1.0, lower, upper)

    def score(self, link, y, eta, lower=None, upper=None):
        return weibull.score(link, y, eta, 1.0, lower, upper)

    def information(self, link, eta, lower=None, upper=None):
        return weibull.information(link, eta, 1.0, lower, upper)

    def unit_deviance(self, y, mu, lower=None, upper=None):
        return weibull.unit_deviance(y, mu, 1.0, lower, upper)

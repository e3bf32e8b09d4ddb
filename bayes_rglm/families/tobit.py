"""Tobit responses: y = max(0, eta + noise), noise ~ Normal(0, sigma).

`eta` is the latent mean: the noise is inside the maximum, so that neither eta nor max(0, eta) is the mean of y. With
z = eta / sigma that is eta Phi(z) + sigma phi(z), and P(y = 0) = Phi(-z); max(0, eta) is its limit for small noise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from numpyro.distributions import constraints

from .. import links
from . import _censoring as censoring
from ._base import refuse_levels, refuse_rows, register
from .gaussian import SIGMA, GaussianNoise, GaussianResponse

LATENT = replace(
    links.identity,
    name="relu",
    aliases=("max", "identity", "linear"),
    formula="y = max(0, eta + sigma z), z standard normal",
)


class TobitResponse(GaussianResponse):
    """Normal rows, left-censored at 0 where no lower bound is given."""

    @property
    def support(self):
        return constraints.nonnegative if self.lower is None else constraints.real

    @property
    def bounds(self):
        return {"lower": 0.0 if self.lower is None else self.lower, "upper": self.upper}

    @property
    def zero_probability(self):
        """P(y = lower bound): the share of zeros."""
        return self.standard_cdf((self.bounds["lower"] - self.location) / self.sigma)


@register
class Tobit(GaussianNoise):
    """Left-censored at 0, or at `lower`; V is that of the noise. Rows may be right-censored and intervals as well."""

    name: ClassVar[str] = "tobit"
    aliases: ClassVar = ("censored_gaussian",)
    links: ClassVar = (LATENT,)
    log_concave: ClassVar = links
    support: ClassVar[str] = "the numbers from 0 on"
    measure: ClassVar[str] = "lebesgue and a point mass at the bound"
    closed: ClassVar[bool] = False
    response: ClassVar = TobitResponse
    auxiliaries: ClassVar = (SIGMA,)

    def check(self, y, response, levels, index, lower=None, upper=None) -> None:
        refuse_levels(self, y, response, levels)
        censoring.check_bounds(y, response, index, _from_zero(lower), upper)
        if lower is None:
            refuse_rows(self, y, response, index, y < 0, "give zeros for censored rows, or their bounds as lower=")

    def seen(self, y, lower=None, upper=None):
        return super().seen(y, _from_zero(lower), upper)

    def separation(self, y, link=None, lower=None, upper=None):
        return super().separation(y, link, _from_zero(lower), upper)

    def brackets(self, y, lower=None, upper=None):
        return super().brackets(y, _from_zero(lower), upper)

    def log_likelihood(self, link, y, eta, sigma, lower=None, upper=None):
        return super().log_likelihood(link, y, eta, sigma, _from_zero(lower), upper)

    def score(self, link, y, eta, sigma, lower=None, upper=None):
        return super().score(link, y, eta, sigma, _from_zero(lower), upper)

    def information(self, link, eta, sigma, lower=None, upper=None):
        return super().information(link, eta, sigma, _from_zero(lower), upper)

    def unit_deviance(self, y, mu, sigma=1.0, lower=None, upper=None):
        return super().unit_deviance(y, mu, sigma, _from_zero(lower), upper)


def _from_zero(lower):
    return 0.0 if lower is None else lower

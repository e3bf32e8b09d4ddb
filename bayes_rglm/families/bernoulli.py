"""Binary responses: y in {0, 1}, P(y = 1) = f(eta). Cross-entropy is minus its log-likelihood."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from .. import links
from ..errors import DataError
from ._base import Family, Response, Typical, average, refuse_rows, register


class BernoulliResponse(Response):
    """Bernoulli rows that keep the linear predictor; both log-probabilities in log space."""

    support = constraints.boolean

    def sample(self, key, sample_shape=()):
        shape = sample_shape + self.batch_shape
        return jax.random.bernoulli(key, self.mean, shape).astype(jnp.result_type(int))

    def log_prob(self, value):
        return _log_likelihood(self.link, value, self.eta)

    def cdf(self, value):
        return jnp.where(value < 0, 0.0, jnp.where(value < 1, jnp.exp(self.link.log_complement(self.eta)), 1.0))

    @property
    def variance(self):
        return jnp.exp(self.link.log_mean(self.eta) + self.link.log_complement(self.eta))


def _log_likelihood(link, y, eta):
    return k.namespace(eta).where(y == 1, link.log_mean(eta), link.log_complement(eta))


@register
class Bernoulli(Family):
    """V(mu) = mu (1 - mu). Labels of two levels are accepted: the second is the success."""

    name: ClassVar[str] = "bernoulli"
    aliases: ClassVar = ("binary", "logistic")
    links: ClassVar = (links.logit, links.probit, links.cloglog, links.loglog, links.cauchit)
    log_concave: ClassVar = tuple(link for link in links if link.log_concave)
    support: ClassVar[str] = "{0, 1}"
    measure: ClassVar[str] = "counting"
    discrete: ClassVar[bool] = True
    response: ClassVar = BernoulliResponse

    def check(self, y, response, levels, index) -> None:
        if levels is not None and len(levels) != 2:
            empty = [level for code, level in enumerate(levels) if not np.any(y == code)]
            drop = "drop the levels without rows, in pandas by .cat.remove_unused_categories()"
            raise DataError(
                "The family 'bernoulli' needs a response of two levels.",
                found=f"{response!r} has {len(levels)}: {', '.join(map(repr, levels[:6]))}",
                do=drop if len(levels) - len(empty) == 2 else "recode the response to two levels",
            )
        refuse_rows(self, y, response, index, (y != 0) & (y != 1), "code the response as 0 and 1, or as two labels")

    def typical(self, link, y, offset, weights) -> Typical:
        w = np.ones_like(y) if weights is None else weights
        share = (np.sum(w * y) + 0.5) / (np.sum(w) + 1.0)
        return Typical(float(link.forward(share)) - average(offset, weights), 1.0)

    def variance(self, mu):
        return mu * (1.0 - mu)

    def log_likelihood(self, link, y, eta):
        return _log_likelihood(link, y, eta)

    def score(self, link, y, eta):
        return k.namespace(eta).where(y == 1, link.mean_score(eta), link.complement_score(eta))

    def information(self, link, eta):
        # (f'/f) (f'/(1 - f)): in a tail one factor vanishes before the other overflows.
        xp, up, down = k.namespace(eta), link.mean_score(eta), -link.complement_score(eta)
        most = 0.5 * float(xp.finfo(up.dtype).max)
        with np.errstate(under="ignore"):
            return xp.clip(up, -most, most) * xp.clip(down, -most, most)

    def separation(self, y, link=None):
        return np.where(y == 1, 1.0, -1.0), np.zeros(len(y), bool)

    def deviance_at(self, link, y, eta):
        return -2.0 * _log_likelihood(link, y, eta)

    def unit_deviance(self, y, mu):
        return -2.0 * (k.special(mu).xlogy(y, mu) + k.special(mu).xlog1py(1.0 - y, -mu))

"""Links for means that are probabilities: inverses are distribution functions.

`mean_score` and `complement_score` are the derivatives of log(mean) and log(1 - mean): in the tails they are known to
every digit where the quotient of slope and mean has none. Prior scales leave about the same share of means outside
[.01, .99] (`benchmarks/results/prior_mass.json`).
"""

from __future__ import annotations

import math

import numpy as np

from .. import kernels as k
from ._base import Link, add

logit = add(
    Link(
        name="logit",
        aliases=("sigmoid", "logistic"),
        inverse=k.expit,
        forward=lambda mu: k.special(mu).logit(mu),
        mean_domain=(0.0, 1.0),
        log_mean=k.log_expit,
        log_complement=lambda eta: k.log_expit(-eta),
        log_slope=lambda eta: k.log_expit(eta) + k.log_expit(-eta),
        mean_score=lambda eta: k.expit(-eta),
        complement_score=lambda eta: -k.expit(eta),
        prior_scale=1.5,
        input_scale=2.0,
        formula="mu = 1 / (1 + exp(-eta))",
    )
)

probit = add(
    Link(
        name="probit",
        aliases=("normal_cdf",),
        inverse=k.ndtr,
        forward=lambda mu: k.special(mu).ndtri(mu),
        mean_domain=(0.0, 1.0),
        log_mean=k.log_ndtr,
        log_complement=lambda eta: k.log_ndtr(-eta),
        log_slope=k.log_ndpdf,
        mean_score=k.mills,
        complement_score=lambda eta: -k.mills(-eta),
        prior_scale=0.9,
        input_scale=1.2,
        formula="mu = Phi(eta), the normal distribution function",
    )
)


def _log_minus_log1m(mu):
    # log(-log(1 - mu))
    xp = k.namespace(mu)
    with np.errstate(divide="ignore"):
        return xp.log(-xp.log1p(-mu))


def _minus_log_minus_log(mu):
    xp = k.namespace(mu)
    with np.errstate(divide="ignore"):
        return -xp.log(-xp.log(mu))


def _log_gumbel_slope(eta):
    eta = k.floating(eta)
    return k.namespace(eta).minimum(eta, 1e30) - k.exp(eta)  # inf - inf


cloglog = add(
    Link(
        name="cloglog",
        aliases=("complementary_log_log",),
        inverse=k.gumbel_complement,
        forward=_log_minus_log1m,
        mean_domain=(0.0, 1.0),
        log_mean=k.log1mexpexp,
        log_complement=lambda eta: -k.exp(eta),
        log_slope=_log_gumbel_slope,
        mean_score=k.cloglog_score,
        complement_score=lambda eta: -k.exp(eta),
        prior_scale=1.1,
        input_scale=1.5,
        formula="mu = 1 - exp(-exp(eta))",
    )
)

loglog = add(
    Link(
        name="loglog",
        aliases=("log_log", "gumbel"),
        inverse=k.gumbel,
        forward=_minus_log_minus_log,
        mean_domain=(0.0, 1.0),
        log_mean=lambda eta: -k.exp(-eta),
        log_complement=lambda eta: k.log1mexpexp(-eta),
        log_slope=lambda eta: _log_gumbel_slope(-eta),
        mean_score=lambda eta: k.exp(-eta),
        complement_score=lambda eta: -k.cloglog_score(-eta),
        prior_scale=1.1,
        input_scale=1.5,
        formula="mu = exp(-exp(-eta)), the Gumbel distribution function",
    )
)


def _cotangent(mu):
    # tan(pi (mu - 1/2)) from the nearer end, which keeps its digits there; finite at 0 and 1 themselves.
    xp = k.namespace(mu)
    mu = k.floating(mu)
    near = xp.maximum(xp.minimum(mu, 1.0 - mu), 1e-30)
    middle = xp.tan(math.pi * (xp.clip(mu, 0.2, 0.8) - 0.5))
    end = xp.sign(mu - 0.5) / xp.tan(math.pi * near)
    return xp.where(near > 0.25, middle, end)


cauchit = add(
    Link(
        name="cauchit",
        aliases=("cauchy",),
        inverse=k.cauchy,
        forward=_cotangent,
        mean_domain=(0.0, 1.0),
        log_mean=k.log_cauchy,
        log_complement=lambda eta: k.log_cauchy(-eta),
        log_slope=lambda eta: -k.namespace(eta).log1p(k.floating(eta) ** 2) - math.log(math.pi),
        mean_score=k.cauchy_score,
        complement_score=lambda eta: -k.cauchy_score(-eta),
        log_concave=False,
        prior_scale=1.5,
        input_scale=1.5,
        formula="mu = 1/2 + arctan(eta) / pi, the Cauchy distribution function",
    )
)

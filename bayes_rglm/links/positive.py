"""Links for positive means.

Some have no mean for some linear predictors: their `predictor_domain` is eta > 0, and where eta is negative the mean is
NaN while the log forms take the value of the nearer end. Each has a twin on the softplus of the linear predictor, for
networks. Prior scales are in units of `step`, the change of eta that changes the log of the mean by one: those of the
restricted links put the intercept's sd at half its location.
"""

from __future__ import annotations

import math

import numpy as np

from .. import kernels as k
from ._base import Link, add

_POSITIVE = (0.0, math.inf)

log = add(
    Link(
        name="log",
        aliases=("exp",),
        inverse=k.exp,
        forward=lambda mu: k.namespace(mu).log(mu),
        mean_domain=_POSITIVE,
        log_mean=k.floating,
        log_slope=k.floating,
        input_scale=0.5,
        formula="mu = exp(eta)",
    )
)


def _softplus_forward(mu):
    return mu + k.log1mexp(mu)


softplus = add(
    Link(
        name="softplus",
        inverse=k.softplus,
        forward=_softplus_forward,
        mean_domain=_POSITIVE,
        log_mean=k.log_softplus,
        log_slope=k.log_expit,
        formula="mu = log(1 + exp(eta))",
    )
)


def _where_positive(function, at_zero):
    def inverse(eta):
        xp = k.namespace(eta)
        eta = k.floating(eta)
        inner = function(xp.where(eta > 0, eta, 1.0), xp)
        return xp.where(eta > 0, inner, xp.where(eta < 0, math.nan, at_zero).astype(eta.dtype))

    return inverse


def _reciprocal(x, xp):
    with np.errstate(over="ignore", under="ignore"):
        return 1.0 / x


identity_positive = add(
    Link(
        name="identity_positive",
        aliases=("positive_identity",),
        inverse=_where_positive(lambda x, xp: x, 0.0),
        forward=k.floating,
        mean_domain=_POSITIVE,
        predictor_domain=_POSITIVE,
        log_mean=k.log,
        log_slope=lambda eta: k.namespace(eta).zeros_like(k.floating(eta)),
        hidden=False,
        instead="softplus",
        deep="softplus",
        prior_scale=0.5,
        formula="mu = eta, eta > 0",
    )
)

sqrt = add(
    Link(
        name="sqrt",
        aliases=("square_root",),
        inverse=_where_positive(lambda x, xp: x * x, 0.0),
        forward=lambda mu: k.namespace(mu).sqrt(mu),
        mean_domain=_POSITIVE,
        predictor_domain=_POSITIVE,
        log_mean=lambda eta: 2.0 * k.log(eta),
        log_slope=lambda eta: k.log(eta) + k.LOG_2,
        hidden=False,
        instead="square",
        deep="sqrt_softplus",
        prior_scale=1.0,
        formula="mu = eta^2, eta > 0",
    )
)

sqrt_softplus = add(
    Link(
        name="sqrt_softplus",
        aliases=("softplus_squared",),
        inverse=lambda eta: k.softplus(eta) ** 2,
        forward=lambda mu: _softplus_forward(k.namespace(mu).sqrt(mu)),
        mean_domain=_POSITIVE,
        log_mean=lambda eta: 2.0 * k.log_softplus(eta),
        log_slope=lambda eta: k.log_softplus(eta) + k.log_expit(eta) + k.LOG_2,
        input_scale=0.5,
        formula="mu = softplus(eta)^2",
    )
)

reciprocal = add(
    Link(
        name="reciprocal",
        aliases=("inverse",),
        inverse=_where_positive(_reciprocal, math.inf),
        forward=lambda mu: 1.0 / k.floating(mu),
        mean_domain=_POSITIVE,
        predictor_domain=_POSITIVE,
        log_mean=lambda eta: -k.log(eta),
        log_slope=lambda eta: -2.0 * k.log(eta),
        increasing=False,
        hidden=False,
        instead="inverse_softplus",
        deep="inverse_softplus",
        prior_scale=0.5,
        formula="mu = 1 / eta, eta > 0",
    )
)


def _inverse_softplus_log_slope(eta):
    eta = k.namespace(eta).maximum(k.floating(eta), -1e30)  # inf - inf
    return k.log_expit(eta) - 2.0 * k.log_softplus(eta)


inverse_softplus = add(
    Link(
        name="inverse_softplus",
        aliases=("reciprocal_softplus",),
        inverse=lambda eta: k.exp(-k.log_softplus(eta)),
        forward=lambda mu: _softplus_forward(1.0 / k.floating(mu)),
        mean_domain=_POSITIVE,
        log_mean=lambda eta: -k.log_softplus(eta),
        log_slope=_inverse_softplus_log_slope,
        increasing=False,
        input_scale=0.5,
        formula="mu = 1 / softplus(eta)",
    )
)

inverse_squared = add(
    Link(
        name="inverse_squared",
        aliases=("inverse_square", "1/mu^2"),
        inverse=_where_positive(lambda x, xp: 1.0 / xp.sqrt(x), math.inf),
        forward=lambda mu: 1.0 / k.floating(mu) ** 2,
        mean_domain=_POSITIVE,
        predictor_domain=_POSITIVE,
        log_mean=lambda eta: -0.5 * k.log(eta),
        log_slope=lambda eta: -1.5 * k.log(eta) - k.LOG_2,
        increasing=False,
        hidden=False,
        instead="inverse_softplus",
        prior_scale=0.25,
        formula="mu = 1 / sqrt(eta), eta > 0",
    )
)

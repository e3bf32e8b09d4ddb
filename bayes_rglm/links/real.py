"""Links for means on the real line or between -1 and 1."""

from __future__ import annotations

from .. import kernels as k
from ._base import Link, add

identity = add(
    Link(
        name="identity",
        aliases=("linear",),
        inverse=k.floating,
        forward=k.floating,
        log_slope=lambda eta: k.namespace(eta).zeros_like(k.floating(eta)),
        formula="mu = eta",
    )
)

tanh = add(
    Link(
        name="tanh",
        aliases=("artanh",),
        inverse=lambda eta: k.namespace(eta).tanh(k.floating(eta)),
        forward=lambda mu: k.namespace(mu).arctanh(mu),
        mean_domain=(-1.0, 1.0),
        log_slope=lambda eta: k.log_expit(2 * eta) + k.log_expit(-2 * eta) + 2 * k.LOG_2,
        prior_scale=0.75,
        input_scale=2.0,
        formula="mu = tanh(eta)",
    )
)

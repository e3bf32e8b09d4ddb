"""Links: one frozen record per row of the link table.

A `Link` needs its `inverse`, and can then be a hidden unit (the inverse link is the activation). A *response* link also
gives `forward` and the log-space forms that keep a likelihood exact in both tails:

- `log_mean(eta)`        log of the mean,                 where the mean is positive;
- `log_complement(eta)`  log(1 - mean),                   where the mean is a probability;
- `mean_score(eta)`, `complement_score(eta)`              the derivatives of these two, of a probability;
- `log_slope(eta)`       log |d mean / d eta|.

All functions are elementwise (softmax: over the last axis) and accept NumPy and JAX arrays (see `kernels`). `names()`,
`get(name)` and the aliases of both fields (statistics: "logit"; deep learning: "sigmoid") come from the registry; to
add a link see `docs/adding.md`.

Domains. A link such as the reciprocal has no mean where eta <= 0. `forbid(eta, log_density)` gives -inf there and
`confine(eta)` a safe argument, so that the gradient is 0, never NaN.

Scales. `prior_scale` is the default prior standard deviation of one term's share of the linear predictor when the link
is a response (logit 1.5, log 1, tanh 0.75, identity 1 in units of sd(y)); `input_scale` that of a first hidden layer's
pre-activation; `gain` = 1/sqrt(E f(Z)^2), Z standard normal, by quadrature, keeps the scale of a layer that follows.
"""

from __future__ import annotations

from ._base import Link, get, hidden_names, hidden_unit, names, registry, response_names
from .binary import cauchit, cloglog, logit, loglog, probit
from .positive import (
    identity_positive,
    inverse_softplus,
    inverse_squared,
    log,
    reciprocal,
    softplus,
    sqrt,
    sqrt_softplus,
)
from .real import identity, tanh
from .units import gelu, leaky_relu, relu, silu, sine, softmax, square

__all__ = [
    "Link",
    "cauchit",
    "cloglog",
    "gelu",
    "get",
    "hidden_names",
    "hidden_unit",
    "identity",
    "identity_positive",
    "inverse_softplus",
    "inverse_squared",
    "leaky_relu",
    "log",
    "logit",
    "loglog",
    "names",
    "probit",
    "reciprocal",
    "registry",
    "relu",
    "response_names",
    "silu",
    "sine",
    "softmax",
    "softplus",
    "sqrt",
    "sqrt_softplus",
    "square",
    "tanh",
]

"""Hidden units that are no response links, and softmax, which is a response link over a vector of predictors."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import scipy.special as sp

from .. import kernels as k
from ._base import Link, add

_FAR = -1e3  # below it silu and gelu are 0; -inf times 0 is not

relu = add(
    Link(
        name="relu",
        aliases=("max",),
        inverse=lambda eta: k.namespace(eta).maximum(k.floating(eta), 0.0),
        mean_domain=(0.0, math.inf),
        formula="h = max(0, eta)",
    )
)


def _leaky(eta):
    eta = k.floating(eta)
    return k.namespace(eta).where(eta > 0, eta, 0.01 * eta)


leaky_relu = add(Link(name="leaky_relu", aliases=("lrelu",), inverse=_leaky, formula="h = max(eta, eta / 100)"))


def _silu(eta):
    eta = k.namespace(eta).maximum(k.floating(eta), _FAR)
    return eta * k.expit(eta)


silu = add(
    Link(
        name="silu",
        aliases=("swish",),
        inverse=_silu,
        mean_domain=(-0.2784645427610738, math.inf),
        increasing=None,
        formula="h = eta / (1 + exp(-eta))",
    )
)


def _gelu(eta):
    eta = k.namespace(eta).maximum(k.floating(eta), _FAR)
    return eta * k.ndtr(eta)


gelu = add(
    Link(
        name="gelu",
        inverse=_gelu,
        mean_domain=(-0.16997120747990369, math.inf),
        increasing=None,
        formula="h = eta Phi(eta)",
    )
)


def _sine(eta):
    xp = k.namespace(eta)
    eta = k.floating(eta)
    return xp.sin(xp.where(xp.isfinite(eta), eta, 0.0))


sine = add(
    Link(
        name="sine",
        aliases=("sin",),
        inverse=_sine,
        mean_domain=(-1.0, 1.0),
        increasing=None,
        formula="h = sin(eta)",
    )
)

square = add(
    Link(
        name="square",
        aliases=("quadratic",),
        inverse=lambda eta: k.floating(eta) ** 2,
        mean_domain=(0.0, math.inf),
        increasing=None,
        input_scale=0.5,
        formula="h = eta^2",
    )
)


def _log_softmax(eta):
    eta = k.floating(eta)
    return jax.nn.log_softmax(eta, axis=-1) if k.namespace(eta) is jnp else sp.log_softmax(eta, axis=-1)


def _centred_log(mu):
    eta = k.namespace(mu).log(mu)
    return eta - eta.mean(-1, keepdims=True)


def _softmax_log_slope(eta):
    log_mean = _log_softmax(eta)
    return log_mean + k.log1mexp(-log_mean)


softmax = add(
    Link(
        name="softmax",
        aliases=("multinomial_logit",),
        inverse=lambda eta: k.exp(_log_softmax(eta)),
        forward=_centred_log,
        mean_domain=(0.0, 1.0),
        log_mean=_log_softmax,
        log_slope=_softmax_log_slope,
        elementwise=False,
        hidden=False,
        instead="logit",
        prior_scale=1.0,  # of one of several predictors: a difference of two has about the scale of the logit
        formula="mu_k = exp(eta_k) / sum_j exp(eta_j), over the last axis",
    )
)

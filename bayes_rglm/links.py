"""Links: one frozen record per row of the link table.

A `Link` needs its `inverse`, and can then be a hidden unit (the inverse link is the activation). A *response* link also
gives `forward` and the log-space forms that keep a likelihood exact in both tails:

- `log_mean(eta)`        log of the mean,                 where the mean is positive;
- `log_complement(eta)`  log(1 - mean),                   where the mean is a probability;
- `log_slope(eta)`       log |d mean / d eta|.

All functions are elementwise and accept NumPy and JAX arrays (see `kernels`). `names()`, `get(name)` and the aliases of
both fields (statistics: "logit"; deep learning: "sigmoid") come from the registry; to add a link see `docs/adding.md`.

Scales. `prior_scale` is the default prior standard deviation of one term's share of the linear predictor when the link
is a response (logit 1.5, log 1, tanh 0.75, identity 1 in units of sd(y)); `input_scale` that of a first hidden layer's
pre-activation; `gain` = 1/sqrt(E f(Z)^2), Z standard normal, by quadrature, keeps the scale of a layer that follows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from . import kernels as k
from .registry import Registry

Function = Callable[[object], object]


@dataclass(frozen=True)
class Link:
    """A link function g with inverse f. Bounds are open intervals."""

    name: str
    inverse: Function
    forward: Function | None = None
    aliases: tuple[str, ...] = ()
    mean_domain: tuple[float, float] = (-math.inf, math.inf)
    predictor_domain: tuple[float, float] = (-math.inf, math.inf)
    log_mean: Function | None = None
    log_complement: Function | None = None
    log_slope: Function | None = None
    increasing: bool = True
    prior_scale: float = 1.0
    input_scale: float = 1.0
    formula: str = ""

    @property
    def gain(self) -> float:
        """1 / sqrt(E f(Z)^2) for Z ~ N(0, 1), by adaptive quadrature."""
        return _gain(self)

    def inside(self, eta) -> object:
        """Boolean array: where `eta` lies inside the predictor domain."""
        low, high = self.predictor_domain
        return (eta > low) & (eta < high)

    def __repr__(self) -> str:
        return f"links.get({self.name!r})"


@lru_cache
def _gain(link: Link) -> float:
    from scipy.integrate import quad

    def integrand(z: float) -> float:
        return float(link.inverse(np.float64(z))) ** 2 * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    # Split at zero: activations such as relu have a kink there.
    total = sum(quad(integrand, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in ((-30, 0), (0, 30)))
    return 1.0 / math.sqrt(total)


registry: Registry[Link] = Registry("link")


def _add(link: Link) -> Link:
    return registry.add(link.name, link, link.aliases)


def get(link: str | Link) -> Link:
    """The link called `link`; a `Link` is returned as it is."""
    return link if isinstance(link, Link) else registry.get(link)


def names() -> tuple[str, ...]:
    """Names of all links."""
    return registry.names()


def response_names() -> tuple[str, ...]:
    """Names of the links that a response can have (those with a `forward`)."""
    return tuple(link.name for link in registry if link.forward is not None)


identity = _add(
    Link(
        name="identity",
        aliases=("linear",),
        inverse=k.floating,
        forward=k.floating,
        log_slope=lambda eta: k.namespace(eta).zeros_like(k.floating(eta)),
        formula="mu = eta",
    )
)

logit = _add(
    Link(
        name="logit",
        aliases=("sigmoid", "logistic"),
        inverse=k.expit,
        forward=lambda mu: k.special(mu).logit(mu),
        mean_domain=(0.0, 1.0),
        log_mean=k.log_expit,
        log_complement=lambda eta: k.log_expit(-eta),
        log_slope=lambda eta: k.log_expit(eta) + k.log_expit(-eta),
        prior_scale=1.5,
        input_scale=2.0,
        formula="mu = 1 / (1 + exp(-eta))",
    )
)

log = _add(
    Link(
        name="log",
        aliases=("exp",),
        inverse=k.exp,
        forward=lambda mu: k.namespace(mu).log(mu),
        mean_domain=(0.0, math.inf),
        log_mean=k.floating,
        log_slope=k.floating,
        input_scale=0.5,
        formula="mu = exp(eta)",
    )
)

tanh = _add(
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

relu = _add(
    Link(
        name="relu",
        aliases=("max",),
        inverse=lambda eta: k.namespace(eta).maximum(k.floating(eta), 0.0),
        mean_domain=(0.0, math.inf),
        formula="h = max(0, eta)",
    )
)

softplus = _add(
    Link(
        name="softplus",
        inverse=k.softplus,
        forward=lambda mu: mu + k.log1mexp(mu),
        mean_domain=(0.0, math.inf),
        log_mean=k.log_softplus,
        log_slope=k.log_expit,
        formula="mu = log(1 + exp(eta))",
    )
)

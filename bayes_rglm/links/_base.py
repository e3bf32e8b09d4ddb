"""The record of a link, its registry, and the gain of a hidden unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from .. import kernels as k
from ..errors import SpecError
from ..registry import Registry

Function = Callable[[object], object]


@dataclass(frozen=True)
class Link:
    """A link function g with inverse f. Bounds are open intervals; outside the predictor domain there is no mean.

    `increasing` is None for a unit that is not monotone. `hidden` says whether the inverse may be a hidden unit, and
    `instead` which one to take where not; `deep` names the link that stands for a restricted one as the response of a
    network. `log_concave`: whether the probabilities of a binary or ordered response
    are log-concave in the linear predictor, so that a mode is the only one. `elementwise` is False for softmax.
    """

    name: str
    inverse: Function
    forward: Function | None = None
    aliases: tuple[str, ...] = ()
    mean_domain: tuple[float, float] = (-math.inf, math.inf)
    predictor_domain: tuple[float, float] = (-math.inf, math.inf)
    log_mean: Function | None = None
    log_complement: Function | None = None
    log_slope: Function | None = None
    mean_score: Function | None = None
    complement_score: Function | None = None
    increasing: bool | None = True
    log_concave: bool = True
    elementwise: bool = True
    hidden: bool = True
    instead: str = ""
    deep: str = ""
    prior_scale: float = 1.0
    input_scale: float = 1.0
    formula: str = ""

    @property
    def gain(self) -> float:
        """1 / sqrt(E f(Z)^2) for Z ~ N(0, 1), by adaptive quadrature; NaN for what is no hidden unit."""
        return _gain(self) if self.hidden else math.nan

    @property
    def restricted(self) -> bool:
        """Whether some linear predictors have no mean."""
        return any(math.isfinite(end) for end in self.predictor_domain)

    def inside(self, eta) -> object:
        """Boolean array: where `eta` lies inside the predictor domain."""
        low, high = self.predictor_domain
        return (eta > low) & (eta < high)

    def confine(self, eta) -> object:
        """`eta`, and a number inside the predictor domain where it lies outside (its ends are left)."""
        return (
            k.namespace(eta).where(self._outside(eta), _inner(*self.predictor_domain), eta) if self.restricted else eta
        )

    def forbid(self, eta, values, instead=-math.inf) -> object:
        """`values`, and `instead` where `eta` lies outside the predictor domain: no density, and a gradient of 0."""
        return k.namespace(eta).where(self._outside(eta), instead, values) if self.restricted else values

    def extended(self) -> Link:
        """The same link with numbers, none of which mean anything, where there is no density outside its domain."""
        return _Extended(**{field.name: getattr(self, field.name) for field in fields(self)})

    def step(self, eta: float) -> float:
        """The change of `eta` that changes the log of the mean by one, to first order: a unit for prior scales."""
        return math.exp(float(self.log_mean(eta)) - float(self.log_slope(eta)))

    def _outside(self, eta) -> object:
        low, high = self.predictor_domain
        return (eta < low) | (eta > high)

    def __repr__(self) -> str:
        return f"links.get({self.name!r})"


class _Extended(Link):
    def forbid(self, eta, values, instead=-math.inf) -> object:
        return values


def _inner(low: float, high: float) -> float:
    if math.isinf(high):
        return low + 1.0
    return high - 1.0 if math.isinf(low) else 0.5 * (low + high)


@lru_cache
def _gain(link: Link) -> float:
    from scipy.integrate import quad

    def integrand(z: float) -> float:
        return float(link.inverse(np.float64(z))) ** 2 * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    # Split at zero: activations such as relu have a kink there.
    total = sum(quad(integrand, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in ((-30, 0), (0, 30)))
    return 1.0 / math.sqrt(total)


registry: Registry[Link] = Registry("link")


def add(link: Link) -> Link:
    """Register a link under its name and aliases."""
    return registry.add(link.name, link, link.aliases)


def get(link: str | Link) -> Link:
    """The link called `link`; a `Link` is returned as it is."""
    return link if isinstance(link, Link) else registry.get(link)


def hidden_unit(link: str | Link) -> Link:
    """The link whose inverse is an activation; a `SpecError` names the alternative to one that cannot be."""
    link = get(link)
    if not link.hidden:
        raise SpecError(
            "This link is for responses only.",
            found=f"activation={link.name!r}, {link.formula}",
            do=f"use {link.instead!r} as a hidden unit",
        )
    return link


def names() -> tuple[str, ...]:
    """Names of all links."""
    return registry.names()


def response_names() -> tuple[str, ...]:
    """Names of the links that a response can have (those with a `forward`)."""
    return tuple(link.name for link in registry if link.forward is not None)


def hidden_names() -> tuple[str, ...]:
    """Names of the links that are hidden units."""
    return tuple(link.name for link in registry if link.hidden)

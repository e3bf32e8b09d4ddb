"""What the families of positive responses share."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from .. import kernels as k
from .. import links
from ..links import Link
from ._base import Family, Typical, average, refuse_levels, refuse_rows

# The identity of a family on positive means is the restricted one, also when it is asked for by its plain name.
IDENTITY = replace(links.identity_positive, aliases=(*links.identity_positive.aliases, "identity", "linear"))


class Positive(Family):
    """Base record of the families on y > 0 that work on the distance d = log y - log mu.

    Where a restricted link has no mean the density is 0, and mean, variance and draws are NaN.
    """

    support: ClassVar[str] = "the positive numbers"

    def check(self, y, response, levels, index) -> None:
        refuse_levels(self, y, response, levels)
        refuse_rows(self, y, response, index, ~(y > 0), "give positive numbers; zeros need a family of their own")

    def typical(self, link: Link, y, offset, weights) -> Typical:
        w = np.ones_like(y) if weights is None else weights
        if link is links.log:
            return Typical(float(np.log(np.sum(w * y) / np.sum(w * np.exp(offset)))), 1.0)
        eta = float(link.forward(average(y, weights)))
        return Typical(eta - average(offset, weights), link.step(eta) if np.ptp(y) > 0 else 1.0)


def log_mean(link: Link, eta):
    """log mu; `eta` is confined to the link's domain.

    So close to the end of a restricted domain that 1 / eta^2 overflows the derivative is 0, not NaN.
    """
    eta = link.confine(k.floating(eta))
    if not link.restricted or k.namespace(eta) is np:
        return link.log_mean(eta)
    close = eta < 4.0 * jnp.sqrt(jnp.finfo(eta.dtype).tiny)
    flat = link.log_mean(jax.lax.stop_gradient(eta))
    return jnp.where(close, flat, link.log_mean(jnp.where(close, 1.0, eta)))


def distance(link: Link, y, eta):
    """log y - log mu."""
    return k.log(y) - log_mean(link, eta)


def relative_slope(link: Link, eta):
    """d log mu / d eta."""
    return k.exp(log_relative_slope(link, eta)) * (1.0 if link.increasing else -1.0)


def log_relative_slope(link: Link, eta):
    """log |d log mu / d eta|; `eta` is confined to the link's domain."""
    eta = link.confine(eta)
    return link.log_slope(eta) - link.log_mean(eta)


def capped(link: Link, x, log_factor, function, power: float = 1.0):
    """`function(x)`, which grows as exp(power (x + log_factor)); inf where that overflows.

    Where the mean bends in eta the derivatives are then 0: infinity times a curvature that has flushed to 0 is NaN.
    """
    if link is links.log:
        return function(x)
    xp = k.namespace(x, log_factor)
    over = power * (x + log_factor) > math.log(float(xp.finfo(x.dtype).max)) - 0.36 * power
    return xp.where(over, xp.inf, function(xp.where(over, 0.0, x)))

"""The model: one plain NumPyro function for every recursive GLM. The recursion is `network`; everything else is names.

    h_0 = x    h_l = f_l(h_{l-1} B_l + a_l)    eta = h_{L-1} B + a + offset    y ~ Family(eta, ...)

`rglm` runs under any NumPyro handler; sites and shapes are those of `docs/notation.md`, in raw units.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import jax.numpy as jnp
import numpyro
from numpyro import handlers

from .binding import Program, Site, bind_network
from .blocks import RowBlocks
from .design import Constants
from .kernels import namespace
from .spec import RGLM

Draw = Callable[[Site, Any], Any]


def rglm(X, y=None, offset=None, weights=None, constants=None, *, program: Program):
    """The NumPyro model. `constants` are the frozen numbers of `binding.bind`; y=None samples the response."""
    draw = from_prior(constants)
    eta = network(X, draw, program, constants)
    eta = eta if offset is None else eta + offset
    aux = {site.name: draw(site, 0.0) for site in program.auxiliaries} | constants["fixed"]
    with numpyro.plate("obs", X.shape[0]), nullcontext() if weights is None else handlers.scale(scale=weights):
        return numpyro.sample("y", program.family.distribution(program.link, eta, **aux), obs=y)


def network(X, draw: Draw, program: Program, constants, hidden: list | None = None):
    """The linear predictor, (n,): the recursion. `draw(site, shift)` gives a site; `hidden` gathers the h_l."""
    h = X
    for layer in program.layers:
        B = None if layer.weights is None else draw(layer.weights, 0.0)
        a = 0.0
        if layer.intercept is not None:
            a = draw(layer.intercept, _shift(constants[layer.intercept.name], B))
        eta = a + (namespace(X).zeros(X.shape[0], X.dtype) if B is None else h @ B)
        if layer.activation is None:
            return eta
        h = layer.activation.inverse(eta)
        if hidden is not None:
            hidden.append(h)
    return eta


def inside(spec: RGLM, X, *, prefix: str = "", outputs: int = 1, constants: Constants | None = None):
    """The network inside a user's own NumPyro model: samples the priors, returns the linear predictor(s).

    Parameters
    ----------
    X : (n, p) array
    prefix : str
        Put before the sites' names with a slash: "f" gives "f/beta_1". Two networks in one model need two prefixes.
    outputs : int
        Number of linear predictors: the result is (n,) for 1, else (n, outputs).
    constants : optional
        `design.constants`, where priors are scaled by data. Without them such priors are refused.
    """
    program, frozen = bind_network(spec, X.shape[1], outputs, constants)
    return network(X, from_prior(frozen, f"{prefix}/" if prefix else ""), program, frozen)


# The method lives beside the recursion it calls; `spec` is below and knows no NumPyro.
RGLM.network = inside


def from_prior(constants, prefix: str = "") -> Draw:
    """A `draw` that samples NumPyro sites."""

    def draw(site: Site, shift):
        return numpyro.sample(prefix + site.name, prior_of(site, constants[site.name], shift))

    return draw


def from_values(theta: dict[str, Any]) -> Draw:
    """A `draw` that looks sites up in `theta`."""
    return lambda site, shift: theta[site.name]


def prior_of(site: Site, constants, shift=0.0):
    """The NumPyro distribution of a site given its constants; `shift` moves its location."""
    parts = [
        _block(block, site, constants, hyper, shift)
        for block, hyper in zip(site.blocks, constants["hyper"], strict=True)
    ]
    return parts[0] if len(parts) == 1 else RowBlocks(parts, tuple(block.rows for block in site.blocks))


def _block(block, site: Site, constants, hyper, shift):
    rows = slice(None) if block.rows is None else jnp.asarray(block.rows)
    unit = jnp.asarray(constants["unit"])[rows if site.shape else ...]
    base = jnp.asarray(constants["shift"])[rows if site.shape else ...] + shift
    return block.form(hyper, base if block.affine else None, unit, site.support)


def _shift(constants, B):
    """The first layer's intercept speaks of the mean of the inputs: its location is moved by -centre @ B."""
    return -(constants["centre"] @ B) if B is not None and "centre" in constants else 0.0

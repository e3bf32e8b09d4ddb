"""The model: one plain NumPyro function for every recursive GLM. The recursion is `network`; everything else is names.

    h_0 = x    h_l = f_l(h_{l-1} B_l + a_l)    eta = h_{L-1} B + a + offset    y ~ Family(eta, ...)

`rglm` runs under any NumPyro handler; sites and shapes are those of `docs/notation.md`, in raw units.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import handlers

from .binding import Affine, Program, Site, bind_network
from .blocks import RowBlocks
from .design import Constants
from .errors import DataError, SpecError
from .kernels import namespace
from .spec import RGLM

Draw = Callable[[Site, Any], Any]


def rglm(X, y=None, offset=None, weights=None, constants=None, *, program: Program, **rows):
    """The NumPyro model. `constants` are the frozen numbers of `binding.bind`; y=None samples the response; `rows` are
    what the family needs besides (trials, lower, upper).
    """
    drawn: dict[str, Any] = {}
    draw = recorded(from_prior(constants), drawn)
    eta, aux = predictors(X, draw, program, constants, offset)
    aux |= {s.name: draw(s, auxiliary_shift(s, program, constants, drawn)) for s in program.auxiliaries}
    aux |= constants["fixed"]
    with numpyro.plate("obs", X.shape[0]), nullcontext() if weights is None else handlers.scale(scale=weights):
        return numpyro.sample("y", program.distribution(eta, **aux, **rows), obs=y)


def predictors(X, draw: Draw, program: Program, constants, offset=None, hidden: list | None = None):
    """(eta, {parameter: values}): the response's linear predictor and the parameters that have heads."""
    eta, heads = _linear(X, draw, program, constants, offset, hidden)
    return eta, {head.name: head.link.inverse(heads[head.name]) for head in program.heads}


def linear_outputs(X, theta: dict[str, Any], program: Program, constants, offset=None):
    """(eta, {parameter: its head's linear predictor}) at given sites."""
    return _linear(X, from_values(theta), program, constants, offset)


def _linear(X, draw: Draw, program: Program, constants, offset=None, hidden: list | None = None):
    layers = [] if hidden is None else hidden
    eta = network(X, draw, program, constants, layers)
    h = layers[-1] if layers else X
    heads = {head.name: affine(h, head.affine, draw, constants) for head in program.heads}
    if program.padded:
        xp = namespace(eta)
        eta = xp.concatenate([xp.zeros((*eta.shape[:-1], 1), eta.dtype), eta], axis=-1)
    if offset is not None:
        eta = eta + offset.reshape(-1, *(1,) * (eta.ndim - 1))
    return eta, heads


def network(X, draw: Draw, program: Program, constants, hidden: list | None = None):
    """The linear predictor, (n, ...): the recursion. `draw(site, shift)` gives a site; `hidden` gathers the h_l."""
    h = X
    for layer in program.layers:
        eta = affine(h, layer, draw, constants)
        if layer.activation is None:
            return eta
        h = layer.activation.inverse(eta)
        if hidden is not None:
            hidden.append(h)
    return eta


def affine(h, layer: Affine, draw: Draw, constants):
    """h B + a of one layer; the intercept's prior follows the slopes."""
    B = None if layer.weights is None else draw(layer.weights, 0.0)
    a = 0.0
    if layer.intercept is not None:
        a = draw(layer.intercept, _shift(constants[layer.intercept.name], B))
    return a + (namespace(h).zeros((h.shape[0], *jnp.shape(a)), h.dtype) if B is None else _times(h, B))


def _times(h, B):
    """h B over the inputs; B (inputs, T, K) holds a matrix per input, which `@` would take for a stack."""
    return namespace(h, B).tensordot(h, B, 1) if B.ndim > 2 else h @ B


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

    Raises
    ------
    DataError
        X has not two dimensions.
    SpecError
        `outputs` is no whole number from 1 on, or no NumPyro model is running.
    PriorError
        A prior depends on data, and there are no `constants`.
    """
    if len(getattr(X, "shape", ())) != 2:
        raise DataError(
            "network() takes a matrix, a row for each observation.",
            found=f"X of shape {X.shape}" if hasattr(X, "shape") else f"X: {type(X).__name__}",
            do="an array of (rows, columns); X[:, None] for one column",
        )
    if isinstance(outputs, bool) or not isinstance(outputs, int | np.integer) or outputs < 1:
        raise SpecError("outputs is the number of linear predictors, at least 1.", found=f"outputs={outputs!r}")
    program, frozen = bind_network(spec, X.shape[1], outputs, constants)
    try:
        return network(X, from_prior(frozen, f"{prefix}/" if prefix else ""), program, frozen)
    except AssertionError:  # a distribution that is asked for a draw without a key
        raise SpecError(
            "network() draws from its priors, so it works inside a NumPyro model only.",
            found="nothing that gives random numbers",
            do="call it in the function that NumPyro runs, or under numpyro.handlers.seed",
        ) from None


# The method lives beside the recursion it calls; `spec` is below and knows no NumPyro.
RGLM.network = inside


def from_prior(constants, prefix: str = "") -> Draw:
    """A `draw` that samples NumPyro sites."""
    return scales_first(
        lambda site, shift, scales: numpyro.sample(
            prefix + site.name, prior_of(site, constants[site.name], shift, scales)
        )
    )


def scales_first(draw: Callable[[Site, Any, dict[str, Any]], Any]) -> Draw:
    """A `draw` that gives the random scales of a site's prior first, and hands them to the site."""

    def both(site: Site, shift):
        return draw(site, shift, {scale.name: draw(scale, 0.0, {}) for scale in site.scales})

    return both


def recorded(draw: Callable[..., Any], drawn: dict[str, Any]) -> Callable[..., Any]:
    """`draw`, keeping what it gives in `drawn` under the site's name."""

    def keep(site: Site, *given):
        drawn[site.name] = draw(site, *given)
        return drawn[site.name]

    return keep


def auxiliary_shift(site: Site, program: Program, constants, drawn):
    """Centred cut-points speak of the mean of the columns: their location is moved by centre @ B, given the slopes."""
    own = constants[site.name]
    return own["centre"] @ drawn[program.layers[0].weights.name] if "centre" in own else 0.0


def from_values(theta: dict[str, Any]) -> Draw:
    """A `draw` that looks sites up in `theta`."""
    return lambda site, shift: theta[site.name]


def prior_of(site: Site, constants, shift=0.0, scales=None):
    """The NumPyro distribution of a site given its constants; `shift` moves its location. `scales` are the values of
    the site's random scales, by name: what it returns is conditional on them.
    """
    parts = [law for _, law in laws(site, constants, shift, scales)]
    return parts[0] if len(parts) == 1 else RowBlocks(parts, tuple(block.rows for block in site.blocks), site.support)


def laws(site: Site, constants, shift=0.0, scales=None) -> list[tuple[Any, Any]]:
    """(block, NumPyro distribution) of each block of a site."""
    return [
        (block, _block(block, site, constants, hyper, shift, scales))
        for block, hyper in zip(site.blocks, constants["hyper"], strict=True)
    ]


def _block(block, site: Site, constants, hyper, shift, scales):
    rows = slice(None) if block.rows is None else jnp.asarray(block.rows)
    unit = jnp.asarray(constants["unit"])[rows if site.shape else ...]
    base = jnp.asarray(constants["shift"])[rows if site.shape else ...] + shift
    random = {scale.role: scales[scale.site.name] for scale in block.scales}
    return block.form({**hyper, **random}, base if block.affine else None, unit, site.support)


def _shift(constants, B):
    """The first layer's intercept speaks of the mean of the inputs: its location is moved by -centre @ B."""
    return -_times(constants["centre"], B) if B is not None and "centre" in constants else 0.0

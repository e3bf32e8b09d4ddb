"""Problems around somebody's NumPyro function: its layout, its checks, its likelihood alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from numpyro import handlers
from numpyro.infer import util

from ..errors import SpecError


@dataclass(frozen=True)
class Foreign:
    """The static half of a problem around somebody's NumPyro function."""

    function: Callable[..., Any]
    response: str
    static: tuple[tuple[str, Any], ...]
    layout: tuple[tuple[str, tuple[int, ...]], ...]
    rows: int = 1
    likelihood_only: bool = False

    depth = None


def layout_of(program: Foreign, data) -> dict[str, Any]:
    """Unconstrained shapes of a NumPyro model's latent sites, and its number of rows."""
    model = partial(program.function, **dict(program.static))

    def shapes():
        trace = handlers.trace(handlers.seed(model, jax.random.key(0))).get_trace(**data)
        sites = {k: s for k, s in trace.items() if s["type"] == "sample"}
        _check_foreign(program, sites)
        latent = {k: s for k, s in sites.items() if not s["is_observed"]}
        layout = {k: util.biject_to(s["fn"].support).inv(s["value"]) for k, s in latent.items()}
        rows, y = sites[program.response]["fn"], jnp.asarray(sites[program.response]["value"])
        return layout, jnp.zeros(jnp.broadcast_shapes(rows.batch_shape, y.shape[: y.ndim - rows.event_dim]))

    found, rows = jax.eval_shape(shapes)
    layout = tuple(sorted((k, tuple(v.shape)) for k, v in found.items()))
    return {"layout": layout, "rows": rows.shape[0] if rows.ndim else 1}


def check_call(function: Any, kwargs: Any) -> None:
    """Refuse what is no function, or cannot be called with these arguments."""
    if not callable(function):
        raise SpecError("from_numpyro wraps a NumPyro function.", found=type(function).__name__, do="pass the function")
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise SpecError("kwargs are a mapping of names to values.", found=type(kwargs).__name__, do='{"X": X, "y": y}')
    try:
        signature = inspect.signature(function)
    except ValueError:  # some callables do not tell
        return
    try:
        signature.bind(**(kwargs or {}))
    except TypeError as error:
        raise SpecError(
            "The NumPyro function cannot be called with these arguments.",
            found=f"{error}; given: {', '.join(map(str, kwargs or {})) or 'none'}",
            do=f"kwargs for {signature}",
        ) from None


def check_static(static: tuple[tuple[str, Any], ...]) -> None:
    """Refuse static arguments that do not hash."""
    for name, value in static:
        try:
            hash(value)
        except TypeError:
            raise SpecError(
                "Arguments of a NumPyro function that are no arrays must be hashable.",
                found=f"{name}: {type(value).__name__}",
                do="pass an array, a number or a tuple, or close over it",
            ) from None


def _check_foreign(program: Foreign, sites) -> None:
    observed = [k for k, s in sites.items() if s["is_observed"]]
    if program.response not in observed:
        raise SpecError(
            "The model has no observed site of that name.",
            found=f"response={program.response!r}; observed: {', '.join(observed) or 'none'}",
            do="name the observed site, or pass its data in kwargs",
        )
    discrete = [k for k, s in sites.items() if not s["is_observed"] and s["fn"].is_discrete]
    if discrete:
        raise SpecError(
            "Latent sites must be continuous.", found=f"discrete: {', '.join(discrete)}", do="marginalise them"
        )


def without_prior(model, response: str):
    """The model with the log density of every site but the response masked out."""

    def masked(*args, **kwargs):
        with _MaskLatent(response):
            return model(*args, **kwargs)

    return masked


class _MaskLatent(handlers.substitute):
    """Sets the log density of all sample sites but `response` to zero."""

    def __init__(self, response: str):
        super().__init__(data={})
        self.keep = response

    def process_message(self, msg):
        if msg["type"] == "sample" and msg["name"] != self.keep:
            msg["fn"] = msg["fn"].mask(False)

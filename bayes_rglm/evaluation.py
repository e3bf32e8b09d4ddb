"""Draws pushed through a problem: linear predictors, hidden layers, row likelihoods, outcomes, over (chain, draw).

All results are NumPy float64 on the CPU, whatever precision the draws were made in. Rows may be the problem's own or
new ones (`rows` a mapping with X and, where there is one, offset). Nothing here knows an estimator.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import handlers

from .binding import Program
from .model import linear_outputs
from .problem import Problem

Samples = dict[str, np.ndarray]


@contextmanager
def float64():
    """Double precision on the CPU: how stored draws are evaluated."""
    with jax.enable_x64(True), jax.default_device(_cpu()):
        yield


def _cpu():
    """A CPU device, or None (the default device) where JAX was told to have none."""
    try:
        return jax.devices("cpu")[0]
    except RuntimeError:
        return None


def shape_of(samples: Samples) -> tuple[int, int]:
    """(chains, draws)."""
    return next(iter(samples.values())).shape[:2]


def blocks(n: int, size: int) -> list[slice]:
    """Slices of equal length, at most `size`, that cover `n` rows. The last one may reach back into the one before: so
    one compiled shape serves them all.
    """
    count = max(1, -(-n // max(1, size)))
    length = -(-n // count)
    return [slice(start, start + length) for start in (*range(0, length * (count - 1), length), n - length)]


def over_draws(samples: Samples, function: Callable[[dict[str, Any]], Any]) -> Any:
    """`function` of the sites of each draw, its arrays stacked as (chain, draw, ...)."""
    chains, draws = shape_of(samples)
    values = [
        function({name: value[c, d] for name, value in samples.items()}) for c in range(chains) for d in range(draws)
    ]
    return jax.tree.map(lambda *rows: np.stack(rows).reshape(chains, draws, *np.shape(rows[0])), *values)


def parameters(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> dict[str, np.ndarray]:
    """{"eta": (chain, draw, n[, T][, K]), auxiliary: (chain, draw, 1 or n[, T or size])}: what a response needs.

    A draw's auxiliary values get an axis for rows, which a head fills, and one for responses where there are several.
    """
    X, offset = (None, None) if rows is None else (rows["X"], rows.get("offset"))
    if problem.tangent is not None:
        return tangent_parameters(problem, samples, problem.data if rows is None else rows)
    vectors = {site.name for site in problem.program.auxiliaries if site.shape}

    def shaped(name, value):
        value = np.asarray(value)
        return value[None] if name in vectors else np.full(_single(problem), value) if value.ndim == 0 else value

    def one(theta):
        eta, aux = problem.parameters(theta, X, offset)
        return {"eta": np.asarray(eta), **{name: shaped(name, value) for name, value in aux.items()}}

    return over_draws(samples, one)


def tangent_parameters(problem: Problem, samples: Samples, rows: dict[str, Any]) -> dict[str, np.ndarray]:
    """As `parameters`, with the network replaced by its tangent at `problem.tangent`."""
    names = [site.name for site in problem.program.sites if site not in problem.program.auxiliaries]
    chains, draws = shape_of(samples)
    with float64():
        flat = {name: jnp.asarray(samples[name]).reshape(-1, *samples[name].shape[2:]) for name in names}
        arrays = {name: jnp.asarray(rows[name]) for name in ("X", "offset") if name in rows}
        eta, heads = _tangents(problem, flat, arrays)
        values = {"eta": eta} | {h.name: h.link.inverse(heads[h.name]) for h in problem.program.heads}
        shaped = {k: np.asarray(v).reshape(chains, draws, *v.shape[1:]) for k, v in values.items()}
    aux = {site.name: np.asarray(samples[site.name])[:, :, None] for site in problem.program.auxiliaries}
    fixed = {k: np.full((chains, draws, *_single(problem)), v) for k, v in problem.constants["fixed"].items()}
    return shaped | aux | fixed


def _single(problem: Problem) -> tuple[int, ...]:
    """Shape of one number of a draw beside its rows, (1,) or (1, T)."""
    return (1, problem.program.responses) if problem.program.responses else (1,)


@jax.jit
def _tangents(problem: Problem, weights, rows):
    """(eta, heads) of every draw, (draw, n, ...), along the tangent at `problem.tangent`."""
    at = {name: jnp.asarray(problem.tangent[name]) for name in weights}

    def outputs(theta):
        return linear_outputs(rows["X"], theta, problem.program, problem.constants, rows.get("offset"))

    value, derivative = jax.linearize(outputs, at)

    def one(theta):
        step = derivative(jax.tree.map(jnp.subtract, theta, at))
        return jax.tree.map(jnp.add, value, step)

    return jax.lax.map(one, weights, batch_size=32)


def linear_predictors(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> np.ndarray:
    """eta, (chain, draw, n), with T responses and K levels (chain, draw, n[, T][, K])."""
    return parameters(problem, samples, rows)["eta"]


def hidden_layer(problem: Problem, samples: Samples, layer: int, X: np.ndarray) -> np.ndarray:
    """h_layer, (chain, draw, n, units), layer = 1 ... L-1."""
    return over_draws(samples, lambda theta: problem.hidden(theta, X)[layer - 1])


def response(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None):
    """The NumPyro distribution of the rows at every draw; batch shape (chain, draw, n). Use inside `float64()`."""
    program, data = problem.program, problem.data if rows is None else rows
    values = {name: jnp.asarray(value) for name, value in parameters(problem, samples, rows).items()}
    extra = {name: jnp.asarray(data[name]) for name in program.family.rows if name in data}
    return program.distribution(values.pop("eta"), **values, **extra)


def log_likelihood(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> np.ndarray:
    """Log likelihood of rows, weights included, (chain, draw, n); `rows` needs y too."""
    with float64():
        if not isinstance(problem.program, Program):
            return _mapped(problem, samples, lambda p, theta: p.log_likelihood(theta))
        data = problem.data if rows is None else rows
        values = np.asarray(response(problem, samples, rows).log_prob(jnp.asarray(data["y"])))
        weights = data.get("weights")
        return values if weights is None else values * np.asarray(weights)


def log_prior(problem: Problem, samples: Samples) -> Samples:
    """Log prior density of each site, {site: (chain, draw)}; flat where the draws lack the random scales of a prior, as
    those of maximum likelihood do.
    """
    if any(name not in samples for name, _ in problem.layout):
        problem = problem.likelihood_only()
    with float64():
        return {
            name: np.asarray(v) for name, v in _mapped(problem, samples, lambda p, theta: p.log_prior(theta)).items()
        }


def means(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> np.ndarray:
    """E[y] of rows, (chain, draw, n[, T]); level probabilities (chain, draw, n[, T], K) for responses of levels."""
    with float64():
        return np.asarray(response(problem, samples, rows).mean)


def outcomes(problem: Problem, samples: Samples, key, rows: dict[str, Any] | None = None) -> np.ndarray | None:
    """One outcome per draw and row, (chain, draw, n[, T]); None where a foreign model's cannot be simulated."""
    with float64():
        if isinstance(problem.program, Program):
            return np.asarray(response(problem, samples, rows).sample(key))
        chains, draws = shape_of(samples)
        flat = {name: jnp.asarray(v).reshape(-1, *np.shape(v)[2:]) for name, v in samples.items()}
        try:
            values = np.asarray(simulated(problem, flat, jax.random.split(key, chains * draws)))
        except NotImplementedError:  # a distribution of the user's that cannot be sampled
            return None
        return values.reshape(chains, draws, *values.shape[1:])


def observed(problem: Problem, samples: Samples) -> np.ndarray | None:
    """The response: the data of an RGLM, what the observed site of any other model holds."""
    if isinstance(problem.program, Program):
        return problem.data.get(problem.response)
    with float64():
        return np.asarray(traced(problem, {name: jnp.asarray(v[0, 0]) for name, v in samples.items()})["value"])


# the observed site of a NumPyro function, which may need its response: nothing is taken away from it -----------------


def traced(problem: Problem, theta) -> dict[str, Any]:
    """The observed site's message at constrained values of the others."""
    model = handlers.substitute(handlers.seed(problem.numpyro_model, jax.random.key(0)), data=theta)
    return handlers.trace(model).get_trace(**problem.model_kwargs)[problem.response]


def rows_shape(site) -> tuple[int, ...]:
    """Rows, and whatever else the site's densities run over."""
    law, shape = site["fn"], jnp.shape(site["value"])
    return jnp.broadcast_shapes(law.batch_shape, shape[: len(shape) - law.event_dim])


@jax.jit
def simulated(problem: Problem, samples, keys):
    """One outcome of the observed site per draw, (draw, rows, ...)."""

    def of(theta, key):
        site = traced(problem, theta)
        return site["fn"].expand(rows_shape(site)).sample(key)

    return jax.vmap(of)(samples, keys)


_jitted: dict[Any, Any] = {}


def _mapped(problem: Problem, samples: Samples, function):
    """`function(problem, theta)` over (chain, draw), compiled."""
    run = _jitted.setdefault(function.__code__, jax.jit(jax.vmap(jax.vmap(function, (None, 0)), (None, 0))))
    result = run(problem, {name: jnp.asarray(v) for name, v in samples.items()})
    return jax.tree.map(np.asarray, result)

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


def over_draws(samples: Samples, function: Callable[[dict[str, Any]], np.ndarray]) -> np.ndarray:
    """`function` of the sites of each draw, stacked as (chain, draw, ...)."""
    chains, draws = shape_of(samples)
    values = [
        function({name: value[c, d] for name, value in samples.items()}) for c in range(chains) for d in range(draws)
    ]
    return np.stack(values).reshape(chains, draws, *np.shape(values[0]))


def linear_predictors(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> np.ndarray:
    """eta, (chain, draw, n)."""
    if rows is None:
        return over_draws(samples, problem.linear_predictor)
    return over_draws(samples, lambda theta: problem.linear_predictor(theta, rows["X"], rows.get("offset")))


def hidden_layer(problem: Problem, samples: Samples, layer: int, X: np.ndarray) -> np.ndarray:
    """h_layer, (chain, draw, n, units), layer = 1 ... L-1."""
    return over_draws(samples, lambda theta: problem.hidden(theta, X)[layer - 1])


def auxiliaries(problem: Problem, samples: Samples) -> dict[str, np.ndarray]:
    """Auxiliary values with a trailing axis for rows, {name: (chain, draw, 1)}."""
    shape = (*shape_of(samples), 1)
    fixed = {name: np.full(shape, value) for name, value in problem.constants["fixed"].items()}
    return {site.name: samples[site.name].reshape(shape) for site in problem.program.auxiliaries} | fixed


def response(problem: Problem, samples: Samples, eta: np.ndarray):
    """The NumPyro distribution of the rows at every draw; batch shape (chain, draw, n). Use inside `float64()`."""
    program = problem.program
    aux = {name: jnp.asarray(value) for name, value in auxiliaries(problem, samples).items()}
    return program.family.distribution(program.link, jnp.asarray(eta), **aux)


def log_likelihood(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> np.ndarray:
    """Log likelihood of rows, weights included, (chain, draw, n); `rows` needs y too."""
    with float64():
        if not isinstance(problem.program, Program):
            return _mapped(problem, samples, lambda p, theta: p.log_likelihood(theta))
        data = problem.data if rows is None else rows
        eta = linear_predictors(problem, samples, rows)
        values = np.asarray(response(problem, samples, eta).log_prob(jnp.asarray(data["y"])))
        weights = data.get("weights")
        return values if weights is None else values * np.asarray(weights)


def log_prior(problem: Problem, samples: Samples) -> Samples:
    """Log prior density of each site, {site: (chain, draw)}."""
    with float64():
        return {
            name: np.asarray(v) for name, v in _mapped(problem, samples, lambda p, theta: p.log_prior(theta)).items()
        }


def means(problem: Problem, samples: Samples, rows: dict[str, Any] | None = None) -> np.ndarray:
    """E[y] of rows, (chain, draw, n)."""
    with float64():
        return np.asarray(response(problem, samples, linear_predictors(problem, samples, rows)).mean)


def outcomes(problem: Problem, samples: Samples, key, rows: dict[str, Any] | None = None) -> np.ndarray | None:
    """One outcome per draw and row, (chain, draw, n); None where a foreign model's response cannot be simulated."""
    with float64():
        if isinstance(problem.program, Program):
            eta = linear_predictors(problem, samples, rows)
            return np.asarray(response(problem, samples, eta).sample(key))
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

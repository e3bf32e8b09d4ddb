"""Draws as an `xarray.DataTree` with ArviZ's groups, named dimensions and the user's own coordinates.

Groups: posterior, sample_stats, log_likelihood, log_prior, posterior_predictive, observed_data, constant_data and, for
samplers, unconstrained_posterior. Raw units. A point estimate is one chain of one draw, and says so in its attributes.
Row groups are built up to `LARGEST` elements; beyond that `Fit.with_groups` adds them on request.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from . import evaluation
from .binding import Program
from .estimators import Draws
from .problem import Problem

LARGEST = 5e7
ROW_GROUPS = ("log_likelihood", "posterior_predictive")
NO_LOO = "LOO has no meaning: rows are multiplied by importance weights, and are no log densities of an observation"


def build(problem: Problem, draws: Draws, attributes: dict[str, str], seed: int, groups=None):
    """The tree; `groups` forces row groups that would be left out for their size."""
    import xarray as xr

    chains, count = evaluation.shape_of(draws.samples)
    wanted = ROW_GROUPS if chains * count * problem.n <= LARGEST else tuple(groups or ())
    dataset = _maker(problem, draws, attributes)
    parts = {"posterior": dataset(draws.samples)}
    if draws.unconstrained is not None:
        parts["unconstrained_posterior"] = dataset(draws.unconstrained)
    stats = dict(draws.stats) | ({} if draws.log_weights is None else {"log_weight": draws.log_weights})
    if stats:
        parts["sample_stats"] = dataset(stats)
    parts["log_prior"] = dataset(evaluation.log_prior(problem, draws.samples))
    if "log_likelihood" in wanted:
        parts["log_likelihood"] = dataset({problem.response: evaluation.log_likelihood(problem, draws.samples)})
        if problem.design is not None and problem.design.weights_kind == "importance":
            parts["log_likelihood"].attrs["loo"] = NO_LOO
    if "posterior_predictive" in wanted:
        key = jax.random.fold_in(jax.random.key(seed), 7)
        outcome = evaluation.outcomes(problem, draws.samples, key)
        if outcome is not None:
            parts["posterior_predictive"] = dataset({problem.response: outcome})
    observed = evaluation.observed(problem, draws.samples)
    if observed is not None:
        parts["observed_data"] = dataset({problem.response: _as_observed(problem, observed)}, sampled=False)
    constant = {k: np.asarray(v) for k, v in problem.data.items() if k != problem.response}
    if constant:
        parts["constant_data"] = dataset(constant, sampled=False)
    return xr.DataTree.from_dict({f"/{name}": part for name, part in parts.items()})


def posterior(problem: Problem, draws: Draws):
    """The tree's posterior group alone: what a summary reads, at no cost in rows."""
    import xarray as xr

    return xr.DataTree.from_dict({"/posterior": _maker(problem, draws, {})(draws.samples)})


def _maker(problem: Problem, draws: Draws, attributes: dict[str, str]):
    """A function that makes a dataset of variables, with the dimensions and coordinates of the problem."""
    import xarray as xr

    chains, count = evaluation.shape_of(draws.samples)
    dims, coords = names_of(problem)

    def dataset(variables: dict[str, np.ndarray], sampled: bool = True):
        lead = ("chain", "draw") if sampled else ()
        variables = {k.replace("/", "."): v for k, v in variables.items()}  # a tree reads "/" as a path
        found = {k: ((*lead, *_dims(k, np.ndim(v) - len(lead), dims, k)), v) for k, v in variables.items()}
        used = {d for spec, _ in found.values() for d in spec}
        base = {"chain": np.arange(chains), "draw": np.arange(count)} if sampled else {}
        return xr.Dataset(found, {**base, **{k: v for k, v in coords.items() if k in used}}, attrs=attributes)

    return dataset


def _as_observed(problem: Problem, y) -> np.ndarray:
    discrete = isinstance(problem.program, Program) and problem.program.family.discrete
    return np.asarray(y).astype(int) if discrete else np.asarray(y)


def names_of(problem: Problem) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    """Dimension names of every site and row array, and their coordinates."""
    dims: dict[str, tuple[str, ...]] = {
        problem.response: ("obs",),
        "X": ("obs", "predictor"),
        "offset": ("obs",),
        "weights": ("obs",),
    }
    coords: dict[str, Any] = {"obs": np.arange(problem.n)}
    if not isinstance(problem.program, Program):
        return {problem.response: ("obs",)}, {}
    below = "predictor"
    for l, layer in enumerate(problem.program.layers, 1):
        unit = () if layer.activation is None else (f"unit_{l}",)
        if layer.weights is not None:
            dims[layer.weights.name] = (below, *unit)
            if unit:
                coords[unit[0]] = np.arange(layer.weights.shape[1])
        if layer.intercept is not None:
            dims[layer.intercept.name] = unit
        below = unit[0] if unit else below
    if problem.design is not None:
        coords["predictor"] = np.asarray(problem.design.columns, dtype=object).astype(str)
        labels = np.asarray(problem.design.index)
        unique = len(set(labels.tolist())) == len(labels)
        coords["obs"] = plain_labels(labels) if unique else coords["obs"]
    return dims, coords


def plain_labels(labels: np.ndarray) -> np.ndarray:
    """Row labels that netCDF can hold: numbers and dates as they are, anything else as text."""
    return labels if labels.dtype.kind in "iufM" else labels.astype(str)


def _dims(name: str, extra: int, dims, variable: str) -> tuple[str, ...]:
    known = dims.get(name)
    if known is not None and len(known) == extra:
        return known
    return tuple(f"{variable}_dim_{i}" for i in range(extra))

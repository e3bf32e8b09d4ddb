"""Draws as an `xarray.DataTree` with ArviZ's groups, named dimensions and the user's own coordinates.

Groups: posterior, sample_stats, log_likelihood, log_prior, posterior_predictive, observed_data, constant_data and, for
samplers, unconstrained_posterior. Draws of the prior have the groups `prior` and `prior_predictive` instead. Raw units.
A point estimate is one chain of one draw, and says so in its attributes. Row groups are built up to `LARGEST`
elements; beyond that `Fit.with_groups` adds them on request.
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
PRIOR_GROUPS = {
    "posterior": "prior",
    "posterior_predictive": "prior_predictive",
    "sample_stats": "sample_stats_prior",
    "log_likelihood": "log_likelihood_prior",
}
NO_LOO = "LOO has no meaning: rows are multiplied by importance weights, and are no log densities of an observation"
NO_DRAWS = "LOO needs draws of a posterior: {} are none, and ArviZ fails on so few or equal ones"
OPTIMA = {"point": "the values at one optimum", "mixture": "the values at several optima"}


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
        why = _no_loo(problem, draws)
        parts["log_likelihood"].attrs |= {"loo": why} if why else {}
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
    renamed = PRIOR_GROUPS if draws.kind == "prior" else {}
    return xr.DataTree.from_dict({f"/{renamed.get(name, name)}": part for name, part in parts.items()})


def _no_loo(problem: Problem, draws: Draws) -> str | None:
    """Why `az.loo` is not for these rows, or None."""
    if problem.design is not None and problem.design.weights_kind == "importance":
        return NO_LOO
    return NO_DRAWS.format(OPTIMA[draws.kind]) if draws.kind in OPTIMA else None


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
        variables = {in_tree(k): v for k, v in variables.items()}
        found = {k: ((*lead, *_dims(k, np.ndim(v) - len(lead), dims, k)), v) for k, v in variables.items()}
        used = {d for spec, _ in found.values() for d in spec}
        base = {"chain": np.arange(chains), "draw": np.arange(count)} if sampled else {}
        return xr.Dataset(found, {**base, **{k: v for k, v in coords.items() if k in used}}, attrs=attributes)

    return dataset


def in_tree(site: str) -> str:
    """What a tree, and tables made from it, call a site: a tree reads "/" as a path."""
    return site.replace("/", ".")


def _as_observed(problem: Problem, y) -> np.ndarray:
    discrete = isinstance(problem.program, Program) and problem.program.family.discrete
    return np.asarray(y).astype(int) if discrete else np.asarray(y)


def names_of(problem: Problem) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    """Dimension names of every site and row array, and their coordinates."""
    dims: dict[str, tuple[str, ...]] = {
        problem.response: ("obs",),
        "X": ("obs", "predictor"),
        **dict.fromkeys(("offset", "weights", "trials", "lower", "upper"), ("obs",)),
    }
    coords: dict[str, Any] = {"obs": np.arange(problem.n)}
    if not isinstance(problem.program, Program):
        return {problem.response: ("obs",)}, {}
    below = "predictor"
    for l, layer in enumerate(problem.program.layers, 1):
        site = layer.weights or layer.intercept
        shape = () if site is None else site.shape[1:] if site is layer.weights else site.shape
        unit = (f"unit_{l}",) if layer.activation is not None else outputs_of(problem, len(shape))
        coords |= {name: _labels(problem, name, size) for name, size in zip(unit, shape, strict=True)}
        if layer.weights is not None:
            dims[layer.weights.name] = (below, *unit)
        if layer.intercept is not None:
            dims[layer.intercept.name] = unit
        below = unit[0] if layer.activation is not None else below
    if problem.program.responses:
        dims[problem.response] = ("obs", "response")
        coords["response"] = response_labels(problem)
    for head in problem.program.heads:
        dims |= {site.name: d for site, d in ((head.affine.weights, (below,)), (head.affine.intercept, ())) if site}
    for site in problem.program.auxiliaries:
        if site.shape and problem.program.responses:
            dims[site.name] = ("response",)
        elif site.shape:
            dims[site.name] = ("cutpoint",)
            coords["cutpoint"] = np.arange(1, site.shape[0] + 1)
    for site in problem.program.hierarchical:
        _name_scales(problem, site, dims, coords)
    if problem.design is not None:
        coords["predictor"] = np.asarray(problem.design.columns, dtype=object).astype(str)
        labels = np.asarray(problem.design.index)
        unique = len(set(labels.tolist())) == len(labels)
        coords["obs"] = plain_labels(labels) if unique else coords["obs"]
    return dims, coords


def _name_scales(problem: Problem, site, dims, coords) -> None:
    """Names the dimensions of the random scales of weights after those of the weights. Scales of some rows only have a
    dimension of their own, with the labels of these rows.
    """
    rows, *units = dims[site.name]
    for block in site.blocks:
        for scale in block.scales:
            own = rows
            if block.rows is not None and scale.per in ("coefficient", "input"):
                own = f"{scale.site.name}_row"
                labels = problem.design.columns if problem.design is not None else range(site.shape[0])
                coords[own] = np.array([str(labels[j]) for j in block.rows])
            dims[scale.site.name] = {"coefficient": (own, *units), "input": (own,), "unit": tuple(units), "layer": ()}[
                scale.per
            ]


def outputs_of(problem: Problem, count: int) -> tuple[str, ...]:
    """The dimensions of `count` axes that a row's values have: of several responses, of levels, or both."""
    return (("response", "level") if problem.program.responses else ("level",))[:count]


def _labels(problem: Problem, name: str, size: int) -> np.ndarray:
    if name == "response":
        return response_labels(problem)
    return level_labels(problem, size) if name == "level" else np.arange(size)


def response_labels(problem: Problem) -> np.ndarray:
    """Names of several responses, numbers where there is no design."""
    return np.arange(problem.program.responses) if problem.design is None else np.array(problem.design.responses)


def level_labels(problem: Problem, count: int) -> np.ndarray:
    """Names of the last `count` levels of the response, numbers where it has none."""
    named = None if problem.design is None else problem.design.levels
    labels = np.arange(problem.program.levels or count) if named is None else np.asarray(named).astype(str)
    return labels[-count:]


def plain_labels(labels: np.ndarray) -> np.ndarray:
    """Row labels that netCDF can hold: numbers and dates as they are, anything else as text."""
    return labels if labels.dtype.kind in "iufM" else labels.astype(str)


def _dims(name: str, extra: int, dims, variable: str) -> tuple[str, ...]:
    known = dims.get(name)
    if known is not None and len(known) >= extra:
        return known[:extra]  # the densities of several responses have one axis less than these
    return tuple(f"{variable}_dim_{i}" for i in range(extra))

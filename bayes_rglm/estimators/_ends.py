"""Auxiliary values that ran to the end of their range: a simpler family, or an end of the support, says the same.

A scale that goes to 0 is kept at a floor: where a model can interpolate its rows the density has no bound there, and
below the floor its scores would be numbers without meaning.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to, constraints

from ..gates import Label
from ..problem import Problem

VANISHED = 1e-6  # a scale in units of the response: rounding, where rows are more than coefficients
FAR = 12.0  # e-folds of the unconstrained value; of a scale in units of the response


def floors(problem: Problem, goal: str) -> np.ndarray | None:
    """Lower bounds (d,) of the flat vector, -inf but for scales whose vanishing makes a density unbounded; None
    without any. In search of a mode a scale may be small for good reasons, unless there are no more rows than
    coefficients.
    """
    low = goal != "mode" or _interpolates(problem)
    bounds = {name: np.full(shape, -np.inf) for name, shape in problem.layout}
    for site in problem.program.auxiliaries:
        floor = problem.program.family.parameter(site.name).floor
        if floor is not None:
            least = (floor if low else VANISHED) * problem.constants["typical"]["scale"]
            bounds[site.name] = np.asarray(biject_to(site.support).inv(jnp.full(site.shape, least, float)))
    lower = np.concatenate([np.ravel(bounds[name]) for name, _ in problem.layout])
    return lower if np.isfinite(lower).any() else None


def _interpolates(problem: Problem) -> bool:
    first = problem.program.layers[0]
    columns = problem.data["X"].shape[1] if first.weights is not None else 0
    return problem.depth == 1 and problem.n <= columns + (first.intercept is not None)


def floor_label(problem: Problem, z, goal: str) -> list[Label]:
    """The label, if any, of a flat vector `z` (d,) in which a scale lies at its floor."""
    lower = floors(problem, goal)
    if lower is None or not np.any(np.asarray(z) <= lower + 1e-6):
        return []
    if goal == "likelihood":
        text = "a scale is at its floor: the network interpolates"
        return [Label("mle_degenerate", text, "use a proper prior, or fewer units")]
    at = problem.unravel(np.asarray(z) <= lower + 1e-6)
    names = ", ".join(name for name, here in at.items() if np.any(here))
    text = (
        f"{names} is at its floor: the model interpolates the rows, and the density has no bound as {names} goes to 0"
    )
    keep = "" if goal == "penalised" else ", or give it a prior that keeps it away from 0, or use NUTS"
    return [Label("boundary", text, f"fix {names}{keep}")]


def end_label(problem: Problem, z) -> list[Label]:
    """The label, if any, of a flat vector `z` (d,) in which an auxiliary value lies at the end of its range."""
    sites = problem.unravel(np.asarray(z))
    far = [s.name for s in problem.program.auxiliaries if np.max(np.abs(_relative(problem, s.name, sites))) > FAR]
    if not far:
        return []
    inside = problem.constrain(sites)
    said = [f"{name} = {float(inside[name]):.3g}" for name in far if np.size(inside[name]) == 1]
    where = f" ({', '.join(said)})" if said else ""
    advice = "use a simpler family, fix the value, or give it a prior that keeps it away from there"
    return [Label("boundary", f"{', '.join(far)} ran to the end of the range{where}", advice)]


def without_width(problem: Problem, eta, aux) -> bool:
    """Whether a fitted continuous response has no width, beside the response's unit or beside a positive mean: the
    model interpolates its rows.
    """
    family, unit = problem.program.family, problem.constants["typical"]["scale"]
    scales = [aux[p.name] for p in family.auxiliaries if p.floor is not None]
    if scales or family.discrete:
        return any(np.all(scale <= VANISHED * unit) for scale in scales)
    law = problem.program.distribution(jnp.asarray(eta), **aux, **problem.rows)
    return bool(np.median(np.sqrt(np.maximum(law.variance, 0.0)) / law.mean) <= VANISHED)


def degenerate() -> Label:
    """The label of a maximum likelihood that has no bound because the model interpolates its rows."""
    text = "the model interpolates the response: nothing is left to estimate its scale from"
    return Label("mle_degenerate", text, "use a proper prior, or fewer parameters")


def bound_label(problem: Problem, z) -> list[Label]:
    """The label, if any, of a maximum likelihood at which slopes lie at 0, where a prior's support bounds them."""
    first = problem.program.layers[0]
    if problem.depth != 1 or first.weights is None or first.weights.support is not constraints.positive:
        return []
    slopes = np.asarray(problem.constrain(problem.unravel(np.asarray(z)))[first.weights.name])
    reach = np.std(np.asarray(problem.data["X"], float), axis=0).reshape(-1, *(1,) * (slopes.ndim - 1))
    held = slopes * reach < VANISHED * problem.constants["typical"]["scale"]
    if not np.any(held):
        return []
    names = problem.design.columns if problem.design is not None else [str(j) for j in range(len(slopes))]
    said = ", ".join(names[j] for j in np.flatnonzero(held.reshape(len(slopes), -1).any(axis=1)))
    advice = "the free maximum is negative there: without bounds in the prior there are none here"
    return [Label("boundary", f"{said}: at 0, where the support of the prior ends", advice)]


def _relative(problem: Problem, name: str, sites) -> np.ndarray:
    """An unconstrained auxiliary value, in units of the response where it is a scale."""
    value = np.asarray(sites[name], float)
    prior = problem.program.family.parameter(name).prior
    typical = problem.constants["typical"]
    if prior.scaling == "mean":
        return value - np.log(problem.program.link.inverse(typical["eta"]))
    return value - np.log(typical["scale"]) if prior.scaling == "response" else value

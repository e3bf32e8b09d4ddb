"""From flat vectors to draws of sites, and how far a Gaussian's draws are from the posterior."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to, constraints

from ..binding import Program
from ..gates import LEAST_ESS, Label, effective_size, khat_max, ordered, too_few
from ..problem import Problem
from ..transforms import Restore
from ._base import Draws
from ._concave import why_not_concave


def constrain_draws(problem: Problem, unconstrained) -> dict[str, np.ndarray]:
    """Constrained sites of unconstrained draws (chain, draw, ...), in float64 where the precision allows."""
    if isinstance(problem.program, Program) and not problem.program.noncentred:
        supports = {site.name: site.support for site in problem.program.sites}
        return {k: _apply(supports[k], v) for k, v in unconstrained.items()}
    mapped = jax.jit(jax.vmap(jax.vmap(lambda p, z: p.constrain(z), (None, 0)), (None, 0)))(problem, unconstrained)
    return {k: np.asarray(v) for k, v in mapped.items() if k in unconstrained}


def _apply(support, value) -> np.ndarray:
    transform = biject_to(support)
    return np.asarray(value, float) if support is constraints.real else np.asarray(transform(jnp.asarray(value)), float)


def approximate(problem: Problem, restore: Restore, vectors, log_q, info: dict[str, Any], labels, at=None) -> Draws:
    """Draws of an approximation q of the posterior: `vectors` (chain, draw, d) in the coordinates of `problem`.

    `log_q` (chain, draw) is their log density under q. The importance ratios p / q say how good q is where it has
    draws: their Pareto shape k-hat below 0.7, and an effective number of them of at least `LEAST_ESS`, certify its
    parameters where the posterior has one mode only (`_concave`): a mode without draws leaves both clean. A network's
    weights are never certified. `at` gives the sites where prediction takes the network's tangent.
    """
    chains, count = vectors.shape[:2]
    log_p = _log_densities(problem, vectors)
    ratios = log_p - log_q
    weights, khat = smoothed(ratios)
    facts = {
        "khat": khat,
        "elbo": float(np.mean(ratios)),
        "elbo_se": float(np.std(ratios) / np.sqrt(ratios.size)),
        "importance_ess": effective_size(weights),
    }
    samples = restore(constrain_draws(problem, problem.unravel(vectors)))
    labels = [*labels, *_quality(problem, khat, facts["importance_ess"], ratios.size)]
    return Draws(
        samples=samples,
        kind="approximation",
        linearised_at=at,
        stats={"lp": log_p, "log_q": np.asarray(log_q, float).reshape(chains, count)},
        info=facts | info,
        labels=ordered(labels),
    )


def smoothed(ratios: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smoothed importance weights, normalised on the log scale, of the shape of `ratios`; and k-hat (ArviZ)."""
    from arviz_stats.base import array_stats

    flat = np.asarray(ratios, float).ravel()
    if not np.all(np.isfinite(flat)):
        return np.full(np.shape(ratios), -np.log(flat.size)), float("inf")
    if np.ptp(flat) < 1e-9:  # q is the posterior
        return np.full(np.shape(ratios), -np.log(flat.size)), float("-inf")
    values, khat = array_stats.psislw(-flat)  # it takes log likelihoods, whose inverses are the ratios
    values = values - np.logaddexp.reduce(values)
    return values.reshape(np.shape(ratios)), float(khat) if np.isfinite(khat) else float("inf")


def _quality(problem: Problem, khat: float, ess: float, draws: int) -> list[Label]:
    advice = "use NUTS where intervals of parameters matter"
    if problem.depth is not None and problem.depth > 1:
        text = "a Gaussian in the space of weights: judge it by held-out scores, not by its parameters"
        return [Label("predictive_only", text, advice)]
    if khat >= khat_max(draws):
        return [Label("predictive_only", f"k-hat {khat:.2f}: the approximation misses the posterior's tails", advice)]
    if too_few(ess):
        text = f"{draws} draws are worth {int(ess)} of the posterior's; {LEAST_ESS} are needed"
        return [Label("predictive_only", text, f"more draws, or {advice}")]
    reason = why_not_concave(problem)
    if reason is not None:
        text = f"{reason}: there may be modes that this approximation has missed, and k-hat would not show them"
        return [Label("predictive_only", text, advice)]
    return []


@jax.jit
def _densities(problem: Problem, vectors):
    return jax.lax.map(problem.log_density, vectors, batch_size=64)


def _log_densities(problem: Problem, vectors: np.ndarray) -> np.ndarray:
    """Log joint density with its Jacobian at (chain, draw, d) unconstrained vectors; (chain, draw)."""
    flat = jnp.asarray(vectors.reshape(-1, vectors.shape[-1]))
    return np.asarray(_densities(problem, flat), float).reshape(vectors.shape[:2])

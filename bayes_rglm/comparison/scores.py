"""Scores of a predictive distribution, one number per row.

The log score is `prediction.log_score`: the log of the mean density over draws; higher is better. Beside it stands one
that is bounded or in the response's unit, lower is better:

    Brier   (P(y = 1) - y)^2                                  binary responses
    CRPS    E|Y - y| - E|Y - Y'| / 2, Y and Y' independent     the others

The CRPS of a Gaussian plug-in has a closed form. Otherwise it is estimated without bias from as many simulated outcomes
for every method (`OUTCOMES`), by probability-weighted moments.
"""

from __future__ import annotations

from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints
from scipy.special import ndtr

from .. import evaluation
from ..design import Design
from ..families import Family
from ..families.gaussian import GaussianResponse
from ..prediction import as_rows
from ..results import Fit

OUTCOMES = 1000
BLOCK = 5_000_000


def brier_score(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(P(y = 1) - y)^2 of each row; (n,)."""
    return (np.asarray(probability, float) - np.asarray(y, float)) ** 2


def crps_normal(y: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """CRPS of Normal(mean, sd) at y, in the unit of y; (n,)."""
    z = (np.asarray(y, float) - mean) / sd
    with np.errstate(over="ignore", under="ignore"):
        density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))


def crps_sample(y: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Unbiased estimate of the CRPS at y (n,) from m >= 2 simulated `outcomes` (m, n); (n,).

    By probability-weighted moments: sum_{i<j} |x_j - x_i| is a weighted sum of the sorted outcomes.
    """
    y, x = np.asarray(y, float), np.sort(np.asarray(outcomes, float), axis=0)
    m = len(x)
    weight = (2 * np.arange(m) - m + 1) / (m * (m - 1))
    return np.abs(x - y).mean(axis=0) - np.tensordot(weight, x, axes=1)


def is_binary(family: Family) -> bool:
    """Whether the family's responses are 0 and 1."""
    return family.response.support is constraints.boolean


def second_score_name(families: Iterable[Family]) -> str:
    """The score beside the log score: "brier" where all families are binary, else "crps"."""
    return "brier" if all(is_binary(family) for family in families) else "crps"


def second_score(fit: Fit, design: Design, name: str) -> np.ndarray:
    """Brier score or CRPS of each row of `design`; (n,)."""
    if name == "brier":
        return brier_score(_mean(fit, design), design.y)
    samples, closed = fit.draws.samples, _plug_in_normal(fit, design)
    if closed is not None:
        return crps_normal(design.y, *closed)
    rows, size = as_rows(design), max(1, BLOCK // OUTCOMES)
    samples = equal_draws(fit)
    parts = []
    for start in range(0, design.n, size):
        block = {k: v[start : start + size] for k, v in rows.items()}
        parts.append(crps_sample(block["y"], _outcomes(fit, samples, block, start)))
    return np.concatenate(parts)


def _mean(fit: Fit, design: Design) -> np.ndarray:
    """Posterior predictive mean of the rows, (n,)."""
    values = evaluation.means(fit.problem, fit.draws.samples, as_rows(design))
    return np.average(values.reshape(-1, design.n), axis=0, weights=draw_weights(fit))


def draw_weights(fit: Fit) -> np.ndarray | None:
    """Normalised weights of the draws, flat; None where all are equal."""
    if fit.draws.log_weights is None:
        return None
    weights = np.exp(fit.draws.log_weights - np.max(fit.draws.log_weights)).ravel()
    return weights / weights.sum()


def _plug_in_normal(fit: Fit, design: Design) -> tuple[np.ndarray, np.ndarray] | None:
    """(mean, sd) of the rows where the fit is one plug-in value of a Gaussian model."""
    family = fit.problem.spec.family
    if family.response is not GaussianResponse or np.prod(evaluation.shape_of(fit.draws.samples)) > 1:
        return None
    mean = evaluation.means(fit.problem, fit.draws.samples, as_rows(design))[0, 0]
    sigma = evaluation.auxiliaries(fit.problem, fit.draws.samples)["sigma"]
    return mean, np.full(design.n, float(np.ravel(sigma)[0]))


def equal_draws(fit: Fit) -> dict[str, np.ndarray]:
    """At most `OUTCOMES` draws of equal weight, as one chain: thinned evenly, or resampled systematically by weight."""
    flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in fit.draws.samples.items()}
    total, weights = len(next(iter(flat.values()))), draw_weights(fit)
    count = min(total, OUTCOMES)
    if weights is not None:
        points = (np.arange(OUTCOMES) + 0.5) / OUTCOMES
        pick = np.minimum(np.searchsorted(np.cumsum(weights), points), total - 1)
    else:
        pick = (np.arange(count) * total) // count
    return {k: v[pick][None] for k, v in flat.items()}


def _outcomes(fit: Fit, samples: dict[str, np.ndarray], rows: dict[str, np.ndarray], block: int) -> np.ndarray:
    """Simulated responses of the rows, (OUTCOMES, n): the same noise, and one compiled shape, for all methods."""
    with evaluation.float64():
        eta = evaluation.linear_predictors(fit.problem, samples, rows)
        turn = np.arange(OUTCOMES) % eta.shape[1]
        repeated = {name: value[:, turn] for name, value in samples.items()}
        key = jax.random.fold_in(jax.random.key(0), block)
        simulated = evaluation.response(fit.problem, repeated, jnp.asarray(eta[:, turn])).sample(key)
        return np.asarray(simulated, float)[0]

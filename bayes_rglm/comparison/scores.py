"""Scores of a predictive distribution, one number per row.

The log score is `prediction.log_score`: the log of the mean density over draws; higher is better. Beside it stands one
that is bounded or in the response's unit, lower is better: see `rules`. Probabilities are those of the predictive
distribution, averaged over (weighted) draws. The CRPS of a Gaussian plug-in has a closed form; otherwise it is
estimated without bias from as many simulated outcomes for every method (`OUTCOMES`), by probability-weighted moments.

Censored rows: the CRPS is that of the response clipped to the row's bounds; a row seen only as an interval has none
(NaN). Draws whose predictor lies outside the link's domain have no outcome; a row all of whose draws do scores inf.

Several responses at once have a joint log score and the mean of their other scores, each in its own unit.
"""

from __future__ import annotations

import jax
import numpy as np
from scipy.special import ndtri

from .. import evaluation
from ..design import Design
from ..families.gaussian import GaussianResponse
from ..prediction import as_rows, score_blocks
from ..results import Fit
from . import rules
from .rules import brier_score, crps_normal, crps_sample, is_binary, second_score_name

OUTCOMES = 1000
BLOCK = 5_000_000
NINETY = float(2 * ndtri(0.95))  # standard deviations across the central 90 % of a normal distribution


def second_score(fit: Fit, design: Design, name: str) -> np.ndarray:
    """The score called `name`, one of `rules.RULES`, of each row of `design`; (n,)."""
    family = fit.problem.spec.family
    if name == "brier":
        mean = rules.success(family, predictive_mean(fit, design))
        return brier_score(mean, rules.success(family, design.y))
    if name in ("brier_levels", "rps"):
        binary = rules.kind_of(family) == rules.BINARY
        codes = rules.success(family, design.y) if binary else design.y
        score = rules.brier_levels if name == "brier_levels" else rules.ranked_probability_score
        return _per_row(score(level_probabilities(fit, design), codes))
    return crps_and_width(fit, design)[0]


def crps_and_width(fit: Fit, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """(CRPS, width of the 90 % predictive interval) of each row, (n,) each; of several responses their means."""
    closed = _plug_in_normal(fit, design)
    if closed is None:
        return _simulated(fit, design)
    return _per_row(crps_normal(design.y, *closed)), _per_row(NINETY * closed[1])


def _per_row(scores: np.ndarray) -> np.ndarray:
    """(n,): of several responses (n, T) the mean."""
    return scores if scores.ndim == 1 else scores.mean(axis=1)


def predictive_mean(fit: Fit, design: Design) -> np.ndarray:
    """Posterior predictive mean of the rows, (n,) or (n, T); of levels their probabilities, with K last."""
    rows, weights, mean = as_rows(design), draw_weights(fit), None
    for part in score_blocks(fit, design.n):
        values = evaluation.means(fit.problem, fit.draws.samples, {k: v[part] for k, v in rows.items()})
        values = np.average(values.reshape(-1, *values.shape[2:]), axis=0, weights=weights)
        mean = np.empty((design.n, *values.shape[1:])) if mean is None else mean
        mean[part] = values
    return mean


def level_probabilities(fit: Fit, design: Design) -> np.ndarray:
    """Posterior predictive probabilities of the levels, (n, K); of a response of two values, (n, 2)."""
    mean = predictive_mean(fit, design)
    if mean.ndim > 1:
        return mean
    high = rules.success(fit.problem.spec.family, mean)
    return np.stack([1.0 - high, high], axis=-1)


def draw_weights(fit: Fit) -> np.ndarray | None:
    """Normalised weights of the draws, flat; None where all are equal."""
    if fit.draws.log_weights is None:
        return None
    weights = np.exp(fit.draws.log_weights - np.max(fit.draws.log_weights)).ravel()
    return weights / weights.sum()


def equal_draws(fit: Fit, most: int = OUTCOMES) -> dict[str, np.ndarray]:
    """At most `most` draws of equal weight, as one chain: thinned evenly, or resampled systematically by weight."""
    flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in fit.draws.samples.items()}
    total, weights = len(next(iter(flat.values()))), draw_weights(fit)
    count = min(total, most)
    if weights is not None:
        points = (np.arange(most) + 0.5) / most
        pick = np.minimum(np.searchsorted(np.cumsum(weights), points), total - 1)
    else:
        pick = (np.arange(count) * total) // count
    return {k: v[pick][None] for k, v in flat.items()}


def _plug_in_normal(fit: Fit, design: Design) -> tuple[np.ndarray, np.ndarray] | None:
    """(mean, sd) of the rows where the fit is one plug-in value of a Gaussian model and no row is censored."""
    family = fit.problem.spec.family
    if family.response is not GaussianResponse or np.prod(evaluation.shape_of(fit.draws.samples)) > 1:
        return None
    rows = as_rows(design)
    if "lower" in rows or "upper" in rows:
        return None
    mean = evaluation.means(fit.problem, fit.draws.samples, rows)[0, 0]
    sigma = evaluation.parameters(fit.problem, fit.draws.samples, rows)["sigma"][0, 0]
    return mean, np.broadcast_to(sigma, mean.shape)


def _simulated(fit: Fit, design: Design) -> tuple[np.ndarray, np.ndarray]:
    rows, samples = as_rows(design), equal_draws(fit)
    crps, width = np.empty(design.n), np.empty(design.n)
    for part in evaluation.blocks(design.n, BLOCK // OUTCOMES):
        block = {k: v[part] for k, v in rows.items()}
        outcomes = _outcomes(fit, samples, block, part.start)
        crps[part], width[part] = _per_row(_crps(block["y"], outcomes)), _per_row(width_of(outcomes))
    return crps, width


def width_of(outcomes: np.ndarray) -> np.ndarray:
    """Width of the central 90 % of outcomes (m, ...) that are numbers; NaN where none is."""
    values = np.moveaxis(outcomes, 0, -1)
    width = np.full(values.shape[:-1], np.nan)
    known = ~np.isnan(values).all(axis=-1)
    width[known] = np.diff(np.nanquantile(values[known], (0.05, 0.95), axis=-1), axis=0)[0]
    return width


def _crps(y: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """`crps_sample` of y (n,) or (n, T), number by number where some draws have no outcome (NaN)."""
    if y.ndim > 1:
        return _crps(y.ravel(), outcomes.reshape(len(outcomes), -1)).reshape(y.shape)
    missing = np.isnan(outcomes)
    if not missing.any():
        return crps_sample(y, outcomes)
    full, values = ~missing.any(axis=0), np.full(len(y), np.inf)
    values[full] = crps_sample(y[full], outcomes[:, full])
    for j in np.flatnonzero(~full):
        some = outcomes[~missing[:, j], j]
        if len(some) > 1:
            values[j] = crps_sample(y[j : j + 1], some[:, None])[0]
    return values


def _outcomes(fit: Fit, samples: dict[str, np.ndarray], rows: dict[str, np.ndarray], block: int) -> np.ndarray:
    """Simulated responses of the rows, (OUTCOMES, n) or (OUTCOMES, n, T): the same noise, and one compiled shape, for
    all methods.
    """
    with evaluation.float64():
        turn = np.arange(OUTCOMES) % evaluation.shape_of(samples)[1]
        repeated = {name: value[:, turn] for name, value in samples.items()}
        key = jax.random.fold_in(jax.random.key(0), block)
        law = evaluation.response(fit.problem, repeated, rows)
        values = np.asarray(law.sample(key), float)[0]
        link = fit.problem.program.link
        if not link.restricted:
            return values
        eta = (law.base_dist if fit.problem.program.responses else law).eta
        return np.where(np.asarray(link.inside(eta))[0], values, np.nan)


__all__ = [
    "BLOCK",
    "OUTCOMES",
    "brier_score",
    "crps_and_width",
    "crps_normal",
    "crps_sample",
    "draw_weights",
    "equal_draws",
    "is_binary",
    "level_probabilities",
    "predictive_mean",
    "second_score",
    "second_score_name",
    "width_of",
]

"""What a fit cost and how far it bent: parameters, effective parameters, gradients, and the numbers behind its label.

Effective parameters are p_loo, the log score of the fitted rows less that of the same rows left out one by one (by
Pareto-smoothed importance sampling), of draws that stand for a posterior. Where a linear model is right it is near the
trace of the hat matrix, and one more for the residual sd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import evaluation
from ..diagnostics import GRAVE
from ..gates import khat_max
from ..results import Fit
from .scores import equal_draws

MOST_ROWS = 1000
LEAST_DRAWS = 100
NONE = float("nan")


@dataclass(frozen=True)
class Facts:
    """NaN where a number does not apply or is not known.

    parameters: free numbers of the model. effective: p_loo. gradients: passes over the training rows with a gradient,
    warm-up and all starts included. r_hat: the worst of what the status was judged by. k_hat: of the importance ratios
    between an approximation and the posterior.
    """

    parameters: float = NONE
    effective: float = NONE
    gradients: float = NONE
    r_hat: float = NONE
    k_hat: float = NONE


UNKNOWN = Facts()


def facts_of(fit: Fit) -> Facts:
    """The facts of one fit."""
    sizes = [np.prod(value.shape[2:]) for value in fit.draws.samples.values()]
    info = fit.draws.info
    return Facts(
        float(sum(sizes)),
        effective_parameters(fit),
        _number(info.get("gradients")),
        _worst(fit) if fit.draws.kind == "mcmc" else NONE,
        _number(info.get("khat")),
    )


def over_folds(parts: Sequence[Facts]) -> Facts:
    """Of all folds: the most parameters, the mean of effective ones, all gradients, the worst R-hat and k-hat."""
    columns = {name: np.array([getattr(part, name) for part in parts]) for name in Facts.__dataclass_fields__}
    join = {"effective": np.mean, "gradients": np.sum}
    return Facts(**{name: float(join.get(name, np.max)(values)) for name, values in columns.items()})


def effective_parameters(fit: Fit) -> float:
    """p_loo of draws that stand for a posterior. NaN for points and mixtures, draws of a prior, weighted rows, weighted
    draws, a grave status, fewer than 100 draws, more than 1000 rows, or any row whose k-hat is too large.
    """
    total = int(np.prod(evaluation.shape_of(fit.draws.samples)))
    known = fit.draws.kind in ("mcmc", "approximation") and fit.draws.log_weights is None and total >= LEAST_DRAWS
    plain = fit.design is None or fit.design.weights is None
    if not (known and plain) or fit.problem.n > MOST_ROWS or fit.status in GRAVE:
        return NONE
    values = evaluation.log_likelihood(fit.problem, equal_draws(fit))
    return _left_out(values.reshape(values.shape[1], -1))


def _left_out(values: np.ndarray) -> float:
    """p_loo of row log likelihoods (draws, n)."""
    from arviz_stats.base import array_stats

    if not np.isfinite(values).all():
        return NONE
    log_weights, shape = array_stats.psislw(values, axis=0)
    log_weights = np.moveaxis(np.asarray(log_weights), -1, 0)
    if np.nanmax(shape) > khat_max(len(values)):
        return NONE
    inside = np.logaddexp.reduce(values, axis=0) - np.log(len(values))
    outside = np.logaddexp.reduce(log_weights + values, axis=0) - np.logaddexp.reduce(log_weights, axis=0)
    return float(np.sum(inside - outside))


def _worst(fit: Fit) -> float:
    values = np.concatenate([fit.function_summary.rhat, fit.scalar_summary.rhat])
    return float(np.nanmax(values)) if np.isfinite(values).any() else NONE


def _number(value) -> float:
    return NONE if value is None else float(value)


__all__ = ["UNKNOWN", "Facts", "effective_parameters", "facts_of", "over_folds"]

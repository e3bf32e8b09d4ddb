"""Paired differences of row scores, their standard errors, and the verdict.

One test frame: SE = sqrt(n var(d)), which speaks of these fits. K folds: the fold totals are the observations, with
K - 1 degrees of freedom, and the correction of Nadeau and Bengio (2003) for training sets that overlap:

    Var(mean d) = S^2 (1 / K + n_test / n_train), S^2 the variance of the K fold means.

A difference counts as real where |sum d| >= 4 and |mean d| >= 2 SE (with folds: Student's t at 97.5 % instead of 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

LEAST_SUM = 4.0
REACH = 2.0
HEAVY_TAIL = 0.7


@dataclass(frozen=True)
class Difference:
    """What is known of a method's difference to the reference over the same test rows.

    `total` is the sum over rows (negative: worse), `error` its standard error, `median` the median row, `won` the share
    of rows where the method is better (ties count half), `tail` the Pareto k-hat of |d|: above 0.7 the error is not to
    be trusted.
    """

    total: float
    error: float
    median: float
    won: float
    tail: float
    verdict: str


def paired_difference(
    scores: np.ndarray,
    reference: np.ndarray,
    counts: np.ndarray | None = None,
    fold: np.ndarray | None = None,
    test_share: float = 0.0,
) -> Difference:
    """The difference `scores - reference` of row log scores (n,).

    Parameters
    ----------
    counts : (n,) array, optional
        Observations that each row stands for (frequency weights).
    fold : (n,) array, optional
        The fold of each row; more than one makes the standard error fold-clustered.
    test_share : float
        Test rows per training row of a fold, for the correction.
    """
    d = row_differences(scores, reference)
    counts = np.ones(len(d)) if counts is None else np.asarray(counts, float)
    total = _sum(d * counts)
    clustered = fold is not None and len(np.unique(fold)) > 1
    error = _clustered(d, counts, fold, test_share) if clustered else _independent(d, counts)
    reach = float(stdtrit(len(np.unique(fold)) - 1, 0.975)) if clustered else REACH
    won = float(np.average((d > 0) + 0.5 * (d == 0), weights=counts))
    return Difference(total, error, _median(d, counts), won, tail_index(d), _verdict(total, error, reach))


def row_differences(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Row by row; two scores of -inf are equal, one alone makes the difference infinite."""
    scores, reference = np.asarray(scores, float), np.asarray(reference, float)
    same = scores == reference
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, scores - reference)


def _verdict(total: float, error: float, reach: float) -> str:
    if np.isneginf(total):
        return "worse"
    small = not np.isfinite(total) or abs(total) < LEAST_SUM
    return "indistinguishable" if small or not np.isfinite(error) or abs(total) < reach * error else "worse"


def _sum(d: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.sum(d))


def _independent(d: np.ndarray, counts: np.ndarray) -> float:
    n = counts.sum()
    if n < 2 or not np.all(np.isfinite(d)):
        return float("nan")
    mean = np.average(d, weights=counts)
    return float(np.sqrt(n * np.sum(counts * (d - mean) ** 2) / (n - 1)))


def _clustered(d: np.ndarray, counts: np.ndarray, fold: np.ndarray, test_share: float) -> float:
    if not np.all(np.isfinite(d)):
        return float("nan")
    names, code = np.unique(fold, return_inverse=True)
    k, mean = len(names), np.average(d, weights=counts)
    totals = np.bincount(code, weights=counts * (d - mean))
    return float(np.sqrt(k / (k - 1) * np.sum(totals**2) * (1.0 + k * test_share)))


def _median(d: np.ndarray, counts: np.ndarray) -> float:
    order = np.argsort(d)
    cumulative = np.cumsum(counts[order])
    half = cumulative[-1] / 2
    low, high = np.searchsorted(cumulative, half), np.searchsorted(cumulative, half, side="right")
    if low == high:
        return float(d[order[low]])
    with np.errstate(invalid="ignore"):
        return float((d[order[low]] + d[order[high]]) / 2)


def tail_index(d: np.ndarray) -> float:
    """Pareto k-hat of |d|; NaN for fewer than 25 rows, and infinite where a difference is."""
    from arviz_stats.base import array_stats

    size = np.abs(d)
    if not np.all(np.isfinite(size)):
        return float("inf")
    if len(size) < 25 or np.unique(size).size < 10:
        return float("nan")
    return float(array_stats.pareto_khat(size[None], r_eff=1.0, tail="right", log_weights=False))

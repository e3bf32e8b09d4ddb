"""Scoring rules beside the log score, as formulas: one number per row, lower is better, and which rule applies.

============  ===========================================  =============================================
name          score                                        responses
============  ===========================================  =============================================
brier         (P(y = 1) - y)^2                             of two values
brier_levels  sum_k (P(y = k) - [y = k])^2                 unordered levels; at two, twice the above
rps           sum_{k < K-1} (P(y <= k) - [y <= k])^2       ordered levels; it is the CRPS of their codes
crps          E|Y - y| - E|Y - Y'| / 2, Y' a copy of Y     numbers
============  ===========================================  =============================================
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpyro.distributions import constraints
from scipy.special import ndtr

from ..errors import NotComparable
from ..families import Family, SignedBernoulli

BINARY, LEVELS, ORDERED, NUMBER = "binary", "levels", "ordered", "number"
RULES = ("brier", "brier_levels", "rps", "crps")


def brier_score(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(P(y = 1) - y)^2 of each row; (n,)."""
    return (np.asarray(probability, float) - np.asarray(y, float)) ** 2


def brier_levels(probabilities: np.ndarray, y: np.ndarray) -> np.ndarray:
    """sum_k (p_k - [y = k])^2 of each row, from 0 to 2; probabilities (n, K), level codes y (n,); (n,)."""
    p = np.asarray(probabilities, float)
    return ((p - (np.asarray(y)[..., None] == np.arange(p.shape[-1]))) ** 2).sum(-1)


def ranked_probability_score(probabilities: np.ndarray, y: np.ndarray) -> np.ndarray:
    """sum_{k < K-1} (P(y <= k) - [y <= k])^2 of each row, from 0 to K - 1; (n, K) and (n,) codes to (n,)."""
    p = np.asarray(probabilities, float)
    seen = np.asarray(y)[..., None] <= np.arange(p.shape[-1] - 1)
    return ((np.cumsum(p, axis=-1)[..., :-1] - seen) ** 2).sum(-1)


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


# which rule ----------------------------------------------------------------------------------------------------------


def is_binary(family: Family) -> bool:
    """Whether the family's responses are 0 and 1."""
    return family.response.support is constraints.boolean


def has_levels(family: Family) -> bool:
    """Whether the family's responses are two values or levels, ordered or not."""
    return kind_of(family) != NUMBER


def kind_of(family: Family) -> str:
    """What the family's responses are: of two values, levels, ordered levels or numbers."""
    if is_binary(family) or isinstance(family, SignedBernoulli):
        return BINARY
    if family.outputs == "levels":
        return LEVELS
    return ORDERED if any(parameter.size == "cutpoints" for parameter in family.auxiliaries) else NUMBER


def rule_of(kinds: Iterable[str]) -> str:
    """The name of the rule that applies to responses of all these kinds.

    Raises `NotComparable` for unordered levels beside numbers: no rule speaks of both.
    """
    kinds = set(kinds)
    if kinds == {BINARY}:
        return "brier"
    if kinds == {ORDERED}:
        return "rps"
    if NUMBER not in kinds:
        return "brier_levels"
    if LEVELS in kinds:
        raise NotComparable(
            "Levels without an order and numbers have no score in common but the log score.",
            found="a response of unordered levels beside one of numbers",
            do="compare models of one kind of response",
        )
    return "crps"


def second_score_name(families: Iterable[Family]) -> str:
    """The score beside the log score for responses of these families: one of `RULES`."""
    return rule_of(map(kind_of, families))


def success(family: Family, values: np.ndarray) -> np.ndarray:
    """Values, or means, of a response of two values as 0, 1 and what lies between."""
    values = np.asarray(values, float)
    return values if is_binary(family) else 0.5 * (1.0 + values)

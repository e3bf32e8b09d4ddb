"""Whether predictive distributions mean what they say: probability integral transforms and 90 % intervals of test rows.

u = F(y), F the distribution function averaged over (weighted) draws, is uniform over rows where the predictive
distribution is right. Where y is discrete, censored or at an atom, u is drawn uniformly between the probabilities below
and up to what was seen. The 90 % interval leaves 5 % on either side, so that it covers a row where 0.05 <= u <= 0.95;
of a discrete response it would cover more than it says, and is not given. Levels without an order have neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..design import Design
from ..residuals import predictive_interval
from ..results import Fit
from .scores import equal_draws

TAIL = 0.05
LEAST = 5
STREAM = 1952  # of the uniform numbers: the same for every method
GRID, SIMULATIONS = 50, 2000


@dataclass(frozen=True, eq=False)
class Predictive:
    """Where test rows were seen in their predictive distributions; arrays are (n,).

    Attributes
    ----------
    below, upto : predictive probability below what was seen, and up to it; equal where a density was seen at a point.
        NaN for a row without a predictive distribution (outside the link's domain).
    width : of the 90 % interval in the unit of the response; None where the response is discrete.
    """

    below: np.ndarray
    upto: np.ndarray
    width: np.ndarray | None


def predictive_of(fit: Fit, design: Design, width: np.ndarray | None) -> Predictive | None:
    """Of a fit of an RGLM on the rows of `design`; None for levels without an order and for several responses.

    The distribution function is averaged over as many draws of equal weight as the CRPS has outcomes.
    """
    family = fit.problem.spec.family
    if family.outputs == "levels" or fit.problem.program.responses:
        return None
    thin = replace(fit, draws=replace(fit.draws, samples=equal_draws(fit), log_weights=None, stats={}))
    with np.errstate(under="ignore"):
        start, after_start, stop, after_stop = map(np.exp, predictive_interval(thin, design))
    # From either tail, whichever is the smaller: next to 1 the distribution function alone has no digits left.
    below = np.where(start < 0.5, start, 1.0 - after_start)
    upto = np.where(stop < 0.5, stop, 1.0 - after_stop)
    return Predictive(below, upto, None if family.discrete else width)


def joined(parts: list[Predictive | None]) -> Predictive | None:
    """Of all folds; None unless every one has it."""
    if any(part is None for part in parts):
        return None
    widths = [part.width for part in parts]
    return Predictive(
        np.concatenate([part.below for part in parts]),
        np.concatenate([part.upto for part in parts]),
        None if any(width is None for width in widths) else np.concatenate(widths),
    )


def transforms(found: Predictive, counts: np.ndarray | None = None) -> np.ndarray:
    """u of each observation, (n,), or (sum of counts,) where rows stand for several: each has a uniform number of its
    own, the same for all methods.
    """
    below, upto = found.below, found.upto
    if counts is not None:
        below, upto = (np.repeat(x, np.asarray(counts).astype(int)) for x in (below, upto))
    share = np.random.default_rng(STREAM).uniform(size=len(below))
    return below + share * (upto - below)


def uniformity(u: np.ndarray) -> float:
    """p-value of the hypothesis that u are independent and uniform: ArviZ's pointwise order-statistic test (POT-C).

    NaN for fewer than five rows that have a u. It rejects a little more often than it says: at 0.05 in 6 to 7 % of
    uniform samples.
    """
    from arviz_stats.base import array_stats

    u = u[np.isfinite(u)]
    return float("nan") if len(u) < LEAST else float(array_stats.uniformity_test(u)[0])


def covered(found: Predictive, counts: np.ndarray | None = None) -> float:
    """Share of observations inside their 90 % interval; NaN for a discrete response. A row without a predictive
    distribution is not covered.
    """
    if found.width is None:
        return float("nan")
    u = transforms(found)
    return float(np.average((u >= TAIL) & (u <= 1.0 - TAIL), weights=counts))


def simultaneous_band(n: int, probability: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points, low, high): where the empirical distribution function of n independent uniform numbers stays, at all
    points at once, with this probability.

    After Säilynoja, Bürkner and Vehtari (2022): pointwise binomial intervals, their level adjusted by simulation.
    """
    from scipy.stats import binom

    points = np.linspace(0.0, 1.0, GRID + 1)[1:-1]
    random = np.random.default_rng(STREAM)
    counts = random.multinomial(n, np.full(GRID, 1.0 / GRID), size=SIMULATIONS).cumsum(axis=1)[:, :-1]
    tails = np.minimum(binom.cdf(counts, n, points), binom.sf(counts - 1, n, points))
    level = np.quantile(tails.min(axis=1), 1.0 - probability)
    return points, binom.ppf(level, n, points) / n, binom.isf(level, n, points) / n


__all__ = [
    "Predictive",
    "covered",
    "joined",
    "predictive_of",
    "simultaneous_band",
    "transforms",
    "uniformity",
]

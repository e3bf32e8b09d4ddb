"""Scores of one method: on the rows of one fold, and joined over folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..gates import Label, ordered
from .calibration import Predictive, covered, joined, transforms, uniformity
from .complexity import UNKNOWN, Facts, over_folds


@dataclass(frozen=True, eq=False)
class RowScores:
    """One method's scores on the test rows of one fold; arrays are (test rows,).

    `train_log_score` is the mean over the rows that the fit was made from, `counts` the observations that a test row
    stands for (None: one each), `predictive` where the rows were seen in their predictive distributions (None: see
    `calibration`), `facts` what the fit cost.
    """

    method: str
    fold: int
    obs: np.ndarray
    log_score: np.ndarray
    second: np.ndarray
    train_log_score: float
    train_rows: int
    seconds: float
    labels: tuple[Label, ...]
    counts: np.ndarray | None = None
    predictive: Predictive | None = None
    facts: Facts = UNKNOWN


@dataclass(frozen=True, eq=False)
class MethodScores:
    """One method's scores over all folds; `labels` of any fold, the gravest first, `by_fold` their names in each.

    `weighted` says whether `counts` are frequency weights.
    """

    name: str
    labels: tuple[Label, ...]
    by_fold: tuple[tuple[str, ...], ...]
    log_score: np.ndarray
    second: np.ndarray
    counts: np.ndarray
    train: float
    seconds: float
    predictive: Predictive | None = None
    facts: Facts = UNKNOWN
    weighted: bool = False

    @property
    def pit(self) -> np.ndarray:
        """The probability integral transform of each test row, NaN where there is none."""
        return np.full(len(self.log_score), np.nan) if self.predictive is None else transforms(self.predictive)

    @property
    def pit_p(self) -> float:
        """p-value of the uniformity of the transforms of all observations."""
        if self.predictive is None or np.any(self.counts % 1):
            return float("nan")
        return uniformity(transforms(self.predictive, self.counts if self.weighted else None))

    @property
    def coverage(self) -> float:
        """Share of observations inside their 90 % interval."""
        return float("nan") if self.predictive is None else covered(self.predictive, self.counts)

    @property
    def width(self) -> float:
        """Mean width of the 90 % intervals, over the rows that have one."""
        width = None if self.predictive is None else self.predictive.width
        known = None if width is None else ~np.isnan(width)
        return float(np.average(width[known], weights=self.counts[known])) if np.any(known) else float("nan")

    @property
    def infinite(self) -> int:
        """Test rows that the method gives density 0."""
        return int(np.isneginf(self.log_score).sum())

    @property
    def mean(self) -> float:
        """Mean log score per observation."""
        return float(np.average(self.log_score, weights=self.counts))

    @property
    def unscored(self) -> int:
        """Test rows without a second score: those seen only as an interval have no CRPS."""
        return int(np.isnan(self.second).sum())

    @property
    def mean_second(self) -> float:
        """Mean of the second score per observation, over the rows that have one; NaN where none has."""
        known = ~np.isnan(self.second)
        return float(np.average(self.second[known], weights=self.counts[known])) if known.any() else float("nan")

    def rank(self) -> tuple[float, float]:
        """Smaller is better: fewest rows of density 0, then the mean over the others."""
        finite = np.isfinite(self.log_score)
        rest = np.average(self.log_score[finite], weights=self.counts[finite]) if finite.any() else -np.inf
        return (float(self.infinite), -float(rest))


def join(name: str, scores: Sequence[RowScores]) -> MethodScores:
    """The scores of `name` over all its folds."""
    own = [s for s in scores if s.method == name]
    counts = [np.ones(len(s.obs)) if s.counts is None else s.counts for s in own]
    return MethodScores(
        name,
        ordered([label for s in own for label in s.labels]),
        tuple(tuple(label.name for label in s.labels) for s in own),
        np.concatenate([s.log_score for s in own]),
        np.concatenate([s.second for s in own]),
        np.concatenate(counts),
        float(np.average([s.train_log_score for s in own], weights=[s.train_rows for s in own])),
        float(sum(s.seconds for s in own)),
        joined([s.predictive for s in own]),
        over_folds([s.facts for s in own]),
        any(s.counts is not None for s in own),
    )

"""Fits set side by side on rows that none of them was fitted to: paired scores, standard errors, verdicts.

scores.py    one number per row: log score, Brier score, CRPS
paired.py    differences over the same rows, and what can be said of them
table.py     the `Comparison`: table, rows, notes
compare.py   `compare(fits, test)`, and what it refuses
"""

from __future__ import annotations

from .compare import compare, refuse_measures, score_fit
from .paired import Difference, paired_difference
from .scores import brier_score, crps_normal, crps_sample, second_score_name
from .table import Comparison, RowScores, assemble

__all__ = [
    "Comparison",
    "Difference",
    "RowScores",
    "assemble",
    "brier_score",
    "compare",
    "crps_normal",
    "crps_sample",
    "paired_difference",
    "refuse_measures",
    "score_fit",
    "second_score_name",
]

"""Fits set side by side on rows that none of them was fitted to: paired scores, standard errors, verdicts.

`scores` gives one number per row (the log score and, by the `rules`, Brier's, the ranked probability score or the
CRPS), `calibration` where each row was seen in its predictive distribution, `complexity` what a fit cost, `paired`
differences over the same rows and what can be said of them, `rows` a method's scores joined over folds, `table` the
`Comparison`, `notes` the sentences under it, `foreign` the scores of anybody's NumPyro function, `refusals` what must
not be set side by side, `compare` the door. Nothing here asks how a fit was made: a point is a predictive distribution
of one draw.
"""

from __future__ import annotations

from .compare import compare, score_fit, weight_notes
from .paired import Difference, paired_difference
from .refusals import refuse_measures
from .rows import RowScores
from .rules import (
    brier_levels,
    brier_score,
    crps_normal,
    crps_sample,
    has_levels,
    is_binary,
    ranked_probability_score,
    second_score_name,
)
from .table import Comparison, assemble

__all__ = [
    "Comparison",
    "Difference",
    "RowScores",
    "assemble",
    "brier_levels",
    "brier_score",
    "compare",
    "crps_normal",
    "crps_sample",
    "has_levels",
    "is_binary",
    "paired_difference",
    "ranked_probability_score",
    "refuse_measures",
    "score_fit",
    "second_score_name",
    "weight_notes",
]

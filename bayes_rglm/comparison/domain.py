"""Rows that a fit under a restricted link predicts no mean for."""

from __future__ import annotations

import numpy as np

from .. import evaluation
from ..design import Design
from ..gates import Label
from ..prediction import as_rows, score_blocks
from ..results import Fit
from .scores import draw_weights

NAMED = 5


def outside_labels(fit: Fit, design: Design) -> list[Label]:
    """The label, if any, of rows that lie outside the link's domain under most draws, or under the point estimate."""
    link = fit.problem.program.link
    if not link.restricted:
        return []
    rows, share = as_rows(design), np.empty(design.n)
    for part in score_blocks(fit, design.n):
        block = {name: values[part] for name, values in rows.items()}
        outside = ~np.asarray(link.inside(evaluation.linear_predictors(fit.problem, fit.draws.samples, block)))
        outside = outside.reshape(-1, *outside.shape[2:])
        outside = outside.any(axis=-1) if outside.ndim > 2 else outside
        share[part] = np.average(outside, axis=0, weights=draw_weights(fit))
    bad = np.flatnonzero(share > 0.5)
    if not bad.size:
        return []
    named = ", ".join(str(design.index[i]) for i in bad[:NAMED]) + ", ..." * (len(bad) > NAMED)
    most = "" if fit.is_point else " under most draws"
    message = f"{len(bad)} of {design.n} rows lie outside the domain of the link {link.name!r}{most}: {named}"
    return [Label("outside_domain", message, f"use the link {link.deep or 'log'!r}, whose domain has no end")]

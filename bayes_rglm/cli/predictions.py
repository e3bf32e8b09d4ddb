"""Predictions of rows as a csv table: one line per row."""

from __future__ import annotations

import csv
import io
import itertools
from typing import Any

import numpy as np

from ..errors import EstimatorError
from ..prediction import predict
from ..results import Fit

KINDS = ("mean", "linear", "outcome")
ROW, STATISTICS = ("row", "level"), ("mean", "sd", "q05", "q95")
LEVELS = (0.05, 0.95)


def as_csv(fit: Fit, data: Any, kind: str, seed: int) -> str:
    """Mean, sd, 5 % and 95 % points over draws of each row; of a point estimate the mean alone.

    Where a row has a number per level of the response, it has a line per level.
    """
    if kind not in KINDS:
        raise EstimatorError(
            "There is no such kind of prediction here.", found=repr(kind), do=f"one of {', '.join(KINDS)}"
        )
    if kind == "outcome" and fit.is_point:
        raise EstimatorError(
            "Outcomes of a point estimate are one simulation, not a distribution.",
            found=f"{fit.label!r} is a point",
            do="predict the mean, or fit with a sampler",
        )
    found = predict(fit, data, kind, seed=seed)
    labels = [found[dim].values.tolist() for dim in found.dims[2:]]
    values = found.values.reshape(-1, int(np.prod([len(own) for own in labels])))
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n").writerow
    write((*ROW[: len(labels)], *STATISTICS))
    for label, row in zip(itertools.product(*labels), summaries(values, fit.draws.log_weights), strict=True):
        write([*label, *("" if np.isnan(x) else repr(float(x)) for x in row)])
    return file.getvalue()


def summaries(values: np.ndarray, log_weights: np.ndarray | None) -> np.ndarray:
    """(n, 4): mean, sd, 5 % and 95 % points of `values` (draws, n); all but the mean are NaN for a single draw."""
    if len(values) == 1:
        return np.column_stack([values[0], np.full((values.shape[1], 3), np.nan)])
    weights = None
    if log_weights is not None:
        weights = np.exp(np.ravel(log_weights) - np.max(log_weights))
    mean = np.average(values, axis=0, weights=weights)
    sd = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
    if weights is None:
        low, high = np.quantile(values, LEVELS, axis=0)
    else:
        spread = np.broadcast_to(weights[:, None], values.shape)
        low, high = np.quantile(values, LEVELS, axis=0, weights=spread, method="inverted_cdf")
    return np.column_stack([mean, sd, low, high])

"""The sentences under a comparison: what its numbers speak of, and which of them not to trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import binom

from ..gates import Label
from .calibration import TAIL
from .paired import HEAVY_TAIL, Difference
from .rows import MethodScores

FEW_ROWS = 100


def notes_of(
    methods: Sequence[MethodScores], differences: Mapping[str, Difference], folds: int, second: str
) -> list[str]:
    """Notes on standard errors and on the score called `second`, then on each method; the first is the reference."""
    reference, *others = methods
    notes = [*_standard_errors(len(reference.log_score), folds), _calibration(methods)]
    if reference.unscored:
        rows = f"{reference.unscored} of {len(reference.second)} test rows"
        notes.append(f"{second.upper()}: {rows} were seen only as intervals and have none; it is that of the others.")
    for method in methods:
        notes += [_label(method, label) for label in method.labels if label.name != "ok"]
        if method.infinite:
            notes.append(_density_zero(method))
    return notes + [_tail(m.name, differences[m.name]) for m in others if _heavy(differences[m.name])]


def _standard_errors(n: int, folds: int) -> list[str]:
    if folds > 1:
        first = (
            f"Standard errors are clustered by {folds} folds, {folds - 1} degrees of freedom, with the correction of "
            "Nadeau and Bengio for training sets that overlap; verdicts use Student's t."
        )
    else:
        first = (
            f"Standard errors speak of these fits on {n} test rows; they do not cover the variation of training on "
            "other rows."
        )
    return [first] + ([f"With {n} test rows, fewer than {FEW_ROWS}, standard errors are optimistic."] * (n < FEW_ROWS))


def _calibration(methods: Sequence[MethodScores]) -> str:
    """What the columns of calibration are of this response, or why there are none."""
    found = methods[0].predictive
    if found is None:
        return "No PIT and no coverage: they need one response whose values have an order."
    randomised = bool(np.any(found.below != found.upto))
    p = f"PIT p: uniformity of u = F(y) over test rows{', randomised within what was seen' if randomised else ''}"
    if found.width is None:
        return f"{p}. A discrete response has no coverage column: its calibrated intervals cover more than they say."
    n = len(found.below)
    low, high = binom.ppf((0.025, 0.975), n, 1.0 - 2.0 * TAIL) / n
    return f"{p}; cov90: a calibrated method covers {100 * low:.0f} to {100 * high:.0f} % of {n} rows, 19 times in 20."


def _label(method: MethodScores, label: Label) -> str:
    folds, often = len(method.by_fold), sum(label.name in names for names in method.by_fold)
    where = f" (in {often} of {folds} folds)" if folds > 1 else ""
    infinite = label.name == "mle_infinite"
    more = " It is scored where its optimiser stopped; going on would change the scores." if infinite else ""
    return f"{method.name}{where}: {label}.{more}"


def _density_zero(method: MethodScores) -> str:
    return (
        f"{method.name}: {method.infinite} of {len(method.log_score)} test rows have density 0 under it (log score "
        "-inf); they are counted, so its mean is -inf."
    )


def _heavy(d: Difference) -> bool:
    return bool(np.isfinite(d.tail) and d.tail > HEAVY_TAIL)


def _tail(name: str, d: Difference) -> str:
    return (
        f"{name}: a few rows carry its difference (Pareto k-hat {d.tail:.2f}), so its standard error is not to be "
        f"trusted; the median row differs by {d.median:.3g}, and it does better on {100 * d.won:.0f} % of rows."
    )

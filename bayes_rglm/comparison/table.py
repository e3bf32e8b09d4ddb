"""`Comparison`: the table of methods, the rows behind it, and the notes that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..gates import Label, ordered
from .paired import HEAVY_TAIL, Difference, paired_difference

SHOWN_DIGITS = 3


@dataclass(frozen=True, eq=False)
class RowScores:
    """One method's scores on the test rows of one fold; arrays are (test rows,).

    `train_log_score` is the mean over the rows that the fit was made from, `counts` the observations a test row stands for
    (None: one each).
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


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Methods compared on the same held-out rows.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per method, the best mean log score first: status, log_score (mean per test row), difference (sum over test
        rows of the paired difference to the reference; negative is worse), se (its standard error), verdict, brier or crps
        (mean; lower is better), train_log_score, gap (train minus test, per row), seconds, rows_inf (test rows scored -inf),
        median and won (of the row differences: their median, and the share of rows where the method is better).
    rows : pandas.DataFrame
        Long: method, fold, obs, log_score, brier or crps, train (False: all of these are held out).
    reference : str
        The method that differences refer to: the best.
    notes : tuple of str
        What the standard errors speak of, rows scored -inf, labels, failures.
    n_test : int
        Test rows, over all folds.
    """

    table: Any
    rows: Any
    reference: str
    notes: tuple[str, ...]
    n_test: int

    def __repr__(self) -> str:
        body = self.table.to_string(float_format=lambda x: f"{x:.{SHOWN_DIGITS}f}", na_rep="")
        return "\n".join([body, "", *(f"- {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        from html import escape

        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        body = self.table.to_html(float_format=lambda x: f"{x:.{SHOWN_DIGITS}f}", na_rep="")
        return f"{body}<ul>{notes}</ul>"


@dataclass(frozen=True, eq=False)
class _Method:
    """A method's scores over all folds, joined."""

    name: str
    labels: tuple[Label, ...]
    folds: tuple[tuple[str, ...], ...]
    log_score: np.ndarray
    second: np.ndarray
    counts: np.ndarray
    train: float
    seconds: float
    infinite: int = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "infinite", int(np.isneginf(self.log_score).sum()))

    @property
    def mean(self) -> float:
        return float(np.average(self.log_score, weights=self.counts))

    def rank(self) -> tuple[float, ...]:
        """Best first: fewest rows of density 0, then the mean over the others."""
        finite = np.isfinite(self.log_score)
        rest = np.average(self.log_score[finite], weights=self.counts[finite]) if finite.any() else -np.inf
        return (self.infinite, -float(rest))


def assemble(
    scores: Sequence[RowScores],
    second: str,
    failures: Mapping[str, str] | None = None,
    skipped: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Comparison:
    """The comparison of methods scored on the same rows of the same folds.

    Parameters
    ----------
    scores : sequence of RowScores
        Every method on every fold.
    second : "brier" or "crps"
    failures : {method: message}
        Methods that failed: they stand in the table with status "failed".
    skipped : names of methods that were not run
    """
    import pandas as pd

    methods = sorted((_join(name, scores) for name in dict.fromkeys(s.method for s in scores)), key=_Method.rank)
    reference = methods[0]
    own = [s for s in scores if s.method == reference.name]
    fold = np.concatenate([np.full(len(s.obs), s.fold) for s in own])
    share = np.mean([len(s.obs) for s in own]) / np.mean([s.train_rows for s in own])
    differences = {
        m.name: paired_difference(m.log_score, reference.log_score, m.counts, fold, float(share)) for m in methods
    }
    lines = [_line(m, differences[m.name], second, m is reference) for m in methods]
    lines += [_absent(name, "failed") for name in failures or {}] + [_absent(name, "not run") for name in skipped]
    table = pd.DataFrame(lines).set_index("method")
    said = (
        *_standard_error_notes(reference, len(own)),
        *_method_notes(methods, differences, reference),
        *(f"{name} failed: {' '.join(message.split())}" for name, message in (failures or {}).items()),
        *(f"{name} was not run." for name in skipped),
        *notes,
    )
    return Comparison(table, _long(scores, second), reference.name, tuple(said), len(fold))


def _join(name: str, scores: Sequence[RowScores]) -> _Method:
    own = [s for s in scores if s.method == name]
    counts = [np.ones(len(s.obs)) if s.counts is None else s.counts for s in own]
    return _Method(
        name,
        ordered([label for s in own for label in s.labels]),
        tuple(tuple(label.name for label in s.labels) for s in own),
        np.concatenate([s.log_score for s in own]),
        np.concatenate([s.second for s in own]),
        np.concatenate(counts),
        float(np.average([s.train_log_score for s in own], weights=[s.train_rows for s in own])),
        float(sum(s.seconds for s in own)),
    )


def _line(method: _Method, difference: Difference, second: str, reference: bool) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        gap = float(np.subtract(method.train, method.mean))
    return {
        "method": method.name,
        "status": method.labels[0].name,
        "log_score": method.mean,
        "difference": difference.total,
        "se": 0.0 if reference else difference.error,
        "verdict": "reference" if reference else difference.verdict,
        second: float(np.average(method.second, weights=method.counts)),
        "train_log_score": method.train,
        "gap": gap,
        "seconds": method.seconds,
        "rows_inf": method.infinite,
        "median": difference.median,
        "won": np.nan if reference else difference.won,
    }


def _absent(name: str, status: str) -> dict[str, Any]:
    return {"method": name, "status": status, "verdict": ""}


def _long(scores: Sequence[RowScores], second: str):
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "method": s.method,
                "fold": s.fold,
                "obs": s.obs,
                "log_score": s.log_score,
                second: s.second,
                "train": False,
            }
        )
        for s in scores
    ]
    return pd.concat(parts, ignore_index=True)


def _standard_error_notes(reference: _Method, folds: int) -> list[str]:
    n = len(reference.log_score)
    if folds > 1:
        notes = [
            f"Standard errors are clustered by {folds} folds, {folds - 1} degrees of freedom, with the correction of Nadeau "
            "and Bengio for training sets that overlap; verdicts use Student's t."
        ]
    else:
        notes = [
            f"Standard errors speak of these fits on {n} test rows; they do not cover the variation of training on other rows."
        ]
    if n < 100:
        notes.append(f"With {n} test rows, fewer than 100, standard errors are optimistic.")
    return notes


def _method_notes(methods: Sequence[_Method], differences: Mapping[str, Difference], reference: _Method) -> list[str]:
    notes = []
    for m in methods:
        notes += [_label_note(m, label) for label in m.labels if label.name != "ok"]
        if m.infinite:
            notes.append(
                f"{m.name}: {m.infinite} of {len(m.log_score)} test rows have density 0 under it (log score -inf); "
                "they are counted, so its mean is -inf."
            )
        d = differences[m.name]
        if m is not reference and not m.infinite and d.tail > HEAVY_TAIL:
            notes.append(
                f"{m.name}: a few rows carry its difference (Pareto k-hat {d.tail:.2f}), so its standard error is not to be "
                f"trusted; the median row differs by {d.median:.3g}, and it does better on {100 * d.won:.0f} % of rows."
            )
    return notes


def _label_note(method: _Method, label: Label) -> str:
    """What a label says; over folds also how often."""
    folds, often = len(method.folds), sum(label.name in names for names in method.folds)
    where = f" (in {often} of {folds} folds)" if folds > 1 else ""
    if label.name == "mle_infinite":
        more = " It is scored where its optimiser stopped; going on would change the scores."
    else:
        more = ""
    return f"{method.name}{where}: {label}.{more}"

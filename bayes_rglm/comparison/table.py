"""`Comparison`: the table of methods, the rows behind it, and the notes that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .notes import notes_of
from .paired import Difference, paired_difference
from .rows import MethodScores, RowScores, join
from .rules import RULES

SHOWN_DIGITS = 3


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Methods compared on the same held-out rows.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per method (the index), the best mean log score first.
        status : the gravest status label; "failed" and "not run" have no scores.
        log_score : mean per test row; higher is better.
        difference : sum over test rows of the paired difference to the reference; negative is worse.
        se : its standard error.
        verdict : "reference", "worse" or "indistinguishable".
        brier, brier_levels, rps or crps : mean per test row; lower is better. One of them, see `second`.
        train_log_score, gap : mean per training row, and its excess over the test rows' mean.
        seconds : wall time of the fits, compilation included.
        rows_inf : test rows scored -inf.
        median, won : of the row differences, their median and the share of rows where the method is better.
    rows : pandas.DataFrame
        Long: method, fold, obs, log_score, the second score, train (False: all of these rows are held out).
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

    @property
    def second(self) -> str:
        """Name of the score beside the log score: "brier", "brier_levels", "rps" or "crps"."""
        return next(name for name in RULES if name in self.rows)

    def __repr__(self) -> str:
        body = self.table.to_string(float_format=_shown, na_rep="")
        return "\n".join([body, "", *(f"- {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        from html import escape

        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"{self.table.to_html(float_format=_shown, na_rep='')}<ul>{notes}</ul>"


def _shown(x: float) -> str:
    return f"{x:.{SHOWN_DIGITS}f}"


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
    second : "brier", "brier_levels", "rps" or "crps"
    failures : {method: message}
        Methods that failed: they stand in the table with status "failed".
    skipped : sequence of str
        Methods that were not run.
    notes : sequence of str
        More notes, put last.
    """
    import pandas as pd

    failures = dict(failures or {})
    methods = sorted((join(name, scores) for name in dict.fromkeys(s.method for s in scores)), key=MethodScores.rank)
    reference = methods[0]
    own = [s for s in scores if s.method == reference.name]
    fold = np.concatenate([np.full(len(s.obs), s.fold) for s in own])
    share = float(np.mean([len(s.obs) for s in own]) / np.mean([s.train_rows for s in own]))
    differences = {m.name: paired_difference(m.log_score, reference.log_score, m.counts, fold, share) for m in methods}
    lines = [_line(m, differences[m.name], second, m is reference) for m in methods]
    lines += [_absent(name, "failed") for name in failures] + [_absent(name, "not run") for name in skipped]
    said = notes_of(methods, differences, len(own), second)
    said += [f"{name} failed: {' '.join(message.split())}" for name, message in failures.items()]
    said += [f"{name} not run: the study was stopped before it." for name in skipped]
    table = pd.DataFrame(lines).set_index("method").astype({"rows_inf": "Int64"})
    return Comparison(table, _long(scores, second), reference.name, (*said, *notes), len(fold))


def _line(method: MethodScores, difference: Difference, second: str, reference: bool) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        gap = float(np.subtract(method.train, method.mean))
    return {
        "method": method.name,
        "status": method.labels[0].name,
        "log_score": method.mean,
        "difference": difference.total,
        "se": 0.0 if reference else difference.error,
        "verdict": "reference" if reference else difference.verdict,
        second: method.mean_second,
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

    columns = ("method", "fold", "obs", "log_score")
    parts = [
        pd.DataFrame({name: getattr(s, name) for name in columns} | {second: s.second, "train": False}) for s in scores
    ]
    return pd.concat(parts, ignore_index=True)

"""`Comparison`: the table of methods, the rows behind it, and the notes that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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
        cov90, width90 : share of test rows inside their 90 % predictive interval, and its mean width; NaN for a
        discrete response.
        pit_p : p-value of the uniformity of the rows' probability integral transforms; NaN for unordered levels.
        train_log_score, gap : mean per training row, and its excess over the test rows' mean.
        parameters, effective : free numbers, and p_loo of draws that stand for a posterior.
        gradients : passes over the training rows with a gradient, where the estimator counts them.
        r_hat, k_hat : the worst of what chains were judged by; that of an approximation's importance ratios.
        seconds : wall time of the fits, compilation included.
        rows_inf : test rows scored -inf.
        median, won, tail : of the row differences, their median, the share of rows where the method is better, and the
        Pareto k-hat of their size: above 0.7 `se` is not to be trusted.
    rows : pandas.DataFrame
        Long: method, fold, obs, log_score, the second score, pit, train (False: all of these rows are held out).
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

    def text(self, wide: bool = False) -> str:
        """The table as text, without the notes: its main columns, or all of them (`wide`)."""
        return self._written(wide).to_string()

    def __repr__(self) -> str:
        return "\n".join([self.text(), "", *(f"- {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        from html import escape

        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"{self._written(False).to_html()}<ul>{notes}</ul>"

    def _written(self, wide: bool):
        import pandas as pd

        frame = self.table
        names = [name for name in frame if wide or (name in (*MAIN, self.second) and frame[name].notna().any())]
        cells = {name: [_cell(name, value) for value in self.table[name]] for name in names}
        return pd.DataFrame(cells, index=self.table.index.rename(None))


MAIN = ("status", "log_score", "difference", "se", "verdict", "cov90", "pit_p", "gap", "seconds")


def _shown(x: float) -> str:
    return f"{x:.{SHOWN_DIGITS}f}"


def _whole(x: float) -> str:
    return f"{x:.0f}"


def _chance(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "<.001"


DIGITS = {
    "cov90": lambda x: f"{x:.2f}",
    "pit_p": _chance,
    "parameters": _whole,
    "effective": lambda x: f"{x:.1f}",
    "gradients": _whole,
    "rows_inf": _whole,
    "seconds": lambda x: f"{x:.1f}" if x >= 0.1 else f"{x:.2f}",
}


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if np.isnan(value := float(value)) else DIGITS.get(name, _shown)(value)


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
    return Comparison(table, _long(scores, methods, second), reference.name, (*said, *notes), len(fold))


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
        "cov90": method.coverage,
        "width90": method.width,
        "pit_p": method.pit_p,
        "train_log_score": method.train,
        "gap": gap,
        **asdict(method.facts),
        "seconds": method.seconds,
        "rows_inf": method.infinite,
        "median": difference.median,
        "won": np.nan if reference else difference.won,
        "tail": np.nan if reference else difference.tail,
    }


def _absent(name: str, status: str) -> dict[str, Any]:
    return {"method": name, "status": status, "verdict": ""}


def _long(scores: Sequence[RowScores], methods: Sequence[MethodScores], second: str):
    import pandas as pd

    columns = ("method", "fold", "obs", "log_score")
    rows = [pd.DataFrame({name: getattr(s, name) for name in columns} | {second: s.second}) for s in scores]
    found = pd.concat(rows, ignore_index=True)
    for method in methods:
        found.loc[found["method"] == method.name, "pit"] = method.pit
    return found.assign(train=False)

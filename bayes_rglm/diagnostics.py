"""`diagnose`: named checks of one fit, each with a verdict, what was seen and what to do.

Draws are judged by their function, not by their weights: R-hat and effective sample sizes of linear predictors at
reference rows, of the log density and of auxiliary values (at depth 1 of every site). What cannot be said of a fit is
"not applicable", and then there is no number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import gates, glm
from .results import Fit, check_fit
from .summaries import ROWS_PER_PARAMETER, predictors_in_words

VERDICTS = ("ok", "warning", "failed", "not applicable")
BFMI_LEAST, DEEPEST_SHARE, ESS_FAILED, SAME_OPTIMUM = 0.3, 0.05, 10, 0.01
GRAVE = ("not_stationary", "mle_infinite", "mle_degenerate", "not_a_mode", "chain_mixture", "outside_domain")


@dataclass(frozen=True)
class Check:
    """One check: `value` is None where there is no number to give."""

    name: str
    verdict: str
    value: float | None = None
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The checks of one fit.

    Attributes
    ----------
    label : str
        The fit's name.
    labels : tuple of Label
        Its status labels, the gravest first.
    checks : tuple of Check
    """

    label: str
    labels: tuple[gates.Label, ...]
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether the status is "ok" and no check warned or failed."""
        return self.labels[0].name == "ok" and all(check.verdict in ("ok", "not applicable") for check in self.checks)

    def __getitem__(self, name: str) -> Check:
        return {check.name: check for check in self.checks}[name]

    @property
    def table(self):
        """A pandas table: check, verdict, value, message, advice."""
        import pandas as pd

        rows = [(c.name, c.verdict, np.nan if c.value is None else c.value, c.message, c.advice) for c in self.checks]
        return pd.DataFrame(rows, columns=["check", "verdict", "value", "message", "advice"]).set_index("check")

    def __repr__(self) -> str:
        lines = [f"{self.label}: {self.labels[0].name}"]
        for label in self.labels:
            if label.name != "ok":
                lines.append(f"  {label}" + (f" -> {label.advice}" if label.advice else ""))
        width = max(len(check.name) for check in self.checks)
        for check in self.checks:
            value = "" if check.value is None else f"{check.value:.4g}"
            advice = f" -> {check.advice}" if check.advice else ""
            lines.append(f"  {check.name:<{width}}  {check.verdict:<14}  {value:>8}  {check.message}{advice}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        labels = "; ".join(escape(str(label)) for label in self.labels)
        table = self.table.to_html(na_rep="", float_format=lambda x: f"{x:.4g}")
        return f"<p><b>{escape(self.label)}</b>: {labels}</p>{table}"


def diagnose(fit: Fit) -> Diagnosis:
    """Named checks of `fit`, the status labels first.

    Draws: R-hat, bulk and tail ESS, divergences, E-BFMI, tree depth. Point estimates: existence, rank, gradient,
    restarts, rows per parameter. The others are listed as "not applicable".
    """
    check_fit(fit, "diagnose")
    checks = [*_chain_checks(fit), *_point_checks(fit)]
    known = {name for check in checks for name in _LABELS_OF.get(check.name, ())}
    for label in fit.labels:
        if label.name not in (*known, "ok"):
            verdict = "failed" if label.name in GRAVE else "warning"
            checks.append(Check(label.name, verdict, None, label.message, label.advice))
    return Diagnosis(fit.label, fit.labels, tuple(checks))


# Labels that a check speaks about; any other label of a fit gets a line of its own.
_LABELS_OF = {
    "R-hat": ("chain_mixture", "not_stationary", "slow_mixing"),
    "existence": ("mle_infinite", "mle_degenerate"),
    "rank": ("rank_deficient",),
    "gradient": ("not_a_mode",),
}


# draws ---------------------------------------------------------------------------------------------------------------


def _chain_checks(fit: Fit) -> list[Check]:
    names: dict[str, Callable[[Fit], Check]] = {
        "R-hat": _rhat,
        "bulk ESS": lambda f: _ess(f, "bulk"),
        "tail ESS": lambda f: _ess(f, "tail"),
        "divergences": _divergences,
        "E-BFMI": _bfmi,
        "tree depth": _tree_depth,
    }
    if fit.draws.kind == "mcmc":
        left = [_left_domain(fit)] if "left_domain" in fit.draws.stats else []
        return [check(fit) for check in names.values()] + left
    what = "a point estimate has no chains" if fit.is_point else "these draws are not from a Markov chain"
    return [Check(name, "not applicable", None, what) for name in names]


def _judged(fit: Fit) -> str:
    if fit.problem.depth is None:
        return "all sites"
    rows = predictors_in_words(fit)
    where = rows if "predictors" in rows else f"the linear predictor at {rows}"
    if fit.problem.depth == 1:
        return f"all parameters and {where}"
    return f"{where}, log density, auxiliary values; weights are not judged, units can swap"


def _rhat(fit: Fit) -> Check:
    functions, scalars = fit.function_summary, fit.scalar_summary
    values = np.concatenate([functions.rhat, scalars.rhat])
    if np.shape(next(iter(fit.draws.samples.values())))[0] < 2:
        return Check("R-hat", "not applicable", None, "one chain cannot disagree with another", "run several chains")
    if not values.size or not np.isfinite(values).any():
        return Check("R-hat", "not applicable", None, "no quantity varies, or there are too few draws")
    worst = float(np.nanmax(values))
    fine = (
        (not functions.rhat.size or np.mean(functions.rhat <= gates.RHAT_MAX) >= 0.95)
        and worst <= gates.RHAT_WORST
        and bool(np.all(scalars.rhat <= gates.RHAT_MAX))
    )
    label = next((x for x in fit.labels if x.name in _LABELS_OF["R-hat"] and "R-hat" in x.message), None)
    grave = worst > gates.RHAT_WORST or (label is not None and label.name in GRAVE)
    verdict = "ok" if fine else "failed" if grave else "warning"
    advice = "" if fine else label.advice if label is not None else "draw more: NUTS(draws=...)"
    if advice and fit.problem.depth not in (None, 1):
        advice += "; look at rglm.functions(fit), and compare predictions chain by chain"
    return Check("R-hat", verdict, worst, f"worst of {_judged(fit)}", advice)


def _ess(fit: Fit, kind: str) -> Check:
    name = f"{kind} ESS"
    values = np.concatenate([getattr(s, f"ess_{kind}") for s in (fit.function_summary, fit.scalar_summary)])
    if not values.size or not np.isfinite(values).any():
        return Check(name, "not applicable", None, "no quantity varies, or there are too few draws")
    chains = np.shape(next(iter(fit.draws.samples.values())))[0]
    least, smallest = gates.ESS_PER_CHAIN * chains, float(np.nanmin(values))
    verdict = "ok" if smallest >= least else "failed" if smallest < ESS_FAILED * chains else "warning"
    advice = "" if verdict == "ok" else "draw more: NUTS(draws=...)"
    return Check(name, verdict, smallest, f"smallest; {least} wanted ({gates.ESS_PER_CHAIN} per chain)", advice)


def _divergences(fit: Fit) -> Check:
    if "diverging" not in fit.draws.stats:
        return _untold("divergences")
    diverging = np.asarray(fit.draws.stats["diverging"])
    share = float(diverging.mean())
    verdict = "failed" if share > gates.DIVERGENT_SHARE else "warning" if share > 0 else "ok"
    advice = "" if share == 0 else "raise target_accept towards 0.99, or use a less extreme prior"
    message = f"{int(diverging.sum())} of {diverging.size} transitions; share"
    return Check("divergences", verdict, share, message, advice)


def _left_domain(fit: Fit) -> Check:
    left = np.asarray(fit.draws.stats["left_domain"])
    message = f"{int(left.sum())} of {left.size} transitions met it and were cut short, which costs draws; share"
    return Check("end of the domain", "ok", float(left.mean()), message)


def _bfmi(fit: Fit) -> Check:
    from arviz_stats.base import array_stats

    if "energy" not in fit.draws.stats:
        return _untold("E-BFMI")
    values = np.atleast_1d(array_stats.bfmi(np.asarray(fit.draws.stats["energy"], float)))
    worst = float(np.min(values))
    message = f"smallest of {values.size} chains; {BFMI_LEAST} wanted"
    if worst < BFMI_LEAST:
        advice = "heavy tails are explored slowly: a lighter-tailed prior, or more draws"
        return Check("E-BFMI", "warning", worst, message, advice)
    return Check("E-BFMI", "ok", worst, message)


def _tree_depth(fit: Fit) -> Check:
    if "reached_max_treedepth" not in fit.draws.stats:
        return _untold("tree depth")
    share = float(np.mean(fit.draws.stats["reached_max_treedepth"]))
    often = share > DEEPEST_SHARE
    advice = "raise max_tree_depth: draws are dear, but not wrong" if often else ""
    return Check("tree depth", "warning" if often else "ok", share, "share of transitions at the deepest tree", advice)


def _untold(name: str) -> Check:
    return Check(name, "not applicable", None, "the sampler did not record it")


# points --------------------------------------------------------------------------------------------------------------


def _point_checks(fit: Fit) -> list[Check]:
    if not fit.is_point:
        names = ("existence", "rank", "gradient", "restarts", "rows per parameter")
        known = _mode_checks(fit)
        absent = [Check(name, "not applicable", None, "these are draws, not an optimum") for name in names]
        return known + [check for check in absent if check.name not in {c.name for c in known}]
    return [_existence(fit), _rank(fit), _gradient(fit), _restarts(fit), _rows_per_parameter(fit)]


def _mode_checks(fit: Fit) -> list[Check]:
    """Of draws around a mode, and of several optima: how they were found, and how far they are from the posterior."""
    info = fit.draws.info
    checks = [_gradient(fit)] if fit.draws.kind == "approximation" and "gradient" in info else []
    if fit.draws.kind in ("approximation", "mixture") and len(info.get("optima") or ()) > 1:
        found = _restarts(fit)
        own = fit.draws.kind == "mixture"  # optima that differ are what a mixture is for
        checks.append(Check("restarts", "ok", found.value, found.message) if own else found)
    return checks + ([_khat(fit)] if "khat" in info else [])


def _khat(fit: Fit) -> Check:
    value, largest = float(fit.draws.info["khat"]), gates.khat_max(int(np.prod(_shape(fit))))
    if fit.problem.depth not in (None, 1):
        said = "in the space of a network's weights it says nothing of the function: judge by held-out scores"
        return Check("k-hat", "not applicable", None, said)
    message = f"of the ratios between posterior and approximation; below {largest:.2f} wanted"
    if value < largest:
        return Check("k-hat", "ok", value, message)
    return Check("k-hat", "warning", value, message, "use NUTS where intervals of parameters matter")


def _shape(fit: Fit) -> tuple[int, ...]:
    return np.shape(next(iter(fit.draws.samples.values())))[:2]


def _label(fit: Fit, *names: str) -> gates.Label | None:
    return next((label for label in fit.labels if label.name in names), None)


def _existence(fit: Fit) -> Check:
    label = _label(fit, "mle_infinite", "mle_degenerate")
    if label is not None:
        return Check("existence", "failed", None, label.message, label.advice)
    if not _is_ml(fit):
        return Check("existence", "not applicable", None, "asked of maximum likelihood only")
    return Check("existence", "ok", None, "a finite maximum was found")


def _rank(fit: Fit) -> Check:
    if "rank" not in fit.draws.info:
        return Check("rank", "not applicable", None, "asked of maximum likelihood at depth 1 only")
    label = _label(fit, "rank_deficient")
    rank = float(fit.draws.info["rank"])
    if label is not None:
        return Check("rank", "warning", rank, label.message, label.advice)
    columns = fit.design is not None and rank == fit.design.p + fit.design.intercept
    what = "columns, the intercept included," if columns else "parameters"
    return Check("rank", "ok", rank, f"{what} that can be told apart")


def _gradient(fit: Fit) -> Check:
    value: Any = fit.draws.info.get("gradient")
    label = _label(fit, "not_a_mode")
    if label is not None:
        return Check("gradient", "failed", value, label.message, label.advice)
    if value is None:
        return _untold("gradient")
    return Check("gradient", "ok", float(value), "largest entry of the mean gradient at the optimum")


def _restarts(fit: Fit) -> Check:
    optima = fit.draws.info.get("optima")
    if not optima or len(optima) < 2:
        return Check("restarts", "not applicable", None, "one start: at depth 1 the optimum is nearly always unique")
    optima = np.sort(np.asarray(optima, float))[::-1]
    gap, best = float(optima[0] - optima[1]), int(np.sum(optima > optima[0] - SAME_OPTIMUM))
    message = f"{best} of {len(optima)} starts reached the best; its log density above the next"
    if best == 1:
        return Check("restarts", "warning", gap, message, "more starts: the best was found once")
    return Check("restarts", "ok", gap, message)


def _rows_per_parameter(fit: Fit) -> Check:
    if not _is_ml(fit):
        return Check("rows per parameter", "not applicable", None, "a prior stands in for rows")
    size = fit.draws.info.get("rank") or fit.problem.size
    rows = glm.rows(fit.problem)
    ratio = rows / max(1, size)
    message = f"{rows:.10g} rows, {size} parameters"
    if ratio < ROWS_PER_PARAMETER:
        return Check("rows per parameter", "warning", ratio, message, "use a proper prior; no intervals are given")
    return Check("rows per parameter", "ok", ratio, message)


def _is_ml(fit: Fit) -> bool:
    return fit.estimator is not None and fit.estimator.name.startswith("ml") and fit.is_point


__all__ = ["Check", "Diagnosis", "diagnose"]

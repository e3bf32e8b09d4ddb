"""The parts of a page that speak of fits: figures of what they found, estimates, diagnosis, claims."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np

from .. import plots
from ..comparison import rules
from ..comparison.scores import is_binary
from ..design import Design
from ..diagnostics import Check, diagnose
from ..plots.numbers import NOTHING, count, exact, number
from ..results import Fit
from .markup import Markup, join, paragraph, section, table, tag
from .scores import chip
from .vector import both
from .words import claim

VERDICT_SIGN = {"ok": "good", "warning": "careful", "failed": "grave"}
MOST_ROWS = 40
DIFFERENT = (
    "The methods have different coefficients (levels of the response with coefficients of their own, or not), so no "
    "figure shows them side by side; fit.summary() of each has them."
)


def findings_section(fits: Mapping[str, Fit], rows: Design | None) -> Markup:
    """Figures of what the fits found and predict; `rows` are held out, or None for the fitted ones."""
    shown = {name: fit for name, fit in fits.items() if fit.model is not None and fit.design is not None}
    figures = []
    if shown and all(fit.problem.depth == 1 and fit.design.p for fit in shown.values()):
        figures.append(_coefficients(shown) if plots.same_coefficients(shown) else paragraph(DIFFERENT))
    if shown and plots.drawable(shown):
        figures.append(_surfaces(shown))
    if shown:
        figures.append(_predictions(shown, rows))
    title = "What each method found" if len(fits) > 1 else "What was found"
    return section(title, *figures, slug="findings") if figures else Markup("")


def _coefficients(fits: Mapping[str, Fit]) -> Markup:
    found = plots.estimates(fits)
    infinite = sorted({e.method for e in found if np.isinf(e.value)})
    said = [f"{e.column}, {e.method}: {number(e.value, 2)}" for e in found[:60]]
    caption = (
        "Change of the linear predictor when the column moves by one standard deviation. Bars: 95 % intervals, for "
        "draws their central 95 %, for maximum likelihood Wald's and only where the theory holds. A point without a "
        "bar claims none. Arrows: values beyond the axis."
    )
    more = f" {', '.join(infinite)}: no finite value exists, the arrows show the direction." if infinite else ""
    alt = "Coefficients per standard deviation. " + "; ".join(said) + "."
    draw = lambda width: plots.coefficients(fits, width=width)  # noqa: E731
    return both(draw, "coefficients", alt, join((tag("strong", "Coefficients. "), caption, more)))


def _surfaces(fits: Mapping[str, Fit]) -> Markup:
    fit = next(iter(fits.values()))
    columns = " and ".join(fit.design.columns) + (", as a share of the trials" if fit.design.trials is not None else "")
    points = "training rows: circles are 0, triangles are 1" if is_binary(fit.model.family) else "training rows"
    caption = (
        f"What each method predicts over {columns}. Points: {points}. "
        + ("The thick line is probability one half." if is_binary(fit.model.family) else "")
        if fit.design.p == 2
        else f"What each method predicts over {columns}. Points: {points}. Band: 90 % of the mean over draws."
    )
    found = {name: plots.surface(fit) for name, fit in fits.items()}
    draw = lambda width: plots.surfaces(fits, width=width, found=found)  # noqa: E731
    return both(
        draw,
        "surfaces",
        f"Predicted mean over {columns}, a panel per method.",
        join((tag("strong", "The function. "), caption)),
    )


def _predictions(fits: Mapping[str, Fit], rows: Design | None) -> Markup:
    which = "held-out rows" if rows is not None else "fitted rows, which flatters"
    found, n = plots.checked(fits, rows)
    draw = lambda width: plots.predictions(fits, rows, width=width, found=found)  # noqa: E731
    kind = rules.kind_of(next(iter(fits.values())).model.family)
    if kind != rules.NUMBER:
        pooled = "" if kind == rules.BINARY else " All levels are pooled: each row is a prediction for each level."
        caption = (
            f"Predicted probability against how often it happened, on {which}: on the diagonal a prediction means what "
            "it says. The steps are the monotone curve nearest to the data (no bins). Strokes: rows where it happened "
            "(top) and where it did not (bottom); strokes at the wrong end were confident and wrong." + pooled
        )
        alt = f"Reliability of predicted probabilities on {which}, a panel per method."
    else:
        said = "; ".join(f"{name}: {i.outside} of {i.known} rows outside" for name, i in found.items())
        caption = (
            f"90 % predictive intervals of {which} (bars) with their mean (tick), and what was observed (circle: "
            "inside, dot: outside). About one row in ten belongs outside; fewer where values repeat, as counts do."
            + _selection(n, len(next(iter(found.values())).mean))
        )
        alt = f"Predictive intervals and observed values on {which}. {said}."
    return both(draw, "predictions", alt, join((tag("strong", "Predictions against what happened. "), caption)))


def _selection(n: int, checked: int) -> str:
    """Which rows a figure of intervals holds, where it is not all of them."""
    if n <= plots.MOST_ROWS:
        return ""
    counted = "" if checked == n else f"; rows outside are counted among {count(checked, 'row')}, spaced likewise"
    return f" Drawn are {plots.MOST_ROWS} of {count(n, 'row')}, evenly spaced in order of the observed value{counted}."


def estimates_section(fit: Fit) -> Markup:
    """The summary of one fit as a table; the status stands in it where it differs from row to row."""
    frame = fit.summary()
    columns = [c for c in frame.columns if not c.startswith("mcse") and not c.endswith("_ub")]
    columns = [c for c in columns if c != "status" or frame["status"].nunique() > 1]
    head = ["Parameter", *(_heading(c) for c in columns)]
    rows = [[name, *(_cell(line, c) for c in columns)] for name, line in frame.iterrows()]
    more = len(rows) - MOST_ROWS
    caption = "Estimates in the units of the data." + (f" {more} more are in fit.summary()." if more > 0 else "")
    numeric = {j for j, c in enumerate(columns, 1) if c != "status"}
    return section("Estimates", table(head, rows[:MOST_ROWS], caption, numeric=numeric), slug="estimates")


def _heading(column: str) -> str:
    """A column of a summary in words; the bounds of an interval share one."""
    interval = re.fullmatch(r"(?:eti|hdi)(\d+)_lb", column)
    if interval:
        return f"{interval.group(1)} % interval"
    return {"r_hat": "R-hat", "ess_bulk": "bulk ESS", "ess_tail": "tail ESS"}.get(column, column.replace("_", " "))


def _cell(line, column: str) -> object:
    if column == "status":
        return chip(line[column])
    if column.endswith("_lb"):
        low, high = float(line[column]), float(line[f"{column.removesuffix('_lb')}_ub"])
        return NOTHING if math.isnan(low) else f"{number(low)} to {number(high)}"
    return number(float(line[column]), 4 if column == "r_hat" else 3)


def diagnosis_section(fits: Mapping[str, Fit]) -> Markup:
    """The checks of each fit."""
    parts = [_diagnosis(name, fit) for name, fit in fits.items()]
    return section("Diagnosis", *parts, slug="diagnosis")


def _diagnosis(name: str, fit: Fit) -> Markup:
    checks = diagnose(fit).checks
    asked = [check for check in checks if check.verdict != "not applicable"]
    rows = [[c.name, _verdict(c), NOTHING if c.value is None else exact(c.value), _said(c)] for c in asked]
    absent = [check.name for check in checks if check.verdict == "not applicable"]
    after = paragraph(f"Not applicable, so no number is given: {', '.join(absent)}.", class_="notes") if absent else ""
    caption = f"Checks that apply to {name}."
    body = table(["Check", "Verdict", "Value", "What was seen"], rows, caption, numeric={2}) if rows else ""
    return join((tag("h3", name, " ", chip(fit.status)), body, after))


def _verdict(check: Check) -> Markup:
    return tag("span", check.verdict, class_=f"chip {VERDICT_SIGN.get(check.verdict, 'careful')}")


def _said(check: Check) -> str:
    return ". ".join(text for text in (check.message, check.advice and f"To do: {check.advice}") if text)


def claims_section(fits: Mapping[str, Fit]) -> Markup:
    """What each estimator may claim, and what a contrast cannot show."""
    rows = [[name, claim(fit.estimator)] for name, fit in fits.items()]
    return section(
        "What each method may claim",
        table(["Method", "Claim"], rows, "Beyond the scores above, each method supports this and no more."),
        paragraph(
            "A prior does not always win: with many rows per parameter maximum likelihood does as well, and a prior "
            "that is wrong or too tight does worse. This page speaks of these data and this split."
        ),
        slug="claims",
    )

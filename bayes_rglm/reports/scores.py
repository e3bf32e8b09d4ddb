"""The parts of a page that speak of a comparison: the answer, the table, the two figures of scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .. import plots
from ..comparison import Comparison
from ..plots.numbers import count, fixed, number, score, with_error
from ..results import Fit
from .markup import Markup, join, listing, paragraph, section, table, tag
from .vector import both
from .words import Answer, gravity, meaning

SECOND = {
    "brier": ("Brier score", "Brier score: mean squared distance of the predicted probability from what happened; "),
    "brier_levels": (
        "Brier score",
        "Brier score: squared distance of the predicted probabilities from what happened, summed over levels; ",
    ),
    "rps": (
        "RPS",
        "RPS, the ranked probability score: squared distance of the cumulative probabilities, summed over levels; ",
    ),
    "crps": ("CRPS", "CRPS: distance of the predictive distribution from what happened, in the unit of the response; "),
}


CALIBRATION = ("PIT p", "No PIT")  # how the notes on calibration begin
DIFFERENCES = (
    "Each row is scored by both methods, so the difference is paired. Left of 0 is worse. A method whose bar reaches "
    "0, or whose point lies in the shaded band (|sum| < 4), is not told apart from the best."
)
GAPS = (
    "Hollow: rows that the method was fitted to. Filled: rows that it never saw. Right is better; a filled sign "
    "to the left of its hollow one is overfitting, by the length of the line."
)


def answer_box(found: Answer) -> Markup:
    """The answer, first thing on the page."""
    details = paragraph(" ".join(found.details), class_="details") if found.details else ""
    return tag("div", paragraph(_upper(found.sentence), class_="sentence"), details, class_="answer", role="note")


def chip(status: str) -> Markup:
    """A status label; its sign says how grave it is where its colour cannot."""
    kind = gravity(status)
    sign = {"good": "✓", "careful": "!", "grave": "✕"}[kind]
    return tag("span", tag("span", f"{sign} ", aria_hidden="true"), status, class_=f"chip {kind}")


def statuses(items) -> Markup:
    """Status labels, a line each: (method, status, message, advice)."""
    lines = []
    for method, status, message, advice in items:
        said = [paragraph(_upper(message) + ".")] if message else []
        said += [paragraph(f"{_upper(advice)}.", class_="advice")] if advice else []
        gloss = tag("span", meaning(status), class_="gloss")
        lines.append(tag("li", tag("span", method, class_="method"), tag("div", chip(status), gloss, *said)))
    return tag("ul", *lines, class_="statuses")


def scores_section(comparison: Comparison, fits: Mapping[str, Fit] | None = None) -> Markup:
    """The table with its notes, and the figures of differences and gaps; labels of `fits` are said above."""
    notes = [_unsaid(note, fits or {}) for note in comparison.notes if not note.startswith(CALIBRATION)]
    return section(
        "The contrast",
        contrast_table(comparison),
        listing(filter(None, notes), class_="notes"),
        both(
            lambda width: plots.differences(comparison, width=width),
            "differences",
            _differences_alt(comparison),
            join(
                (
                    tag("strong", f"Difference to {comparison.reference}, the best. "),
                    DIFFERENCES,
                )
            ),
        ),
        both(
            lambda width: plots.gaps(comparison, width=width),
            "gaps",
            _gaps_alt(comparison),
            join(
                (
                    tag("strong", "What was learnt and what was memorised. "),
                    GAPS,
                )
            ),
        ),
        slug="contrast",
    )


def _unsaid(note: str, fits: Mapping[str, Fit]) -> str:
    """What a note says beyond the status labels of the fits."""
    for name, fit in fits.items():
        for label in fit.labels:
            said = f"{name}: {label}."
            if note.startswith(said):
                rest = note.removeprefix(said).strip()
                return rest and f"{name}: {rest}"
    return note


def contrast_table(comparison: Comparison) -> Markup:
    """The comparison's table, rounded to what its standard errors bear."""
    frame = comparison.table
    second = comparison.second
    name, explained = SECOND[second]
    head = [
        "Method",
        "Status",
        "Held-out log score",
        "Difference ± s.e.",
        "Verdict",
        name,
        "Training log score",
    ]
    rows = [_row(method, line, comparison, second) for method, line in frame.iterrows()]
    caption = (
        "Log score: the logarithm (nats) of the probability or density given to what happened, mean per row; higher is "
        f"better. Difference: to {comparison.reference}, summed over {count(comparison.n_test, 'held-out row')}, "
        f"with its standard error. {explained}lower is better."
    )
    return table(head, rows, caption, numeric={2, 3, 5, 6}, class_="contrast")


def _row(method, line, comparison: Comparison, second: str) -> list[object]:
    scored = line["verdict"] != ""
    difference = "0" if method == comparison.reference else with_error(line["difference"], line["se"])
    infinite = int(line["rows_inf"]) if scored and np.isfinite(line["rows_inf"]) else 0
    verdict = join((line["verdict"], *([f" ({count(infinite, 'row')} at −∞)"] if infinite else [])))
    return [
        method,
        chip(str(line["status"])),
        score(line["log_score"]),
        difference if scored else number(np.nan),
        verdict,
        number(line[second], whole=5) if second == "crps" else score(line[second]),
        score(line["train_log_score"]),
    ]


def _differences_alt(comparison: Comparison) -> str:
    said = [
        f"{method}: {with_error(line['difference'], line['se'])}, {line['verdict']}"
        for method, line in comparison.table.iterrows()
        if line["verdict"] not in ("", "reference")
    ]
    return f"Difference in held-out log score to {comparison.reference}. " + "; ".join(said) + "."


def _gaps_alt(comparison: Comparison) -> str:
    said = [
        f"{method}: training {fixed(line['train_log_score'], 2)}, held out {fixed(line['log_score'], 2)}"
        for method, line in comparison.table.iterrows()
        if line["verdict"] != ""
    ]
    return "Log score per row. " + "; ".join(said) + "."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

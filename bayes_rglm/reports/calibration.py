"""The part of a page on what the methods' probabilities are worth, and what they cost."""

from __future__ import annotations

import numpy as np

from .. import plots
from ..comparison import Comparison
from ..plots.numbers import NOTHING, fixed, number, seconds
from ..plots.scores import scored
from .markup import Markup, join, listing, section, table, tag
from .scores import CALIBRATION
from .vector import both

CURVES = (
    "u = F(y), the predictive distribution function at what happened, is uniform over held-out rows where a method "
    "means what it says: the curve then stays in the band, all of it, 19 times in 20. A hill: predicted too high; a "
    "valley: too low. First up, then down: intervals too narrow; first down, then up: too wide. The p-value weighs "
    "single rows far out as well, which the curve hardly shows."
)
COVERAGE = (
    "90 % intervals: the share of held-out rows inside them, and their mean width in the unit of the response; narrow "
    "ones are worth something only where they cover. "
)
PIT = (
    "PIT p: whether F(y) is uniform over held-out rows (of a discrete or censored response drawn between the "
    "probabilities below and up to what was seen); a small p says that the predictive distributions are not right. "
)
EFFECTIVE = "Effective parameters: p_loo of draws that stand for a posterior. "
COSTS = (
    "Gradients: passes over the training rows, warm-up and all starts included. Check: the worst R-hat of chains, the "
    "k-hat of an approximation. Time: fitting and compiling."
)


def calibration_section(comparison: Comparison) -> Markup:
    """The table of calibration and cost, and the curves of the transforms where they say more than reliability does."""
    known = scored(comparison)
    columns = [column for column in _columns() if column[0] is None or known[column[0]].notna().any()]
    rows = [[method, *(show(line) for _, _, show in columns)] for method, line in known.iterrows()]
    texts = {"cov90": COVERAGE, "pit_p": PIT, "effective": EFFECTIVE}
    said = "".join(text for name, text in texts.items() if known[name].notna().any()) + COSTS
    head = ["Method", *(title for _, title, _ in columns)]
    shown = table(head, rows, said, numeric=set(range(1, len(head))), class_="contrast")
    notes = listing((note for note in comparison.notes if note.startswith(CALIBRATION)), class_="notes")
    return section("Calibration and cost", shown, notes, _curves(comparison), slug="calibration")


def _columns():
    return (
        ("cov90", "90 % intervals cover", lambda line: _share(line["cov90"])),
        ("width90", "Their width", lambda line: number(line["width90"])),
        ("pit_p", "PIT p", lambda line: _chance(line["pit_p"])),
        ("parameters", "Parameters", lambda line: fixed(line["parameters"], 0)),
        ("effective", "Effective", lambda line: fixed(line["effective"], 1)),
        ("gradients", "Gradients", lambda line: fixed(line["gradients"], 0)),
        (None, "Check", _check),
        ("seconds", "Time", lambda line: seconds(line["seconds"])),
    )


def _share(value: float) -> str:
    return NOTHING if np.isnan(value) else f"{fixed(100 * value, 0)} %"


def _chance(p: float) -> str:
    return NOTHING if np.isnan(p) else "< 0.001" if p < 0.001 else fixed(p, 3)


def _check(line) -> str:
    if np.isfinite(line["r_hat"]):
        return f"R-hat {fixed(line['r_hat'], 3)}"
    return f"k-hat {fixed(line['k_hat'], 2)}" if not np.isnan(line["k_hat"]) else NOTHING


def _curves(comparison: Comparison) -> Markup:
    found = plots.transforms_of(comparison)
    if not found or comparison.second == "brier":  # of two values u is nearly all random: reliability says more
        return Markup("")
    said = "; ".join(f"{name}: p {_chance(comparison.table.loc[name, 'pit_p'])}" for name in found)
    caption = join((tag("strong", "Do the predictive distributions mean what they say? "), CURVES))
    alt = f"Share of held-out rows with F(y) below u, less u, a panel per method. {said}."
    return both(lambda width: plots.uniformity(comparison, width=width), "calibration", alt, caption)

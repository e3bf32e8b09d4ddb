"""What is printed: tables and sentences to standard output, errors and progress to standard error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import gallery
from ..comparison import Comparison
from ..errors import RGLMError
from ..gates import Label
from ..plots.numbers import exact, fixed, number, score, seconds, with_error
from ..reports.words import gravity, meaning
from ..results import Fit

COLOURS = {"good": "green", "careful": "yellow", "grave": "bold red"}
LEAST_WIDTH = 100


def console(*, error: bool = False) -> Console:
    """A console; where the output is no terminal, wide enough for the tables."""
    found = Console(stderr=error, highlight=False)
    return found if found.is_terminal else Console(stderr=error, highlight=False, width=max(LEAST_WIDTH, found.width))


def say(*lines: str, error: bool = False) -> None:
    """Plain sentences, whatever signs they hold."""
    shown = console(error=error)
    for line in lines:
        shown.print(Text(line), soft_wrap=True)


def show_error(error: RGLMError) -> None:
    """An error as its message."""
    shown = console(error=True)
    first, *rest = str(error).splitlines()
    shown.print(Text.assemble(("error: ", "bold red"), first), soft_wrap=True)
    for line in rest:
        shown.print(Text(line), soft_wrap=True)


def show_models() -> None:
    """The gallery."""
    table = _table("name", "model", "what it is")
    for name in gallery.names():
        entry = gallery.load(name)
        table.add_row(Text(name, "bold"), Text(repr(entry.spec)), Text(entry.title))
    console().print(table)


def show_labels(items: Iterable[tuple[str, Label]]) -> None:
    """Status labels with what was seen and what to do."""
    for name, label in items:
        status = Text(label.name, COLOURS[gravity(label.name)])
        console().print(Text.assemble((name, "bold"), ": ", status, f", {meaning(label.name)}"), soft_wrap=True)
        for line in (label.message, label.advice and f"to do: {label.advice}"):
            if line:
                say(f"  {line}")


def show_comparison(comparison: Comparison) -> None:
    """The main columns of a contrast and its notes: calibration, or the time where there is no room for both. Of two
    values the PIT says next to nothing.
    """
    second, frame = comparison.second, comparison.table
    more = [name for name in ("cov90", "pit_p") if frame[name].notna().any() and second != "brier"]
    heads = ("method", "status", "log score", f"to {comparison.reference} ± s.e.", "verdict", second.replace("_", " "))
    named = (*heads, *(name.replace("_", " ") for name in more), *(["train"] if more else ["training", "time"]))
    table = _table(*named, right={2, 3, *range(5, len(named))})
    for method, row in comparison.table.iterrows():
        scored = row["verdict"] != ""
        difference = "0" if method == comparison.reference else with_error(row["difference"], row["se"])
        table.add_row(
            Text(str(method), "bold"),
            Text(row["status"], COLOURS[gravity(row["status"])]),
            score(row["log_score"]),
            difference if scored else number(float("nan")),
            Text(row["verdict"]),
            number(row[second], whole=5) if second == "crps" else score(row[second]),
            *(fixed(row[name], 2 if name == "cov90" else 3) for name in more),
            score(row["train_log_score"]),
            *([] if more else [seconds(row["seconds"])]),
        )
    console().print(table)
    say(*(f"- {note}" for note in comparison.notes if more or not note.startswith("PIT p")))


def show_summary(fit: Fit) -> None:
    """The summary of a fit."""
    frame = fit.summary()
    table = _table("parameter", *map(str, frame.columns), right=set(range(2, 20)))
    for name, row in zip(frame.index, frame.to_numpy(object), strict=True):
        table.add_row(Text(str(name), "bold"), *(_cell(value) for value in row))
    console().print(table)


def _cell(value: Any) -> Text:
    if isinstance(value, str):
        return Text(value, COLOURS[gravity(value)])
    return Text(exact(float(value)))


def _table(*heads: str, right: set[int] = frozenset()) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for j, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if j in right else "left", overflow="fold")
    return table

"""What is said of a likelihood that rises for ever, and why it does."""

from __future__ import annotations

from .. import glm
from ..gates import Label
from ..problem import Problem

CENSORED = "every row is censored on the same side"


def infinite_label(problem: Problem, moving) -> Label:
    """No finite maximum along `moving`, names of columns in raw units."""
    one_sided = glm.one_sided(problem)
    return Label(
        "mle_infinite",
        f"{CENSORED if one_sided else 'the data are separated'}; no finite maximum along {', '.join(moving)}",
        "use a proper prior (MAP, NUTS), or "
        + ("rows that were seen" if one_sided else "drop the terms that separate"),
        tuple(moving),
    )


def one_sided_labels(problem: Problem, moving) -> list[Label]:
    """The label of rows that are all censored on the same side: an intercept runs off, and whatever the columns, no
    row determines a scale or shape. `moving` is what the columns alone say.
    """
    first = problem.program.layers[0]
    if first.intercept is not None:
        return [infinite_label(problem, [first.intercept.name])]
    if moving:
        return [infinite_label(problem, moving)]
    free = ", ".join(site.name for site in problem.program.auxiliaries)
    message, advice = f"{CENSORED}; no row determines {free}", "use a proper prior (MAP, NUTS), or rows that were seen"
    return [Label("mle_infinite", message, advice)] if free else []

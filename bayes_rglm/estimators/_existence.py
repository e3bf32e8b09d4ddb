"""What is said of a likelihood that rises for ever, and why it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import glm
from ..gates import Label, ordered, runs_between
from ..problem import Problem
from ..transforms import standardised
from ._base import Draws

CENSORED = "every row is censored on the same side"
CERTAIN = -1e-6  # a mean log-likelihood of censored rows that is 0 but for the end of a search


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


def narrowed(problem: Problem, draws: Draws, linear: bool = True) -> Draws:
    """`draws`, a maximum-likelihood point; without standard errors and labelled where no row was seen and a line lies
    between all bounds: the supremum is met nowhere, and by every such line alike. A network, or slopes with bounds,
    are known by a likelihood that has reached 1.
    """
    # On such a line a row comes as near to 1 as one likes, or, where a bound is met, to the share of the noise on one
    # side of its mode: at least 1 / e, that of Gumbel noise.
    value = draws.info["log_likelihood" if linear else "log_density"]
    share = value / np.sum(np.broadcast_to(problem.data.get("weights", 1.0), problem.n))
    found = glm.brackets(standardised(problem)[0]) if share > -1.0 and not problem.program.responses else None
    if found is None or not (share > CERTAIN or (linear and runs_between(*found))):
        return draws
    what = "a line" if linear else "the model"
    label = Label(
        "mle_degenerate",
        f"no row was seen exactly, and {what} lies between all bounds: the likelihood never falls as "
        f"{problem.program.family.narrowing} runs to its end, and does not determine the coefficients",
        "use a proper prior (MAP, NUTS), narrower intervals, or rows that were seen",
    )
    kept = [other for other in draws.labels if other.name != "not_a_mode"]
    info = {key: value for key, value in draws.info.items() if key != "errors"}
    return replace(draws, info=info, labels=ordered([label, *kept]))

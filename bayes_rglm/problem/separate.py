"""Several responses at depth 1 share no parameter: the problem of each by itself."""

from __future__ import annotations

from dataclasses import replace

from ._problem import Problem


def separate(problem: Problem) -> tuple[Problem, ...]:
    """A problem per response, with the priors of the specification; the problem itself where there is one response.

    Raises `PriorError` for a prior whose numbers have the shape of all responses together.
    """
    if not problem.program.responses:
        return (problem,)
    design, levels = problem.design, problem.program.levels
    # A response may lack the last codes: all have the levels that they have together.
    shared = design.levels if design.levels or not levels else tuple(map(str, range(levels)))
    return tuple(
        Problem(problem.spec, replace(design, y=design.y[:, t], response=name, responses=(), levels=shared))
        for t, name in enumerate(design.responses)
    )

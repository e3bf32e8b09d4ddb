"""Non-centred weights: random scales and their weights in coordinates that the prior makes independent."""

from __future__ import annotations

from dataclasses import replace

from ..problem import Problem
from ._base import Restore


def noncentred(problem: Problem) -> tuple[Problem, Restore]:
    """The problem with w = location + scale z for all weights whose priors have random scales.

    `log_density` takes the z and holds the Jacobian; constrained sites do not change, so `restore` is the identity and
    the stated constant 0. A problem without random scales comes back as it is.
    """
    program = problem.require_network("noncentred")
    if not program.hierarchical:
        return problem, Restore(dict, 0.0)
    return problem.with_parts(program=replace(program, noncentred=True)), Restore(dict, 0.0)

"""Likelihood only: the problem with flat priors, which is what maximum likelihood maximises."""

from __future__ import annotations

from ..problem import Problem
from ._base import Restore


def likelihood_only(problem: Problem) -> tuple[Problem, Restore]:
    """The problem without its priors; sites keep their meaning, densities lose the prior part."""
    return problem.likelihood_only(), Restore(dict, 0.0)

"""What a search maximises: which priors belong to its objective, and where these have kinks."""

from __future__ import annotations

import numpy as np

from ..problem import Problem

GOALS = ("mode", "penalised", "likelihood")  # all priors, those of weights times a strength, none


def penalised_sites(problem: Problem) -> list[str]:
    """Weights, and the intercepts of hidden layers; neither intercepts of linear predictors nor auxiliary values."""
    program = problem.program
    maps = [*program.layers, *(head.affine for head in program.heads)]
    sites = [a.weights for a in maps] + [a.intercept for a in program.layers if a.activation is not None]
    return [site.name for site in sites if site is not None]


def kinks(problem: Problem, goal: str, strength: float = 1.0):
    """`Problem.kinks` of the priors that the goal maximises, each times `strength`; None without any."""
    found = problem.kinks(penalised_sites(problem) if goal == "penalised" else None)
    return None if found is None else (*found[:2], found[2] / strength)


def in_units(found, units: np.ndarray):
    """Kinks of coordinates that are divided by their `units`."""
    return None if found is None else (found[0], found[1] / units[found[0]], found[2] / units[found[0]])

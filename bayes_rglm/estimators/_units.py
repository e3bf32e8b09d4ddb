"""Units of the flat vector: an optimiser that knows them finds the same answer in euros and in millions of euros."""

from __future__ import annotations

import numpy as np
from numpyro.distributions import constraints

from ..binding import Program
from ..problem import Problem


def coordinate_units(problem: Problem) -> np.ndarray:
    """(d,): coefficients of the response's linear predictor have its unit, everything else is of order one. What is
    bounded has a logarithm for its coordinate, and auxiliary scales have one too.
    """
    if not isinstance(problem.program, Program):
        return np.ones(problem.size)
    unit, last = problem.constants["typical"]["scale"], problem.program.layers[-1]
    sites = [site for site in (last.weights, last.intercept) if site is not None and site.support is constraints.real]
    scaled = {site.name for site in sites}
    return np.concatenate([np.full(shape, unit if name in scaled else 1.0).ravel() for name, shape in problem.layout])

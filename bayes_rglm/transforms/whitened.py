"""Whitened coordinates: an affine change of the flat unconstrained vector, position = loc + factor z.

With `loc` a mode and `factor` a root of the covariance there, a posterior that is nearly Gaussian becomes nearly
standard normal: samplers then need neither a dense mass matrix nor a long warm-up.
"""

from __future__ import annotations

import numpy as np

from ..problem import Problem
from ._base import Restore


def whitened(problem: Problem, loc: np.ndarray, factor: np.ndarray) -> tuple[Problem, Restore]:
    """The problem in coordinates z. `loc` (d,), `factor` (d, d) lower triangular with a positive diagonal.

    The log density is that of the original at loc + factor z (the constant log|det factor| is left out), so the stated
    constant is 0; constrained sites do not change, so `restore` is the identity.
    """
    changed = problem.with_parts(coordinates={"loc": np.asarray(loc), "factor": np.asarray(factor)})
    return changed, Restore(dict, 0.0)

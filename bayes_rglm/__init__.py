"""bayes_rglm: recursive generalised linear models, by maximum likelihood and by Bayesian regularisation, side by
side.
"""

from __future__ import annotations

from . import estimators, families, gallery, links, priors
from .design import Design
from .estimators import Draws, Estimator
from .fitting import fit
from .prediction import predict
from .problem import Problem
from .results import Fit, load
from .spec import RGLM, Layer

__version__ = "0.1.0"

__all__ = [
    "RGLM",
    "Design",
    "Draws",
    "Estimator",
    "Fit",
    "Layer",
    "Problem",
    "estimators",
    "families",
    "fit",
    "gallery",
    "links",
    "load",
    "predict",
    "priors",
]

"""Recursive generalised linear models, by maximum likelihood and by Bayesian regularisation, side by side.

    import bayes_rglm as rglm

    model = rglm.RGLM("bernoulli")
    fit = rglm.fit(model, ("y ~ x1 + x2", frame), "nuts", seed=0)
    fit.summary()
    rglm.predict(fit, new_frame)

See the README for the idea, `docs/notation.md` for the names, `docs/choosing.md` for when to use what.
"""

from __future__ import annotations

import importlib

from . import estimators, families, gallery, interpret, links, priors
from .comparison import compare
from .design import Design
from .diagnostics import diagnose
from .estimators import Draws, Estimator
from .fitting import fit
from .interpret import functions
from .prediction import predict
from .problem import Problem
from .results import Fit, load
from .spec import RGLM, Layer
from .studies import contrast

__version__ = "0.1.0"

__all__ = [
    "RGLM",
    "Layer",
    "Design",
    "Problem",
    "Draws",
    "Fit",
    "Estimator",
    "fit",
    "load",
    "predict",
    "diagnose",
    "functions",
    "compare",
    "contrast",
    "write_report",
    "links",
    "families",
    "priors",
    "estimators",
    "gallery",
    "interpret",
    "plots",
]

_LAZY = ("plots", "reports")


def __getattr__(name: str):
    # Plots and reports bring matplotlib along: loaded when they are asked for.
    if name in _LAZY:
        return importlib.import_module(f".{name}", __name__)
    if name == "write_report":
        return importlib.import_module(".reports", __name__).write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

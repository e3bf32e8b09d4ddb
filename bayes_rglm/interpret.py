"""What a fitted network says, apart from how its units happen to be numbered.

Hidden units can be swapped, and signs of odd units flipped, without changing the function: draws of single weights have
no stable meaning, and their R-hat says nothing. `functions` gives what has one; `residuals` what it leaves over.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import evaluation
from .binding import Program
from .design import Design
from .errors import EstimatorError
from .prediction import as_rows, new_rows
from .residuals import residuals
from .results import REFERENCE_ROWS, Fit, check_fit
from .tree import level_labels, outputs_of, plain_labels, response_labels


def functions(fit: Fit, at: Any = None, *, offset: Any = None):
    """Linear predictors and symmetric invariants of a fit, a DataTree that `az.rhat` and `az.summary` take.

    Parameters
    ----------
    fit : Fit
    at : frame, array or Design, optional
        Rows at which the linear predictor is evaluated; by default up to 64 of the fitted rows, evenly spaced.
    offset : (m,) array, optional
        For rows of a design whose offset was given as an array.

    Returns
    -------
    xarray.DataTree
        Group `posterior`: eta (chain, draw, point), offset included, with axes for several responses and for levels;
        `<site>_squared_norm` of every weight array, `log_likelihood` and `log_prior` (totals over the fitted rows and
        the sites), and the auxiliary values, each (chain, draw), one value per response where there are several. Group
        `sample_stats`, where the fit has it. A point estimate is one chain of one draw.

    Raises
    ------
    EstimatorError
        The fit is of a NumPyro function, which has no linear predictor.
    DataError
        Rows that the fit's design cannot encode.
    """
    import xarray as xr

    check_fit(fit, "functions")
    if not isinstance(fit.problem.program, Program):
        raise EstimatorError(
            "functions needs the linear predictor of an RGLM.",
            found="a fit of your own NumPyro function",
            do="use az.summary on its tree",
        )
    design = reference_rows(fit) if at is None else new_rows(fit, at, offset)
    eta = evaluation.linear_predictors(fit.problem, fit.draws.samples, as_rows(design))
    chains, draws = eta.shape[:2]
    outputs = outputs_of(fit.problem, eta.ndim - 3)
    variables = {"eta": (("chain", "draw", "point", *outputs), eta)}
    for name, value in invariants(fit).items():
        several = ("response",) if fit.problem.program.responses else (f"{name}_dim",)
        variables[name] = (("chain", "draw", *several[: value.ndim - 2]), value)
    labels = np.asarray(design.index)
    points = plain_labels(labels) if len(set(labels.tolist())) == len(labels) else np.arange(design.n)
    coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
    named = ({"response": response_labels(fit.problem)} if "response" in outputs else {}) | (
        {"level": level_labels(fit.problem, eta.shape[-1])} if "level" in outputs else {}
    )
    attributes = {"label": fit.label, "status": fit.status} | ({"point_estimate": "one draw"} if fit.is_point else {})
    groups = {"/posterior": xr.Dataset(variables, coords=coords | named | {"point": points}, attrs=attributes)}
    if fit.draws.stats:
        stats = {name: (("chain", "draw"), value) for name, value in fit.draws.stats.items()}
        groups["/sample_stats"] = xr.Dataset(stats, coords=coords)
    return xr.DataTree.from_dict(groups)


def reference_rows(fit: Fit) -> Design:
    """Up to 64 of the fitted rows, evenly spaced."""
    if fit.design is None:
        raise EstimatorError("The fit has no design to take rows from.", do="give the rows: functions(fit, at=X)")
    n = fit.design.n
    return fit.design.take(np.unique(np.linspace(0, n - 1, min(REFERENCE_ROWS, n)).astype(int)))


def invariants(fit: Fit) -> dict[str, np.ndarray]:
    """Scalars that do not change when hidden units are swapped or flipped, {name: (chain, draw)}."""
    problem, samples = fit.problem, fit.draws.samples
    weights = [layer.weights.name for layer in problem.program.layers if layer.weights is not None]
    shape = evaluation.shape_of(samples)
    values = {f"{name}_squared_norm": (samples[name].reshape(*shape, -1) ** 2).sum(-1) for name in weights}
    values["log_likelihood"] = evaluation.log_likelihood(problem, samples).sum(-1)
    values["log_prior"] = np.sum([np.asarray(v) for v in evaluation.log_prior(problem, samples).values()], axis=0)
    return values | {site.name: samples[site.name] for site in problem.program.auxiliaries}


__all__ = ["functions", "invariants", "reference_rows", "residuals"]

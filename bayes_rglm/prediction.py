"""`predict`: labelled predictions for new rows, from draws or from a point, as a new object.

kind         returns                                        dims
-----------  ---------------------------------------------  ------------------------------
"mean"       E[y] given the parameters                       chain, draw, obs *
"linear"     the linear predictor, offset included           chain, draw, obs *
"outcome"    one simulated response per draw                 chain, draw, obs *
"parameters" the distribution's parameters (mu, sigma, ...)  a Dataset
"hidden"     the learned basis functions h_1 ... h_{L-1}     a Dataset, unit_l as last dim

* and `response` for several responses, `level` for the probabilities and predictors of levels.

Average over chain and draw for posterior predictive summaries. A point estimate has one chain of one draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import evaluation
from .binding import Program
from .design import Design
from .errors import DataError, EstimatorError
from .families import check_responses, refuse_roles
from .fitting import as_key
from .results import Fit, check_fit
from .tree import level_labels, outputs_of, plain_labels, response_labels

LARGEST_BLOCK = 4_000_000  # draws times rows (and levels) that are scored at once
KINDS = ("mean", "linear", "outcome", "parameters", "hidden")


def predict(fit: Fit, data: Any = None, kind: str = "mean", *, seed: int = 0, offset: Any = None):
    """Predictions of `fit` for the rows of `data` (a frame, an array or a Design; None: the fitted rows).

    A Design is encoded as the fit's own: knots, centring and base levels are those of the fitted rows. `offset` has one
    number per row, and replaces the one that a Design or the fitted rows hold.

    Raises
    ------
    DataError
        Unseen levels, missing columns, missing or infinite values, named by column and row.
    """
    check_fit(fit, "predict")
    fit = fit.resampled()
    if kind not in KINDS:
        raise DataError("There is no such kind of prediction.", found=repr(kind), do=f"one of {', '.join(KINDS)}")
    if not isinstance(fit.problem.program, Program):
        raise EstimatorError(
            "predict needs an RGLM.",
            found="a fit of your own NumPyro function",
            do="use numpyro.infer.Predictive on it",
        )
    design = new_rows(fit, data, offset)
    _check_roles(fit, design, kind)
    rows = as_rows(design)
    label = _labeller(fit, design)
    problem, samples = fit.problem, fit.draws.samples
    if kind == "linear":
        return label(evaluation.linear_predictors(problem, samples, rows), "linear")
    if kind == "mean":
        return label(evaluation.means(problem, samples, rows), "mean")
    if kind == "outcome":
        return label(evaluation.outcomes(problem, samples, as_key(seed), rows), "outcome")
    return _parameters(fit, rows, label) if kind == "parameters" else _hidden(fit, rows, design)


def new_rows(fit: Fit, data: Any = None, offset: Any = None) -> Design:
    """The design of new rows, with the fitted design's columns, knots, centring and constants."""
    if data is None:
        return fit.design if offset is None else fit.design.with_offset(offset)
    if isinstance(data, Design):
        if data.columns != fit.design.columns:
            raise DataError(
                "These rows have other columns than the fit.",
                found=", ".join(data.columns),
                do=", ".join(fit.design.columns),
            )
        if data.y is not None and data.responses != fit.design.responses:
            raise DataError(
                "These rows have other responses than the fit.", found=data.response, do=f"give {fit.design.response}"
            )
        design = data if fit.design.formula is None else fit.design.encode(data)
        return design if offset is None else design.with_offset(offset)
    return fit.design.new(data) if offset is None else fit.design.new(data, offset=offset)


def as_rows(design: Design) -> dict[str, np.ndarray]:
    """The arrays of a design that the likelihood reads."""
    names = ("X", "y", "offset", "weights", "trials", "lower", "upper")
    return {name: getattr(design, name) for name in names if getattr(design, name) is not None}


def log_score(fit: Fit, design: Design) -> np.ndarray:
    """Log predictive density of each row of `design`, (n,): log of the mean density over draws; weights are not
    applied.
    """
    rows = {k: v for k, v in as_rows(design).items() if k != "weights"}
    _check_response(fit, design)
    values = np.empty(design.n)
    for part in score_blocks(fit, design.n):
        values[part] = _mixture(fit, {k: v[part] for k, v in rows.items()})
    return values


def score_blocks(fit: Fit, n: int) -> list[slice]:
    """Blocks of `n` rows of which all draws fit into memory at once."""
    outputs = max(1, fit.problem.program.levels or 1) * max(1, fit.problem.program.responses or 1)
    return evaluation.blocks(n, LARGEST_BLOCK // (int(np.prod(evaluation.shape_of(fit.draws.samples))) * outputs))


def _check_roles(fit: Fit, design: Design, kind: str) -> None:
    """Refuse rows with what the family does not use, or without the trials that its counts are out of."""
    family = fit.problem.program.family
    refuse_roles(family, design)
    if "trials" in family.rows and design.trials is None and kind not in ("linear", "hidden"):
        raise DataError(
            f"kind={kind!r} of the family {family.name!r} needs the number of trials of each row.",
            found="rows without trials",
            do='give the column that the fit had, predict(fit, fit.design.new(data, trials=...)), or kind="linear"',
        )


def _check_response(fit: Fit, design: Design) -> None:
    """Refuse responses outside the family's support, and codes beyond the levels that the fit knows."""
    program, levels = fit.problem.program, design.levels
    refuse_roles(program.family, design)
    if program.levels is not None and levels is None:
        levels = tuple(map(str, range(program.levels)))
        columns = zip(design.responses, design.y.T, strict=True) if design.responses else [(design.response, design.y)]
        for name, y in columns:
            _refuse_codes(design, name, y, program.levels)
    rows = {name: getattr(design, name) for name in program.family.rows}
    check_responses(program.family, design, levels, **rows)


def _refuse_codes(design: Design, name: str, y: np.ndarray, levels: int) -> None:
    beyond = np.flatnonzero(y >= levels)
    if beyond.size:
        raise DataError(
            f"The fit knows the level codes 0 to {levels - 1} of {name!r}.",
            found=f"row {design.index[beyond[0]]}, value {y[beyond[0]]:g}",
            do="fit to labels, whose levels are those of the whole table, or leave such rows out",
        )


def _mixture(fit: Fit, rows) -> np.ndarray:
    values = evaluation.log_likelihood(fit.problem, fit.draws.samples, rows)
    values = values.reshape(-1, values.shape[-1])
    weights = fit.draws.log_weights
    if weights is None:
        return np.logaddexp.reduce(values, axis=0) - np.log(len(values))
    weights = weights.reshape(-1, 1) - np.logaddexp.reduce(weights.ravel())
    return np.logaddexp.reduce(values + weights, axis=0)


def _labeller(fit: Fit, design: Design):
    import xarray as xr

    def label(values: np.ndarray, name: str):
        chains, draws = values.shape[:2]
        index = np.asarray(design.index)
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "obs": plain_labels(index)}
        outputs = outputs_of(fit.problem, values.ndim - 3)
        coords |= {"response": response_labels(fit.problem)} if "response" in outputs else {}
        coords |= {"level": level_labels(fit.problem, values.shape[-1])} if "level" in outputs else {}
        dims = ("chain", "draw", "obs", *outputs)
        return xr.DataArray(values, dims=dims, coords=coords, name=name, attrs={"fit": fit.label})

    return label


def _parameters(fit: Fit, rows, label):
    import xarray as xr

    mean = label(evaluation.means(fit.problem, fit.draws.samples, rows), "mu")
    values = evaluation.parameters(fit.problem, fit.draws.samples, rows)
    heads = {head.name for head in fit.problem.program.heads}
    several = bool(fit.problem.program.responses)
    aux = {k: label(v, k) if k in heads else _one_per_draw(v, several) for k, v in values.items() if k != "eta"}
    coords = {"cutpoint": np.arange(1, values["cutpoints"].shape[-1] + 1)} if "cutpoints" in values else {}
    return xr.Dataset({"mu": mean} | aux, coords)


def _one_per_draw(values: np.ndarray, several: bool):
    return ("chain", "draw", *["response" if several else "cutpoint"] * (values.ndim - 3)), values[:, :, 0]


def _hidden(fit: Fit, rows, design: Design):
    import xarray as xr

    if fit.problem.depth == 1:
        raise EstimatorError(
            "A model without hidden layers has no hidden units.", found="hidden=()", do='kind="linear"'
        )
    layers = {}
    for l in range(1, fit.problem.depth):
        values = evaluation.hidden_layer(fit.problem, fit.draws.samples, l, rows["X"])
        layers[f"h_{l}"] = (("chain", "draw", "obs", f"unit_{l}"), values)
    return xr.Dataset(layers, coords={"obs": plain_labels(np.asarray(design.index))})

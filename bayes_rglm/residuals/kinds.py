"""Quantile, response, Pearson and deviance residuals of the rows of a fit."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy.special import ndtr, ndtri_exp

from .. import evaluation
from ..binding import Program
from ..design import Design
from ..errors import DataError, EstimatorError
from ..fitting import as_key
from ..prediction import as_rows, new_rows
from ..results import Fit, check_fit, check_one_response
from ..tree import plain_labels
from .ends import ends, middle
from .tails import log_tails

KINDS = ("quantile", "response", "pearson", "deviance")
BLOCK = 5_000_000  # draws times rows at once
LEAST = 100  # draws for leave-one-out weights
OWN_STREAM = 1996  # data simulated with the same seed must not meet the same uniform numbers again


def residuals(fit: Fit, data: Any = None, kind: str = "quantile", seed: int = 0, *, loo: bool = False):
    """Residuals of `fit`, one for each row of `data`.

    Parameters
    ----------
    fit : Fit
        Of an RGLM. Draws predict with their mixture, weights included.
    data : frame, (X, y) or Design, optional
        Rows with their response; None: the fitted rows. These a flexible model has seen: its residuals there are
        closer to 0 than those of new rows will be; see `loo`.
    kind : "quantile", "response", "pearson" or "deviance"
        "quantile": Phi^-1(u), u uniform between F(y-) and F(y), standard normal where the model is right; for a
        censored row u is uniform over the probability of what was not seen. +-inf where a tail of the predictive
        distribution is below 1e-308. "response": y - E[y], in the response's unit. "pearson": that in predictive
        standard deviations (R leaves the dispersion out). "deviance": sign(y - mu) sqrt(d), d the unit deviance, its
        mean over draws; in units of sqrt(dispersion).
    seed : int or JAX key
        Of the uniform numbers; rows of a continuous response that was seen exactly need none.
    loo : bool
        Quantile residuals of fitted rows, each predicted from the others: the draws are weighted by Pareto-smoothed
        importance sampling. The coordinate `pareto_k` says how far to trust each; above 0.7 do not.

    Returns
    -------
    xarray.DataArray
        (obs,). NaN: a row whose linear predictor lies outside the link's domain; for "response" and "pearson" also
        one seen as an interval, or of infinite variance.

    Raises
    ------
    DataError
        Rows without a response; a kind that is unknown, or that the family does not have: its levels have no order, or
        no mean; `loo` of new rows or of another kind.
    EstimatorError
        The fit is of a NumPyro function; `loo` of a point, or of weighted draws.
    """
    import xarray as xr

    check_fit(fit, "residuals")
    check_one_response(fit, "A residual")
    _check_kind(fit, kind)
    if loo:
        _check_loo(fit, data, kind)
    design = new_rows(fit, data)
    if design.y is None:
        raise DataError("Residuals compare with a response.", found="rows without one", do="add it")
    _check_response(fit, design)
    coords = {"obs": plain_labels(np.asarray(design.index))}
    if kind == "quantile":
        log_weights, shape = left_out(fit) if loo else (None, None)
        values = _quantile(fit, design, seed, log_weights)
        coords |= {"pareto_k": ("obs", shape)} if loo else {}
    elif kind == "deviance":
        values = _deviance(fit, as_rows(design))
    else:
        values = _response(fit, design, kind == "pearson")
    return xr.DataArray(values, dims=("obs",), coords=coords, name=f"{kind}_residual", attrs={"fit": fit.label})


def transform(fit: Fit, data: Any = None, seed: int = 0, *, loo: bool = False) -> np.ndarray:
    """u = Phi(quantile residual), (n,): the randomised probability integral transform, uniform for a right model."""
    return ndtr(residuals(fit, data, seed=seed, loo=loo).to_numpy())


def predictive_interval(
    fit: Fit, design: Design, log_weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """log F and log(1 - F) at the start, then at the end of where each row was seen to lie, (n,) each; F is the
    predictive distribution function, the mean of that of the draws.

    `log_weights` (draws, n), normalised, weight the draws row by row; by default those of the fit.
    """
    rows, (chains, draws) = as_rows(design), evaluation.shape_of(fit.draws.samples)
    size = max(1, BLOCK // (chains * draws))
    parts = []
    for i in range(0, design.n, size):
        block = {name: value[i : i + size] for name, value in rows.items()}
        parts.append(_interval(fit, block, _log_weights(fit) if log_weights is None else log_weights[:, i : i + size]))
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def left_out(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(normalised log weights of the draws (draws, n), Pareto k-hat (n,)): the posterior without each fitted row."""
    from arviz_stats.base import array_stats

    rows = evaluation.log_likelihood(fit.problem, fit.draws.samples)
    log_weights, shape = array_stats.psislw(rows.reshape(-1, rows.shape[-1]), axis=0)
    log_weights = np.moveaxis(np.asarray(log_weights), -1, 0)
    return log_weights - np.logaddexp.reduce(log_weights, axis=0), np.asarray(shape)


def _check_kind(fit: Fit, kind: str) -> None:
    if not isinstance(fit.problem.program, Program):
        raise EstimatorError(
            "Residuals need the response distribution of an RGLM.",
            found="a fit of your own NumPyro function",
            do="use az.plot_loo_pit or az.plot_ppc_pit on its tree",
        )
    if kind not in KINDS:
        raise DataError("There is no such kind of residual.", found=repr(kind), do=f"one of {', '.join(KINDS)}")
    family = fit.model.family
    if family.outputs == "levels":
        raise DataError(
            "Levels without an order have no residuals: nothing is above or below.",
            found=f"family {family.name!r}",
            do="compare predict(fit), the level probabilities, with what happened; or code one level against the rest",
        )
    if kind != "quantile" and any(parameter.size == "cutpoints" for parameter in family.auxiliaries):
        raise DataError(
            f"Ordered levels have no mean, so no {kind} residuals.",
            found=f"family {family.name!r}",
            do='kind="quantile" needs their order only',
        )
    if kind == "deviance" and family.unit_deviance is None:
        raise DataError(
            "This family has no unit deviance: at a fixed dispersion it is no exponential dispersion model.",
            found=f"family {family.name!r}",
            do='kind="quantile" or kind="pearson"',
        )


def _check_loo(fit: Fit, data: Any, kind: str) -> None:
    if data is not None or kind != "quantile":
        found = "new rows" if data is not None else f"kind={kind!r}"
        raise DataError("loo is for quantile residuals of the fitted rows.", found=found, do="leave data and kind out")
    total = int(np.prod(evaluation.shape_of(fit.draws.samples)))
    if fit.draws.kind != "mcmc" or fit.draws.log_weights is not None or total < LEAST:
        found = "a point estimate" if fit.is_point else f"{total} draws of kind {fit.draws.kind!r}"
        raise EstimatorError(
            f"loo weights the draws of a posterior, at least {LEAST} of them and not weighted already.",
            found=found,
            do="score held-out rows: residuals(fit, test)",
        )


def _check_response(fit: Fit, design: Design) -> None:
    family = fit.model.family
    given = {name: getattr(design, name) for name in family.rows if getattr(design, name) is not None}
    family.check(design.y, design.response, design.levels, design.index, **given)


# over the draws ------------------------------------------------------------------------------------------------------


def _weights(fit: Fit) -> np.ndarray:
    """Normalised weights of the draws, flat."""
    log_weights, shape = fit.draws.log_weights, evaluation.shape_of(fit.draws.samples)
    weights = np.ones(np.prod(shape)) if log_weights is None else np.exp(log_weights - np.max(log_weights)).ravel()
    return weights / weights.sum()


def _average(fit: Fit, values: np.ndarray) -> np.ndarray:
    """Weighted mean over (chain, draw)."""
    return np.average(values.reshape(-1, *values.shape[2:]), axis=0, weights=_weights(fit))


def _log_weights(fit: Fit) -> np.ndarray:
    """Their logarithms, (draws, 1)."""
    with np.errstate(divide="ignore"):
        return np.log(_weights(fit))[:, None]


def _log_average(log_weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Logarithm of the weighted mean of exp(values) over (chain, draw)."""
    with np.errstate(invalid="ignore"):
        return np.minimum(np.logaddexp.reduce(values.reshape(len(log_weights), -1) + log_weights, axis=0), 0.0)


def _parameters(fit: Fit, rows) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """eta (chain, draw, n) and the auxiliary values that broadcast against it."""
    found = evaluation.parameters(fit.problem, fit.draws.samples, rows)
    return found.pop("eta"), found


# quantile residuals --------------------------------------------------------------------------------------------------


def _quantile(fit: Fit, design: Design, seed, log_weights=None) -> np.ndarray:
    with evaluation.float64():
        key = jax.random.fold_in(as_key(seed), OWN_STREAM)
        share = np.asarray(jax.random.uniform(key, (design.n,), float, minval=np.finfo(float).tiny))
    below, above, below_stop, above_stop = predictive_interval(fit, design, log_weights)
    log_share, log_rest = np.log(share), np.log1p(-share)
    # A point between two ends, as a convex sum of either tail: nothing cancels, and the smaller tail has every digit.
    with np.errstate(invalid="ignore"):
        lower = np.logaddexp(log_rest + below, log_share + below_stop)
        upper = np.logaddexp(log_rest + above, log_share + above_stop)
    return np.where(lower < upper, ndtri_exp(np.minimum(lower, 0.0)), -ndtri_exp(np.minimum(upper, 0.0)))


def _interval(fit: Fit, rows, log_weights) -> tuple[np.ndarray, ...]:
    program = fit.problem.program
    eta, aux = _parameters(fit, rows)
    aux |= {"trials": rows["trials"]} if "trials" in rows else {}
    start, stop = ends(program.family, program.link, rows)
    last = _at(log_weights, program, stop, np.where(np.isinf(stop), start, stop), eta, aux)
    if np.array_equal(start, stop):
        return *last, *last
    return *_at(log_weights, program, start, np.where(np.isinf(start), stop, start), eta, aux), *last


def _at(log_weights, program, place, finite, eta, aux) -> tuple[np.ndarray, np.ndarray]:
    """Predictive (log F, log(1 - F)) at `place`, its infinite entries standing in `finite` as numbers."""
    below, above = (_log_average(log_weights, v) for v in log_tails(program.family, program.link, finite, eta, **aux))
    for end, low, high in ((-np.inf, -np.inf, 0.0), (np.inf, 0.0, -np.inf)):
        below, above = np.where(place == end, low, below), np.where(place == end, high, above)
    return below, above


# the others ----------------------------------------------------------------------------------------------------------


def _response(fit: Fit, design: Design, standardised: bool) -> np.ndarray:
    rows = as_rows(design)
    with evaluation.float64():
        law = evaluation.response(fit.problem, fit.draws.samples, rows)
        means = np.asarray(law.mean)
        variances = np.asarray(law.variance) if standardised else None
    inside = fit.problem.program.link.inside(_parameters(fit, rows)[0])
    means = np.where(inside, means, np.nan)
    mean = _average(fit, means)
    if not standardised:
        return np.asarray(design.y, float) - mean
    variance = _average(fit, variances) + _average(fit, (means - mean) ** 2)
    return (np.asarray(design.y, float) - mean) / np.sqrt(np.where(np.isfinite(variance), variance, np.nan))


def _deviance(fit: Fit, rows) -> np.ndarray:
    program = fit.problem.program
    family, link = program.family, program.link
    eta, aux = _parameters(fit, rows)
    extra = {name: aux[name] for name in family.deviance_needs} | {n: rows[n] for n in family.rows if n in rows}
    with np.errstate(all="ignore"):
        inside = link.inside(eta)
        unit = family.deviance_at(link, np.asarray(rows["y"], float), eta, **extra)
        unit = _average(fit, np.where(inside, unit, np.nan))
        centre = _average(fit, np.where(inside, link.inverse(eta), np.nan)) * rows.get("trials", 1.0)
        return np.sign(middle(family, link, rows) - centre) * np.sqrt(np.maximum(unit, 0.0))


__all__ = ["KINDS", "predictive_interval", "residuals", "transform"]

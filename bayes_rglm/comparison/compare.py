"""`compare`: fits that exist, scored on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..binding import Program
from ..design import Design
from ..errors import NotComparable, RGLMError
from ..gates import ordered
from ..prediction import log_score, new_rows
from ..results import Fit
from .calibration import predictive_of
from .complexity import facts_of
from .domain import outside_labels
from .foreign import Site, is_training, score_site, site_of
from .refusals import check_arguments, refuse_measures, refuse_rows
from .rows import RowScores
from .rules import kind_of, rule_of
from .scores import crps_and_width, second_score
from .table import Comparison, assemble


def compare(fits: Mapping[str, Fit], test: Any, *, kwargs: Mapping[str, Mapping[str, Any]] | None = None) -> Comparison:
    """Score fits on the same held-out rows.

    Parameters
    ----------
    fits : {name: Fit}
        Of RGLMs and of NumPyro functions (`Problem.from_numpyro`), side by side.
    test : frame, (X, y) or Design
        Rows with their response that no fit has seen. None where every fit is of a NumPyro function.
    kwargs : {name: {argument: value}}, optional
        For each fit of a NumPyro function, the arguments of that function for the test rows, response included, in
        the row order of `test`. Arguments that are no arrays may be left out: they are as they were in the fit.

    Returns
    -------
    Comparison
        Paired differences of log scores to the best method, their standard errors and verdicts. They speak of these
        fits: `contrast(..., folds=10)` covers the variation of training as well. A fit that cannot score the rows
        stands in the table as "failed"; when none can, its error is raised.

    Raises
    ------
    NotComparable
        Other rows, another response or scale of it, other weights, trials or bounds, or another dominating measure;
        unordered levels beside numbers; a NumPyro function without its `kwargs`, or with some that it cannot be run on.
    DataError
        Test rows without a response.
    """
    models = _check_fits(fits, test, kwargs)
    sites = {name: site_of(name, fit, kwargs[name]) for name, fit in fits.items() if name not in models}
    refuse_measures(models, sites)
    designs, failures = {}, {}
    for name in models:
        try:
            designs[name] = new_rows(fits[name], test)
        except RGLMError as error:
            failures[name] = error
    refuse_rows(designs, sites)
    second = rule_of([*(kind_of(model.family) for model in models.values()), *(site.kind for site in sites.values())])
    scores = _scores(fits, designs, sites, second, failures)
    if not scores:
        raise next(iter(failures.values()))
    return assemble(scores, second, {k: str(v) for k, v in failures.items()}, notes=_notes(fits, designs, sites))


def _check_fits(fits, test, kwargs) -> dict[str, Any]:
    """The models of the fits that are of RGLMs; an error for what is no fit, and for arguments that are missing."""
    if not isinstance(fits, Mapping) or not fits:
        raise NotComparable(
            "compare takes fits by name.", found=type(fits).__name__, do='for example {"ML": a, "NUTS": b}'
        )
    for name, fit in fits.items():
        if not isinstance(fit, Fit):
            raise NotComparable("compare scores fits.", found=f"{name!r} is {type(fit).__name__}", do="fit it first")
    models = {name: fit.model for name, fit in fits.items() if isinstance(fit.problem.program, Program)}
    if models and test is None:
        raise NotComparable(
            "Fits of RGLMs are scored on a table of test rows.",
            found=f"test=None for {', '.join(map(repr, models))}",
            do="give a frame, (X, y) or a Design",
        )
    check_arguments(fits, models, kwargs)
    return models


def _scores(fits, designs, sites, second: str, failures: dict[str, RGLMError]) -> list[RowScores]:
    """The scores of all fits that can be scored; the others go to `failures`."""
    table, scores = next(iter(designs.values()), None), []
    labels, counts = (None, None) if table is None else (table.index, observations(table))
    for name, fit in fits.items():
        try:
            if name in designs:
                scores.append(score_fit(name, fit, designs[name], second))
            elif name in sites:
                scores.append(score_site(name, fit, sites[name], second, labels, counts))
        except RGLMError as error:
            failures[name] = error
    return scores


def score_fit(name: str, fit: Fit, test: Design, second: str, fold: int = 0) -> RowScores:
    """The scores of one fit of an RGLM on the rows of `test`, and its mean score on its own rows."""
    if test.y is None:
        raise NotComparable(
            "Test rows need their response.",
            found=f"no column {fit.design.response!r}" if fit.design else "no response",
            do="add it",
        )
    own = fit.design
    inside = np.nan if own is None else float(np.average(_scored(fit, own), weights=observations(own)))
    scored = _scored(fit, test)
    other, width = crps_and_width(fit, test) if second == "crps" else (second_score(fit, test, second), None)
    return RowScores(
        name,
        fold,
        np.asarray(test.index),
        scored,
        other,
        inside,
        fit.problem.n,
        fit.seconds,
        ordered((*fit.labels, *outside_labels(fit, test))),
        observations(test),
        predictive_of(fit, test, width),
        facts_of(fit),
    )


def observations(design: Design) -> np.ndarray | None:
    """How many observations each row stands for: frequency weights, else None."""
    return design.weights if design.weights_kind == "frequency" else None


def _scored(fit: Fit, design: Design) -> np.ndarray:
    """Row log scores; a density that is no number is no density."""
    values = log_score(fit, design)
    return np.where(np.isnan(values), -np.inf, values)


def _notes(fits: Mapping[str, Fit], designs: Mapping[str, Design], sites: Mapping[str, Site]) -> list[str]:
    seen = [name for name, design in designs.items() if _is_training(fits[name], design)]
    seen += [name for name, site in sites.items() if is_training(fits[name], site)]
    whose = "its" if len(seen) == 1 else "their"
    notes = [f"These rows trained {', '.join(seen)}: {whose} scores are not held out."] if seen else []
    if designs:
        return notes + weight_notes(next(iter(designs.values())))
    scaled = any(site.weights is not None for site in sites.values())
    return notes + ["Scores do not apply the weights that scale the observed site."] * scaled


def weight_notes(design: Design) -> list[str]:
    """How weights enter the scores."""
    if design.weights_kind == "frequency":
        return ["Scores count each row as often as its frequency weight says."]
    if design.weights is not None:
        return [f"Scores do not apply the {design.weights_kind} weights."]
    return []


def _is_training(fit: Fit, test: Design) -> bool:
    own = fit.design
    if own is None or own is test:
        return own is test
    return own.X.shape == test.X.shape and np.array_equal(own.X, test.X) and np.array_equal(own.y, test.y)

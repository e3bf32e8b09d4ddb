"""`compare`: fits that exist, scored on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..binding import Program
from ..design import Design
from ..errors import NotComparable, RGLMError
from ..prediction import log_score, new_rows
from ..results import Fit
from ..spec import RGLM
from .rows import RowScores
from .scores import second_score, second_score_name
from .table import Comparison, assemble


def compare(fits: Mapping[str, Fit], test: Any) -> Comparison:
    """Score fits on the same held-out rows.

    Parameters
    ----------
    fits : {name: Fit}
    test : frame, (X, y) or Design
        Rows with their response that no fit has seen.

    Returns
    -------
    Comparison
        Paired differences of log scores to the best method, their standard errors and verdicts. They speak of these
        fits: `contrast(..., folds=10)` covers the variation of training as well. A fit that cannot score the rows
        stands in the table as "failed"; when none can, its error is raised.

    Raises
    ------
    NotComparable
        Other rows, another response or scale of it, other weights, or another dominating measure.
    DataError
        Test rows without a response.
    """
    if not isinstance(fits, Mapping) or not fits:
        raise NotComparable(
            "compare takes fits by name.", found=type(fits).__name__, do='for example {"ML": a, "NUTS": b}'
        )
    for name, fit in fits.items():
        if not isinstance(fit, Fit) or not isinstance(fit.problem.program, Program):
            raise NotComparable(
                "compare scores fits of recursive GLMs.",
                found=f"{name!r} is {'a fit of a NumPyro function' if isinstance(fit, Fit) else type(fit).__name__}",
                do="score it yourself with its log likelihood, or write it as an RGLM",
            )
    refuse_measures({name: fit.model for name, fit in fits.items()})
    designs, failures = {}, {}
    for name, fit in fits.items():
        try:
            designs[name] = new_rows(fit, test)
        except RGLMError as error:
            failures[name] = error
    _refuse_rows(designs)
    second = second_score_name(fit.model.family for fit in fits.values())
    scores = []
    for name, design in designs.items():
        try:
            scores.append(score_fit(name, fits[name], design, second))
        except RGLMError as error:
            failures[name] = error
    if not scores:
        raise next(iter(failures.values()))
    return assemble(scores, second, {k: str(v) for k, v in failures.items()}, notes=_notes(fits, designs))


def score_fit(name: str, fit: Fit, test: Design, second: str, fold: int = 0) -> RowScores:
    """The scores of one fit on the rows of `test`, and its mean score on its own rows."""
    if test.y is None:
        raise NotComparable(
            "Test rows need their response.",
            found=f"no column {fit.design.response!r}" if fit.design else "no response",
            do="add it",
        )
    own = fit.design
    inside = np.nan if own is None else float(np.average(_scored(fit, own), weights=observations(own)))
    return RowScores(
        name,
        fold,
        np.asarray(test.index),
        _scored(fit, test),
        second_score(fit, test, second),
        inside,
        fit.problem.n,
        fit.seconds,
        fit.labels,
        observations(test),
    )


def observations(design: Design) -> np.ndarray | None:
    """How many observations each row stands for: frequency weights, else None."""
    return design.weights if design.weights_kind == "frequency" else None


def _scored(fit: Fit, design: Design) -> np.ndarray:
    """Row log scores; a density that is no number is no density."""
    values = log_score(fit, design)
    return np.where(np.isnan(values), -np.inf, values)


def refuse_measures(models: Mapping[str, RGLM]) -> None:
    """An error where densities refer to different dominating measures."""
    measures = {name: model.family.measure for name, model in models.items()}
    if len(set(measures.values())) > 1:
        raise NotComparable(
            "Log scores of densities and of probabilities cannot be compared.",
            found="; ".join(f"{name!r}: {models[name].family.name}, {what} measure" for name, what in measures.items()),
            do="compare families of one measure",
        )


def _refuse_rows(designs: Mapping[str, Design]) -> None:
    """An error where methods would be scored on different rows, responses or weights."""
    if len(designs) < 2:
        return
    first, *others = designs.items()
    for other in others:
        _refuse_pair(first, other)


def _refuse_pair(first: tuple[str, Design], other: tuple[str, Design]) -> None:
    (a, one), (b, two) = first, other
    if one.response != two.response or one.levels != two.levels:
        raise NotComparable(
            "Scores of different responses, or of one response on different scales, cannot be compared.",
            found=f"{a!r}: {_response(one)}; {b!r}: {_response(two)}",
            do="model the same response, or put the transformation into the link",
        )
    if one.n != two.n or not np.array_equal(one.index, two.index):
        raise NotComparable(
            "Methods must be scored on the same rows.",
            found=f"{a!r}: {one.n} rows; {b!r}: {two.n} rows" if one.n != two.n else f"other row labels in {b!r}",
            do="give test rows that are complete in every column that any method uses",
        )
    if (one.y is None) != (two.y is None) or (one.y is not None and not np.array_equal(one.y, two.y)):
        raise NotComparable(
            "Methods must be scored on the same response.",
            found=f"{a!r} and {b!r} read other values",
            do="use one table",
        )
    same = one.weights is two.weights or (
        one.weights is not None
        and two.weights is not None
        and one.weights_kind == two.weights_kind
        and np.array_equal(one.weights, two.weights)
    )
    if not same:
        raise NotComparable(
            "Methods must be scored with the same weights.",
            found=f"{a!r}: {_weights(one)}; {b!r}: {_weights(two)}",
            do="fit all of them with the same weights",
        )


def _response(design: Design) -> str:
    return repr(design.response) + (f" with levels {', '.join(design.levels)}" if design.levels else "")


def _weights(design: Design) -> str:
    return "no weights" if design.weights is None else f"{design.weights_kind} weights"


def _notes(fits: Mapping[str, Fit], designs: Mapping[str, Design]) -> list[str]:
    seen = [name for name, design in designs.items() if _is_training(fits[name], design)]
    notes = [f"These rows trained {', '.join(seen)}: its scores are not held out."] if seen else []
    return notes + weight_notes(next(iter(designs.values())))


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

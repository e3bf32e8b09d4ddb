"""What `compare` refuses: missing arguments, and scores of other rows, responses, scales, weights, trials, bounds or
measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..design import Design
from ..errors import NotComparable
from ..results import Fit
from ..spec import RGLM
from .foreign import Site


def check_arguments(fits: Mapping[str, Fit], models: Mapping[str, RGLM], kwargs: Any) -> None:
    """An error unless `kwargs` holds arguments for each fit that is not among `models`, and for no other."""
    given = {} if kwargs is None else kwargs
    if not isinstance(given, Mapping) or not all(isinstance(own, Mapping) for own in given.values()):
        raise NotComparable(
            "kwargs holds the arguments of each NumPyro function by the name of its fit.",
            found=repr(given)[:80],
            do='for example kwargs={"mine": {"X": X_test, "y": y_test}}',
        )
    known = [name for name in fits if name not in models]
    for name in known:
        if name not in given:
            wanted = ", ".join(f"{key!r}: ..." for key in fits[name].problem.data)
            raise NotComparable(
                "A fit of a NumPyro function is scored with that function's arguments for the test rows.",
                found=f"no kwargs for {name!r}",
                do=f"kwargs={{{name!r}: {{{wanted}}}}}, the response included, in the row order of test",
            )
    strange = [name for name in given if name not in known]
    if strange:
        raise NotComparable(
            "kwargs are for fits of NumPyro functions.",
            found=f"{', '.join(map(repr, strange))}; such fits: {', '.join(map(repr, known)) or 'none'}",
            do="name those fits only",
        )


def refuse_measures(models: Mapping[str, RGLM], sites: Mapping[str, Site] | None = None) -> None:
    """An error where densities refer to different dominating measures."""
    named = {name: (model.family.name, model.family.measure) for name, model in models.items()}
    named |= {name: (site.distribution, site.measure) for name, site in (sites or {}).items()}
    if len({measure for _, measure in named.values()}) > 1:
        raise NotComparable(
            "Log scores of densities and of probabilities cannot be compared.",
            found="; ".join(f"{name!r}: {what}, {measure} measure" for name, (what, measure) in named.items()),
            do="compare families of one measure",
        )


def refuse_rows(designs: Mapping[str, Design], sites: Mapping[str, Site]) -> None:
    """An error where methods would be scored on different rows, responses or weights: all against the first one."""
    everything = [*designs.items(), *sites.items()]
    for name, other in everything[1:]:
        first, reference = everything[0]
        if isinstance(other, Design):
            _refuse_tables(first, reference, name, other)
            _refuse_labels(first, reference, name, other)
            _refuse_trials(first, reference, name, other)
            _refuse_bounds(first, reference, name, other)
        _refuse_count(first, reference, name, other)
        _refuse_values(first, reference, name, other)
        _refuse_weights(first, reference, name, other)


def _refuse_tables(a: str, one: Design, b: str, two: Design) -> None:
    if one.response != two.response or one.levels != two.levels:
        raise NotComparable(
            "Scores of different responses, or of one response on different scales, cannot be compared.",
            found=f"{a!r}: {_response(one)}; {b!r}: {_response(two)}",
            do="model the same response, or put the transformation into the link",
        )


def _refuse_labels(a: str, one: Design, b: str, two: Design) -> None:
    if one.n == two.n and not np.array_equal(one.index, two.index):
        raise NotComparable(
            "Methods must be scored on the same rows.",
            found=f"other row labels in {b!r} than in {a!r}",
            do="give test rows that are complete in every column that any method uses",
        )


def _refuse_trials(a: str, one: Design, b: str, two: Design) -> None:
    trials = [np.ones(d.n) if d.trials is None else d.trials for d in (one, two)]
    if one.n == two.n and not np.array_equal(*trials):
        row = int(np.flatnonzero(trials[0] != trials[1])[0])
        raise NotComparable(
            "Scores of rows that stand for different numbers of trials cannot be compared.",
            found=f"test row {one.index[row]}: {trials[0][row]:g} in {a!r}, {trials[1][row]:g} in {b!r}",
            do="give all methods the same rows: one for each trial, or the successes of the same trials",
        )


def _refuse_bounds(a: str, one: Design, b: str, two: Design) -> None:
    """A censored row has a probability, another a density."""
    seen = [_seen(design) for design in (one, two)]
    if one.n == two.n and not np.array_equal(*seen):
        row = int(np.flatnonzero(np.any(seen[0] != seen[1], axis=0))[0])
        raise NotComparable(
            "Scores of rows that are censored for one method only, or elsewhere, cannot be compared.",
            found=f"test row {one.index[row]} in {a!r} and in {b!r}",
            do="fit all methods with the same lower= and upper=",
        )


def _seen(design: Design) -> np.ndarray:
    """(where each row is censored: 0 nowhere, 1 below, 2 above, 3 between; the bounds that count there), (3, n)."""
    n = design.n
    y = np.zeros(n) if design.y is None or design.y.ndim > 1 else design.y
    lower = np.full(n, -np.inf) if design.lower is None else design.lower
    upper = np.full(n, np.inf) if design.upper is None else design.upper
    kind = np.select([np.isnan(y), y <= lower, y >= upper], [3, 1, 2], 0)
    return np.stack([kind, np.where(kind % 2 == 1, lower, 0.0), np.where(kind >= 2, upper, 0.0)])


def _refuse_count(a: str, one: Design | Site, b: str, two: Design | Site) -> None:
    if one.n != two.n:
        raise NotComparable(
            "Methods must be scored on the same rows.",
            found=f"{a!r}: {one.n} rows; {b!r}: {two.n} rows",
            do="give test rows that are complete in every column that any method uses",
        )


def _refuse_values(a: str, one: Design | Site, b: str, two: Design | Site) -> None:
    if one.y is None and two.y is None:
        return  # said when they are scored
    if one.y is None or two.y is None or not _equal(one.y, two.y):
        raise NotComparable(
            "Methods must be scored on the same response.",
            found=f"{a!r} and {b!r} read other values{_first_unlike(one.y, two.y)}",
            do="use one table, its rows in one order",
        )


def _equal(one: np.ndarray, two: np.ndarray) -> bool:
    """Equality at the precision of the coarser: arrays made by JAX outside double precision are rounded."""
    if np.float32 in (one.dtype, two.dtype):
        one, two = one.astype(np.float32), two.astype(np.float32)
    return np.array_equal(one, two)


def _first_unlike(one: np.ndarray | None, two: np.ndarray | None) -> str:
    if one is None or two is None or one.shape != two.shape or one.ndim != 1:
        return ""
    row = int(np.flatnonzero(one != two)[0])
    return f": {float(one[row]):g} and {float(two[row]):g} in test row {row}"


def _refuse_weights(a: str, one: Design | Site, b: str, two: Design | Site) -> None:
    kinds = {rows.weights_kind for rows in (one, two) if isinstance(rows, Design)}
    same = one.weights is two.weights or (
        one.weights is not None
        and two.weights is not None
        and len(kinds) < 2
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


def _weights(rows: Design | Site) -> str:
    if rows.weights is None:
        return "no weights"
    return f"{rows.weights_kind} weights" if isinstance(rows, Design) else "weights by numpyro.handlers.scale"

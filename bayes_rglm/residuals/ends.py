"""Where a row was seen to lie: at a point, at a count, or between the bounds of a censored row."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from .. import evaluation
from ..families import Family
from ..links import Link


def ends(family: Family, link: Link, rows: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(start, stop), (n,) each: the row was seen in (start, stop], or at start = stop.

    A discrete response at its value: the one below is the start. A censored one: everything beyond its bound, or the
    interval between its two bounds.
    """
    y = np.asarray(rows["y"], float)
    if family.discrete:
        return y - 1.0, y
    lower, upper = bounds(family, link, rows)
    left, right, hidden = y <= lower, (y >= upper) & ~(y <= lower), np.isnan(y)
    start = np.where(left, -np.inf, np.where(right, upper, np.where(hidden, lower, y)))
    stop = np.where(left, lower, np.where(right, np.inf, np.where(hidden, upper, y)))
    return start, stop


def bounds(family: Family, link: Link, rows: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(lower, upper) of each row, -inf and inf where there is none; the family's own where rows have none."""
    y, found = np.asarray(rows["y"], float), {}
    if "lower" in family.rows:
        with evaluation.float64():
            aux = {parameter.name: jnp.asarray(2.0) for parameter in family.auxiliaries}
            found = family.distribution(link, jnp.asarray(1.0), **aux).bounds
    low, high = (rows.get(name, found.get(name)) for name in ("lower", "upper"))
    return (
        np.broadcast_to(-np.inf if low is None else np.asarray(low, float), y.shape),
        np.broadcast_to(np.inf if high is None else np.asarray(high, float), y.shape),
    )


def middle(family: Family, link: Link, rows: dict[str, Any]) -> np.ndarray:
    """A number for the sign of each row's residual: -inf and inf for censored rows, the middle of an interval."""
    start, stop = ends(family, link, rows)
    return np.asarray(rows["y"], float) if family.discrete else 0.5 * (start + stop)


__all__ = ["bounds", "ends", "middle"]

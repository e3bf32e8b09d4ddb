"""Frozen numbers for scaled priors: where a column's centre is, and how large its term is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Term:
    """A term of the design: its name and the positions of its columns in X."""

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Constants:
    """Frozen numbers for scaled priors.

    Attributes
    ----------
    centre : (p,) array
        Mean of each column, in its units (zeros without standardisation).
    norm : (p,) array
        Root mean square of the centred term that the column belongs to (ones without standardisation); never 0.
    """

    centre: np.ndarray
    norm: np.ndarray


def constants_of(X: np.ndarray, terms: tuple[Term, ...], weights: np.ndarray | None, standardize: bool) -> Constants:
    """Centres and term norms of `X` (n, p); `weights` (n,) are frequencies or None."""
    p = X.shape[1]
    if not standardize:
        return Constants(np.zeros(p), np.ones(p))
    with np.errstate(over="ignore", invalid="ignore"):
        return _sizes(X, terms, weights)


def _sizes(X: np.ndarray, terms: tuple[Term, ...], weights: np.ndarray | None) -> Constants:
    share = np.full(len(X), 1.0 / len(X)) if weights is None else weights / weights.sum()
    centre = share @ X
    # A second pass removes the rounding of the first where the mean is large against the spread.
    centre = centre + share @ (X - centre)
    squares = share @ (X - centre) ** 2
    norm = np.ones(X.shape[1])
    for term in terms:
        members = list(term.columns)
        size = np.sqrt(squares[members].sum()) if members else 0.0
        if size > 0 and np.isfinite(size):
            norm[members] = size
    return Constants(centre, norm)

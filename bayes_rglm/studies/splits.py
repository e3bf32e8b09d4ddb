"""Which rows train and which test: decided by the seed, the number of rows and, where it has levels, the response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..errors import DataError


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of training rows and of test rows, each sorted; (m,) integers."""

    train: np.ndarray
    test: np.ndarray


def make_splits(
    n: int, *, folds: int | None, test: float, train_rows: int | None, seed: Any, classes: np.ndarray | None = None
) -> list[Split]:
    """K folds, or one split into training and test rows.

    Parameters
    ----------
    n : int
        Rows of the table.
    folds : int or None
        Number of folds; each row is then tested once.
    test : float
        Share of rows that test, where neither `folds` nor `train_rows` is given.
    train_rows : int or None
        Absolute number of training rows.
    seed : int or JAX key
    classes : (n,) array, optional
        Levels whose shares every part keeps, as far as whole rows allow. A level of one row trains where one split is
        made; of K folds, the one that tests it has no training row of that level.

    Raises
    ------
    DataError
        Numbers that leave no rows to train or to test.
    """
    order = _mixed(n, np.zeros(n) if classes is None else np.asarray(classes), _generator(seed))
    if folds is not None:
        _check_folds(folds, n, train_rows)
        # Dealing rows out in an order sorted by class gives every fold its share of each class.
        part = np.empty(n, int)
        part[order.by_class] = np.arange(n) % folds
        return [Split(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(folds)]
    count = _train_count(n, test, train_rows)
    chosen = np.sort(order.interleaved[:count])
    return [Split(chosen, np.setdiff1d(np.arange(n), chosen))]


def untrained_levels(classes: np.ndarray, splits: list[Split]) -> list[float]:
    """The levels that some split tests without a training row of theirs, in order."""
    return sorted({level for s in splits for level in np.setdiff1d(classes[s.test], classes[s.train]).tolist()})


@dataclass(frozen=True, eq=False)
class _Orders:
    """Rows in random order: sorted by class, and interleaved so that any beginning holds the classes in proportion."""

    by_class: np.ndarray
    interleaved: np.ndarray


def _mixed(n: int, classes: np.ndarray, random: np.random.Generator) -> _Orders:
    shuffled = random.permutation(n)
    by_class = shuffled[np.argsort(classes[shuffled], kind="stable")]
    position = np.empty(n)
    for level in np.unique(classes):
        rows = by_class[classes[by_class] == level]
        position[rows] = (np.arange(len(rows)) + 0.5) / len(rows) if len(rows) > 1 else 0.0
    ties = random.permutation(n)
    return _Orders(by_class, ties[np.argsort(position[ties], kind="stable")])


def _generator(seed: Any) -> np.random.Generator:
    if isinstance(seed, int | np.integer):
        return np.random.default_rng(abs(int(seed)))
    return np.random.default_rng(np.asarray(jax.random.key_data(seed)))


def _check_folds(folds: int, n: int, train_rows: int | None) -> None:
    if train_rows is not None:
        raise DataError(
            "Folds decide how many rows train.", found=f"folds={folds}, train_rows={train_rows}", do="give one of them"
        )
    if isinstance(folds, bool) or not isinstance(folds, int | np.integer) or not 2 <= folds <= n:
        raise DataError("folds is a whole number from 2 to the number of rows.", found=f"folds={folds!r}, {n} rows")
    if n - -(-n // folds) < 2:
        raise DataError("Each fold needs two training rows.", found=f"folds={folds}, {n} rows", do="give more rows")


def _train_count(n: int, test: float, train_rows: int | None) -> int:
    if train_rows is None:
        if isinstance(test, bool) or not isinstance(test, int | float) or not 0 < test < 1:
            raise DataError("test is the share of rows held out, between 0 and 1.", found=f"test={test!r}")
        train_rows = n - max(1, round(n * test))
    elif isinstance(train_rows, bool) or not isinstance(train_rows, int | np.integer):
        raise DataError("train_rows is a whole number of rows.", found=f"train_rows={train_rows!r}")
    if not 2 <= train_rows < n:
        raise DataError(
            "A split needs at least two training rows and one test row.",
            found=f"{train_rows} training rows of {n}",
            do="give more rows, or another train_rows",
        )
    return int(train_rows)

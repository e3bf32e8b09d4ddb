"""Splits: sizes, shares, seeds."""

import jax
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, compare
from bayes_rglm.errors import DataError
from bayes_rglm.studies import contrast, make_splits
from bayes_rglm.studies.splits import untrained_levels

ONE = {"folds": None, "test": 0.3, "train_rows": None, "seed": 0}


def test_one_split_parts_all_rows():
    (split,) = make_splits(50, **ONE)
    assert (len(split.train), len(split.test)) == (35, 15)
    assert sorted([*split.train, *split.test]) == list(range(50))
    assert (np.diff(split.train) > 0).all()


def test_absolute_training_rows():
    (split,) = make_splits(50, **{**ONE, "train_rows": 12})
    assert (len(split.train), len(split.test)) == (12, 38)


@pytest.mark.parametrize("rows", [30, 60, 143])
def test_binary_shares_are_kept(rows):
    y = (np.arange(500) % 10 == 3).astype(float)  # 10 %
    (split,) = make_splits(500, **{**ONE, "train_rows": rows}, classes=y)
    assert abs(y[split.train].sum() - rows / 10) <= 1


def test_a_rare_class_is_in_both_parts():
    y = np.r_[np.ones(2), np.zeros(38)]
    for seed in range(20):
        (split,) = make_splits(40, **{**ONE, "seed": seed}, classes=y)
        assert y[split.train].sum() == 1
        assert y[split.test].sum() == 1


def test_a_level_of_one_row_trains():
    y = np.r_[0.0, np.ones(19), np.full(20, 2.0)]
    for seed in range(20):
        (split,) = make_splits(40, **{**ONE, "seed": seed}, classes=y)
        assert 0 in split.train
        assert untrained_levels(y, [split]) == []
    folds = make_splits(40, **{**ONE, "folds": 4}, classes=y)
    assert untrained_levels(y, folds) == [0.0]


def test_folds_test_each_row_once_and_keep_shares():
    y = (np.arange(47) % 3 == 0).astype(float)
    splits = make_splits(47, **{**ONE, "folds": 5}, classes=y)
    assert sorted(np.concatenate([s.test for s in splits])) == list(range(47))
    assert all(not set(s.train) & set(s.test) for s in splits)
    assert {len(s.test) for s in splits} <= {9, 10}
    assert {int(y[s.test].sum()) for s in splits} <= {3, 4}


def test_the_seed_decides():
    first, again = make_splits(50, **ONE)[0], make_splits(50, **ONE)[0]
    np.testing.assert_array_equal(first.train, again.train)
    assert not np.array_equal(first.train, make_splits(50, **{**ONE, "seed": 1})[0].train)
    key = jax.random.key(3)
    np.testing.assert_array_equal(
        make_splits(50, **{**ONE, "seed": key})[0].train, make_splits(50, **{**ONE, "seed": key})[0].train
    )


def test_every_row_is_as_likely_to_test():
    hits = np.zeros(20)
    for seed in range(2000):
        hits[make_splits(20, **{**ONE, "seed": seed}, classes=np.arange(20) % 2)[0].test] += 1
    assert np.all(np.abs(hits / 2000 - 0.3) < 0.05)


@pytest.mark.parametrize(
    "bad",
    [
        *({"folds": 1}, {"folds": 51}, {"folds": 2.0}, {"folds": True}, {"folds": 5, "train_rows": 10}),
        *({"test": 0.0}, {"test": 1.0}, {"test": "a"}, {"test": float("nan")}),
        *({"train_rows": 1}, {"train_rows": 50}, {"train_rows": 2.5}, {"train_rows": True}),
    ],
)
def test_sizes_that_leave_nothing_are_refused(bad):
    with pytest.raises(DataError, match="|".join(bad)):
        make_splits(50, **{**ONE, **bad})


def test_numeric_codes_keep_their_number_of_levels():
    """The one row of the highest code falls into one fold only; every fold has the levels of the table."""
    y = np.resize([0.0, 1.0], 30)
    y[4] = 2.0
    X = np.linspace(-1.0, 1.0, 30)[:, None]
    whole = Design.from_arrays(X, y)
    rest = whole.rows(np.flatnonzero(y < 2))
    assert Problem(RGLM("ordinal"), rest).program.levels == 3
    assert Problem(RGLM("categorical"), rest.take(np.arange(9))).program.levels == 3
    assert Problem(RGLM("ordinal"), rest.new(X[:3], y=[0.0, 1.0, 0.0])).program.levels == 3
    assert Design.from_recipe(*rest.recipe()).top == rest.top == 2.0
    study = contrast(RGLM("ordinal"), whole, {"MAP": "map", "ML": "ml"}, folds=3, seed=0)
    assert study.comparison.n_test == 30
    assert np.isfinite(study.comparison.table.loc["MAP", "log_score"])
    assert "Level 2 of 'y' has no row" in " ".join(study.comparison.notes), "maximum likelihood says why it cannot"
    with pytest.raises(DataError, match="level codes 0 to 2"):
        compare(study.fits, (X[:2], [0.0, 3.0]))

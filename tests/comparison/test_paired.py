"""Paired differences: standard errors by hand, infinite scores, verdicts, and coverage where the truth is known."""

import numpy as np
import pytest
from scipy import stats

from bayes_rglm.comparison import paired_difference
from bayes_rglm.comparison.paired import row_differences, tail_index

REFERENCE = np.array([-1.0, -2.0, -0.5, -1.5])
WORSE = np.array([-3.0, -2.5, -1.5, -6.0])  # d = -2, -0.5, -1, -4.5


def test_one_frame_by_hand():
    d = paired_difference(WORSE, REFERENCE)
    assert d.total == pytest.approx(-8.0)
    assert d.error == pytest.approx(np.sqrt(4 * np.var([-2, -0.5, -1, -4.5], ddof=1)))
    assert (d.median, d.won) == (pytest.approx(-1.5), 0.0)
    assert np.isnan(d.tail)


def test_frequency_weights_count_rows():
    counts = np.array([2, 1, 3, 1])
    weighted = paired_difference(WORSE, REFERENCE, counts)
    copied = paired_difference(np.repeat(WORSE, counts), np.repeat(REFERENCE, counts))
    for name in ("total", "error", "median", "won", "verdict"):
        assert getattr(weighted, name) == pytest.approx(getattr(copied, name)), name


def test_folds_by_hand():
    # Four folds of two rows; fold means of d are -1, -2, -3, -6.
    d = np.array([-0.5, -1.5, -2, -2, -4, -2, -5, -7])
    fold = np.repeat([0, 1, 2, 3], 2)
    found = paired_difference(d, np.zeros(8), fold=fold, test_share=1 / 3)
    variance = np.var([-1, -2, -3, -6], ddof=1)
    assert found.error == pytest.approx(8 * np.sqrt((1 / 4 + 1 / 3) * variance))


def test_folds_use_students_t():
    # Mean difference of 2.5 standard errors: beyond 2, short of t(2) = 4.30.
    means = np.array([-1.0, 0.0, 1.0]) - 2.5 * np.sqrt(1 / 3 + 1 / 2)
    d, fold = np.repeat(means, 10), np.repeat([0, 1, 2], 10)
    found = paired_difference(d, np.zeros(30), fold=fold, test_share=1 / 2)
    assert found.total / found.error == pytest.approx(-2.5)
    assert found.total < -4
    assert found.verdict == "indistinguishable"
    assert stats.t.ppf(0.975, 2) > 4


def test_small_sums_are_indistinguishable_however_sure():
    d = np.full(30, -0.1) + 1e-6 * np.arange(30)
    assert paired_difference(d, np.zeros(30)).verdict == "indistinguishable"
    assert paired_difference(2 * d, np.zeros(30)).verdict == "worse"


def test_large_sums_within_two_errors_are_indistinguishable():
    d = np.array([-40.0, 30.0, -50.0, 20.0])
    found = paired_difference(d, np.zeros(4))
    assert abs(found.total) > 4
    assert abs(found.total) < 2 * found.error
    assert found.verdict == "indistinguishable"


def test_a_row_of_density_zero_is_counted():
    scores = np.array([-1.0, -np.inf, -0.5, -1.5])
    found = paired_difference(scores, REFERENCE)
    assert found.total == -np.inf
    assert np.isnan(found.error)
    assert found.verdict == "worse"
    assert found.won == pytest.approx(3 / 4 / 2)  # three ties


def test_two_rows_of_density_zero_are_equal():
    np.testing.assert_array_equal(
        row_differences([-np.inf, -np.inf, 1.0], [-np.inf, 0.0, -np.inf]), [0.0, -np.inf, np.inf]
    )


def test_each_impossible_under_the_other_tells_nothing():
    found = paired_difference(np.array([-np.inf, 0.0]), np.array([0.0, -np.inf]))
    assert np.isnan(found.total)
    assert found.verdict == "indistinguishable"


def test_one_test_row_has_no_standard_error():
    found = paired_difference(np.array([-50.0]), np.array([0.0]))
    assert np.isnan(found.error)
    assert found.verdict == "indistinguishable"


def test_heavy_tails_are_seen():
    rng = np.random.default_rng(0)
    assert tail_index(rng.normal(size=400)) < 0.5
    assert tail_index(rng.standard_cauchy(size=400)) > 0.7
    assert tail_index(np.append(np.zeros(30), np.inf)) == np.inf
    assert np.isnan(tail_index(np.zeros(400)))


def test_two_standard_errors_cover_the_true_mean():
    rng, n, hits = np.random.default_rng(2), 50, 0
    for _ in range(2000):
        found = paired_difference(rng.normal(-1.0, 2.0, n), np.zeros(n))
        hits += abs(found.total + n) < 2 * found.error
    assert 0.93 < hits / 2000 < 0.965

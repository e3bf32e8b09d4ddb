"""PIT, coverage and width: against SciPy's distribution functions, and where the truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, fit
from bayes_rglm.comparison import calibration, compare
from bayes_rglm.comparison.calibration import Predictive, covered, predictive_of, transforms, uniformity
from bayes_rglm.comparison.scores import crps_and_width

X = np.linspace(-1, 1, 40)[:, None]


def by_hand(family, y, log_weights=None, rows=None, **sites):
    """A fit of draws without slopes: sites {name: (draws,)} or a number."""
    x = np.linspace(-1, 1, len(y))[:, None]
    count = max(np.size(v) for v in sites.values())
    samples = {name: np.broadcast_to(np.asarray(v, float), (1, count)).copy() for name, v in sites.items()}
    weights = None if log_weights is None else np.asarray(log_weights, float)[None]
    design = Design.from_arrays(x, y, **(rows or {}))
    kind = "point" if count == 1 else "mcmc"
    draws = Draws(samples | {"beta": np.zeros((1, count, 1))}, kind, log_weights=weights)
    return Fit(Problem(RGLM(family), design), draws, "hand")


def found_by(fit, design=None):
    design = fit.design if design is None else design
    return predictive_of(fit, design, crps_and_width(fit, design)[1])


def test_a_mixture_averages_the_distribution_function_not_the_predictor():
    y = np.linspace(-3, 5, 40)
    found = found_by(by_hand("gaussian", y, intercept=[0.0, 2.0], sigma=[1.0, 0.5]))
    expected = (stats.norm.cdf(y, 0, 1) + stats.norm.cdf(y, 2, 0.5)) / 2
    np.testing.assert_allclose(found.below, expected, rtol=1e-12)
    np.testing.assert_allclose(found.upto, expected, rtol=1e-12)
    assert np.max(np.abs(expected - stats.norm.cdf(y, 1, 0.75))) > 0.05


def test_weights_of_draws_count():
    y = np.linspace(-3, 5, 40)
    found = found_by(by_hand("gaussian", y, np.log([3.0, 1.0]), intercept=[0.0, 2.0], sigma=[1.0, 0.5]))
    expected = 0.75 * stats.norm.cdf(y, 0, 1) + 0.25 * stats.norm.cdf(y, 2, 0.5)
    np.testing.assert_allclose(found.below, expected, rtol=1e-12)


def test_the_upper_tail_keeps_its_digits_and_stays_inside():
    found = found_by(by_hand("gaussian", np.linspace(-45, 45, 40), intercept=0.0, sigma=1.0))
    assert np.all((found.below >= 0) & (found.below <= 1))
    assert uniformity(transforms(found)) < 1e-6


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_lie_between_two_probabilities(weighted):
    y = np.arange(40) % 7
    rates = np.array([1.0, 4.0])
    log_weights = np.log([1.0, 3.0]) if weighted else None
    found = found_by(by_hand("poisson", y, log_weights, intercept=np.log(rates)))
    mix = np.array([0.25, 0.75]) if weighted else np.array([0.5, 0.5])
    np.testing.assert_allclose(found.upto, stats.poisson.cdf(y[:, None], rates) @ mix, rtol=1e-12)
    np.testing.assert_allclose(found.below, stats.poisson.cdf(y[:, None] - 1, rates) @ mix, rtol=1e-12, atol=1e-300)
    assert found.width is None
    assert np.isnan(covered(found))
    u = transforms(found)
    assert np.all((u > found.below) & (u < found.upto))


def test_a_row_above_its_bound_and_the_atom_of_tobit_are_drawn_between():
    y = np.where(np.arange(40) % 2, 0.7, 0.2)
    censored = found_by(by_hand("gaussian", y, rows={"upper": np.full(40, 0.7)}, intercept=0.0, sigma=1.0))
    above = y == 0.7
    np.testing.assert_allclose(censored.below[above], stats.norm.cdf(0.7), rtol=1e-12)
    np.testing.assert_array_equal(censored.upto[above], 1.0)
    np.testing.assert_array_equal(censored.below[~above], censored.upto[~above])
    y = np.maximum(np.linspace(-2, 2, 40), 0.0)
    atom = found_by(by_hand("tobit", y, intercept=0.3, sigma=1.0))
    np.testing.assert_array_equal(atom.below[y == 0], 0.0)
    np.testing.assert_allclose(atom.upto[y == 0], stats.norm.cdf(-0.3), rtol=1e-12)
    np.testing.assert_allclose(atom.upto[y > 0], stats.norm.cdf(y[y > 0] - 0.3), rtol=1e-12)


def test_ordered_levels_have_a_transform_and_unordered_ones_none(world):
    draws = world.drawn("ordinal")
    found, chances = predictive_of(draws, draws.design, None), draws_mean(draws)
    upto = np.cumsum(chances, axis=1)[np.arange(40), draws.design.y.astype(int)]
    np.testing.assert_allclose(found.upto, upto, rtol=1e-10)
    assert predictive_of(world.drawn("categorical"), world.design("categorical"), None) is None


def draws_mean(fit):
    from bayes_rglm import predict

    return predict(fit).mean(("chain", "draw")).to_numpy()


def test_widths_are_those_of_the_distribution():
    point = found_by(by_hand("gaussian", X[:, 0], intercept=0.3, sigma=1.7))
    np.testing.assert_allclose(point.width, 2 * stats.norm.ppf(0.95) * 1.7, rtol=1e-12)
    gamma = by_hand("gamma", np.linspace(0.1, 3, 40), intercept=np.log(2.0), concentration=3.0)
    exact = np.diff(stats.gamma.ppf([0.05, 0.95], 3.0, scale=2.0 / 3.0))[0]
    assert found_by(gamma).width.mean() == pytest.approx(exact, rel=0.01)  # 40 rows of 1000 outcomes


def test_coverage_counts_what_is_inside_and_rows_without_a_distribution_as_outside():
    u = np.array([0.01, 0.05, 0.5, 0.95, 0.951, np.nan])
    found = Predictive(u, u, np.ones(6))
    assert covered(found) == pytest.approx(3 / 6)
    assert covered(found, np.array([1, 1, 4, 1, 2, 1])) == pytest.approx(6 / 10)


def test_a_right_model_covers_nine_rows_in_ten_and_a_narrow_one_does_not():
    y = np.random.default_rng(0).normal(size=2000)
    right, narrow = (covered(found_by(by_hand("gaussian", y, intercept=0.0, sigma=sigma))) for sigma in (1.0, 0.5))
    assert right == pytest.approx(0.9, abs=0.02)  # two standard errors are 0.013
    assert narrow == pytest.approx(2 * stats.norm.cdf(0.5 * stats.norm.ppf(0.95)) - 1, abs=0.03)


def test_the_test_of_uniformity_has_its_level_and_sees_what_is_wrong():
    rng = np.random.default_rng(1)
    p = np.array([uniformity(rng.uniform(size=60)) for _ in range(1000)])
    assert 0.03 < np.mean(p < 0.05) < 0.09
    z = rng.normal(size=60)
    assert uniformity(stats.norm.cdf(z / 0.5)) < 0.01  # too narrow
    assert uniformity(stats.norm.cdf(z / 2.5)) < 0.01  # too wide
    assert uniformity(stats.norm.cdf(z - 0.8)) < 0.01  # too low
    assert np.isnan(uniformity(np.array([0.1, 0.2, np.nan, 0.3, 0.4])))


def test_the_p_value_is_a_cauchy_combination_of_order_statistics():
    u = np.sort(np.random.default_rng(4).beta(2, 1, size=15))
    i = np.arange(1, 16)
    tail = stats.beta.cdf(u, i, 16 - i)
    pointwise = 2 * np.minimum(tail, 1 - tail)
    statistic = np.mean(np.where(pointwise < 0.5, np.tan((0.5 - pointwise) * np.pi), 0.0))
    assert uniformity(u) == pytest.approx(stats.cauchy.sf(statistic), rel=1e-9)


def test_the_band_holds_all_points_at_once():
    rng = np.random.default_rng(2)
    for n in (8, 60, 700):
        at, low, high = calibration.simultaneous_band(n)
        shares = np.array([np.searchsorted(np.sort(rng.uniform(size=n)), at, side="right") / n for _ in range(1500)])
        inside = np.mean(np.all((shares >= low - 1e-9) & (shares <= high + 1e-9), axis=1))
        assert 0.93 < inside < 0.99, n
        one = np.mean((shares[:, len(at) // 2] >= low[len(at) // 2]) & (shares[:, len(at) // 2] <= high[len(at) // 2]))
        assert one > inside  # a pointwise band would not hold at once


# in the table ---------------------------------------------------------------------------------------------------------


def test_the_table_has_what_the_rows_say():
    y = np.random.default_rng(3).normal(0.3, 1.0, 40)
    sigmas = {"near": 1.0, "narrow": 0.3}
    fits = {name: by_hand("gaussian", y, intercept=0.3, sigma=sigma) for name, sigma in sigmas.items()}
    test = (X, np.random.default_rng(5).normal(0.3, 1.0, 40))
    found = compare(fits, test)
    for name, sigma in sigmas.items():
        u = stats.norm.cdf(test[1], 0.3, sigma)
        row = found.table.loc[name]
        assert row["cov90"] == pytest.approx(np.mean((u >= 0.05) & (u <= 0.95)))
        assert row["width90"] == pytest.approx(2 * stats.norm.ppf(0.95) * sigma)
        assert row["pit_p"] == pytest.approx(uniformity(u))
        np.testing.assert_allclose(found.rows.loc[found.rows["method"] == name, "pit"], u, rtol=1e-12)
    assert found.table.loc["narrow", "pit_p"] < 0.001 < found.table.loc["near", "pit_p"]
    assert any("cov90: a calibrated method covers 80 to 98 % of 40 rows" in note for note in found.notes)


def test_why_a_column_is_absent_is_said(world):
    for family, said in {"poisson": "no coverage column", "categorical": "values have an order"}.items():
        found = compare({"a": world.drawn(family)}, world.frame(family))
        assert np.isnan(found.table.loc["a", "cov90"])
        assert "cov90" not in found.text()
        assert any(said in note for note in found.notes)
    assert np.isnan(found.table.loc["a", "pit_p"])
    assert "pit_p" not in found.text()


def test_frequency_weights_test_observations_not_rows():
    frame = pd.DataFrame({"x": X[:, 0], "y": np.random.default_rng(7).poisson(2.0, 40), "w": np.tile([1.0, 3.0], 20)})
    weighted = fit(RGLM("poisson"), ("y ~ x", frame), "ml", weights="w", weights_kind="frequency")
    found = compare({"a": weighted}, frame)
    lam = np.exp(weighted.problem.linear_predictor({k: v[0, 0] for k, v in weighted.draws.samples.items()}))
    below, upto = (np.repeat(stats.poisson.cdf(frame["y"] - k, lam), frame["w"].astype(int)) for k in (1, 0))
    share = np.random.default_rng(calibration.STREAM).uniform(size=80)
    assert found.table.loc["a", "pit_p"] == pytest.approx(uniformity(below + share * (upto - below)), rel=1e-6)


def test_rows_of_folds_are_tested_together():
    u = np.linspace(0.01, 0.99, 20)
    parts = [Predictive(u[:7], u[:7], np.ones(7)), Predictive(u[7:], u[7:], np.ones(13))]
    whole = calibration.joined(parts)
    np.testing.assert_array_equal(transforms(whole), u)
    assert calibration.joined([parts[0], None]) is None

"""Brier's score of levels, the ranked probability score and the CRPS: hand formulas, and which of them applies."""

import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from scipy.special import ndtr

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, compare, families
from bayes_rglm.comparison import brier_levels, ranked_probability_score, rules, scores, second_score_name
from bayes_rglm.errors import NotComparable

P = np.array([[0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [0.6, 0.3, 0.1]])
X = np.linspace(-1.0, 1.0, 12)[:, None]


def test_brier_of_levels_by_hand():
    np.testing.assert_allclose(
        brier_levels(P, [1, 2, 2]), [0.04 + 0.25 + 0.09, 0.0, 0.36 + 0.09 + 0.81], rtol=1e-14, atol=1e-15
    )


def test_ranked_probability_score_by_hand():
    # cumulative .2 .7 | 0 0 | .6 .9 against 0 1 | 0 0 | 0 0
    np.testing.assert_allclose(
        ranked_probability_score(P, [1, 2, 2]), [0.04 + 0.09, 0.0, 0.36 + 0.81], rtol=1e-14, atol=1e-15
    )


def test_it_is_the_crps_of_the_codes():
    rng = np.random.default_rng(0)
    p = np.array([0.1, 0.4, 0.3, 0.2])
    outcomes = rng.choice(4, p=p, size=(200_000, 1))
    for y in range(4):
        simulated = scores.crps_sample(np.array([float(y)]), outcomes)[0]
        assert ranked_probability_score(p[None], [y])[0] == pytest.approx(simulated, abs=0.01)


def test_two_levels_score_twice_as_much_as_two_values():
    p, y = np.array([0.9, 0.2, 0.5]), np.array([1, 0, 0])
    np.testing.assert_allclose(brier_levels(np.stack([1 - p, p], -1), y), 2 * rules.brier_score(p, y), rtol=1e-14)


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["bernoulli", "signed_bernoulli"], "brier"),
        (["ordinal"], "rps"),
        (["categorical", "ordinal"], "brier_levels"),
        (["bernoulli", "ordinal"], "brier_levels"),
        (["ordinal", "poisson"], "crps"),
        (["bernoulli", "poisson"], "crps"),
        (["tobit"], "crps"),
    ],
)
def test_which_rule(names, rule):
    assert second_score_name(map(families.get, names)) == rule


def test_levels_beside_numbers_are_refused():
    with pytest.raises(NotComparable, match="log score"):
        second_score_name(map(families.get, ["categorical", "poisson"]))


# fits made by hand ---------------------------------------------------------------------------------------------------


def made(family, y, sites, log_weights=None, link=None, **rows):
    """A fit with these draws, each (draws, ...)."""
    problem = Problem(RGLM(family, link), Design.from_arrays(X, y, **rows))
    samples = {name: np.asarray(value, float)[None] for name, value in sites.items()}
    kind = "point" if len(next(iter(sites.values()))) == 1 else "mcmc"
    weights = None if log_weights is None else np.array([log_weights])
    return Fit(problem, Draws(samples, kind, log_weights=weights), "hand")


def softmax(eta):
    e = np.exp(eta - eta.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


LEVELS = np.arange(12) % 3.0
CATEGORICAL = {"beta": np.zeros((2, 1, 3)), "intercept": [[0.5, 0.0, -0.5], [-1.0, 0.0, 1.0]]}
ORDINAL = {"beta": np.zeros((2, 1)), "cutpoints": [[-1.0, 1.0], [0.0, 0.5]]}


def test_levels_are_scored_by_their_predictive_probabilities():
    weights = [0.75, 0.25]
    fit = made("categorical", LEVELS, CATEGORICAL, np.log(weights))
    p = np.average(softmax(np.array(CATEGORICAL["intercept"])), axis=0, weights=weights)
    expected = brier_levels(np.tile(p, (12, 1)), LEVELS)
    np.testing.assert_allclose(scores.second_score(fit, fit.design, "brier_levels"), expected, rtol=1e-10)


def test_ordered_levels_are_scored_by_their_predictive_probabilities():
    fit = made("ordinal", LEVELS, ORDINAL)
    below = np.mean(1 / (1 + np.exp(-np.array(ORDINAL["cutpoints"]))), axis=0)
    expected = ((below - (LEVELS[:, None] <= np.arange(2))) ** 2).sum(1)
    np.testing.assert_allclose(scores.second_score(fit, fit.design, "rps"), expected, rtol=1e-10)


def test_a_comparison_of_levels_has_their_score():
    ordered, free = made("ordinal", LEVELS, ORDINAL), made("categorical", LEVELS, CATEGORICAL)
    table = compare({"ordered": ordered}, (X, LEVELS))
    assert table.second == "rps"
    assert table.table["rps"].notna().all()
    both = compare({"ordered": ordered, "free": free}, (X, LEVELS))
    assert both.second == "brier_levels"
    expected = scores.second_score(free, free.design, "brier_levels").mean()
    assert both.table.loc["free", "brier_levels"] == pytest.approx(expected, rel=1e-12)


def test_signs_score_as_the_same_model_of_zeros_and_ones():
    y, beta = np.arange(12) % 2.0, np.array([[0.4]])
    plain = made("bernoulli", y, {"beta": 2 * beta, "intercept": [0.6]})
    signs = made("signed_bernoulli", 2 * y - 1, {"beta": beta, "intercept": [0.3]})
    one, two = (scores.second_score(fit, fit.design, "brier") for fit in (plain, signs))
    np.testing.assert_allclose(one, two, rtol=1e-12)


def test_censored_rows_are_scored_clipped_and_intervals_not_at_all():
    y = np.linspace(-1.0, 2.0, 12)
    sites = {"beta": [[0.0]], "intercept": [1.5], "sigma": [1.0]}
    upper = np.where(np.arange(12) >= 8, y, np.inf)
    fit = made("gaussian", y, sites, upper=upper)
    found = scores.second_score(fit, fit.design, "crps")
    np.testing.assert_allclose(found[:8], scores.crps_normal(y[:8], 1.5, 1.0), atol=0.12)
    # a row censored at c: the forecast is wrong by the square of its distribution function up to c
    grid = np.linspace(-9.0, y[8], 20001)
    assert found[8] == pytest.approx(np.trapezoid(ndtr(grid - 1.5) ** 2, grid), abs=0.03)
    assert abs(found[8] - scores.crps_normal(y[8], 1.5, 1.0)) > 0.2
    rows = {"lower": np.where(np.arange(12) < 3, -2.0, -np.inf), "upper": np.where(np.arange(12) < 3, 3.0, np.inf)}
    hidden = made("gaussian", np.where(np.arange(12) < 3, np.nan, y), sites, **rows)
    table = compare({"hand": hidden}, hidden.design)
    values = scores.second_score(hidden, hidden.design, "crps")
    assert np.isnan(values[:3]).all()
    assert table.table.loc["hand", "crps"] == pytest.approx(values[3:].mean(), rel=1e-12)
    assert any("CRPS: 3 of 12 test rows were seen only as intervals" in note for note in table.notes)


def test_draws_outside_the_domain_have_no_outcome():
    y, slopes = np.linspace(0.1, 2.0, 12), [[1.0], [1.0]]
    fit = made("exponential", y, {"beta": slopes, "intercept": [0.5, 3.0]}, link="reciprocal")
    inside = made("exponential", y, {"beta": slopes, "intercept": [3.0, 3.0]}, link="reciprocal")
    alone = made("exponential", y, {"beta": slopes[:1], "intercept": [0.5]}, link="reciprocal")
    found, same, one = (scores.second_score(f, f.design, "crps") for f in (fit, inside, alone))
    rows = 0.5 + X[:, 0] < 0
    assert rows.sum() == 3
    np.testing.assert_allclose(found[rows], same[rows], rtol=0.15)
    np.testing.assert_array_equal(np.isinf(one), rows)


# beside a NumPyro function --------------------------------------------------------------------------------------------


def levels_by_hand(x, y=None):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([3]).to_event(1))
    numpyro.sample("y", dist.Categorical(logits=a + 0.0 * x[:, None]), obs=y)


def ordered_by_hand(x, y=None):
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.sample("y", dist.OrderedLogistic(a + 0.0 * x, np.array([-1.0, 1.0])), obs=y)


@pytest.mark.parametrize(
    ("function", "draws", "ours", "sites", "rule"),
    [
        (levels_by_hand, CATEGORICAL["intercept"], "categorical", CATEGORICAL, "brier_levels"),
        (ordered_by_hand, [0.0, 0.0], "ordinal", ORDINAL | {"cutpoints": [[-1.0, 1.0]] * 2}, "rps"),
    ],
)
def test_somebody_elses_levels_score_as_ours(function, draws, ours, sites, rule):
    given = {"x": X[:, 0], "y": LEVELS.astype(int)}
    theirs = Fit.from_draws(Problem.from_numpyro(function, given), {"a": np.asarray(draws)[None]})
    table = compare({"theirs": theirs, "ours": made(ours, LEVELS, sites)}, (X, LEVELS), kwargs={"theirs": given})
    assert table.second == rule
    assert table.table.loc["theirs", rule] == pytest.approx(table.table.loc["ours", rule], rel=1e-6)
    assert table.table.loc["theirs", "log_score"] == pytest.approx(table.table.loc["ours", "log_score"], rel=1e-6)

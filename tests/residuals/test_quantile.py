"""Quantile residuals: standard normal under the true model for every family, and not under a wrong one."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri_exp

from bayes_rglm import Fit, families
from bayes_rglm.errors import DataError, EstimatorError
from bayes_rglm.interpret import residuals
from bayes_rglm.residuals import kinds, tails

CUTS = {"cutpoints": [-0.6, 0.4, 1.5]}
TRUTHS = [
    ("gaussian", None, {"sigma": 0.7}),
    ("student_t", None, {"sigma": 0.7, "nu": 4.0}),
    ("bernoulli", "logit", {}),
    ("bernoulli", "cloglog", {}),
    ("signed_bernoulli", None, {}),
    ("binomial", "probit", {}),
    ("poisson", "log", {}),
    ("poisson", "sqrt", {}),
    ("negative_binomial", "log", {"concentration": 1.5}),
    ("nb1", "log", {"alpha": 2.0}),
    ("gamma", "log", {"concentration": 2.0}),
    ("gamma", "reciprocal", {"concentration": 0.6}),
    ("inverse_gaussian", "log", {"concentration": 1.5}),
    ("exponential", "log", {}),
    ("weibull", "log", {"concentration": 1.7}),
    ("beta", "logit", {"concentration": 4.0}),
    ("tobit", None, {"sigma": 0.9}),
    ("ordinal", "logit", CUTS),
    ("ordinal", "loglog", CUTS),
]
ORDINARY = [name for name in families.registry.names() if families.get(name).outputs == "one"]


def normal(values) -> float:
    """The p-value of the Kolmogorov-Smirnov test against N(0, 1)."""
    return stats.kstest(np.asarray(values), "norm").pvalue


@pytest.mark.parametrize(("family", "link", "aux"), TRUTHS)
def test_the_true_model_leaves_standard_normals(truth, family, link, aux):
    found = residuals(truth(family, link, **aux).fit())
    assert found.dims == ("obs",)
    assert np.isfinite(found).all()
    assert normal(found) > 0.01
    assert stats.kstest(found[:1000] ** 2, stats.chi2(1).cdf).pvalue > 0.01


def test_no_family_is_left_out():
    assert {families.get(name).name for name, _, _ in TRUTHS} == {families.get(name).name for name in ORDINARY}


WRONG = [
    ("student_t", {"sigma": 0.7, "nu": 2.5}, "gaussian", {"sigma": 1.1}),
    ("negative_binomial", {"concentration": 1.5}, "poisson", {}),
    ("weibull", {"concentration": 1.7}, "exponential", {}),
    ("gamma", {"concentration": 2.0}, "exponential", {}),
    ("tobit", {"sigma": 0.9}, "tobit", {"sigma": 1.3}),
]


@pytest.mark.parametrize(("family", "aux", "other", "values"), WRONG)
def test_a_wrong_model_is_caught(truth, family, aux, other, values):
    assert normal(residuals(truth(family, **aux).fit(other, aux=values))) < 1e-4


def test_a_wrong_link_of_a_binary_response_is_caught(truth):
    """One residual of a binary row says little; those of rows with large predictors say it together."""
    world = truth("bernoulli", "logit", slope=3.0)
    assert normal(residuals(world.fit())) > 0.01
    assert normal(residuals(world.fit("bernoulli", link="loglog"))) < 1e-4


# censored rows ------------------------------------------------------------------------------------------------------


def censored(world, how):
    """(y, lower, upper): a third of the rows seen only through bounds."""
    y, n = world.y.copy(), len(world.y)
    lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
    cut = np.quantile(y, 0.35 if how == "left" else 0.65)
    if how == "left":
        lower[:] = cut
        return np.maximum(y, lower), {"lower": lower}
    if how == "right":
        upper[:] = cut
        return np.minimum(y, upper), {"upper": upper}
    rows = np.arange(n) % 3 == 0
    edges = np.quantile(y, np.linspace(0, 1, 8))[1:-1]
    edges = np.concatenate([[0.0 if y.min() > 0 else y.min() - 1], edges, [y.max() + 1]])
    cell = np.searchsorted(edges, y[rows])
    y[rows], lower[rows], upper[rows] = np.nan, edges[cell - 1], edges[cell]
    return y, {"lower": lower, "upper": upper}


@pytest.mark.parametrize("how", ["left", "right", "interval"])
@pytest.mark.parametrize(
    ("family", "aux"),
    [
        ("gaussian", {"sigma": 0.7}),
        ("student_t", {"sigma": 0.7, "nu": 4.0}),
        ("weibull", {"concentration": 1.7}),
        ("exponential", {}),
    ],
)
def test_censored_rows_are_spread_over_what_was_not_seen(truth, family, aux, how):
    world = truth(family, **aux)
    y, bounds = censored(world, how)
    found = residuals(world.fit(y=y, **bounds))
    assert normal(found) > 0.01
    blind = residuals(world.fit(y=np.where(np.isnan(y), 0.0, y))) if how != "interval" else None
    assert blind is None or normal(blind) < 1e-6


def test_a_censored_row_stays_on_its_side(truth):
    world = truth("gaussian", sigma=0.7)
    y, bounds = censored(world, "right")
    found = residuals(world.fit(y=y, **bounds)).to_numpy()
    at = y >= bounds["upper"]
    exact = (bounds["upper"] - world.eta) / 0.7
    assert (found[at] >= exact[at]).all()
    np.testing.assert_allclose(found[~at], ((y - world.eta) / 0.7)[~at], rtol=1e-9, atol=1e-12)


# exact values -------------------------------------------------------------------------------------------------------


def test_far_tails_keep_their_digits(truth):
    world = truth("gaussian", sigma=0.7)
    y = world.eta + 0.7 * np.linspace(-35.0, 35.0, len(world.y))
    np.testing.assert_allclose(residuals(world.fit(y=y)), (y - world.eta) / 0.7, rtol=1e-9)


@pytest.mark.parametrize(
    ("family", "aux"),
    [
        ("gamma", {"concentration": 2.0}),
        ("weibull", {"concentration": 1.7}),
        ("inverse_gaussian", {"concentration": 1.5}),
        ("exponential", {}),
    ],
)
def test_both_ends_of_positive_responses(truth, family, aux):
    world = truth(family, "log", **aux)
    y = np.exp(world.eta) * np.geomspace(0.02, 25.0, len(world.eta))
    low, high = world.law.logcdf(y), world.law.logsf(y)
    expected = np.where(low < high, ndtri_exp(low), -ndtri_exp(high))
    assert expected.max() > 4.5
    np.testing.assert_allclose(residuals(world.fit(y=y)), expected, rtol=1e-6, atol=1e-9)


def test_a_count_lies_between_its_two_probabilities(truth):
    world = truth("poisson", "log")
    found, mean = residuals(world.fit()).to_numpy(), np.exp(world.eta)
    u = stats.norm.cdf(found)
    assert (u >= stats.poisson.cdf(world.y - 1, mean) - 1e-12).all()
    assert (u <= stats.poisson.cdf(world.y, mean) + 1e-12).all()
    again, other = residuals(world.fit()), residuals(world.fit(), seed=1)
    np.testing.assert_array_equal(found, again)
    assert not np.array_equal(found, other)


def test_draws_predict_with_their_mixture(truth):
    world = truth("gaussian", sigma=0.7)
    means, weights = [world.eta + d for d in (0.0, 0.4)], (0.75, 0.25)
    centre, slope = [world.centre, world.centre + 0.4], [world.beta] * 2
    found = residuals(world.fit(draws=(centre, slope), log_weights=np.log(weights)))
    u = sum(w * stats.norm.cdf(world.y, m, 0.7) for w, m in zip(weights, means, strict=True))
    np.testing.assert_allclose(found, stats.norm.ppf(u), rtol=1e-9, atol=1e-12)
    equal = residuals(world.fit(draws=(centre, slope)))
    u = np.mean([stats.norm.cdf(world.y, m, 0.7) for m in means], axis=0)
    np.testing.assert_allclose(equal, stats.norm.ppf(u), rtol=1e-9, atol=1e-12)


def test_blocks_of_rows_do_not_matter(truth, monkeypatch):
    world = truth("poisson", "log")
    whole = residuals(world.fit())
    monkeypatch.setattr(kinds, "BLOCK", 300)
    np.testing.assert_array_equal(residuals(world.fit()), whole)


def test_a_row_outside_the_domain_has_no_residual(truth):
    world = truth("poisson", "sqrt")
    fit = world.fit(draws=([0.5], [world.beta]))
    outside = 0.5 + world.beta * world.X[:, 0] < 0
    assert 0 < outside.sum() < len(outside)
    for kind in ("quantile", "response", "pearson", "deviance"):
        np.testing.assert_array_equal(np.isnan(residuals(fit, kind=kind)), outside)


def test_a_family_of_its_own_falls_back_on_its_distribution_function(truth):
    world = truth("weibull", "log", concentration=1.7)
    link, y, eta = world.link, world.y, world.eta
    sharp = tails.log_tails(world.family, link, y, eta, concentration=np.array(1.7))
    plain = tails._tails.dispatch(object)(world.family, link, y, eta, concentration=np.array(1.7))
    for one, two in zip(sharp, plain, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


LAWFUL = [t for t in TRUTHS if t[0] not in ("tobit", "ordinal", "signed_bernoulli")]


@pytest.mark.parametrize(("family", "link", "aux"), LAWFUL)
def test_both_tails_are_those_of_scipy(truth, family, link, aux):
    world = truth(family, link, **aux)
    extra = {name: np.asarray(value, float) for name, value in world.aux.items()}
    for shift in (-1.0, 0.0, 30.0) if world.family.discrete else (0.0,):
        y = world.y + shift
        below, above = tails.log_tails(world.family, world.link, y, world.eta, **extra, **world.besides)
        np.testing.assert_allclose(np.exp(below), world.law.cdf(y), rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(np.exp(above), world.law.sf(y), rtol=1e-7, atol=1e-300)


# what cannot be asked for -------------------------------------------------------------------------------------------


def test_new_rows_need_a_response(truth):
    world = truth("gaussian", sigma=0.7)
    assert residuals(world.fit(), (world.X[:7], world.y[:7])).shape == (7,)
    with pytest.raises(DataError, match="response"):
        residuals(world.fit(), world.X[:7])


def test_rows_outside_the_support_are_refused(truth):
    world = truth("poisson", "log")
    with pytest.raises(DataError, match="support"):
        residuals(world.fit(), (world.X[:3], np.array([1.0, -2.0, 0.0])))


def test_categorical_is_refused_with_advice(world):
    problem = world.problem("categorical")
    fit = Fit.from_draws(problem, {name: np.zeros((1, 1, *shape)) for name, shape in problem.layout})
    with pytest.raises(DataError, match=r"without an order.*\n.*categorical.*\n.*predict"):
        residuals(fit)


def test_unknown_kinds_and_foreign_fits_are_refused(truth):
    with pytest.raises(DataError, match="quantile, response, pearson, deviance"):
        residuals(truth("poisson", "log").fit(), kind="rqr")
    import numpyro
    import numpyro.distributions as dist

    from bayes_rglm import Problem

    def model(y=None):
        numpyro.sample("y", dist.Normal(numpyro.sample("mu", dist.Normal(0, 1)), 1).expand([3]), obs=y)

    foreign = Fit.from_draws(Problem.from_numpyro(model, {"y": np.zeros(3)}), {"mu": np.zeros((1, 4))})
    with pytest.raises(EstimatorError, match="RGLM"):
        residuals(foreign)

"""Response, Pearson and deviance residuals against hand formulas, and what a family does not have."""

import numpy as np
import pytest

from bayes_rglm.errors import DataError
from bayes_rglm.interpret import residuals


def test_a_poisson_point_by_hand(truth):
    world = truth("poisson", "log")
    y, mean = world.y, np.exp(world.eta)
    np.testing.assert_allclose(residuals(world.fit(), kind="response"), y - mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(residuals(world.fit(), kind="pearson"), (y - mean) / np.sqrt(mean), rtol=1e-10)
    log_ratio = np.log(np.where(y > 0, y, 1.0) / mean)
    expected = np.sign(y - mean) * np.sqrt(2 * (y * log_ratio - (y - mean)))
    np.testing.assert_allclose(residuals(world.fit(), kind="deviance"), expected, rtol=1e-7)


def test_deviance_residuals_square_to_the_deviance(truth):
    for family, link, aux in (("gamma", "log", {"concentration": 2.0}), ("binomial", "probit", {}), ("beta", None, {})):
        aux = aux or ({"concentration": 4.0} if family == "beta" else {})
        world = truth(family, link, **aux)
        extra = world.besides | (aux if family == "beta" else {})
        unit = world.family.unit_deviance(world.y, world.link.inverse(world.eta), **extra)
        found = residuals(world.fit(), kind="deviance").to_numpy()
        np.testing.assert_allclose(found**2, unit, rtol=1e-9, atol=1e-12)
        seen = world.y / world.besides.get("trials", 1.0)
        np.testing.assert_array_equal(np.sign(found), np.sign(seen - world.link.inverse(world.eta)))


def test_a_row_against_a_mean_that_rounds_to_one_has_a_deviance_residual(truth):
    world = truth("bernoulli", "cloglog")
    fit = world.fit(y=np.zeros_like(world.y), draws=([3.7], [0.0]))
    np.testing.assert_allclose(residuals(fit, kind="deviance"), -np.sqrt(2 * np.exp(3.7)), rtol=1e-9)


def test_pearson_residuals_of_the_true_model_have_unit_variance(truth):
    for family, link, aux in (
        ("beta", "logit", {"concentration": 4.0}),
        ("negative_binomial", "log", {"concentration": 1.5}),
        ("tobit", None, {"sigma": 0.9}),
        ("weibull", "log", {"concentration": 1.7}),
    ):
        found = residuals(truth(family, link, **aux).fit(), kind="pearson").to_numpy()
        assert abs(found.mean()) < 4 / np.sqrt(len(found)), family
        assert abs(np.mean(found**2) - 1) < 0.12, family


def test_draws_predict_with_the_variance_of_their_mixture(truth):
    world = truth("gaussian", sigma=0.7)
    weights = np.array([0.75, 0.25])
    fit = world.fit(draws=([world.centre, world.centre + 2.0], [world.beta] * 2), log_weights=np.log(weights))
    mean = world.eta + 0.25 * 2.0
    np.testing.assert_allclose(residuals(fit, kind="response"), world.y - mean, rtol=1e-9, atol=1e-12)
    sd = np.sqrt(0.7**2 + 0.75 * 0.25 * 2.0**2)
    np.testing.assert_allclose(residuals(fit, kind="pearson"), (world.y - mean) / sd, rtol=1e-9, atol=1e-12)
    squares = 0.75 * (world.y - world.eta) ** 2 + 0.25 * (world.y - world.eta - 2.0) ** 2
    np.testing.assert_allclose(np.abs(residuals(fit, kind="deviance")), np.sqrt(squares), rtol=1e-9)


def test_an_infinite_variance_has_no_pearson_residual(truth):
    world = truth("student_t", sigma=0.7, nu=4.0)
    assert np.isnan(residuals(world.fit(aux={"sigma": 0.7, "nu": 1.5}), kind="pearson")).all()
    assert np.isfinite(residuals(world.fit(), kind="pearson")).all()


def test_a_censored_row_has_a_deviance_and_its_side(truth):
    world = truth("exponential", "log")
    upper = np.full(len(world.y), np.quantile(world.y, 0.6))
    y = np.minimum(world.y, upper)
    found = residuals(world.fit(y=y, upper=upper), kind="deviance").to_numpy()
    late = world.y >= upper
    np.testing.assert_allclose(found[late], np.sqrt(2 * upper[late] / np.exp(world.eta[late])), rtol=1e-9)
    with np.errstate(invalid="ignore"):
        missing = np.where(late, np.nan, y)
    both = world.fit(y=missing, lower=np.where(late, upper, -np.inf), upper=np.where(late, 100.0 * upper, np.inf))
    assert np.isnan(residuals(both, kind="response").to_numpy()[late]).all()
    assert np.isfinite(residuals(both, kind="deviance")).all()


@pytest.mark.parametrize(
    ("family", "aux", "kind", "says"),
    [
        ("ordinal", {"cutpoints": [-0.6, 0.4, 1.5]}, "response", "no mean"),
        ("ordinal", {"cutpoints": [-0.6, 0.4, 1.5]}, "deviance", "no mean"),
        ("nb1", {"alpha": 2.0}, "deviance", "no unit deviance"),
    ],
)
def test_what_a_family_does_not_have_is_refused(truth, family, aux, kind, says):
    with pytest.raises(DataError, match=says) as caught:
        residuals(truth(family, "log" if family == "nb1" else "logit", **aux).fit(), kind=kind)
    assert "quantile" in caught.value.do

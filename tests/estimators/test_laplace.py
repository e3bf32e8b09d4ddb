"""Laplace: exact where the posterior is Gaussian, the tangent of a network elsewhere, weighted draws."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Fit, Problem, estimators, fit, predict
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators._draws import smoothed
from bayes_rglm.prediction import log_score
from bayes_rglm.priors import Flat, Laplace, Normal

SIGMA = 0.7


@pytest.fixture(scope="module")
def conjugate(world):
    """A Gaussian regression of known sd, its exact posterior and log evidence."""
    X, y = world.X, world.frame("gaussian")["y"].to_numpy()
    scales = np.array([1.0, 0.05, 0.4])
    model = RGLM(
        "gaussian",
        prior={name: Normal(scale=s) for name, s in zip(world.columns, scales, strict=True)}
        | {"intercept": Normal(loc=0.5, scale=30.0)},
        fixed={"sigma": SIGMA},
    )
    problem = Problem(model, Design.from_arrays(X, y, columns=world.columns))
    A = np.column_stack([X, np.ones(len(X))])
    mean, prior = np.array([0, 0, 0, 0.5]), np.append(scales, 30.0) ** 2
    precision = A.T @ A / SIGMA**2 + np.diag(1 / prior)
    location = np.linalg.solve(precision, A.T @ y / SIGMA**2 + mean / prior)
    total = SIGMA**2 * np.eye(len(y)) + (A * prior) @ A.T
    rest = y - A @ mean
    evidence = -0.5 * (rest @ np.linalg.solve(total, rest) + np.linalg.slogdet(2 * np.pi * total)[1])
    return problem, location, np.linalg.inv(precision), evidence


def test_exact_where_the_posterior_is_gaussian(conjugate):
    problem, location, covariance, evidence = conjugate
    with jax.enable_x64(True):
        found = estimators.Laplace().approximation(problem)
    np.testing.assert_allclose(found.mean, location, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-6)
    np.testing.assert_allclose(found.log_evidence, evidence, rtol=1e-8)
    fitted = fit(problem, estimator="laplace")
    assert fitted.status == "ok"
    np.testing.assert_allclose(fitted.draws.info["elbo"], evidence, rtol=1e-6)
    np.testing.assert_allclose(fitted.draws.samples["beta"].std((0, 1)), np.sqrt(np.diag(covariance))[:3], rtol=0.05)


@pytest.fixture(scope="module")
def network():
    """Forty rows of a curve, a network of ten units that Laplace was fitted to, and rows to test it on."""
    rng = np.random.default_rng(0)
    x, new = rng.uniform(-2, 2, (40, 1)), rng.uniform(-2, 2, (300, 1))
    y, later = (np.sin(2 * v[:, 0]) + 0.3 * rng.normal(size=len(v)) for v in (x, new))
    fitted = fit(RGLM("gaussian", hidden=(10,)), (x, y), estimators.Laplace(starts=2, draws=250))
    return fitted, Design.from_arrays(new, later)


def test_a_network_predicts_by_its_tangent(network):
    fitted, design = network
    through = Fit(fitted.problem, replace(fitted.draws, linearised_at=None), "weights pushed through the network")
    mode = Fit.from_draws(through.problem, {k: v[None, None] for k, v in fitted.draws.linearised_at.items()})
    scores = {
        name: log_score(f, design).mean() for name, f in (("tangent", fitted), ("through", through), ("mode", mode))
    }
    assert scores["tangent"] > scores["through"] + 0.2
    assert scores["through"] < scores["mode"]
    assert fitted.status == "predictive_only"


def test_the_tangent_touches_the_network(network):
    """A draw a little off the mode: the network's own value differs in the second order only."""
    fitted, design = network
    at = fitted.draws.linearised_at
    errors = []
    for size in (1e-3, 2e-3):
        near = {k: v + size * np.ones_like(v) for k, v in at.items()}
        draws = replace(fitted.draws, samples={k: v[None, None] for k, v in near.items()}, stats={})
        tangent = Fit(fitted.problem, draws, "tangent")
        network = Fit(fitted.problem, replace(draws, linearised_at=None), "network")
        errors.append(np.max(np.abs(predict(tangent, design, "linear") - predict(network, design, "linear")).values))
    assert 0 < errors[0] < 1e-4
    np.testing.assert_allclose(errors[1] / errors[0], 4.0, rtol=0.05)


def test_a_saved_fit_keeps_its_tangent(network, tmp_path):
    from bayes_rglm import load

    fitted, design = network
    fitted.save(tmp_path / "fit.nc")
    again = load(tmp_path / "fit.nc")
    np.testing.assert_array_equal(predict(again, design).values, predict(fitted, design).values)


def test_what_has_no_gaussian_is_refused(world):
    kink = RGLM("gaussian", prior=Laplace(scale=1.0))
    with pytest.raises(EstimatorError, match="smooth"):
        fit(kink, world.design("gaussian"), "laplace")
    flat = RGLM("gaussian", hidden=(2,), prior={"beta": Flat()})
    with pytest.raises(EstimatorError, match="improper"):
        fit(flat, world.design("gaussian"), "laplace")


FAR_APART = np.append(-10.0 + 0.1 * np.linspace(-1, 1, 29), 10.0 + 0.1 * np.linspace(-1, 1, 29))


@pytest.mark.parametrize("odd", [(), (0.5,)])
def test_two_modes_are_no_certificate(odd):
    """A robust location of two far clusters. The symmetric start is a minimum of the density between two modes: nothing
    may stop there. Of either mode the draws look perfect, k-hat included, and lack half of the posterior.
    """
    prior = {"intercept": Normal(scale=20.0)}
    model = RGLM("student_t", fixed={"nu": 1.5, "sigma": 1.0}, prior=prior)
    design = Design.from_arrays(np.zeros((58 + len(odd), 0)), np.append(FAR_APART, odd))
    found = fit(model, design, "laplace")
    assert abs(found.draws.samples["intercept"].mean()) > 9.0
    assert found.draws.info["khat"] < 0.7
    assert found.draws.info["importance_ess"] > 400
    assert found.status == "predictive_only"
    assert "log-concave" in found.labels[0].message
    mode = fit(model, design, "map")
    assert mode.status == "ok"
    assert abs(mode.draws.samples["intercept"].item()) > 9.0


def test_few_draws_certify_nothing(conjugate):
    found = fit(conjugate[0], estimator=estimators.Laplace(draws=50, chains=2))
    assert found.status == "predictive_only"
    assert "100 draws" in found.labels[0].message


def test_weights_of_draws(world):
    """Weighted draws: the summary, predictions and scores are those of the weighted distribution."""
    plain = world.fit("gaussian", 1, "nuts")
    first = plain.draws.samples["intercept"]
    weights = -0.5 * ((first - first.mean() - first.std()) / (0.5 * first.std())) ** 2
    weighted = Fit(plain.problem, replace(plain.draws, kind="approximation", log_weights=weights), "weighted")
    share = np.exp(weights) / np.exp(weights).sum()
    mean = (share * first).sum()
    assert mean > first.mean() + 0.5 * first.std()
    assert abs(weighted.summary().loc["intercept", "mean"] - mean) < 0.1 * first.std()
    expected = (share[..., None] * predict(plain, kind="linear").values).sum((0, 1))
    found = predict(weighted, kind="linear").values.mean((0, 1))
    np.testing.assert_allclose(found, expected, atol=0.1 * first.std())
    equal = weighted.resampled()
    assert equal.draws.log_weights is None
    assert equal.draws.samples["beta"].shape == plain.draws.samples["beta"].shape
    np.testing.assert_array_equal(weighted.tree["sample_stats"]["log_weight"].values, weights)


def test_pareto_shape_of_heavy_ratios():
    random = np.random.default_rng(1)
    heavy = np.log(random.pareto(1.0 / 0.9, 4000) + 1.0)
    light = random.normal(size=4000) * 0.1
    assert 0.75 < smoothed(heavy)[1] < 1.05
    assert smoothed(light)[1] < 0.3
    assert smoothed(np.append(heavy, np.inf))[1] == np.inf
    np.testing.assert_allclose(np.exp(smoothed(heavy.reshape(4, 1000))[0]).sum(), 1.0)

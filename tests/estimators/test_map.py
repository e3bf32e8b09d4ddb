"""MAP is penalised likelihood: the numbers of scikit-learn, and the conditions of an optimum."""

import jax
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, estimators, fit
from bayes_rglm.priors import Flat, HalfNormal, Laplace, Normal

linear_model = pytest.importorskip("sklearn.linear_model")
SIGMA = 0.8


@pytest.fixture(scope="module")
def data(world):
    X = (world.X - world.X.mean(0)) / world.X.std(0)
    return {family: (X, world.frame(family)["y"].to_numpy()) for family in ("gaussian", "bernoulli")}


def mode(family, prior, data, **options):
    options = {"fixed": {"sigma": SIGMA}} if family == "gaussian" else {}
    found = fit(RGLM(family, prior={"intercept": Flat(), **prior}, **options), data, "map")
    assert found.status == "ok", found.labels
    return found.draws.samples["beta"][0, 0], found.draws.samples["intercept"][0, 0]


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_ridge_logistic_regression(data, scale):
    X, y = data["bernoulli"]
    other = linear_model.LogisticRegression(C=scale**2, solver="newton-cholesky", tol=1e-12).fit(X, y)
    beta, intercept = mode("bernoulli", {"default": Normal(scale=scale)}, (X, y))
    np.testing.assert_allclose(beta, other.coef_[0], rtol=1e-6)
    np.testing.assert_allclose(intercept, other.intercept_[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scale", [0.05, 0.5])
def test_ridge_regression(data, scale):
    X, y = data["gaussian"]
    other = linear_model.Ridge(alpha=SIGMA**2 / scale**2).fit(X, y)
    beta, intercept = mode("gaussian", {"default": Normal(scale=scale)}, (X, y))
    np.testing.assert_allclose(beta, other.coef_, rtol=1e-6)
    np.testing.assert_allclose(intercept, other.intercept_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scale", [0.01, 0.02, 0.05, 0.5])
def test_lasso(data, scale):
    X, y = data["gaussian"]
    other = linear_model.Lasso(alpha=SIGMA**2 / (len(y) * scale), tol=1e-14, max_iter=100_000).fit(X, y)
    beta, intercept = mode("gaussian", {"default": Laplace(scale=scale)}, (X, y))
    np.testing.assert_allclose(beta, other.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(intercept, other.intercept_, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(beta == 0.0, other.coef_ == 0.0)


def test_the_lasso_test_sees_zeros_and_others(data):
    X, y = data["gaussian"]
    zeros = [int(np.sum(mode("gaussian", {"default": Laplace(scale=s)}, (X, y))[0] == 0.0)) for s in (0.01, 0.5)]
    assert zeros[0] > 0
    assert zeros[1] < 3


# One, two and no auxiliary values; a predictor per level; cut-points that follow the slopes as an intercept does.
DIFFERENT = ["gaussian", "bernoulli", "poisson", "student_t", "categorical", "ordinal"]


@pytest.mark.parametrize("family", DIFFERENT)
@pytest.mark.parametrize("scale", [0.02, 0.2])
def test_laplace_priors_meet_the_conditions_of_an_optimum(world, family, scale):
    """In raw units: the score equals 1/scale at coefficients that moved, and is below it at exact zeros."""
    prior = Laplace(scale=scale, scaled="term")
    problem = Problem(RGLM(family, prior=prior), world.design(family))
    found = fit(problem, estimator="map")
    theta = {k: v[0, 0] for k, v in found.draws.samples.items()}
    with jax.enable_x64(True):
        # The intercept's location follows the slopes, so its prior has a say in theirs.
        rest = jax.grad(lambda t: problem.log_joint(t) - problem.log_prior(t)["beta"])
        score = np.asarray(rest(theta)["beta"])
    edge = 1.0 / (scale * problem.constants["beta"]["unit"])
    moved = theta["beta"] != 0.0
    np.testing.assert_allclose(score[moved], (np.sign(theta["beta"]) * edge)[moved], rtol=1e-4)
    assert np.all(np.abs(score[~moved]) <= edge[~moved] * (1 + 1e-6))


def test_a_laplace_prior_elsewhere_holds_coefficients_at_its_centre(data):
    X, y = data["gaussian"]
    beta, _ = mode("gaussian", {"default": Laplace(loc=0.3, scale=1e-4)}, (X, y))
    np.testing.assert_allclose(beta, 0.3, rtol=1e-12)


def test_unlike_priors_on_the_columns(data):
    """A ridge column, a lasso column and a free one: one gradient each."""
    X, y = data["gaussian"]
    prior = {"x0": Normal(scale=0.3), "x1": Laplace(scale=0.1), "x2": Flat()}
    beta, intercept = mode("gaussian", prior, (X, y))
    score = X.T @ (y - X @ beta - intercept) / SIGMA**2
    assert beta[1] != 0.0
    np.testing.assert_allclose(score[0], beta[0] / 0.09, rtol=1e-6)
    np.testing.assert_allclose(score[1], np.sign(beta[1]) / 0.1, rtol=1e-6)
    np.testing.assert_allclose(score[2], 0.0, atol=1e-6)


@pytest.mark.parametrize("family", DIFFERENT)
def test_the_mode_in_a_network_is_stationary(world, family):
    """In constrained space, all priors on: every derivative vanishes against the curvature of its prior. That of
    Student-t responses is at the end nu = 1 here: the fit says so, and the density rises towards that end.
    """
    found = fit(world.problem(family, 2), estimator=estimators.MAP(starts=2))
    ended = {"nu"} if family == "student_t" else set()
    assert found.status == ("boundary" if ended else "ok")
    assert all(f"{name} = 1" in found.labels[0].message for name in ended)
    theta = {k: v[0, 0] for k, v in found.draws.samples.items()}
    with jax.enable_x64(True):
        gradient = jax.grad(found.problem.log_joint)(theta)
        initial = found.problem.constrain(found.problem.initial(jax.random.key(5)))
        assert found.problem.log_joint(theta) > found.problem.log_joint(initial)
    for name, slope in gradient.items():
        if name in ended:
            assert float(slope) < -1e-2
            continue
        unit = np.asarray(found.problem.constants[name]["unit"])
        assert np.max(np.abs(np.asarray(slope) * unit)) < 1e-3, name


def test_starts_are_kept_and_the_best_is_returned(world):
    found = fit(world.problem("gaussian", 2), estimator=estimators.MAP(starts=4, steps=400))
    info = found.draws.info
    assert info["starts"] == len(info["optima"]) == 4
    assert info["optima"] == sorted(info["optima"], reverse=True)
    theta = {k: v[0, 0] for k, v in found.draws.samples.items()}
    with jax.enable_x64(True):
        from bayes_rglm.transforms import standardised

        constant = standardised(found.problem)[1].log_jacobian
        np.testing.assert_allclose(found.problem.log_joint(theta), info["log_density"] + constant, rtol=1e-9)
    assert info["gap_to_second"] == pytest.approx(info["optima"][0] - info["optima"][1])


def test_too_few_steps_are_not_a_mode(world):
    found = fit(world.problem("bernoulli", 2), estimator=estimators.MAP(starts=1, steps=2))
    assert found.status == "not_a_mode"
    assert "2 steps" in found.labels[0].message


@pytest.mark.parametrize(("depth", "rows"), [(1, 20_000), (2, 200)])
def test_single_precision_is_no_reason_to_miss_a_mode(depth, rows):
    """Its rounding stops L-BFGS short; double precision then takes the last steps."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 2))
    y, model = X @ [1.0, 2.0] + rng.normal(size=rows), RGLM("gaussian", hidden=(3,) * (depth - 1))
    short, long = (fit(model, (X, y), estimators.MAP(starts=2), precision=p) for p in ("float32", "float64"))
    assert short.status == long.status == "ok"
    assert short.draws.info["gradient"] < 1e-6
    if depth == 1:
        np.testing.assert_allclose(short.draws.info["log_density"], long.draws.info["log_density"], rtol=1e-9)


@pytest.mark.parametrize("estimator", ["map", "laplace", "penalised"])
def test_a_scale_that_goes_to_zero_stops_at_its_floor(world, estimator):
    """More columns than rows: the density has no bound as sigma goes to 0, and more steps find none."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(8, 12)), rng.normal(size=8)
    found = fit(RGLM("gaussian"), (X, y), estimator)
    assert found.status == "boundary"
    assert "sigma is at its floor" in found.labels[0].message
    assert "fix sigma" in found.labels[0].advice
    sigma = found.draws.samples["sigma"].min()
    assert sigma > (1e-4 if estimator == "laplace" else 0.99e-3) * found.problem.constants["typical"]["scale"]
    if estimator == "map":
        fixed = fit(RGLM("gaussian", fixed={"sigma": 0.5}), (X, y), estimator)
        assert fixed.status == "ok"


def test_the_mode_of_sigma_is_taken_in_constrained_space():
    """Three rows with sum of squares S about their mean: s^4 + 3 s^2 = S under HalfNormal(1), not s^4 + 2 s^2 = S."""
    a = np.sqrt(0.2259 / 2)
    model = RGLM("gaussian", prior={"intercept": Flat(), "sigma": HalfNormal(scale=1.0)})
    design = Design.from_arrays(np.zeros((3, 0)), [1.0 - a, 1.0, 1.0 + a])
    found = fit(model, design, estimators.MAP(tolerance=1e-12))
    sigma = found.draws.samples["sigma"].item()
    np.testing.assert_allclose(sigma, np.sqrt((-3 + np.sqrt(9 + 4 * 0.2259)) / 2), rtol=1e-6)
    np.testing.assert_allclose(sigma, 0.27111, atol=2e-5)
    assert abs(sigma - 0.32743) > 0.05
    np.testing.assert_allclose(found.draws.samples["intercept"].item(), 1.0, rtol=1e-9)


def test_flat_priors_give_maximum_likelihood(world):
    flat = RGLM("poisson", prior={"default": Flat(), "intercept": Flat()})
    one, other = fit(flat, world.design("poisson"), "map"), fit(flat, world.design("poisson"), "ml")
    np.testing.assert_allclose(one.draws.samples["beta"], other.draws.samples["beta"], rtol=1e-6)


def test_a_flat_prior_on_separated_data_is_no_mode(world):
    """There the penalised likelihood has no maximum either; with a proper prior it has."""
    x = np.linspace(-1.0, 1.0, world.rows)
    data = (np.column_stack([x, x**2, np.cos(9 * x)]), (x > 0) * 1.0)
    flat = fit(RGLM("bernoulli", prior={"default": Flat(), "intercept": Flat()}), data, "map")
    assert flat.status == "mle_infinite"
    assert flat.labels[0].columns
    partly = fit(RGLM("bernoulli", prior={"x1": Flat(), "x2": Flat(), "intercept": Flat()}), data, "map")
    assert partly.status == "ok", "the free columns alone do not separate"
    assert fit(RGLM("bernoulli"), data, "map").status == "ok"


def test_bounded_slopes_stay_inside(world):
    found = fit(RGLM("poisson", prior={"beta": HalfNormal(scale=1.0)}), world.design("poisson"), "map")
    assert np.all(found.draws.samples["beta"] >= 0)
    assert np.all(np.isfinite(found.draws.samples["beta"]))


def test_a_kink_in_the_prior_of_an_intercept_is_an_exact_zero(data):
    X, y = data["gaussian"]
    found = fit(RGLM("gaussian", prior={"intercept": Laplace(scale=1e-4)}), (X + 3.0, y), "map")
    assert found.status == "ok", found.labels
    assert found.draws.samples["intercept"][0, 0] == 0.0


def test_counts_without_overdispersion_have_a_mode():
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    y = rng.poisson(np.exp(0.5 + 0.3 * x)).astype(float)
    found, limit = (fit(RGLM(name), (x[:, None], y), "map") for name in ("negative_binomial_1", "poisson"))
    assert found.status in ("ok", "boundary")
    assert float(found.draws.samples["alpha"][0, 0]) < 0.2
    np.testing.assert_allclose(found.draws.samples["beta"], limit.draws.samples["beta"], rtol=0.05)


def test_a_step_beyond_the_numbers_does_not_end_the_search():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = np.exp(1.0 + 0.5 * x) * rng.weibull(np.exp(2.5 + 0.4 * x))
    found = fit(RGLM("weibull", heads=("concentration",)), (x[:, None], y), "map")
    assert found.status == "ok", found.labels
    truth = {"beta": 0.5, "intercept": 1.0, "beta_concentration": 0.4, "intercept_concentration": 2.5}
    for site, value in truth.items():
        assert float(np.ravel(found.draws.samples[site])[0]) == pytest.approx(value, abs=0.15)

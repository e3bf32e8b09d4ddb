"""Modes under penalties with a kink: exact zeros, the optimality conditions, and scikit-learn's solutions."""

import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, fit
from bayes_rglm.priors import ElasticNet, Flat, Laplace, Normal

pytestmark = pytest.mark.usefixtures("double")
N, P, SIGMA = 60, 7, 1.3
FREE = {"intercept": Flat()}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(N, P)) * [1.0, 3.0, 0.2, 1.0, 10.0, 1.0, 1.0] + [0.0, 50.0, 0.0, 1.0, -3.0, 0.0, 2.0]
    y = 2.0 + X @ [1.0, 0.0, 3.0, 0.02, 0.2, 0.0, -0.7] + SIGMA * rng.normal(size=N)
    return X, y


def mode(model, X, y):
    found = fit(model, Design.from_arrays(X, y), "map")
    assert found.status == "ok"
    posterior = found.tree["posterior"]
    return {name: np.asarray(values)[0, 0] for name, values in posterior.data_vars.items()}


def gaussian(prior):
    return RGLM("gaussian", prior={"default": prior, **FREE}, fixed={"sigma": SIGMA})


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("alpha", [0.05, 0.6])
def test_the_elastic_net_is_scikit_learn_s(data, alpha, ratio):
    from sklearn.linear_model import ElasticNet as Known

    X, y = data
    known = Known(alpha=alpha, l1_ratio=ratio, tol=1e-15, max_iter=200_000).fit(X, y)
    l1, l2 = (N * alpha * share / SIGMA**2 for share in (ratio, 1.0 - ratio))
    found = mode(gaussian(ElasticNet(l1=l1, l2=l2)), X, y)
    np.testing.assert_allclose(found["beta"], known.coef_, atol=1e-6)
    np.testing.assert_allclose(found["intercept"], known.intercept_, atol=1e-5)
    np.testing.assert_array_equal(found["beta"] == 0.0, known.coef_ == 0.0)


def test_the_lasso_is_scikit_learn_s(data):
    from sklearn.linear_model import Lasso

    X, y = data
    known = Lasso(alpha=0.3, tol=1e-15, max_iter=200_000).fit(X, y)
    found = mode(gaussian(Laplace(scale=SIGMA**2 / (N * 0.3))), X, y)
    np.testing.assert_allclose(found["beta"], known.coef_, atol=1e-6)
    np.testing.assert_array_equal(found["beta"] == 0.0, known.coef_ == 0.0)
    assert 0 < np.sum(found["beta"] == 0.0) < P


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_zeros_satisfy_the_optimality_conditions(data, family):
    X, y = data
    z = (y - y.mean()) / y.std()
    y = (z > 0.0).astype(float) if family == "bernoulli" else np.floor(np.exp(z))
    l1, l2 = 12.0, 0.7
    found = mode(RGLM(family, prior={"default": ElasticNet(l1=l1, l2=l2), **FREE}), X, y)
    beta, eta = found["beta"], found["intercept"] + X @ found["beta"]
    mean = 1 / (1 + np.exp(-eta)) if family == "bernoulli" else np.exp(eta)
    slope = X.T @ (y - mean) - l2 * beta
    zero = beta == 0.0
    assert 0 < zero.sum() < P
    np.testing.assert_allclose(slope[~zero], l1 * np.sign(beta[~zero]), rtol=1e-4)
    assert np.all(np.abs(slope[zero]) <= l1 * (1 + 1e-6))


def test_kinks_of_unlike_priors_in_one_site(data):
    prior = {"x1": Laplace(loc=0.4, scale=0.2), "x2": ElasticNet(l1=4.0, l2=2.0), "x3": ElasticNet(l1=5.0, l2=2.0)}
    design = Design.from_arrays(*data)
    problem = Problem(RGLM("gaussian", prior=prior | {"x4": Laplace(scaled="term")}), design)
    index, centre, scale = problem.kinks()
    start = int(problem.unravel(np.arange(problem.size))["beta"][0])
    order = np.argsort(index)
    np.testing.assert_array_equal(index[order] - start, [1, 2, 3, 4])
    np.testing.assert_allclose(centre[order], [0.4, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(scale[order], [0.2, 1 / 4, 1 / 5, design.y.std() / design.constants.norm[4]])
    assert Problem(RGLM("gaussian", prior={"default": Normal()}), design).kinks() is None
    assert problem.likelihood_only().kinks() is None


def test_kinks_of_hidden_layers_and_of_the_slope_they_cut(data):
    # Across a kink the slope of the log prior jumps by 2 / scale, in every layer.
    prior = {"layer_1": ElasticNet(l1=3.0, l2=1.0, scaled="fan_in"), "beta": Laplace(loc=0.3, scale=0.5)}
    problem = Problem(RGLM("gaussian", hidden=(2,), prior=prior), Design.from_arrays(*data))
    index, centre, scale = problem.kinks()
    assert len(index) == 2 * P + 2
    at = np.linspace(-0.4, 0.7, problem.size)
    for j in (0, 5, 2 * P - 1, 2 * P, 2 * P + 1):
        heights = []
        for step in (-2e-4, -1e-4, 0.0, 1e-4, 2e-4):
            z = at.copy()
            z[index[j]] = centre[j] + step
            heights.append(sum(map(float, problem.log_prior(problem.constrain(problem.unravel(z))).values())))
        left, right = (heights[1] - heights[0]) / 1e-4, (heights[4] - heights[3]) / 1e-4
        assert left - right == pytest.approx(2 / scale[j], rel=1e-2)


def test_units_of_the_columns_do_not_move_a_scaled_mode(data):
    X, y = data
    model = gaussian(ElasticNet(l1=40.0, l2=3.0, scaled="term"))
    factor = np.array([1.0, 1e3, 1.0, 1e-2, 1.0, 1.0, 1.0])
    one, two = mode(model, X, y), mode(model, X * factor + 5.0, y)
    np.testing.assert_allclose(two["beta"] * factor, one["beta"], atol=1e-6)
    assert np.any(one["beta"] == 0.0)

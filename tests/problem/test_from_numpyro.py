"""Any NumPyro model joins: fitted, judged and stored like our own; what it cannot give is refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer import Predictive

from bayes_rglm import Fit, Problem, fit, predict
from bayes_rglm.errors import DataError, EstimatorError, RGLMError, SpecError

RNG = np.random.default_rng(4)
X = RNG.normal(size=(30, 2))
Y = X @ [1.0, -2.0] + 0.5 * RNG.normal(size=30)


def regression(X, y=None, spread=1.0):
    beta = numpyro.sample("beta", dist.Normal(0.0, 2.0).expand([X.shape[1]]).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(spread))
    with numpyro.plate("rows", X.shape[0]):
        numpyro.sample("y", dist.Normal(X @ beta, sigma), obs=y)


@pytest.fixture(scope="module")
def problem():
    return Problem.from_numpyro(regression, {"X": X, "y": Y})


@pytest.fixture(scope="module")
def draws(problem, world):
    return fit(problem, estimator=world.tiny("nuts"), label="mine")


def test_layout_and_rows(problem):
    assert problem.layout == (("beta", (2,)), ("sigma", ()))
    assert (problem.n, problem.depth, problem.response) == (30, None, "y")
    assert set(problem.data) == {"X", "y"}
    assert Problem.from_numpyro(regression, {"X": X, "y": Y, "spread": 2.0}).program.static == (("spread", 2.0),)


def test_densities(problem, double):
    theta = {"beta": np.array([0.5, -1.0]), "sigma": np.float64(0.7)}
    rows = dist.Normal(X @ theta["beta"], 0.7).log_prob(Y)
    np.testing.assert_allclose(problem.log_likelihood(theta), rows, rtol=1e-12)
    assert set(problem.log_prior(theta)) == {"beta", "sigma"}
    z = problem.unconstrain(theta)
    np.testing.assert_allclose(problem.log_density(z), problem.log_joint(theta) + np.log(0.7), rtol=1e-12)
    flat = problem.likelihood_only()
    np.testing.assert_allclose(flat.log_joint(theta), rows.sum(), rtol=1e-12)
    block = problem.block(3, 9)
    np.testing.assert_allclose(block.log_likelihood(theta), rows[3:9], rtol=1e-12)


def test_point_estimates(problem, world):
    """Least squares for `ml`, which maximises the likelihood alone; shrunk for `map`."""
    slopes, *_ = np.linalg.lstsq(X, Y, rcond=None)
    ml = fit(problem, estimator=world.tiny("ml"))
    np.testing.assert_allclose(ml.draws.samples["beta"][0, 0], slopes, rtol=1e-5)
    residual = Y - X @ slopes
    np.testing.assert_allclose(ml.draws.samples["sigma"][0, 0], np.sqrt(np.mean(residual**2)), rtol=1e-5)
    mode = fit(problem, estimator=world.tiny("map"))
    ridge = mode.draws.samples["sigma"][0, 0] ** 2 / 4.0
    np.testing.assert_allclose(
        mode.draws.samples["beta"][0, 0], np.linalg.solve(X.T @ X + ridge * np.eye(2), X.T @ Y), rtol=1e-6
    )
    assert (ml.status, mode.status) == ("ok", "ok")


def test_draws(draws):
    slopes, *_ = np.linalg.lstsq(X, Y, rcond=None)
    beta = draws.draws.samples["beta"]
    assert beta.shape == (2, 100, 2)
    np.testing.assert_allclose(beta.mean((0, 1)), slopes, atol=0.08)
    groups = {"posterior", "sample_stats", "log_prior", "log_likelihood", "posterior_predictive", "observed_data"}
    assert groups <= set(draws.tree.children)
    assert draws.tree["posterior"].sizes == {"chain": 2, "draw": 100, "beta_dim_0": 2}
    assert draws.tree["log_likelihood"]["y"].shape == (2, 100, 30)
    assert draws.tree["posterior"].attrs["model"] == "a NumPyro model"
    assert list(draws.summary().index) == ["beta[0]", "beta[1]", "sigma"]


def test_its_tree_feeds_numpyros_predictive(draws, problem):
    posterior = {k: np.asarray(v) for k, v in draws.tree["posterior"].data_vars.items()}
    y = Predictive(regression, posterior, batch_ndims=2)(jax.random.key(0), X=jnp.asarray(X))["y"]
    assert y.shape == (2, 100, 30)
    np.testing.assert_allclose(
        np.asarray(y).mean((0, 1)), (X @ posterior["beta"][..., None]).mean((0, 1))[:, 0], atol=0.25
    )


def test_a_model_that_closes_over_its_data(world):
    def closed():
        mean = numpyro.sample("mean", dist.Normal(0.0, 10.0))
        numpyro.sample("obs", dist.Normal(mean, 0.5), obs=jnp.asarray(Y))

    problem = Problem.from_numpyro(closed, response="obs")
    assert problem.n == 30
    found = fit(problem, estimator=world.tiny("map"))
    expected = Y.sum() / 0.25 / (30 / 0.25 + 1 / 100.0)
    np.testing.assert_allclose(found.draws.samples["mean"].item(), expected, rtol=1e-5)
    assert found.tree["log_likelihood"]["obs"].shape == (1, 1, 30)
    assert found.tree["posterior_predictive"]["obs"].shape == (1, 1, 30)
    np.testing.assert_array_equal(found.tree["observed_data"]["obs"], Y)


def needy(outcome):
    """Its number of rows is that of its response, which goes by another name than its site."""
    mean = numpyro.sample("mean", dist.Normal(0.0, 10.0))
    with numpyro.plate("rows", len(outcome)):
        numpyro.sample("y", dist.Normal(mean, 0.5), obs=2.0 * outcome)


def test_a_model_that_needs_its_response():
    problem = Problem.from_numpyro(needy, {"outcome": Y})
    means = np.linspace(-1.0, 1.0, 400).reshape(2, 200)
    found = Fit.from_draws(problem, {"mean": means})
    assert list(found.summary().index) == ["mean"]
    assert "tree" not in found.__dict__, "a summary needs no row groups"
    np.testing.assert_array_equal(found.tree["observed_data"]["y"], 2.0 * Y)
    y = found.tree["posterior_predictive"]["y"].values
    assert y.shape == (2, 200, 30)
    error = (y - means[..., None]).mean(-1) / (0.5 / np.sqrt(30))
    assert np.abs(error.mean()) < 0.25
    assert 0.8 < error.std() < 1.2


def test_saved_and_loaded_with_its_problem(draws, problem, tmp_path):
    from bayes_rglm import load
    from bayes_rglm.errors import FileError

    draws.save(tmp_path / "mine.nc")
    with pytest.raises(FileError, match=r"problem=Problem\.from_numpyro"):
        load(tmp_path / "mine.nc")
    again = load(tmp_path / "mine.nc", problem=problem)
    np.testing.assert_array_equal(again.draws.samples["beta"], draws.draws.samples["beta"])
    assert again.label == "mine"


def never(y):
    mean = numpyro.sample("mean", dist.Normal())
    numpyro.factor("broken", jnp.log(-jnp.exp(mean)))
    numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def discrete(y):
    z = numpyro.sample("switch", dist.Bernoulli(0.5))
    numpyro.sample("y", dist.Normal(z, 1.0), obs=y)


@pytest.mark.parametrize(
    ("call", "error", "found"),
    [
        (lambda: Problem.from_numpyro(regression, {"X": X}), SpecError, "response='y'; observed: none"),
        (
            lambda: Problem.from_numpyro(regression, {"X": X, "y": Y}, response="z"),
            SpecError,
            "response='z'; observed: y",
        ),
        (lambda: Problem.from_numpyro(discrete, {"y": Y}), SpecError, "discrete: switch"),
        (lambda: Problem.from_numpyro("regression"), SpecError, "str"),
        (lambda: Problem.from_numpyro(regression, {"X": X, "y": Y, "spread": {}}), SpecError, "spread: dict"),
        (lambda: fit(Problem.from_numpyro(regression, {"X": X * np.nan, "y": Y}), estimator="nuts"), RGLMError, "nan"),
        (lambda: fit(Problem.from_numpyro(never, {"y": Y}), estimator="map"), RGLMError, "mean|starting point"),
        (lambda: fit(Problem.from_numpyro(regression, {"X": X, "y": Y}), (X, Y)), SpecError, "data=tuple"),
    ],
)
def test_bad_models_are_refused(call, error, found):
    with pytest.raises(error, match=found):
        call()


def test_what_needs_a_linear_predictor_is_refused_by_name(draws):
    with pytest.raises(EstimatorError, match=r"predict needs an RGLM[\s\S]*Predictive"):
        predict(draws)
    with pytest.raises(DataError, match="with_groups"):
        draws.with_groups("residuals")

"""Every prior against SciPy's density of that name, on the sites of a model, and what its numbers may be."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import handlers
from scipy import stats

from bayes_rglm import RGLM, Design, Problem, fit
from bayes_rglm.errors import PriorError
from bayes_rglm.priors import (
    Cauchy,
    ElasticNet,
    Exponential,
    Flat,
    Gamma,
    HalfCauchy,
    Laplace,
    LogNormal,
    Normal,
    StudentT,
    Uniform,
)

pytestmark = pytest.mark.usefixtures("double")

WEIGHTS = {
    StudentT(df=4.0, loc=0.3, scale=2.0): stats.t(4.0, 0.3, 2.0),
    Cauchy(loc=0.3, scale=2.0): stats.cauchy(0.3, 2.0),
}
POSITIVE = {
    HalfCauchy(scale=2.5): stats.halfcauchy(scale=2.5),
    Exponential(rate=4.0): stats.expon(scale=0.25),
    Gamma(concentration=2.5, rate=4.0): stats.gamma(2.5, scale=0.25),
    LogNormal(loc=0.4, scale=0.6): stats.lognorm(0.6, scale=np.exp(0.4)),
    Uniform(low=0.2, high=3.0): stats.uniform(0.2, 2.8),
}


def by_name(cases):
    return [pytest.param(prior, known, id=prior.name) for prior, known in cases.items()]


@pytest.mark.parametrize(("prior", "known"), by_name(WEIGHTS))
def test_weights_have_the_density_of_that_name(world, prior, known):
    problem = Problem(world.model("gaussian", prior={"beta": prior}), world.design("gaussian"))
    beta = np.array([-3.0, 0.1, 40.0])
    found = problem.log_prior({"beta": beta, "intercept": np.float64(0.0), "sigma": np.float64(1.0)})
    np.testing.assert_allclose(found["beta"], known.logpdf(beta).sum(), rtol=1e-12)


@pytest.mark.parametrize(("prior", "known"), by_name(POSITIVE))
def test_a_residual_scale_has_the_density_of_that_name(world, prior, known):
    problem = Problem(world.model("gaussian", prior={"sigma": prior}), world.design("gaussian"))
    theta = {"beta": np.zeros(3), "intercept": np.float64(0.0), "sigma": np.float64(0.7)}
    np.testing.assert_allclose(problem.log_prior(theta)["sigma"], known.logpdf(0.7), rtol=1e-12)
    site = prior.form(prior.hyper(), None, jnp.ones(()), prior.support)
    np.testing.assert_allclose(site.cdf(1.1), known.cdf(1.1), rtol=1e-10)


@pytest.mark.parametrize(
    ("prior", "median"),
    [(HalfCauchy(scale=2.0, scaled="response"), 2.0), (Exponential(rate=0.5, scaled="response"), 2.0 * np.log(2.0))],
)
def test_a_scale_in_units_of_the_response(world, prior, median):
    problem = Problem(world.model("gaussian", prior={"sigma": prior}), world.design("gaussian"))
    trace = handlers.trace(handlers.seed(problem.numpyro_model, 0)).get_trace(**problem.model_kwargs)
    np.testing.assert_allclose(trace["sigma"]["fn"].icdf(0.5), median * world.y("gaussian").std(), rtol=1e-10)


@pytest.mark.parametrize("kind", [ElasticNet, StudentT, Cauchy, Laplace, Normal])
def test_scaled_slopes_are_about_standardised_columns(world, kind):
    # Slopes in units of the response per standard deviation of their column.
    design = world.design("gaussian")
    problem = Problem(RGLM("gaussian", prior={"beta": kind(scaled="term")}), design)
    theta = {"intercept": np.float64(0.0), "sigma": np.float64(1.0)}
    beta = np.array([0.2, -0.01, 0.3])
    here, centre = (float(problem.log_prior({**theta, "beta": at})["beta"]) for at in (beta, np.zeros(3)))
    expected = kind().penalty(beta * design.constants.norm / design.y.std()).sum()
    np.testing.assert_allclose(centre - here, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("cls", "field"),
    [
        (StudentT, "df"),
        (StudentT, "scale"),
        (Cauchy, "scale"),
        (ElasticNet, "l1"),
        (ElasticNet, "l2"),
        (HalfCauchy, "scale"),
        (Exponential, "rate"),
        (Gamma, "concentration"),
        (Gamma, "rate"),
        (LogNormal, "scale"),
    ],
)
@pytest.mark.parametrize("wrong", [0, -1.0])
def test_scales_and_rates_are_positive(cls, field, wrong):
    with pytest.raises(PriorError, match=f"{cls.__name__}: {field} must be a positive number"):
        cls(**{field: wrong})


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, -2.0)])
def test_bounds_are_in_order(bounds):
    with pytest.raises(PriorError, match="low must be below high") as caught:
        Uniform(low=bounds[0], high=bounds[1])
    assert f"low={bounds[0]}, high={bounds[1]}" in str(caught.value)


def test_a_bound_beyond_the_parameter_s_support_is_refused():
    with pytest.raises(PriorError, match="reaches outside its support"):
        RGLM("gaussian", prior={"sigma": Uniform(low=-1.0, high=5.0)})
    with pytest.raises(PriorError, match="reaches outside its support"):
        RGLM("gaussian", prior={"sigma": StudentT()})


@pytest.mark.parametrize(("low", "high", "expected"), [(0.0, 10.0, None), (0.0, 0.5, 0.5), (2.0, 3.0, 2.0)])
def test_a_mode_stays_within_the_bounds(world, low, high, expected):
    # With flat priors the free mode of sigma is the root mean square of the residuals.
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 2))
    y = x @ [1.0, -1.0] + rng.normal(size=50)
    prior = {"default": Flat(), "intercept": Flat(), "sigma": Uniform(low=low, high=high)}
    found = fit(RGLM("gaussian", prior=prior), Design.from_arrays(x, y), "map")
    A = np.column_stack([np.ones(50), x])
    residual = y - A @ np.linalg.lstsq(A, y)[0]
    sigma = float(found.tree["posterior"]["sigma"].values.ravel()[0])
    assert sigma == pytest.approx(np.sqrt(np.mean(residual**2)) if expected is None else expected, rel=1e-4)

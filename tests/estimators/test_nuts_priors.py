"""NUTS under every kind of prior on the weights, beside the default prior on the intercept."""

import numpy as np
import numpyro.distributions as dist
import pytest

import bayes_rglm as rglm
from bayes_rglm import priors
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators import NUTS

SHORT = NUTS(draws=150, warmup=150, chains=2)
PRIORS = {
    "Normal": dist.Normal(0.0, 2.5),
    "Student-t": dist.StudentT(4.0, 0.0, 1.0),
    "Cauchy on one column": {"x0": dist.Cauchy(0.0, 2.5)},
    "flat": priors.Flat(),
    "flat on one column": {"x0": priors.Flat()},
}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) + np.array([3.0, 0.0])
    return X, (rng.random(60) < 1 / (1 + np.exp(3.0 - X[:, 0]))).astype(float)


@pytest.mark.parametrize("name", PRIORS)
def test_a_weak_prior_leaves_the_likelihood_its_word(table, name):
    fit = rglm.fit(rglm.RGLM("bernoulli", prior=PRIORS[name]), table, SHORT, seed=0)
    estimate = rglm.fit(rglm.RGLM("bernoulli"), table, "ml")
    errors = estimate.draws.info["errors"]["beta"]
    away = (fit.draws.samples["beta"].mean((0, 1)) - estimate.draws.samples["beta"][0, 0]) / errors
    assert np.all(np.abs(away) < 0.8)
    assert fit.draws.stats["n_steps"].mean() < 20


def test_separated_data_under_a_heavy_tail(table):
    X, _ = table
    heavy = {"default": dist.StudentT(4.0, 0.0, 2.5), "intercept": dist.StudentT(4.0, 0.0, 2.5)}
    model = rglm.RGLM("bernoulli", prior=heavy)
    fit = rglm.fit(model, (X, (X[:, 0] > 3).astype(float)), NUTS(chains=2), seed=0)
    assert fit.status == "ok"
    assert 4 < fit.draws.samples["beta"][..., 0].mean() < 11


def test_a_flat_prior_on_redundant_columns_is_refused(table):
    X, y = table
    with pytest.raises(EstimatorError, match=r"1 of 4 columns are redundant"):
        rglm.fit(rglm.RGLM("bernoulli", prior=priors.Flat()), (np.column_stack([X, X[:, 0] + X[:, 1]]), y), SHORT)


def test_numpyro_twins_of_our_records_become_them():
    assert priors.as_prior(dist.Laplace(0.0, 0.5)) == priors.Laplace(scale=0.5)
    assert priors.as_prior(dist.Normal(1.0, 2.0)) == priors.Normal(loc=1.0, scale=2.0)
    assert priors.as_prior(dist.HalfNormal(3.0)) == priors.HalfNormal(scale=3.0)
    assert isinstance(priors.as_prior(dist.Cauchy(0.0, 1.0)), priors.NumPyro)


def test_a_density_that_is_nowhere_finite_is_refused_before_sampling(table):
    X, _ = table
    model = rglm.RGLM("poisson", prior={"beta": priors.HalfNormal(scale=1.0)})
    with pytest.raises(EstimatorError, match="not finite where a chain would start"):
        rglm.fit(model, (np.abs(X) * 1e5, np.arange(60.0)), SHORT)

"""Quantile residuals with each row left out, against the closed form of a Gaussian mean."""

import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Draws, Fit, Problem
from bayes_rglm.errors import DataError, EstimatorError
from bayes_rglm.interpret import residuals

N, DRAWS = 15, 4000


@pytest.fixture(scope="module")
def mean_of_a_normal():
    """y ~ N(mu, 1) with a flat prior: mu ~ N(mean, 1/n), drawn without a sampler; one row lies far out."""
    rng = np.random.default_rng(8)
    y = rng.normal(size=N)
    y[3] = 2.5
    problem = Problem(RGLM("gaussian"), Design.from_arrays(np.arange(N, dtype=float)[:, None], y))
    samples = {
        "beta": np.zeros((4, DRAWS // 4, 1)),
        "intercept": rng.normal(y.mean(), 1 / np.sqrt(N), (4, DRAWS // 4)),
        "sigma": np.ones((4, DRAWS // 4)),
    }
    return Fit(problem, Draws(samples, "mcmc"), "exact")


def test_each_row_is_predicted_from_the_others(mean_of_a_normal):
    y = mean_of_a_normal.design.y
    others = (y.sum() - y) / (N - 1)
    found = residuals(mean_of_a_normal, loo=True)
    np.testing.assert_allclose(found, (y - others) / np.sqrt(1 + 1 / (N - 1)), atol=0.05)
    assert found["pareto_k"].dims == ("obs",)
    assert (found["pareto_k"] < 0.7).all()
    inside = residuals(mean_of_a_normal)
    np.testing.assert_allclose(inside, (y - y.mean()) / np.sqrt(1 + 1 / N), atol=0.05)
    assert np.mean(np.square(found)) > 1.1 * np.mean(np.square(inside))


def test_blocks_of_rows_do_not_matter(mean_of_a_normal, monkeypatch):
    from bayes_rglm.residuals import kinds

    whole = residuals(mean_of_a_normal, loo=True)
    monkeypatch.setattr(kinds, "BLOCK", 4 * DRAWS)
    np.testing.assert_array_equal(residuals(mean_of_a_normal, loo=True), whole)


def test_what_cannot_be_left_out_is_refused(mean_of_a_normal, truth):
    fit = mean_of_a_normal
    with pytest.raises(DataError, match="fitted rows"):
        residuals(fit, fit.design, loo=True)
    with pytest.raises(DataError, match="kind='pearson'"):
        residuals(fit, kind="pearson", loo=True)
    with pytest.raises(EstimatorError, match="a point estimate"):
        residuals(truth("gaussian", sigma=0.7).fit(), loo=True)

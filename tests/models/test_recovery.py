"""Every file's `simulate`, fitted by the library: the truth comes back, within the errors that the fit states."""

import jax
import numpy as np
import pytest
from scipy.special import polygamma

from bayes_rglm import estimators, fit, gallery
from bayes_rglm.evaluation import float64, linear_predictors

FLAT = [name for name in gallery.names() if not gallery.model(name).hidden]
DEEP = [name for name in gallery.names() if gallery.model(name).hidden]
ERRORS = 4.0
"""Standard errors, or posterior standard deviations. Among all the numbers here chance alone exceeds it once in 400."""


def spread_of(name, value, n):
    """Asymptotic standard error of an auxiliary value, of which maximum likelihood states none."""
    if name == "sigma":
        return value / np.sqrt(2 * n)
    assert name == "concentration"
    return 1 / np.sqrt(n * (polygamma(1, value) - 1 / value))


@pytest.mark.parametrize("name", FLAT)
def test_maximum_likelihood_finds_the_simulated_truth(name):
    entry = gallery.load(name)
    X, y, truth = entry.simulate(1, 600)
    found = fit(entry.spec, (X, y), "ml")
    assert found.status == "ok"
    errors = found.draws.info["errors"]
    assert set(found.draws.samples) == set(truth)
    for site, value in truth.items():
        estimate = found.draws.samples[site][0, 0]
        error = errors[site] if site in errors else spread_of(site, estimate, 600)
        assert np.shape(error) == np.shape(value), site
        assert np.all(np.abs(estimate - value) < ERRORS * error), site
    slopes = np.abs(found.draws.samples["beta"][0, 0] / errors["beta"])
    assert slopes.max() > 2 * ERRORS, "the data say where the truth lies, and zero is far from it"


@pytest.mark.parametrize("name", DEEP)
def test_the_mode_of_a_network_is_near_the_true_function(name):
    """The root mean square error of the linear predictor is less than half of what the best straight line leaves."""
    entry = gallery.load(name)
    X, y, truth = entry.simulate(1, 400)
    found = fit(entry.spec, (X, y), estimators.MAP(starts=1, tolerance=1e-5))
    eta = found.problem.linear_predictor({site: value[0, 0] for site, value in found.draws.samples.items()})
    true = found.problem.linear_predictor(truth)
    line = np.column_stack([np.ones(len(X)), X])
    left = true - line @ np.linalg.lstsq(line, true, rcond=None)[0]
    assert np.sqrt(np.mean((eta - true) ** 2)) < 0.5 * left.std()


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.names())
def test_the_posterior_holds_the_simulated_truth(name):
    """Parameters at depth 1, the linear predictor of each row behind hidden layers."""
    entry = gallery.load(name)
    X, y, truth = entry.simulate(1, 300)
    found = fit(entry.spec, (X, y), estimators.NUTS(draws=400, warmup=400, chains=2))
    samples = found.draws.samples
    if entry.spec.hidden:
        samples = {"eta": linear_predictors(found.problem, samples)}
        with float64():
            truth = {"eta": np.asarray(jax.jit(found.problem.linear_predictor)(truth))}
    for site, value in truth.items():
        draws = samples[site].reshape(-1, *np.shape(value))
        far = np.abs(draws.mean(axis=0) - value) / draws.std(axis=0)
        if entry.spec.hidden:
            assert np.mean(far < ERRORS) >= 0.99, site
            assert np.median(far) < 1.5, site
        else:
            assert np.all(far < ERRORS), site

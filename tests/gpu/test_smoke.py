"""Every estimator on an accelerator agrees with itself on the CPU; skipped where JAX sees none."""

import jax
import numpy as np
import pytest

from bayes_rglm import estimators, fit

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def gpu():
    try:
        return jax.devices("gpu")[0]
    except RuntimeError:
        pytest.skip("JAX sees no GPU")


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", estimators.names())
def test_an_estimator_runs_there(world, gpu, name, precision):
    problem = world.problem("bernoulli", 1)
    here = fit(problem, estimator=world.tiny(name), device="cpu")
    there = fit(problem, estimator=world.tiny(name), device=gpu, precision=precision)
    for site, values in here.draws.samples.items():
        assert isinstance(there.draws.samples[site], np.ndarray)
        spread = np.maximum(values.std((0, 1)), 0.05 * np.abs(values.mean((0, 1))) + 1e-3)
        assert np.all(np.abs(there.draws.samples[site].mean((0, 1)) - values.mean((0, 1))) < spread)

"""Default cut-points: level probabilities at the mean of the columns are Dirichlet, under the model's own link."""

import jax
import numpy as np
import pytest
from scipy.stats import dirichlet

from bayes_rglm import RGLM, Design, Problem, links
from bayes_rglm.priors import InducedDirichlet, Normal
from bayes_rglm.transforms import standardised

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 2)) * [1.0, 4.0] + [0.0, 2000.0]
Y = np.resize([0.0, 1.0, 2.0, 3.0], 12)
THETA = {"beta": np.array([0.3, -0.2]), "cutpoints": np.array([-402.0, -400.5, -399.0])}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def problem(link="logit", **options):
    return Problem(RGLM("ordinal", link, **options), Design.from_arrays(X, Y))


def induced(link, cuts, concentration=1.0):
    """Log density of cut-points whose level probabilities at a predictor of 0 are Dirichlet."""
    below = links.get(link).inverse(cuts)
    levels = np.diff(np.concatenate([[0.0], below, [1.0]]))
    return dirichlet.logpdf(levels, np.full(4, concentration)) + np.sum(links.get(link).log_slope(cuts))


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_the_prior_speaks_of_the_mean_of_the_columns_under_the_models_link(link):
    own = THETA["cutpoints"] - X.mean(0) @ THETA["beta"]
    assert np.all(np.abs(own) < 6), "cut-points of ordinary size"
    found = jax.jit(problem(link).log_prior)(THETA)["cutpoints"]
    np.testing.assert_allclose(found, induced(link, own), rtol=1e-9)
    other = jax.jit(problem(link, prior={"cutpoints": InducedDirichlet(concentration=2.5)}).log_prior)(THETA)[
        "cutpoints"
    ]
    np.testing.assert_allclose(other, induced(link, own, 2.5), rtol=1e-9)


def test_in_raw_units_it_speaks_of_a_predictor_of_zero():
    raw = problem("probit", prior={"cutpoints": InducedDirichlet(scaled=None)})
    theta = THETA | {"cutpoints": np.array([-1.0, 0.2, 1.5])}
    np.testing.assert_allclose(
        jax.jit(raw.log_prior)(theta)["cutpoints"], induced("probit", theta["cutpoints"]), rtol=1e-10
    )


def test_an_offset_is_part_of_the_mean():
    moved = Problem(RGLM("ordinal"), Design.from_arrays(X, Y, offset=np.full(12, 3.0)))
    shifted = THETA | {"cutpoints": THETA["cutpoints"] + 3.0}
    found, own = jax.jit(moved.log_prior)(shifted), THETA["cutpoints"] - X.mean(0) @ THETA["beta"]
    np.testing.assert_allclose(found["cutpoints"], induced("logit", own), rtol=1e-10)


def test_behind_hidden_layers_there_are_no_columns_to_speak_of():
    deep = problem(hidden=(3,))
    assert "centre" not in deep.constants["cutpoints"]
    theta = {name: np.full(shape, 0.1) for name, shape in deep.layout} | {"cutpoints": np.array([-1.0, 0.2, 1.5])}
    np.testing.assert_allclose(
        jax.jit(deep.log_prior)(theta)["cutpoints"], induced("logit", theta["cutpoints"]), rtol=1e-10
    )


@pytest.mark.parametrize("prior", [None, {"cutpoints": InducedDirichlet(scaled=None)}, {"beta": Normal(scale=2.0)}])
def test_centred_columns_move_the_cutpoints_and_no_density(prior):
    raw = problem("cloglog", prior=prior)
    flat, restore = standardised(raw)
    there = {"beta": np.array([0.4, -0.7]), "cutpoints": np.array([-1.5, 0.2, 1.1])}
    if prior is not None and "cutpoints" in prior:
        there["cutpoints"] += flat.data["X"].mean(0) @ there["beta"]
    here = restore(there)
    moved = flat.linear_predictor(there)[:, None] - there["cutpoints"]
    np.testing.assert_allclose(moved, raw.linear_predictor(here)[:, None] - here["cutpoints"], atol=1e-9)
    np.testing.assert_allclose(
        jax.jit(flat.log_joint)(there) + restore.log_jacobian, jax.jit(raw.log_joint)(here), rtol=1e-8
    )
    centred = prior is None or "beta" in prior
    assert (np.abs(flat.data["X"].mean(0)).max() < 1e-9) == centred

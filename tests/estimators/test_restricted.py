"""Links whose mean exists for some linear predictors only: searches end at a mode, starts and draws lie inside."""

import jax
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, estimators, fit
from bayes_rglm.errors import EstimatorError, SpecError
from bayes_rglm.estimators import _feasible

ROWS = 40
LINE = np.linspace(-1.0, 1.0, ROWS)
RNG = np.random.default_rng(5)
X = np.column_stack([LINE, RNG.normal(size=ROWS)])
COUNTS = RNG.poisson((2.0 + LINE) ** 2).astype(float)
EDGE = RNG.poisson(np.maximum(2.0 * LINE, 0.0) ** 2).astype(float)  # the mean is 0 on the left half
HARD = RGLM("poisson", "sqrt")


def predictor(fitted, X=X):
    """Linear predictors of every draw, (..., rows)."""
    sites = fitted.draws.samples
    return sites["beta"] @ X.T + sites["intercept"][..., None]


def test_maximum_likelihood_inside_the_domain_solves_the_score_equations():
    found = fit(HARD, (X, COUNTS), "ml")
    assert found.status == "ok"
    eta = predictor(found)[0, 0]
    score = 2.0 * (COUNTS / eta - eta)  # of y log(eta^2) - eta^2
    np.testing.assert_allclose(np.column_stack([np.ones(ROWS), X]).T @ score, 0.0, atol=1e-9)


@pytest.mark.parametrize("estimator", ["ml", "map"])
def test_a_maximum_at_the_end_of_the_domain_is_found_and_named(estimator):
    """Rows without counts would rather have a negative predictor. What is found beats every feasible point near it."""
    model, design = HARD, Design.from_arrays(X, EDGE)
    found = fit(model, design, estimator)
    assert found.status == "boundary", found.labels
    assert 0 < predictor(found).min() < 1e-2
    problem = found.problem if estimator == "map" else found.problem.likelihood_only()
    best = {k: v[0, 0] for k, v in found.draws.samples.items()}
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        value = jax.jit(problem.log_joint)
        height, tried = float(value(best)), 0
        for scale in np.repeat([1e-1, 1e-2, 1e-3], 60):
            near = {k: v + scale * rng.normal(size=np.shape(v)) for k, v in best.items()}
            assert float(value(near)) <= height + 1e-4
            tried += np.isfinite(float(value(near)))
    assert tried > 20


def test_a_mode_inside_the_domain(world):
    found = fit(HARD, (X, COUNTS), "map")
    assert found.status == "ok"
    with jax.enable_x64(True):
        slope = jax.grad(found.problem.log_joint)({k: v[0, 0] for k, v in found.draws.samples.items()})
    assert max(np.max(np.abs(part)) for part in slope.values()) < 1e-5


def test_an_offset_that_leaves_the_domain_moves_the_start():
    found = fit(HARD, (X, COUNTS), "ml", offset=np.linspace(-5.0, 1.0, ROWS))
    assert found.status == "ok"
    assert (predictor(found)[0, 0] + np.linspace(-5.0, 1.0, ROWS)).min() > 0


def test_no_coefficients_inside_is_an_error_that_names_the_link():
    design = Design.from_arrays(np.column_stack([LINE, -LINE]), COUNTS, intercept=False)
    with pytest.raises(EstimatorError, match="inside the domain of the link 'sqrt'"):
        fit(HARD, design, "ml")


def test_starting_points_are_redrawn_until_every_row_has_a_mean():
    problem = Problem(HARD, Design.from_arrays(np.column_stack([X, RNG.normal(size=(ROWS, 2))]), COUNTS))
    with jax.enable_x64(True):
        starts = [problem.constrain(problem.initial(jax.random.key(seed))) for seed in range(4)]
        assert all(float(problem.linear_predictor(theta).min()) > 0 for theta in starts)
        assert len({float(theta["intercept"]) for theta in starts}) == 4
        wide = Problem(HARD, Design.from_arrays(100.0 * X, COUNTS, intercept=False))
        with pytest.raises(EstimatorError, match="gives all rows a mean under the link 'sqrt'"):
            wide.initial(jax.random.key(0))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_chains_start_and_stay_inside(family):
    found = fit(RGLM(family, "sqrt"), (X, COUNTS), estimators.NUTS(draws=200, warmup=200, chains=2))
    assert predictor(found).min() > 0
    assert not found.draws.stats["diverging"].mean() > 0.01


def test_behind_hidden_layers_a_restricted_link_is_its_twin():
    assert RGLM("poisson", "sqrt", hidden=(3,)).link.name == "sqrt_softplus"
    assert RGLM("gamma", "reciprocal").with_hidden((3,)).link.name == "inverse_softplus"
    assert "link='softplus'" in repr(RGLM("gamma", "identity", hidden=(3,)))
    with pytest.raises(SpecError, match="use one of log, softplus"):
        RGLM("inverse_gaussian", "inverse_squared", hidden=(3,))


def test_the_search_takes_minus_infinity_for_a_step_too_far():
    """Rosenbrock's valley, cut off right beside its minimum."""

    def function(z):
        if z[0] > 1.0 + 1e-9:
            return -np.inf, np.zeros(2)
        a, b = 1.0 - z[0], z[1] - z[0] ** 2
        return -(a**2) - 100.0 * b**2, np.array([2.0 * a + 400.0 * z[0] * b, -200.0 * b])

    z, value, gradient, steps = _feasible.climb(function, np.array([-1.2, 1.0]), 1e-9, 500, lambda: False)
    np.testing.assert_allclose(z, 1.0, atol=1e-8)
    assert np.max(np.abs(gradient)) < 1e-6
    assert value <= 0.0
    assert steps < 200

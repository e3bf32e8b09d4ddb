"""Links whose mean exists for some linear predictors only: searches end at a mode, starts and draws lie inside."""

import jax
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, estimators, families, fit, links
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


@pytest.mark.slow
def test_transitions_that_meet_the_end_of_the_domain_do_no_harm():
    """They are rejections: told apart from divergences, with draws that agree with importance sampling from a wide t.

    Twelve rows of which some are 0: the density is positive at the end of the domain, and chains meet it often.
    """
    x = np.column_stack([np.linspace(-1.0, 1.0, 12), np.cos(np.arange(12.0))])
    y = np.array([0.0, 0, 1, 0, 1, 0, 2, 1, 3, 2, 4, 6])
    found = fit(HARD, (x, y), estimators.NUTS(draws=2000, chains=4), seed=3)
    stats = found.draws.stats
    assert stats["left_domain"].mean() > 0.01
    assert stats["diverging"].mean() < 0.5 * stats["left_domain"].mean()
    assert not (stats["diverging"] & stats["left_domain"]).any()
    draws = np.column_stack([found.draws.samples["beta"].reshape(-1, 2), found.draws.samples["intercept"].ravel()])
    rng, freedom = np.random.default_rng(0), 6
    root = np.linalg.cholesky(1.4 * np.cov(draws.T))
    step = rng.normal(size=(200_000, 3)) / np.sqrt(rng.chisquare(freedom, (200_000, 1)) / freedom)
    tried = draws.mean(0) + step @ root.T
    with jax.enable_x64(True):
        density = jax.jit(jax.vmap(lambda v: found.problem.log_joint({"beta": v[:2], "intercept": v[2]})))
        weight = np.asarray(density(tried)) + 0.5 * (freedom + 3) * np.log1p((step**2).sum(1) / freedom)
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    assert 1.0 / (weight**2).sum() > 20_000
    mean = weight @ tried
    spread = np.sqrt(weight @ (tried - mean) ** 2)
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.1 * spread.min())
    np.testing.assert_allclose(draws.std(0), spread, rtol=0.06)


RESTRICTED = [(f, link.name) for f in families.names() for link in families.get(f).links if link.restricted]


@pytest.mark.parametrize(("family", "link"), RESTRICTED)
def test_the_extended_link_agrees_inside_and_has_numbers_outside(family, link):
    family, link = families.get(family), links.get(link)
    aux = {parameter.name: 1.5 for parameter in family.auxiliaries}
    low, high = link.predictor_domain
    inside, outside = (2.0, low - 0.5) if np.isfinite(low) else (-2.0, high + 0.5)
    wide, y = link.extended(), np.ones(2)
    eta = np.array([inside, outside])
    narrow, extended = (np.asarray(family.log_likelihood(one, y, eta, **aux)) for one in (link, wide))
    assert narrow[1] == -np.inf
    assert narrow[0] == extended[0]
    assert np.isfinite(extended).all()
    assert wide != link


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

"""A transform changes coordinates, never the model: densities agree up to the constant that it states."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

from bayes_rglm import RGLM, Design, Problem, families
from bayes_rglm.priors import Flat, HalfNormal, Laplace, Normal
from bayes_rglm.transforms import likelihood_only, standardised, whitened

pytestmark = pytest.mark.usefixtures("double")
every_family = pytest.mark.parametrize("family", families.names())
every_depth = pytest.mark.parametrize("depth", [1, 2])

PRIORS = {
    "mixed": {"age": Laplace(scale=0.3), "dose": Normal(loc=0.2, scale=0.1), "year": dist.Cauchy(0.0, 0.5)},
    "raw intercept": {"intercept": Normal(loc=2.0, scale=10.0)},
    "flat": {"default": Flat(), "intercept": Flat()},
    "flat slopes": {"age": Flat(), "dose": Normal(scale=0.1), "year": Flat()},
    "bounded slopes": {"beta": HalfNormal(scale=1.0)},
    "bounded intercept": {"intercept": dist.HalfNormal(5.0)},
    "heavy": {"default": dist.StudentT(3.0, 0.1, 0.2), "intercept": dist.Logistic(0.0, 20.0)},
}


def agrees(problem, transformed, restore, count=2, scale=0.7):
    """Both densities of `transformed` at random points against those of `problem` where `restore` leads."""
    rng = np.random.default_rng(5)
    for _ in range(count):
        z = transformed.unravel(scale * rng.normal(size=transformed.size))
        there = {k: np.asarray(v) for k, v in transformed.constrain(z).items()}
        theta = restore(there)
        constant = restore.log_jacobian
        np.testing.assert_allclose(
            transformed.log_joint(there) + constant, problem.log_joint(theta), rtol=1e-10, atol=1e-9
        )
        np.testing.assert_allclose(
            transformed.log_density(z) + constant,
            problem.log_density(problem.unconstrain(theta)),
            rtol=1e-10,
            atol=1e-9,
        )
        np.testing.assert_allclose(place(transformed, there), place(problem, theta), rtol=1e-10, atol=1e-10)


def place(problem, theta):
    """The linear predictor, as seen from the first cut-point where there are some: only the difference counts."""
    eta, aux = problem.parameters(theta)
    return eta - aux["cutpoints"][0] if "cutpoints" in aux else eta


@every_depth
@every_family
def test_standardised(world, family, depth):
    problem = world.problem(family, depth)
    flat, restore = standardised(problem)
    np.testing.assert_allclose(flat.data["X"].mean(0), 0.0, atol=1e-12)
    np.testing.assert_allclose(flat.data["X"].std(0), 1.0, rtol=1e-12)
    assert flat.program == problem.program
    assert restore.log_jacobian != 0.0
    agrees(problem, flat, restore)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_standardised_under_any_prior(world, prior):
    problem = Problem(RGLM("gaussian", prior=prior), world.design("gaussian"))
    flat, restore = standardised(problem)
    agrees(problem, flat, restore)


def test_standardised_under_mixed_priors_in_a_network(world):
    problem = Problem(RGLM("poisson", hidden=(3,), prior=PRIORS["mixed"]), world.design("poisson"))
    agrees(problem, *standardised(problem))


@pytest.mark.parametrize("formula", ["y ~ 0 + age + dose", "y ~ 1", "y ~ age + C(g)"])
def test_standardised_with_other_columns(world, formula):
    frame = world.frame("gaussian").assign(g=np.resize(list("abc"), world.rows))
    problem = Problem(RGLM("gaussian"), Design.from_formula(formula, frame))
    agrees(problem, *standardised(problem))


def test_a_constant_column_keeps_its_size(world):
    X = np.column_stack([world.X[:, 0], np.full(world.rows, 3.0)])
    problem = Problem(RGLM("poisson"), Design.from_arrays(X, world.frame("poisson")["y"], intercept=False))
    agrees(problem, *standardised(problem))


def test_restoring_keeps_leading_axes(world):
    problem = world.problem("gaussian", 2)
    _, restore = standardised(problem)
    rng = np.random.default_rng(0)
    draws = {name: rng.normal(size=(2, 5, *shape)) for name, shape in problem.layout}
    batch = restore(draws)
    for c, d in [(0, 0), (1, 4)]:
        one = restore({k: v[c, d] for k, v in draws.items()})
        for name, value in one.items():
            np.testing.assert_allclose(batch[name][c, d], value, rtol=1e-12)


@every_depth
@every_family
def test_likelihood_only_is_the_sum_over_rows(world, family, depth):
    problem = world.problem(family, depth)
    plain, restore = likelihood_only(problem)
    assert restore.log_jacobian == 0.0
    for z in world.points(problem, 1):
        theta = problem.constrain(z)
        assert restore(theta) == theta
        np.testing.assert_allclose(plain.log_joint(theta), problem.log_likelihood(theta).sum(), rtol=1e-12)
        np.testing.assert_allclose(plain.log_likelihood(theta), problem.log_likelihood(theta), rtol=0)
        assert all(float(v) == 0.0 for v in plain.log_prior(theta).values())


def test_likelihood_only_forgets_kinks_and_bounded_slopes_stay_bounded(world):
    lasso = Problem(RGLM("gaussian", prior=Laplace(scale=0.1)), world.design("gaussian"))
    assert lasso.kinks() is not None
    assert lasso.likelihood_only().kinks() is None
    positive = Problem(RGLM("gaussian", prior=HalfNormal(scale=1.0)), world.design("gaussian")).likelihood_only()
    z = {name: np.full(shape, -3.0) for name, shape in positive.layout}
    assert np.all(np.asarray(positive.constrain(z)["beta"]) > 0)


@every_depth
@every_family
def test_whitened(world, family, depth):
    problem = world.problem(family, depth)
    rng = np.random.default_rng(6)
    factor = np.tril(0.1 * rng.normal(size=(problem.size,) * 2)) + np.eye(problem.size)
    loc = np.asarray(problem.ravel(world.points(problem, 1)[0]))
    white, restore = whitened(problem, loc, factor)
    for _ in range(2):
        z = 0.1 * rng.normal(size=problem.size)
        there = problem.unravel(loc + factor @ z)
        np.testing.assert_allclose(
            white.log_density(z) + restore.log_jacobian, problem.log_density(there), rtol=1e-10, atol=1e-10
        )
        theta = white.constrain(z)
        assert restore(theta) == theta
        np.testing.assert_allclose(white.log_joint(theta), problem.log_joint(problem.constrain(there)), rtol=1e-10)


def test_transforms_compose_and_compile(world):
    """Whitened, standardised likelihood: every step states its constant, and the whole is one argument of `jit`."""
    problem = world.problem("gaussian")
    plain, _ = likelihood_only(problem)
    flat, restore = standardised(plain)
    white, _ = whitened(flat, 0.1 * np.ones(flat.size), 0.5 * np.eye(flat.size))
    z = np.linspace(-0.5, 0.5, flat.size)
    theta = restore({k: np.asarray(v) for k, v in white.constrain(z).items()})
    density = jax.jit(lambda p, v: p.log_density(v))(white, z)
    log_sigma = np.log(theta["sigma"])
    np.testing.assert_allclose(density - log_sigma, problem.log_likelihood(theta).sum(), rtol=1e-10)


def test_standardising_spares_float32_the_columns_far_from_zero(world):
    """Years near 2000: the density of single precision is wrong in its third digit, standardised in its seventh."""
    problem = world.problem("bernoulli")
    flat, restore = standardised(problem)
    z = flat.unravel(0.3 * np.ones(flat.size))
    theta = restore({k: np.asarray(v) for k, v in flat.constrain(z).items()})
    exact = float(problem.log_joint(theta)) - restore.log_jacobian
    with jax.enable_x64(False):
        narrow = float(flat.log_joint({k: np.float32(v) for k, v in flat.constrain(z).items()}))
    assert abs(narrow - exact) < 1e-5 * abs(exact)

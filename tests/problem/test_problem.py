"""The problem as a pytree, its densities, its rows and weights."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro import handlers
from numpyro.distributions import biject_to
from scipy import special, stats

from bayes_rglm import RGLM, Design, Problem, families
from bayes_rglm.errors import DataError, EstimatorError, SpecError
from bayes_rglm.priors import Normal

pytestmark = pytest.mark.usefixtures("double")
every_family = pytest.mark.parametrize("family", families.names())
every_depth = pytest.mark.parametrize("depth", [1, 2])

# What compiles: every family at depth 1; in a network those that differ in the shape of what they read.
compiled = pytest.mark.parametrize(
    ("family", "depth"),
    [(name, 1) for name in families.names()] + [(n, 2) for n in ("gaussian", "binomial", "categorical", "ordinal")],
)


def mean(eta):
    return np.exp(eta)


def weibull(y, eta, concentration):
    return stats.weibull_min.logpdf(y, concentration, scale=mean(eta))


def ordinal(y, eta, cutpoints):
    ends = np.r_[-np.inf, cutpoints, np.inf]
    lower, upper = ends[y.astype(int)] - eta, ends[y.astype(int) + 1] - eta
    right = lower + upper > 0  # there the probabilities of what lies above differ without loss
    lower, upper = np.where(right, -upper, lower), np.where(right, -lower, upper)
    return np.log(special.expit(upper) - special.expit(lower))


def tobit(y, eta, sigma):
    return np.where(y > 0, stats.norm.logpdf(y, eta, sigma), stats.norm.logcdf(-eta / sigma))


def nb1(y, eta, alpha):
    return stats.nbinom.logpmf(y, mean(eta) / alpha, 1 / (1 + alpha))


def beta(y, eta, concentration):
    return stats.beta.logpdf(y, concentration * special.expit(eta), concentration * special.expit(-eta))


# The log density of each family under its default link; the auxiliary parameters and trials go by their names.
SCIPY = {
    "bernoulli": lambda y, eta: stats.bernoulli.logpmf(y, special.expit(eta)),
    "beta": beta,
    "binomial": lambda y, eta, trials: stats.binom.logpmf(y, trials, special.expit(eta)),
    "categorical": lambda y, eta: special.log_softmax(eta, -1)[np.arange(len(y)), y.astype(int)],
    "exponential": lambda y, eta: stats.expon.logpdf(y, scale=mean(eta)),
    "gamma": lambda y, eta, concentration: stats.gamma.logpdf(y, concentration, scale=mean(eta) / concentration),
    "gaussian": lambda y, eta, sigma: stats.norm.logpdf(y, eta, sigma),
    "inverse_gaussian": lambda y, eta, concentration: stats.invgauss.logpdf(
        y, mean(eta) / concentration, scale=concentration
    ),
    "negative_binomial": lambda y, eta, concentration: stats.nbinom.logpmf(
        y, concentration, concentration / (concentration + mean(eta))
    ),
    "negative_binomial_1": nb1,
    "ordinal": ordinal,
    "poisson": lambda y, eta: stats.poisson.logpmf(y, mean(eta)),
    "signed_bernoulli": lambda y, eta: stats.bernoulli.logpmf(y > 0, special.expit(2 * eta)),
    "student_t": lambda y, eta, sigma, nu: stats.t.logpdf(y, nu, eta, sigma),
    "tobit": tobit,
    "weibull": weibull,
}


@every_depth
@every_family
def test_leaves_are_arrays_and_the_rest_is_static(world, family, depth):
    problem = world.problem(family, depth)
    leaves, tree = jax.tree.flatten(problem)
    assert all(isinstance(leaf, np.ndarray | np.generic | float) for leaf in leaves)
    again = jax.tree.unflatten(tree, leaves)
    z = world.points(problem, 1)[0]
    assert again.program is problem.program
    assert again.design is None
    assert float(again.log_density(z)) == float(problem.log_density(z))
    assert "float32" not in {np.asarray(leaf).dtype.name for leaf in leaves}


@compiled
def test_a_problem_is_an_argument_of_a_compiled_function(world, family, depth):
    """Two data sets of one shape share a programme, whatever their numbers, names and prior scales."""
    traced = []

    @jax.jit
    def density(problem, z):
        traced.append(1)
        return problem.log_density(z)

    one = world.problem(family, depth)
    rng = np.random.default_rng(0)
    # The explicit prior is of the default's form: other numbers only.
    site = "beta_1" if depth > 1 else "beta"
    other = Problem(
        world.model(family, depth, prior={site: Normal(loc=0.2, scale=3.0)}),
        world.arrays(family, rng.normal(size=(world.rows, 3)), one.design.y[::-1], columns=list("abc")),
    )
    assert one.program == other.program
    assert hash(one.program) == hash(other.program)
    for problem in (one, other):
        z = world.points(problem, 1)[0]
        np.testing.assert_allclose(density(problem, z), problem.log_density(z), rtol=1e-10)
    assert len(traced) == 1


@every_depth
@every_family
def test_the_parts_of_the_density_add_up(world, family, depth):
    problem = world.problem(family, depth)
    for z in world.points(problem, 1):
        theta = problem.constrain(z)
        prior, rows = problem.log_prior(theta), problem.log_likelihood(theta)
        assert set(prior) == {name for name, _ in problem.layout}
        assert rows.shape == (world.rows,)
        joint = sum(map(float, prior.values())) + float(rows.sum())
        np.testing.assert_allclose(problem.log_joint(theta), joint, rtol=1e-12)
        jacobian = sum(
            float(jnp.sum(biject_to(s.support).log_abs_det_jacobian(z[s.name], theta[s.name])))
            for s in problem.program.sites
        )
        np.testing.assert_allclose(problem.log_density(z), joint + jacobian, rtol=1e-12)
        np.testing.assert_allclose(problem.log_mode(z), joint, rtol=1e-12)
        back = problem.unconstrain(theta)
        for name in z:
            np.testing.assert_allclose(back[name], z[name], rtol=1e-9, atol=1e-12)


@every_depth
@every_family
def test_rows_are_those_of_scipy(world, family, depth):
    if family not in SCIPY:
        pytest.fail(f"give SCIPY the log density of {family}")
    problem = world.problem(family, depth)
    theta = problem.constrain(world.points(problem, 1)[0])
    h = problem.data["X"]
    if depth == 2:
        h = np.tanh(h @ theta["beta_1"] + theta["intercept_1"])
        np.testing.assert_allclose(problem.hidden(theta)[0], h, rtol=1e-12)
    eta = np.asarray(h @ theta["beta"] + theta.get("intercept", 0.0))
    found, aux = problem.parameters(theta)
    np.testing.assert_allclose(found, eta, rtol=1e-12)
    np.testing.assert_array_equal(found, problem.linear_predictor(theta))
    assert set(aux) == {p.name for p in families.get(family).auxiliaries}
    expected = SCIPY[family](problem.data["y"], eta, **jax.tree.map(np.asarray, aux), **problem.rows)
    # The logarithm of a probability that rounds to 1 has an absolute error: that of the probability.
    np.testing.assert_allclose(problem.log_likelihood(theta), expected, rtol=1e-9, atol=1e-15)


@every_depth
@every_family
def test_a_block_is_the_problem_of_its_rows(world, family, depth):
    weights = np.linspace(0.5, 2.0, world.rows)
    levels = world.model(family, depth).family.outputs == "levels"  # whose predictors an offset would move alike
    offset = None if levels else np.linspace(-0.2, 0.2, world.rows)
    design = world.design(family, weights=weights, weights_kind="importance", offset=offset)
    problem = Problem(world.model(family, depth), design)
    theta = problem.constrain(world.points(problem, 1)[0])
    block = problem.block(5, 17)
    assert block.n == 12
    np.testing.assert_allclose(block.log_likelihood(theta), problem.log_likelihood(theta)[5:17], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(
        block.linear_predictor(theta), problem.linear_predictor(theta)[5:17], rtol=1e-11, atol=1e-13
    )
    for name, value in problem.log_prior(theta).items():
        assert float(block.log_prior(theta)[name]) == float(value)


@every_family
def test_a_row_of_frequency_two_is_the_row_twice(world, family):
    twice = np.where(np.arange(world.rows) % 3 == 0, 2, 1)
    weighted = Problem(RGLM(family), world.design(family, weights=twice, weights_kind="frequency"))
    frame = world.frame(family)
    repeated = Problem(RGLM(family), world.design(family, frame.loc[frame.index.repeat(twice)]))
    for z in world.points(weighted, 1):
        np.testing.assert_allclose(weighted.log_density(z), repeated.log_density(z), rtol=1e-12)


@every_family
def test_importance_weights_multiply_rows_and_leave_the_constants(world, family):
    weights = np.linspace(0.2, 3.0, world.rows)
    plain = world.problem(family)
    weighted = Problem(RGLM(family), world.design(family, weights=weights, weights_kind="importance"))
    theta = plain.constrain(world.points(plain, 1)[0])
    np.testing.assert_allclose(
        weighted.log_likelihood(theta), weights * np.asarray(plain.log_likelihood(theta)), rtol=1e-14
    )
    for name, value in plain.log_prior(theta).items():
        assert float(weighted.log_prior(theta)[name]) == float(value)


@every_depth
def test_an_offset_moves_the_linear_predictor(world, depth):
    offset = np.linspace(-1.0, 1.0, world.rows)
    plain = world.problem("poisson", depth)
    moved = Problem(plain.spec, world.design("poisson", offset=offset))
    theta = plain.constrain(world.points(plain, 1)[0])
    np.testing.assert_allclose(moved.linear_predictor(theta), plain.linear_predictor(theta) + offset, rtol=1e-12)
    eta = np.asarray(plain.linear_predictor(theta)) + offset
    np.testing.assert_allclose(
        moved.log_likelihood(theta), stats.poisson.logpmf(moved.data["y"], np.exp(eta)), rtol=1e-9
    )
    y, log_exposure = moved.data["y"], np.log(np.exp(offset).sum())
    assert moved.constants["typical"]["eta"] == pytest.approx(np.log(y.sum() + 0.5) - log_exposure)


def test_without_columns_and_without_an_intercept(world):
    only = Problem(RGLM("gaussian"), Design.from_formula("y ~ 1", world.frame("gaussian")))
    assert dict(only.layout) == {"intercept": (), "sigma": ()}
    none = Problem(RGLM("gaussian"), Design.from_formula("y ~ 0 + age", world.frame("gaussian")))
    assert dict(none.layout) == {"beta": (1,), "sigma": ()}
    theta = {"beta": np.array([2.0]), "sigma": np.float64(1.0)}
    np.testing.assert_allclose(none.linear_predictor(theta), 2.0 * none.design.X[:, 0])
    with pytest.raises(SpecError, match="p = 0"):
        Problem(RGLM("gaussian", hidden=(2,)), only.design)


@every_depth
@every_family
def test_the_flat_vector_and_its_sites(world, family, depth):
    problem = world.problem(family, depth)
    z = world.points(problem, 1)[0]
    vector = problem.ravel(z)
    assert vector.shape == (problem.size,)
    back = problem.unravel(vector)
    assert all(np.array_equal(back[name], z[name]) for name in z)
    batch = problem.unravel(np.stack([vector, vector])[None])
    assert {k: v.shape for k, v in batch.items()} == {k: (1, 2, *shape) for k, shape in problem.layout}
    np.testing.assert_allclose(problem.log_density(vector), problem.log_density(z), rtol=1e-13)


@compiled
def test_gradients_are_finite_and_right(world, family, depth):
    """Along three directions, against differences of the same compiled function."""
    problem = world.problem(family, depth)
    vector = np.asarray(problem.ravel(world.points(problem, 1)[0]))
    scale = np.std(problem.data["X"], axis=0).max()
    steps = 1e-6 / scale * np.random.default_rng(0).choice([-1.0, 1.0], size=(3, len(vector)))
    both = jax.jit(lambda p, v: jax.value_and_grad(p.log_density)(v))
    gradient = np.asarray(both(problem, vector)[1])
    numeric = [(both(problem, vector + h)[0] - both(problem, vector - h)[0]) / 2 for h in steps]
    np.testing.assert_allclose(steps @ gradient, numeric, rtol=1e-4, atol=1e-4 * np.abs(steps * gradient).max())


def test_the_plain_numpyro_model_runs_under_any_handler(world):
    problem = world.problem("bernoulli", 2)
    trace = handlers.trace(handlers.seed(problem.numpyro_model, 0)).get_trace(**problem.model_kwargs)
    assert {k: s["value"].shape for k, s in trace.items() if s["type"] == "sample"} == {
        "beta_1": (3, 3),
        "intercept_1": (3,),
        "beta": (3,),
        "intercept": (),
        "y": (world.rows,),
    }
    assert trace["y"]["is_observed"]
    free = handlers.trace(handlers.seed(problem.numpyro_model, 0)).get_trace(**problem.model_kwargs | {"y": None})
    assert not free["y"]["is_observed"]
    assert set(np.unique(free["y"]["value"])) <= {0, 1}


def test_initial_positions_come_from_the_key(world):
    problem = world.problem("gaussian", 2)
    one, two, three = (problem.initial(jax.random.key(k)) for k in (0, 0, 1))
    assert all(np.array_equal(one[k], two[k]) for k in one)
    assert not any(np.array_equal(one[k], three[k]) for k in one)


def test_only_a_model_and_a_design_make_a_problem(world):
    with pytest.raises(SpecError, match="str, Design"):
        Problem("gaussian", world.design("gaussian"))
    with pytest.raises(SpecError, match="RGLM, ndarray"):
        Problem(RGLM("gaussian"), world.X)
    with pytest.raises(DataError, match=r"row row 00|column 'y'"):
        Problem(RGLM("bernoulli"), world.design("gaussian"))


def test_what_a_foreign_problem_lacks_is_refused_by_name(world):
    def model(y):
        numpyro.sample("y", dist.Normal(numpyro.sample("m", dist.Normal()), 1.0), obs=y)

    problem = Problem.from_numpyro(model, {"y": np.zeros(4)})
    theta = {"m": 0.0}
    for lacking in (problem.linear_predictor, problem.hidden, problem.parameters, lambda theta: problem.kinks()):
        with pytest.raises(EstimatorError, match="from_numpyro"):
            lacking(theta)

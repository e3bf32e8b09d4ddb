"""Default priors speak of the data's own units: scale, shift and further terms change what they must, and no more."""

import jax
import numpy as np
import pytest
from numpyro.infer import Predictive

from bayes_rglm import RGLM, Design, Problem, families, links
from bayes_rglm.priors import Laplace, Normal

pytestmark = pytest.mark.usefixtures("double")
FACTOR, SHIFT = np.array([1000.0, 1.0, 1.0]), np.array([5.0, 0.0, 0.0])
every_model = pytest.mark.parametrize("depth", [1, 2])
every_family = pytest.mark.parametrize("family", families.names())


def two_units(world, family, depth, **options):
    """The same model on the columns as they are, and on 1000 x + 5."""
    model = world.model(family, depth, **options)
    return [Problem(model, world.arrays(family, x)) for x in (world.X, world.X * FACTOR + SHIFT)]


def in_other_units(theta, depth):
    """Sites that give the same rows on 1000 x + 5; without an intercept the cut-points move, the other way."""
    suffix = "_1" if depth > 1 else ""
    wide = theta[f"beta{suffix}"].ndim > 1
    beta = theta[f"beta{suffix}"] / FACTOR.reshape(-1, *(1,) * wide)
    away = SHIFT @ beta
    name = f"intercept{suffix}"
    moved = {name: theta[name] - away} if name in theta else {"cutpoints": theta["cutpoints"] + away}
    return theta | {f"beta{suffix}": beta} | moved


def place(problem, theta):
    """The linear predictor, as seen from the first cut-point where there are some."""
    eta, aux = problem.parameters(theta)
    return eta - aux["cutpoints"][0] if "cutpoints" in aux else eta


MIXED = {"x1": Laplace(scale=1.0, scaled="fan_in")}
CASES = [(family, depth, None) for family in families.names() for depth in (1, 2)]
CASES += [("gaussian", 1, MIXED), ("gaussian", 2, MIXED), ("gaussian", 3, None)]


@pytest.mark.parametrize(("family", "depth", "prior"), CASES)
def test_units_of_a_column_change_the_density_by_a_constant(world, family, depth, prior):
    raw, other = two_units(world, family, depth, prior=prior)
    constant = np.log(1000.0) * np.size(raw.constants["beta_1" if depth > 1 else "beta"]["unit"][0])
    for z in world.points(raw, 2 if prior else 1):
        theta = raw.constrain(z)
        there = in_other_units(theta, depth)
        np.testing.assert_allclose(place(raw, theta), place(other, there), atol=1e-9)
        np.testing.assert_allclose(other.log_joint(there), raw.log_joint(theta) + constant, rtol=1e-10)


@every_model
@pytest.mark.parametrize("family", ["gaussian", "poisson", "categorical", "ordinal"])
def test_the_prior_predictive_is_the_same_in_all_units(world, family, depth):
    found = []
    for problem in two_units(world, family, depth):
        sites = Predictive(problem.numpyro_model, num_samples=20)(jax.random.key(2), **problem.model_kwargs)
        sites.pop("y")
        found.append(np.stack([place(problem, {k: v[i] for k, v in sites.items()}) for i in range(20)]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-8)


def test_an_explicit_prior_stays_in_raw_units(world):
    raw, other = two_units(world, "gaussian", 1, prior=Normal(scale=2.0))
    theta = {"beta": np.array([0.5, -1.0, 2.0]), "intercept": np.float64(0.1), "sigma": np.float64(1.0)}
    assert float(raw.log_prior(theta)["beta"]) == float(other.log_prior(theta)["beta"])


def test_units_of_a_real_response_scale_its_priors(world):
    X, y = world.X, world.frame("gaussian")["y"].to_numpy()
    one, other = (Problem(RGLM("gaussian"), Design.from_arrays(X, v)) for v in (y, 100.0 * y + 7.0))
    theta = {"beta": np.array([0.5, -0.01, 0.1]), "intercept": np.float64(-3.0), "sigma": np.float64(0.9)}
    there = {"beta": 100 * theta["beta"], "intercept": 100 * theta["intercept"] + 7.0, "sigma": 100 * theta["sigma"]}
    constant = -np.log(100.0) * (5 + len(y))
    np.testing.assert_allclose(other.log_joint(there), one.log_joint(theta) + constant, rtol=1e-10)


@every_model
def test_a_factor_of_fifty_levels_does_not_move_the_prior_of_age(world, depth):
    rng = np.random.default_rng(1)
    frame = world.frame("gaussian")
    frame = frame.loc[frame.index.repeat(5)].assign(city=rng.permutation(np.resize([f"c{i}" for i in range(50)], 200)))
    frame.index = range(200)
    model = world.model("gaussian", depth)
    site = "beta_1" if depth > 1 else "beta"
    with_city = Problem(model, Design.from_formula("y ~ age + dose + C(city)", frame)).constants[site]["unit"]
    without = Problem(model, Design.from_formula("y ~ age + dose", frame)).constants[site]["unit"]
    # A network divides by the root of the number of terms, three against two, never of the fifty columns.
    share = np.sqrt(2.0 / 3.0) if depth > 1 else 1.0
    np.testing.assert_allclose(with_city[:2], share * without, rtol=1e-12)
    np.testing.assert_allclose(np.ptp(with_city[2:], axis=0), 0.0, atol=1e-12)
    y_sd = frame["y"].std(ddof=0)
    if depth == 1:
        one_hot = frame["city"].str.get_dummies().iloc[:, 1:]
        term = np.sqrt(one_hot.var(ddof=0).sum())
        np.testing.assert_allclose(with_city[2:], y_sd / term, rtol=1e-12)


@every_family
def test_the_defaults_of_the_table(world, family):
    """The numbers of the page, computed again."""
    X = world.X
    problem = Problem(world.model(family, 2), world.arrays(family))
    tanh, link = links.get("tanh"), families.get(family).links[0]
    own = problem.constants
    np.testing.assert_allclose(own["beta_1"]["unit"], np.tile(1 / (X.std(0) * np.sqrt(3.0)), (3, 1)).T, rtol=1e-10)
    assert float(own["beta_1"]["hyper"][0]["scale"]) == tanh.input_scale == 2.0
    np.testing.assert_allclose(own["intercept_1"]["centre"], X.mean(0), rtol=1e-12)
    scale = own["typical"]["scale"]
    np.testing.assert_allclose(own["beta"]["unit"], scale * tanh.gain / np.sqrt(3.0), rtol=1e-12)
    assert float(own["beta"]["hyper"][0]["scale"]) == link.prior_scale
    located, sign = ("intercept", 1.0) if families.get(family).intercept else ("cutpoints", -1.0)
    np.testing.assert_allclose(own[located]["shift"], sign * np.asarray(own["typical"]["eta"]))


def test_typical_responses(world):
    typical = {f: Problem(RGLM(f), world.design(f)).constants["typical"] for f in ("gaussian", "bernoulli", "poisson")}
    y = {f: world.frame(f)["y"].to_numpy() for f in typical}
    assert typical["gaussian"]["eta"] == pytest.approx(y["gaussian"].mean())
    assert typical["gaussian"]["scale"] == pytest.approx(y["gaussian"].std())
    share = (y["bernoulli"].sum() + 0.5) / (len(y["bernoulli"]) + 1)
    assert typical["bernoulli"]["eta"] == pytest.approx(np.log(share / (1 - share)))
    assert typical["poisson"]["eta"] == pytest.approx(np.log((y["poisson"].sum() + 0.5) / len(y["poisson"])))
    assert typical["bernoulli"]["scale"] == typical["poisson"]["scale"] == 1.0


def test_without_standardising_the_constants_are_plain(world):
    problem = Problem(RGLM("poisson"), world.design("poisson", standardize=False))
    np.testing.assert_array_equal(problem.constants["beta"]["unit"], np.ones(3))
    np.testing.assert_array_equal(problem.constants["intercept"]["centre"], np.zeros(3))


@every_model
def test_constants_stay_with_the_model_in_blocks_and_with_the_design_in_part(world, depth):
    """Rows that are streamed or held out are judged by the constants of the whole."""
    whole = world.problem("gaussian", depth)
    assert whole.block(3, 11).constants is whole.constants
    part = Problem(whole.spec, whole.design.take(np.arange(8)))
    fresh = Problem(whole.spec, whole.design.rows(np.arange(8)))
    site = "beta_1" if depth > 1 else "beta"
    below = whole.constants["intercept_1" if depth > 1 else "intercept"]["centre"]
    taken = part.constants["intercept_1" if depth > 1 else "intercept"]["centre"]
    np.testing.assert_array_equal(below, taken)
    norm = whole.design.constants.norm
    np.testing.assert_array_equal(part.design.constants.norm, norm)
    assert not np.allclose(fresh.design.constants.norm, norm)
    assert not np.allclose(fresh.constants[site]["unit"], whole.constants[site]["unit"])

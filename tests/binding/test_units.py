"""Default priors speak of the data's own units: scale, shift and further terms change what they must, and no more."""

import jax
import numpy as np
import pytest
from numpyro.infer import Predictive

from bayes_rglm import RGLM, Design, Problem, families, links
from bayes_rglm.errors import PriorError
from bayes_rglm.priors import Laplace, LogNormal, Normal

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


@pytest.mark.parametrize("link", [link.name for link in families.get("inverse_gaussian").links])
def test_a_shape_in_units_of_the_response_moves_with_them(link):
    rng = np.random.default_rng(4)
    X, y, offset = rng.normal(size=(40, 1)), rng.gamma(2.0, size=40) + 0.1, np.full(40, 0.4)
    more = {"offset": offset} if link == "log" else {}
    units, places = [], []
    for times in (1.0, 1e6):
        design = Design.from_arrays(X, times * y, **more)
        own = Problem(RGLM("inverse_gaussian", link), design).constants["concentration"]
        units.append(float(own["unit"]))
        head = Problem(RGLM("inverse_gaussian", link, heads="concentration"), design)
        places.append(float(head.constants["intercept_concentration"]["shift"]))
    np.testing.assert_allclose(units, [y.mean(), 1e6 * y.mean()], rtol=1e-12)
    np.testing.assert_allclose(places, np.log(units) + 1.0, rtol=1e-12)


def test_the_density_of_a_response_in_other_units_is_the_same():
    rng = np.random.default_rng(5)
    X, y, values = rng.normal(size=(25, 1)), rng.gamma(2.0, size=25) + 0.1, []
    for times in (1.0, 1e6):
        problem = Problem(RGLM("inverse_gaussian", "log"), Design.from_arrays(X, times * y))
        site = problem.program.auxiliaries[0]
        own = problem.constants["concentration"]
        law = site.blocks[0].form(own["hyper"][0], own["shift"], own["unit"], site.support)
        values.append(float(law.log_prob(3.0 * times)) + np.log(times))
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12)


PARAMETERS = [(f, p) for f in families.names() for p in families.get(f).auxiliaries if p.size is None]


@pytest.mark.parametrize(("family", "parameter"), PARAMETERS, ids=[f"{f}-{p.name}" for f, p in PARAMETERS])
def test_a_head_stands_at_a_value_as_likely_small_as_large(family, parameter):
    law = parameter.prior.form(parameter.prior.hyper(), np.zeros(()), np.ones(()), parameter.support)
    share = np.mean(np.asarray(law.sample(jax.random.key(0), (4000,))) < parameter.typical)
    assert 0.25 < share < 0.75


@pytest.mark.parametrize("family", ["beta", "gamma", "student_t"])
def test_the_intercept_of_a_head_is_the_link_of_that_value(family):
    y = np.linspace(0.1, 0.9, 12)
    parameter = families.get(family).auxiliaries[-1]
    problem = Problem(RGLM(family, heads=parameter.name), Design.from_arrays(np.cos(y)[:, None], y))
    shift = float(problem.constants[f"intercept_{parameter.name}"]["shift"])
    assert shift == pytest.approx(float(parameter.link.forward(np.float64(parameter.typical))), rel=1e-12)


def test_a_mean_that_is_not_positive_is_no_unit():
    y = np.linspace(-3.0, 1.0, 12)
    model = RGLM("gaussian", prior={"sigma": LogNormal(scaled="mean")})
    with pytest.raises(PriorError, match=r"typical mean is positive.*'sigma'"):
        Problem(model, Design.from_arrays(np.cos(y)[:, None], y))

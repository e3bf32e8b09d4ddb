"""Which prior stands on which site: keys, their precedence, and the numbers that go into the density."""

import jax
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from numpyro import handlers
from numpyro.distributions import constraints
from scipy import stats

from bayes_rglm import RGLM, Design, Problem
from bayes_rglm.errors import PriorError
from bayes_rglm.priors import Flat, HalfCauchy, HalfNormal, Horseshoe, Laplace, Normal

pytestmark = pytest.mark.usefixtures("double")
RAW = Normal(scale=7.0)


@pytest.fixture(scope="module")
def frame(world):
    frame = world.frame("gaussian")
    return frame.assign(group=np.resize(["a", "b", "c"], len(frame)), sigma=np.arange(len(frame)) % 7)


@pytest.fixture
def problem_of(frame):
    def make(prior, formula="y ~ age + dose + group", family="gaussian", hidden=(), **options):
        return Problem(RGLM(family, hidden=hidden, prior=prior, **options), Design.from_formula(formula, frame))

    return make


def scales(problem) -> dict[str, np.ndarray]:
    """The prior scale of every element of every site, read off the NumPyro model."""
    trace = handlers.trace(handlers.seed(problem.numpyro_model, 0)).get_trace(**problem.model_kwargs)
    return {k: _scale(s["fn"]) for k, s in trace.items() if s["type"] == "sample" and k != "y"}


def _scale(prior) -> np.ndarray:
    if not hasattr(prior, "parts"):
        return np.asarray(prior.scale)
    joined = np.zeros(prior.batch_shape)
    for part, rows in zip(prior.parts, prior.rows, strict=True):
        joined[list(rows)] = part.scale
    return joined


def where_seven(problem) -> dict[str, list]:
    """Positions whose prior scale is the explicit 7, by site."""
    return {name: np.argwhere(s == 7.0).tolist() for name, s in scales(problem).items() if np.any(s == 7.0)}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("age", {"beta": [[0]]}),
        ("group", {"beta": [[2], [3]]}),
        (("term", "group"), {"beta": [[2], [3]]}),
        ("group[T.c]", {"beta": [[3]]}),
        ("beta", {"beta": [[0], [1], [2], [3]]}),
        (("site", "beta"), {"beta": [[0], [1], [2], [3]]}),
        ("default", {"beta": [[0], [1], [2], [3]]}),
        ("intercept", {"intercept": [[]]}),
        (("site", "intercept"), {"intercept": [[]]}),
    ],
)
def test_a_key_names_its_sites_at_depth_one(problem_of, key, expected):
    problem = problem_of({key: RAW})
    assert problem.design.columns == ("age", "dose", "group[T.b]", "group[T.c]")
    assert where_seven(problem) == expected


EVERY_UNIT = {j: [[j, 0], [j, 1]] for j in range(4)}
LAYER_1 = [pair for j in range(4) for pair in EVERY_UNIT[j]]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("age", {"beta_1": EVERY_UNIT[0]}),
        ("group", {"beta_1": EVERY_UNIT[2] + EVERY_UNIT[3]}),
        ("hidden", {"beta_1": LAYER_1, "beta_2": [[j, k] for j in range(2) for k in range(3)]}),
        ("layer_1", {"beta_1": LAYER_1}),
        (("layer", "layer_2"), {"beta_2": [[j, k] for j in range(2) for k in range(3)]}),
        ("beta_1", {"beta_1": LAYER_1}),
        ("beta", {"beta": [[0], [1], [2]]}),
        ("intercept_2", {"intercept_2": [[0], [1], [2]]}),
        (
            "default",
            {"beta_1": LAYER_1, "beta_2": [[j, k] for j in range(2) for k in range(3)], "beta": [[0], [1], [2]]},
        ),
    ],
)
def test_a_key_names_its_sites_in_a_network(problem_of, key, expected):
    assert where_seven(problem_of({key: RAW}, hidden=(2, 3))) == expected


def test_auxiliary_parameters_have_keys(problem_of):
    for key in ("sigma", ("aux", "sigma")):
        assert scales(problem_of({key: HalfNormal(scale=3.0)}))["sigma"] == 3.0


ORDER = ["group[T.b]", "group", "beta_1", "layer_1", "hidden", "default"]


@pytest.mark.parametrize("weakest", range(1, len(ORDER)))
def test_the_narrower_key_wins(problem_of, weakest):
    """Column, term, site, layer, all hidden layers, default: in this order, whatever the order of the mapping."""
    keys = ORDER[weakest - 1 : weakest + 1]
    for mapping in (keys, keys[::-1]):
        prior = {key: Normal(scale=1.0 + ORDER.index(key)) for key in mapping}
        found = scales(problem_of(prior, hidden=(2,)))["beta_1"]
        assert np.all(found[2] == 1.0 + ORDER.index(keys[0]))


def test_a_single_prior_is_the_default_of_all_weights_and_leaves_intercepts_alone(problem_of):
    plain, own = scales(problem_of(None, hidden=(2,))), scales(problem_of(RAW, hidden=(2,)))
    assert np.all(own["beta_1"] == 7.0)
    assert np.all(own["beta"] == 7.0)
    for name in ("intercept_1", "intercept", "sigma"):
        np.testing.assert_array_equal(own[name], plain[name])


def test_a_name_with_two_meanings_is_decided_by_a_pair(problem_of):
    formula = "y ~ age + sigma"
    with pytest.raises(PriorError, match=r"ambiguous[\s\S]*\('term', 'sigma'\) or \('aux', 'sigma'\)"):
        problem_of({"sigma": HalfNormal(scale=7.0)}, formula)
    column = problem_of({("term", "sigma"): RAW}, formula)
    assert where_seven(column) == {"beta": [[1]]}
    assert where_seven(problem_of({("aux", "sigma"): HalfNormal(scale=7.0)}, formula)) == {"sigma": [[]]}
    assert where_seven(problem_of({"sigma": HalfNormal(scale=7.0)})) == {"sigma": [[]]}, "no such column, so no doubt"


@pytest.mark.parametrize("name", ["default", "hidden", "beta", "intercept"])
def test_a_column_may_bear_a_reserved_name(frame, name):
    design = Design.from_formula(f"y ~ {name} + dose", frame.rename(columns={"age": name}))
    with pytest.raises(PriorError, match="ambiguous"):
        Problem(RGLM("gaussian", hidden=(2,), prior={name: RAW}), design)
    assert where_seven(Problem(RGLM("gaussian", prior={("term", name): RAW}), design)) == {"beta": [[0]]}


def test_a_name_that_this_model_lacks_is_no_name(problem_of, frame):
    with pytest.raises(PriorError, match="'hidden'"):
        problem_of({"hidden": RAW})
    with pytest.raises(PriorError, match="'intercept'"):
        problem_of({"intercept": RAW}, "y ~ 0 + age")
    design = Design.from_formula("y ~ hidden + dose", frame.rename(columns={"age": "hidden"}))
    assert where_seven(Problem(RGLM("gaussian", prior={"hidden": RAW}), design)) == {"beta": [[0]]}


@pytest.mark.parametrize(
    ("key", "near"),
    [("aeg", "age"), ("grup", "group"), ("dosee", "dose"), ("intercpt", "intercept"), (("term", "doze"), "dose")],
)
def test_an_unknown_key_lists_what_there_is(problem_of, key, near):
    with pytest.raises(PriorError) as caught:
        problem_of({key: RAW})
    assert repr(key) in str(caught.value)
    assert f"did you mean {near!r}?" in str(caught.value)


def test_unlike_priors_in_one_site_add_up(problem_of):
    prior = {
        "age": Normal(loc=0.5, scale=0.2),
        "dose": Laplace(loc=-0.1, scale=0.3),
        "group[T.b]": dist.Cauchy(0.2, 1.5),
        "group[T.c]": Normal(loc=-1.0, scale=3.0),
        "intercept": dist.StudentT(4.0, 1.0, 2.0),
        "sigma": dist.Gamma(2.0, 0.5),
    }
    problem = problem_of(prior)
    theta = {"beta": np.array([0.3, -0.4, 5.0, 0.6]), "intercept": np.float64(-0.7), "sigma": np.float64(1.3)}
    by_hand = {
        "beta": stats.norm.logpdf(0.3, 0.5, 0.2)
        + stats.laplace.logpdf(-0.4, -0.1, 0.3)
        + stats.cauchy.logpdf(5.0, 0.2, 1.5)
        + stats.norm.logpdf(0.6, -1.0, 3.0),
        "intercept": stats.t.logpdf(-0.7, 4.0, 1.0, 2.0),
        "sigma": stats.gamma.logpdf(1.3, 2.0, scale=2.0),
    }
    found = problem.log_prior(theta)
    assert set(found) == set(by_hand)
    for name, value in by_hand.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12)


def test_unlike_priors_in_a_hidden_layer_cover_all_units(problem_of):
    prior = {"age": Normal(scale=0.2), "dose": Laplace(scale=0.3), "group": dist.Cauchy(0.0, 1.5)}
    problem = problem_of(prior, hidden=(2,))
    beta = np.linspace(-1.0, 1.0, 8).reshape(4, 2)
    by_hand = (
        stats.norm.logpdf(beta[0], 0, 0.2).sum()
        + stats.laplace.logpdf(beta[1], 0, 0.3).sum()
        + stats.cauchy.logpdf(beta[2:], 0, 1.5).sum()
    )
    theta = {k: np.ones(shape) for k, shape in problem.layout} | {"beta_1": beta}
    np.testing.assert_allclose(problem.log_prior(theta)["beta_1"], by_hand, rtol=1e-12)


def test_draws_of_a_mixed_site_stand_in_the_order_of_the_columns(problem_of):
    prior = {"age": Normal(loc=100.0, scale=0.1), "dose": Laplace(loc=200.0, scale=0.1), "group": Normal(scale=0.1)}
    problem = problem_of(prior)
    drawn = handlers.seed(problem.numpyro_model, 1)
    beta = handlers.trace(drawn).get_trace(**problem.model_kwargs)["beta"]["value"]
    np.testing.assert_allclose(beta, [100.0, 200.0, 0.0, 0.0], atol=3.0)


def test_columns_of_one_layer_share_a_support(problem_of):
    with pytest.raises(PriorError, match=r"'beta'[\s\S]*Positive"):
        problem_of({"age": HalfNormal(scale=1.0)})
    problem = problem_of({"beta": HalfNormal(scale=2.0)})
    np.testing.assert_allclose(
        problem.log_prior({"beta": np.ones(4), "intercept": 0.0, "sigma": 1.0})["beta"],
        4 * stats.halfnorm.logpdf(1.0, scale=2.0),
    )


@pytest.mark.parametrize(
    ("prior", "site"),
    [
        ({"beta": Normal(scaled="response")}, "'beta'"),
        ({"beta": Normal(scaled="centred")}, "'beta'"),
        ({"intercept": Normal(scaled="term")}, "'intercept'"),
        ({"layer_2": Normal(scaled="term")}, "'beta_2'"),
        ({"intercept_1": Normal(scaled="response")}, "'intercept_1'"),
    ],
)
def test_a_scaling_that_means_nothing_there_is_refused(problem_of, prior, site):
    with pytest.raises(PriorError, match=site):
        problem_of(prior, hidden=(2, 2))


def test_flat_priors_and_fixed_values(problem_of):
    problem = problem_of({"default": Flat(), "intercept": Flat()}, fixed={"sigma": 2.0})
    assert dict(problem.layout) == {"beta": (4,), "intercept": ()}
    theta = {"beta": np.ones(4), "intercept": np.float64(0.3)}
    assert all(float(v) == 0.0 for v in problem.log_prior(theta).values())
    eta = problem.design.X.sum(1) + 0.3
    np.testing.assert_allclose(problem.log_likelihood(theta), stats.norm.logpdf(problem.design.y, eta, 2.0), rtol=1e-12)


def test_a_bound_prior_does_not_depend_on_the_precision_it_was_bound_in(problem_of):
    with jax.enable_x64(False):
        narrow = problem_of({"default": dist.Normal(0.1, 0.7)})
    wide = problem_of({"default": dist.Normal(0.1, 0.7)})
    assert narrow.program == wide.program
    assert scales_of_hyper(narrow) == scales_of_hyper(wide)


def scales_of_hyper(problem):
    return [{k: float(v) for k, v in hyper.items()} for hyper in problem.constants["beta"]["hyper"]]


def test_new_numbers_leave_the_program_as_it_is(problem_of):
    one, two = problem_of({"age": Normal(scale=1.0)}), problem_of({"age": Normal(loc=3.0, scale=2.0)})
    assert one.program == two.program
    assert hash(one.program) == hash(two.program)
    assert problem_of({"age": Laplace(scale=1.0)}).program != one.program


def test_table_rows_without_a_response_bind_at_zero(frame):
    design = Design.from_formula("~ age + dose", pd.DataFrame(frame[["age", "dose"]]))
    assert Problem(RGLM("poisson"), design).constants["typical"] == {"eta": 0.0, "scale": 1.0}


def test_columns_with_unlike_positive_priors_share_the_positive_support(problem_of):
    """The density and the coordinates must agree on where the weights live."""
    problem = problem_of({"age": HalfNormal(scale=1.0), "dose": HalfCauchy(scale=1.0)}, "y ~ age + dose")
    trace = handlers.trace(handlers.seed(problem.numpyro_model, 0)).get_trace(**problem.model_kwargs)
    prior = trace["beta"]["fn"]
    assert prior.support is constraints.positive
    again = jax.tree.unflatten(*jax.tree.flatten(prior)[::-1])
    assert again.support is constraints.positive
    assert np.all(np.asarray(problem.constrain(np.full(problem.size, -5.0))["beta"]) > 0)


def test_one_prior_for_all_weights_reaches_heads(problem_of):
    problem = problem_of(Laplace(scale=0.1), heads=("sigma",))
    head = problem.program.heads[0].affine.weights
    assert problem.constants[head.name]["hyper"][0]["scale"] == 0.1
    assert all(block.kink is not None for block in head.blocks)


@pytest.mark.parametrize(
    ("model", "twin"),
    [
        (RGLM("categorical", coding="reference"), RGLM("bernoulli")),
        (RGLM("ordinal"), RGLM("bernoulli")),
        (RGLM("ordinal", link="probit"), RGLM("bernoulli", link="probit")),
        (RGLM("ordinal", link="cloglog"), RGLM("bernoulli", link="loglog")),
    ],
    ids=lambda model: f"{model.family.name}-{model.link.name}",
)
def test_two_levels_inform_a_global_scale_as_a_binary_response_does(model, twin, world):
    y = np.tile([0.0, 1.0, 1.0, 1.0], len(world.X))[: len(world.X)]  # ordinal: P(y > 0) = F(eta - c), loglog's mirror
    units = [
        Problem(m.with_prior(Horseshoe(share=0.5)), Design.from_arrays(world.X, y)).constants["beta_global"]["unit"]
        for m in (model, twin)
    ]
    assert units[0] == pytest.approx(units[1], rel=0.02)  # ordinal starts at smoothed shares


def test_censored_rows_inform_a_global_scale_less(world):
    y = np.linspace(0.5, 1.5, len(world.X))
    units = [
        float(
            Problem(
                RGLM("exponential", prior=Horseshoe(share=0.5)), Design.from_arrays(world.X, y, upper=upper)
            ).constants["beta_global"]["unit"]
        )
        for upper in (None, np.where(np.arange(len(y)) % 10 == 0, np.inf, y))
    ]
    assert units[1] > 1.2 * units[0]

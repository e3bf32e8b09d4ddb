"""Several responses beside hierarchical priors, restricted links, scoring rules, levels and approximations."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, Problem, compare, evaluation, fit, predict, priors
from bayes_rglm.comparison.scores import _crps, crps_sample
from bayes_rglm.errors import RGLMError
from bayes_rglm.estimators._curvature import gauss_newton, hessian
from bayes_rglm.estimators._labels import _runaway
from bayes_rglm.estimators._optimise import density_and_gradient, plain_start
from bayes_rglm.estimators._units import coordinate_units
from bayes_rglm.transforms import standardised

ROWS = 40
CODES = np.column_stack([np.arange(ROWS) % 2, np.arange(ROWS) % 3])


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    dose, noise = rng.normal(size=ROWS), rng.normal(size=(2, ROWS))
    return pd.DataFrame(
        {
            "age": rng.normal(40.0, 10.0, ROWS),
            "dose": dose,
            "short": 0.3 * dose + 0.5 * noise[0],
            "long": 300.0 + 100.0 * (noise[1] - dose),
            "few": rng.poisson(np.exp(0.3 * dose)),
            "many": rng.poisson(np.exp(1.0 - 0.6 * dose)),
        }
    )


FRAME = _frame()


@pytest.mark.usefixtures("double")
def test_responses_share_a_random_scale_each_in_its_unit():
    model = RGLM("gaussian", prior={"beta": priors.HierarchicalNormal(scaled="term")})
    problem = Problem(model, Design.from_formula("short + long ~ age + dose", FRAME))
    assert dict(problem.layout)["beta_scale"] == ()
    rng = np.random.default_rng(5)
    theta = {name: rng.uniform(0.5, 2.0, shape) for name, shape in problem.layout}
    unit = problem.data["y"].std(0) / problem.data["X"].std(0)[:, None]
    expected = stats.norm.logpdf(theta["beta"], 0.0, theta["beta_scale"] * unit).sum()
    np.testing.assert_allclose(problem.log_prior(theta)["beta"], expected, rtol=1e-10)


def test_a_horseshoe_on_one_response_or_on_hidden_units_only():
    design = Design.from_formula("short + long ~ age + dose", FRAME)
    with pytest.raises(RGLMError, match=r"'beta' depends on what the rows tell of one response[\s\S]*2 responses"):
        Problem(RGLM("gaussian", prior={"beta": priors.Horseshoe()}), design)
    below = dict(Problem(RGLM("gaussian", hidden=3, prior={"beta_1": priors.Horseshoe()}), design).layout)
    assert (below["beta_1_local"], below["beta_1_global"], below["beta"]) == ((2, 3), (), (3, 2))


@pytest.mark.usefixtures("double")
def test_flat_priors_name_the_response_that_separates():
    frame = FRAME.assign(many=np.where(FRAME.dose > 0, 0, FRAME.many))
    design = Design.from_formula("few + many ~ I(dose > 0)", frame)
    problem = Problem(RGLM("poisson", prior={"beta": priors.Flat()}), design)
    assert _runaway(problem, np.zeros(problem.size), "mode") == (f"{design.columns[0]}, many",)


@pytest.mark.usefixtures("double")
def test_starts_lie_inside_a_restricted_domain():
    offset = np.where(FRAME.dose > 0, -6.0, 0.0)
    design = Design.from_formula("few + many ~ age + dose", FRAME, offset=offset)
    flat, _ = standardised(Problem(RGLM("poisson", link="sqrt"), design))
    assert np.any(flat.constants["typical"]["eta"] + offset[:, None] <= 0, axis=0).all()
    assert np.all(flat.linear_predictor(flat.constrain(plain_start(flat))) > 0)


@pytest.mark.usefixtures("double")
def test_units_of_the_flat_vector():
    problem = Problem(RGLM("gaussian"), Design.from_formula("short + long ~ age + dose", FRAME))
    units, sd = problem.unravel(coordinate_units(problem)), FRAME[["short", "long"]].to_numpy().std(0)
    np.testing.assert_allclose(units["beta"], [sd, sd], rtol=1e-12)
    np.testing.assert_allclose(units["intercept"], sd, rtol=1e-12)
    np.testing.assert_array_equal(units["sigma"], [1.0, 1.0])


def test_scores_of_levels():
    X, y = FRAME[["age", "dose"]].to_numpy(), CODES
    found = fit(RGLM("categorical"), (X, y), "ml")
    table, p = compare({"ML": found}, Design.from_arrays(X, y)).table, predict(found).to_numpy()[0, 0]
    happened = y[..., None] == np.arange(3)
    assert table.loc["ML", "brier_levels"] == pytest.approx(((p - happened) ** 2).sum(-1).mean(), rel=1e-10)
    assert table.loc["ML", "log_score"] == pytest.approx(np.log(p[happened]).sum() / ROWS, rel=1e-10)
    with pytest.raises(RGLMError, match=r"codes 0 to 2 of 'y1'[\s\S]*row 2, value 3"):
        compare({"ML": found}, Design.from_arrays(X, np.column_stack([y[:, 0], y[:, 1] + 1])))


def test_crps_without_some_outcomes():
    rng = np.random.default_rng(2)
    y, outcomes = rng.normal(size=(3, 2)), rng.normal(size=(6, 3, 2))
    outcomes[2, 1, 0] = np.nan
    found = _crps(y, outcomes)
    np.testing.assert_allclose(found[:, 1], crps_sample(y[:, 1], outcomes[..., 1]))
    np.testing.assert_allclose(found[1, :1], crps_sample(y[1, :1], np.delete(outcomes[:, 1, :1], 2, axis=0)))


# Gauss-Newton and the tangent of a network ----------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gaussian", "categorical"])
@pytest.mark.usefixtures("double")
def test_gauss_newton_is_the_hessian_where_predictors_are_linear(family):
    y = CODES if family == "categorical" else FRAME[["short", "long"]]
    problem, _ = standardised(Problem(RGLM(family), Design.from_arrays(FRAME[["age", "dose"]], y)))
    z = plain_start(problem) + 0.1 * np.random.default_rng(3).normal(size=problem.size)

    def gradient(v):
        return np.asarray(density_and_gradient(problem, v)[1])

    expected = -hessian(gradient, z, coordinate_units(problem))
    scale = np.sqrt(np.abs(np.diag(expected)))
    # Central differences of a step of 1e-5 leave about 1e-9 of a gradient of order 1e3.
    np.testing.assert_allclose(
        gauss_newton(problem, z) / np.outer(scale, scale), expected / np.outer(scale, scale), atol=1e-6
    )


@pytest.mark.usefixtures("double")
def test_the_tangent_touches_the_network():
    design = Design.from_formula("short + long ~ age + dose", FRAME)
    problem = Problem(RGLM("gaussian", hidden=2, fixed={"sigma": 2.0}), design)
    rng = np.random.default_rng(7)
    samples = {name: 0.1 * rng.normal(size=(1, 1, *shape)) for name, shape in problem.layout}
    touching = problem.linearised({name: value[0, 0] for name, value in samples.items()})
    expected, found = evaluation.parameters(problem, samples), evaluation.parameters(touching, samples)
    assert {name: value.shape for name, value in found.items()} == {"eta": (1, 1, ROWS, 2), "sigma": (1, 1, 1, 2)}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12)

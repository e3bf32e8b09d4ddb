"""Hierarchical priors in a model: which sites they add, their density and draws, their coordinates, their refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.infer import Predictive
from scipy import stats

from bayes_rglm import RGLM, Design, Problem, estimators, fit, load
from bayes_rglm.errors import EstimatorError, PriorError
from bayes_rglm.priors import HierarchicalNormal, Horseshoe, Laplace, Normal, RegularisedHorseshoe
from bayes_rglm.transforms import noncentred, standardised

FINNISH = RegularisedHorseshoe(share=0.2, slab_scale=1.5, slab_df=5.0)


@pytest.fixture(scope="module")
def logistic():
    """60 rows, three columns on unlike scales, a response with 24 ones."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(60, 3)) * [1.0, 20.0, 0.1] + [0.0, 50.0, 3.0]
    return Design.from_arrays(X, np.r_[np.ones(24), np.zeros(36)], columns=["age", "dose", "year"])


def problem_of(design, prior, family="bernoulli", **options):
    return Problem(RGLM(family, prior=prior, **options), design)


# sites and densities -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
def test_the_joint_prior_is_the_one_on_paper(logistic):
    # tau0 = p0 / (p - p0) pseudo-sigma / sqrt(n); a typical row of a logistic regression has the information q (1 - q).
    problem = problem_of(logistic, {"beta": FINNISH})
    q = 1.0 / (1.0 + np.exp(-problem.constants["typical"]["eta"]))
    assert q == pytest.approx(0.4, abs=0.005)
    beta, local, tau, slab = np.array([0.4, -0.01, 2.0]), np.array([0.3, 1.0, 40.0]), 0.2, 3.0
    theta = {"beta": beta, "beta_local": local, "beta_global": tau, "beta_slab": slab, "intercept": 0.1}
    found = problem.log_prior(jax.tree.map(jnp.asarray, theta))
    tau0 = 0.2 / 0.8 / np.sqrt(60 * q * (1.0 - q))
    kept = np.sqrt(1.0 / (1.0 / (tau * local) ** 2 + 1.0 / slab)) / logistic.constants.norm
    np.testing.assert_allclose(found["beta_local"], stats.halfcauchy().logpdf(local).sum(), rtol=1e-12)
    np.testing.assert_allclose(found["beta_global"], stats.halfcauchy(scale=tau0).logpdf(tau), rtol=1e-9)
    np.testing.assert_allclose(found["beta_slab"], stats.invgamma(2.5, scale=2.5 * 1.5**2).logpdf(slab), rtol=1e-12)
    np.testing.assert_allclose(found["beta"], stats.norm(0.0, kept).logpdf(beta).sum(), rtol=1e-12)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("prior", "root"), [(HierarchicalNormal(scale=0.7, scaled="term"), 0.7), (FINNISH, None)])
def test_draws_of_the_prior_have_its_moments(logistic, prior, root):
    problem = problem_of(logistic, {"beta": prior})
    kwargs = {k: v for k, v in problem.model_kwargs.items() if k != "y"}
    draws = Predictive(problem.numpyro_model, num_samples=4000)(jax.random.key(1), **kwargs)
    draws = {k: np.asarray(v) for k, v in draws.items()}
    standard = draws["beta"] * logistic.constants.norm
    if root is not None:  # E w^2 = E tau^2 = scale^2
        assert (standard**2).mean() == pytest.approx(root**2, rel=0.06)
        return
    tau0 = 0.25 / np.sqrt(60 * 0.24)
    assert np.median(draws["beta_global"]) == pytest.approx(tau0, rel=0.08)
    assert np.median(draws["beta_local"]) == pytest.approx(1.0, rel=0.05)
    assert draws["beta_slab"].mean() == pytest.approx(2.5 * 1.5**2 / 1.5, rel=0.1)
    free = draws["beta_global"][:, None] * draws["beta_local"]
    kept = 1.0 / np.sqrt(1.0 / free**2 + 1.0 / draws["beta_slab"][:, None])
    scores = standard / kept
    assert stats.kstest(scores.ravel(), "norm").pvalue > 1e-3


def test_nodes_share_a_scale_in_a_network(logistic):
    prior = {
        "beta_1": RegularisedHorseshoe(per="input"),
        "beta": Horseshoe(per="unit"),
        "beta_2": Horseshoe(per="unit"),
    }
    problem = problem_of(logistic, prior, hidden=(4, 2))
    shapes = dict(problem.layout)
    assert shapes["beta_1_local"] == (3,)
    assert shapes["beta_1_slab"] == shapes["beta_1_global"] == shapes["beta_global"] == shapes["beta_local"] == ()
    assert shapes["beta_2_local"] == (2,)
    # A hidden layer's rows are taken to carry unit information; its inputs have the spread 1 / gain.
    np.testing.assert_allclose(problem.constants["beta_2_global"]["unit"], 1.0 / np.sqrt(60))
    np.testing.assert_allclose(problem.constants["beta_2"]["unit"], problem.spec.hidden[0].activation.gain)
    assert dict(problem.likelihood_only().layout).keys() == {
        *("beta", "beta_1", "beta_2", "intercept", "intercept_1", "intercept_2")
    }


def test_frequencies_count_as_rows_and_a_real_response_brings_its_unit():
    rng = np.random.default_rng(2)
    X, y, w = rng.normal(size=(30, 2)), 50.0 * rng.normal(size=30), np.full(30, 3.0)
    plain, counted = (
        Problem(RGLM("gaussian", prior=Horseshoe(scaled=scaled)), Design.from_arrays(X, y, **more))
        for scaled, more in (("term", {}), (None, {"weights": w, "weights_kind": "frequency"}))
    )
    np.testing.assert_allclose(plain.constants["beta_global"]["unit"], 1.0 / np.sqrt(30), rtol=0.05)
    np.testing.assert_allclose(counted.constants["beta_global"]["unit"], y.std() / np.sqrt(90), rtol=0.05)
    np.testing.assert_array_equal(counted.constants["beta"]["unit"], 1.0)


# coordinates ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
def test_non_centred_coordinates_change_no_density(logistic):
    plain, _ = standardised(problem_of(logistic, {"dose": FINNISH, "age": FINNISH}))
    moved, restore = noncentred(plain)
    z = jnp.asarray(np.random.default_rng(0).normal(size=plain.size))
    located = moved.sites_of(z)
    _, log_determinant = np.linalg.slogdet(jax.jacobian(lambda v: moved.ravel(moved.sites_of(v)))(z))
    expected = plain.log_density(located) + log_determinant + restore.log_jacobian
    np.testing.assert_allclose(moved.log_density(z), expected, rtol=1e-10)
    assert abs(log_determinant) > 0.1
    theta = {k: v for k, v in moved.constrain(z).items() if k in dict(plain.layout)}
    np.testing.assert_allclose(moved.ravel(moved.unconstrain(theta)), z, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved.log_joint(theta), plain.log_joint(theta), rtol=1e-12)
    assert plain.log_density(located).shape == ()


def test_a_problem_without_random_scales_stays_as_it_is(logistic):
    problem = problem_of(logistic, {"beta": Normal()})
    assert noncentred(problem)[0] is problem


# fits ----------------------------------------------------------------------------------------------------------------


def test_nuts_keeps_signals_and_shrinks_noise_harder_than_a_ridge():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 10))
    y = X @ np.r_[1.5, -1.2, np.zeros(8)] + rng.normal(size=60)
    design = Design.from_arrays(X, y)
    model = RGLM("gaussian", prior=RegularisedHorseshoe(share=0.2))
    found = fit(model, design, estimators.NUTS(draws=400, warmup=400, chains=2), seed=0)
    posterior = found.tree["posterior"]
    assert posterior["beta_local"].dims == ("chain", "draw", "predictor")
    assert {"beta", "beta_local", "beta_global", "beta_slab", "intercept", "sigma"} == set(posterior.data_vars)
    assert float(found.tree["sample_stats"]["diverging"].mean()) < 0.01
    beta, local = posterior["beta"].mean(("chain", "draw")).values, posterior["beta_local"].median(("chain", "draw"))
    Z, r = X - X.mean(0), y - y.mean()
    s2 = float((posterior["sigma"] ** 2).mean())
    ridge = np.linalg.solve(Z.T @ Z + s2 / y.var() * np.diag(Z.var(0)), Z.T @ r)  # raw units: sd_y / norm
    assert np.all(np.abs(beta[:2]) > 0.85 * np.abs(ridge[:2]))
    assert np.abs(beta[2:]).mean() < 0.5 * np.abs(ridge[2:]).mean()
    assert local.values[:2].min() > 3 * local.values[2:].max()


def test_maximum_likelihood_drops_the_scales_and_a_saved_fit_keeps_the_prior(logistic, tmp_path):
    model = RGLM("bernoulli", prior={"default": FINNISH, "intercept": Normal(scale=3.0)})
    found = fit(model, logistic, "ml")
    plain = fit(RGLM("bernoulli"), logistic, "ml")
    np.testing.assert_allclose(found.draws.samples["beta"], plain.draws.samples["beta"], rtol=1e-12)
    assert set(found.draws.samples) == {"beta", "intercept"}
    assert set(found.tree["log_prior"].data_vars) == {"beta", "intercept"}
    assert len(found.summary()) == 4
    found.save(tmp_path / "fit.nc")
    assert load(tmp_path / "fit.nc").model == model


def test_scales_of_some_columns_are_labelled_by_them(logistic):
    from bayes_rglm.tree import names_of

    problem = problem_of(logistic, {"default": Laplace(), "age": FINNISH, "year": FINNISH})
    assert dict(problem.layout)["beta_local"] == (2,)
    dims, coords = names_of(problem)
    assert dims["beta_local"] == ("beta_local_row",)
    assert coords["beta_local_row"].tolist() == ["age", "year"]
    assert dims["beta_global"] == ()


# refusals ------------------------------------------------------------------------------------------------------------


def test_a_mode_is_refused_by_name(logistic):
    with pytest.raises(EstimatorError, match="no mode") as caught:
        fit(RGLM("bernoulli", prior=Horseshoe()), logistic, "map")
    assert "beta" in str(caught.value)
    assert "nuts" in str(caught.value)


@pytest.mark.parametrize("key", ["intercept", "sigma"])
def test_only_weights_have_hierarchical_priors(key):
    design = Design.from_arrays(np.arange(8.0)[:, None], np.arange(8.0) % 3)
    with pytest.raises(PriorError, match=key):
        Problem(RGLM("gaussian", prior={key: HierarchicalNormal()}), design)


def test_one_layer_has_one_hierarchical_prior(logistic):
    prior = {"age": HierarchicalNormal(scaled="term"), "dose": HierarchicalNormal(scale=2.0, scaled="term")}
    with pytest.raises(PriorError, match="share one hierarchical prior") as caught:
        problem_of(logistic, prior)
    assert "scale=2.0" in str(caught.value)


def test_without_rows_there_is_no_global_scale():
    model = RGLM("gaussian", prior={"beta": Horseshoe(scaled=None), "intercept": Normal()})
    with pytest.raises(PriorError, match="depends on the number of rows"):
        model.network(np.zeros((5, 2)))


@pytest.mark.usefixtures("double")
def test_a_layer_scale_serves_inside_a_numpyro_function():
    model = RGLM("gaussian", prior={"beta": HierarchicalNormal(scaled=None), "intercept": Normal()})

    def own(X, y):
        import numpyro

        numpyro.sample("y", dist.Normal(model.network(X, prefix="f"), 1.0), obs=y)

    problem = Problem.from_numpyro(own, {"X": np.ones((4, 2)), "y": np.zeros(4)})
    assert dict(problem.layout) == {"f/beta": (2,), "f/beta_scale": (), "f/intercept": ()}

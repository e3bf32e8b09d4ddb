"""Penalised likelihood against scikit-learn, and the choice of its strength."""

import numpy as np
import numpyro.distributions as dist
import pytest

from bayes_rglm import RGLM, Design, estimators, fit
from bayes_rglm.errors import EstimatorError, Interrupted
from bayes_rglm.estimators import Monitor, Penalised
from bayes_rglm.priors import ElasticNet, Laplace, Normal

linear_model = pytest.importorskip("sklearn.linear_model")


@pytest.fixture(scope="module")
def data(world):
    X = (world.X - world.X.mean(0)) / world.X.std(0)
    return {family: (X, world.frame(family)["y"].to_numpy()) for family in ("gaussian", "bernoulli")}


def weights(family, prior, data, **options):
    found = fit(RGLM(family, prior=prior), data[family], Penalised(**options))
    assert found.status == "ok", found.labels
    return found.draws.samples["beta"][0, 0], found


@pytest.mark.parametrize("strength", [0.1, 1.0, 20.0])
def test_ridge_logistic_regression(data, strength):
    X, y = data["bernoulli"]
    other = linear_model.LogisticRegression(C=0.25 / strength, solver="newton-cholesky", tol=1e-12).fit(X, y)
    beta, found = weights("bernoulli", Normal(scale=0.5), data, strength=strength)
    np.testing.assert_allclose(beta, other.coef_[0], rtol=1e-6)
    np.testing.assert_allclose(found.draws.samples["intercept"][0, 0], other.intercept_[0], rtol=1e-6, atol=1e-9)


def test_lasso_with_a_free_sigma(data):
    """At the fitted sigma the lasso's own condition holds: the scikit-learn lasso of that sigma is the same."""
    X, y = data["gaussian"]
    beta, found = weights("gaussian", Laplace(scale=0.02), data, strength=0.8)
    sigma = float(found.draws.samples["sigma"][0, 0])
    other = linear_model.Lasso(alpha=0.8 * sigma**2 / (len(y) * 0.02), tol=1e-14, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(beta, other.coef_, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(beta == 0.0, other.coef_ == 0.0)
    assert np.any(beta == 0.0)
    rest = y - other.predict(X)
    np.testing.assert_allclose(sigma, np.sqrt(np.mean(rest**2)), rtol=1e-6)


def test_elastic_net(data):
    X, y = data["gaussian"]
    beta, found = weights("gaussian", ElasticNet(l1=20.0, l2=30.0), data)
    sigma2 = float(found.draws.samples["sigma"][0, 0]) ** 2
    alpha = sigma2 * 50.0 / len(y)
    other = linear_model.ElasticNet(alpha=alpha, l1_ratio=0.4, tol=1e-14, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(beta, other.coef_, rtol=1e-5, atol=1e-8)


def test_an_unfinished_search_is_not_blamed_on_the_likelihood(world):
    """It has a penalty, and so a maximum: more steps find it."""
    found = fit(world.problem("bernoulli", 2), estimator=Penalised(steps=2, starts=1))
    assert found.status == "not_a_mode"
    assert "steps" in found.labels[0].advice


def test_cross_validation_knows_noise_from_signal():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 30))
    noise, signal = rng.normal(size=60), X @ np.linspace(-2, 2, 30) + 0.1 * rng.normal(size=60)
    chosen = {}
    for name, y in (("noise", noise), ("signal", signal)):
        found = fit(RGLM("gaussian", prior=Normal(scale=1.0)), (X, y), Penalised(strength="cv"))
        info = found.draws.info
        chosen[name] = info["strength"]
        scores = [row["log_score"] for row in info["path"]]
        assert info["strength"] == info["path"][int(np.argmax(scores))]["strength"]
    assert chosen["noise"] > 10.0 > 1.0 > chosen["signal"]


def test_other_peoples_priors_are_refused_by_name(data):
    with pytest.raises(EstimatorError, match="Gumbel"):
        fit(RGLM("gaussian", prior=dist.Gumbel(0.0, 1.0)), data["gaussian"], "penalised")
    assert estimators.get("penalized") == Penalised()


def test_a_stop_among_the_folds_says_which(data):
    """Half a cross-validation chooses no strength: there is nothing to keep. The fold at hand is cut short too."""

    class Stop(Monitor):
        folds, asked = 0, 0

        def update(self, done, total, text=""):
            self.folds = done

        @property
        def stopping(self):
            self.asked += self.folds == 1
            return self.asked > 3

    stop = Stop()
    method = Penalised(strength="cv", folds=3, strengths=(10.0, 1.0, 0.1))
    with pytest.raises(Interrupted, match="fold 2 of 3"):
        fit(RGLM("gaussian", prior=Normal(scale=1.0)), data["gaussian"], method, monitor=stop)
    assert stop.folds == 2
    assert 3 < stop.asked < 12, "heard between the steps of the second fold"


@pytest.mark.parametrize(("family", "y"), [("poisson", 0.0), ("bernoulli", 1.0)])
def test_a_free_intercept_without_a_maximum_is_named(world, family, y):
    found = fit(world.model(family), world.arrays(family, y=np.full(world.rows, y)), "penalised")
    assert found.status == "mle_infinite"
    assert found.labels[0].columns == ("intercept",)
    assert "no penalty" in found.labels[0].message


def test_the_prior_of_the_intercept_has_no_part_in_it(data):
    plain = fit(RGLM("bernoulli"), data["bernoulli"], "penalised")
    held = fit(RGLM("bernoulli", prior={"intercept": Laplace(scale=0.01)}), data["bernoulli"], "penalised")
    assert abs(float(plain.draws.samples["intercept"][0, 0])) > 0.05
    for site in ("beta", "intercept"):
        np.testing.assert_allclose(held.draws.samples[site], plain.draws.samples[site], rtol=1e-5)


def test_the_unit_of_the_response_does_not_choose_the_strength(data):
    X, y = data["gaussian"]
    method = Penalised(strength="cv", strengths=(10.0, 1.0, 0.1))
    found = [fit(RGLM("gaussian"), (X, y * unit), method).draws.info["strength"] for unit in (1.0, 1e6)]
    assert found[0] == found[1]


@pytest.mark.parametrize("formula", ["y ~ 1", "y ~ 0 + age"])
@pytest.mark.parametrize("family", ["bernoulli", "poisson", "tobit", "ordinal", "categorical"])
def test_without_columns_or_without_an_intercept(world, family, formula):
    if family == "ordinal" and "0" in formula:
        pytest.skip("an ordinal response has cut-points")
    frame = world.frame(family).assign(y=lambda f: np.maximum(f.y, 0.0) if family == "tobit" else f.y)
    found = fit(RGLM(family), Design.from_formula(formula, frame), "penalised")
    assert found.status == "ok", found.labels


def test_the_prior_of_the_intercept_does_not_choose_the_coordinates(data):
    X, y = data["bernoulli"]
    plain, kinked = (
        fit(RGLM("bernoulli", prior=prior), (X + 2000.0, y), "penalised")
        for prior in ({}, {"intercept": Laplace(scale=1.0)})
    )
    assert plain.status == kinked.status == "ok"
    np.testing.assert_allclose(kinked.draws.samples["beta"], plain.draws.samples["beta"], rtol=1e-5)

"""Categorical responses: level probabilities, score, sampling, what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from bayes_rglm import families, links
from bayes_rglm.errors import DataError

FAMILY = families.get("categorical")
ETA = np.array([[0.0, 1.0, -2.0], [-40.0, 0.0, 40.0], [800.0, -800.0, 0.0], [0.1, 0.2, 0.3]])


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def test_log_probabilities_score_and_curvature():
    dist = FAMILY.distribution(links.softmax, jnp.asarray(ETA))
    assert dist.batch_shape == (4,)
    for y in range(3):
        code = np.full(4, float(y))
        truth = log_softmax(ETA, axis=-1)[:, y]
        np.testing.assert_allclose(dist.log_prob(code), truth, rtol=1e-13)
        np.testing.assert_allclose(FAMILY.log_likelihood(links.softmax, code, ETA), truth, rtol=1e-13)
        log_prob = lambda eta, y=y: FAMILY.distribution(links.softmax, eta).log_prob(y)  # noqa: E731
        slope = jax.vmap(jax.grad(log_prob))(jnp.asarray(ETA))
        np.testing.assert_allclose(FAMILY.score(links.softmax, code, ETA), slope, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(FAMILY.score(links.softmax, code, jnp.asarray(ETA)), slope, rtol=1e-12, atol=1e-15)
        curvature = jax.vmap(jax.hessian(log_prob))(jnp.asarray(ETA))
        p = np.exp(log_softmax(ETA, axis=-1))
        expected = -(p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :])
        np.testing.assert_allclose(curvature, expected, atol=1e-15)
        np.testing.assert_allclose(FAMILY.information(links.softmax, ETA), -expected, atol=1e-15)


def test_the_distribution_is_consistent():
    dist = FAMILY.distribution(links.softmax, jnp.asarray(ETA))
    mean = np.asarray(dist.mean)
    np.testing.assert_allclose(mean.sum(-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(FAMILY.variance(mean), dist.variance, rtol=1e-12)
    codes = np.arange(3)[:, None]
    np.testing.assert_allclose(dist.cdf(codes).T, np.cumsum(mean, -1), rtol=1e-13)
    draws = np.asarray(dist.sample(jax.random.key(0), (40_000,)))
    share = np.stack([(draws == k).mean(0) for k in range(3)], -1)
    assert (np.abs(share - mean) < 5 * np.sqrt(mean * (1 - mean) / 40_000) + 1e-12).all()
    leaves, treedef = jax.tree.flatten(dist)
    assert len(leaves) == 1
    assert jax.tree.unflatten(treedef, leaves).batch_shape == (4,)
    batched = jax.vmap(lambda e: FAMILY.distribution(links.softmax, e).log_prob(jnp.ones(4)))
    both = jnp.stack([jnp.asarray(ETA), jnp.asarray(ETA[::-1])])
    np.testing.assert_allclose(batched(both), FAMILY.distribution(links.softmax, both).log_prob(jnp.ones((2, 4))))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(FAMILY.unit_deviance(np.ones(4), mean), -2 * np.log(mean[:, 1]), rtol=1e-12)


def test_typical_predictors_are_the_shares():
    y = np.repeat([0.0, 1.0, 2.0], [10, 60, 30])
    eta = FAMILY.typical(links.softmax, y, np.zeros(100), None).eta
    np.testing.assert_allclose(links.softmax.inverse(eta), np.array([10.5, 60.5, 30.5]) / 101.5, rtol=1e-12)
    assert eta.sum() == pytest.approx(0.0, abs=1e-12)
    double = FAMILY.typical(links.softmax, y, np.zeros(100), np.full(100, 2.0)).eta
    again = FAMILY.typical(links.softmax, np.repeat(y, 2), np.zeros(200), None).eta
    np.testing.assert_allclose(double, again, rtol=1e-12)


def test_what_is_no_level_is_refused():
    with pytest.raises(DataError, match=r"value 1\.5"):
        FAMILY.check(np.array([0.0, 1.5]), "kind", None, np.arange(2))
    with pytest.raises(DataError, match="at least two levels") as caught:
        FAMILY.check(np.zeros(2), "kind", ("only",), np.arange(2))
    assert "'only'" in str(caught.value)
    FAMILY.check(np.array([0.0, 2.0]), "kind", ("a", "b", "c"), np.arange(2))

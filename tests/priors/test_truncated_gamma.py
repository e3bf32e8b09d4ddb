"""The prior of a t's degrees of freedom."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import biject_to
from scipy import integrate, stats

from bayes_rglm.errors import PriorError
from bayes_rglm.priors import TruncatedGamma
from bayes_rglm.priors.truncated_gamma import above

PRIOR = TruncatedGamma(concentration=2.0, rate=0.1, low=1.0)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def built(prior=PRIOR):
    return prior.form(prior.hyper(), None, jnp.ones(()), prior.support)


def test_it_is_a_gamma_above_its_end():
    free = stats.gamma(2.0, scale=10.0)
    x = np.array([1.0001, 2.0, 30.0, 400.0])
    np.testing.assert_allclose(built().log_prob(x), free.logpdf(x) - free.logsf(1.0), rtol=1e-10)
    assert (np.asarray(built().log_prob(jnp.array([0.2, 1.0, -3.0]))) == -np.inf).all()
    mass = integrate.quad(lambda v: float(np.exp(built().log_prob(v))), 1.0, 600.0, limit=200)[0]
    assert mass == pytest.approx(1.0, rel=1e-8)
    gaps = np.asarray(PRIOR.penalty(x) + built().log_prob(x))
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-9)


def test_draws_follow_it():
    draws = np.asarray(built().sample(jax.random.key(1), (20_000,)))
    assert draws.min() > 1.0
    free = stats.gamma(2.0, scale=10.0)
    uniform = (free.cdf(draws) - free.cdf(1.0)) / free.sf(1.0)
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3


def test_its_support_is_hashable_and_maps_from_the_real_line():
    assert above(1.0) == above(1.0)
    assert hash(above(1.0)) == hash(above(1))
    assert above(1.0) != above(2.0)
    transform = biject_to(above(1.0))
    assert float(transform(jnp.array(0.0))) == 2.0
    assert float(transform.inv(jnp.array(5.0))) == pytest.approx(np.log(4.0))


@pytest.mark.parametrize("field", ["concentration", "rate", "low"])
def test_numbers_are_positive(field):
    with pytest.raises(PriorError, match=field):
        TruncatedGamma(**{field: -1.0})

"""The families under each of their links, as small examples that the contract tests share."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import constraints
from scipy.special import expit

from bayes_rglm import families

PAIRS = [(family, link) for family in families.registry for link in family.links]


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


class Case:
    """A family under a link, at seven linear predictors in the middle of the link's domain."""

    def __init__(self, family, link):
        self.family, self.link = family, link
        low, high = link.predictor_domain
        self.eta = np.linspace(max(low + 0.1, -2.5), min(high - 0.1, 2.5), 7)
        self.aux = {p.name: next(v for v in (0.7, 1.7, 3.0) if bool(p.support(v))) for p in family.auxiliaries}
        self.dist, self.draws = family.distribution(link, jnp.asarray(self.eta), **self.aux), None

    def at(self, eta):
        return self.family.distribution(self.link, eta, **self.aux)

    def sample(self, n=()):
        """Up to 64 draws of the seven rows, one of them by default."""
        if self.draws is None:
            self.draws = self.dist.sample(jax.random.key(3), (64,))
        return self.draws[: n[0]] if n else self.draws[0]

    def nodes(self):
        """Points and weights, (m, 1) each, that sum or integrate over the support."""
        support, scale = self.dist.support, float(jnp.sqrt(jnp.max(self.dist.variance)))
        t = np.linspace(-1.0, 1.0, 8001)[:, None]
        if support is constraints.boolean:
            return np.array([[0.0], [1.0]]), np.ones((2, 1))
        if support is constraints.nonnegative_integer:
            counts = np.arange(0.0, float(jnp.max(self.dist.mean)) + 60 * (scale + 1))[:, None]
            return counts, np.ones_like(counts)
        if support is constraints.real:
            y, dy = float(jnp.mean(self.dist.mean)) + 30 * (scale + 1) * t, 30 * (scale + 1) + 0 * t
        elif support in (constraints.positive, constraints.nonnegative):
            y, dy = np.exp(25 * t), 25 * np.exp(25 * t)
        elif support is constraints.unit_interval:
            y, dy = expit(40 * t), 40 * expit(40 * t) * expit(-40 * t)
        else:
            pytest.fail(
                f"teach `Case.nodes` in tests/contracts/conftest.py how to integrate over the support {support}"
            )
        return y, dy * (t[1] - t[0])


known = cache(Case)


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def case(request):
    """A family under a link."""
    return known(*request.param)


@pytest.fixture
def case_of():
    """The function from a family and a link to their example."""
    return known

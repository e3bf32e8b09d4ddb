"""The families under each of their links, as small examples that the contract tests share."""

import inspect
from functools import cache, cached_property

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import constraints
from scipy.special import expit

from bayes_rglm import families

# What a family reads of each row besides the response, where it cannot do without.
ROWS = {"binomial": {"trials": 5.0}}

# Values where the first one inside the support has no variance, or puts the mass where no float lies.
VALUES = {("student_t", "nu"): 5.0, ("beta", "concentration"): 30.0}


def of_levels(family):
    """Whether the mean is a vector of level probabilities; those families have tests of their own."""
    return family.outputs == "levels" or any(p.size is not None for p in family.auxiliaries)


PAIRS = [(family, link) for family in families.registry for link in family.links if not of_levels(family)]


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


class Case:
    """A family under a link, at seven linear predictors in the middle of the link's domain."""

    def __init__(self, family, link):
        self.family, self.link = family, link
        low, high = link.predictor_domain
        low, high = max(low + 0.1, -2.5), min(high - 0.1, 2.5)
        if link.mean_domain == (0.0, 1.0):  # far out cloglog has moments that no sample shows
            least, most = link.forward(np.array([0.1, 0.9]))
            low, high = max(low, float(least)), min(high, float(most))
        self.eta = np.linspace(low, high, 7)
        if family.outputs == "levels":
            self.eta = self.eta[:, None] * np.array([0.0, 1.0, -0.5]) + np.array([0.2, -0.3, 0.0])
        self.aux = {p.name: VALUES.get((family.name, p.name), _value(p)) for p in family.auxiliaries}
        self.rows = ROWS.get(family.name, {})
        self.extra = self.aux | self.rows
        self.dist = family.distribution(link, jnp.asarray(self.eta), **self.extra)

    def at(self, eta):
        return self.family.distribution(self.link, eta, **self.extra)

    def variance(self, mu):
        """The variance function, with what it needs besides the mean."""
        known = inspect.signature(self.family.variance).parameters
        return self.family.variance(mu, **{k: v for k, v in self.extra.items() if k in known})

    def unit_deviance(self, y, mu):
        """The unit deviance, with what it needs besides response and mean."""
        needed = {name: self.aux[name] for name in self.family.deviance_needs}
        return self.family.unit_deviance(y, mu, **needed, **self.rows)

    def drawn(self, seed):
        """(20000, 7) draws; compiled once."""
        return self._sampler(self.dist, jax.random.key(seed))

    @cached_property
    def _sampler(self):
        return jax.jit(lambda d, key: d.sample(key, (20_000,)))

    @cached_property
    def draws(self):
        return self.drawn(3)

    def sample(self, n=()):
        """The first draws of the seven rows, one of them by default."""
        return self.draws[: n[0]] if n else self.draws[0]

    def derivatives(self, y):
        """Log density of rows `y`, (m, 7) or (m, 1), and its first two derivatives in eta; compiled once for all m."""
        y = np.broadcast_to(np.asarray(y, float), (len(y), 7))
        padded = np.pad(y, ((0, 8192 - len(y)), (0, 0)), "edge")
        return [np.asarray(part)[: len(y)] for part in self._every(jnp.asarray(self.eta), padded)]

    @cached_property
    def _every(self):
        one = lambda e, v: self.at(e).log_prob(v)  # noqa: E731
        first = jax.grad(one)
        each = lambda e, v: (one(e, v), first(e, v), jax.grad(first)(e, v))  # noqa: E731
        return jax.jit(jax.vmap(jax.vmap(each), (None, 0)))

    @cached_property
    def mass(self):
        """Nodes (m, 1), and the mass at them (m, 7), which sums to one."""
        y, weights = self.nodes()
        return y, np.exp(self.derivatives(y)[0]) * weights

    def nodes(self):
        """Points and weights, (m, 1) each, that sum or integrate over the support."""
        support, scale = self.dist.support, float(jnp.sqrt(jnp.max(self.dist.variance)))
        t = np.linspace(-1.0, 1.0, 8001)[:, None]
        if support is constraints.boolean:
            return np.array([[0.0], [1.0]]), np.ones((2, 1))
        if self.family.name == "signed_bernoulli":
            return np.array([[-1.0], [1.0]]), np.ones((2, 1))
        if isinstance(support, type(constraints.integer_interval(0, 1))):
            counts = np.arange(0.0, float(jnp.max(support.upper_bound)) + 1)[:, None]
            return counts, np.ones_like(counts)
        if support is constraints.nonnegative_integer:
            counts = np.arange(0.0, float(jnp.max(self.dist.mean)) + 60 * (scale + 1))[:, None]
            return counts, np.ones_like(counts)
        if self.family.name == "student_t":  # a linear grid does not reach the ends of such tails
            y, dy = scale * np.sinh(25 * t), 25 * scale * np.cosh(25 * t)
        elif support is constraints.real:
            y, dy = float(jnp.mean(self.dist.mean)) + 30 * (scale + 1) * t, 30 * (scale + 1) + 0 * t
        elif support in (constraints.positive, constraints.nonnegative):
            y, dy = np.exp(60 * t), 60 * np.exp(60 * t)
        elif support is constraints.unit_interval:
            y, dy = expit(30 * t), 30 * expit(30 * t) * expit(-30 * t)
        else:
            pytest.fail(
                f"teach `Case.nodes` in tests/contracts/conftest.py how to integrate over the support {support}"
            )
        dy = dy * (t[1] - t[0])
        if self.has_atom:
            return np.concatenate([[[0.0]], y]), np.concatenate([[[1.0]], dy])
        return y, dy

    @property
    def has_atom(self):
        """Whether zero has a probability beside a density."""
        return self.family.measure not in ("lebesgue", "counting")


def _value(parameter):
    if parameter.size is not None:
        return np.array([-1.0, 0.5])
    return next(v for v in (0.7, 1.7, 3.0) if bool(parameter.support(v)))


known = cache(Case)


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def case(request):
    """A family under a link."""
    return known(*request.param)


@pytest.fixture(params=[pair for pair in PAIRS if pair[1] is pair[0].links[0]], ids=lambda pair: pair[0].name)
def first(request):
    """A family under its first link: enough where the link plays no part."""
    return known(*request.param)


@pytest.fixture
def case_of():
    """The function from a family and a link to their example."""
    return known

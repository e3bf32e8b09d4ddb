"""Every pair of a family and a link against mpmath.

The exact values come from two small tables: the mean of each link as an mpmath function of the linear predictor (in
`conftest`), and the density of each family as an mpmath function of the mean. One without its line fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import families, links


@dataclass(frozen=True)
class Density:
    """The log density as a function of (y, mean, complement, aux), and rows (y, aux) to look at.

    `terms(order, y, eta, mu, aux)` gives the magnitudes that cancel in a value (0), score (1) or second derivative (2).
    """

    log_density: Callable
    rows: tuple
    terms: Callable = field(default=lambda order, y, eta, mu, aux: 0.0 * eta)
    mean: str = ""  # the link in whose terms the density is written, where that is not the row's own


def _bernoulli(y, mean, complement, aux):
    this, other = (mean, complement) if y == 1 else (complement, mean)
    return mp.log(this) if this < other else mp.log1p(-other)


def _gaussian(y, mean, complement, aux):
    z = (y - mean) / aux["sigma"]
    return -z * z / 2 - mp.log(aux["sigma"]) - mp.log(2 * mp.pi) / 2


def _gaussian_terms(order, y, eta, mu, aux):
    z = (y - mu) / aux["sigma"]
    score = (np.abs(y) + np.abs(mu)) / aux["sigma"] ** 2
    return {0: z * z + np.abs(np.log(aux["sigma"])) + 1, 1: score, 2: score + 1 / aux["sigma"] ** 2}[order]


def _poisson(y, mean, complement, aux):
    return y * mp.log(mean) - mean - mp.loggamma(y + 1)


def _poisson_terms(order, y, eta, mu, aux):
    # The score y - mu is -y expm1(log mu - log y): the rounding of that difference counts.
    return {0: 0 * eta, 1: (y + mu) * (1 + np.abs(eta)), 2: 0 * eta}[order]


def _binomial(y, mean, complement, aux):
    chances = y * _bernoulli(1, mean, complement, aux) + (aux["trials"] - y) * _bernoulli(0, mean, complement, aux)
    return mp.log(mp.binomial(aux["trials"], y)) + chances


def _binomial_terms(order, y, eta, mu, aux):
    # Score and curvature weigh successes against failures.
    total = y + aux["trials"]
    return {0: 0 * eta, 1: total * (1 + np.abs(eta)), 2: total * np.exp(-np.abs(eta))}[order]


def _negative_binomial(y, mean, complement, aux, r=None):
    r = aux["concentration"] if r is None else r
    ratio = mp.loggamma(y + r) - mp.loggamma(r) - mp.loggamma(y + 1)
    return ratio - r * mp.log1p(mean / r) + (y * mp.log(mean / (mean + r)) if y else 0)


def _negative_binomial_terms(order, y, eta, mu, aux):
    slope = (y + mu) * (1 + np.abs(eta)) * aux["concentration"] / (aux["concentration"] + mu)
    return {0: 0 * eta, 1: slope, 2: 0 * eta}[order]


def _negative_binomial_1_terms(order, y, eta, mu, aux):
    return {0: 0 * eta, 1: (y + mu) * (1 + np.abs(eta)) / (1 + aux["alpha"]), 2: 4 * np.exp(-np.abs(eta))}[order]


def _gamma(y, mean, complement, aux):
    a = aux.get("concentration", mp.mpf(1))
    return a * mp.log(a * y / mean) - mp.log(y) - a * y / mean - mp.loggamma(a)


def _gamma_terms(order, y, eta, mu, aux):
    # All is a function of log y - log mu; the slope of log mu is at most 1 / |eta| or 1.
    a, logs = aux.get("concentration", 1.0), 1 + np.abs(np.log(y)) + np.abs(np.log(mu))
    steep, ratio = 1 / np.clip(np.abs(eta), 1e-3, 1.0), y / mu
    own = logs + np.abs(np.log(a))
    return {
        0: a * np.abs(ratio - 1) * logs + own,
        1: a * ratio * logs * steep + a * steep,
        2: a * (1 + ratio) * logs * steep**2 + 1e-30,
    }[order]


def _inverse_gaussian(y, mean, complement, aux):
    a = aux["concentration"]
    return (mp.log(a / (2 * mp.pi)) - 3 * mp.log(y)) / 2 - a * (y / mean - 1) ** 2 / (2 * y)


def _inverse_gaussian_terms(order, y, eta, mu, aux):
    rate, logs = aux["concentration"] / y, 1 + np.abs(np.log(y)) + np.abs(np.log(mu))
    steep, ratio = 1 / np.clip(np.abs(eta), 1e-3, 1.0), y / mu
    both = rate * (ratio + ratio**2) * logs
    own = logs + np.abs(np.log(aux["concentration"]))
    return {0: rate * np.abs(ratio - 1) * ratio * logs + own, 1: both * steep, 2: both * steep**2}[order]


def _weibull(y, mean, complement, aux):
    z = aux["concentration"] * (mp.log(y) - mp.log(mean))
    return mp.log(aux["concentration"]) - mp.log(y) + z - mp.exp(z)


def _weibull_terms(order, y, eta, mu, aux):
    a = aux["concentration"]
    z = a * (np.abs(np.log(y)) + np.abs(eta))
    with np.errstate(over="ignore"):
        rise = np.exp(np.minimum(a * (np.log(y) - eta), 700.0))
    own = 1 + np.abs(np.log(y)) + np.abs(np.log(a))
    return {0: np.abs(rise - 1) * z + own, 1: a * (rise * (1 + z) + 1), 2: a * a * rise * z + 1e-30}[order]


def _student(y, mean, complement, aux):
    nu, z = aux["nu"], (y - mean) / aux["sigma"]
    half = (nu + 1) / 2
    return (
        mp.loggamma(half)
        - mp.loggamma(nu / 2)
        - mp.log(nu * mp.pi) / 2
        - mp.log(aux["sigma"])
        - half * mp.log1p(z * z / nu)
    )


def _student_terms(order, y, eta, mu, aux):
    nu, z, size = aux["nu"], (y - mu) / aux["sigma"], (np.abs(y) + np.abs(mu)) / aux["sigma"]
    weight = (nu + 1) / (nu + z * z)
    return {
        0: weight * np.abs(z) * size + 1 + np.abs(np.log(aux["sigma"])),
        1: weight * size / aux["sigma"],
        2: weight * (1 + size) / aux["sigma"] ** 2,
    }[order]


def _tobit(y, mean, complement, aux):
    z = mean / aux["sigma"]
    below = mp.log(mp.ncdf(-z)) if z > 0 else mp.log1p(-mp.ncdf(z))
    return _gaussian(y, mean, complement, aux) if y > 0 else below


def _tobit_terms(order, y, eta, mu, aux):
    return np.where(y > 0, _gaussian_terms(order, y, eta, mu, aux), 0.0)


def _beta(y, mean, complement, aux):
    one, two = aux["concentration"] * mean, aux["concentration"] * complement
    gammas = mp.loggamma(aux["concentration"]) - mp.loggamma(one) - mp.loggamma(two)
    return gammas + (one - 1) * mp.log(y) + (two - 1) * mp.log1p(-y)


def _beta_terms(order, y, eta, mu, aux):
    phi, logs = aux["concentration"], 1 + np.abs(np.log(y)) + np.abs(np.log1p(-y)) + np.abs(eta)
    spread = phi * np.minimum(mu, 1 - mu)
    return {0: phi * np.abs(y - mu) * logs + logs, 1: (spread + 1) * logs, 2: (spread + 1) * logs}[order]


DENSITIES = {
    "gamma": Density(
        _gamma,
        tuple((y, {"concentration": a}) for y, a in ((0.01, 0.5), (3.0, 1.0), (200.0, 30.0), (1.25, 1e4))),
        _gamma_terms,
    ),
    "exponential": Density(_gamma, ((0.01, {}), (1.0, {}), (300.0, {})), _gamma_terms),
    "inverse_gaussian": Density(
        _inverse_gaussian,
        tuple((y, {"concentration": a}) for y, a in ((0.02, 0.3), (1.25, 4.0), (20.0, 90.0))),
        _inverse_gaussian_terms,
    ),
    "weibull": Density(
        _weibull,
        tuple((y, {"concentration": a}) for y, a in ((0.01, 0.6), (1.0, 2.5), (300.0, 8.0))),
        _weibull_terms,
    ),
    "student_t": Density(
        _student,
        tuple(
            (y, {"sigma": s, "nu": v})
            for y, s, v in ((0.0, 1.0, 1.1), (-7.0, 2.5, 4.0), (0.3, 0.1, 300.0), (1e3, 30.0, 1e6))
        ),
        _student_terms,
    ),
    "tobit": Density(
        _tobit,
        ((0.0, {"sigma": 1.0}), (0.0, {"sigma": 7.0}), (0.3, {"sigma": 0.1}), (40.0, {"sigma": 3.0})),
        _tobit_terms,
        "identity",
    ),
    "beta": Density(
        _beta,
        tuple((y, {"concentration": a}) for y, a in ((0.001, 0.4), (0.5, 7.0), (0.97, 300.0))),
        _beta_terms,
    ),
    "binomial": Density(
        _binomial,
        tuple((y, {"trials": m}) for y, m in ((0, 0), (0, 3), (3, 3), (1, 2), (7, 10), (11, 20_000), (400, 900))),
        _binomial_terms,
    ),
    "negative_binomial": Density(
        _negative_binomial,
        tuple(
            (y, {"concentration": r})
            for y, r in (
                (0, 0.1),
                (1, 0.3),
                (4, 12.0),
                (0, 1e4),
                (250, 1e4),
                (22026, 2.5),
                (3, 1e13),
                (1_000_000, 50.0),
            )
        ),
        _negative_binomial_terms,
    ),
    "negative_binomial_1": Density(
        lambda y, mean, complement, aux: _negative_binomial(y, mean, complement, aux, mean / aux["alpha"]),
        tuple((y, {"alpha": a}) for y, a in ((0, 0.5), (1, 3.0), (4, 0.01), (250, 1e-3), (22026, 2.5), (3, 40.0))),
        _negative_binomial_1_terms,
    ),
    "bernoulli": Density(_bernoulli, ((0, {}), (1, {}))),
    "signed_bernoulli": Density(
        lambda y, mean, complement, aux: mp.log((1 + mean if y == 1 else 1 - mean) / 2), ((-1, {}), (1, {}))
    ),
    "gaussian": Density(
        _gaussian,
        ((0.0, {"sigma": 1.0}), (0.3, {"sigma": 0.1}), (-7.0, {"sigma": 2.5}), (1e4, {"sigma": 30.0})),
        _gaussian_terms,
    ),
    "poisson": Density(_poisson, tuple((y, {}) for y in (0, 1, 3, 15, 16, 250, 22026, 1_000_000)), _poisson_terms),
}


def density_of(family):
    if family.name not in DENSITIES:
        pytest.fail(f"add to DENSITIES in {__name__} the mpmath log density of the family {family.name!r}")
    return DENSITIES[family.name]


ONE = [f for f in families.registry if f.outputs == "one" and not any(p.size for p in f.auxiliaries)]
PAIRS = [(family, link) for family in ONE for link in family.links]  # of levels: tests/families


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def pair(request):
    return request.param


class Rows:
    """The rows of a family's table along linear predictors, flat, in one precision.

    About `size` points: with many rows each of them meets every second, third, ... predictor, and all are met by one.
    """

    def __init__(self, family, link, x, dtype, accuracy, size=320):
        self.density, self.family, self.link = density_of(family), family, link
        self.mean = accuracy.mean(links.get(self.density.mean or link))
        low, high = link.predictor_domain
        x = x[(x > low) & (x < high)].astype(dtype)
        table = [(np.float32(y), {n: np.float32(v) for n, v in aux.items()}) for y, aux in self.density.rows]
        step = max(1, len(table) * len(x) // size)
        parts = [x[i % step :: step] for i in range(len(table))]
        self.starts = np.cumsum([0, *map(len, parts)])
        self.eta, which = np.concatenate(parts), np.repeat(np.arange(len(table)), list(map(len, parts)))
        self.y = np.array([y for y, _ in table], dtype)[which]
        self.aux = {n: np.array([aux[n] for _, aux in table], dtype)[which] for n in table[0][1]}

    def exact(self, accuracy, order):
        values = []
        for i, j in pairwise(self.starts):
            y, aux = mp.mpf(float(self.y[i])), {n: mp.mpf(float(v[i])) for n, v in self.aux.items()}
            key = (self.family.name, self.link.name, i)
            values += accuracy.exact(partial(self.at, y=y, aux=aux), self.eta[i:j], order, key)
        return values

    def at(self, eta, y, aux):
        return self.density.log_density(y, self.mean.value(eta), self.mean.complement(eta), aux)

    def terms(self, order):
        eta, y = self.eta.astype(float), self.y.astype(float)
        mu = np.array(self.link.inverse(eta))
        return self.density.terms(order, y, eta, mu, {n: v.astype(float) for n, v in self.aux.items()})

    def log_prob(self, eta, y, aux):
        return self.family.distribution(self.link, eta, **aux).log_prob(y)

    def functions(self, eta, y, aux):
        """Log likelihood, score and, where it is closed, information; in the library of the arguments."""
        family, link = self.family, self.link
        closed = hasattr(family, "information")
        rest = (family.information(link, eta, **aux),) if closed else ()
        return family.log_likelihood(link, y, eta, **aux), family.score(link, y, eta, **aux), *rest


class Results:
    """What NumPy and JAX say of a pair, in the body and the tails (`near`) and far beyond: one compilation for all."""

    def __init__(self, family, link, dtype, accuracy):
        self.near = Rows(family, link, accuracy.grid(), dtype, accuracy)
        self.far = Rows(family, link, accuracy.huge(), dtype, accuracy, size=450)
        ends = [np.full(self.far.eta.shape, end, dtype) for end in (-np.inf, np.inf)]
        both = [self.near, *[self.far] * 3]
        eta = np.concatenate([self.near.eta, self.far.eta, *ends])
        y = np.concatenate([rows.y for rows in both])
        aux = {name: np.concatenate([rows.aux[name] for rows in both]) for name in self.near.aux}
        first = jax.grad(self.near.log_prob)
        each = jax.vmap(lambda *row: (self.near.log_prob(*row), first(*row), jax.grad(first)(*row)))
        every = jax.jit(lambda *rows: (each(*rows), self.near.functions(*rows)))
        self.orders, self.functions = jax.tree.map(np.asarray, every(*jax.tree.map(jnp.asarray, (eta, y, aux))))
        self.cut = len(self.near.eta), len(self.near.eta) + len(self.far.eta)


@pytest.fixture
def results(pair, dtype, accuracy):
    return _results(*pair, dtype, accuracy)


_results = lru_cache(Results)


def test_log_density_and_its_derivatives_are_exact(pair, dtype, accuracy, results):
    rows, end = results.near, results.cut[0]
    for order in range(3):
        got = results.orders[order][:end]
        worst = accuracy.judge(got, rows.exact(accuracy, order), rows.eta, dtype, rows.terms(order))
        where = f"body {worst['body']:.1e} tails {worst['tails']:.1e}"
        print(f"{pair[0].name}-{pair[1].name} {dtype} order {order} {where}")


def test_log_likelihood_score_and_information_are_exact_in_both_libraries(dtype, accuracy, results):
    rows, end = results.near, results.cut[0]
    plain = rows.functions(rows.eta, rows.y, rows.aux)
    for order in range(2):
        for got in (plain[order], results.functions[order][:end]):
            assert isinstance(got, np.ndarray)
            accuracy.judge(got, rows.exact(accuracy, order), rows.eta, dtype, rows.terms(order))
    for numpy_values, jax_values in zip(plain[2:], results.functions[2:], strict=True):
        accuracy.same(jax_values[:end], numpy_values)
        assert (numpy_values >= 0).all()


def test_no_nan_in_a_row_from_minus_1e4_to_1e4(results):
    # Promised: log density, gradient and second derivative at every finite linear predictor of the link's domain, and
    # the log density at the infinities too; score and information at every finite one, in NumPy as well.
    rows, (start, end) = results.far, results.cut
    for name, part in (("derivative", results.orders), ("function", results.functions)):
        for order, values in enumerate(part):
            bad = np.isnan(values[start:end])
            assert not bad.any(), f"{name} {order} is NaN at eta={rows.eta[bad][0]}, y={rows.y[bad][0]}"
    with np.errstate(all="raise", under="ignore"):
        for values in rows.functions(rows.eta, rows.y, rows.aux):
            assert not np.isnan(values).any()
    assert not np.isnan(results.orders[0][end:]).any()


@pytest.mark.parametrize("family", [f for f in ONE if f.auxiliaries], ids=lambda family: family.name)
def test_derivatives_in_the_auxiliaries_are_exact(family, accuracy):
    with jax.enable_x64(True):
        rows = Rows(family, family.links[0], np.array([-3.1, 0.4, 2.3]), "float64", accuracy)
        for name in (p.name for p in family.auxiliaries):
            function = lambda value, eta, y, aux: rows.log_prob(eta, y, {**aux, name: value})  # noqa: B023, E731
            first = jax.grad(function)
            both = jax.jit(jax.vmap(lambda *row: (first(*row), jax.grad(first)(*row))))  # noqa: B023
            got = both(rows.aux[name], rows.eta, rows.y, rows.aux)
            for i in range(len(rows.eta)):
                aux = {n: mp.mpf(values[i]) for n, values in rows.aux.items()}
                at = lambda v: rows.at(mp.mpf(rows.eta[i]), mp.mpf(rows.y[i]), {**aux, name: v})  # noqa: B023, E731
                exact = [float(mp.diff(at, aux[name], order)) for order in (1, 2)]
                assert [float(part[i]) for part in got] == pytest.approx(exact, rel=1e-12)

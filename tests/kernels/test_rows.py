"""Every link, and every pair of a family and a link, against mpmath.

The exact values come from two small tables: the mean of each link as an mpmath function of the linear predictor, and
the density of each family as an mpmath function of the mean. A link or a family without its line here fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import families, links


@dataclass(frozen=True)
class Mean:
    """The inverse of a link, and 1 minus it where the mean is a probability (so that no digit is lost)."""

    value: Callable
    complement: Callable = lambda eta: None


@dataclass(frozen=True)
class Density:
    """The log density as a function of (y, mean, complement, aux), and rows (y, aux) to look at.

    `terms(order, y, eta, mu, aux)` gives the magnitudes that cancel in a value (0), score (1) or second derivative (2).
    """

    log_density: Callable
    rows: tuple
    terms: Callable = field(default=lambda order, y, eta, mu, aux: 0.0 * eta)


MEANS = {
    "identity": Mean(lambda eta: eta),
    "logit": Mean(lambda eta: 1 / (1 + mp.exp(-eta)), lambda eta: 1 / (1 + mp.exp(eta))),
    "log": Mean(mp.exp),
    "tanh": Mean(mp.tanh),
    "relu": Mean(lambda eta: max(eta, mp.mpf(0))),
    "softplus": Mean(lambda eta: mp.log1p(mp.exp(eta))),
}


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


DENSITIES = {
    "bernoulli": Density(_bernoulli, ((0, {}), (1, {}))),
    "gaussian": Density(
        _gaussian,
        ((0.0, {"sigma": 1.0}), (0.3, {"sigma": 0.1}), (-7.0, {"sigma": 2.5}), (1e4, {"sigma": 30.0})),
        _gaussian_terms,
    ),
    "poisson": Density(_poisson, tuple((y, {}) for y in (0, 1, 3, 15, 16, 250, 22026, 1_000_000)), _poisson_terms),
}


def mean_of(link):
    if link.name not in MEANS:
        pytest.fail(f"add to MEANS in {__name__} the mpmath inverse of the link {link.name!r}")
    return MEANS[link.name]


def density_of(family):
    if family.name not in DENSITIES:
        pytest.fail(f"add to DENSITIES in {__name__} the mpmath log density of the family {family.name!r}")
    return DENSITIES[family.name]


def inside(link, x):
    low, high = link.predictor_domain
    return x[(x > low) & (x < high)]


PAIRS = [(family, link) for family in families.registry for link in family.links]
FORMS = [
    (link, form)
    for link in links.registry
    for form in ("log_mean", "log_complement", "log_slope")
    if getattr(link, form) is not None
]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def pair(request):
    return request.param


@pytest.fixture(params=FORMS, ids=lambda form: f"{form[0].name}-{form[1]}")
def form(request):
    return request.param


class Rows:
    """The rows of a family's table crossed with a grid of linear predictors, flat, in one precision."""

    def __init__(self, family, link, x, dtype):
        self.density, self.mean, self.family, self.link = density_of(family), mean_of(link), family, link
        self.key = (family.name, link.name)
        x = inside(link, x.astype(dtype))
        rows = [(np.float32(y), {n: np.float32(v) for n, v in aux.items()}) for y, aux in self.density.rows]
        self.eta = np.tile(x, len(rows))
        self.y = np.repeat(np.array([y for y, _ in rows], dtype), len(x))
        names = [p.name for p in family.auxiliaries]
        self.aux = {n: np.repeat(np.array([aux[n] for _, aux in rows], dtype), len(x)) for n in names}

    def exact(self, accuracy, order):
        size, values = len(self.eta) // len(self.density.rows), []
        for i in range(0, len(self.eta), size):
            y, aux = mp.mpf(float(self.y[i])), {n: mp.mpf(float(v[i])) for n, v in self.aux.items()}
            density = partial(self.at, y=y, aux=aux)
            values += accuracy.exact(density, self.eta[i : i + size], order, key=(*self.key, i))
        return values

    def at(self, eta, y, aux):
        return self.density.log_density(y, self.mean.value(eta), self.mean.complement(eta), aux)

    def terms(self, order):
        eta, y = self.eta.astype(float), self.y.astype(float)
        mu = np.array(self.link.inverse(eta))
        return self.density.terms(order, y, eta, mu, {n: v.astype(float) for n, v in self.aux.items()})

    def log_prob(self, eta, y, aux):
        return self.family.distribution(self.link, eta, **aux).log_prob(y)

    def on_jax(self):
        return jnp.asarray(self.eta), jnp.asarray(self.y), jax.tree.map(jnp.asarray, self.aux)


def test_log_density_and_its_derivatives_are_exact(pair, dtype, accuracy):
    rows = Rows(*pair, accuracy.grid(), dtype)
    got = accuracy.orders(rows.log_prob)(*rows.on_jax())
    for order in range(3):
        worst = accuracy.judge(got[order], rows.exact(accuracy, order), rows.eta, dtype, rows.terms(order))
        print(
            f"{pair[0].name}-{pair[1].name} {dtype} order {order}",
            f"body {worst['body']:.1e} tails {worst['tails']:.1e}",
        )


@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_log_likelihood_and_score_are_exact_in_both_libraries(pair, dtype, accuracy, library):
    family, link = pair
    rows = Rows(family, link, accuracy.grid(), dtype)
    eta, y, aux = rows.on_jax() if library == "jax" else (rows.eta, rows.y, rows.aux)
    for order, function in enumerate((family.log_likelihood, family.score)):
        got = function(link, y, eta, **aux)
        assert isinstance(got, jax.Array) == (library == "jax")
        accuracy.judge(got, rows.exact(accuracy, order), rows.eta, dtype, rows.terms(order))


def test_information_is_the_same_in_both_libraries(pair, dtype, accuracy):
    family, link = pair
    rows = Rows(family, link, accuracy.grid(), dtype)
    plain = np.asarray(family.information(link, rows.eta, **rows.aux))
    eta, _, aux = rows.on_jax()
    accuracy.same(family.information(link, eta, **aux), plain)
    assert (plain >= 0).all()


def test_derivatives_in_the_auxiliaries_are_exact(pair, accuracy):
    family, link = pair
    with jax.enable_x64(True):
        rows = Rows(family, link, np.array([-3.1, 0.4, 2.3]), "float64")
        for name in rows.aux:
            eta, y, aux = rows.on_jax()
            function = lambda value, eta, y, aux: rows.log_prob(eta, y, {**aux, name: value})  # noqa: B023, E731
            got = accuracy.orders(function)(aux[name], eta, y, aux)
            for i in range(len(rows.eta)):
                at = lambda v, i=i, name=name: rows.at(  # noqa: E731
                    mp.mpf(rows.eta[i]), mp.mpf(rows.y[i]), {**{n: mp.mpf(a[i]) for n, a in rows.aux.items()}, name: v}
                )
                for order in (1, 2):
                    assert float(got[order][i]) == pytest.approx(
                        float(mp.diff(at, mp.mpf(rows.aux[name][i]), order)), rel=1e-12
                    )


def test_no_nan_in_a_row_from_minus_1e4_to_1e4(pair, dtype, accuracy):
    # Promised: log density, gradient and second derivative at every finite linear predictor of the link's domain, and
    # the log density at the infinities too; score and information at every finite one, in NumPy as well.
    family, link = pair
    rows = Rows(family, link, accuracy.huge(), dtype)
    for order, got in enumerate(accuracy.orders(rows.log_prob)(*rows.on_jax())):
        bad = np.isnan(got)
        assert not bad.any(), f"derivative {order} is NaN at eta={rows.eta[bad][0]}, y={rows.y[bad][0]}"
    with np.errstate(all="raise", under="ignore"):
        for got in (family.score(link, rows.y, rows.eta, **rows.aux), family.information(link, rows.eta, **rows.aux)):
            assert not np.isnan(got).any()
        assert not np.isnan(family.log_likelihood(link, rows.y, rows.eta, **rows.aux)).any()
    for end in (-np.inf, np.inf):
        _, y, aux = rows.on_jax()
        assert not np.isnan(jax.jit(rows.log_prob)(jnp.full(y.shape, end, y.dtype), y, aux)).any()


@pytest.mark.parametrize("link", list(links.registry), ids=lambda link: link.name)
def test_inverse_is_exact(link, dtype, accuracy):
    x = inside(link, accuracy.grid().astype(dtype))
    exact = accuracy.exact(mean_of(link).value, x, key=link.name)
    accuracy.judge(link.inverse(jnp.asarray(x)), exact, x, dtype)
    with np.errstate(all="raise", under="ignore"):
        accuracy.judge(link.inverse(x), exact, x, dtype)


def test_log_forms_and_their_derivatives_are_exact(form, dtype, accuracy):
    link, name = form
    mean = mean_of(link)
    exact = {
        "log_mean": lambda eta: _log(mean.value(eta), mean.complement(eta)),
        "log_complement": lambda eta: _log(mean.complement(eta), mean.value(eta)),
        "log_slope": lambda eta: mp.log(abs(mp.diff(mean.value, eta))),
    }[name]
    x = inside(link, accuracy.grid().astype(dtype))
    got = accuracy.orders(getattr(link, name))(jnp.asarray(x))
    for order in range(3):
        # A log slope crosses 0, and is flat where the slope is largest: there it and its derivative count absolutely.
        terms = np.ones(len(x)) if name == "log_slope" and order < 2 else None
        truth = accuracy.exact(exact, x, order, key=(link.name, name))
        worst = accuracy.judge(got[order], truth, x, dtype, terms)
        print(f"{link.name}.{name} {dtype} order {order}", f"body {worst['body']:.1e} tails {worst['tails']:.1e}")
    with np.errstate(all="raise", under="ignore"):
        accuracy.same(got[0], np.asarray(getattr(link, name)(x)), np.ones(len(x)) if name == "log_slope" else None)


def _log(this, other):
    return mp.log(this) if other is None or this < other else mp.log1p(-other)


def test_no_nan_in_a_link_from_minus_1e4_to_1e4(dtype, accuracy):
    for link in links.registry:
        x = inside(link, accuracy.huge().astype(dtype))
        functions = {"inverse": link.inverse, **{name: getattr(link, name) for l, name in FORMS if l is link}}
        for name, function in functions.items():
            for order, got in enumerate(accuracy.orders(function)(jnp.asarray(x))):
                assert not np.isnan(got).any(), f"{link.name}.{name}, derivative {order}"
            low, high = link.predictor_domain
            assert not np.isnan(function(jnp.asarray(np.array([low, high], dtype)))).any(), f"{link.name}.{name}"

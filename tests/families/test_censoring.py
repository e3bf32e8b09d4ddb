"""Censored rows: likelihood, derivatives, moments and samples, against SciPy, mpmath and quadrature."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, Problem, families, glm, priors
from bayes_rglm.errors import DataError

ETA = np.array([-1.5, -0.4, 0.0, 0.7, 1.5, 1.1])
LOWER = np.array([-np.inf, 0.4, -np.inf, 0.3, 0.1, 0.2])
UPPER = np.array([np.inf, np.inf, 1.1, 1.9, 4.0, 2.0])
Y = np.array([0.6, 0.4, 1.1, np.nan, 0.05, 1.3])
KINDS = ("exact", "left", "right", "interval", "left", "exact")


@dataclass(frozen=True)
class Example:
    """A family, its auxiliary values, and the same distribution by SciPy at a linear predictor."""

    name: str
    aux: dict
    scipy: object

    def __str__(self):
        return self.name

    @property
    def family(self):
        return families.get(self.name)

    @property
    def link(self):
        return self.family.links[0]

    def at(self, eta=ETA, **bounds):
        return self.family.distribution(self.link, jnp.asarray(eta), **self.aux, **bounds)

    def log_prob(self, eta, y, lower, upper):
        return self.at(eta, lower=lower, upper=upper).log_prob(y)


EXAMPLES = [
    Example("gaussian", {"sigma": 0.8}, lambda eta: stats.norm(eta, 0.8)),
    Example("student_t", {"sigma": 0.8, "nu": 4.5}, lambda eta: stats.t(4.5, eta, 0.8)),
    Example("student_t", {"sigma": 0.8, "nu": 1.5}, lambda eta: stats.t(1.5, eta, 0.8)),
    Example("tobit", {"sigma": 0.8}, lambda eta: stats.norm(eta, 0.8)),
    Example("exponential", {}, lambda eta: stats.expon(scale=np.exp(eta))),
    Example("weibull", {"concentration": 2.5}, lambda eta: stats.weibull_min(2.5, scale=np.exp(eta))),
]
each = pytest.mark.parametrize("example", EXAMPLES, ids=str)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@each
def test_the_likelihood_is_that_of_what_was_seen(example):
    free = example.scipy(ETA)
    expected = {
        "exact": free.logpdf(Y),
        "left": free.logcdf(LOWER),
        "right": free.logsf(UPPER),
        "interval": np.log(free.cdf(UPPER) - free.cdf(LOWER)),
    }
    expected = [expected[kind][i] for i, kind in enumerate(KINDS)]
    np.testing.assert_allclose(example.log_prob(ETA, Y, LOWER, UPPER), expected, rtol=1e-11)
    plain = example.family.log_likelihood(example.link, Y, ETA, lower=LOWER, upper=UPPER, **example.aux)
    np.testing.assert_allclose(plain, expected, rtol=1e-11)


@each
def test_bounds_that_are_infinite_are_none(example):
    y = np.abs(ETA) + 0.3
    free = example.at().log_prob(y)
    lower, upper = np.full(6, -np.inf), np.full(6, np.inf)
    np.testing.assert_allclose(example.log_prob(ETA, y, lower, upper), free, rtol=1e-13)
    np.testing.assert_allclose(example.at(lower=lower, upper=upper).mean, example.scipy(ETA).mean(), rtol=1e-12)


@each
@pytest.mark.parametrize("bounds", [(True, False), (False, True), (True, True)], ids=["lower", "upper", "both"])
def test_score_is_the_derivative(example, bounds):
    lower = LOWER if bounds[0] else None
    upper = UPPER if bounds[1] else None
    y = Y if all(bounds) else np.nan_to_num(Y, nan=0.9)
    gradient = jax.grad(lambda eta: jnp.sum(example.log_prob(eta, y, lower, upper)))(jnp.asarray(ETA))
    for array in (np.asarray, jnp.asarray):
        score = example.family.score(example.link, array(y), array(ETA), lower=lower, upper=upper, **example.aux)
        np.testing.assert_allclose(score, gradient, rtol=1e-10, atol=1e-12)


@each
@pytest.mark.parametrize("bounds", [(True, False), (False, True), (True, True)], ids=["lower", "upper", "both"])
def test_moments_and_information_are_integrals_over_the_clipped_draw(example, bounds):
    if example.name == "student_t" and example.aux["nu"] < 2 and not all(bounds):
        pytest.skip("infinite variance")
    eta, low, high = ETA, 0.35, 2.2
    given = {"lower": np.full(6, low) if bounds[0] else None, "upper": np.full(6, high) if bounds[1] else None}
    free, clipped = example.scipy(eta), example.at(**given)
    first = free.support()[0] if example.name != "tobit" else 0.0
    first = low if bounds[0] else np.max(np.maximum(first, -1e6))
    last = high if bounds[1] else 1e6
    ends = [np.array([[first]]), np.array([[last]])]
    # Between the ends by quadrature, at them by the distribution function.
    x, w = np.polynomial.legendre.leggauss(30)
    start, stop = np.arcsinh(first), np.arcsinh(last)
    x, weights = ((x + 2.0 * np.arange(100.0)[:, None] - 99.0) / 100.0).ravel(), np.tile(w / 100.0, 100)
    s = (start + 0.5 * (stop - start) * (1.0 + x))[:, None]
    y = np.concatenate([ends[0], np.sinh(s), ends[1]])
    inner = 0.5 * (stop - start) * weights[:, None] * np.cosh(s) * free.pdf(np.sinh(s))
    mass = np.concatenate([free.cdf(ends[0]), inner, free.sf(ends[1])])
    np.testing.assert_allclose(mass.sum(0), 1.0, rtol=1e-8)
    mean = (mass * y).sum(0)
    np.testing.assert_allclose(clipped.mean, mean, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(clipped.variance, (mass * (y - mean) ** 2).sum(0), rtol=1e-6)
    at = np.where(mass > 0, y, 1.0)  # a bound that is not one has no mass
    score = example.family.score(example.link, at, eta, **given, **example.aux)
    information = example.family.information(example.link, eta, **given, **example.aux)
    np.testing.assert_allclose(information, (mass * score**2).sum(0), rtol=1e-6)
    np.testing.assert_allclose(
        example.family.information(example.link, jnp.asarray(eta), **given, **example.aux), information, rtol=1e-10
    )


@each
def test_samples_are_clipped_to_their_bounds_as_often_as_stated(example):
    low, high, n = np.full(6, 0.35), np.full(6, 2.2), 40_000
    clipped = example.at(lower=low, upper=high)
    draws = np.asarray(clipped.sample(jax.random.key(0), (n,)))
    assert draws.min() == 0.35
    assert draws.max() == 2.2
    for end, log_share in ((low, clipped.log_prob(low)), (high, clipped.log_prob(high))):
        share = np.exp(log_share)
        assert (np.abs((draws == end).mean(0) - share) < 5 * np.sqrt(share * (1 - share) / n) + 1e-9).all()
    assert (np.abs(draws.mean(0) - clipped.mean) < 5 * np.sqrt(clipped.variance / n)).all()
    np.testing.assert_allclose(clipped.cdf(jnp.asarray(low)), np.exp(clipped.log_prob(low)), rtol=1e-10)
    np.testing.assert_array_equal(clipped.cdf(jnp.asarray(high)), 1.0)
    np.testing.assert_array_equal(clipped.cdf(jnp.asarray(low - 0.01)), 0.0)


@each
def test_deviance_is_zero_at_the_best_place_and_positive_elsewhere(example):
    # Far enough that a censored row becomes certain, which takes long under a heavy tail.
    reach = 1e4 if example.name == "student_t" else 20.0
    eta = np.clip(np.sinh(np.linspace(-10.0, 10.0, 20_001)), -reach, reach)[:, None]
    mu = example.link.inverse(eta)
    needed = {name: example.aux[name] for name in example.family.deviance_needs}
    deviance = example.family.unit_deviance(Y, mu, lower=LOWER, upper=UPPER, **needed)
    assert (deviance >= -1e-12).all()
    np.testing.assert_allclose(deviance.min(0), 0.0, atol=2e-3)
    scale = example.aux["sigma"] ** 2 if example.name == "gaussian" else 1.0
    loss = np.asarray(example.log_prob(eta, Y, LOWER, UPPER))
    np.testing.assert_allclose(deviance - deviance[:1], -2.0 * scale * (loss - loss[:1]), rtol=1e-9, atol=1e-9)


@jax.jit
def _student_tail(t, nu):
    """log F and its derivative, by a row that is censored at 0."""
    family = families.get("student_t")
    one = lambda t: family.log_likelihood(family.links[0], jnp.zeros(()), -t, 1.0, lower=jnp.zeros(()), nu=nu)  # noqa: E731
    return jax.vmap(jax.value_and_grad(one))(t)


@pytest.mark.parametrize("nu", [1.05, 3.0, 60.0, 1e6])
def test_both_tails_of_the_student_are_exact(nu):
    points = np.array([-1e4, -300.0, -40.0, -8.0, -1.0, -1e-3, 0.0, 0.5, 3.0, 30.0])
    value, slope = _student_tail(jnp.asarray(points), jnp.asarray(nu))
    known = points > (-np.inf if nu < 100 else -35)  # beyond, a nearly normal tail takes mpmath minutes
    with mp.workdps(40):
        exact = [_log_student_cdf(mp.mpf(t), mp.mpf(nu)) for t in points[known]]
        top = mp.gamma(mp.mpf(nu + 1) / 2) / mp.gamma(mp.mpf(nu) / 2) / mp.sqrt(nu * mp.pi)
        ratio = [top * (1 + t * t / mp.mpf(nu)) ** (-mp.mpf(nu + 1) / 2) for t in points[known]]
        ratio = [density / mp.exp(log) for density, log in zip(ratio, exact, strict=True)]
    np.testing.assert_allclose(value[known], np.array(exact, float), rtol=1e-12)
    np.testing.assert_allclose(slope[known], np.array(ratio, float), rtol=1e-10)


def _log_student_cdf(t, nu):
    tail = mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2
    return mp.log(tail) if t < 0 else mp.log1p(-tail)


@pytest.mark.parametrize("width", [1e-9, 1e-4, 0.3, 30.0])
@pytest.mark.parametrize("place", [-30.0, 0.2, 25.0])
def test_intervals_are_exact_narrow_and_wide_in_both_tails(width, place):
    lower = np.array([place])
    upper = lower + width
    with mp.workdps(60):
        a, b = mp.mpf(float(lower[0])), mp.mpf(float(upper[0]))
        a, b = (a, b) if a + b < 0 else (-b, -a)
        gaussian = mp.log(mp.ncdf(b) - mp.ncdf(a))
        nu, shape = mp.mpf("4.5"), mp.mpf("2.5")
        tails = [mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2 for t in (a, b)]
        tails = [tail if t < 0 else 1 - tail for tail, t in zip(tails, (a, b), strict=True)]
        student = mp.log(tails[1] - tails[0])
        low, high = mp.exp(mp.mpf(float(lower[0])) / 10), mp.exp(mp.mpf(float(lower[0])) / 10) * (1 + mp.mpf(width))
        ends = np.array([float(low)]), np.array([float(high)])
        low, high = mp.mpf(ends[0][0]), mp.mpf(ends[1][0])
        weibull = -(low**shape) + mp.log1p(-mp.exp(low**shape - high**shape))
    nan, zero = np.array([np.nan]), np.zeros(1)
    for name, aux, bounds, exact in (
        ("gaussian", {"sigma": 1.0}, (lower, upper), gaussian),
        ("student_t", {"sigma": 1.0, "nu": 4.5}, (lower, upper), student),
        ("weibull", {"concentration": 2.5}, ends, weibull),
    ):
        family = families.get(name)
        pair = {"lower": bounds[0], "upper": bounds[1]}
        got = family.log_likelihood(family.links[0], nan, zero, **aux, **pair)
        assert got[0] == pytest.approx(float(exact), rel=2e-12), name
        with jax.enable_x64(True):
            density = lambda eta, family=family, aux=aux, pair=pair: jnp.sum(  # noqa: E731
                family.log_likelihood(family.links[0], nan, eta, **aux, **pair)
            )
            first, second = jax.grad(density), jax.jacfwd(jax.grad(density))
            assert np.isfinite(second(jnp.zeros(1))).all()
            score = family.score(family.links[0], nan, zero, **aux, **pair)
            np.testing.assert_allclose(score, first(jnp.zeros(1)), rtol=1e-8, atol=1e-8)


@each
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_nan_whatever_the_linear_predictor(example, dtype):
    size = np.concatenate([np.logspace(-8, 4, 25), np.linspace(1, 120, 20)])
    eta = np.concatenate([-size, [0.0], size]).astype(dtype)[:, None]
    with jax.enable_x64(dtype == "float64"):
        aux = {name: jnp.asarray(value, dtype) for name, value in example.aux.items()}
        rows = [jnp.asarray(part, dtype) for part in (Y, LOWER, UPPER)]

        def density(eta, y, lower, upper, aux):
            return example.family.distribution(example.link, eta, **aux, lower=lower, upper=upper).log_prob(y)

        first = jax.grad(density)
        functions = [density, first]
        if dtype == "float32":  # second derivatives overflow there first
            functions.append(jax.grad(first))
        if dtype == "float32" and aux:
            functions.append(jax.grad(lambda *a: sum(jax.tree.leaves(jax.grad(density, 4)(*a)))))

        def all_of_them(*a):
            return [function(*a) for function in functions]

        each_row = jax.vmap(jax.vmap(all_of_them, (0, 0, 0, 0, None)), (0, None, None, None, None))
        for got in jax.jit(each_row)(jnp.broadcast_to(eta, (len(eta), 6)), *rows, aux):
            assert got.dtype == dtype
            assert not np.isnan(got).any()


@pytest.mark.parametrize("lower", [-1.0, 0.0, 1e-310, 1e-12])
def test_an_interval_of_times_from_zero_is_a_left_censored_row(lower):
    y, eta, bounds = np.array([np.nan]), np.array([3.0]), {"lower": np.array([lower]), "upper": np.array([5.0])}
    with mp.workdps(30):
        exact = [float(mp.log(-mp.expm1(-((5 * mp.exp(-3)) ** power)))) for power in (1, mp.mpf("1.7"))]
    for name, aux, value in (("exponential", {}, exact[0]), ("weibull", {"concentration": 1.7}, exact[1])):
        family = families.get(name)
        of = lambda link, *a, family=family, aux=aux: family.log_likelihood(link, *a, **aux, **bounds)  # noqa: E731
        np.testing.assert_allclose(of(family.links[0], y, eta), value, rtol=1e-9)
        slope = (of(family.links[0], y, eta + 1e-5) - of(family.links[0], y, eta - 1e-5)) / 2e-5
        np.testing.assert_allclose(family.score(family.links[0], y, eta, **aux, **bounds), slope, rtol=1e-8)
        found = family.separation(y, **bounds)  # None: no row is censored
        assert (found is None) == (lower > 0)


def test_an_interval_from_zero_has_a_slope_in_the_shape():
    family, y, bounds = (
        families.get("weibull"),
        jnp.array([jnp.nan]),
        {"lower": jnp.zeros(1), "upper": jnp.full(1, 5.0)},
    )
    value = lambda c: family.log_likelihood(family.links[0], y, jnp.array([3.0]), c, **bounds)[0]  # noqa: E731
    by_shape = jax.jit(jax.grad(value))(2.0)
    hazard = (5 * np.exp(-3.0)) ** 2.0
    np.testing.assert_allclose(by_shape, hazard * np.log(5 * np.exp(-3.0)) / np.expm1(hazard), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_information_of_a_row_surely_below_its_bound_is_none(dtype):
    family, eta = families.get("weibull"), np.array([-80.0, -10.0, 80.0], dtype)
    information = family.information(family.links[0], eta, 5.0, lower=np.ones(1, dtype))
    np.testing.assert_allclose(information, [0.0, 0.0, 25.0], rtol=1e-6, atol=1e-25)


@pytest.mark.parametrize(
    ("name", "aux", "exact"), [("gaussian", {}, 1.0), ("student_t", {"nu": 4.5}, 1.8)], ids=["gaussian", "student_t"]
)
def test_far_bounds_leave_the_moments_alone(name, aux, exact):
    family, near = families.get(name), 1e8 - 2.0
    lower, upper = np.array([0.0, -np.inf, 0.0, -np.inf, 0.0]), np.array([np.inf, 3e8, 3e8, near, near])

    @jax.jit
    def moments(lower, upper):
        law = family.distribution(family.links[0], jnp.full(5, 1e8), sigma=1.0, **aux, lower=lower, upper=upper)
        return law.mean, law.variance

    mean, variance = moments(lower, upper)
    np.testing.assert_allclose(mean[:3], 1e8, rtol=1e-15)
    np.testing.assert_allclose(variance[:3], exact, rtol=1e-12)
    # A tail clipped near, without and with an end far away.
    assert 0.001 < float(variance[3]) < exact
    np.testing.assert_allclose(variance[4], variance[3], rtol=1e-9)


BAD = [
    ("gaussian", [1.0, 2.0], [0.0, 3.0], [1.0, 3.0], "lower is not below upper"),
    ("gaussian", [1.0, np.nan], [0.0, -np.inf], [2.0, 3.0], "no value and no interval"),
    ("weibull", [1.0, np.nan], None, [2.0, 3.0], "no value and no interval"),
    ("weibull", [1.0, 0.0], [-np.inf, -np.inf], None, "value 0"),
    ("exponential", [1.0, -2.0], None, [2.0, 3.0], "value -2"),
    ("tobit", [1.0, -2.0], None, None, "value -2"),
]


@pytest.mark.parametrize(("name", "y", "lower", "upper", "words"), BAD)
def test_bounds_that_make_no_row_are_refused_by_name(name, y, lower, upper, words):
    bounds = {"lower": None if lower is None else np.array(lower), "upper": None if upper is None else np.array(upper)}
    with pytest.raises(DataError, match=words) as caught:
        families.get(name).check(np.array(y), "time", None, np.array(["a", "row-b"]), **bounds)
    assert "row-b" in str(caught.value)
    assert "'time'" in str(caught.value)


@each
def test_typical_values_of_censored_rows_are_finite(example):
    typical = example.family.typical(example.link, Y, np.zeros(6), None, lower=LOWER, upper=UPPER)
    assert np.isfinite(typical.eta)
    assert 0 < typical.scale < 10
    seen = example.family.seen(Y, lower=LOWER, upper=UPPER)
    for parameter in example.family.auxiliaries:
        assert bool(parameter.support(parameter.start(seen, example.link.inverse(ETA))))


@each
def test_one_row_that_was_seen_decides_nothing_of_a_start_nor_of_a_prior(example):
    rng = np.random.default_rng(1)
    x = rng.normal(size=60)
    y = np.exp(1.0 + 0.3 * x) * rng.weibull(6.0, 60)
    lower = np.floor(2.0 * y) / 2.0
    starts, scales = [], []
    for count in (0, 1, 2):
        seen = np.arange(60) < count
        bounds = {"lower": np.where(seen, -np.inf, lower), "upper": np.where(seen, np.inf, lower + 0.5)}
        design = Design.from_arrays(x[:, None], np.where(seen, y, np.nan), **bounds)
        problem = Problem(RGLM(example.name, prior={"beta": priors.RegularisedHorseshoe()}), design)
        starts.append([glm.start(problem, parameter.name) for parameter in example.family.auxiliaries])
        scales.append(float(problem.constants["beta_global"]["unit"]))
    assert np.isfinite(starts).all()
    np.testing.assert_allclose(starts[1:], starts[:1] * 2, rtol=0.05)
    np.testing.assert_allclose(scales[1:], scales[0], rtol=0.05)

"""Ordinal responses: probabilities against mpmath and their derivatives, the cut-points' prior and start."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from scipy.stats import dirichlet

from bayes_rglm import families, links, priors
from bayes_rglm.errors import DataError, PriorError

FAMILY = families.get("ordinal")
CUTS = np.array([-2.0, -1.999, 0.5, 4.0])
BELOW = {
    "logit": lambda t: 1 / (1 + mp.exp(-t)),
    "probit": lambda t: mp.erfc(-t / mp.sqrt(2)) / 2,
    "cloglog": lambda t: -mp.expm1(-mp.exp(t)),
    "loglog": lambda t: mp.exp(-mp.exp(-t)),
    "cauchit": lambda t: mp.atan2(1, -t) / mp.pi,
}
ABOVE = {name: (lambda t, f=f: f(-t)) for name, f in BELOW.items()} | {
    "cloglog": lambda t: mp.exp(-mp.exp(t)),
    "loglog": lambda t: -mp.expm1(-mp.exp(-t)),
}
every_link = pytest.mark.parametrize("link", FAMILY.links, ids=lambda link: link.name)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def exact(link, y, eta, cuts):
    """log P(y), from the probabilities of the nearer end."""
    below, above = BELOW[link.name], ABOVE[link.name]
    upper = mp.mpf(float(cuts[y])) - eta if y < len(cuts) else None
    lower = mp.mpf(float(cuts[y - 1])) - eta if y > 0 else None
    if lower is None:
        return mp.log(below(upper)) if upper < 0 else mp.log1p(-above(upper))
    if upper is None:
        return mp.log(above(lower)) if lower > 0 else mp.log1p(-below(lower))
    return mp.log(above(lower) - above(upper) if lower > 0 else below(upper) - below(lower))


@every_link
def test_log_probabilities_are_exact_in_both_tails_and_in_narrow_gaps(link):
    eta = np.linspace(-40, 40, 9) + 0.07
    for y in range(5):
        with mp.workdps(60):
            truth = np.array([float(exact(link, y, mp.mpf(float(e)), CUTS)) for e in eta])
        for got in (
            FAMILY.log_likelihood(link, np.full(9, y), eta, CUTS),
            FAMILY.distribution(link, eta, cutpoints=CUTS).log_prob(np.full(9, y)),
        ):
            np.testing.assert_allclose(got, truth, rtol=1e-11, atol=1e-300)


@every_link
def test_the_score_is_exact_where_the_probability_has_underflowed(link):
    eta, cuts = np.array([-40.0, -37.3, -9.0, 0.2, 9.0, 37.3, 40.0]), np.array([-1.0, 0.0, 2.0])
    for y in range(4):
        with mp.workdps(80):
            slope = lambda e, y=y: mp.diff(lambda t: exact(link, y, t, cuts), e)  # noqa: E731
            truth = np.array([float(slope(mp.mpf(float(e)))) for e in eta])
        np.testing.assert_allclose(FAMILY.score(link, np.full(7, y), eta, cuts), truth, rtol=1e-10, atol=1e-300)
    assert np.isfinite(FAMILY.information(link, np.concatenate([eta, [-1e3, 1e3, -1e9, 1e9]]), cuts)).all()


@every_link
def test_gradient_and_curvature_are_exact(link):
    eta = np.array([-3.1, -0.4, 0.9, 4.2])
    log_prob = lambda e, c, y: FAMILY.distribution(link, e, cutpoints=c).log_prob(y)  # noqa: E731
    first = jax.jit(jax.vmap(jax.grad(log_prob), (0, None, None)))
    second = jax.jit(jax.vmap(jax.grad(jax.grad(log_prob)), (0, None, None)))
    of_cuts = jax.jit(jax.vmap(jax.grad(log_prob, 1), (0, None, None)))
    for y in range(5):
        at = lambda e, y=y: exact(link, y, e, CUTS)  # noqa: E731
        with mp.workdps(60):
            slope = [float(mp.diff(at, mp.mpf(float(e)))) for e in eta]
            bend = [float(mp.diff(at, mp.mpf(float(e)), 2)) for e in eta]
        np.testing.assert_allclose(first(eta, CUTS, y), slope, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(second(eta, CUTS, y), bend, rtol=1e-8, atol=1e-10)
        # Moving every cut-point is moving the predictor the other way.
        np.testing.assert_allclose(of_cuts(eta, CUTS, y).sum(-1), -np.array(slope), rtol=1e-9, atol=2e-10)
        score = FAMILY.score(link, np.full(4, y), eta, CUTS)
        np.testing.assert_allclose(score, slope, rtol=1e-9, atol=1e-9 if y == 1 else 1e-12)  # level 1: gap of 0.001
        np.testing.assert_allclose(FAMILY.score(link, np.full(4, y), jnp.asarray(eta), CUTS), score, rtol=1e-9)


@every_link
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_nan_from_minus_1e4_to_1e4(link, dtype):
    with jax.enable_x64(dtype == "float64"):
        size = np.concatenate([[0.0, 1e-20, 1e-3], np.logspace(-1, 4, 30)]).astype(dtype)
        eta, cuts = np.concatenate([-size, size]), CUTS.astype(dtype)
        log_prob = lambda e, y: FAMILY.distribution(link, e, cutpoints=cuts).log_prob(y)  # noqa: E731
        for function in (log_prob, jax.grad(log_prob), jax.grad(jax.grad(log_prob))):
            values = jax.jit(jax.vmap(jax.vmap(function, (0, None)), (None, 0)))(eta, np.arange(5))
            assert values.dtype == dtype
            assert not np.isnan(values).any()
        ends = np.array([-np.inf, np.inf], dtype)
        assert not np.isnan(jax.jit(jax.vmap(jax.vmap(log_prob, (0, None)), (None, 0)))(ends, np.arange(5))).any()


@every_link
def test_the_distribution_is_consistent(link):
    eta = np.linspace(-2, 2, 7)
    dist = FAMILY.distribution(link, jnp.asarray(eta), cutpoints=CUTS)
    mean = np.asarray(dist.mean)
    np.testing.assert_allclose(mean.sum(-1), 1.0, rtol=1e-13)
    np.testing.assert_allclose(FAMILY.variance(mean), dist.variance, rtol=1e-12)
    codes = np.arange(5)[:, None]
    np.testing.assert_allclose(np.exp(dist.log_prob(codes)).T, mean, rtol=1e-12)
    np.testing.assert_allclose(dist.cdf(codes).T, np.cumsum(mean, -1), rtol=1e-12)
    np.testing.assert_array_equal(dist.cdf(-1), 0.0)
    np.testing.assert_array_equal(dist.cdf(9), 1.0)
    leaves, treedef = jax.tree.flatten(dist)
    assert len(leaves) == 2
    np.testing.assert_array_equal(jax.tree.unflatten(treedef, leaves).log_prob(codes), dist.log_prob(codes))
    batched = jax.vmap(lambda c: FAMILY.distribution(link, jnp.asarray(eta), cutpoints=c).log_prob(2))
    both = jnp.stack([jnp.asarray(CUTS), jnp.asarray(CUTS) + 1.0])
    stacked = FAMILY.distribution(link, jnp.asarray(eta), cutpoints=both[:, None, :])
    np.testing.assert_allclose(batched(both), stacked.log_prob(2), rtol=1e-13)
    assert stacked.mean.shape == (2, 7, 5)
    draws = np.asarray(dist.sample(jax.random.key(1), (40_000,)))
    share = np.stack([(draws == k).mean(0) for k in range(5)], -1)
    assert (np.abs(share - mean) < 5 * np.sqrt(mean / 40_000) + 1e-4).all()
    information = FAMILY.information(link, eta, CUTS)
    second = jax.hessian(lambda e, y: FAMILY.distribution(link, e, cutpoints=CUTS).log_prob(y))
    curvature = jax.vmap(jax.vmap(second, (0, None)), (None, 0))(jnp.asarray(eta), jnp.arange(5))
    expected = -(mean.T * np.asarray(curvature)).sum(0)
    np.testing.assert_allclose(information, expected, rtol=1e-8)


def test_unordered_cutpoints_are_refused():
    with pytest.raises(ValueError, match="invalid cutpoints"):
        FAMILY.distribution(links.logit, jnp.zeros(3), cutpoints=jnp.array([1.0, 0.5]))


@every_link
def test_starting_cutpoints_give_the_shares_of_the_levels(link):
    y = np.repeat([0.0, 1.0, 2.0, 3.0], [10, 40, 30, 20])
    start = FAMILY.parameter("cutpoints").start(y, None, link=link)
    shares = np.diff(np.concatenate([[0.0], link.inverse(start), [1.0]]))
    np.testing.assert_allclose(shares, (np.array([10, 40, 30, 20]) + 0.5) / 102, rtol=1e-12)
    assert len(FAMILY.parameter("cutpoints").start(y, None, link=link, levels=6)) == 5


def test_empty_levels_are_named_for_maximum_likelihood():
    levels = ("low", "mid", "high")
    assert FAMILY.unbounded(np.array([0, 1, 2]), "mood", levels) is None
    assert "'mid' of 'mood'" in FAMILY.unbounded(np.array([0, 2]), "mood", levels)
    assert "fall together" in FAMILY.unbounded(np.array([0, 2]), "mood", levels)
    assert "infinity" in FAMILY.unbounded(np.array([0, 1]), "mood", levels)


def test_responses_that_are_no_levels_are_refused_by_row():
    for wrong, what in ((1.5, "value 1.5"), (-1.0, "value -1")):
        with pytest.raises(DataError, match="row 2") as caught:
            FAMILY.check(np.array([0.0, 1.0, wrong]), "mood", None, np.arange(3))
        assert what in str(caught.value)
    with pytest.raises(DataError, match="at least two levels"):
        FAMILY.check(np.zeros(3), "mood", None, np.arange(3))


def test_separation_includes_the_cutpoints():
    y, x = np.array([0, 0, 1, 1, 2, 2]), np.array([[-2.0], [-1.0], [0.0], [0.5], [1.0], [2.0]])
    rows = FAMILY.constraints_of(x, y, 3)
    assert (rows @ np.array([1.0, -0.5, 0.75]) >= 0).all(), "levels that x separates rise for ever"
    assert (FAMILY.constraints_of(x[::-1], y, 3) @ np.array([1.0, -0.5, 0.75]) < 0).any()


# The prior of the cut-points -----------------------------------------------------------------------------------------


@every_link
def test_the_prior_is_that_of_the_level_probabilities(link):
    prior = priors.InducedDirichlet(concentration=1.7, link=link.name)
    dist = prior.form(prior.hyper(), np.full(3, 0.4), jnp.ones(3), prior.support)
    draws = dist.sample(jax.random.key(2), (20_000,))
    assert bool(jnp.all(prior.support(draws)))
    ends = jnp.pad(link.inverse(draws - 0.4), ((0, 0), (1, 1)), constant_values=((0, 0), (0.0, 1.0)))
    p = np.asarray(jnp.diff(ends, axis=-1))
    np.testing.assert_allclose(p.mean(0), 0.25, atol=0.006)
    np.testing.assert_allclose(p.var(0), 0.25 * 0.75 / (4 * 1.7 + 1), rtol=0.06)
    # The density is Dirichlet times the Jacobian of cut-points to probabilities.
    c = draws[5]
    jacobian = jax.jacobian(lambda c: link.inverse(c - 0.4))(c)
    truth = dirichlet(np.full(4, 1.7)).logpdf(p[5] / p[5].sum()) + np.linalg.slogdet(np.asarray(jacobian))[1]
    assert float(dist.log_prob(c)) == pytest.approx(truth, rel=1e-9)
    leaves, treedef = jax.tree.flatten(dist)
    np.testing.assert_array_equal(jax.tree.unflatten(treedef, leaves).log_prob(draws), dist.log_prob(draws))


def test_the_prior_is_a_record():
    prior = priors.InducedDirichlet()
    assert prior == eval(repr(prior), {"InducedDirichlet": priors.InducedDirichlet})
    assert prior.under("probit") == priors.InducedDirichlet(link="probit")
    assert prior.under("probit").under("logit").link == "probit"
    assert priors.InducedDirichlet(link="probit").form == prior.under("probit").form
    assert hash(prior.form) == hash(priors.InducedDirichlet(concentration=2.0).form)
    w = np.array([[-1.0, 0.2, 3.0], [0.0, 0.1, 0.2]])
    assert prior.penalty(w).shape == (2,)
    with pytest.raises(PriorError, match="link='log'"):
        priors.InducedDirichlet(link="log")
    with pytest.raises(PriorError, match="positive number"):
        priors.InducedDirichlet(concentration=0.0)

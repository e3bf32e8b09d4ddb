"""What every prior keeps, whoever adds it: the same object is a NumPyro distribution and a penalty."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

from bayes_rglm import priors
from bayes_rglm.errors import PriorError
from bayes_rglm.priors import Flat, HalfNormal, Laplace, Normal, NumPyro, as_prior

# Univariate continuous distributions of NumPyro of every make: real, positive, bounded, heavy, skewed, truncated.
ACCEPTED = [
    dist.Normal(0.5, 2.0),
    dist.StudentT(4.0, 0.1, 1.5),
    dist.Cauchy(0.0, 2.0),
    dist.Laplace(-1.0, 0.3),
    dist.Logistic(0.2, 0.7),
    dist.Gumbel(0.0, 1.3),
    dist.SoftLaplace(0.0, 1.0),
    dist.AsymmetricLaplace(0.0, 1.0, 1.4),
    dist.HalfNormal(0.7),
    dist.HalfCauchy(2.5),
    dist.Gamma(2.0, 0.1),
    dist.InverseGamma(3.0, 1.0),
    dist.Exponential(0.4),
    dist.LogNormal(0.1, 0.9),
    dist.Weibull(1.5, 2.0),
    dist.Pareto(1.2, 3.0),
    dist.Chi2(3.0),
    dist.Beta(2.0, 3.0),
    dist.Kumaraswamy(2.0, 3.0),
    dist.Uniform(-1.0, 4.0),
    dist.TruncatedNormal(0.0, 1.0, low=0.2),
    dist.TruncatedNormal(0.0, 1.0, low=-0.5, high=2.0),
    dist.TruncatedCauchy(0.0, 1.0, high=3.0),
    dist.LeftTruncatedDistribution(dist.Laplace(0.0, 2.0), low=0.0),
]

REFUSED = [
    dist.Bernoulli(0.3),
    dist.Poisson(2.0),
    dist.Categorical(jnp.ones(3) / 3),
    dist.MultivariateNormal(jnp.zeros(2), jnp.eye(2)),
    dist.Dirichlet(jnp.ones(3)),
    dist.LKJCholesky(2, 1.0),
    dist.MixtureSameFamily(dist.Categorical(jnp.ones(2) / 2), dist.Normal(jnp.zeros(2), 1.0)),
    dist.TransformedDistribution(dist.Normal(0.0, 1.0), dist.transforms.ExpTransform()),
    dist.ImproperUniform(constraints.real, (), ()),
    dist.LeftTruncatedDistribution(
        dist.StudentT(5.0, 0.0, 2.0), low=0.0
    ),  # cannot be sampled without a further package
]

# How to build two unlike examples of a registered prior; without a row its defaults and changed numbers are used.
EXAMPLES = {
    "NumPyro": [
        NumPyro.of(d)
        for d in ACCEPTED
        if isinstance(d, dist.Normal | dist.StudentT | dist.Gamma | dist.Uniform | dist.TwoSidedTruncatedDistribution)
    ]
}
BUILTIN = [cls for name, cls in priors.registry.items() if name not in EXAMPLES and not getattr(cls, "vector", False)]


def numbers(cls):
    """Names of the fields that are numbers, not words."""
    return [f.name for f in dataclasses.fields(cls) if f.type == "float"]


def of_class(cls):
    return type(cls).__name__ if isinstance(cls, priors.Prior) else cls.__name__


def examples():
    for name, cls in priors.registry.items():
        if getattr(cls, "vector", False):  # of a whole vector: tests/families
            continue
        if name in EXAMPLES:
            yield from EXAMPLES[name]
            continue
        missing = [f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING]
        if missing:
            raise TypeError(f"add to EXAMPLES in {__name__} examples of the prior {name!r}: {missing} have no default")
        yield cls()
        if numbers(cls):
            yield cls(**{n: 0.3 + 0.4 * i for i, n in enumerate(numbers(cls))})


ALL = list(examples())
# A hierarchical prior has no density of its own: test_hierarchical_priors.
ALONE = [p for p in ALL if not p.scales]


def over(chosen):
    return pytest.mark.parametrize("prior", chosen, ids=[repr(p)[:60] for p in chosen])


each, proper = over(ALONE), over([p for p in ALONE if p.proper])


def scale_priors(prior):
    return [scale.prior for scale in prior.scales]


def support_of(prior):
    return constraints.real if prior.support is None else prior.support


def build(prior, shift=0.0, unit=1.0, shape=()):
    """The distribution of a site: real supports move and stretch, the others have no shift (None)."""
    support = support_of(prior)
    moved = np.full(shape, shift) if support is constraints.real else None
    return prior.form(prior.hyper(), moved, jnp.full(shape, unit), support)


def points(prior):
    """Values of the prior's own, away from kinks and ends."""
    if not prior.proper:
        return np.array([-2.0, 0.5, 3.0])
    draws = np.asarray(build(prior).sample(jax.random.key(5), (200,)))
    return np.quantile(draws, [0.11, 0.29, 0.43, 0.61, 0.83, 0.94])


# The record ----------------------------------------------------------------------------------------------------------


@over(ALL)
def test_the_repr_is_a_recipe_and_equal_numbers_are_equal_priors(prior):
    again = eval(repr(prior), {name: getattr(priors, name) for name in priors.names()})
    assert again == prior
    assert hash(again) == hash(prior)
    assert again.form == prior.form
    assert hash(again.form) == hash(prior.form)
    assert sum(p == prior for p in ALL) == 1, "other numbers are another prior"
    with pytest.raises(dataclasses.FrozenInstanceError):
        prior.scale = 2.0
    assert as_prior(prior) is prior


@pytest.mark.parametrize("cls", BUILTIN, ids=of_class)
def test_a_changed_number_is_another_prior_of_the_same_form(cls):
    for field in numbers(cls):
        one, two = cls(**{field: 0.5}), cls(**{field: 0.75})
        assert one != two
        for first, second in zip((one, *scale_priors(one)), (two, *scale_priors(two)), strict=True):
            assert first.form == second.form, "numbers travel as data: changing one recompiles nothing"
            assert jax.tree.structure(first.hyper()) == jax.tree.structure(second.hyper())


@each
def test_numbers_travel_as_data(prior):
    hyper = prior.hyper()
    assert all(np.asarray(leaf).dtype == np.float64 for leaf in jax.tree.leaves(hyper))
    w, shift = points(prior), 0.0 if support_of(prior) is constraints.real else None
    traced = jax.jit(lambda h, w: prior.form(h, shift, jnp.ones(()), support_of(prior)).log_prob(w))
    np.testing.assert_allclose(traced(hyper, w), build(prior).log_prob(w), rtol=1e-12)


@pytest.mark.parametrize("cls", BUILTIN, ids=of_class)
def test_options_are_keywords_spelt_right(cls):
    with pytest.raises(TypeError, match="scael"):
        cls(scael=1.0)
    with pytest.raises(TypeError, match="positional"):
        cls(1.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "1", None, True, [1.0, 2.0], np.ones(2)], ids=repr)
@pytest.mark.parametrize("cls", BUILTIN, ids=of_class)
def test_numbers_are_finite_plain_numbers(cls, wrong):
    for field in numbers(cls):
        with pytest.raises(PriorError, match=cls.__name__) as caught:
            cls(**{field: wrong})
        assert f"{field}={wrong!r}" in str(caught.value)


@pytest.mark.parametrize("wrong", ["collumn", None, 1.0, ["input"]], ids=repr)
@pytest.mark.parametrize("cls", BUILTIN, ids=of_class)
def test_words_are_of_the_few_that_are_known(cls, wrong):
    for field in (f.name for f in dataclasses.fields(cls) if f.type == "str"):
        with pytest.raises(PriorError, match=cls.__name__) as caught:
            cls(**{field: wrong})
        assert f"{field}={wrong!r}" in str(caught.value)
        assert repr(getattr(cls(), field)) in str(caught.value), "it lists what there is"


@pytest.mark.parametrize("wrong", [0, -1.0])
@pytest.mark.parametrize("cls", [Normal, Laplace, HalfNormal])
def test_scales_are_positive(cls, wrong):
    with pytest.raises(PriorError, match="positive number"):
        cls(scale=wrong)


@pytest.mark.parametrize("cls", BUILTIN, ids=of_class)
def test_scaled_names_frozen_constants(cls):
    if "scaled" not in {f.name for f in dataclasses.fields(cls)}:
        assert cls().scaling is None
        return
    assert cls(scaled="response").scaling == "response"
    with pytest.raises(PriorError, match="scaled names the frozen constants") as caught:
        cls(scaled="columns")
    assert "'response'" in str(caught.value)


def test_what_is_no_prior_is_refused_with_the_place():
    for wrong in (1.0, "normal", None, Normal, dist.Normal, [Normal()]):
        with pytest.raises(PriorError, match="'age'") as caught:
            as_prior(wrong, "age")
        assert type(wrong).__name__ in str(caught.value)


# The distribution ----------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("shape", [(), (3,), (3, 2)])
def test_the_form_has_the_shape_of_the_weights(prior, shape):
    site = build(prior, shape=shape)
    assert isinstance(site, dist.Distribution)
    assert site.batch_shape == shape
    assert site.event_shape == ()
    w = np.broadcast_to(points(prior)[0], shape)
    assert site.log_prob(w).shape == shape
    if prior.proper:
        draw = site.sample(jax.random.key(0))
        assert draw.shape == shape
        assert np.unique(draw).size == max(1, int(np.prod(shape))), "every weight is a draw of its own"
        assert bool(jnp.all(support_of(prior)(draw)))


@each
def test_shift_and_unit_move_and_stretch_the_density(prior):
    # w = shift + unit w0: the density of w0 over unit. A bounded support has no shift.
    w0, shift, unit = points(prior), 1.7, 0.4
    base = np.asarray(build(prior).log_prob(w0))
    if not prior.proper:
        np.testing.assert_array_equal(build(prior, shift, unit).log_prob(w0), base)
    elif support_of(prior) is constraints.real:
        moved = build(prior, shift, unit).log_prob(shift + unit * w0)
        np.testing.assert_allclose(moved, base - np.log(unit), rtol=1e-10, atol=1e-12)
    elif "scaled" in {f.name for f in dataclasses.fields(prior)}:
        np.testing.assert_allclose(build(prior, unit=unit).log_prob(unit * w0), base - np.log(unit), rtol=1e-10)
    else:
        np.testing.assert_allclose(build(prior, shape=(6,)).log_prob(w0), base, rtol=1e-12)


@proper
def test_the_density_integrates_to_one(prior):
    support, t = support_of(prior), np.linspace(-1, 1, 400_001)
    low = float(getattr(support, "lower_bound", -np.inf))
    high = float(getattr(support, "upper_bound", np.inf))
    if np.isfinite(low) and np.isfinite(high):
        w, dw = low + (high - low) * (0.5 + 0.5 * t), (high - low) / 2 + 0 * t
    elif np.isfinite(low):
        w, dw = low + np.exp(32 * t), 32 * np.exp(32 * t)
    elif np.isfinite(high):
        w, dw = high - np.exp(32 * t), 32 * np.exp(32 * t)
    else:
        w, dw = np.sinh(32 * t), 32 * np.cosh(32 * t)
    inner = np.asarray(support(w)) & (np.abs(t) < 1)
    density = np.exp(np.asarray(build(prior).log_prob(w[inner])))
    assert (density * dw[inner]).sum() * (t[1] - t[0]) == pytest.approx(1.0, rel=1e-4)


# The penalty ---------------------------------------------------------------------------------------------------------


@each
def test_the_penalty_is_minus_the_log_density_up_to_a_constant(prior):
    w = points(prior)
    gap = np.asarray(prior.penalty(w)) + np.asarray(build(prior).log_prob(w))
    np.testing.assert_allclose(gap, gap[0], rtol=0, atol=1e-10)
    assert np.shape(prior.penalty(w)) == w.shape
    matrix = w[:, None] + np.zeros(2)
    np.testing.assert_allclose(prior.penalty(matrix), np.stack([prior.penalty(w)] * 2, 1), rtol=1e-12)


@each
def test_the_penalty_s_gradient_is_that_of_the_density(prior):
    w = jnp.asarray(points(prior))
    slope = jax.vmap(jax.grad(lambda v: prior.penalty(v)))(w)
    expected = -jax.vmap(jax.grad(lambda v: build(prior).log_prob(v)))(w)
    np.testing.assert_allclose(slope, expected, rtol=1e-9, atol=1e-12)
    h = 1e-6 * jnp.maximum(1e-3, jnp.abs(w))
    numeric = (np.asarray(prior.penalty(w + h)) - np.asarray(prior.penalty(w - h))) / (2 * np.asarray(h))
    np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-6)


def test_penalties_are_the_known_ones():
    w = np.array([-3.0, 0.5, 2.0])
    np.testing.assert_allclose(Normal(loc=0.5, scale=2.0).penalty(w), (w - 0.5) ** 2 / 8, rtol=1e-15)
    np.testing.assert_allclose(Laplace(loc=0.5, scale=2.0).penalty(w), np.abs(w - 0.5) / 2, rtol=1e-15)
    np.testing.assert_allclose(HalfNormal(scale=2.0).penalty(np.abs(w)), w**2 / 8, rtol=1e-15)
    np.testing.assert_array_equal(Flat().penalty(w), 0.0)
    assert Normal().smooth
    assert not Laplace().smooth
    assert not Flat().proper


# NumPyro's distributions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("original", ACCEPTED, ids=lambda d: type(d).__name__)
def test_a_numpyro_distribution_is_kept_as_it_is(original):
    prior = NumPyro.of(original)
    assert prior == NumPyro.of(original)
    assert as_prior(original) == prior or type(as_prior(original)).__name__ == type(original).__name__
    w = points(prior)
    np.testing.assert_allclose(
        prior.form(prior.hyper(), None, jnp.ones(()), None).log_prob(w), original.log_prob(w), rtol=1e-5
    )
    np.testing.assert_allclose(prior.penalty(w), -original.log_prob(w), rtol=1e-5)
    assert all(bool(prior.support(v)) == bool(original.support(v)) for v in (-3.0, -0.1, 0.3, 0.9, 2.5, 50.0))
    assert eval(repr(prior), {"NumPyro": NumPyro}) == prior
    assert prior.form(prior.hyper(), None, jnp.ones((2, 3)), None).sample(jax.random.key(0)).shape == (2, 3)


@pytest.mark.parametrize("original", REFUSED, ids=lambda d: type(d).__name__)
def test_a_numpyro_distribution_that_is_no_prior_on_weights_is_refused_by_name(original):
    with pytest.raises(PriorError, match=type(original).__name__) as caught:
        as_prior(original)
    assert "to do" in str(caught.value)


def test_expanded_and_independent_distributions_are_taken_elementwise():
    assert as_prior(dist.Gamma(2.0, 1.0).expand((3,))) == as_prior(dist.Gamma(2.0, 1.0))
    assert as_prior(dist.Gamma(2.0, 1.0).expand((3,)).to_event(1)) == as_prior(dist.Gamma(2.0, 1.0))


def test_a_number_written_in_float32_means_its_decimal():
    with jax.enable_x64(False):
        single = as_prior(dist.Normal(0.1, 0.3))
    assert single == as_prior(dist.Normal(0.1, 0.3))
    assert (single.loc, single.scale) == (0.1, 0.3)


@pytest.mark.parametrize("name", ["Gama", "normal", "constraints", "Distributions", 3, None])
def test_a_record_names_a_class_of_numpyro(name):
    with pytest.raises(PriorError, match="names a class") as caught:
        NumPyro(distribution=name, parameters=(("rate", 1.0),))
    assert repr(name) in str(caught.value)


def test_names_and_registry_agree():
    assert set(priors.names()) == set(dict(priors.registry.items()))
    for name, cls in priors.registry.items():
        assert cls.name == name == cls.__name__
        assert getattr(priors, name) is cls
        assert priors.registry.get(name.lower()) is cls
    with pytest.raises(PriorError, match="did you mean 'Normal'"):
        priors.registry.get("Norml")

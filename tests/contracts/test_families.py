"""What every family keeps under each of its links, whoever adds it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

from bayes_rglm import families, links
from bayes_rglm.errors import DataError, SpecError

every = pytest.mark.parametrize("family", list(families.registry), ids=lambda family: family.name)
MEANS_OF_THEIR_OWN = {"binomial", "tobit", "weibull"}  # E[y] is not the inverse link
# No exponential dispersion models: their deviance is that of the likelihood.
NOT_EXPONENTIAL = {"beta", "student_t", "tobit", "weibull"}
RESPONSES = {
    "zeros": np.zeros(7),
    "ones": np.ones(7),
    "one row": np.array([1.0]),
    "a tenth": np.full(7, 0.1),
    "minus two": np.full(7, -2.0),
    "large": np.full(7, 1e6),
    "mixed": np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
    "counts": np.array([0.0, 3.0, 17.0, 1.0, 250.0, 0.0, 5.0]),
    "far apart": np.array([-1e8, 1e-8, 1e8, 0.0, 2.0, 3.0, 4.0]),
    "shares": np.linspace(0.05, 0.95, 7),
    "positive": np.array([1e-6, 0.3, 2.0, 7.5, 1e4, 1.0, 1.5]),
}


# The registry and the record -----------------------------------------------------------------------------------------


@every
def test_the_name_and_every_alias_resolve(family):
    for name in (family.name, *family.aliases):
        assert families.get(name) is family
        assert families.get(name.upper()) is family
    assert families.get(family) is family


def test_an_unknown_name_is_a_typed_error_with_the_choices():
    with pytest.raises(SpecError, match="did you mean 'gaussian'") as caught:
        families.get("gausian")
    assert all(name in str(caught.value) for name in families.names())


@every
def test_a_family_is_hashable_and_its_repr_is_a_recipe(family):
    assert eval(repr(family), {"families": families}) is family
    assert hash(family) == hash(type(family)())
    assert family == type(family)()
    assert len({*families.registry}) == len(families.names())


@every
def test_links_are_found_by_name_and_alias_or_refused_with_the_choices(family):
    assert family.link(None) is family.links[0]
    for link in family.links:
        assert link.forward is not None, "a response link has a forward"
        assert link.log_slope is not None
        for name in (link, link.name, *link.aliases):
            assert family.link(name) is link
    accepted = {name for link in family.links for name in (link.name, *link.aliases)}
    for link in (link for link in links.registry if link.name not in accepted):
        with pytest.raises(SpecError, match="does not have this link") as caught:
            family.link(link.name)
        assert repr(link.name) in str(caught.value)
        assert all(x.name in str(caught.value) for x in family.links)


@every
def test_the_measure_is_that_of_the_support(family, case_of):
    family_dist = case_of(family, family.links[0]).dist
    assert family_dist.support.is_discrete == family.discrete
    assert family.measure == "counting" if family.discrete else family.measure != "counting"
    assert family.support


# A NumPyro distribution ----------------------------------------------------------------------------------------------


def test_every_field_survives_flattening_and_jit(case):
    y, density = case.sample(), jax.jit(lambda d, y: d.log_prob(y))
    leaves, treedef = jax.tree.flatten(case.dist)
    assert len(leaves) == 1 + len(case.extra), "eta and every auxiliary are leaves: see pytree_data_fields"
    again = [jax.tree.unflatten(treedef, leaves), jax.jit(lambda d: d)(case.dist)]
    for other in again:
        assert type(other) is type(case.dist)
        assert other.link is case.link
        assert other.batch_shape == case.dist.batch_shape
        for name in ("eta", *case.extra):
            np.testing.assert_array_equal(getattr(other, name), getattr(case.dist, name))
        np.testing.assert_array_equal(density(other, y), density(case.dist, y))
    moved = jax.jit(lambda d: jax.tree.map(lambda leaf: leaf * 2.0, d))(case.dist)
    fresh = case.family.distribution(case.link, case.dist.eta * 2.0, **{k: v * 2.0 for k, v in case.extra.items()})
    np.testing.assert_allclose(density(moved, y), density(fresh, y), rtol=1e-13)
    assert np.any(density(moved, y) != density(case.dist, y)), "the values that enter jit are those that it uses"


def test_the_distribution_survives_vmap(first):
    eta = jnp.asarray(np.stack([first.eta, first.eta[::-1], 0.5 * first.eta]))
    y = first.sample((3,))
    expected = first.at(eta).log_prob(y)
    assert expected.shape == eta.shape
    batched = jax.vmap(first.at)(eta)
    each = jax.vmap(lambda d, e, v, k: (first.at(e).log_prob(v), d.log_prob(v), d.sample(k)))
    inside, outside, draws = jax.jit(each)(batched, eta, y, jax.random.split(jax.random.key(2), 3))
    np.testing.assert_allclose(inside, expected, rtol=1e-13)
    np.testing.assert_allclose(outside, expected, rtol=1e-13)
    assert draws.shape == eta.shape


def test_numpyro_may_expand_mask_scale_and_trace_it(first):
    y = first.sample((3,))
    expected = first.dist.log_prob(y)
    np.testing.assert_allclose(first.dist.expand((3, 7)).log_prob(y), expected, rtol=1e-13)
    np.testing.assert_allclose(first.dist.to_event(1).log_prob(y), expected.sum(-1), rtol=1e-13)
    mask = np.arange(7) % 2 == 0
    np.testing.assert_allclose(first.dist.mask(mask).log_prob(y), np.where(mask, expected, 0.0), rtol=1e-13)

    def model(eta, y=None):
        with numpyro.plate("obs", len(eta)), numpyro.handlers.scale(scale=2.0):
            numpyro.sample("y", first.at(eta), obs=y)

    total = numpyro.infer.util.log_density(model, (jnp.asarray(first.eta), y[0]), {}, {})[0]
    assert float(total) == pytest.approx(2 * float(expected[0].sum()), rel=1e-12)
    drawn = numpyro.infer.Predictive(model, num_samples=5)(jax.random.key(0), jnp.asarray(first.eta))["y"]
    assert drawn.shape == (5, 7)
    assert bool(jnp.all(first.dist.support(drawn)))


def test_plain_numbers_and_integers_are_linear_predictors(first):
    if not first.link.inside(1.0):
        pytest.skip("1 lies outside the link's domain")
    one = first.at(1)
    y = first.sample()[3]
    assert one.batch_shape == ()
    assert float(one.log_prob(y)) == pytest.approx(float(first.at(jnp.asarray([1.0])).log_prob(y)[0]), rel=1e-13)


def test_scalars_broadcast_against_rows(first):
    ones = {name: jnp.full(7, value) for name, value in first.extra.items()}
    y = first.sample()
    other = first.family.distribution(first.link, jnp.asarray(first.eta), **ones)
    np.testing.assert_array_equal(other.log_prob(y), first.dist.log_prob(y))


def test_parameters_outside_their_support_are_refused(first):
    with pytest.raises(ValueError, match="invalid eta"):
        first.at(jnp.asarray([np.nan]))
    for parameter in first.family.auxiliaries:
        for wrong in [v for v in (-1.0, np.nan) if not bool(parameter.support(v))]:
            with pytest.raises(ValueError, match=f"invalid {parameter.name}"):
                first.family.distribution(first.link, jnp.asarray(first.eta), **{**first.extra, parameter.name: wrong})


# Density, moments, distribution function -----------------------------------------------------------------------------


def test_the_density_has_total_mass_one_and_the_stated_moments(case):
    y, mass = case.mass
    np.testing.assert_allclose(mass.sum(0), 1.0, rtol=1e-9)
    mean = (mass * y).sum(0)
    np.testing.assert_allclose(case.dist.mean, mean, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(case.dist.variance, (mass * (y - mean) ** 2).sum(0), rtol=1e-8)
    if case.family.name not in MEANS_OF_THEIR_OWN:
        np.testing.assert_allclose(case.dist.mean, case.link.inverse(case.eta), rtol=1e-13)


def test_samples_have_the_stated_moments_and_support(case):
    y = np.asarray(case.draws)
    n = len(y)
    assert y.shape == (n, 7)
    assert bool(jnp.all(case.dist.support(y)))
    assert (y.dtype.kind == "i") == case.family.discrete
    y = y.astype(float)
    mean, variance = np.asarray(case.dist.mean), np.asarray(case.dist.variance)
    assert (np.abs(y.mean(0) - mean) < 5 * np.sqrt(variance / n)).all()
    squares = (y - mean) ** 2
    assert (np.abs(squares.mean(0) - variance) < 5 * squares.std(0) / np.sqrt(n) + 1e-12).all()


def test_samples_depend_on_the_key_and_are_repeatable(first):
    other = first.drawn(4)
    assert not np.array_equal(first.draws, other)
    np.testing.assert_array_equal(first.drawn(4), other)


def test_the_distribution_function_accumulates_the_density(case):
    y, _ = case.mass
    y = y if case.family.discrete else np.concatenate([y[::40], y[-1:]])
    cdf = np.asarray(case.dist.cdf(y))
    assert (np.diff(cdf, axis=0) >= -1e-15).all()
    np.testing.assert_allclose(cdf[-1], 1.0, atol=1e-12)
    if case.family.discrete:
        np.testing.assert_allclose(cdf, np.cumsum(case.mass[1], 0), rtol=1e-9)
        np.testing.assert_array_equal(case.dist.cdf(y + 0.5), cdf)
        np.testing.assert_array_equal(case.dist.cdf(jnp.asarray(y[0] - 0.5)), 0.0)
        return
    inner = np.asarray(case.sample((20,)))
    density = jax.vmap(jax.vmap(jax.grad(lambda v, e: case.at(e).cdf(v))), (0, None))
    density = jax.jit(density)(inner, jnp.asarray(case.eta))
    smooth = inner != 0 if case.has_atom else np.ones(inner.shape, bool)
    np.testing.assert_allclose(density[smooth], np.exp(case.dist.log_prob(inner))[smooth], rtol=1e-7)


# Score, information, deviance ----------------------------------------------------------------------------------------


def test_log_likelihood_and_score_are_those_of_the_distribution(case):
    y = np.asarray(case.sample((20,)), float)
    log_prob, gradient, _ = case.derivatives(y)
    np.testing.assert_allclose(log_prob, case.dist.log_prob(y), rtol=1e-12, atol=1e-14)
    for array in (np.asarray, jnp.asarray):
        eta, value = array(case.eta), array(y)
        score = case.family.score(case.link, value, eta, **case.extra)
        assert isinstance(score, jax.Array) == (array is jnp.asarray)
        np.testing.assert_allclose(score, gradient, rtol=1e-10, atol=1e-12)
        likelihood = case.family.log_likelihood(case.link, value, eta, **case.extra)
        np.testing.assert_allclose(likelihood, log_prob, rtol=1e-11, atol=1e-13)


def test_information_is_the_variance_of_the_score_and_the_mean_curvature(case):
    if not hasattr(case.family, "information"):
        assert not case.family.closed
        pytest.skip("the expected information has no closed form")
    y, mass = case.mass
    score = np.asarray(case.family.score(case.link, y, case.eta, **case.extra))
    np.testing.assert_allclose((mass * score).sum(0), 0.0, atol=1e-8)
    information = case.family.information(case.link, case.eta, **case.extra)
    np.testing.assert_allclose(information, (mass * score**2).sum(0), rtol=1e-8)
    curvature = case.derivatives(y)[2]
    np.testing.assert_allclose(information, -(mass * curvature).sum(0), rtol=1e-8)
    np.testing.assert_allclose(case.family.information(case.link, jnp.asarray(case.eta), **case.extra), information)


def test_unit_deviance_is_twice_the_loss_against_the_saturated_model(case):
    family, link = case.family, case.link
    if family.unit_deviance is None:
        assert not family.closed
        pytest.skip("no exponential dispersion model")
    if case.rows:
        pytest.skip("the mean is not that of y: tested with the family")
    dispersion = family.dispersion(**case.aux) if hasattr(family, "dispersion") else 1.0
    scaling = 1.0 if family.name in NOT_EXPONENTIAL else dispersion
    y, mu = np.unique(np.asarray(case.sample((40,)), float))[:, None], link.inverse(case.eta)
    y = y[(y[:, 0] >= link.mean_domain[0]) & (y[:, 0] <= link.mean_domain[1])]
    assert len(y)
    # The best mean is y itself where that is inside the mean domain, and otherwise an end of it.
    low, high = link.predictor_domain
    tries = np.linspace(max(low, -600.0), min(high, 600.0), 1203)[1:-1]
    log_prob = jax.jit(lambda eta, v: case.at(eta).log_prob(v))
    saturated = np.asarray(log_prob(tries, y)).max(1)
    with np.errstate(all="ignore"):
        own = np.asarray(link.forward(y[:, 0]), float)
    own = np.where(np.isfinite(own), own, tries[0])
    if family.name == "beta":  # nearly y: closer and closer grids
        for width in 10.0 ** np.arange(0.5, -5.5, -0.5):
            near = own[:, None] + width * np.linspace(-1.0, 1.0, 41)
            own = near[np.arange(len(y)), np.asarray(log_prob(near, y)).argmax(1)]
    saturated = np.maximum(saturated, np.asarray(log_prob(own, y[:, 0])))[:, None]
    loss = 2 * scaling * (saturated - np.asarray(case.dist.log_prob(y)))
    np.testing.assert_allclose(case.unit_deviance(y, mu), loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(case.unit_deviance(jnp.asarray(y), jnp.asarray(mu)), loss, rtol=1e-9, atol=1e-9)
    if not case.has_atom:
        # Of mu itself: near 1 it has lost digits of 1 - mu, 2e-16 / 5e-6 of them under cloglog at 2.5.
        np.testing.assert_allclose(case.variance(case.dist.mean) * dispersion, case.dist.variance, rtol=1e-10)
    if family.name in NOT_EXPONENTIAL:
        return
    slope = jax.vmap(jax.vmap(jax.grad(case.unit_deviance, 1), (None, 0)), (0, None))
    slope = jax.jit(slope)(y[:, 0], jnp.asarray(mu))
    np.testing.assert_allclose(slope, -2 * (y - mu) / case.variance(mu), rtol=1e-9, atol=1e-9)


# What a family does with a column ------------------------------------------------------------------------------------


def acceptable(case):
    """The responses that the family's own check lets through."""
    for name, y in RESPONSES.items():
        try:
            case.family.check(y, "y", None, np.arange(len(y)), **case.rows)
        except DataError:
            continue
        yield name, y


def test_check_lets_the_family_s_own_draws_through(case):
    y = np.asarray(case.sample((3,)), float).ravel()
    assert case.family.check(y, "y", None, np.arange(y.size), **case.rows) is None


@every
def test_check_names_column_row_and_value_outside_the_support(family, case_of):
    case = case_of(family, family.links[0])
    support = case.dist.support
    outside = [v for v in (-1.5, -1.0, 0.5, 1.25, 2.5) if not bool(jnp.all(support(v)))]
    inside = next(v for v in (0.5, 1.0) if bool(jnp.all(support(v))))
    assert bool(outside) == (support is not constraints.real)
    for wrong in outside:
        y = np.array([inside, inside, wrong, inside, wrong])
        with pytest.raises(DataError, match=family.name) as caught:
            family.check(y, "sales", None, np.array(["a", "b", "row-c", "d", "e"]), **case.rows)
        for word in ("'sales'", "row-c", f"{wrong:g}", "2 such rows of 5", "to do"):
            assert word in str(caught.value)


@every
@pytest.mark.parametrize("levels", [("amber", "blue"), ("amber", "blue", "cyan"), ("amber",)])
def test_labels_are_refused_by_name_or_coded_inside_the_support(family, case_of, levels):
    y = np.arange(len(levels), dtype=float)
    try:
        family.check(y, "colour", levels, np.arange(len(levels)), **case_of(family, family.links[0]).rows)
        message = None
    except DataError as error:
        message = str(error)
    if message is None:
        assert bool(jnp.all(case_of(family, family.links[0]).dist.support(y)))
    else:
        assert "'colour'" in message
        assert "'amber'" in message


def test_which_families_take_labels():
    y, rows = np.array([0.0, 1.0]), np.arange(2)
    families.get("bernoulli").check(y, "y", ("no", "yes"), rows)
    for name in ("gaussian", "poisson"):
        with pytest.raises(DataError, match="numeric response"):
            families.get(name).check(y, "y", ("no", "yes"), rows)
    with pytest.raises(DataError, match="two levels"):
        families.get("bernoulli").check(y, "y", ("a", "b", "c"), rows)


def test_typical_values_are_finite_and_inside_for_extreme_responses(case):
    seen = list(acceptable(case))
    assert len(seen) >= 2
    for name, y in seen:
        for weights in (None, np.linspace(0.5, 2.0, len(y))):
            typical = case.family.typical(case.link, y, np.zeros(len(y)), weights, **case.rows)
            assert np.isfinite(typical.eta), name
            assert case.link.inside(typical.eta), name
            assert np.isfinite(typical.scale), name
            assert typical.scale > 0, name
            assert typical.scale == 1.0 or np.ptp(y) > 0, f"{name}: a constant column has no scale"
            assert isinstance(typical.eta, float)
            assert isinstance(typical.scale, float)


def test_typical_values_count_weights_as_repeated_rows(case):
    for name, y in acceptable(case):
        times = 1 + np.arange(len(y)) % 3
        offset = np.linspace(-0.3, 0.4, len(y))
        weighted = case.family.typical(case.link, y, offset, times.astype(float), **case.rows)
        repeated = case.family.typical(case.link, np.repeat(y, times), np.repeat(offset, times), None, **case.rows)
        assert weighted.eta == pytest.approx(repeated.eta, rel=1e-9), name
        assert weighted.scale == pytest.approx(repeated.scale, rel=1e-9), name


def test_a_constant_offset_moves_the_typical_predictor_by_itself(case):
    if not (case.link.inside(-1e9) and case.link.inside(1e9)):
        pytest.skip("the link's domain is bounded")
    y = dict(acceptable(case)).get("ones", RESPONSES["a tenth"])
    none = case.family.typical(case.link, y, np.zeros(7), None, **case.rows)
    moved = case.family.typical(case.link, y, np.full(7, 0.4), None, **case.rows)
    assert moved.eta == pytest.approx(none.eta - 0.4, rel=1e-12)


@every
def test_auxiliaries_start_inside_their_support_and_profiles_are_maxima(family, case_of):
    case = case_of(family, family.links[0])
    y, mean = np.asarray(case.sample((20,)), float).ravel(), np.tile(case.link.inverse(case.eta), 20)
    eta, weights = np.tile(case.eta, 20), 1.0 + np.arange(140) % 3
    for parameter in family.auxiliaries:
        assert family.parameter(parameter.name) is parameter
        assert bool(parameter.support(parameter.start(y, mean)))
        assert parameter.prior.support is None or bool(parameter.prior.support(parameter.start(y, mean)))
        if parameter.profile is None:
            continue

        def total(value, parameter=parameter):
            aux = {**case.aux, parameter.name: value}
            return jnp.sum(weights * case.family.distribution(case.link, eta, **aux).log_prob(y))

        best = parameter.profile(y, mean, weights)
        assert float(jax.grad(total)(best)) == pytest.approx(0.0, abs=1e-9 * weights.sum() / best)
        assert float(jax.grad(jax.grad(total))(best)) < 0


def test_responses_are_numpyro_distributions_with_frozen_families():
    for family in families.registry:
        assert issubclass(family.response, dist.Distribution)
        with pytest.raises(dataclasses.FrozenInstanceError):
            family.name = "other"

"""What every link keeps, whoever adds it."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Layer, Problem, families, links
from bayes_rglm.errors import SpecError
from bayes_rglm.links import Link
from bayes_rglm.registry import Registry


def over(*chosen):
    return pytest.mark.parametrize("link", chosen, ids=lambda link: link.name)


SCALAR = [link for link in links.registry if link.elementwise]
every = over(*SCALAR)
record = over(*links.registry)
responses = over(*[link for link in SCALAR if link.forward is not None])
monotone = over(*[link for link in SCALAR if link.increasing is not None])
hidden = over(*[link for link in links.registry if link.hidden])
restricted = over(*[link for link in SCALAR if link.restricted])
PROBABILITIES = [link for link in SCALAR if link.mean_domain == (0.0, 1.0)]


def body(link, reach=3.0):
    """Linear predictors in the middle of the link's domain, away from its ends."""
    low, high = link.predictor_domain
    low, high = max(low + 0.05, -reach), min(high - 0.05, reach)
    eta = np.linspace(low, high, 41)
    if link.log_complement is None or reach > 3.0:
        return eta
    return eta[link.log_complement(eta) > -7.0]  # nearer to 1 a mean has lost its distance from 1


def means(link):
    low, high = link.mean_domain
    if math.isinf(low) and math.isinf(high):
        return np.linspace(-5, 5, 41)
    if math.isinf(high):
        return low + np.geomspace(1e-3, 20, 41)
    return low + (high - low) * np.linspace(0.02, 0.98, 41)


@record
def test_the_name_and_every_alias_resolve_in_any_case(link):
    for name in (link.name, *link.aliases):
        assert links.get(name) is link
        assert links.get(f" {name.upper()} ") is link
    assert links.get(link) is link
    assert link.name in links.names()


def test_the_statistical_and_the_deep_learning_names_meet():
    assert links.get("sigmoid") is links.get("logit")
    assert links.get("exp") is links.get("log")
    assert links.get("linear") is links.get("identity")
    assert links.get("inverse") is links.get("reciprocal")
    assert links.get("max") is links.get("relu")
    assert links.get("gumbel") is links.get("loglog")
    assert links.get("swish") is links.get("silu")
    assert links.get("multinomial_logit") is links.get("softmax")


@pytest.mark.parametrize("wrong", ["logti", "", None, 3, ("logit",)])
def test_an_unknown_name_is_a_typed_error_with_the_choices(wrong):
    with pytest.raises(SpecError, match="no link of that name") as caught:
        links.get(wrong)
    assert repr(wrong) in str(caught.value)
    assert all(name in str(caught.value) for name in links.names())


def test_the_nearest_name_is_suggested():
    with pytest.raises(SpecError, match="did you mean 'logit'"):
        links.get("logti")


def test_a_name_is_taken_once():
    registry = Registry("link")
    registry.add("one", 1, ("uno",))
    for name in ("ONE", "uno"):
        with pytest.raises(SpecError, match="registered already"):
            registry.add(name, 2)


@record
def test_a_link_is_frozen_and_hashable_and_its_repr_is_a_recipe(link):
    with pytest.raises(dataclasses.FrozenInstanceError):
        link.name = "other"
    assert hash(link) == hash(dataclasses.replace(link))
    assert link == dataclasses.replace(link)
    assert link != dataclasses.replace(link, prior_scale=17.0)
    assert eval(repr(link), {"links": links}) is link


@responses
def test_inverse_and_forward_undo_each_other(link):
    eta, mu = body(link), means(link)
    for array in (np.asarray, jnp.asarray):
        np.testing.assert_allclose(link.forward(link.inverse(array(eta))), eta, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(link.inverse(link.forward(array(mu))), mu, rtol=1e-11, atol=1e-14)
        assert isinstance(link.forward(array(mu)), jax.Array) == (array is jnp.asarray)
        assert np.asarray(link.forward(array(mu))).dtype == np.float64
    assert link.inside(link.forward(mu)).all()
    np.testing.assert_allclose(link.forward(float(mu[7])), link.forward(mu)[7], rtol=1e-14)


@monotone
def test_the_inverse_is_monotone_in_the_stated_direction(link):
    slope = 1 if link.increasing else -1
    low, high = link.predictor_domain
    wide = np.linspace(max(low, -50), min(high, 50), 2001)[1:-1]
    assert (slope * np.diff(link.inverse(wide)) >= 0).all()
    if link.forward is not None:
        assert (slope * np.diff(link.inverse(body(link))) > 0).all()


@every
def test_means_stay_in_the_mean_domain_and_approach_its_ends(link):
    low, high = link.mean_domain
    for mu in (link.inverse(body(link, 50.0)), np.asarray(link.inverse(jnp.asarray(body(link, 50.0))))):
        assert (mu >= low).all()
        assert (mu <= high).all()
    if link.forward is not None:
        inner = link.inverse(body(link))
        assert (inner > low).all()
        assert (inner < high).all()
    if link.increasing is not None:
        ends = sorted(float(link.inverse(np.float64(end))) for end in link.predictor_domain)
        np.testing.assert_allclose(ends, [low, high])


@every
def test_inside_is_the_open_predictor_domain(link):
    low, high = link.predictor_domain
    assert not link.inside(np.array([low, high])).any()
    assert link.inside(body(link)).all()
    assert link.inside(jnp.asarray(body(link))).all()


@responses
def test_a_response_link_has_the_forms_that_its_means_allow(link):
    low, high = link.mean_domain
    assert link.log_slope is not None
    assert (link.log_mean is not None) == (low >= 0), "log_mean goes with a positive mean"
    assert (link.log_complement is not None) == ((low, high) == (0, 1)), "log_complement goes with a probability"


@every
def test_the_log_forms_are_those_of_the_inverse(link):
    eta = body(link)
    if link.log_mean is not None:
        np.testing.assert_allclose(link.log_mean(eta), np.log(link.inverse(eta)), rtol=1e-11, atol=1e-14)
    if link.log_complement is not None:
        np.testing.assert_allclose(link.log_complement(eta), np.log1p(-link.inverse(eta)), rtol=1e-11, atol=1e-14)
    if link.log_slope is not None:
        slope = jax.vmap(jax.grad(link.inverse))(jnp.asarray(eta))
        assert (np.sign(slope) == (1 if link.increasing else -1)).all()
        np.testing.assert_allclose(link.log_slope(eta), np.log(np.abs(slope)), rtol=1e-11, atol=1e-13)


@hidden
def test_the_gain_keeps_the_second_moment_of_a_layer(link):
    # The trapezoidal rule, with a node at the kinks of piecewise links; the library uses adaptive quadrature.
    z = np.linspace(-16.0, 16.0, 640_001)
    values = np.asarray(link.inverse(z), float) ** 2 * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    assert link.gain == pytest.approx(1 / math.sqrt(np.sum(values) * (z[1] - z[0])), rel=1e-7)


def test_gains_known_in_closed_form():
    assert links.get("identity").gain == pytest.approx(1.0, rel=1e-12)
    assert links.get("relu").gain == pytest.approx(math.sqrt(2.0), rel=1e-12)
    assert links.get("log").gain == pytest.approx(math.exp(-1.0), rel=1e-10)


@record
def test_scales_are_positive_and_there_is_a_formula(link):
    assert link.prior_scale > 0
    assert link.input_scale > 0
    assert "eta" in link.formula


def test_a_hidden_unit_without_a_forward_is_no_response():
    hidden = [link for link in links.registry if link.forward is None]
    assert "relu" in [link.name for link in hidden]
    for link in hidden:
        assert link.name not in links.response_names()
        for family in families.registry:
            if (family.name, link.name) == ("tobit", "relu"):  # named after the row of the table
                continue
            with pytest.raises(SpecError, match="does not have this link"):
                family.link(link)


def test_a_link_of_ones_own_can_be_used_without_registering():
    cube = Link(name="cube", inverse=lambda eta: eta**3, formula="mu = eta^3")
    assert links.get(cube) is cube
    assert "cube" not in links.names()
    assert cube.gain == pytest.approx(1 / math.sqrt(15.0), rel=1e-10)


# Probabilities -------------------------------------------------------------------------------------------------------


def test_cloglog_and_loglog_are_mirror_images():
    # cloglog(y, eta) = loglog(1 - y, -eta): two links, often called by one name.
    eta = np.linspace(-40, 40, 321)
    for array in (np.asarray, jnp.asarray):
        np.testing.assert_array_equal(links.cloglog.log_mean(array(eta)), links.loglog.log_complement(-array(eta)))
        np.testing.assert_array_equal(links.cloglog.log_complement(array(eta)), links.loglog.log_mean(-array(eta)))
        np.testing.assert_allclose(
            links.cloglog.inverse(array(eta)), 1 - links.loglog.inverse(-array(eta)), rtol=0, atol=2e-16
        )
    assert not np.allclose(links.cloglog.inverse(eta), links.loglog.inverse(eta))


@over(*[link for link in PROBABILITIES if link.name in ("logit", "probit", "cauchit")])
def test_symmetric_links_are_their_own_mirror_image(link):
    eta = np.linspace(-40, 40, 321)
    np.testing.assert_allclose(link.log_mean(eta), link.log_complement(-eta), rtol=1e-14)
    np.testing.assert_allclose(link.inverse(eta), 1 - link.inverse(-eta), rtol=0, atol=3e-16)


@over(*PROBABILITIES)
def test_scores_are_the_derivatives_of_the_log_probabilities(link):
    eta = jnp.linspace(-12, 6.0, 73) if link.name == "cloglog" else jnp.linspace(-6.0, 12, 73)
    for form, score in ((link.log_mean, link.mean_score), (link.log_complement, link.complement_score)):
        np.testing.assert_allclose(score(eta), jax.vmap(jax.grad(form))(eta), rtol=1e-13)
        np.testing.assert_allclose(score(np.asarray(eta)), score(eta), rtol=1e-13)
        assert not np.isnan(score(np.array([-1e4, 1e4]))).any()


@over(*PROBABILITIES)
def test_log_concavity_is_stated(link):
    eta = jnp.linspace(-12.03, 12, 997)
    curvature = [jax.vmap(jax.grad(jax.grad(form)))(eta) for form in (link.log_mean, link.log_complement)]
    assert link.log_concave == bool(np.all(np.array(curvature) <= 1e-12))


# Predictor domains ---------------------------------------------------------------------------------------------------


def test_which_links_have_a_domain():
    assert [link.name for link in links.registry if link.restricted] == [
        "identity_positive",
        "sqrt",
        "reciprocal",
        "inverse_squared",
    ]


@restricted
def test_outside_the_domain_there_is_no_mean_no_density_and_no_nan_in_a_gradient(link):
    eta = np.array([-40.0, -1e-300, 0.0, 1e-300, 2.0])
    for array in (np.asarray, jnp.asarray):
        np.testing.assert_array_equal(np.isnan(link.inverse(array(eta))), eta < 0)
        for form in (link.log_mean, link.log_slope):
            assert not np.isnan(form(array(eta))).any()
        np.testing.assert_array_equal(link.forbid(array(eta), array(eta * 0.0)) == -np.inf, eta < 0)
        np.testing.assert_array_equal(link.confine(array(eta)), np.where(eta < 0, 1.0, eta))

    def log_density(eta):
        safe = link.confine(eta)
        return link.forbid(eta, link.log_slope(safe) - link.inverse(safe) - link.log_mean(safe) ** 2)

    for derivative in (jax.grad(log_density), jax.grad(jax.grad(log_density))):
        np.testing.assert_array_equal(jax.vmap(derivative)(jnp.array([-40.0, -1e-300])), 0.0)


RESTRICTED = [(family, link) for family in families.registry for link in family.links if link.restricted]


@pytest.mark.parametrize(("family", "link"), RESTRICTED, ids=lambda x: x.name)
def test_rows_outside_the_domain_have_no_density_and_no_force(family, link):
    aux = {p.name: 1.5 for p in family.auxiliaries}
    one = lambda eta, y: family.distribution(link, eta, **aux).log_prob(y)  # noqa: E731
    eta, y = jnp.array([-3.0, -1e-9, -3.0, 1.5]), jnp.array([1.0, 2.0, 7.0, 2.0])
    np.testing.assert_array_equal(np.isneginf(one(eta, y)), [True, True, True, False])
    first = jax.grad(one)
    both = jax.jit(jax.vmap(lambda *row: (first(*row), jax.grad(first)(*row))))
    for got in both(eta, y):
        np.testing.assert_array_equal(got[:3], 0.0)
        assert np.isfinite(got[3])
    plain = family.log_likelihood(link, np.asarray(y), np.asarray(eta), **aux)
    np.testing.assert_allclose(plain, one(eta, y), rtol=1e-12)
    if family.discrete:
        draws = family.distribution(link, eta, **aux).sample(jax.random.key(0))
        assert not bool(jnp.any(family.distribution(link, eta, **aux).support(draws)[:3])), "no count without a mean"


@over(*[link for link in SCALAR if link.log_mean is not None and link.mean_domain[1] == math.inf])
def test_a_step_is_a_log_unit_of_the_mean(link):
    for mean in (0.02, 1.0, 300.0):
        eta = float(link.forward(mean))
        small = 1e-6 * link.step(eta) * (1 if link.increasing else -1)
        ratio = np.log(link.inverse(np.float64(eta + small)) / link.inverse(np.float64(eta - small)))
        assert ratio == pytest.approx(2e-6, rel=1e-4)


# Hidden units --------------------------------------------------------------------------------------------------------


@over(*[link for link in links.registry if not link.hidden])
def test_what_is_no_hidden_unit_is_refused_with_the_alternative(link):
    assert link.name not in links.hidden_names()
    assert math.isnan(link.gain)
    assert links.get(link.instead).hidden
    for make in (
        links.hidden_unit,
        lambda name: Layer(4, name),
        lambda name: RGLM("gaussian", hidden=(4,), activation=name),
    ):
        with pytest.raises(SpecError, match="responses only") as caught:
            make(link.name)
        assert repr(link.name) in str(caught.value)
        assert repr(link.instead) in str(caught.value)


@hidden
def test_width_invariance_on_the_exact_second_moment(link):
    # Units f(Z), Z standard normal, under the weights that the model itself draws by default: the second moment of what
    # follows is sum_h sd_h^2 E f(Z)^2, which has to be the response's variance for every width.
    nodes, weights = np.polynomial.legendre.leggauss(200)
    moment = 0.0
    for low, high in ((-14, -4), (-4, 0), (0, 4), (4, 14)):
        z = 0.5 * (high - low) * nodes + 0.5 * (high + low)
        f = np.asarray(link.inverse(z), float)
        moment += 0.5 * (high - low) * np.sum(weights * f * f * np.exp(-0.5 * z * z)) / math.sqrt(2 * math.pi)
    assert link.gain**2 * moment == pytest.approx(1.0, rel=1e-10)
    y = np.array([0.0, 1.0, 3.0, 4.0, 7.0])
    design = Design.from_arrays(np.arange(10.0).reshape(5, 2), y)
    for width in (1, 4, 64):
        unit = Problem(RGLM("gaussian", hidden=(width,), activation=link), design).constants["beta"]["unit"]
        assert np.shape(unit) == (width,)
        assert np.sum(np.square(unit)) * moment == pytest.approx(np.var(y), rel=1e-6)


def test_more_gains_known_in_closed_form():
    closed = {"square": 1 / math.sqrt(3), "sine": math.sqrt(2 / (1 - math.exp(-2))), "probit": math.sqrt(3)}
    closed["leaky_relu"] = math.sqrt(2 / (1 + 1e-4))
    for name, gain in closed.items():
        assert links.get(name).gain == pytest.approx(gain, rel=1e-11)


# Softmax -------------------------------------------------------------------------------------------------------------


def test_softmax_is_over_the_last_axis_exact_and_shift_free():
    eta = np.array([[0.3, -2.0, 1.1], [40.0, 0.0, -800.0]])
    for array in (np.asarray, jnp.asarray):
        mean, log_mean = links.softmax.inverse(array(eta)), links.softmax.log_mean(array(eta))
        np.testing.assert_allclose(np.asarray(mean).sum(-1), 1.0, rtol=1e-15)
        np.testing.assert_allclose(log_mean[1], [-math.exp(-40), -40.0, -840.0], rtol=1e-12, atol=1e-17)
        np.testing.assert_allclose(links.softmax.inverse(array(eta + 7.0)), mean, rtol=1e-13)
        own = links.softmax.forward(mean[:1])
        np.testing.assert_allclose(own, eta[:1] - eta[:1].mean(), rtol=1e-13)
        np.testing.assert_allclose(links.softmax.inverse(own), mean[:1], rtol=1e-14)
        slope = jax.vmap(jax.jacobian(links.softmax.inverse))(jnp.asarray(eta[:1]))[0]
        np.testing.assert_allclose(links.softmax.log_slope(array(eta[:1]))[0], np.log(np.diag(slope)), rtol=1e-12)

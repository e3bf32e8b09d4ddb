"""What every link keeps, whoever adds it."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayes_rglm import families, links
from bayes_rglm.errors import SpecError
from bayes_rglm.links import Link
from bayes_rglm.registry import Registry

every = pytest.mark.parametrize("link", list(links.registry), ids=lambda link: link.name)
responses = pytest.mark.parametrize("link", [links.get(name) for name in links.response_names()], ids=lambda x: x.name)


def body(link, reach=3.0):
    """Linear predictors in the middle of the link's domain, away from its ends."""
    low, high = link.predictor_domain
    low, high = max(low + 0.05, -reach), min(high - 0.05, reach)
    return np.linspace(low, high, 41)


def means(link):
    low, high = link.mean_domain
    if math.isinf(low) and math.isinf(high):
        return np.linspace(-5, 5, 41)
    if math.isinf(high):
        return low + np.geomspace(1e-3, 20, 41)
    return low + (high - low) * np.linspace(0.02, 0.98, 41)


@every
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


@every
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


@every
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


@every
def test_the_gain_keeps_the_second_moment_of_a_layer(link):
    # The trapezoidal rule, with a node at the kinks of piecewise links; the library uses adaptive quadrature.
    z = np.linspace(-16.0, 16.0, 640_001)
    values = np.asarray(link.inverse(z), float) ** 2 * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    assert link.gain == pytest.approx(1 / math.sqrt(np.sum(values) * (z[1] - z[0])), rel=1e-7)


def test_gains_known_in_closed_form():
    assert links.get("identity").gain == pytest.approx(1.0, rel=1e-12)
    assert links.get("relu").gain == pytest.approx(math.sqrt(2.0), rel=1e-12)
    assert links.get("log").gain == pytest.approx(math.exp(-1.0), rel=1e-10)


@every
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
            with pytest.raises(SpecError, match="does not have this link"):
                family.link(link)


def test_a_link_of_ones_own_can_be_used_without_registering():
    cube = Link(name="cube", inverse=lambda eta: eta**3, formula="mu = eta^3")
    assert links.get(cube) is cube
    assert "cube" not in links.names()
    assert cube.gain == pytest.approx(1 / math.sqrt(15.0), rel=1e-10)

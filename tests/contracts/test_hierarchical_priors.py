"""What every hierarchical prior keeps: elementwise and of a location-scale family, given its scales."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

from bayes_rglm import priors
from bayes_rglm.errors import PriorError
from bayes_rglm.priors._scales import PER

# Found by the word that all of them have: which weights share a scale.
RANDOM = [cls() for cls in priors.registry if "per" in {f.name for f in dataclasses.fields(cls)}]
hierarchical = pytest.mark.parametrize("prior", RANDOM, ids=[p.name for p in RANDOM])


def given(prior, shape, shift=0.0, unit=1.0):
    """The distribution of weights of that shape given scales drawn from their priors, and these scales."""
    drawn = {}
    for i, scale in enumerate(prior.scales):
        law = scale.prior.form(scale.prior.hyper(), None, jnp.ones(scale.shape(shape)), constraints.positive)
        drawn[scale.role] = law.sample(jax.random.key(i))
    form = prior.form({**prior.hyper(), **drawn}, jnp.full(shape, shift), jnp.full(shape, unit), constraints.real)
    return form, drawn


def variants(prior):
    """The prior under every grouping that its message offers."""
    with pytest.raises(PriorError) as caught:
        dataclasses.replace(prior, per="?")
    return [dataclasses.replace(prior, per=per) for per in PER if repr(per) in str(caught.value)]


@hierarchical
@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_given_its_scales_a_hierarchical_prior_is_elementwise(prior, shape):
    assert len(variants(prior)) >= 2
    for one in variants(prior):
        law, drawn = given(one, shape)
        assert isinstance(law, dist.Distribution)
        assert law.batch_shape == shape
        assert law.event_shape == ()
        assert all(np.asarray(law.scale > 0).ravel())
        assert all(scale.prior.proper and scale.prior.support is constraints.positive for scale in one.scales)
        assert {scale.role: scale.shape(shape) for scale in one.scales} == {k: v.shape for k, v in drawn.items()}


@hierarchical
def test_given_its_scales_it_is_of_a_location_scale_family(prior):
    # Non-centred coordinates are z = (w - loc) / scale: their distribution may not depend on the scales.
    law, _ = given(prior, (4, 3), 0.7, 1.3)
    z = np.array([-1.5, 0.2, 0.9])
    density = np.asarray(law.log_prob(law.loc + law.scale * z)) + np.log(np.asarray(law.scale))
    np.testing.assert_allclose(density, np.broadcast_to(density[0], (4, 3)), rtol=1e-9)
    assert np.all(np.asarray(law.loc) == 0.7)


@hierarchical
def test_weights_of_one_group_share_their_scale(prior):
    for one in variants(prior):
        scale = np.asarray(given(one, (4, 3))[0].scale)
        found = [len(np.unique(scale)), len(np.unique(scale[:, 0])), len(np.unique(scale[0]))]
        assert found == {"coefficient": [12, 4, 3], "input": [4, 4, 1], "unit": [3, 1, 3], "layer": [1, 1, 1]}[one.per]


@hierarchical
def test_shift_and_unit_move_and_stretch_the_weights_given_their_scales(prior):
    w0, (base, _), (moved, _) = np.array([-0.3, 0.01, 2.0]), given(prior, (3,)), given(prior, (3,), 1.7, 0.4)
    np.testing.assert_allclose(moved.log_prob(1.7 + 0.4 * w0), base.log_prob(w0) - np.log(0.4), rtol=1e-9)


@hierarchical
def test_a_hierarchical_prior_has_no_penalty(prior):
    with pytest.raises(PriorError, match="no penalty"):
        prior.penalty(np.ones(3))


def test_they_are_found():
    assert {p.name for p in RANDOM} >= {"HierarchicalNormal", "Horseshoe", "RegularisedHorseshoe"}
    assert all(p.scales for p in RANDOM)
    assert priors.RegularizedHorseshoe is priors.registry.get("RegularizedHorseshoe") is priors.RegularisedHorseshoe

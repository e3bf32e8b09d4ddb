"""Starting positions: draws along the recursion, from the prior where it is proper.

Where the link's domain is restricted, `inside_draw` redraws all sites until every row has a mean.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from numpyro.infer import util

from ..binding import Site
from ..errors import EstimatorError
from ..model import auxiliary_shift, predictors, prior_of, recorded, scales_first

BLOCKS, TRIES = 40, 256


def prior_draw(problem, key) -> dict[str, Any]:
    """Sites drawn along the recursion; an improper prior is replaced by a draw of the order of its unit, and a random
    scale by the middle one of nine: their tails are so heavy that a start there would overflow the link.
    """
    program, constants = problem.program, problem.constants
    theta: dict[str, Any] = {}
    keys = iter(jax.random.split(key, max(1, len(program.sites))))
    random = {scale.name for site in program.hierarchical for scale in site.scales}

    def one(site, shift, scales):
        law = prior_of(site, constants[site.name], shift, scales)
        if site.name in random:
            return jnp.median(law.sample(next(keys), (9,)), axis=0)
        return _site_draw(site, law, constants[site.name]["unit"], next(keys))

    draw = scales_first(recorded(one, theta))
    predictors(jnp.asarray(problem.data["X"][:1]), draw, program, constants)
    for site in program.auxiliaries:
        draw(site, auxiliary_shift(site, program, constants, theta))
    return theta


def inside_draw(problem, key) -> dict[str, Any]:
    """A `prior_draw` under which every row has a mean.

    Raises
    ------
    EstimatorError
        None of many draws is such.
    """
    theta = prior_draw(problem, key)
    link = problem.program.link
    if not link.restricted or _means_exist(problem, theta):
        return theta
    for block in range(BLOCKS):
        keys = jax.random.split(jax.random.fold_in(key, block), TRIES)
        found, first, several = _tries(problem, keys)
        if found:
            return jax.tree.map(lambda value, i=first: value[i], several)
    raise EstimatorError(
        f"No draw from the prior gives all rows a mean under the link {link.name!r}.",
        found=f"{link.formula}; {problem.n} rows, {BLOCKS * TRIES} draws",
        do=f"use tighter priors on the slopes, or the link {link.deep or 'log'!r}",
    )


def _means_exist(problem, theta):
    return jnp.all(problem.program.link.inside(problem.linear_predictor(theta)))


@jax.jit
def _tries(problem, keys):
    several = jax.vmap(lambda key: prior_draw(problem, key))(keys)
    good = jax.vmap(lambda theta: _means_exist(problem, theta))(several)
    return jnp.any(good), jnp.argmax(good), several


def _site_draw(site: Site, prior, unit, key):
    if all(block.proper for block in site.blocks):
        return prior.sample(key)
    noise = jax.random.normal(key, site.shape)
    value = unit * noise if site.blocks[0].affine else _inside(site, 0.1 * noise)
    for block, part in zip(site.blocks, getattr(prior, "parts", ()), strict=False):
        if block.proper:
            value = value.at[jnp.asarray(block.rows)].set(part.sample(jax.random.fold_in(key, block.rows[0])))
    return value


def _inside(site, noise):
    """A point of the site's support near the image of the origin."""
    transform = util.biject_to(site.support)
    return transform(noise[..., : transform.inv(transform(noise)).shape[-1]] if noise.ndim else noise)

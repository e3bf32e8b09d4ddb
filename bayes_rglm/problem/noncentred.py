"""Weights with random scales in non-centred coordinates: w = location + scale z instead of w itself.

Given its scales a hierarchical weight is of a location-scale family, so under the prior z does not depend on them: the
funnel between a small scale and its weights is gone, and samplers can keep one step size.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from numpyro.infer import util

from ..binding import Program, Site
from ..model import laws


def centred(program: Program, constants, sites: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Unconstrained sites of non-centred ones, and log |d w / d z|."""
    out, log_determinant = dict(sites), 0.0
    for site in program.hierarchical:
        for rows, loc, scale in _conditional(site, constants, sites):
            out[site.name] = out[site.name].at[rows].set(loc + scale * sites[site.name][rows])
            log_determinant += jnp.log(scale).sum()
    return out, log_determinant


def noncentred(program: Program, constants, sites: dict[str, Any]) -> dict[str, Any]:
    """Non-centred sites of unconstrained ones."""
    out = dict(sites)
    for site in program.hierarchical:
        for rows, loc, scale in _conditional(site, constants, sites):
            out[site.name] = out[site.name].at[rows].set((sites[site.name][rows] - loc) / scale)
    return out


def _conditional(site: Site, constants, sites):
    """(rows, location, scale) of the blocks of a site whose scales are random."""
    scales = {scale.name: util.biject_to(scale.support)(sites[scale.name]) for scale in site.scales}
    for block, law in laws(site, constants[site.name], 0.0, scales):
        if block.scales:
            yield (slice(None) if block.rows is None else jnp.asarray(block.rows)), law.loc, law.scale

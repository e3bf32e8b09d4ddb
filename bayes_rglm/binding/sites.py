"""One site at a time: its shape, support and prior blocks, and the frozen numbers `shift`, `unit` and `hyper`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpyro.distributions import constraints

from ..errors import PriorError
from ..families import Typical
from ..priors import Flat, Prior
from .keys import first_of
from .merging import check_shape, merge, stretch
from .program import Block, Site, is_real
from .scales import random_scales, refuse_hierarchical


@dataclass(frozen=True)
class LayerScale:
    """The frozen numbers a layer's scaled priors use: per input row `term` and `fan_in`, (inputs,) or (inputs, T) for
    several responses, and the layer's `centre`. `unit` is that of its predictor, () or (T,), `informed()` the standard
    error of a coefficient of a standardised input.
    """

    term: np.ndarray | None
    fan_in: np.ndarray
    centre: np.ndarray | None
    unit: float | np.ndarray = 1.0
    informed: Callable[[], float | None] = field(default=lambda: None)


def weights_site(name, shape, priors, scale: LayerScale, constants) -> Site:
    """The site of a layer's weights, (inputs, units) or (inputs,); its numbers go into `constants`."""
    units = np.stack([np.full(shape[1:], _unit(name, prior, scale, j)) for j, prior in enumerate(priors)])
    kinds: dict[tuple, list[int]] = {}
    for j, prior in enumerate(priors):
        kinds.setdefault((prior.form, prior), []).append(j)
    merged = merge(name, kinds)
    random = random_scales(name, shape, priors, scale.informed, scale.unit, constants)
    traits = {
        prior.form: {
            "proper": prior.proper,
            "kink": prior.kink,
            "scales": random.get(prior.form, ()),
            "log_concave": prior.log_concave,
        }
        for prior in priors
    }
    whole = len(merged) == 1
    supports = {repr(_support(prior)) for prior in priors}
    if len(supports) > 1:
        raise PriorError(
            f"All weights of one site share a support, and {name!r} would have several.",
            found=", ".join(sorted(supports)),
            do="give the columns of one layer priors on the same support",
        )
    support = _support(priors[0])
    blocks = tuple(Block(form, None if whole else rows, is_real(support), **traits[form]) for form, rows, _ in merged)
    hyper = tuple(stretch(hyper, len(shape) - 1) for _, _, hyper in merged)
    for (_, rows, _), numbers in zip(merged, hyper, strict=True):
        check_shape(name, numbers, (len(rows), *shape[1:]))
    constants[name] = {"shift": np.zeros(shape), "unit": units, "hyper": hyper}
    return Site(name, shape, support, blocks)


def _unit(name: str, prior: Prior, scale: LayerScale, j: int) -> Any:
    if isinstance(prior, Flat):
        return scale.fan_in[j] if scale.term is None else scale.term[j]  # used for starting points only
    if prior.scaling is None:
        return 1.0
    if prior.scaling == "fan_in":
        return scale.fan_in[j]
    if prior.scaling == "term" and scale.term is not None:
        return scale.term[j]
    if prior.scaling == "term" and prior.scales:  # units below count as standardised inputs, however many
        return scale.fan_in[j] * np.sqrt(len(scale.fan_in))
    raise PriorError(
        f"scaled={prior.scaling!r} has no meaning for the weights {name!r}.",
        found=repr(prior),
        do="use 'fan_in' in networks, 'term' on columns of the data, 'response' or 'centred' on intercepts",
    )


def intercept_site(name, shape, prior: Prior, typical: Typical | None, scale: LayerScale, constants) -> Site:
    """The site of a layer's intercepts; `typical` locates that of a response."""
    if prior.scaling not in (None, "centred", "response") or (prior.scaling == "response" and typical is None):
        raise PriorError(
            f"scaled={prior.scaling!r} has no meaning for the intercept {name!r}.",
            found=repr(prior),
            do="use 'centred' or, for the response, 'response'",
        )
    refuse_hierarchical(name, prior)
    located = prior.scaling == "response"
    shift = np.full(shape, np.asarray(typical.eta) if located else 0.0)
    unit = np.full(shape, typical.scale if located else 1.0)
    if isinstance(prior, Flat) and typical is not None:
        unit = np.full(shape, typical.scale)
    constants[name] = {"shift": shift, "unit": unit, "hyper": (prior.hyper(),)}
    if scale.centre is not None and len(scale.centre):
        constants[name]["centre"] = scale.centre if prior.scaling else np.zeros_like(scale.centre)
    check_shape(name, prior.hyper(), shape)
    support = _support(prior)
    block = Block(prior.form, None, is_real(support), prior.proper, prior.kink, log_concave=prior.log_concave)
    return Site(name, shape, support, (block,))


def auxiliary_site(parameter, keys, typical: Typical, constants, levels: int | None = None, responses: int = 0) -> Site:
    """The site of an auxiliary parameter: one number, one per response, or one per gap between levels."""
    prior = first_of(keys, ("aux", parameter.name)) or parameter.prior
    refuse_hierarchical(parameter.name, prior)
    allowed = (None, "response", "mean") if parameter.size is None else (None, "centred")
    if prior.scaling not in allowed:
        raise PriorError(
            f"scaled={prior.scaling!r} has no meaning for {parameter.name!r}.",
            do=f"use {' or '.join(map(repr, allowed))}",
        )
    shape = ((responses,) if responses else ()) if parameter.size is None else (levels - 1,)
    check_shape(parameter.name, prior.hyper(), shape)
    unit = np.full(shape, auxiliary_unit(parameter.name, prior, typical))
    constants[parameter.name] = {"shift": np.zeros(shape), "unit": unit, "hyper": (prior.hyper(),)}
    support = parameter.support if prior.support is None else prior.support
    return Site(parameter.name, shape, support, (Block(prior.form, None, is_real(support), prior.proper, prior.kink),))


def auxiliary_unit(name: str, prior: Prior, typical: Typical) -> Any:
    """What `prior.scaling` multiplies an auxiliary parameter by: 1, the response's spread, or its typical mean."""
    if prior.scaling == "mean" and not np.all(np.asarray(typical.mean) > 0):
        raise PriorError(
            f"scaled='mean' needs a response whose typical mean is positive, for {name!r}.",
            found=f"a typical mean of {np.min(typical.mean):g}",
            do="use 'response', or a prior in raw units",
        )
    return {"response": typical.scale, "mean": typical.mean}.get(prior.scaling, 1.0)


def _support(prior: Prior) -> Any:
    return constraints.real if prior.support is None else prior.support

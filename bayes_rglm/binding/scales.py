"""Hierarchical priors on a site: the sites of their random scales, and the frozen number that informs a global one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpyro.distributions import constraints

from ..errors import PriorError
from ..priors import Prior
from .program import Block, Scale, Site


def refuse_hierarchical(name: str, prior: Prior) -> None:
    """An error for a hierarchical prior on a site that is not an array of weights."""
    if prior.scales:
        raise PriorError(
            f"{name!r} cannot have a hierarchical prior: its scales are shared by the weights of a layer.",
            found=repr(prior),
            do="use a prior with a fixed scale there",
        )


def random_scales(name: str, shape, priors: list[Prior], informed, unit: float | np.ndarray, constants) -> dict:
    """{form: its random scales} of the hierarchical prior among `priors`, one per row of the weights `name`.

    `informed()` is pseudo-sigma / sqrt(n) and `unit` the layer's unit, an array for several responses. Numbers go into
    `constants`. At most one record: two would need two sites of one name.
    """
    records = [prior for prior in dict.fromkeys(priors) if prior.scales]
    if not records:
        return {}
    if len(records) > 1:
        raise PriorError(
            f"The weights of one layer share one hierarchical prior, and {name!r} would have {len(records)}.",
            found=", ".join(map(repr, records)),
            do="give the other columns a prior with a fixed scale",
        )
    record, rows = records[0], sum(prior == records[0] for prior in priors)
    sites = []
    for scale in record.scales:
        site = f"{name}_{scale.role}"
        size = scale.shape((rows, *shape[1:]))
        factor = _informed(name, record, informed, unit) if scale.informed else 1.0
        constants[site] = {"shift": np.zeros(size), "unit": np.full(size, factor), "hyper": (scale.prior.hyper(),)}
        block = Block(scale.prior.form, None, affine=False)
        sites.append(Scale(scale.role, scale.per, Site(site, size, constraints.positive, (block,))))
    return {record.form: tuple(sites)}


def _informed(name: str, prior: Prior, informed: Callable[[], float | None], unit: float | np.ndarray) -> float:
    if np.ndim(unit):
        raise PriorError(
            f"The global scale of the prior for {name!r} depends on what the rows tell of one response.",
            found=f"{prior!r}, {len(unit)} responses",
            do="use priors.HierarchicalNormal, a prior with a fixed scale, or fit each response by itself",
        )
    error = informed()
    if error is None:
        raise PriorError(
            f"The global scale of the prior for {name!r} depends on the number of rows, and there are none.",
            found=repr(prior),
            do="use priors.HierarchicalNormal, or a prior with a fixed scale",
        )
    return error if prior.scaling is None else error / unit


def standard_error(spec, design, typical) -> float | None:
    """Pseudo-sigma / sqrt(n): one over the root of the rows' expected information in eta, all at the typical response.

    That is the standard error of the coefficient of a standardised column. None without a response.
    """
    if design.y is None:
        return None
    rows = _rows(design)
    with np.errstate(all="ignore"):
        total = float(np.sum(_information(spec, design, typical) * rows))
    if not (np.isfinite(total) and total > 0.0):
        total = rows.sum() / typical.scale**2
    return 1.0 / float(np.sqrt(total))


def plain_error(design) -> float | None:
    """1 / sqrt(n): the same for a layer whose rows are taken to carry unit information."""
    return None if design.y is None else 1.0 / float(np.sqrt(_rows(design).sum()))


def _rows(design) -> np.ndarray:
    """How many observations each row stands for."""
    frequencies = design.weights is not None and design.weights_kind == "frequency"
    return np.asarray(design.weights, float) if frequencies else np.ones(design.n)


def _information(spec, design, typical) -> Any:
    """Expected information of each row in its linear predictor, as far as the family knows it."""
    family, link = spec.family, spec.link
    eta = np.asarray(typical.eta, float)
    if family.outputs == "levels":
        held = int(spec.coding == "reference")  # the first level has no predictor of its own
        eta = np.append(np.zeros(held), eta)
        p = np.exp(eta - eta.max())
        p = p / p.sum()
        return np.mean((p * (1.0 - p))[held:])
    if not hasattr(family, "information") or eta.ndim:
        return 1.0 / typical.scale**2
    eta = np.full(design.n, float(eta)) + (0.0 if design.offset is None else design.offset)
    rows = {name: getattr(design, name) for name in family.rows if getattr(design, name) is not None}
    y, mean, fixed = family.seen(np.asarray(design.y, float), **rows), link.inverse(eta), dict(spec.fixed)
    levels = None if design.levels is None else len(design.levels)
    starts = {
        p.name: p.start(y, mean) if p.size is None else p.start(y, link=link, levels=levels) for p in family.auxiliaries
    }
    return family.information(link, eta, **starts | fixed, **rows)

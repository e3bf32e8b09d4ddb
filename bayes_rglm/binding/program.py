"""The static half of a bound model: sites, shapes, links and the form of each prior; hashable, without arrays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from numpyro.distributions import constraints

from ..families import Family
from ..links import Link
from ..priors import Flat


@dataclass(frozen=True)
class Block:
    """Rows of a site that share one kind of prior; `rows=None` is the whole site.

    `affine` is False for bounded supports: those are never moved or rescaled. `kink` is the prior's. `scales` are the
    random scales of a hierarchical prior, `log_concave` is its own.
    """

    form: Any
    rows: tuple[int, ...] | None
    affine: bool
    proper: bool = True
    kink: Any = None
    scales: tuple[Scale, ...] = ()
    log_concave: bool = False


@dataclass(frozen=True)
class Site:
    """A random array of the model: its name, shape, support and prior blocks."""

    name: str
    shape: tuple[int, ...]
    support: Any = field(hash=False)  # NumPyro's constraints compare, but do not hash
    blocks: tuple[Block, ...]

    @property
    def scales(self) -> tuple[Site, ...]:
        """The random scales of its prior, which are drawn before it."""
        return tuple(scale.site for block in self.blocks for scale in block.scales)


@dataclass(frozen=True)
class Scale:
    """A random scale: its role in the prior's form, which weights share one (`priors._scales`), and its site."""

    role: str
    per: str
    site: Site


@dataclass(frozen=True)
class Affine:
    """One layer's affine map: h -> h @ weights + intercept; `activation` is None for the response."""

    weights: Site | None
    intercept: Site | None
    activation: Link | None


@dataclass(frozen=True)
class Head:
    """A linear predictor of an auxiliary parameter on the last hidden layer: value = link.inverse(predictor)."""

    name: str
    affine: Affine
    link: Link


@dataclass(frozen=True)
class Program:
    """The static half of a bound model; `levels` is K for a response of levels, `padded` whether the first has no
    linear predictor of its own, `responses` is T for several responses, else 0. `noncentred` is a matter of
    coordinates: see `problem.noncentred`.
    """

    layers: tuple[Affine, ...]
    auxiliaries: tuple[Site, ...]
    fixed: tuple[str, ...]
    family: Family
    link: Link
    heads: tuple[Head, ...] = ()
    levels: int | None = None
    padded: bool = False
    noncentred: bool = False
    responses: int = 0

    def distribution(self, eta, **values):
        """The NumPyro distribution of the rows; several responses are one event, whose densities are multiplied."""
        law = self.family.distribution(self.link, eta, **values)
        return law.to_event(1) if self.responses else law

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every random site, input side first, the random scales of a prior before its weights."""
        affine = [*self.layers, *(head.affine for head in self.heads)]
        pairs = [site for a in affine for site in (a.weights, a.intercept) if site is not None]
        return (*(one for site in pairs for one in (*site.scales, site)), *self.auxiliaries)

    @property
    def hierarchical(self) -> tuple[Site, ...]:
        """The weights whose priors have random scales."""
        return tuple(site for site in self.sites if site.scales)

    @property
    def first(self) -> tuple[Affine, ...]:
        """The affine maps that read the data's columns."""
        return (self.layers[0], *(head.affine for head in self.heads)) if self.depth == 1 else (self.layers[0],)

    @property
    def depth(self) -> int:
        """Number of layers, the response included."""
        return len(self.layers)


def flatten_priors(
    program: Program, constants: dict[str, Any], names: Collection[str] | None = None
) -> tuple[Program, dict[str, Any]]:
    """The same model with flat priors, what maximum likelihood maximises; `names`: flat for these sites only."""

    def flat(site: Site | None) -> Site | None:
        if site is None or (names is not None and site.name not in names):
            return site
        return replace(site, blocks=(Block(Flat().form, None, is_real(site.support), proper=False, log_concave=True),))

    def flat_affine(a: Affine) -> Affine:
        return replace(a, weights=flat(a.weights), intercept=flat(a.intercept))

    plain = replace(
        program,
        layers=tuple(map(flat_affine, program.layers)),
        auxiliaries=tuple(flat(s) for s in program.auxiliaries),
        heads=tuple(replace(h, affine=flat_affine(h.affine)) for h in program.heads),
    )
    asked = constants if names is None else names
    return plain, {k: {**v, "hyper": ({},)} if k in asked and "hyper" in v else v for k, v in constants.items()}


def is_real(support: Any) -> bool:
    """Whether a support is the whole line: such sites may be moved and rescaled."""
    return support is constraints.real

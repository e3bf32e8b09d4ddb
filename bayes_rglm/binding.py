"""Binding a specification to a design: which prior stands on which site, with which frozen numbers.

The result has two halves. `Program` is static and hashable: sites, shapes, links, the *form* of each prior. `constants`
are arrays: hyper-parameters, and for every site `shift` and `unit` such that w = shift + unit * w0 with w0 ~ prior.
Changing a number recompiles nothing. Sites are in raw units; standardising constants stand inside the prior scales:

=====================  ===============================================================================================
site                   default prior (s = the link's prior scale, sd_y = 1 unless the response is real-valued)
=====================  ===============================================================================================
`beta`, depth 1        Normal(0, sd_y s / norm_j), norm_j^2 = mean ||x_term - mean||^2 of the column's term
`intercept`            Normal(g(typical y) - centre . beta, sd_y s): a statement at the mean of the inputs (depth 1)
`beta_1`               Normal(0, g_1 / (norm_j sqrt(T))), T terms, g_1 the activation's input scale
`intercept_1`          Normal(-centre . beta_1, 1)
`beta_l`, deep `beta`  Normal(0, gain / sqrt(H)) of the layer below, times sd_y s for the response
auxiliary values       the family's own default (sigma: HalfNormal(sd_y))
=====================  ===============================================================================================

The intercept's location depends on the slopes, so the joint prior equals the usual one on centred, scaled inputs
times a constant Jacobian (checked in the tests).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpyro.distributions import constraints

from .design import Constants, Design, Term
from .errors import DataError, PriorError, SpecError, suggest
from .families import Family, Typical, refuse_roles
from .links import Link
from .merging import check_shape, merge, stretch
from .priors import Flat, Normal, Prior
from .spec import RGLM, reserved_names


@dataclass(frozen=True)
class Block:
    """Rows of a site that share one kind of prior; `rows=None` is the whole site.

    `affine` is False for bounded supports: those are never moved or rescaled.
    """

    form: Any
    rows: tuple[int, ...] | None
    affine: bool
    proper: bool = True
    smooth: bool = True


@dataclass(frozen=True)
class Site:
    """A random array of the model: its name, shape, support and prior blocks."""

    name: str
    shape: tuple[int, ...]
    support: Any = field(hash=False)  # NumPyro's constraints compare, but do not hash
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Affine:
    """One layer's affine map: h -> h @ weights + intercept; `activation` is None for the response."""

    weights: Site | None
    intercept: Site | None
    activation: Link | None


@dataclass(frozen=True)
class Program:
    """The static half of a bound model."""

    layers: tuple[Affine, ...]
    auxiliaries: tuple[Site, ...]
    fixed: tuple[str, ...]
    family: Family
    link: Link

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every random site, input side first."""
        pairs = [site for layer in self.layers for site in (layer.weights, layer.intercept) if site is not None]
        return (*pairs, *self.auxiliaries)

    @property
    def depth(self) -> int:
        """Number of layers, the response included."""
        return len(self.layers)


@dataclass(frozen=True)
class _Scale:
    """The frozen numbers a layer's scaled priors use: per input row `term` and `fan_in`, and the layer's `centre`."""

    term: np.ndarray | None
    fan_in: np.ndarray
    centre: np.ndarray | None


def bind(spec: RGLM, design: Design) -> tuple[Program, dict[str, Any]]:
    """The program and constants of `spec` on `design`. Raises `PriorError` for keys that name nothing or two things."""
    typical = _typical(spec, design)
    keys = _resolve_keys(spec, design)
    constants: dict[str, Any] = {"fixed": dict(spec.fixed), "typical": {"eta": typical.eta, "scale": typical.scale}}
    layers = tuple(_bind_layer(spec, design, l, typical, keys, constants) for l in range(1, spec.depth + 1))
    auxiliaries = tuple(_bind_auxiliary(p, keys, typical, constants) for p in spec.free_auxiliaries)
    program = Program(layers, auxiliaries, tuple(sorted(dict(spec.fixed))), spec.family, spec.link)
    return program, constants


def bind_network(
    spec: RGLM, inputs: int, outputs: int = 1, frozen: Constants | None = None
) -> tuple[Program, dict[str, Any]]:
    """Layers alone, without data: `inputs` columns, `outputs` linear predictors, nothing known of the response.

    Raises `PriorError` for a first layer whose prior scales depend on data, unless `frozen` constants are given.
    """
    if frozen is not None and np.shape(frozen.norm) != (inputs,):
        raise PriorError(
            "constants= must speak of the columns of X.",
            found=f"{np.size(frozen.norm)} constants, {inputs} columns",
            do="use the constants of the design that made X",
        )
    columns = _Columns(inputs, frozen)
    keys = _resolve_keys(spec, columns)
    first = spec.depth == 1
    needed = [*_weight_priors(spec, columns, 1, keys), _intercept_prior(spec, keys, "" if first else "_1", first)]
    dependent = next((prior for prior in needed if prior.scaling is not None), None)
    if frozen is None and dependent is not None:
        raise PriorError(
            "The first layer's prior depends on data, and a network inside a NumPyro model has none.",
            found=repr(dependent),
            do="pass constants=design.constants, or give explicit priors for 'beta_1' and 'intercept_1' in raw units",
        )
    constants: dict[str, Any] = {"fixed": {}}
    typical = Typical(0.0, 1.0)
    layers = tuple(_bind_layer(spec, columns, l, typical, keys, constants, outputs) for l in range(1, spec.depth + 1))
    return Program(layers, (), (), spec.family, spec.link), constants


class _Columns:
    """What binding reads of a design, for columns that have no names."""

    def __init__(self, inputs: int, frozen: Constants | None):
        self.p, self.intercept, self.y = inputs, True, None
        self.columns = tuple(f"x{j}" for j in range(inputs))
        self.terms = tuple(Term(name, (j,)) for j, name in enumerate(self.columns))
        self.constants = frozen or Constants(np.zeros(inputs), np.ones(inputs))


def flatten_priors(program: Program, constants: dict[str, Any]) -> tuple[Program, dict[str, Any]]:
    """The same model with flat priors: what maximum likelihood maximises."""

    def flat(site: Site | None) -> Site | None:
        return site and replace(site, blocks=(Block(Flat().form, None, _is_real(site.support), proper=False),))

    layers = tuple(replace(a, weights=flat(a.weights), intercept=flat(a.intercept)) for a in program.layers)
    plain = replace(program, layers=layers, auxiliaries=tuple(flat(s) for s in program.auxiliaries))
    return plain, {k: {**v, "hyper": ({},)} if "hyper" in v else v for k, v in constants.items()}


def smooth_priors(program: Program, constants: dict[str, Any]) -> tuple[Program, dict[str, Any]]:
    """The same model with the priors that have a kink left out: what a gradient can see."""
    changed = dict(constants)

    def smooth(site: Site | None) -> Site | None:
        if site is None or all(block.smooth for block in site.blocks):
            return site
        hyper = constants[site.name]["hyper"]
        pairs = zip(site.blocks, hyper, strict=True)
        changed[site.name] = {**constants[site.name], "hyper": tuple(h if b.smooth else {} for b, h in pairs)}
        flat = tuple(b if b.smooth else replace(b, form=Flat().form, proper=False, smooth=True) for b in site.blocks)
        return replace(site, blocks=flat)

    layers = tuple(replace(layer, weights=smooth(layer.weights)) for layer in program.layers)
    return replace(program, layers=layers), changed


def _typical(spec: RGLM, design: Design) -> Typical:
    if design.y is None:
        return Typical(0.0, 1.0)
    offset = np.zeros(design.n) if design.offset is None else design.offset
    weights = design.weights if design.weights_kind == "frequency" else None
    with np.errstate(all="ignore"):
        typical = spec.family.typical(spec.link, design.y, offset, weights)
    if not (np.isfinite(typical.eta) and np.isfinite(typical.scale)):
        sizes = {f"response {design.response!r}": design.y, "offset": offset}
        raise DataError(
            "The scale of the data is beyond what double precision can square or exponentiate.",
            found="; ".join(f"{name}: largest size {np.max(np.abs(v)):g}" for name, v in sizes.items()),
            do="use other units",
        )
    return typical


def _resolve_keys(spec: RGLM, design: Design) -> dict[tuple[str, str], Prior]:
    """Prior keys as (kind, name); a name with two meanings or none is an error."""
    reserved = reserved_names(spec)
    terms = {t.name for t in design.terms} | set(design.columns)
    resolved = {}
    for key, prior in spec.prior:
        if isinstance(key, tuple):
            kind, name = key
            if kind == "term" and name not in terms:
                raise _unknown(key, sorted(terms))
        elif key in terms and key in reserved:
            raise PriorError(
                f"The prior key {key!r} is ambiguous.",
                found=f"a term of the data and a {reserved[key]} of the model",
                do=f"write ('term', {key!r}) or ('{reserved[key]}', {key!r})",
            )
        elif key in terms:
            kind, name = "term", key
        elif key in reserved:
            kind, name = reserved[key], key
        else:
            raise _unknown(key, [*reserved, *sorted(terms)])
        if (kind, name) == ("site", "intercept") and not design.intercept:
            raise PriorError(
                "A prior is given for an intercept, and these data have none.",
                found=repr(key),
                do="drop it, or let the data have an intercept (no 0 + in a formula)",
            )
        resolved[kind, name] = prior
    return resolved


def _unknown(key, known) -> PriorError:
    name = key if isinstance(key, str) else key[1]
    return PriorError(
        "A prior is given for something that the model does not have.", found=repr(key), do=suggest(name, known)
    )


def _bind_layer(spec, design, l, typical, keys, constants, outputs: int = 1) -> Affine:
    response = l == spec.depth
    suffix = "" if response else f"_{l}"
    scale = _layer_scale(spec, design, l, typical)
    inputs = len(scale.fan_in)
    units = (spec.hidden[l - 1].units,) if not response else (outputs,) if outputs > 1 else ()
    weights = None
    if inputs:
        priors = _weight_priors(spec, design, l, keys)
        weights = _weights_site(f"beta{suffix}", (inputs, *units), priors, scale, constants)
    intercept = None
    if not response or design.intercept:
        prior = _intercept_prior(spec, keys, suffix, response)
        intercept = _intercept_site(f"intercept{suffix}", units, prior, typical if response else None, scale, constants)
    return Affine(weights, intercept, None if response else spec.hidden[l - 1].activation)


def _layer_scale(spec: RGLM, design: Design, l: int, typical: Typical) -> _Scale:
    unit = typical.scale if l == spec.depth else 1.0
    if l == 1:
        norm, terms = design.constants.norm, max(1, len(design.terms))
        return _Scale(unit / norm, unit / (norm * np.sqrt(terms)), design.constants.centre)
    below = spec.hidden[l - 2]
    return _Scale(None, np.full(below.units, unit * below.activation.gain / np.sqrt(below.units)), None)


def _default_weights(spec: RGLM, l: int) -> Prior:
    if l == spec.depth:
        return Normal(scale=spec.link.prior_scale, scaled="term" if l == 1 else "fan_in")
    return Normal(scale=spec.hidden[0].activation.input_scale if l == 1 else 1.0, scaled="fan_in")


def _intercept_prior(spec: RGLM, keys, suffix: str, response: bool) -> Prior:
    given = _first(keys, ("site", f"intercept{suffix}"))
    if given is not None:
        return given
    return Normal(scale=spec.link.prior_scale, scaled="response") if response else Normal(scaled="centred")


def _first(keys, *wanted) -> Prior | None:
    return next((keys[key] for key in wanted if key in keys), None)


def _weight_priors(spec: RGLM, design: Design, l: int, keys) -> list[Prior]:
    """One prior per input of layer l: column, then term, site, layer, "hidden", "default", the automatic one."""
    hidden = () if l == spec.depth else (("layer", f"layer_{l}"), ("layer", "hidden"))
    site = ("site", "beta" if l == spec.depth else f"beta_{l}")
    common = _first(keys, site, *hidden, ("default", "default")) or _default_weights(spec, l)
    if l > 1:
        return [common] * spec.hidden[l - 2].units
    priors = [common] * design.p
    for term in design.terms:
        for j in term.columns:
            own = _first(keys, ("term", design.columns[j]), ("term", term.name))
            priors[j] = own or priors[j]
    return priors


def _weights_site(name, shape, priors, scale: _Scale, constants) -> Site:
    units = np.stack([np.full(shape[1:], _unit(name, prior, scale, j)) for j, prior in enumerate(priors)])
    kinds: dict[tuple, list[int]] = {}
    for j, prior in enumerate(priors):
        kinds.setdefault((prior.form, prior), []).append(j)
    merged = merge(name, kinds)
    traits = {prior.form: {"proper": prior.proper, "smooth": prior.smooth} for prior in priors}
    whole = len(merged) == 1
    supports = {repr(_support(prior)) for prior in priors}
    if len(supports) > 1:
        raise PriorError(
            f"All weights of one site share a support, and {name!r} would have several.",
            found=", ".join(sorted(supports)),
            do="give the columns of one layer priors on the same support",
        )
    support = _support(priors[0])
    blocks = tuple(Block(form, None if whole else rows, _is_real(support), **traits[form]) for form, rows, _ in merged)
    hyper = tuple(stretch(hyper, len(shape) - 1) for _, _, hyper in merged)
    for (_, rows, _), numbers in zip(merged, hyper, strict=True):
        check_shape(name, numbers, (len(rows), *shape[1:]))
    constants[name] = {"shift": np.zeros(shape), "unit": units, "hyper": hyper}
    return Site(name, shape, support, blocks)


def _unit(name: str, prior: Prior, scale: _Scale, j: int) -> float:
    if isinstance(prior, Flat):
        return float(scale.fan_in[j] if scale.term is None else scale.term[j])  # used for starting points only
    if prior.scaling is None:
        return 1.0
    if prior.scaling == "fan_in":
        return float(scale.fan_in[j])
    if prior.scaling == "term" and scale.term is not None:
        return float(scale.term[j])
    raise PriorError(
        f"scaled={prior.scaling!r} has no meaning for the weights {name!r}.",
        found=repr(prior),
        do="use 'fan_in' in networks, 'term' on columns of the data, 'response' or 'centred' on intercepts",
    )


def _intercept_site(name, shape, prior: Prior, typical: Typical | None, scale: _Scale, constants) -> Site:
    if prior.scaling not in (None, "centred", "response") or (prior.scaling == "response" and typical is None):
        raise PriorError(
            f"scaled={prior.scaling!r} has no meaning for the intercept {name!r}.",
            found=repr(prior),
            do="use 'centred' or, for the response, 'response'",
        )
    located = prior.scaling == "response"
    shift = np.full(shape, typical.eta if located else 0.0)
    unit = np.full(shape, typical.scale if located else 1.0)
    if isinstance(prior, Flat) and typical is not None:
        unit = np.full(shape, typical.scale)
    constants[name] = {"shift": shift, "unit": unit, "hyper": (prior.hyper(),)}
    if scale.centre is not None and len(scale.centre):
        constants[name]["centre"] = scale.centre if prior.scaling else np.zeros_like(scale.centre)
    check_shape(name, prior.hyper(), shape)
    support = _support(prior)
    return Site(name, shape, support, (Block(prior.form, None, _is_real(support), prior.proper, prior.smooth),))


def _bind_auxiliary(parameter, keys, typical: Typical, constants) -> Site:
    prior = _first(keys, ("aux", parameter.name)) or parameter.prior
    if prior.scaling not in (None, "response"):
        raise PriorError(
            f"scaled={prior.scaling!r} has no meaning for {parameter.name!r}.", do="use 'response' or None"
        )
    check_shape(parameter.name, prior.hyper(), ())
    unit = np.asarray(typical.scale if prior.scaling == "response" else 1.0)
    constants[parameter.name] = {"shift": np.zeros(()), "unit": unit, "hyper": (prior.hyper(),)}
    support = parameter.support if prior.support is None else prior.support
    return Site(parameter.name, (), support, (Block(prior.form, None, _is_real(support), prior.proper, prior.smooth),))


def _support(prior: Prior) -> Any:
    return constraints.real if prior.support is None else prior.support


def _is_real(support: Any) -> bool:
    return support is constraints.real


def check_response(spec: RGLM, design: Design) -> None:
    """Refuse data that the model cannot have: a wrong support, unused roles, hidden layers without columns."""
    refuse_roles(spec.family, design)
    if design.y is not None:
        spec.family.check(design.y, design.response, design.levels, design.index)
    if spec.hidden and not design.p:
        raise SpecError(
            "A network needs at least one column of data.", found="p = 0", do="drop hidden= or add a column"
        )

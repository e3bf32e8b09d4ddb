"""Layer by layer: `bind` for a specification and a design, `bind_network` for layers inside a user's own model."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..design import Constants, Design, Term
from ..errors import DataError, PriorError, SpecError
from ..families import Typical, check_responses, refuse_roles, refuse_several, typical_responses
from ..priors import InducedDirichlet, Normal
from ..spec import RGLM
from .keys import first_of, intercept_prior, resolve_keys, weight_priors
from .program import Affine, Head, Program, Site
from .scales import plain_error, standard_error
from .sites import LayerScale, auxiliary_site, auxiliary_unit, intercept_site, weights_site


def bind(spec: RGLM, design: Design) -> tuple[Program, dict[str, Any]]:
    """The program and constants of `spec` on `design`. Raises `PriorError` for keys that name nothing or two things."""
    typical = _typical(spec, design)
    keys = resolve_keys(spec, design)
    constants: dict[str, Any] = {"fixed": dict(spec.fixed), "typical": {"eta": typical.eta, "scale": typical.scale}}
    levels = _levels(spec, design)
    outputs = _outputs(spec, levels, len(design.responses))
    layers = tuple(_bind_layer(spec, design, l, typical, keys, constants, outputs) for l in range(1, spec.depth + 1))
    heads = tuple(
        _bind_head(spec, design, spec.family.parameter(name), typical, keys, constants) for name in spec.heads
    )
    several = len(design.responses)
    auxiliaries = tuple(
        _bind_auxiliary(spec, design, p, typical, keys, constants, levels, several) for p in spec.free_auxiliaries
    )
    fixed = tuple(sorted(dict(spec.fixed)))
    padded = spec.coding == "reference"
    return Program(
        layers, auxiliaries, fixed, spec.family, spec.link, heads, levels, padded, responses=several
    ), constants


def _outputs(spec: RGLM, levels: int | None, responses: int) -> tuple[int, ...]:
    """Shape of a row's linear predictors: () for one, (T,) for several responses, (K,) for levels, (T, K) for both."""
    own = () if spec.family.outputs == "one" else (levels - (spec.coding == "reference"),)
    return (responses, *own) if responses else own


def _levels(spec: RGLM, design: Design) -> int | None:
    """Number of levels of the response, where the family has levels."""
    if spec.family.outputs == "one" and not any(p.size == "cutpoints" for p in spec.family.auxiliaries):
        return None
    if design.levels is not None:
        return len(design.levels)
    return int(design.top) + 1


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
    keys = resolve_keys(spec, columns)
    first = spec.depth == 1
    needed = [*weight_priors(spec, columns, 1, keys), intercept_prior(spec, keys, "" if first else "_1", first)]
    dependent = next((prior for prior in needed if prior.scaling is not None), None)
    if frozen is None and dependent is not None:
        raise PriorError(
            "The first layer's prior depends on data, and a network inside a NumPyro model has none.",
            found=repr(dependent),
            do="pass constants=design.constants, or give explicit priors for 'beta_1' and 'intercept_1' in raw units",
        )
    constants: dict[str, Any] = {"fixed": {}}
    typical = Typical(0.0, 1.0)
    shape = (outputs,) if outputs > 1 or spec.family.outputs == "levels" else ()
    layers = tuple(_bind_layer(spec, columns, l, typical, keys, constants, shape) for l in range(1, spec.depth + 1))
    return Program(layers, (), (), spec.family, spec.link), constants


class _Columns:
    """What binding reads of a design, for columns that have no names."""

    def __init__(self, inputs: int, frozen: Constants | None):
        self.p, self.intercept, self.y = inputs, True, None
        self.columns = tuple(f"x{j}" for j in range(inputs))
        self.terms = tuple(Term(name, (j,)) for j, name in enumerate(self.columns))
        self.constants = frozen or Constants(np.zeros(inputs), np.ones(inputs))


def _typical(spec: RGLM, design: Design) -> Typical:
    if design.y is None:
        return Typical(0.0, 1.0)
    offset = np.zeros(design.n) if design.offset is None else design.offset
    weights = design.weights if design.weights_kind == "frequency" else None
    rows = {} if design.responses else {name: getattr(design, name) for name in spec.family.rows}
    rows |= {"levels": _levels(spec, design)} if spec.family.outputs == "levels" else {}
    with np.errstate(all="ignore"):
        typical = typical_responses(spec.family, spec.link, design.y, offset, weights, **rows)
    if not (np.all(np.isfinite(typical.eta)) and np.all(np.isfinite(typical.scale))):
        sizes = {f"response {design.response!r}": design.y, "offset": offset}
        raise DataError(
            "The scale of the data is beyond what double precision can square or exponentiate.",
            found="; ".join(f"{name}: largest size {np.max(np.abs(v)):g}" for name, v in sizes.items()),
            do="use other units",
        )
    if spec.coding == "reference":
        eta = np.asarray(typical.eta)
        return Typical(eta[..., 1:] - eta[..., :1], typical.scale)
    if spec.family.outputs != "one":
        return typical
    with np.errstate(all="ignore"):
        return replace(typical, mean=spec.link.inverse(typical.eta + np.average(offset, weights=weights)))


def _bind_layer(spec, design, l, typical, keys, constants, outputs: tuple[int, ...] = ()) -> Affine:
    response = l == spec.depth
    suffix = "" if response else f"_{l}"
    scale = _layer_scale(spec, design, l, typical)
    inputs = len(scale.fan_in)
    units = outputs if response else (spec.hidden[l - 1].units,)
    weights = None
    if inputs:
        priors = weight_priors(spec, design, l, keys)
        weights = weights_site(f"beta{suffix}", (inputs, *units), priors, scale, constants)
    intercept = None
    if not response or (design.intercept and spec.family.intercept):
        prior = intercept_prior(spec, keys, suffix, response)
        intercept = intercept_site(f"intercept{suffix}", units, prior, typical if response else None, scale, constants)
    return Affine(weights, intercept, None if response else spec.hidden[l - 1].activation)


def _bind_head(spec: RGLM, design: Design, parameter, typical: Typical, keys, constants) -> Head:
    """A head's affine map: default slopes Normal(0, 0.5) in standard units on the link's scale, an intercept at the
    parameter's typical value.
    """
    depth = spec.depth
    scale = replace(_layer_scale(spec, design, depth, Typical(0.0, 1.0)), informed=partial(plain_error, design))
    weights_name, intercept_name = f"beta_{parameter.name}", f"intercept_{parameter.name}"
    weights = None
    if len(scale.fan_in):
        common = first_of(keys, ("site", weights_name), ("default", "default"))
        common = common or Normal(scale=0.5, scaled="term" if depth == 1 else "fan_in")
        weights = weights_site(weights_name, (len(scale.fan_in),), [common] * len(scale.fan_in), scale, constants)
    middle = np.float64(parameter.typical * auxiliary_unit(parameter.name, parameter.prior, typical))
    located = Typical(float(parameter.link.forward(middle)), 1.0)
    prior = first_of(keys, ("site", intercept_name)) or Normal(scale=1.0, scaled="response")
    intercept = intercept_site(intercept_name, (), prior, located, scale, constants)
    return Head(parameter.name, Affine(weights, intercept, None), parameter.link)


def _bind_auxiliary(
    spec: RGLM, design: Design, parameter, typical: Typical, keys, constants, levels: int | None, several: int
) -> Site:
    """An auxiliary site. Cut-points stand for the intercept, with the other sign: their prior knows the link, and where
    it is centred it speaks of the mean of the columns and of the offset.
    """
    if parameter.size != "cutpoints":
        return auxiliary_site(parameter, keys, typical, constants, levels, several)
    prior = first_of(keys, ("aux", parameter.name)) or parameter.prior
    prior = prior.under(spec.link.name) if isinstance(prior, InducedDirichlet) else prior
    site = auxiliary_site(parameter, {**keys, ("aux", parameter.name): prior}, typical, constants, levels)
    if prior.scaling == "centred":
        own = constants[site.name]
        own["shift"] = own["shift"] - np.asarray(typical.eta)
        if spec.depth == 1 and design.p:
            own["centre"] = design.constants.centre
        return replace(site, blocks=tuple(replace(block, affine=True) for block in site.blocks))
    return site


def _layer_scale(spec: RGLM, design: Design, l: int, typical: Typical) -> LayerScale:
    response = l == spec.depth
    unit = typical.scale if response else 1.0
    informed = partial(standard_error, spec, design, typical) if response else partial(plain_error, design)
    if l == 1:
        norm, terms = design.constants.norm.reshape(-1, *(1,) * np.ndim(unit)), max(1, len(design.terms))
        return LayerScale(unit / norm, unit / (norm * np.sqrt(terms)), design.constants.centre, unit, informed)
    below = spec.hidden[l - 2]
    fan_in = unit * below.activation.gain / np.sqrt(below.units)
    return LayerScale(None, np.full((below.units, *np.shape(unit)), fan_in), None, unit, informed)


def _check_codes(spec: RGLM, design: Design) -> None:
    """Refuse codes that do not begin at 0, and an order of levels that nobody chose."""
    ordered = any(p.size == "cutpoints" for p in spec.family.auxiliaries)
    if design.levels is None and not design.is_part and (ordered or spec.family.outputs == "levels"):
        least = float(np.min(design.y))
        if least > 0:
            raise DataError(
                f"The codes of the levels of {design.response!r} begin at 0.",
                found=f"{least:g} is the smallest",
                do="subtract it, or give a pandas Categorical, whose labels are kept",
            )
    if ordered and design.alphabetical and len(design.levels) > 2:
        raise DataError(
            f"The levels of the ordinal response {design.response!r} have no order but the alphabet's.",
            found=" < ".join(map(repr, design.levels)),
            do="code them 0, 1, 2, ... from lowest to highest (in a file, too), or convert them with "
            "pandas.Categorical(column, categories=[lowest, ..., highest], ordered=True)",
        )


def check_response(spec: RGLM, design: Design) -> None:
    """Refuse data that the model cannot have: a wrong support, unused roles, hidden layers without columns."""
    refuse_several(spec.family, design, spec.heads)
    refuse_roles(spec.family, design)
    if design.y is not None:
        rows = {name: getattr(design, name) for name in spec.family.rows}
        check_responses(spec.family, design, **rows)
        _check_codes(spec, design)
    if spec.hidden and not design.p:
        raise SpecError(
            "A network needs at least one column of data.", found="p = 0", do="drop hidden= or add a column"
        )

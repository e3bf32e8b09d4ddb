"""The specification of a recursive GLM: hidden layers, a response family, priors. Data-free and hashable.

    h_0 = x    h_l = f_l(h_{l-1} B_l + a_l)    eta = h_{L-1} B + a + offset    mu = f(eta)    y ~ Family(mu, ...)

`RGLM(family)` with `hidden=()` is an ordinary generalised linear model. Every check that needs no data is made here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import families, links
from .errors import PriorError, SpecError, suggest
from .families import Family
from .links import Link
from .priors import Prior, as_prior

Key = str | tuple[str, str]
KEY_KINDS = ("term", "site", "layer", "aux")
CODINGS = ("symmetric", "reference")


@dataclass(frozen=True)
class Layer:
    """A hidden layer of `units` with an activation: the inverse of the link of that name ("tanh", "relu", ...)."""

    units: int
    activation: str | Link = "tanh"

    def __post_init__(self):
        if isinstance(self.units, bool) or not isinstance(self.units, int) or self.units < 1:
            raise SpecError(
                "A hidden layer has a positive whole number of units.",
                found=f"units={self.units!r}",
                do='for example hidden=(8, 4) or Layer(8, "relu")',
            )
        object.__setattr__(self, "activation", links.hidden_unit(self.activation))

    def __repr__(self) -> str:
        return f"Layer({self.units}, {self.activation.name!r})"


@dataclass(frozen=True, init=False)
class RGLM:
    """A recursive generalised linear model.

    Parameters
    ----------
    family : str
        A name of `families.names()`, for example "gaussian", "bernoulli", "poisson".
    link : str, optional
        A link of that family; its first one by default. Behind hidden layers a link with a restricted domain becomes
        its twin on the softplus of the linear predictor: "sqrt" is then "sqrt_softplus", "reciprocal"
        "inverse_softplus", "identity_positive" "softplus".
    hidden : sequence of int or Layer
        Widths of the hidden layers, input side first. Empty: an ordinary GLM.
    activation : str
        The activation of layers given as a bare width.
    prior : Prior, NumPyro distribution or mapping, optional
        One prior for all weights, or a mapping from a term, a layer ("hidden", "layer_1"), a site ("beta", "intercept",
        "beta_1"), an auxiliary parameter ("sigma") or "default". An ambiguous name is decided by ("term", "sigma"),
        ("site", ...), ("layer", ...) or ("aux", ...). Explicit priors are in raw units. Without one: see `binding`.
    fixed : mapping, optional
        Auxiliary parameters held at a value, for example {"sigma": 1.0}.
    heads : sequence of str
        Auxiliary parameters with a linear predictor of their own on the last hidden layer: `heads=("sigma",)` models
        log sigma with sites `beta_sigma` and `intercept_sigma`.
    coding : "symmetric" or "reference", optional
        Of a categorical response: one linear predictor per level (the default; a proper prior identifies them), or
        none for the first level. A property of the model, for every estimator alike.

    Raises
    ------
    SpecError, PriorError
        Naming the offending value and the choices.
    """

    family: Family
    link: Link
    hidden: tuple[Layer, ...]
    prior: tuple[tuple[Key, Prior], ...]
    fixed: tuple[tuple[str, float], ...]
    heads: tuple[str, ...]
    coding: str | None

    def __init__(self, family, link=None, hidden=(), activation="tanh", heads=(), prior=None, fixed=None, coding=None):
        family = families.get(family)
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("family", family)
        put("link", family.link(link))
        put("hidden", _layers(hidden, activation))
        put("link", _of_depth(family, self.link, self.hidden))
        put("prior", _prior_items(prior))
        put("fixed", _fixed_items(family, fixed))
        put("heads", _heads(family, heads, dict(self.fixed)))
        put("coding", _coding(family, coding))
        _check_keys(self)

    @property
    def depth(self) -> int:
        """Number of layers, the response included: 1 is an ordinary GLM."""
        return len(self.hidden) + 1

    @property
    def free_auxiliaries(self):
        """The family's auxiliary parameters that are neither held fixed nor modelled by a head."""
        held = {*dict(self.fixed), *self.heads}
        return tuple(p for p in self.family.auxiliaries if p.name not in held)

    def with_prior(self, prior) -> RGLM:
        """A copy with another prior: a single prior replaces the default, a mapping replaces the keys it names."""
        new = {**dict(self.prior), **dict(_prior_items(prior))}
        return self._replace(prior=tuple(sorted(new.items(), key=_order)))

    def with_hidden(self, hidden, activation="tanh") -> RGLM:
        """A copy with other hidden layers. A link that hidden layers replaced by its twin stays the twin."""
        return self._replace(hidden=_layers(hidden, activation))

    def _replace(self, **changes) -> RGLM:
        values = {"prior": self.prior, "hidden": self.hidden, "fixed": self.fixed, **changes}
        return RGLM(
            self.family,
            self.link,
            hidden=values["hidden"],
            heads=self.heads,
            prior=dict(values["prior"]),
            fixed=dict(values["fixed"]),
            coding=self.coding,
        )

    def __repr__(self) -> str:
        parts = [repr(self.family.name)]
        if self.link != self.family.links[0]:
            parts.append(f"link={self.link.name!r}")
        if self.hidden:
            parts.append(f"hidden={self.hidden!r}")
        if self.heads:
            parts.append(f"heads={self.heads!r}")
        if self.prior:
            parts.append(f"prior={dict(self.prior)!r}")
        if self.fixed:
            parts.append(f"fixed={dict(self.fixed)!r}")
        if self.coding not in (None, CODINGS[0]):
            parts.append(f"coding={self.coding!r}")
        return f"RGLM({', '.join(parts)})"


def reserved_names(spec: RGLM) -> dict[str, str]:
    """Every name that a prior mapping may use without data, and what it means: site, layer, aux or default."""
    names = {"default": "default", "beta": "site", "intercept": "site"}
    names |= {"hidden": "layer"} if spec.hidden else {}
    for l in range(1, spec.depth):
        names |= {f"beta_{l}": "site", f"intercept_{l}": "site", f"layer_{l}": "layer"}
    for name in spec.heads:
        names |= {f"beta_{name}": "site", f"intercept_{name}": "site"}
    return names | {p.name: "aux" for p in spec.family.auxiliaries if p.name not in spec.heads}


def _heads(family: Family, heads: Any, fixed: dict[str, float]) -> tuple[str, ...]:
    heads = (heads,) if isinstance(heads, str) else () if heads is None else heads
    if not isinstance(heads, Sequence):
        raise SpecError(
            "heads is a sequence of names.",
            found=f"heads={heads!r}",
            do='for example RGLM("gaussian", heads=("sigma",))',
        )
    heads = tuple(heads)
    known = [p.name for p in family.auxiliaries if p.link is not None]
    for name in heads:
        if name not in known:
            raise SpecError(
                f"heads names auxiliary parameters of {family.name!r} that can be modelled.",
                found=repr(name),
                do=suggest(name, known),
            )
        if name in fixed or heads.count(name) > 1:
            raise SpecError("A parameter is fixed or has one head.", found=repr(name), do="drop it from heads or fixed")
    return heads


def _of_depth(family: Family, link: Link, hidden: tuple[Layer, ...]) -> Link:
    """The link itself, or its twin without a restricted domain where hidden layers make the linear predictor."""
    if not hidden or not link.restricted:
        return link
    twin = next((other for other in family.links if other.name == link.deep), None)
    if twin is None:
        raise SpecError(
            f"A network's linear predictor is any number, and the link {link.name!r} has a mean for some only.",
            found=f"link={link.name!r}, {link.formula}, hidden={hidden!r}",
            do=f"use one of {', '.join(x.name for x in family.links if not x.restricted)}",
        )
    return twin


def _coding(family: Family, coding: str | None) -> str | None:
    if family.outputs == "levels":
        if coding not in (None, *CODINGS):
            raise SpecError("coding is that of a categorical response.", found=repr(coding), do=", ".join(CODINGS))
        return coding or CODINGS[0]
    if coding is not None:
        raise SpecError(f"The family {family.name!r} has no coding.", found=f"coding={coding!r}", do="leave it out")
    return None


def _layers(hidden: Any, activation: str | Link) -> tuple[Layer, ...]:
    if isinstance(hidden, int | Layer) and not isinstance(hidden, bool):
        hidden = (hidden,)
    if isinstance(hidden, str | Mapping) or not hasattr(hidden, "__iter__"):
        raise SpecError(
            "hidden is a sequence of layer widths.", found=f"hidden={hidden!r}", do="for example hidden=(16, 8)"
        )
    return tuple(h if isinstance(h, Layer) else Layer(_whole(h), activation) for h in hidden)


def _whole(width: Any) -> Any:
    return int(width) if hasattr(width, "__index__") and not isinstance(width, bool) else width


def _prior_items(prior: Any) -> tuple[tuple[Key, Prior], ...]:
    if prior is None:
        return ()
    if not isinstance(prior, Mapping):
        return (("default", as_prior(prior, "default")),)
    return tuple(sorted(((_key(key), as_prior(value, str(key))) for key, value in prior.items()), key=_order))


def _order(item: tuple[Key, Prior]) -> tuple[str, ...]:
    return (item[0],) if isinstance(item[0], str) else item[0]


def _key(key: Any) -> Key:
    if isinstance(key, str):
        return key
    if isinstance(key, tuple) and len(key) == 2 and key[0] in KEY_KINDS and isinstance(key[1], str):
        return key
    raise PriorError(
        "A prior is keyed by a name, or by a pair such as ('term', 'sigma').",
        found=repr(key),
        do=f"the first of a pair is one of {', '.join(KEY_KINDS)}",
    )


def _fixed_items(family: Family, fixed: Any) -> tuple[tuple[str, float], ...]:
    items = []
    known = [p.name for p in family.auxiliaries]
    if fixed is not None and not isinstance(fixed, Mapping):
        raise SpecError(
            "fixed maps auxiliary parameters to numbers.", found=f"fixed={fixed!r}", do='for example {"sigma": 1.0}'
        )
    for name, value in dict(fixed or {}).items():
        if name not in known:
            raise SpecError(
                f"fixed holds auxiliary parameters of {family.name!r}.", found=repr(name), do=suggest(name, known)
            )
        if family.parameter(name).size is not None:
            raise SpecError(
                f"fixed holds numbers, and {name} is a vector.", found=f"{name}={value!r}", do="give it a narrow prior"
            )
        number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not bool(family.parameter(name).support(float(value))):
            raise SpecError(
                f"{name} must lie in its support, {family.parameter(name).support}.",
                found=f"{name}={value!r}",
                do="give a number of that support, or leave the parameter free",
            )
        items.append((name, float(value)))
    return tuple(sorted(items))


def _probes(support) -> list[float]:
    """Numbers around the usual supports' ends, and inside the support's own ends where it has any."""
    low, high = (getattr(support, name, None) for name in ("lower_bound", "upper_bound"))
    probes = [-1e6, -1.0, -1e-6, 1e-6, 0.5, 1.0, 1e6]
    probes += [] if low is None else [low + 1e-6 * max(1.0, abs(low))]
    probes += [] if high is None else [high - 1e-6 * max(1.0, abs(high))]
    return probes + ([] if low is None or high is None else [0.5 * (low + high)])


def _check_keys(spec: RGLM) -> None:
    """What can be checked of prior keys without data: pairs name something, supports fit, nothing fixed has a prior."""
    names, held = reserved_names(spec), dict(spec.fixed)
    for key, prior in spec.prior:
        kind, name = key if isinstance(key, tuple) else (names.get(key), key)
        if isinstance(key, tuple) and kind != "term" and names.get(name) != kind:
            known = [n for n, what in names.items() if what == kind]
            raise PriorError(f"The model has no {kind} of that name.", found=repr(key), do=suggest(name, known))
        if kind == "aux":
            if name in held:
                raise PriorError(
                    f"{name} is held fixed and cannot have a prior.", do="drop it from prior or from fixed"
                )
            _check_support(spec.family.parameter(name), prior)
        elif getattr(prior, "vector", False):
            raise PriorError(
                "A prior of ordered vectors is for cut-points.",
                found=f"{prior!r} for {key!r}",
                do='use it as {"cutpoints": ...} of an ordinal response',
            )


def _check_support(parameter, prior: Prior) -> None:
    if parameter.size is not None or getattr(prior, "vector", False):
        if prior.support is None or (parameter.size is not None and getattr(prior, "vector", False)):
            return
        raise PriorError(
            f"{parameter.name!r} is {'a number' if parameter.size is None else 'an ordered vector'} and needs a prior "
            "of that kind.",
            found=repr(prior),
            do="use for example priors."
            + ("HalfNormal(scale=1.0)" if parameter.size is None else "InducedDirichlet(concentration=1.0)"),
        )
    if prior.support is None:
        return
    outside = [x for x in _probes(prior.support) if bool(prior.support(x)) and not bool(parameter.support(x))]
    if outside:
        raise PriorError(
            f"The prior for {parameter.name!r} reaches outside its support, {parameter.support}.",
            found=f"{prior!r} allows {outside[0]:g}",
            do="use a prior on that support, for example HalfNormal or a truncated NumPyro distribution",
        )


__all__ = ["KEY_KINDS", "Layer", "RGLM", "reserved_names"]

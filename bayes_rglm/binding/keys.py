"""Which prior a site gets: the keys of a prior mapping, and the defaults of sites without a key."""

from __future__ import annotations

from ..design import Design
from ..errors import PriorError, suggest
from ..priors import Normal, Prior
from ..spec import RGLM, reserved_names


def resolve_keys(spec: RGLM, design: Design) -> dict[tuple[str, str], Prior]:
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
        if (kind, name) == ("site", "intercept") and not spec.family.intercept:
            raise PriorError(
                f"A prior is given for an intercept, and the family {spec.family.name!r} has cut-points instead.",
                found=repr(key),
                do="drop it, or give a prior for 'cutpoints'",
            )
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


def first_of(keys, *wanted) -> Prior | None:
    """The prior of the first of these keys that was given."""
    return next((keys[key] for key in wanted if key in keys), None)


def weight_priors(spec: RGLM, design: Design, l: int, keys) -> list[Prior]:
    """One prior per input of layer l: column, then term, site, layer, "hidden", "default", the automatic one."""
    hidden = () if l == spec.depth else (("layer", f"layer_{l}"), ("layer", "hidden"))
    site = ("site", "beta" if l == spec.depth else f"beta_{l}")
    common = first_of(keys, site, *hidden, ("default", "default")) or _default_weights(spec, l)
    if l > 1:
        return [common] * spec.hidden[l - 2].units
    priors = [common] * design.p
    for term in design.terms:
        for j in term.columns:
            own = first_of(keys, ("term", design.columns[j]), ("term", term.name))
            priors[j] = own or priors[j]
    return priors


def _default_weights(spec: RGLM, l: int) -> Prior:
    if l == spec.depth:
        return Normal(scale=spec.link.prior_scale, scaled="term" if l == 1 else "fan_in")
    return Normal(scale=spec.hidden[0].activation.input_scale if l == 1 else 1.0, scaled="fan_in")


def intercept_prior(spec: RGLM, keys, suffix: str, response: bool) -> Prior:
    """The prior of a layer's intercept: the given one, or the default of the response or of a hidden layer."""
    given = first_of(keys, ("site", f"intercept{suffix}"))
    if given is not None:
        return given
    return Normal(scale=spec.link.prior_scale, scaled="response") if response else Normal(scaled="centred")

"""The model as a reader of statistics writes it, and its priors with the data's numbers put in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import priors
from ..plots.numbers import number
from ..problem import Problem
from ..spec import RGLM
from .markup import Markup, join, safe, tag

_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

INVERSES = {
    "identity": "{}",
    "logit": "1 / (1 + exp(−{}))",
    "log": "exp({})",
    "tanh": "tanh({})",
    "relu": "max(0, {})",
    "softplus": "log(1 + exp({}))",
}
RESPONSES = {
    "gaussian": ("Normal", ("μ", "σ")),
    "bernoulli": ("Bernoulli", ("μ",)),
    "poisson": ("Poisson", ("μ",)),
}
GREEK = {"sigma": "σ"}


@dataclass(frozen=True)
class Line:
    """One line of the model: the formula, and in words what it is."""

    formula: Markup
    meaning: Markup


def lines(model: RGLM, *, columns: int | None = None, intercept: bool = True, offset: bool = False) -> list[Line]:
    """The recursion, from the row of predictors to the distribution of the response."""
    found = [Line(_math("h₀ = x"), safe("a row of predictors" + (f", {columns} columns" if columns else "")))]
    for l, layer in enumerate(model.hidden, 1):
        inside = f"h{_sub(l - 1)} B{_sub(l)} + a{_sub(l)}"
        units = f"hidden layer {l}: {layer.units} {layer.activation.name} unit{'s' if layer.units > 1 else ''}; "
        sites = join((tag("code", f"beta_{l}"), tag("code", f"intercept_{l}")), " and ")
        found.append(Line(_math(f"h{_sub(l)} = {_inverse(layer.activation, inside)}"), join((units, sites))))
    eta = f"η = h{_sub(model.depth - 1)} B" + (" + a" if intercept else "") + (" + offset" if offset else "")
    sites = join((tag("code", "beta"), *([tag("code", "intercept")] if intercept else [])), " and ")
    found.append(Line(_math(eta), join(("linear predictor; ", sites))))
    found.append(Line(_math(f"μ = {_inverse(model.link, 'η')}"), safe(f"mean, by the {model.link.name} link")))
    name, parameters = RESPONSES.get(model.family.name, (model.family.name.capitalize(), ("μ",)))
    found.append(Line(_math(f"y ~ {name}({', '.join(parameters)})"), safe(f"response, {model.family.name} family")))
    return found


def _inverse(link, inside: str) -> str:
    """f(inside), with a name for what has no common formula."""
    form = INVERSES.get(link.name, link.name + "({})")
    grouped = f"({inside})" if " " in inside and form in ("{}", INVERSES["logit"]) else inside
    return form.format(grouped if form != "{}" else inside)


def _sub(number_: int) -> str:
    return str(number_).translate(_DIGITS)


def _math(text: str) -> Markup:
    """Symbols of one letter in italics, words upright."""
    out, word = [], ""
    for character in f"{text} ":
        if character.isalpha() and character not in "₀₁₂₃₄₅₆₇₈₉":
            word += character
            continue
        out.append(tag("i", word) if len(word) == 1 else safe(word))
        out.append(safe(character))
        word = ""
    return Markup("".join(out).strip())


# priors ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resolved:
    """The prior of one site with the frozen numbers of the data put in; `words` is a sentence about it."""

    site: str
    size: int
    prior: str
    words: str


def priors_of(problem: Problem) -> list[Resolved]:
    """Priors of all sites, as they stand in raw units."""
    model = problem.spec
    return [
        Resolved(site.name, int(np.prod(site.shape, dtype=int)), *_describe(problem, site, model))
        for site in problem.program.sites
    ]


def column_priors(problem: Problem) -> list[str]:
    """At depth 1: the prior of each column's coefficient."""
    site = problem.program.layers[0].weights
    if site is None:
        return []
    pieces = _pieces(problem, site)
    return [pieces.get(j, pieces.get(None))(j) for j in range(site.shape[0])]


def _describe(problem: Problem, site, model: RGLM) -> tuple[str, str]:
    own = problem.constants[site.name]
    pieces = list(
        dict.fromkeys(_summary(block, own, hyper) for block, hyper in zip(site.blocks, own["hyper"], strict=True))
    )
    text = "; ".join(pieces)
    if np.any(own.get("centre", 0.0)):
        below = "B" if site.name == "intercept" else f"B{_sub(int(site.name.rsplit('_', 1)[1]))}"
        text += f", at the mean of the columns (its location moves by −x̄ {below})"
    return text, _words(problem, site, model)


def _summary(block, own, hyper) -> str:
    """The distribution of a block; a range where its numbers differ from column to column."""
    rows = ... if block.rows is None else list(block.rows)
    unit, shift = np.asarray(own["unit"], float)[rows], np.asarray(own["shift"], float)[rows]
    name = _kind(block.form)
    if name == "Flat":
        return "flat"
    if "scale" not in hyper:
        inside = ", ".join(f"{k} {_span(np.asarray(v, float))}" for k, v in hyper.items() if not isinstance(v, dict))
        moved = "" if np.all(unit == 1.0) and np.all(shift == 0.0) else f", times {_span(unit)}"
        return f"{name}({inside}){moved}"
    scale = _span(unit * np.asarray(hyper["scale"], float))
    if "loc" not in hyper:
        return f"{name}({scale})"
    return f"{name}({_span(shift + unit * np.asarray(hyper['loc'], float))}, {scale})"


def _kind(form) -> str:
    """The name of a prior from the form that it gave."""
    if hasattr(form, "distribution"):
        return form.distribution
    plain = [cls for cls in priors.registry if cls is not priors.NumPyro]
    return next((cls.__name__.replace("HalfNormal", "half-Normal") for cls in plain if cls().form is form), "prior")


def _span(values: np.ndarray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return number(low) if np.isclose(low, high, rtol=1e-9) else f"{number(low, 2)} … {number(high, 2)}"


def _pieces(problem: Problem, site):
    own, found = problem.constants[site.name], {}
    for block, hyper in zip(site.blocks, own["hyper"], strict=True):
        rows = [None] if block.rows is None else list(block.rows)
        for place, j in enumerate(rows):
            found[j] = _one_row(block, own, hyper, None if block.rows is None else place)
    return found


def _one_row(block, own, hyper, place: int | None):
    """What writes the prior of one row of a site."""

    def write(j: int) -> str:
        numbers = {
            k: v if isinstance(v, dict) or np.ndim(v) == 0 or place is None else np.asarray(v)[place]
            for k, v in hyper.items()
        }
        part = {"unit": np.asarray(own["unit"])[j], "shift": np.asarray(own["shift"])[j]}
        return _summary(_Whole(block.form), part, numbers)

    return write


@dataclass(frozen=True)
class _Whole:
    form: object
    rows: None = None


def _words(problem: Problem, site, model: RGLM) -> str:
    if model.prior:
        return ""
    link, unit = model.link, "the response's standard deviation" if model.family.name == "gaussian" else ""
    if site.name == "beta" and model.depth == 1:
        step = unit if unit else f"{number(link.prior_scale, 2)}"
        return f"when its term moves by one standard deviation, the linear predictor moves by about {step}"
    if site.name == "intercept":
        return "around a typical response"
    if site.name == "beta":
        return "scaled by the number of units, so that wider networks are not wilder"
    if site.name.startswith("beta_"):
        return "scaled by the number of inputs and their spread"
    if site.name.startswith("intercept_"):
        return "where a unit switches, in units of its input"
    return "on the scale of the response" if unit else ""

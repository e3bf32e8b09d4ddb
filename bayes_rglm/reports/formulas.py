"""The model as a reader of statistics writes it: from the row of predictors to the distribution of the response."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import RGLM
from .markup import Markup, join, safe, tag

_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_BELOW = "₀₁₂₃₄₅₆₇₈₉ₖⱼ"

INVERSES = {
    "identity": "{}",
    "identity_positive": "{}",
    "logit": "1 / (1 + exp(−{}))",
    "probit": "Φ({})",
    "cloglog": "1 − exp(−exp({}))",
    "loglog": "exp(−exp(−{}))",
    "cauchit": "1/2 + arctan({}) / π",
    "log": "exp({})",
    "softplus": "log(1 + exp({}))",
    "sqrt": "{}²",
    "square": "{}²",
    "sqrt_softplus": "log(1 + exp({}))²",
    "reciprocal": "1 / {}",
    "inverse_softplus": "1 / log(1 + exp({}))",
    "inverse_squared": "1 / √{}",
    "tanh": "tanh({})",
    "relu": "max(0, {})",
    "leaky_relu": "max({0}, {0} / 100)",
    "silu": "{0} / (1 + exp(−{0}))",
    "gelu": "{0} Φ({0})",
    "sine": "sin({})",
}
RESPONSES = {
    "gaussian": "y ~ Normal(μ, σ)",
    "student_t": "y ~ StudentT(ν, μ, σ)",
    "bernoulli": "y ~ Bernoulli(μ)",
    "binomial": "y ~ Binomial(m, μ)",
    "signed_bernoulli": "(y + 1) / 2 ~ Bernoulli((1 + μ) / 2)",
    "beta": "y ~ Beta(μ κ, (1 − μ) κ)",
    "categorical": "y ~ Categorical(μ)",
    "ordinal": "P(y = k) = P(y ≤ k) − P(y ≤ k − 1)",
    "poisson": "y ~ Poisson(μ)",
    "negative_binomial": "y ~ NegativeBinomial(mean μ, variance μ + μ² / κ)",
    "negative_binomial_1": "y ~ NegativeBinomial(mean μ, variance μ (1 + α))",
    "gamma": "y ~ Gamma(κ, rate κ / μ)",
    "exponential": "y ~ Exponential(rate 1 / μ)",
    "weibull": "y ~ Weibull(κ, scale μ)",
    "inverse_gaussian": "y ~ InverseGaussian(μ, κ)",
    "tobit": "y = max(0, z), z ~ Normal(η, σ)",
}
SYMBOLS = {"sigma": "σ", "nu": "ν", "alpha": "α", "concentration": "κ", "cutpoints": "c"}


@dataclass(frozen=True)
class Line:
    """One line of the model: the formula, and in words what it is."""

    formula: Markup
    meaning: Markup


def lines(model: RGLM, *, columns: int | None = None, intercept: bool = True, offset: bool = False) -> list[Line]:
    """The recursion, from the row of predictors to the distribution of the response."""
    found = [Line(_math("h₀ = x"), safe("a row of predictors" + (f", {columns} columns" if columns else "")))]
    for l, layer in enumerate(model.hidden, 1):
        inside = f"h{sub(l - 1)} B{sub(l)} + a{sub(l)}"
        units = f"hidden layer {l}: {layer.units} {layer.activation.name} unit{'s' if layer.units > 1 else ''}; "
        found.append(Line(_math(f"h{sub(l)} = {_inverse(layer.activation, inside)}"), _sites(units, str(l))))
    found.append(_linear_predictor(model, intercept, offset))
    found += [_head(model, name) for name in model.heads]
    if model.family.name != "tobit":
        found.append(_mean(model))
    return [*found, _response(model)]


def _linear_predictor(model: RGLM, intercept: bool, offset: bool) -> Line:
    intercept = intercept and model.family.intercept
    eta = f"η = h{sub(model.depth - 1)} B" + (" + a" if intercept else "") + (" + offset" if offset else "")
    words = "a linear predictor for each level; " if model.family.outputs == "levels" else "linear predictor; "
    return Line(_math(eta), _sites(words, "", intercept))


def _head(model: RGLM, name: str) -> Line:
    symbol, last = SYMBOLS.get(name, name), f"h{sub(model.depth - 1)}"
    inside = f"{last} B′ + a′"
    formula = f"{symbol} = {_inverse(model.family.parameter(name).link, inside)}"
    return Line(_math(formula), _sites(f"{name}, with a linear predictor of its own; ", name))


def _mean(model: RGLM) -> Line:
    link = model.link
    if model.family.outputs == "levels":
        coding = "; the first level's η is 0" if model.coding == "reference" else ""
        formula = "μₖ = exp(ηₖ) / Σⱼ exp(ηⱼ)"
        return Line(_math(formula), safe(f"probability of level k, by the {link.name} link{coding}"))
    if any(parameter.size == "cutpoints" for parameter in model.family.auxiliaries):
        words = (f"probability of level k or a lower one, by the {link.name} link; ", tag("code", "cutpoints"))
        return Line(_math(f"P(y ≤ k) = {_inverse(link, 'cₖ − η')}"), join(words))
    words = "scale" if model.family.name == "weibull" else "mean"
    below = " where η > 0; rows have no mean elsewhere" if link.restricted else ""
    return Line(_math(f"μ = {_inverse(link, 'η')}"), safe(f"{words}, by the {link.name} link{below}"))


def _response(model: RGLM) -> Line:
    family = model.family
    formula = RESPONSES.get(family.name, f"y ~ {family.name.capitalize()}(μ)")
    named = [f"{SYMBOLS[p.name]} is " for p in family.auxiliaries if p.size is None and p.name in SYMBOLS]
    codes = [tag("code", p.name) for p in family.auxiliaries if p.size is None and p.name in SYMBOLS]
    spoken = [join((symbol, code)) for symbol, code in zip(named, codes, strict=True)]
    words = [f"response, {family.name} family"] + (["m is the row's trials"] if "trials" in family.rows else [])
    return Line(_math(formula), join([*words, *spoken], "; "))


def _sites(words: str, suffix: str, intercept: bool = True) -> Markup:
    end = f"_{suffix}" if suffix else ""
    names = [f"beta{end}", *([f"intercept{end}"] if intercept else [])]
    return join((safe(words), join([tag("code", name) for name in names], " and ")))


def _inverse(link, inside: str) -> str:
    """f(inside), with a name for what has no common formula."""
    form = INVERSES.get(link.name, link.name + "({})")
    if " " not in inside or form == "{}":
        return form.format(inside)
    text = form.format(f"({inside})")
    return text.replace(f"(({inside}))", f"({inside})").replace(f", ({inside}))", f", {inside})")


def sub(number: int) -> str:
    """A number as an index."""
    return str(number).translate(_DIGITS)


def _math(text: str) -> Markup:
    """Symbols of one letter in italics, words upright."""
    out, word = [], ""
    for character in f"{text} ":
        if character.isalpha() and character not in _BELOW:
            word += character
            continue
        out.append(tag("i", word) if len(word) == 1 else safe(word))
        out.append(safe(character))
        word = ""
    return Markup("".join(out).strip())

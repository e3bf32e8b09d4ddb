"""The priors of a model with the data's numbers put in."""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType

import numpy as np

from .. import priors
from ..plots.numbers import number
from ..problem import Problem
from ..spec import RGLM
from .formulas import sub


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
        layer, sign = site.name.rpartition("_")[2], "+" if site.name == "cutpoints" else "−"
        below = f"B{sub(int(layer))}" if layer.isdigit() else "B"
        text += f", at the mean of the columns (its location moves by {sign}x̄ {below})"
    return text, _words(problem, site, model)


def _summary(block, own, hyper) -> str:
    """The distribution of a block; a range where its numbers differ from column to column."""
    rows = ... if block.rows is None else list(block.rows)
    unit, shift = np.asarray(own["unit"], float)[rows], np.asarray(own["shift"], float)[rows]
    name = _kind(block.form)
    if name == "Flat":
        return "flat"
    if name == "HalfNormalPower":
        return _of_power(float(np.max(hyper["power"])), hyper["scale"], unit)
    if "scale" not in hyper:
        inside = ", ".join(f"{k} {_span(np.asarray(v, float))}" for k, v in hyper.items() if not isinstance(v, dict))
        moved = "" if np.all(unit == 1.0) and np.all(shift == 0.0) else f", times {_span(unit)}"
        return f"{name}({inside}){moved}"
    if name == "LogNormal":
        loc, scale = (np.asarray(hyper[key], float) for key in ("loc", "scale"))
        return f"{name}({_span(np.log(unit) + loc)}, {_span(scale)})"
    scale = _span(unit * np.asarray(hyper["scale"], float))
    if "loc" not in hyper:
        return f"{name}({scale})"
    return f"{name}({_span(shift + unit * np.asarray(hyper['loc'], float))}, {scale})"


def _kind(form) -> str:
    """The name of a prior from the form that it gave."""
    if hasattr(form, "distribution"):
        return form.distribution
    plain = [cls for cls in priors.registry if cls is not priors.NumPyro]
    found = next((cls.__name__ for cls in plain if _same(cls().form, form)), "prior")
    return "half-Normal" if found == "HalfNormal" else found


def _same(one, other) -> bool:
    """Whether two forms are one function, or of one class that holds a link."""
    return one is other or (type(one) is type(other) and not isinstance(one, FunctionType))


def _of_power(power: float, scale, unit) -> str:
    """`HalfNormalPower` as what it says of the power."""
    known = {-0.5: "1 / √", 0.5: "√"}
    text = f"{known[power]}(it)" if power in known else f"(it) to the power {number(power)}"
    size = _span(np.asarray(scale, float) * unit**power)
    return f"{text} ~ half-Normal({size})"


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
    scaled = [p for p in model.family.auxiliaries if p.prior.scaling == "response"]
    if site.name == "beta" and model.depth == 1:
        step = "the response's standard deviation" if scaled else _step(problem, site)
        return f"when its term moves by one standard deviation, the linear predictor moves by about {step}"
    if site.name == "intercept":
        return "around a typical response"
    if site.name == "beta":
        return "scaled by the number of units, so that wider networks are not wilder"
    if site.name in {f"{kind}_{name}" for kind in ("beta", "intercept") for name in model.heads}:
        return "of the head, on the scale of its link"
    if site.name.startswith("beta_"):
        return "scaled by the number of inputs and their spread"
    if site.name.startswith("intercept_"):
        return "where a unit switches, in units of its input"
    if site.name == "cutpoints":
        return "every split of the levels is as likely as any other, for a row of mean columns"
    if site.name in [p.name for p in model.family.auxiliaries if p.prior.scaling == "mean"]:
        return "on the scale of the mean"
    return "on the scale of the response" if site.name in [p.name for p in scaled] else ""


def _step(problem: Problem, site) -> str:
    """Standard deviation of the change of the linear predictor, where one number serves all columns."""
    own = problem.constants[site.name]
    unit = np.asarray(own["unit"], float).reshape(site.shape[0], -1)[:, 0]
    scales = [np.asarray(hyper.get("scale", np.nan), float) for hyper in own["hyper"]]
    if len(scales) == 1 and scales[0].ndim == 0:
        steps = unit * scales[0] * np.std(np.asarray(problem.data["X"], float), axis=0)
        if np.isfinite(steps).all() and np.allclose(steps, steps[0], rtol=1e-6):
            return number(float(steps[0]), 2)
    return number(problem.spec.link.prior_scale, 2)

"""The parts of a page that speak of the setting: the model, its priors, the data, how to make it all again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..comparison import rules
from ..design import Design
from ..plots.numbers import count, exact, fixed, number, tick
from ..problem import Problem
from .formulas import lines
from .markup import Markup, facts, join, listing, paragraph, section, table, tag
from .mathematics import column_priors, priors_of
from .recipes import versions

MOST_COLUMNS = 40


def model_section(problem: Problem, without_prior: Sequence[str] = ()) -> Markup:
    """The model in mathematics and its priors in words; `without_prior` are the methods that use none."""
    model, design = problem.spec, problem.design
    written = lines(model, columns=design.p, intercept=design.intercept, offset=design.offset is not None)
    body = [
        tag("div", tag("span", line.formula, class_="formula"), tag("span", line.meaning, class_="meaning"))
        for line in written
    ]
    return section("The model", tag("div", *body, class_="mathematics"), *_priors(problem, without_prior), slug="model")


def _priors(problem: Problem, without_prior: Sequence[str]) -> list[object]:
    model = problem.spec
    given = [join((tag("code", _key(key)), ": ", tag("code", repr(prior)))) for key, prior in model.prior]
    fixed_ = [join((tag("code", name), " is held at ", number(value))) for name, value in model.fixed]
    unused = (
        f" {_joined(without_prior)} {'uses' if len(without_prior) == 1 else 'use'} none of them."
        if without_prior
        else ""
    )
    rows = [[tag("code", r.site), tick(r.size), r.prior, r.words] for r in priors_of(problem)]
    caption = (
        "Priors in the units of the data, with the constants of the training rows put in; Normal(location, scale)."
        + unused
    )
    named = [paragraph("Given explicitly:"), listing(given)] if given else []
    return [
        tag("h3", "Priors"),
        table(["Site", "Numbers", "Prior", "In words"], rows, caption, numeric={1}),
        *named,
        listing(fixed_),
    ]


def _key(key) -> str:
    return key if isinstance(key, str) else f"{key[0]} {key[1]}"


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def data_section(problem: Problem, split: str = "", rows: int | None = None) -> Markup:
    """The rows, the response, the columns; `split` says how rows were held out, `rows` how many there were in all."""
    design = problem.design
    pairs = [("Rows", _rows(design, rows, split))]
    pairs += [("Response", _response(problem))]
    pairs += [("Columns", count(design.p, "column") + _constant(problem))]
    pairs += [(name, "present") for name in ("offset", "trials", "lower", "upper") if getattr(design, name) is not None]
    if design.weights is not None:
        pairs.append(("Weights", f"{design.weights_kind} weights"))
    if design.formula:
        pairs.append(("Formula", tag("code", design.formula)))
    return section("The data", facts(pairs), _columns(problem), slug="data")


def _constant(problem: Problem) -> str:
    if not problem.spec.family.intercept:
        return "; cut-points take the intercept's place"
    return " and an intercept" if problem.design.intercept else ", no intercept"


def _rows(design: Design, rows: int | None, split: str) -> str:
    text = count(rows if rows is not None else design.n, "row")
    text += f": {split}" if split else ""
    return text + (f"; {count(design.dropped, 'row')} with missing values left out" if design.dropped else "")


def _response(problem: Problem) -> Markup:
    design, y = problem.design, problem.design.y
    name = tag("code", design.response or "y")
    family = problem.spec.family
    kind = rules.kind_of(family)
    if kind == rules.BINARY:
        ones = f"{design.levels[1]!r} (of {', '.join(map(repr, design.levels))})" if design.levels else "1"
        share = fixed(100 * rules.success(family, y).mean(), 0)
        return join((name, f" is {ones} in {share} % of the training rows"))
    if kind in (rules.LEVELS, rules.ORDERED):
        order = "ordered" if kind == rules.ORDERED else "unordered"
        counts = np.bincount(y.astype(int), minlength=problem.program.levels or 0)
        named = design.levels or [str(k) for k in range(len(counts))]
        shown = ", ".join(f"{level} ({number_})" for level, number_ in zip(named, counts, strict=False))
        return join((name, f" has {len(counts)} {order} levels; training rows at each: {shown}"))
    spread = f"mean {number(y.mean())}, standard deviation {number(y.std())}, from {exact(y.min())} to {exact(y.max())}"
    return join((name, f": {spread} in the training rows"))


def _columns(problem: Problem) -> Markup:
    design = problem.design
    if not design.p:
        return Markup("")
    shallow = problem.depth == 1
    own = column_priors(problem) if shallow else []
    head = ["Column", "Mean", "Standard deviation", *(["Prior of its coefficient"] if shallow else [])]
    rows = [
        [name, number(design.X[:, j].mean()), number(design.X[:, j].std()), *([own[j]] if shallow else [])]
        for j, name in enumerate(design.columns[:MOST_COLUMNS])
    ]
    more = design.p - len(rows)
    caption = "Columns on the training rows." + (f" {count(more, 'more column')} are not listed." if more else "")
    return table(head, rows, caption, numeric={1, 2, 3} if shallow else {1, 2})


def again_section(code: str, *, command: str | None, seed: object, seconds: str, precision: str) -> Markup:
    """Code, command, seed and versions."""
    shell = [paragraph("The same from a shell:"), tag("pre", tag("code", command))] if command else []
    made = ", ".join(f"{name} {number_}" for name, number_ in versions())
    pairs = [("Seed", seed), ("Precision", precision), ("Time", seconds), ("Versions", made)]
    return section("How to make it again", tag("pre", tag("code", code)), *shell, facts(pairs), slug="again")


def problem_of(fits: Sequence) -> Problem | None:
    """The problem that the page describes: that of the first fit of a recursive GLM."""
    known = [fit.problem for fit in fits if fit.model is not None and fit.design is not None]
    return known[0] if known else None


def has_priors(fit) -> bool:
    """Whether the estimator uses the priors; maximum likelihood does not."""
    return getattr(fit.estimator, "name", "") != "ml"

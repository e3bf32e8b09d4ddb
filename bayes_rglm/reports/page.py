"""Whole pages: of a contrast, of a comparison, of one fit."""

from __future__ import annotations

import datetime
from importlib.resources import files
from string import Template

import numpy as np

from ..comparison import Comparison
from ..gates import OK
from ..plots.numbers import count, seconds
from ..results import Fit
from ..studies import Contrast
from . import calibration, fits, scores, setting
from .markup import Markup, join, paragraph, safe, tag
from .recipes import code_of_contrast, code_of_fit, code_of_seed, seed_of, versions
from .words import Answer, answer, density_of, meaning

PLAIN = {
    "gaussian": "linear regression",
    "bernoulli": "logistic regression",
    "binomial": "logistic regression",
    "categorical": "multinomial regression",
    "ordinal": "proportional odds regression",
    "poisson": "Poisson regression",
    "tobit": "tobit regression",
}
"""What a family under its first link is called."""


def of_contrast(study: Contrast, title: str, data: str | None, command: str | None) -> str:
    """The page of a contrast."""
    found = study.fits
    family = study.model.family
    estimators = {name: estimator for name, (_, estimator) in study.methods.items()}
    said = answer(study.comparison, estimators, density=density_of(family.measure))
    problem = setting.problem_of(list(found.values()))
    d = study.description
    unused = [name for name, fit in found.items() if not setting.has_priors(fit)]
    parts = [
        header("Contrast", title or _title(study), _lead(study)),
        scores.answer_box(said),
        scores.statuses(_contrast_statuses(study)),
        scores.scores_section(study.comparison, found),
        calibration.calibration_section(study.comparison),
        fits.findings_section(found, study.test),
    ]
    if problem is not None:
        parts += [setting.model_section(problem, unused), setting.data_section(problem, d["split"], d["n"])]
    parts += [
        fits.diagnosis_section(found),
        fits.claims_section(found),
        setting.again_section(
            code_of_contrast(study, data),
            command=command,
            seed=code_of_seed(study.seed),
            seconds=f"{seconds(d['seconds'])} for {d['estimated_cost']}",
            precision=next((fit.precision for fit in found.values()), "float64"),
        ),
    ]
    return whole(title or _title(study), parts)


def of_comparison(comparison: Comparison, title: str) -> str:
    """The page of a comparison of fits: what can be said without the fits themselves."""
    title = title or "Fits compared on the same rows"
    lead = f"{count(len(comparison.table), 'method')}, {count(comparison.n_test, 'held-out row')}."
    lines = [(method, str(line["status"]), "", "") for method, line in comparison.table.iterrows()]
    made = ", ".join(" ".join(pair) for pair in versions())
    parts = [
        header("Comparison", title, lead),
        scores.answer_box(answer(comparison)),
        scores.statuses(lines),
        scores.scores_section(comparison),
        calibration.calibration_section(comparison),
        paragraph(f"Made with {made}.", class_="lead"),
    ]
    return whole(title, parts)


def of_fit(fit: Fit, title: str, data: str | None, command: str | None) -> str:
    """The page of one fit."""
    title = title or f"{fit.label}: {_model_in_words(fit.model) if fit.model else 'a NumPyro model'}"
    problem = setting.problem_of([fit])
    label = fit.labels[0]
    what = (
        "ended well: every check passed"
        if label == OK
        else f"ended with the status {label.name}: {meaning(label.name)}"
    )
    parts = [
        header("Fit", title, f"{count(fit.problem.n, 'row')}, {seconds(fit.seconds)}."),
        scores.answer_box(Answer(f"{fit.label} {what}.", () if fit.is_point else (_draws(fit),))),
        scores.statuses([(fit.label, one.name, one.message, one.advice) for one in fit.labels]),
        fits.estimates_section(fit),
        fits.findings_section({fit.label: fit}, None),
    ]
    if problem is not None:
        unused = [] if setting.has_priors(fit) else [fit.label]
        parts += [setting.model_section(problem, unused), setting.data_section(problem, "all of them train")]
    parts += [fits.diagnosis_section({fit.label: fit}), fits.claims_section({fit.label: fit})]
    if problem is not None:
        shown = {"command": command, "seconds": seconds(fit.seconds), "precision": fit.precision}
        parts.append(setting.again_section(code_of_fit(fit, data), seed=code_of_seed(seed_of(fit)), **shown))
    return whole(title, parts)


def header(kind: str, title: str, lead: str) -> Markup:
    """The head of a page."""
    return tag(
        "header",
        paragraph(f"bayes_rglm · {kind.lower()}", class_="kicker"),
        tag("h1", title),
        paragraph(lead, class_="lead"),
    )


def whole(title: str, parts: list[object]) -> str:
    """The document around the parts."""
    folder = files(__package__)
    return Template((folder / "page.html").read_text("utf-8")).substitute(
        title=safe(title),
        style=(folder / "style.css").read_text("utf-8"),
        body=join(parts, "\n"),
        version=safe(dict(versions())["bayes_rglm"]),
        date=datetime.date.today().isoformat(),
    )


def _draws(fit: Fit) -> str:
    chains, draws = next(iter(fit.draws.samples.values())).shape[:2]
    return f"{count(chains, 'chain')} of {count(draws, 'draw')}."


def _title(study: Contrast) -> str:
    response = study.description["response"] or "a response"
    return f"{response}: {_model_in_words(study.model)}"


def _model_in_words(model) -> str:
    family = model.family.name.replace("_", " ")
    if not model.hidden:
        usual = PLAIN.get(model.family.name) if model.link == model.family.links[0] else None
        return usual or f"{family} regression with the {model.link.name} link"
    widths = " and ".join(f"{layer.units} {layer.activation.name}" for layer in model.hidden)
    layers = "a hidden layer" if len(model.hidden) == 1 else "hidden layers"
    return f"{family} response behind {layers} of {widths} units"


def _lead(study: Contrast) -> str:
    d = study.description
    rows = (
        f"{study.folds} folds of {count(d['n'], 'row')}"
        if study.folds
        else (f"{count(d['train_rows'], 'training row')}, {count(d['test_rows'], 'held-out row')}")
    )
    return f"{_upper(rows)}, {count(d['p'], 'column')}, {_seed(study.seed)}."


def _seed(seed: object) -> str:
    return f"seed {seed}" if isinstance(seed, int | np.integer) else "seed: a JAX key"


def _contrast_statuses(study: Contrast) -> list[tuple[str, str, str, str]]:
    lines = []
    for method in study.methods:
        status = str(study.comparison.table.loc[method, "status"])
        if method in study.fits:
            for label in study.fits[method].labels:
                lines.append((method, label.name, label.message, label.advice))
        else:
            said = [note for note in study.comparison.notes if note.startswith(f"{method} {status}")]
            lines.append((method, status, said[0].rstrip(".") if said else "", ""))
    return lines


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

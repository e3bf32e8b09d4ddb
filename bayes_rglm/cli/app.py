"""The commands."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from .. import reports
from ..errors import Interrupted, RGLMError
from ..fitting import as_design
from ..fitting import fit as fit_model
from ..plots.numbers import count
from ..results import Fit, load, refuse_several
from ..studies import contrast as run_contrast
from . import options as o
from . import screen
from .predictions import KINDS, as_csv
from .sources import is_saved, resolve
from .tables import read

STOPPED = 130


class Commands(TyperGroup):
    """Errors that the package raises on purpose end as a message and status 2, Ctrl-C as status 130."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except RGLMError as error:
            screen.show_error(error)
            raise typer.Exit(STOPPED if isinstance(error, Interrupted) else 2) from None
        except KeyboardInterrupt:
            screen.say("stopped", error=True)
            raise typer.Exit(STOPPED) from None


app = typer.Typer(
    cls=Commands,
    name="bayes-rglm",
    help="Generalised linear models, and the networks that they become, by maximum likelihood and by a posterior.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """The console script."""
    app(prog_name="bayes-rglm")


def _version(value: bool) -> None:
    if value:
        versions = dict(reports.versions())
        screen.say(
            ", ".join(f"{name} {versions[name]}" for name in ("bayes_rglm", "jax", "numpyro", "numpy", "Python"))
        )
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print versions and leave.")
    ] = False,
) -> None:
    """The options of the program itself."""


@app.command()
def models() -> None:
    """List the gallery: models written out longhand, each with real data."""
    screen.show_models()


@app.command()
def fit(
    ctx: typer.Context,
    source: o.Source,
    data: o.Data = None,
    formula: o.Formula = None,
    family: o.FamilyName = None,
    link: o.LinkName = None,
    hidden: o.Hidden = None,
    activation: o.Activation = "tanh",
    offset: o.Offset = None,
    weights: o.Weights = None,
    weights_kind: o.WeightsKind = None,
    trials: o.Trials = None,
    lower: o.Lower = None,
    upper: o.Upper = None,
    heads: o.Heads = None,
    coding: o.Coding = None,
    missing: o.Missing = "error",
    estimator: o.EstimatorName = "nuts",
    draws: o.Draws = None,
    warmup: o.Warmup = None,
    chains: o.Chains = None,
    seed: o.Seed = 0,
    precision: o.Precision = "float64",
    quiet: o.Quiet = False,
    out: o.Out = None,
) -> None:
    """Fit a model to all rows, print its summary, and save it (--out fit.nc)."""
    target = None if out is None else reports.check_path(out, "fit.nc")
    fitted, _ = _fit(source, ctx.params)
    if target is not None:
        fitted.save(target)
        screen.say(f"saved: {target}")
    screen.show_labels((fitted.label, label) for label in fitted.labels)
    screen.show_summary(fitted)
    _stop_if_interrupted(fitted)


@app.command()
def contrast(
    ctx: typer.Context,
    source: o.Source,
    data: o.Data = None,
    formula: o.Formula = None,
    family: o.FamilyName = None,
    link: o.LinkName = None,
    hidden: o.Hidden = None,
    activation: o.Activation = "tanh",
    offset: o.Offset = None,
    weights: o.Weights = None,
    weights_kind: o.WeightsKind = None,
    trials: o.Trials = None,
    lower: o.Lower = None,
    upper: o.Upper = None,
    heads: o.Heads = None,
    coding: o.Coding = None,
    missing: o.Missing = "error",
    estimators: o.EstimatorNames = "ml,map,nuts",
    folds: Annotated[int | None, typer.Option(help="K-fold cross-validation instead of one split.")] = None,
    train_rows: Annotated[int | None, typer.Option(help="Training rows of the split; the others are held out.")] = None,
    draws: o.Draws = None,
    warmup: o.Warmup = None,
    chains: o.Chains = None,
    seed: o.Seed = 0,
    precision: o.Precision = "float64",
    quiet: o.Quiet = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The report; by default SOURCE-contrast.html here.")
    ] = None,
) -> None:
    """Fit by several estimators, score them on held-out rows, and write a report.

    The plan and its cost are printed first. Ctrl-C keeps the methods that are done.
    """
    given = _given(ctx.params)
    methods = o.build(estimators, draws=draws, warmup=warmup, chains=chains)
    found = resolve(source, given)
    target = reports.check_path(out if out is not None else Path(f"{found.name}-contrast.html"))
    study = run_contrast(
        found.model,
        found.data,
        methods,
        folds=folds,
        train_rows=train_rows,
        seed=seed,
        progress=not quiet,
        precision=precision,
        **given.design_options,
    )
    screen.show_comparison(study.comparison)
    screen.say("", str(reports.answer(study)))
    if study.train.responses:
        screen.say("", f"no report: there is none of several responses ({', '.join(study.train.responses)}) yet")
    else:
        path = reports.write_report(study, target, title=found.title, data=found.code, command=_command(ctx))
        screen.say("", f"report: {path}")
    if any(note.startswith("Stopped by the user") for note in study.comparison.notes):
        raise typer.Exit(STOPPED)


@app.command()
def report(
    ctx: typer.Context,
    source: o.SavedOrSource,
    data: o.Data = None,
    formula: o.Formula = None,
    family: o.FamilyName = None,
    link: o.LinkName = None,
    hidden: o.Hidden = None,
    activation: o.Activation = "tanh",
    offset: o.Offset = None,
    weights: o.Weights = None,
    weights_kind: o.WeightsKind = None,
    trials: o.Trials = None,
    lower: o.Lower = None,
    upper: o.Upper = None,
    heads: o.Heads = None,
    coding: o.Coding = None,
    missing: o.Missing = "error",
    estimator: o.EstimatorName = "nuts",
    draws: o.Draws = None,
    warmup: o.Warmup = None,
    chains: o.Chains = None,
    seed: o.Seed = 0,
    precision: o.Precision = "float64",
    quiet: o.Quiet = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The report; by default SOURCE-report.html here.")
    ] = None,
) -> None:
    """Write the report of one fit: of a saved one, or of a model that is fitted now."""
    target = reports.check_path(out if out is not None else Path(f"{Path(source).stem}-report.html"))
    fitted, code = _loaded_or_fitted(source, ctx.params, for_report=True)
    path = reports.write_report(fitted, target, data=code, command=None if is_saved(source) else _command(ctx))
    screen.say(f"report: {path}")
    _stop_if_interrupted(fitted)


@app.command()
def predict(
    ctx: typer.Context,
    source: o.SavedOrSource,
    rows: Annotated[Path | None, typer.Argument(help="New rows (csv or parquet); the fitted rows otherwise.")] = None,
    kind: Annotated[str, typer.Option(help=f"What to predict: {', '.join(KINDS)}.")] = "mean",
    data: o.Data = None,
    formula: o.Formula = None,
    family: o.FamilyName = None,
    link: o.LinkName = None,
    hidden: o.Hidden = None,
    activation: o.Activation = "tanh",
    offset: o.Offset = None,
    weights: o.Weights = None,
    weights_kind: o.WeightsKind = None,
    trials: o.Trials = None,
    lower: o.Lower = None,
    upper: o.Upper = None,
    heads: o.Heads = None,
    coding: o.Coding = None,
    missing: o.Missing = "error",
    estimator: o.EstimatorName = "nuts",
    draws: o.Draws = None,
    warmup: o.Warmup = None,
    chains: o.Chains = None,
    seed: o.Seed = 0,
    precision: o.Precision = "float64",
    quiet: o.Quiet = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The csv file; printed otherwise.", show_default=False)
    ] = None,
) -> None:
    """Predict rows with a saved fit (or a model that is fitted now): mean, sd, 5 % and 95 % points over draws."""
    target = None if out is None else reports.check_path(out, "predictions.csv")
    frame = None if rows is None else read(rows)
    fitted, _ = _loaded_or_fitted(source, ctx.params)
    text = as_csv(fitted, frame, kind, seed)
    if fitted.is_point:
        screen.say(
            f"{fitted.label} is a point estimate: sd and quantiles are not applicable and left empty", error=True
        )
    if target is None:
        sys.stdout.write(text)
    else:
        reports.write_file(target, text)
        screen.say(f"predictions of {count(text.count(chr(10)) - 1, 'row')}: {target}")
    _stop_if_interrupted(fitted)


def _given(parameters: dict) -> o.Given:
    return o.Given(**{name: parameters[name] for name in o.Given.__dataclass_fields__})


def _fit(source: str, parameters: dict, for_report: bool = False) -> tuple[Fit, str]:
    """The model fitted to all rows, and Python that gives its data. What has no report is refused before the fit."""
    given, p = _given(parameters), parameters
    chosen = o.build(p["estimator"], draws=p["draws"], warmup=p["warmup"], chains=p["chains"])
    found = resolve(source, given)
    estimator = next(iter(chosen.values()))
    show = None if not p["quiet"] else False
    design = as_design(found.data, **given.design_options)
    if for_report:
        refuse_several(design, "A report")
    options = {"seed": p["seed"], "precision": p["precision"], "progress": show}
    return fit_model(found.model, design, estimator, **options), found.code


def _loaded_or_fitted(source: str, parameters: dict, for_report: bool = False) -> tuple[Fit, str | None]:
    return (load(source), None) if is_saved(source) else _fit(source, parameters, for_report)


def _stop_if_interrupted(fitted: Fit) -> None:
    if any(label.name == "interrupted" for label in fitted.labels):
        raise typer.Exit(STOPPED)


def _command(ctx: typer.Context) -> str:
    """The command as it was given, without what only concerns the screen."""
    words = ["bayes-rglm", ctx.info_name or ""]
    for parameter in ctx.command.params:
        name, value = parameter.name, ctx.params.get(parameter.name)
        source = ctx.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE" or name == "quiet":
            continue
        words += [str(value)] if parameter.param_type_name == "argument" else [parameter.opts[0], str(value)]
    return shlex.join(words)


__all__ = ["app", "main"]

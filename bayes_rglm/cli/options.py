"""Options that several commands share. Their choices are read from the registries, so that no list is typed twice."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import estimators, families, gallery, links
from ..errors import EstimatorError, SpecError
from ..estimators import Estimator
from ..fitting import PRECISIONS
from ..spec import CODINGS
from .tables import SUFFIXES


def _listed(names) -> str:
    return ", ".join(names)


SOURCE_HELP = (
    f"A model of the gallery ({_listed(gallery.names())}), the path of your own model file (.py), "
    f"or a data file ({_listed(SUFFIXES)}) with --formula and --family."
)

Source = Annotated[str, typer.Argument(help=SOURCE_HELP, show_default=False)]
SavedOrSource = Annotated[str, typer.Argument(help=f"A saved fit (.nc), or: {SOURCE_HELP}", show_default=False)]
Data = Annotated[Path | None, typer.Option("--data", help="A data file for a model of the gallery or your own.")]
Formula = Annotated[str | None, typer.Option(help='Response and columns: "y ~ age + C(region)".')]
FamilyName = Annotated[str | None, typer.Option("--family", help=f"Of the response: {_listed(families.names())}.")]
LinkName = Annotated[
    str | None, typer.Option("--link", help=f"One of the family's: {_listed(links.response_names())}.")
]
Hidden = Annotated[str | None, typer.Option(help="Widths of hidden layers, input side first: 8 or 16,8.")]
Activation = Annotated[str, typer.Option(help=f"Of the hidden units: {_listed(links.names())}.")]
Offset = Annotated[str | None, typer.Option(help="Column that is added to the linear predictor.")]
Weights = Annotated[str | None, typer.Option(help="Column of weights.")]
WeightsKind = Annotated[str | None, typer.Option(help="What the weights are: frequency, trials, importance.")]
Trials = Annotated[str | None, typer.Option(help="Column of trials, of which the response counts successes.")]
Lower = Annotated[str | None, typer.Option(help="Column of lower bounds of censored rows.")]
Upper = Annotated[str | None, typer.Option(help="Column of upper bounds of censored rows.")]
Heads = Annotated[str | None, typer.Option(help="Parameters with a linear predictor of their own, with commas: sigma.")]
Coding = Annotated[str | None, typer.Option(help=f"Of a categorical response: {_listed(CODINGS)}.")]
Missing = Annotated[
    str, typer.Option(help='Rows with missing values: "error" names the first, "drop" leaves them out.')
]
EstimatorName = Annotated[str, typer.Option("--estimator", "-e", help=f"One of {_listed(estimators.names())}.")]
EstimatorNames = Annotated[
    str, typer.Option("--estimators", "-e", help=f"To set side by side, with commas: {_listed(estimators.names())}.")
]
Draws = Annotated[int | None, typer.Option(help="Draws per chain, for samplers.")]
Warmup = Annotated[int | None, typer.Option(help="Warm-up transitions per chain, for samplers.")]
Chains = Annotated[int | None, typer.Option(help="Chains, for samplers.")]
Seed = Annotated[int, typer.Option(help="The only source of randomness.")]
Precision = Annotated[str, typer.Option(help=f"{' or '.join(PRECISIONS)}.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No plan and no progress.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write.")]


ROLES = ("trials", "lower", "upper")


@dataclass(frozen=True)
class Given:
    """What the user said about model and data, as it was typed."""

    data: Path | None = None
    formula: str | None = None
    family: str | None = None
    link: str | None = None
    hidden: str | None = None
    activation: str = "tanh"
    offset: str | None = None
    weights: str | None = None
    weights_kind: str | None = None
    trials: str | None = None
    lower: str | None = None
    upper: str | None = None
    heads: str | None = None
    coding: str | None = None
    missing: str = "error"

    @property
    def design_options(self) -> dict[str, Any]:
        """Those that the design takes."""
        named = {name: getattr(self, name) for name in ("offset", "weights", "weights_kind", *ROLES)}
        return {k: v for k, v in named.items() if v is not None} | {"missing": self.missing}


def widths(text: str | None) -> tuple[int, ...]:
    """Widths of layers from text such as 16,8."""
    if text is None:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SpecError("--hidden lists widths of layers.", found=repr(text), do="for example --hidden 16,8") from None


def build(names: str, **options: int | None) -> dict[str, Estimator]:
    """Estimators from names with commas, by their titles; options go to those that have them.

    Raises `EstimatorError` for an unknown or repeated name, and for an option that none of them has.
    """
    given = {k: v for k, v in options.items() if v is not None}
    found, used = {}, set()
    for name in filter(None, (part.strip() for part in names.split(","))):
        cls = type(estimators.get(name))
        own = {k: v for k, v in given.items() if k in {f.name for f in fields(cls)}}
        used |= set(own)
        estimator = cls(**own)
        if estimator.title in found:
            raise EstimatorError("An estimator is named once.", found=repr(name), do="leave one out")
        found[estimator.title] = estimator
    if not found:
        raise EstimatorError("At least one estimator is needed.", found=repr(names), do=_listed(estimators.names()))
    for option in sorted(set(given) - used):
        raise EstimatorError(
            f"No estimator here has the option --{option}.", found=", ".join(found), do="leave it out, or add nuts"
        )
    return found

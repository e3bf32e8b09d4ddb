"""How to make a result again: the code, and the versions that made it."""

from __future__ import annotations

import platform
import re
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from .. import estimators, priors
from ..design import Design
from ..results import Fit
from ..spec import RGLM
from ..studies import Contrast

PACKAGES = ("bayes_rglm", "jax", "numpyro", "numpy")


def versions() -> list[tuple[str, str]]:
    """(package, version), Python first."""
    return [("Python", platform.python_version()), *((name, _version(name)) for name in PACKAGES)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def code_of(model: RGLM) -> str:
    """A model as an expression under `import bayes_rglm as rglm`."""
    known = "|".join(cls.__name__ for cls in priors.registry)
    text = re.sub(r"(?<![\w.'\"])(RGLM|Layer)\(", r"rglm.\1(", repr(model))
    text = re.sub(rf"(?<![\w.'\"])({known})\(", r"rglm.priors.\1(", text)
    return text.replace("links.get(", "rglm.links.get(").replace("'", '"')


def code_of_estimator(estimator: estimators.Estimator) -> str:
    """An estimator as an expression: its name where every option is the default."""
    changed = [
        f"{f.name}={getattr(estimator, f.name)!r}" for f in fields(estimator) if getattr(estimator, f.name) != f.default
    ]
    if not changed:
        return f'"{estimator.name}"'
    return f"rglm.estimators.{type(estimator).__name__}({', '.join(changed)})"


def code_of_contrast(study: Contrast, data: str | None = None) -> str:
    """Python that makes `study` again; `data` is an expression for its data."""
    methods = ",\n".join(
        f'    "{_quoted(name)}": '
        + (code_of_estimator(e) if own == study.model else f"({code_of(own)}, {code_of_estimator(e)})")
        for name, (own, e) in study.methods.items()
    )
    split = f"folds={study.folds}" if study.folds else f"train_rows={study.train.n}"
    first = next(iter(study.fits.values()), None)
    options = [
        split,
        f"seed={_seed(study.seed)}",
        *_fit_options(first),
        *_design_options(study.train),
    ]
    return "\n".join(
        [
            *_imports(data),
            f"model = {code_of(study.model)}",
            f"data = {data or _data(study.train)}",
            "methods = {",
            f"{methods},",
            "}",
            f"study = rglm.contrast(model, data, methods, {', '.join(options)})",
            'rglm.write_report(study, "report.html")',
        ]
    )


def code_of_fit(fit: Fit, data: str | None = None) -> str:
    """Python that makes `fit` again."""
    estimator = code_of_estimator(fit.estimator) if fit.estimator else "..."
    options = [f"seed={fit.seed}", *_fit_options(fit), *_design_options(fit.design)]
    return "\n".join(
        [
            *_imports(data),
            f"model = {code_of(fit.model)}",
            f"data = {data or _data(fit.design)}",
            f"fit = rglm.fit(model, data, {estimator}, {', '.join(options)})",
            'rglm.write_report(fit, "report.html")',
        ]
    )


def _imports(data: str | None) -> list[str]:
    used = [f"import {name}" for name in ("pandas", "polars") if data and f"{name}." in data]
    return [*used, "import bayes_rglm as rglm", ""]


def _data(design: Design) -> str:
    if design.formula is None:
        return "(X, y)  # the matrix and the response that were given"
    return f'("{_quoted(design.formula)}", frame)  # frame: the table that was given'


def _design_options(design: Design) -> list[str]:
    meta, _ = design.recipe()
    named = [f'{role}="{_quoted(name)}"' if name else f"{role}={role}" for role, name in meta["named"].items()]
    kind = [f'weights_kind="{design.weights_kind}"'] if design.weights_kind else []
    scaled = [] if meta["standardize"] else ["standardize=False"]
    return [*named, *kind, *scaled, *(['missing="drop"'] if design.dropped else [])]


def _fit_options(fit: Fit | None) -> list[str]:
    return [] if fit is None or fit.precision == "float64" else [f'precision="{fit.precision}"']


def _seed(seed: object) -> str:
    return str(int(seed)) if isinstance(seed, int | np.integer) else "key"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

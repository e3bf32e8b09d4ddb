"""How to make a result again: the code, and the versions that made it."""

from __future__ import annotations

import platform
import re
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from .. import estimators, priors
from ..design import Design
from ..fitting import key_record
from ..results import Fit
from ..spec import RGLM
from ..studies import Contrast

MOST_NAMES = 20
"""Names of columns that the code spells out."""
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
        f"seed={code_of_seed(study.seed)}",
        *_fit_options(first),
        *_design_options(study.train),
    ]
    return "\n".join(
        [
            *_imports(f"{data} {options}"),
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
    options = [f"seed={code_of_seed(seed_of(fit))}", *_fit_options(fit), *_design_options(fit.design)]
    return "\n".join(
        [
            *_imports(f"{data} {options}"),
            f"model = {code_of(fit.model)}",
            f"data = {data or _data(fit.design)}",
            f"fit = rglm.fit(model, data, {estimator}, {', '.join(options)})",
            'rglm.write_report(fit, "report.html")',
        ]
    )


def _imports(code: str) -> list[str]:
    used = [f"import {name}" for name in ("jax", "pandas", "polars") if re.search(rf"\b{name}\.", code)]
    return [*used, "import bayes_rglm as rglm", ""]


def _data(design: Design) -> str:
    if design.formula is None:
        names = "; columns: their names" if _named(design) and design.p > MOST_NAMES else ""
        return f"(X, y)  # the matrix and the response that were given{names}"
    return f'("{_quoted(design.formula)}", frame)  # frame: the table that was given'


def _named(design: Design) -> bool:
    """Whether the columns of a matrix bear other names than those that a matrix without names gets."""
    return design.formula is None and design.columns != tuple(f"x{j}" for j in range(design.p))


def _array_options(design: Design) -> list[str]:
    """What a formula says itself."""
    if design.formula is not None:
        return []
    names = ", ".join(f'"{_quoted(name)}"' for name in design.columns)
    columns = [f"columns=[{names}]" if design.p <= MOST_NAMES else "columns=columns"] if _named(design) else []
    return [*columns, *([] if design.intercept else ["intercept=False"])]


def _design_options(design: Design) -> list[str]:
    meta, _ = design.recipe()
    named = [f'{role}="{_quoted(name)}"' if name else f"{role}={role}" for role, name in meta["named"].items()]
    kind = [f'weights_kind="{design.weights_kind}"'] if design.weights_kind else []
    scaled = [] if meta["standardize"] else ["standardize=False"]
    return [*_array_options(design), *named, *kind, *scaled, *(['missing="drop"'] if design.dropped else [])]


def _fit_options(fit: Fit | None) -> list[str]:
    return [] if fit is None or fit.precision == "float64" else [f'precision="{fit.precision}"']


def seed_of(fit: Fit) -> object:
    """The whole number that a fit was made with, or {"impl": ..., "data": ...} of a JAX key."""
    return fit.draws.info.get("key", fit.seed)


def code_of_seed(seed: object) -> str:
    """A seed as an expression: a whole number, or the JAX key of the same bits."""
    if isinstance(seed, int | np.integer):
        return str(int(seed))
    key = seed if isinstance(seed, dict) else key_record(seed)
    return f'jax.random.wrap_key_data(jax.numpy.array({key["data"]}, "uint32"), impl="{key["impl"]}")'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

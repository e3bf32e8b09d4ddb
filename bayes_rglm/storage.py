"""Saving and loading fits: netCDF through h5netcdf, bit for bit, with nothing in the file that could execute.

The file holds the fit's draws, the design's arrays and, in one JSON string, the recipes of model, estimator and
design. A model is rebuilt from registered names and numbers only. Names with "/" are encoded, since netCDF reads it
as a folder.
"""

from __future__ import annotations

import json
import math
import os
import secrets
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from . import estimators, priors
from .design import Design
from .errors import FileError, RGLMError
from .estimators import Draws
from .gates import Label
from .problem import Problem
from .spec import RGLM, Layer

FORMAT = 1


def save(fit, path) -> None:
    """Write `fit` to `path`; an interrupted write leaves the old file."""
    import xarray as xr

    path = _as_path(path)
    meta = {
        "format": FORMAT,
        "model": None if fit.model is None else model_to_json(fit.model),
        "estimator": None if fit.estimator is None else [fit.estimator.name, asdict(fit.estimator)],
        "label": fit.label,
        "seed": fit.seed,
        "precision": fit.precision,
        "seconds": fit.seconds,
        "kind": fit.draws.kind,
        "labels": [asdict(label) for label in fit.draws.labels],
        "info": {k: _plain(v) for k, v in fit.draws.info.items() if k != "errors"},
    }
    groups = {
        "samples": fit.draws.samples,
        "stats": fit.draws.stats,
        "unconstrained": fit.draws.unconstrained or {},
        "linearised_at": fit.draws.linearised_at or {},
        "errors": fit.draws.info.get("errors", {}),
        "log_weights": {} if fit.draws.log_weights is None else {"log_weights": fit.draws.log_weights},
    }
    if fit.design is not None:
        meta["design"], groups["design"] = fit.design.recipe()
    parts = {f"/{name}": _dataset(xr, arrays) for name, arrays in groups.items()}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs={"bayes_rglm": json.dumps(meta, allow_nan=True)}), **parts})
    _write(tree, path)


def _as_path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise FileError("A fit is saved to, and loaded from, a path.", found=repr(path), do='for example "fit.nc"')
    return Path(path)


def _dataset(xr, arrays: dict[str, Any]):
    variables = {}
    for i, (name, value) in enumerate(arrays.items()):
        value = np.asarray(value)
        value = value.astype(np.int8) if value.dtype == bool else value
        variables[_encode(name)] = (tuple(f"d{i}_{j}" for j in range(value.ndim)), value)
    booleans = [_encode(k) for k, v in arrays.items() if np.asarray(v).dtype == bool]
    return xr.Dataset(variables, attrs={"booleans": json.dumps(booleans)})


def _write(tree, path: Path) -> None:
    if not path.parent.is_dir():
        raise FileError(
            "The folder to save into does not exist.", found=str(path.parent), do="make it, or choose another path"
        )
    temporary = ""
    try:
        name = str(path.parent / f".saving-{os.getpid()}-{secrets.token_hex(8)}.nc")
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # the umask decides who may read it
        temporary = name
        tree.to_netcdf(temporary, engine="h5netcdf")
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(
            "The fit cannot be written there.", found=f"{path}: {error.strerror or error}", do="choose another path"
        ) from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def load(path, cls, problem: Problem | None = None):
    """The fit at `path` as a `cls`. Raises `FileError` for a missing, foreign or damaged file."""
    import xarray as xr

    path = _as_path(path)
    if not path.is_file():
        raise FileError("There is no such file.", found=str(path), do="give the path that fit.save wrote")
    try:
        with xr.open_datatree(path, engine="h5netcdf", decode_times=False) as tree:
            meta = json.loads(tree.attrs["bayes_rglm"])
            groups = {name: _arrays(node.to_dataset()) for name, node in tree.children.items()}
        if meta["format"] != FORMAT:
            raise FileError(
                "The file was written by another version.", found=f"format {meta['format']}", do="update bayes_rglm"
            )
        return _rebuild(meta, groups, cls, problem, path)
    except FileError:
        raise
    except (RGLMError, OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise FileError(
            "This file is not a saved fit, or it is damaged.", found=f"{path}: {error}", do="save the fit again"
        ) from None


def _arrays(dataset) -> dict[str, np.ndarray]:
    booleans = set(json.loads(dataset.attrs.get("booleans", "[]")))
    return {_decode(k): v.values.astype(bool) if k in booleans else v.values for k, v in dataset.data_vars.items()}


def _rebuild(meta, groups, cls, problem, path):
    if problem is None:
        if meta["model"] is None:
            raise FileError(
                "A fit of your own NumPyro function saves its draws, not the function.",
                found=str(path),
                do="load(path, problem=Problem.from_numpyro(...))",
            )
        problem = Problem(model_from_json(meta["model"]), Design.from_recipe(meta["design"], groups.get("design", {})))
    elif problem.spec is not None and meta["model"] not in (None, json.loads(json.dumps(model_to_json(problem.spec)))):
        raise FileError(
            "The file holds a fit of another model than that of the problem.",
            found=f"{path}: {model_from_json(meta['model'])!r}",
            do="load(path) brings its own problem",
        )
    info = {**meta["info"], **({"errors": groups["errors"]} if groups.get("errors") else {})}
    draws = Draws(
        samples=groups["samples"],
        kind=meta["kind"],
        log_weights=groups.get("log_weights", {}).get("log_weights"),
        linearised_at=groups.get("linearised_at") or None,
        stats=groups.get("stats", {}),
        unconstrained=groups.get("unconstrained") or None,
        info=info,
        labels=tuple(Label(**{**label, "columns": tuple(label["columns"])}) for label in meta["labels"]),
    )
    estimator = None
    if meta["estimator"] is not None:
        name, options = meta["estimator"]
        estimator = type(estimators.get(name))(**options)
    return cls(problem, draws, meta["label"], estimator, meta["seed"], meta["precision"], meta["seconds"])


def model_to_json(spec: RGLM) -> dict[str, Any]:
    """A recipe of names and numbers."""
    return {
        "family": spec.family.name,
        "link": spec.link.name,
        "hidden": [[layer.units, layer.activation.name] for layer in spec.hidden],
        "prior": [[key if isinstance(key, str) else list(key), _prior_to_json(prior)] for key, prior in spec.prior],
        "fixed": dict(spec.fixed),
        "heads": list(spec.heads),
        "coding": spec.coding,
    }


def model_from_json(recipe: dict[str, Any]) -> RGLM:
    """The model of a recipe; names are looked up in the registries."""
    prior = {key if isinstance(key, str) else tuple(key): _prior_from_json(value) for key, value in recipe["prior"]}
    hidden = tuple(Layer(units, activation) for units, activation in recipe["hidden"])
    return RGLM(
        recipe["family"],
        recipe["link"],
        hidden=hidden,
        heads=recipe["heads"],
        prior=prior,
        fixed=recipe["fixed"],
        coding=recipe["coding"],
    )


def _prior_to_json(prior) -> list[Any]:
    values = {f.name: getattr(prior, f.name) for f in fields(prior)}
    if isinstance(prior, priors.NumPyro):
        values["parameters"] = [
            [k, {"prior": _prior_to_json(v)} if isinstance(v, priors.Prior) else v] for k, v in prior.parameters
        ]
    return [prior.name, values]


def _prior_from_json(recipe) -> priors.Prior:
    name, values = recipe
    if name == priors.NumPyro.name:
        parameters = [
            (k, _prior_from_json(v["prior"]) if isinstance(v, dict) else _tuples(v)) for k, v in values["parameters"]
        ]
        values = {**values, "parameters": tuple(parameters)}
    return priors.registry.get(name)(**values)


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return float(value) if isinstance(value, float) and not math.isnan(value) else value


def _encode(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")


def _decode(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%")

"""Designs to plain data and back: JSON-able metadata and arrays of numbers or text; nothing executable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..errors import DataError
from . import checks
from .build import Origin
from .columns import Column
from .constants import Constants, Term
from .encode import FormulaEncoder
from .formula import parse

VERSION = 1
_PER_ROW = ("y", *checks.ROLES)


def write(design: object) -> tuple[dict, dict[str, np.ndarray]]:
    """The recipe of `design`: a JSON-able dict and a dict of arrays."""
    origin = design._origin
    meta = {
        "version": VERSION,
        "formula": design.formula,
        "columns": list(design.columns),
        "terms": [[t.name, list(t.columns)] for t in design.terms],
        "intercept": design.intercept,
        "weights_kind": design.weights_kind,
        "response": design.response,
        "responses": list(design.responses),
        "levels": None if design.levels is None else list(design.levels),
        "dropped": int(design.dropped),
        "named": dict(origin.named),
        "known": list(origin.known),
        "standardize": origin.standardize,
        "top": origin.top,
        "alphabetical": origin.alphabetical,
    }
    arrays = {"index": design.index, "centre": design.constants.centre, "norm": design.constants.norm}
    arrays |= {role: getattr(design, role) for role in _PER_ROW if getattr(design, role) is not None}
    if origin.encoder is None:
        arrays["X"] = design.X
        return meta, arrays
    meta["factor_levels"] = {name: list(levels) for name, levels in origin.encoder.levels.items()}
    _put_columns("own", origin.own, meta, arrays)
    if origin.training is not None:
        # Rows other than the training rows: their X is kept as it is, the encoder is rebuilt from the training rows.
        columns, index = origin.training
        _put_columns("training", columns, meta, arrays)
        arrays |= {"training_index": index, "X": design.X}
    return meta, arrays


def read(meta: Mapping, arrays: Mapping[str, np.ndarray]) -> dict:
    """The parts of the design that `write` described."""
    try:
        if meta["version"] != VERSION:
            raise DataError(
                "The recipe has another version.", found=str(meta["version"]), do=f"this is version {VERSION}"
            )
        return _read(meta, arrays)
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(
            "This is no complete recipe of a design.", found=repr(error), do="use Design.recipe()"
        ) from None


def _read(meta: Mapping, arrays: Mapping[str, np.ndarray]) -> dict:
    index, top = np.asarray(arrays["index"]), meta.get("top")
    named, known = dict(meta["named"]), tuple(meta["known"])
    if meta["formula"] is None:
        origin, X = Origin(None, {}, None, named, known, meta["standardize"]), np.asarray(arrays["X"])
    else:
        origin, X = _replayed(meta, arrays, index, named, known)
    return {
        **{role: np.asarray(arrays[role]) if role in arrays else None for role in _PER_ROW},
        "X": X,
        "columns": tuple(meta["columns"]),
        "terms": tuple(Term(name, tuple(members)) for name, members in meta["terms"]),
        "intercept": meta["intercept"],
        "weights_kind": meta["weights_kind"],
        "response": meta["response"],
        "responses": tuple(meta.get("responses", ())),
        "levels": None if meta["levels"] is None else tuple(meta["levels"]),
        "index": index,
        "constants": Constants(np.asarray(arrays["centre"]), np.asarray(arrays["norm"])),
        "formula": meta["formula"],
        "dropped": meta["dropped"],
        "_origin": replace(origin, top=top, alphabetical=meta.get("alphabetical", False)),
    }


def _replayed(
    meta: Mapping, arrays: Mapping, index: np.ndarray, named: dict, known: tuple[str, ...]
) -> tuple[Origin, np.ndarray]:
    parsed = parse(meta["formula"], known, tuple(filter(None, named.values())))
    own, training = _get_columns("own", meta, arrays), None
    fitted, fitted_index = own, index
    if "training" in meta:
        fitted, fitted_index = _get_columns("training", meta, arrays), np.asarray(arrays["training_index"])
        training = (fitted, fitted_index)
    levels = {name: tuple(values) for name, values in meta["factor_levels"].items()}
    encoder = FormulaEncoder(parsed, fitted, fitted_index, levels)
    X = encoder.first_matrix(fitted_index)
    if training is not None:
        X = np.asarray(arrays["X"])
    return Origin(encoder, own, training, named, known, meta["standardize"]), X


def _put_columns(group: str, columns: Mapping[str, Column], meta: dict, arrays: dict) -> None:
    meta[group] = []
    for i, column in enumerate(columns.values()):
        levels = None if column.levels is None else list(column.levels)
        meta[group].append([column.name, column.kind, levels])
        arrays[f"{group}_{i}"] = column.values.astype(np.int8) if column.kind == "boolean" else column.values


def _get_columns(group: str, meta: Mapping, arrays: Mapping) -> dict[str, Column]:
    columns = {}
    for i, (name, kind, levels) in enumerate(meta[group]):
        values = np.asarray(arrays[f"{group}_{i}"])
        values = values.astype(bool) if kind == "boolean" else values
        known = None if levels is None else tuple(levels)
        columns[name] = Column(name, kind, values, known, np.zeros(len(values), dtype=bool))
    return columns

"""The numbers of a site's priors, merged: rows whose priors have one form share a block with vector numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import PriorError
from ..priors import Prior


def merge(name: str, kinds: dict[tuple, list[int]]) -> list[tuple[Any, tuple[int, ...], dict[str, Any]]]:
    """Groups (form, rows, numbers) of the rows of the site `name` by form, from {(form, prior): rows}."""
    forms: dict[Any, list[tuple[int, Prior]]] = {}
    for (form, prior), rows in kinds.items():
        forms.setdefault(form, []).extend((j, prior) for j in rows)
    merged = []
    for form, pairs in forms.items():
        pairs.sort(key=lambda pair: pair[0])
        rows = tuple(j for j, _ in pairs)
        numbers = [prior.hyper() for _, prior in pairs]
        same = all(prior == pairs[0][1] for _, prior in pairs)
        merged.append((form, rows, numbers[0] if same else _stack(name, numbers)))
    return sorted(merged, key=lambda item: item[1])


def _stack(name: str, numbers):
    first = numbers[0]
    for shape in {np.shape(n[k]) for k in first for n in numbers if not isinstance(n[k], dict)} - {()}:
        raise PriorError(
            f"Columns of {name!r} have priors with different numbers, so each number must be a scalar.",
            found=f"a parameter of shape {shape}",
            do="give each column its own prior of scalars",
        )
    return {
        k: _stack(name, [n[k] for n in numbers]) if isinstance(first[k], dict) else np.stack([n[k] for n in numbers])
        for k in first
    }


def stretch(hyper, extra: int):
    """Vector hyper-parameters (one per row) broadcast over the units of a layer."""
    if isinstance(hyper, dict):
        return {k: stretch(v, extra) for k, v in hyper.items()}
    value = np.asarray(hyper, float)
    return value.reshape(value.shape + (1,) * extra) if value.ndim == 1 else value


def check_shape(name: str, hyper, shape: tuple[int, ...]) -> None:
    """Refuse numbers of a prior that do not fit weights of `shape`."""
    for key, value in hyper.items():
        if isinstance(value, dict):
            check_shape(name, value, shape)
        elif not _fits(np.shape(value), shape):
            raise PriorError(
                f"The prior for {name!r} has parameters of another shape than its weights, {shape}.",
                found=f"{key} of shape {np.shape(value)}",
                do="use scalars, or one number for each weight",
            )


def _fits(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(own, shape) == shape
    except ValueError:
        return False

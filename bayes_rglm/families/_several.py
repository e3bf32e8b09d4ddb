"""Several responses at once: each column of y (n, T) follows the family by itself, given the linear predictors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import SpecError
from ..links import Link
from ._base import Family, Typical


def refuse_several(family: Family, design, heads: tuple[str, ...] = ()) -> None:
    """An error for several responses where the family, its rows or the model know one only."""
    if not design.responses:
        return
    shown = f"{len(design.responses)} responses: {', '.join(map(repr, design.responses[:6]))}"
    if not family.several:
        raise SpecError(
            f"The family {family.name!r} models one response at a time.",
            found=shown,
            do="fit each response by itself; a sum in a formula is written I(a + b)",
        )
    given = [f"heads={heads!r}"] if heads else []
    given += [role for role in ("trials", "lower", "upper") if getattr(design, role) is not None]
    if given:
        raise SpecError(
            f"With several responses there can be no {given[0]}.", found=shown, do="fit each response by itself"
        )


def check_responses(family: Family, design, levels=None, **rows) -> None:
    """`family.check` of every response of the design; `levels` stand in where the design has none."""
    levels = levels if design.levels is None else design.levels
    if not design.responses:
        family.check(design.y, design.response, levels, design.index, **rows)
    for name, y in zip(design.responses, design.y.T if design.responses else (), strict=True):
        family.check(y, name, levels, design.index)


def typical_responses(family: Family, link: Link, y, offset, weights, **rows) -> Typical:
    """`family.typical` of y (n,), or of each column of y (n, T): eta (T,) or (T, K), scale of as many axes."""
    if np.ndim(y) == 1:
        return family.typical(link, y, offset, weights, **rows)
    each = [family.typical(link, column, offset, weights, **rows) for column in y.T]
    eta = np.stack([one.eta for one in each])
    scale = np.array([one.scale for one in each]).reshape(-1, *(1,) * (eta.ndim - 1))
    return replace(each[0], eta=eta, scale=scale)

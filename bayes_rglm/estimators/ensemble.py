"""Ensemble: restarts of maximum likelihood or of the mode as a mixture with equal weights.

Each member starts at its own draw from the prior. The spread of the members is the spread between optima: it is no
posterior, and intervals of it would be none. Depth 1 has one start, which all members share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..binding import Program
from ..errors import EstimatorError
from ..gates import Label, ordered
from ..problem import Problem
from ..transforms import likelihood_only
from ._base import Draws, Estimator, Monitor, check_options, refuse_random_scales, register
from ._optimise import NOWHERE, search

OBJECTIVES = ("map", "ml")


@register("deep_ensemble")
@dataclass(frozen=True, kw_only=True)
class Ensemble(Estimator):
    """Options of an ensemble: its number of members, what each maximises ("map" or "ml"), and L-BFGS's options."""

    name: ClassVar[str] = "ensemble"
    members: int = 8
    of: str = "map"
    steps: int = 3000
    tolerance: float = 1e-7

    def __post_init__(self):
        check_options(self, whole={"members": 2, "steps": 1}, between={"tolerance": (0.0, 1.0)})
        if self.of not in OBJECTIVES:
            raise EstimatorError(
                "Ensemble: of says what each member maximises.", found=f"of={self.of!r}", do="'map' or 'ml'"
            )

    @property
    def starts(self) -> int:
        return self.members

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        if self.of == "map":
            refuse_random_scales(problem)
        goal = "mode" if self.of == "map" or not isinstance(problem.program, Program) else "likelihood"
        target = problem if self.of == "map" else likelihood_only(problem)[0]
        found = search(target, key, monitor, starts_from=problem, options=self, goal=goal)
        kept = [i for i, optimum in enumerate(found.found) if optimum.value > -0.5 * NOWHERE]
        sites = [found.sites(i) for i in kept]
        members = sites if problem.depth != 1 else [sites[i % len(sites)] for i in range(self.members)]
        samples = {name: np.stack([m[name] for m in members])[None] for name in members[0]}
        info = {"optima": [found.found[i].value for i in kept], "steps": [found.found[i].steps for i in kept]}
        info["gradients"] = sum(o.gradients for o in found.found)
        return Draws(samples=samples, kind="mixture", info=info, labels=ordered(_labels(found, kept, monitor)))


def _labels(found, kept, monitor: Monitor) -> list[Label]:
    """Labels of the members, counted."""
    labels: dict[str, list[Label]] = {}
    for i in kept:
        for label in found.labels(i, monitor):
            labels.setdefault(label.name, []).append(label)
    total = len(kept)
    counted = [
        Label(name, f"{len(rows)} of {total} members: {rows[0].message}", rows[0].advice, rows[0].columns)
        for name, rows in labels.items()
    ]
    if total < len(found.found):
        lost = len(found.found) - total
        counted.append(Label("not_a_mode", f"{lost} members found no finite density and were left out", "more members"))
    return counted

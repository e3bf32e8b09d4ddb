"""MAP: the mode of the posterior in constrained space, which is penalised likelihood with the model's priors.

Restarted L-BFGS (`_optimise`). The space matters for scales only: with a residual sd the mode in constrained space
(here, and Stan's `optimize`) differs from the one a Laplace approximation centres at. All optima are kept in
`info["optima"]`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..problem import Problem
from ._base import Draws, Estimator, Monitor, check_options, refuse_random_scales, register
from ._optimise import optimise


@register("maximum_a_posteriori", "mode")
@dataclass(frozen=True, kw_only=True)
class MAP(Estimator):
    """Options of MAP: restarts (networks only), steps of L-BFGS, tolerance on the mean gradient (None: 1e-9, and 1e-7
    for networks).
    """

    name: ClassVar[str] = "map"
    starts: int = 8
    steps: int = 3000
    tolerance: float | None = None

    def __post_init__(self):
        check_options(self, whole={"starts": 1, "steps": 1}, between={"tolerance": (0.0, 1.0)})

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        refuse_random_scales(problem)
        return optimise(problem, key, monitor, starts_from=problem, options=self._resolved(problem), goal="mode")

    def _resolved(self, problem: Problem) -> MAP:
        return self if self.tolerance else replace(self, tolerance=1e-9 if problem.depth == 1 else 1e-7)

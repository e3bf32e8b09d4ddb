"""What a transform returns: another problem, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Restore:
    """Maps constrained sites of the transformed problem to those of the original; leading axes are kept.

    `log_jacobian` is the constant c with: log density of the transformed problem + c = that of the original.
    """

    function: Callable[[dict[str, Any]], dict[str, Any]]
    log_jacobian: float

    def __call__(self, sites: dict[str, Any]) -> dict[str, Any]:
        return self.function(sites)

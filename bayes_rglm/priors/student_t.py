"""StudentT(df, loc, scale): heavy tails that leave large effects alone.

The penalty is (df + 1) / 2 log(1 + (w - loc)^2 / (df scale^2)): quadratic at the centre, logarithmic far away, and not
convex, so that a mode need not be the only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from .. import kernels as k
from ._base import SCALINGS, Prior, broadcast, check_number, check_scaled, register


def _student_t(hyper, shift, unit, support):
    return dist.StudentT(*broadcast(hyper["df"], shift + unit * hyper["loc"], unit * hyper["scale"]))


@register
@dataclass(frozen=True, kw_only=True)
class StudentT(Prior):
    """Student-t prior; `df=1` is Cauchy, large `df` is Normal; `scaled` as for `Normal`."""

    name: ClassVar[str] = "StudentT"
    df: float = 3.0
    loc: float = 0.0
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "df", positive=True)
        check_number(self, "loc")
        check_number(self, "scale", positive=True)
        check_scaled(self, SCALINGS)

    @property
    def form(self):
        return _student_t

    def penalty(self, w):
        return 0.5 * (self.df + 1.0) * k.namespace(w).log1p(((w - self.loc) / self.scale) ** 2 / self.df)

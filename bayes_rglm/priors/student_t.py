"""StudentT(df, loc, scale): heavy tails that leave large effects alone.

The penalty is (df + 1) / 2 log(1 + (w - loc)^2 / (df scale^2)): quadratic at the centre, logarithmic far away, and not
convex, so that a mode need not be the only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpyro.distributions as dist

from .. import kernels as k
from ._base import broadcast, check_number, register
from ._location_scale import LocationScale


def _student_t(hyper, shift, unit, support):
    return dist.StudentT(*broadcast(hyper["df"], shift + unit * hyper["loc"], unit * hyper["scale"]))


@register
@dataclass(frozen=True, kw_only=True)
class StudentT(LocationScale):
    """Student-t prior; `df=1` is Cauchy, large `df` is Normal; `scaled` as for `Normal`."""

    name: ClassVar[str] = "StudentT"
    df: float = 3.0
    form: ClassVar = staticmethod(_student_t)

    def __post_init__(self):
        check_number(self, "df", positive=True)
        super().__post_init__()

    def penalty(self, w):
        return 0.5 * (self.df + 1.0) * k.namespace(w).log1p(((w - self.loc) / self.scale) ** 2 / self.df)

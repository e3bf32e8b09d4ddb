"""What priors with a scale share: their numbers, and the checks of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpyro.distributions import constraints

from ._base import SCALINGS, Prior, check_number, check_scaled


@dataclass(frozen=True, kw_only=True)
class LocationScale(Prior):
    """A prior of real weights around `loc`; `scaled=None` means raw units, otherwise the scale is multiplied by frozen
    constants.
    """

    loc: float = 0.0
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "loc")
        check_number(self, "scale", positive=True)
        check_scaled(self, SCALINGS)


@dataclass(frozen=True, kw_only=True)
class PositiveScale(Prior):
    """A prior of positive parameters; `scaled="response"` multiplies the scale by the standard deviation of a real
    response.
    """

    support: ClassVar = constraints.positive
    scale: float = 1.0
    scaled: str | None = None

    def __post_init__(self):
        check_number(self, "scale", positive=True)
        check_scaled(self, (None, "response"))

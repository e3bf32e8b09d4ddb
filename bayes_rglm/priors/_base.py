"""The interface of a prior, and the registry.

A prior is a frozen record of numbers. It gives a *form*, a hashable function that builds the NumPyro distribution of a
weight array, and *hyper*, the numbers that the form needs: numbers travel as data, so that changing a scale recompiles
nothing. A site's frozen constants `shift` and `unit` (see `binding`) enter there: w = shift + unit * w0, w0 ~ prior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from ..errors import PriorError
from ..registry import Registry

Form = Callable[[dict[str, Any], Any, Any, Any], dist.Distribution]
Kink = Callable[[dict[str, Any]], tuple[Any, Any]]

SCALINGS = (None, "term", "fan_in", "response", "centred")


@dataclass(frozen=True, kw_only=True)
class Prior:
    """A prior on an array of weights, elementwise; the same object is the regulariser.

    `penalty(w)` is minus the log density up to a constant, for `w` in raw units and `scaled=None`. Where it is not
    smooth because of a term |w - centre| / scale, the static function `kink(hyper)` gives (centre, scale): optimisers
    then find exact zeros. `closed` says whether penalised likelihood takes the prior. `log_concave` says whether the
    log density is concave in `w` whatever the numbers: with a likelihood that is concave too there is one mode only,
    and an approximation at it can be certified. False where it is not, or not known to be.
    """

    name: ClassVar[str]
    support: ClassVar[Any] = constraints.real
    smooth: ClassVar[bool] = True
    proper: ClassVar[bool] = True
    closed: ClassVar[bool] = True
    log_concave: ClassVar[bool] = False
    kink: ClassVar[Kink | None] = None

    @property
    def form(self) -> Form:
        """Static, hashable: (hyper, shift, unit, support) -> NumPyro distribution."""
        raise PriorError(f"The prior {type(self).__name__} defines no distribution.")

    def hyper(self) -> dict[str, float]:
        """The numbers of the prior, as data."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, float)}

    def penalty(self, w):
        """-log density of each element of `w`, up to a constant; same shape as `w`."""
        raise PriorError(f"The prior {self!r} has no penalty.", do="use a sampler, or a prior with a closed density")

    @property
    def scaling(self) -> str | None:
        return getattr(self, "scaled", None)

    @property
    def scales(self) -> tuple[Any, ...]:
        """The random scales (`_scales.RandomScale`) of a hierarchical prior: given them, `form` is the distribution."""
        return ()


registry: Registry[type[Prior]] = Registry("prior", PriorError)


def register(cls: type[Prior]) -> type[Prior]:
    """Class decorator: makes a prior known by its name."""
    return registry.add(cls.name, cls, getattr(cls, "aliases", ()))


def check_number(prior: Prior, field: str, *, positive: bool = False) -> None:
    """Refuse anything that is not a finite number (positive where asked)."""
    value = getattr(prior, field)
    kinds = int | float | np.integer | np.floating
    number = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not number or (positive and value <= 0):
        kind = "a positive number" if positive else "a number"
        raise PriorError(
            f"{type(prior).__name__}: {field} must be {kind}.",
            found=f"{field}={value!r}",
            do="priors take plain numbers; use a mapping to give columns different priors",
        )
    object.__setattr__(prior, field, float(value))


def check_share(prior: Prior, field: str) -> None:
    """Refuse anything but a number between 0 and 1, both excluded."""
    check_number(prior, field, positive=True)
    if getattr(prior, field) >= 1.0:
        raise PriorError(
            f"{type(prior).__name__}: {field} lies between 0 and 1.",
            found=f"{field}={getattr(prior, field)!r}",
            do="give the share of the weights that you expect to matter, for example 0.1",
        )


def check_scaled(prior: Prior, allowed: tuple[str | None, ...]) -> None:
    if prior.scaling not in allowed:
        raise PriorError(
            f"{type(prior).__name__}: scaled names the frozen constants that multiply the scale.",
            found=f"scaled={prior.scaling!r}",
            do=f"use one of {', '.join(map(repr, allowed))}",
        )


def broadcast(*values):
    """Arrays of one shape; scalars are stretched."""
    return jnp.broadcast_arrays(*[jnp.asarray(v) for v in values])

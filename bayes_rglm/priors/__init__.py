"""Priors: the same object is the prior of a Bayesian fit and the penalty of a penalised one.

`Flat`, `Normal` (ridge), `Laplace` (lasso), `HalfNormal`, and any NumPyro distribution (`NumPyro.of(d)`, or the
distribution itself wherever a prior is taken). Priors are frozen records: equal numbers, equal priors, and the `repr`
is a recipe. They take keywords only. Explicit priors are in raw units; `scaled=` asks for frozen constants of the data
inside the scale: "term" divides by the norm of the column's term, "fan_in" by the square root of the number of inputs,
"centred" makes an intercept's prior speak of the mean of the inputs, "response" does that at the typical response, and
multiplies a residual scale by sd(y).

To add one: a file here and an import line below (`docs/adding.md`).
"""

from __future__ import annotations

import numpyro.distributions as dist

from ..errors import PriorError
from ._base import Prior, registry
from .flat import Flat
from .from_numpyro import NumPyro
from .half_normal import HalfNormal
from .laplace import Laplace
from .normal import Normal

__all__ = ["Flat", "HalfNormal", "Laplace", "Normal", "NumPyro", "Prior", "as_prior", "names", "registry"]

# These have records of their own, whose modes and penalties are exact.
_OWN = {"Normal": Normal, "Laplace": Laplace, "HalfNormal": HalfNormal}


def as_prior(value: object, where: str = "prior") -> Prior:
    """`value` as a prior record: a `Prior`, or a NumPyro distribution. Anything else is an error that names `where`."""
    if isinstance(value, Prior):
        return value
    if isinstance(value, dist.Distribution):
        record = NumPyro.of(value)
        own = _OWN.get(record.distribution)
        scalar = all(isinstance(v, float) for _, v in record.parameters)
        return own(**dict(record.parameters)) if own is not None and scalar else record
    raise PriorError(
        f"The prior for {where!r} must be a prior.",
        found=f"{type(value).__name__}: {value!r}",
        do="use for example priors.Normal(scale=1.0) or a NumPyro distribution",
    )


def names() -> tuple[str, ...]:
    """Names of all priors."""
    return registry.names()

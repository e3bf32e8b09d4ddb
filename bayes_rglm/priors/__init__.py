"""Priors: the same object is the prior of a Bayesian fit and the penalty of a penalised one.

Of weights: `Flat`, `Normal` (ridge), `Laplace` (lasso), `ElasticNet`, `StudentT`, `Cauchy`. Of positive parameters:
`HalfNormal`, `HalfNormalPower`, `HalfCauchy`, `Exponential`, `Gamma`, `LogNormal`; of bounded ones: `Uniform`. And any
NumPyro distribution (`NumPyro.of(d)`, or the distribution itself wherever a prior is taken). Hierarchical, of the
weights of a layer, with scales that are sampled too: `HierarchicalNormal`, `Horseshoe`, `RegularisedHorseshoe`.

Priors are frozen records: equal numbers, equal priors, and the `repr` is a recipe. They take keywords only. Explicit
priors are in raw units; `scaled=` asks for frozen constants of the data inside the scale: "term" divides by the norm
of the column's term, "fan_in" by the square root of the number of inputs, "centred" makes an intercept's prior speak
of the mean of the inputs, "response" does that at the typical response, and multiplies a residual scale by sd(y).

To add one: a file here and an import line below (`docs/adding.md`).
"""

from __future__ import annotations

import numpyro.distributions as dist

from ..errors import PriorError
from ._base import Prior, registry
from .cauchy import Cauchy
from .elastic_net import ElasticNet
from .exponential import Exponential
from .flat import Flat
from .from_numpyro import NumPyro
from .gamma import Gamma
from .half_cauchy import HalfCauchy
from .half_normal import HalfNormal
from .half_normal_power import HalfNormalPower
from .hierarchical_normal import HierarchicalNormal
from .horseshoe import Horseshoe
from .induced_dirichlet import InducedDirichlet
from .laplace import Laplace
from .log_normal import LogNormal
from .normal import Normal
from .regularised_horseshoe import RegularisedHorseshoe
from .student_t import StudentT
from .truncated_gamma import TruncatedGamma
from .uniform import Uniform

__all__ = [
    "Flat",
    "Normal",
    "Laplace",
    "ElasticNet",
    "StudentT",
    "Cauchy",
    "HalfNormal",
    "HalfCauchy",
    "Exponential",
    "Gamma",
    "LogNormal",
    "Uniform",
    "HierarchicalNormal",
    "Horseshoe",
    "RegularisedHorseshoe",
    "RegularizedHorseshoe",
    "HalfNormalPower",
    "TruncatedGamma",
    "InducedDirichlet",
    "NumPyro",
    "Prior",
    "as_prior",
    "names",
    "registry",
]

RegularizedHorseshoe = RegularisedHorseshoe

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

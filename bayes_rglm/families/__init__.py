"""Families: the response distributions, each written on the linear predictor and exact in the tails.

`get(name)` gives the family's frozen record, `names()` lists them. To add one: a file here and an import line below
(`docs/adding.md`); the contract tests then cover it.
"""

from __future__ import annotations

from ._base import Family, Parameter, Response, Typical, refuse_roles, registry
from ._several import check_responses, refuse_several, typical_responses
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .exponential import Exponential
from .gamma import Gamma
from .gaussian import Gaussian
from .inverse_gaussian import InverseGaussian
from .negative_binomial import NegativeBinomial, NegativeBinomial1
from .ordinal import Ordinal
from .poisson import Poisson
from .signed_bernoulli import SignedBernoulli
from .student_t import StudentT
from .tobit import Tobit
from .weibull import Weibull

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Exponential",
    "Family",
    "Gamma",
    "Gaussian",
    "InverseGaussian",
    "NegativeBinomial",
    "NegativeBinomial1",
    "Ordinal",
    "Parameter",
    "Poisson",
    "Response",
    "SignedBernoulli",
    "StudentT",
    "Tobit",
    "Typical",
    "Weibull",
    "check_responses",
    "get",
    "names",
    "refuse_roles",
    "refuse_several",
    "registry",
    "typical_responses",
]


def get(family: str | Family) -> Family:
    """The family called `family`; a `Family` is returned as it is."""
    return family if isinstance(family, Family) else registry.get(family)


def names() -> tuple[str, ...]:
    """Names of all families."""
    return registry.names()

"""Families: the response distributions, each written on the linear predictor and exact in the tails.

`get(name)` gives the family's frozen record, `names()` lists them. To add one: a file here and an import line below
(`docs/adding.md`); the contract tests then cover it.
"""

from __future__ import annotations

from ._base import Family, Parameter, Response, Typical, refuse_roles, registry
from .bernoulli import Bernoulli
from .gaussian import Gaussian
from .poisson import Poisson

__all__ = [
    "Bernoulli",
    "Family",
    "Gaussian",
    "Parameter",
    "Poisson",
    "Response",
    "Typical",
    "get",
    "names",
    "refuse_roles",
    "registry",
]


def get(family: str | Family) -> Family:
    """The family called `family`; a `Family` is returned as it is."""
    return family if isinstance(family, Family) else registry.get(family)


def names() -> tuple[str, ...]:
    """Names of all families."""
    return registry.names()

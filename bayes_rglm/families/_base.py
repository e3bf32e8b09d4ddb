"""The interface of a family, the base of its NumPyro distributions, and the registry.

A family works on the *linear predictor* and a link, never on a mean that is already rounded to 0 or 1. `score` and
`information` are written once over NumPy and JAX arrays (see `kernels`): Newton's method uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from .. import kernels as k
from ..errors import DataError, SpecError
from ..links import Link
from ..priors import Prior
from ..registry import Registry, fold


@dataclass(frozen=True)
class Parameter:
    """An auxiliary parameter of a family, such as a residual sd.

    `start(y, mean)`, of the `y` that `Family.seen` gives, and `profile(y, mean, weights)` are a first value and, where
    it is closed, the maximum-likelihood value given the means. `floor` is the least value that a network fitted by
    maximum likelihood may take, in units of the response: below it the likelihood is unbounded. `typical` is a value as
    likely small as large, in the unit of the prior: a head's intercept stands there.
    """

    name: str
    support: Any
    prior: Prior
    start: Callable[..., float]
    profile: Callable[..., float] | None = None
    floor: float | None = None
    link: Link | None = None
    size: str | None = None
    typical: float = 1.0


@dataclass(frozen=True)
class Typical:
    """Frozen numbers of a response: `eta`, the link of a typical value; `scale`, its unit (1 unless real-valued);
    `mean`, the typical value of a row of mean offset, which binding fills in.

    Arrays for levels and for several responses.
    """

    eta: float | np.ndarray
    scale: float | np.ndarray
    mean: float | np.ndarray = 1.0


@dataclass(frozen=True)
class Family:
    """A response distribution. Subclasses are leaves: one file each, registered at import.

    A new one gives the class attributes and `distribution, check, typical, variance, score, information,
    unit_deviance`. `measure` is the dominating measure of its densities: fits are compared within one measure only.
    `log_concave` holds those of its `links` under which the log density of a row, censored rows included, is concave in
    the linear predictor, or in all of them, given the auxiliary values, so that the mode of a model of depth 1 is the
    only one: Wedderburn (1976), Pratt (1981), Burridge (1981). Links of which that is false or unknown are left out.
    `rows` names which of the design's trials, lower and upper it uses; the others are refused. `several` says whether
    y may be (n, T), columns that share the hidden layers. `narrowing` is the parameter at the end of which a response
    is its linear predictor, in the units of `brackets`.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    links: ClassVar[tuple[Link, ...]]
    log_concave: ClassVar[tuple[Link, ...]] = ()
    auxiliaries: ClassVar[tuple[Parameter, ...]] = ()
    measure: ClassVar[str] = "lebesgue"
    support: ClassVar[str]
    discrete: ClassVar[bool] = False
    outputs: ClassVar[str] = "one"
    several: ClassVar[bool] = False
    intercept: ClassVar[bool] = True
    closed: ClassVar[bool] = True
    rows: ClassVar[tuple[str, ...]] = ()
    deviance_needs: ClassVar[tuple[str, ...]] = ()
    unit_deviance: ClassVar[Any] = None
    narrowing: ClassVar[str | None] = None

    def distribution(self, link: Link, eta, **aux) -> dist.Distribution:
        """The NumPyro distribution of the rows, which keeps `eta`."""
        return self.response(link=link, eta=eta, **aux)

    def separation(self, y, link: Link | None = None, **rows):
        """(signs, equal) of the existence programme (`gates.recession_direction`); None: the mode always exists."""
        return

    def brackets(self, y, **rows):
        """(low, high) of censored rows, each (n,), -inf and inf among them: between them the linear predictor makes a
        row certain at the end of `narrowing`. None where a row was seen.
        """
        return

    def deviance_at(self, link: Link, y, eta, **known):
        """Unit deviances at the linear predictor; `known` are those of `deviance_needs` and `rows`. A family whose mean
        rounds to an end of its range, where the deviance is infinite, has its own in log space.
        """
        return self.unit_deviance(y, link.inverse(eta), **known)

    def seen(self, y, **rows):
        """A number for every row of `y`, censored ones too: what first and typical values are made of. `rows` are those
        of the attribute `rows` that there are.
        """
        return y

    def parameter(self, name: str) -> Parameter:
        return next(p for p in self.auxiliaries if p.name == name)

    def link(self, link: str | Link | None) -> Link:
        """The link of that name, refused where this family does not have it; None is the default link."""
        from_name = self.links[0] if link is None else _find(self.links, link)
        if from_name is None:
            raise SpecError(
                f"The family {self.name!r} does not have this link.",
                found=repr(getattr(link, "name", link)),
                do=f"use one of {', '.join(x.name for x in self.links)}",
            )
        return from_name

    def __repr__(self) -> str:
        return f"families.get({self.name!r})"


class Response(dist.Distribution):
    """Base of the response distributions: rows (batch shape), the linear predictor kept as `eta`, the link static.

    Subclasses list *every* array field in `pytree_data_fields`: a forgotten one vanishes silently under jit.
    """

    pytree_data_fields = ("eta",)
    pytree_aux_fields = ("link",)
    arg_constraints: ClassVar = {"eta": constraints.real}

    def __init__(self, *, link: Link, eta, validate_args=None, **aux):
        self.link = link
        values = jnp.broadcast_arrays(k.floating(jnp.asarray(eta)), *[jnp.asarray(v) for v in aux.values()])
        self.eta = values[0]
        for name, value in zip(aux, values[1:], strict=True):
            setattr(self, name, value)
        super().__init__(batch_shape=jnp.shape(self.eta), validate_args=validate_args)

    @property
    def mean(self):
        return self.link.inverse(self.eta)


registry: Registry[Family] = Registry("family")


def register(cls: type[Family]) -> type[Family]:
    """Class decorator: freezes a family and makes it known by its name and aliases."""
    cls = dataclass(frozen=True, repr=False, eq=False)(cls)
    registry.add(cls.name, cls(), cls.aliases)
    return cls


def _find(links: tuple[Link, ...], link: str | Link) -> Link | None:
    wanted = fold(link.name if isinstance(link, Link) else str(link))
    return next((x for x in links if wanted in map(fold, (x.name, *x.aliases))), None)


def refuse_roles(family: Family, design) -> None:
    """An error for what a design was given and the family does not use: ignoring it would fit another model."""
    given = [role for role in ("trials", "lower", "upper") if getattr(design, role) is not None]
    unused = [role for role in given if role not in family.rows]
    if design.weights_kind == "trials":
        unused = ['weights_kind="trials"' if role == "trials" else role for role in unused]
    if unused:
        raise SpecError(
            f"The family {family.name!r} does not use {unused[0]}.",
            found=f"a design with {', '.join(unused)}",
            do="leave it out",
        )
    if design.offset is not None and family.outputs == "levels":
        raise SpecError(
            f"An offset means nothing to the family {family.name!r}: it moves the predictors of all levels alike.",
            found="a design with an offset",
            do="leave it out",
        )


def refuse_levels(family: Family, y, response: str, levels) -> None:
    """An error for a response of labels where numbers are needed."""
    if levels is not None:
        raise DataError(
            f"The family {family.name!r} needs a numeric response.",
            found=f"{response!r} has the levels {', '.join(map(repr, levels[:6]))}",
            do="give numbers, or choose a family for labels such as 'bernoulli'",
        )


def refuse_rows(family: Family, y, response: str, index, bad, do: str) -> None:
    """An error naming the first row of `y` where `bad` holds."""
    rows = np.flatnonzero(bad)
    if rows.size:
        first = rows[0]
        raise DataError(
            f"The family {family.name!r} has support {family.support}.",
            found=f"column {response!r}, row {index[first]}, value {y[first]:g} ({rows.size} such rows of {len(y)})",
            do=do,
        )


def average(values, weights) -> float:
    """Weighted mean of rows."""
    return float(np.average(values, weights=weights))

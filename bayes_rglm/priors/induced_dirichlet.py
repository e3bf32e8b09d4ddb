"""InducedDirichlet(concentration): a prior on ordered cut-points, stated on the level probabilities they mean.

The probabilities p_k = F(c_k) - F(c_{k-1}) of the K levels at a linear predictor of 0 are Dirichlet; the density of
the cut-points follows by the Jacobian, the product of the densities f(c_k) (Betancourt). `concentration=1`, the
default, makes every vector of probabilities equally likely: the cut-points are then K - 1 sorted draws from F.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from .. import kernels as k
from ..errors import PriorError
from ._base import Prior, check_number, check_scaled, register

_DENSITIES = {
    "logit": lambda z: k.log_expit(z) + k.log_expit(-z),
    "probit": k.log_ndpdf,
    "cloglog": lambda z: z - jnp.exp(z),
    "loglog": lambda z: -z - jnp.exp(-z),
    "cauchit": lambda z: -jnp.log(jnp.pi) - jnp.log1p(z * z),
}
_UPPER = {  # log(1 - F)
    "logit": lambda z: k.log_expit(-z),
    "probit": lambda z: k.log_ndtr(-z),
    "cloglog": lambda z: -jnp.exp(z),
    "loglog": lambda z: k.log1mexpexp(-z),
    "cauchit": lambda z: k.log_cauchy(-z),
}
_LOWER = {  # log F
    "logit": k.log_expit,
    "probit": k.log_ndtr,
    "cloglog": k.log1mexpexp,
    "loglog": lambda z: -jnp.exp(-z),
    "cauchit": k.log_cauchy,
}
_QUANTILES = {  # of F = u, given u and 1 - u
    "logit": lambda u, v: jnp.log(u) - jnp.log(v),
    "probit": lambda u, v: jnp.where(u < 0.5, jsp.ndtri(u), -jsp.ndtri(v)),
    "cloglog": lambda u, v: jnp.log(-jnp.where(u < 0.5, jnp.log1p(-u), jnp.log(v))),
    "loglog": lambda u, v: -jnp.log(-jnp.where(v < 0.5, jnp.log1p(-v), jnp.log(u))),
    "cauchit": lambda u, v: jnp.where(u < 0.5, -1.0, 1.0) / jnp.tan(jnp.pi * jnp.minimum(u, v)),
}


class InducedDirichletCutpoints(dist.Distribution):
    """Ordered cut-points, event shape (K-1,), whose level probabilities at `loc` are Dirichlet(concentration)."""

    support = constraints.ordered_vector
    arg_constraints: ClassVar = {"concentration": constraints.positive, "loc": constraints.real}
    pytree_data_fields = ("concentration", "loc")
    pytree_aux_fields = ("link",)

    def __init__(self, link: str, concentration, loc, size: int, *, validate_args=None):
        self.link = link
        self.concentration, self.loc = jnp.broadcast_arrays(jnp.asarray(concentration), jnp.asarray(loc))
        super().__init__(jnp.shape(self.loc), (size,), validate_args=validate_args)

    def sample(self, key, sample_shape=()):
        shape, count = sample_shape + self.batch_shape, self.event_shape[0] + 1
        gammas = jax.random.gamma(key, jnp.broadcast_to(self.concentration[..., None], (*shape, count)))
        below, above = jnp.cumsum(gammas, -1), jnp.cumsum(gammas[..., ::-1], -1)[..., ::-1]
        total = below[..., -1:]
        return self.loc[..., None] + _QUANTILES[self.link](below[..., :-1] / total, above[..., 1:] / total)

    def log_prob(self, value):
        z, count = value - self.loc[..., None], self.event_shape[0] + 1
        gap = jnp.diff(value, axis=-1)
        between = k.log_interval(self.link, z[..., 1:], z[..., :-1], gap).sum(-1)
        levels = between + _LOWER[self.link](z[..., 0]) + _UPPER[self.link](z[..., -1])
        a = self.concentration
        constant = jsp.gammaln(count * a) - count * jsp.gammaln(a)
        return constant + (a - 1.0) * levels + _DENSITIES[self.link](z).sum(-1)


@dataclass(frozen=True)
class _Induced:
    """The form: hashable, knows the link; `shift` moves the point of reference, `unit` tells how many cut-points."""

    link: str

    def __call__(self, hyper, shift, unit, support):
        loc = 0.0 if shift is None else jnp.ravel(jnp.asarray(shift))[0]
        return InducedDirichletCutpoints(self.link, hyper["concentration"], loc, jnp.shape(unit)[-1])


@register
@dataclass(frozen=True, kw_only=True)
class InducedDirichlet(Prior):
    """Prior of the cut-points of an ordinal response; `link=None` stands for the model's own link.

    `scaled="centred"` states the probabilities at the mean of the columns and of the offset, as default intercepts are
    (in a network, whose last layer has no columns: of the offset); None at a linear predictor of 0.
    """

    name: ClassVar[str] = "InducedDirichlet"
    support: ClassVar = constraints.ordered_vector
    vector: ClassVar[bool] = True
    concentration: float = 1.0
    link: str | None = None
    scaled: str | None = "centred"

    def __post_init__(self):
        check_number(self, "concentration", positive=True)
        check_scaled(self, (None, "centred"))
        if self.link is not None and self.link not in _QUANTILES:
            raise PriorError(
                "InducedDirichlet: link is the link of an ordinal response.",
                found=f"link={self.link!r}",
                do=f"use one of {', '.join(_QUANTILES)}, or leave it out for the model's own",
            )

    def under(self, link: str) -> InducedDirichlet:
        """The same prior with the model's link filled in where it was left out."""
        return self if self.link is not None else replace(self, link=link)

    @property
    def form(self):
        return _Induced(self.link or "logit")

    def hyper(self):
        return {"concentration": self.concentration}

    def penalty(self, w):
        """-log density of each vector of cut-points, (..., K-1) -> (...)."""
        w = jnp.asarray(w)
        return -self.form(self.hyper(), None, jnp.ones(w.shape[-1]), self.support).log_prob(w)

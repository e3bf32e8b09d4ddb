"""Any NumPyro distribution as a prior, stored as class name and parameters, so that a model hashes and saves."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import transforms

from ..errors import PriorError
from ._base import Prior, register

Value = Any  # a float, a tuple of floats (nested for matrices), or another record


@dataclass(frozen=True)
class _Rebuild:
    """The form of a NumPyro distribution: hashable, holds names only; the numbers come as `hyper`."""

    distribution: str
    keys: tuple[tuple[str, Any], ...]

    def __call__(self, hyper, shift, unit, support):
        base = self.build(hyper)
        shape = jnp.shape(unit)
        if base.batch_shape != shape:
            base = base.expand(shape)
        if shift is None:  # a bounded support stays where it is
            return base
        return dist.TransformedDistribution(base, transforms.AffineTransform(shift, unit, domain=base.support))

    def build(self, hyper):
        cls = getattr(dist, self.distribution)
        return cls(**{key: form.build(hyper[key]) if form is not None else hyper[key] for key, form in self.keys})


@register
@dataclass(frozen=True, kw_only=True)
class NumPyro(Prior):
    """A NumPyro distribution as a prior: `NumPyro.of(dist.Gamma(2.0, 1.0))`; elementwise, in raw units.

    Raises `PriorError` for discrete or multivariate distributions and for those that cannot be rebuilt from their
    constructor's arguments.
    """

    name: ClassVar[str] = "NumPyro"
    smooth: ClassVar[bool] = True
    closed: ClassVar[bool] = False
    distribution: str
    parameters: tuple[tuple[str, Value], ...]

    def __post_init__(self):
        cls = getattr(dist, self.distribution, None) if isinstance(self.distribution, str) else None
        if not (isinstance(cls, type) and issubclass(cls, dist.Distribution)):
            raise PriorError(
                "A NumPyro prior names a class of numpyro.distributions.",
                found=repr(self.distribution),
                do='for example NumPyro(distribution="Gamma", parameters=(("concentration", 2.0), ("rate", 1.0)))',
            )
        object.__setattr__(self, "parameters", tuple((str(k), _freeze(v)) for k, v in self.parameters))

    @classmethod
    def of(cls, distribution: dist.Distribution) -> NumPyro:
        """The record of `distribution`; checked by rebuilding it."""
        while isinstance(distribution, dist.ExpandedDistribution | dist.Independent):
            distribution = distribution.base_dist
        kind = type(distribution).__name__
        if distribution.is_discrete or distribution.event_dim:
            raise PriorError(
                "A prior on weights is continuous and elementwise.",
                found=f"numpyro.distributions.{kind}, "
                + ("discrete" if distribution.is_discrete else f"event dimension {distribution.event_dim}"),
                do="use a univariate continuous one, or write the model in NumPyro and use Problem.from_numpyro",
            )
        names = [p for p in inspect.signature(type(distribution).__init__).parameters if p not in _NOT_PARAMETERS]
        try:
            record = cls(distribution=kind, parameters=tuple((n, getattr(distribution, n)) for n in names))
            _check_rebuilt(record, distribution)
        except (AttributeError, ImportError, NotImplementedError, TypeError, ValueError) as error:
            raise PriorError(
                "This NumPyro distribution cannot be written as a name and numbers.",
                found=f"numpyro.distributions.{kind}: {getattr(error, 'found', None) or error}",
                do="use another distribution, or write the model in NumPyro and use Problem.from_numpyro",
            ) from None
        return record

    @property
    def form(self):
        return _Rebuild(self.distribution, tuple((k, _form(v)) for k, v in self.parameters))

    def hyper(self):
        return {k: v.hyper() if isinstance(v, NumPyro) else np.asarray(v, float) for k, v in self.parameters}

    @property
    def support(self):
        return self._built().support

    def penalty(self, w):
        return -self._built().log_prob(w)

    def _built(self) -> dist.Distribution:
        return self.form.build(self.hyper())


_NOT_PARAMETERS = ("self", "validate_args", "args", "kwargs", "probs_only")


def _form(value):
    return value.form if isinstance(value, NumPyro) else None


def _freeze(value):
    if isinstance(value, NumPyro):
        return value
    if isinstance(value, dist.Distribution):
        return NumPyro.of(value)
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise PriorError("A prior's parameters are numbers.", found=repr(value), do="give plain numbers")
    # A float32 that was written as 0.1 means 0.1: the shortest decimal that reads back.
    numbers = [float(str(x)) for x in array.ravel()]
    return numbers[0] if array.ndim == 0 else _nest(numbers, array.shape)


def _nest(numbers, shape):
    if len(shape) == 1:
        return tuple(numbers)
    step = len(numbers) // shape[0]
    return tuple(_nest(numbers[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))


def _check_rebuilt(record: NumPyro, original: dist.Distribution) -> None:
    value = original.sample(jax.random.key(0))
    if not np.allclose(original.log_prob(value), record._built().log_prob(value), rtol=1e-4, equal_nan=True):
        raise ValueError("the rebuilt distribution has another density")

"""A distribution whose rows come from several distributions: columns of one weight array with unlike priors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints


class RowBlocks(dist.Distribution):
    """Rows `rows[k]` of an array follow `parts[k]`; all parts are elementwise and share `support`.

    Shape: `parts[k]` has batch shape (len(rows[k]), ...), the whole (sum of lengths, ...).
    """

    pytree_data_fields = ("parts", "_support")
    pytree_aux_fields = ("rows",)

    def __init__(self, parts, rows, support=constraints.real, *, validate_args=None):
        self.parts, self.rows, self._support = list(parts), tuple(map(tuple, rows)), support
        tail = self.parts[0].batch_shape[1:]
        super().__init__(batch_shape=(sum(map(len, self.rows)), *tail), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        return self._support

    @property
    def _axis(self) -> int:
        return -len(self.batch_shape)

    def _join(self, pieces):
        order = np.argsort(np.concatenate([np.asarray(r) for r in self.rows]))
        return jnp.take(jnp.concatenate(pieces, axis=self._axis), order, axis=self._axis)

    def sample(self, key, sample_shape=()):
        keys = jax.random.split(key, len(self.parts))
        return self._join([part.sample(k, sample_shape) for part, k in zip(self.parts, keys, strict=True)])

    def log_prob(self, value):
        value = jnp.asarray(value)
        pieces = [
            part.log_prob(jnp.take(value, np.asarray(rows), axis=self._axis))
            for part, rows in zip(self.parts, self.rows, strict=True)
        ]
        return self._join(pieces)

"""Exact zeros: coefficients whose penalty has a kink, as differences of two non-negative parts."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np


class Split:
    """Coordinates for L-BFGS-B: coefficients with a kink at `loc` become loc + u - v with u, v >= 0 and penalty (u +
    v)/scale. The density that is differentiated lacks those priors: what JAX takes for |x|' at 0 is not asked.
    """

    def __init__(self, size: int, kinks):
        self.size = size
        self.index, self.loc, self.scale = kinks if kinks is not None else (np.array([], int), np.zeros(0), np.ones(0))

    def part(self, z):
        away = z[self.index] - self.loc
        x = np.concatenate([z, np.maximum(-away, 0.0)])
        x[self.index] = np.maximum(away, 0.0)
        return x

    def join(self, x):
        z = x[: self.size].copy()
        z[self.index] = self.loc + x[self.index] - x[self.size :]
        return z

    def beside(self, z):
        """`z` moved off every kink, by less than shows: libraries differ in the slope that they take at a kink."""
        step = 16 * np.finfo(jnp.result_type(float)).eps * np.abs(self.loc) + 1e-20 * self.scale
        z[self.index] = np.where(z[self.index] == self.loc, self.loc + step, z[self.index])
        return z

    def objective(self, x, z, value, gradient):
        away = z[self.index] - self.loc
        smooth = value + (np.abs(away) / self.scale).sum()
        slope = gradient.copy()
        slope[self.index] += np.sign(away) / self.scale
        total = -smooth + ((x[self.index] + x[self.size :]) / self.scale).sum()
        down = np.concatenate([-slope, slope[self.index] + 1.0 / self.scale])
        down[self.index] = -slope[self.index] + 1.0 / self.scale
        return total, down

    def bounds(self, lower):
        low = np.full(self.size, -np.inf) if lower is None else lower.copy()
        low[self.index] = 0.0
        low = np.concatenate([low, np.zeros(len(self.index))])
        return [(None if not np.isfinite(b) else b, None) for b in low] if np.isfinite(low).any() else None

    def residual(self, x, gradient, lower=None):
        """Largest entry of the projected gradient: at a bound a gradient that pushes outwards does not count."""
        at_zero = np.zeros(len(x), bool)
        at_zero[self.index] = x[self.index] <= 0.0
        at_zero[self.size :] = x[self.size :] <= 0.0
        if lower is not None:
            at_zero[: self.size] |= x[: self.size] <= lower
        free = np.where(at_zero, np.minimum(gradient, 0.0), gradient)
        return float(np.max(np.abs(free), initial=0.0))

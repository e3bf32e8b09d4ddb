"""What the families of a location and a scale share: y = mu + sigma z, rows that may be censored."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpyro.distributions import constraints

from .. import kernels as k
from ..links import Link
from . import _censoring as censoring
from ._base import Family, Typical, average, refuse_levels


class LocationScaleResponse(censoring.CensoredResponse):
    """Base of y = mu + sigma z: `standard_noise`, `standard_cdf` and `clipped` are its standard form's."""

    pytree_data_fields = ("sigma",)
    arg_constraints: ClassVar = {"eta": constraints.real, "sigma": constraints.positive}
    support = constraints.real
    reparametrized_params: ClassVar = ["eta", "sigma"]

    @property
    def location(self):
        return self.link.inverse(self.eta)

    def standard_noise(self, key, shape):
        raise NotImplementedError

    def standard_cdf(self, z):
        raise NotImplementedError

    def clipped(self, low, high):
        """`censoring.clipped_moments` of the standard variable."""
        raise NotImplementedError

    def sample(self, key, sample_shape=()):
        return self.clip(self.location + self.sigma * self.standard_noise(key, sample_shape + self.batch_shape))

    def cdf(self, value):
        return self.clipped_cdf(value, self.standard_cdf((value - self.location) / self.sigma))

    def _ends(self):
        lower, upper = self.bounds.values()
        low = -np.inf if lower is None else (lower - self.location) / self.sigma
        high = np.inf if upper is None else (upper - self.location) / self.sigma
        return low + 0.0 * self.eta, high + 0.0 * self.eta

    @property
    def mean(self):
        lower, upper = self.bounds.values()
        if lower is None and upper is None:
            return self.location
        return self.clip(self.location) + self.sigma * self.clipped(*self._ends())[0]

    @property
    def variance(self):
        return self.sigma**2 * self.clipped(*self._ends())[1]


class LocationScale(Family):
    """Base record of the families y = mu + sigma z: a leaf gives `standard(**shape)` and `standard_information`."""

    rows: ClassVar[tuple[str, ...]] = ("lower", "upper")
    deviance_needs: ClassVar[tuple[str, ...]] = ("sigma",)
    narrowing: ClassVar[str | None] = "sigma"

    def standard(self, **shape: Any) -> censoring.Standard:
        raise NotImplementedError

    def check(self, y, response, levels, index, lower=None, upper=None) -> None:
        refuse_levels(self, y, response, levels)
        censoring.check_bounds(y, response, index, lower, upper)

    def typical(self, link: Link, y, offset, weights, lower=None, upper=None) -> Typical:
        y = self.seen(y, lower, upper)
        spread = np.sqrt(average((y - average(y, weights)) ** 2, weights))
        # The mean of a constant column is rounded: a spread at that level is none.
        rounding = 8 * np.finfo(float).eps * np.max(np.abs(y))
        scale = float(spread) if spread > rounding else 1.0
        centre = np.clip(average(y, weights), *_reach(link, scale))
        return Typical(float(link.forward(centre)) - average(offset, weights), scale)

    def seen(self, y, lower=None, upper=None):
        return censoring.seen(y, lower, upper)

    def separation(self, y, link: Link | None = None, lower=None, upper=None):
        return censoring.separation(y, lower, upper, link is None or bool(link.increasing))

    def brackets(self, y, lower=None, upper=None):
        return censoring.brackets(y, lower, upper)

    def sorted_rows(self, link: Link, y, eta, sigma, lower, upper) -> censoring.Rows:
        mean = link.inverse(eta)
        return censoring.rows_of(
            y, lower, upper, lambda value: (value - mean) / sigma, lambda low, high: (high - low) / sigma, 0.0
        )

    def log_likelihood(self, link, y, eta, sigma, lower=None, upper=None, **shape):
        standard, log_sigma = self.standard(**shape), k.namespace(sigma).log(sigma)
        if lower is None and upper is None:
            return standard.density((y - link.inverse(eta)) / sigma) - log_sigma
        rows = self.sorted_rows(link, y, eta, sigma, lower, upper)
        return censoring.log_likelihood(standard, rows, -log_sigma)

    def score(self, link, y, eta, sigma, lower=None, upper=None, **shape):
        slope = k.exp(link.log_slope(eta)) * (1.0 if link.increasing else -1.0)
        standard = self.standard(**shape)
        if lower is None and upper is None:
            return -standard.slope((y - link.inverse(eta)) / sigma) / sigma * slope
        rows = self.sorted_rows(link, y, eta, sigma, lower, upper)
        return -censoring.score(standard, rows) / sigma * slope

    def information(self, link, eta, sigma, lower=None, upper=None, **shape):
        mean = link.inverse(eta)
        low = None if lower is None else (lower - mean) / sigma
        high = None if upper is None else (upper - mean) / sigma
        return k.exp(2 * link.log_slope(eta)) / sigma**2 * self.standard_information(low, high, **shape)

    def standard_information(self, low, high, **shape):
        """Expected squared d log f / dz of one row with bounds at `low` and `high` (None: no bound)."""
        raise NotImplementedError

    def unit_deviance(self, y, mu, sigma=1.0, lower=None, upper=None, **shape):
        """2 (saturated - log likelihood)."""
        z = lambda value: (value - mu) / sigma  # noqa: E731
        rows = censoring.rows_of(y, lower, upper, z, lambda low, high: (high - low) / sigma, 0.0)
        return censoring.deviance(self.standard(**shape), rows)


def root_mean_square(y, mean, weights=None) -> float:
    """Residual sd of the rows."""
    return float(np.sqrt(average((np.asarray(y) - mean) ** 2, weights)))


def _reach(link: Link, scale: float) -> tuple[float, float]:
    """Means that the link reaches with some room to spare."""
    low, high = link.mean_domain
    room = min(0.1 * scale, 0.01 * (high - low))
    return low + room, high - room

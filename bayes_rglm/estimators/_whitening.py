"""Coordinates in which a depth-1 posterior is nearly standard normal, from Fisher scoring alone (nothing is compiled).

Priors enter as Gaussians of the same mean and variance (where they have them), the auxiliary values through the
curvature of the log joint at the optimum. It need not be exact: it is a change of coordinates, and NUTS adapts what
is left.
"""

from __future__ import annotations

import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import biject_to, constraints, transforms

from .. import glm
from ..errors import PriorError
from ..model import prior_of
from ..problem import Problem, separate
from ..transforms import standardised
from ._feasible import coefficients
from ._newton import fisher_scoring

FARTHEST = 20.0  # a linear predictor beyond this has run off along a direction that the prior does not hold


def whitening(problem: Problem) -> tuple[np.ndarray, np.ndarray] | None:
    """(loc, factor) of the flat unconstrained vector of a *standardised* depth-1 problem, or None where bounds forbid
    it.
    """
    first = problem.program.layers[0]
    if problem.program.responses:
        return _by_response(problem)
    if not problem.classical:
        return None
    if any(site.support is not constraints.real for site in (first.weights, first.intercept) if site is not None):
        return None
    X = np.asarray(problem.data["X"], float)
    intercept = first.intercept is not None
    if intercept:
        X = np.column_stack([np.ones(len(X)), X])
    root, location = _gaussian_prior(problem, first)
    start = location.copy()
    if intercept:
        start[0] = problem.constants["typical"]["eta"]
    start = coefficients(problem, X, start)
    fit = fisher_scoring(problem, X, start, root, location, steps=50, tolerance=1e-6)
    runs_off = np.max(np.abs(fit.eta), initial=0.0) > FARTHEST and glm.existence(problem, X) is not None
    if not np.all(np.isfinite(fit.beta)) or fit.gradient > 1e-3 or runs_off:
        return None
    covariance = np.linalg.inv(fit.information + _ridge(fit.information))
    return _assemble(problem, first, intercept, fit, covariance)


def _by_response(problem: Problem) -> tuple[np.ndarray, np.ndarray] | None:
    """Several responses share no parameter, and each is whitened by itself."""
    count = problem.program.responses
    apart = all(shape[-1:] == (count,) for _, shape in problem.layout)  # a scale that responses share joins them
    if not apart or not problem.program.family.closed or problem.design is None:
        return None
    index = problem.unravel(np.arange(problem.size))
    loc, factor = np.zeros(problem.size), np.zeros((problem.size,) * 2)
    try:
        parts = [standardised(one)[0] for one in separate(problem)]
    except PriorError:  # numbers for all responses together
        return None
    for t, part in enumerate(parts):
        found = whitening(part)
        if found is None:
            return None
        at = np.concatenate([np.ravel(index[name][..., t]) for name, _ in part.layout])
        loc[at], factor[np.ix_(at, at)] = found
    return loc, factor


def _ridge(information: np.ndarray) -> np.ndarray:
    """A little information in every direction: what neither data nor prior know gets a wide, finite scale."""
    size = np.trace(information) / max(1, len(information))
    return 1e-6 * (size if size > 0 else 1.0) * np.eye(len(information))


def _gaussian_prior(problem: Problem, first):
    """A root (k, q) of the precision and the mean (q,) of (intercept, beta); the intercept follows the slopes."""
    rows, means, scales = [], [], []
    size = (first.intercept is not None) + (0 if first.weights is None else first.weights.shape[0])
    offset = int(first.intercept is not None)
    if first.intercept is not None:
        own = problem.constants[first.intercept.name]
        row = np.zeros(size)
        row[0] = 1.0
        if first.weights is not None and "centre" in own:
            row[1:] = own["centre"]
        mean, scale = _moments(first.intercept, own)
        rows.append(row), means.append(float(mean)), scales.append(float(scale))
    if first.weights is not None:
        mean, scale = _moments(first.weights, problem.constants[first.weights.name])
        rows += list(np.eye(size)[offset:])
        means += list(mean)
        scales += list(scale)
    A = np.array(rows).reshape(len(rows), size)
    location = np.linalg.solve(A, np.array(means)) if size else np.zeros(0)
    return A / np.array(scales)[:, None], location


def _moments(site, own) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sd of a site's prior; an infinite or undefined variance counts as no information."""
    distribution = prior_of(site, own)
    parts = getattr(distribution, "parts", None)
    mean, variance = np.zeros(site.shape), np.full(site.shape, np.inf)
    if parts is None:
        mean, variance = _of(distribution, mean, variance)
    else:
        for part, rows in zip(parts, distribution.rows, strict=True):
            index = list(rows)
            mean[index], variance[index] = _of(part, mean[index], variance[index])
    return mean, np.sqrt(variance)


def _of(distribution, mean, variance):
    """Centre and squared scale: the moments; where there are none `loc` and `scale`; else no information."""
    shift, unit, base = 0.0, 1.0, distribution
    while isinstance(base, dist.TransformedDistribution | dist.ExpandedDistribution):
        for step in getattr(base, "transforms", ()):
            if not isinstance(step, transforms.AffineTransform):
                return mean, variance
            shift, unit = np.asarray(step.loc, float), np.asarray(step.scale, float)
        base = base.base_dist
    for centre, square in ((_moment(base, "mean"), _moment(base, "variance")), _location_scale(base)):
        usable = np.isfinite(centre) & np.isfinite(square) & (square > 0)
        if np.all(usable):
            return shift + unit * centre + 0.0 * mean, unit**2 * square + np.zeros_like(variance)
    return mean, variance


def _moment(distribution, name: str) -> np.ndarray:
    try:
        return np.asarray(getattr(distribution, name), float)
    except (NotImplementedError, AttributeError):
        return np.asarray(np.nan)


def _location_scale(distribution) -> tuple[np.ndarray, np.ndarray]:
    """(loc, scale^2) of a heavy-tailed distribution, such as Cauchy or Student-t."""
    return _moment(distribution, "loc"), _moment(distribution, "scale") ** 2


def _assemble(problem: Problem, first, intercept, fit, covariance):
    """The flat vector's location and a lower-triangular root of its covariance, sites in the order of the layout."""
    index = problem.unravel(np.arange(problem.size))
    order = [np.atleast_1d(index[first.intercept.name])] if intercept else []
    order += [index[first.weights.name]] if first.weights is not None else []
    order = np.concatenate(order).astype(int) if order else np.zeros(0, int)
    loc, total = np.zeros(problem.size), np.zeros((problem.size, problem.size))
    loc[order] = fit.beta
    total[np.ix_(order, order)] = covariance
    for site in problem.program.auxiliaries:
        at = int(index[site.name])
        loc[at], total[at, at] = _auxiliary(problem, site, fit)
    return loc, np.linalg.cholesky(total + 1e-14 * np.trace(total) / max(1, len(total)) * np.eye(len(total)))


def _auxiliary(problem: Problem, site, fit, step: float = 1e-3):
    """Location and variance of one unconstrained auxiliary value, by the curvature of the log-likelihood."""
    transform = biject_to(site.support)
    middle = float(transform.inv(fit.aux[site.name]))

    def value(z):
        return float(glm.log_likelihood(problem, fit.eta, fit.aux | {site.name: float(transform(z))}).sum())

    curvature = -(value(middle + step) - 2 * value(middle) + value(middle - step)) / step**2
    return middle, 1.0 / curvature if np.isfinite(curvature) and curvature > 1e-3 else 1.0

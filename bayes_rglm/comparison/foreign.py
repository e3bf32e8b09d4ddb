"""Fits of anybody's NumPyro function, scored on test rows: all that is asked of them is their observed site.

    log score    log mean over draws of the density of a row at the site, without any `handlers.scale` around it
    Brier, RPS   from the probabilities of 1, or of the levels, that the site's distribution gives, averaged over draws
    CRPS         from as many outcomes, simulated by the site's distribution, as any method has
    PIT          from the probabilities, or from the rank of what was seen among the outcomes

Sites are read in double precision on the CPU, whatever precision the draws were made in.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints
from scipy.special import ndtr

from .. import evaluation
from ..errors import NotComparable, RGLMError
from ..problem import Problem
from ..results import Fit
from . import rules
from .calibration import Predictive
from .complexity import facts_of
from .rows import RowScores
from .scores import BLOCK, NINETY, OUTCOMES, draw_weights, equal_draws, width_of


@dataclass(frozen=True, eq=False)
class Site:
    """The observed site of a NumPyro function on test rows.

    `kind` is that of `rules`, `levels` the number of its levels (0 for numbers). `y` are its values, rows first;
    `weights` what `numpyro.handlers.scale` multiplies its rows by, where that is an array; `normal` its (mean, sd)
    where the fit is one plug-in value and the site is Gaussian.
    """

    problem: Problem
    distribution: str
    measure: str
    kind: str
    levels: int
    y: np.ndarray
    weights: np.ndarray | None
    normal: tuple[np.ndarray, np.ndarray] | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)


def site_of(name: str, fit: Fit, kwargs: Mapping[str, Any]) -> Site:
    """The observed site of the fit called `name` on the rows in `kwargs`, arguments of its NumPyro function.

    Arguments that are no arrays may be left out: those of the fit are used again. Raises `NotComparable` where the
    function cannot be run on them, or has other parameters there.
    """
    return _read(name, fit, _on_test_rows(name, fit.problem, kwargs))


def score_site(
    name: str, fit: Fit, site: Site, second: str, index: np.ndarray | None = None, counts: np.ndarray | None = None
) -> RowScores:
    """The scores of one fit on the rows of its site, and its mean score on its own rows.

    `index` are the rows' labels (numbers by default), `counts` the observations each stands for: the fit's own rows
    are then counted by their weights too.
    """
    own = _read(name, fit, fit.problem)
    other, predictive = _both(fit, site, second)
    return RowScores(
        name,
        0,
        np.arange(site.n) if index is None else np.asarray(index),
        log_scores(fit, site.problem),
        other,
        float(np.average(log_scores(fit, fit.problem), weights=None if counts is None else own.weights)),
        own.n,
        fit.seconds,
        fit.labels,
        counts,
        predictive,
        facts_of(fit),
    )


def is_training(fit: Fit, site: Site) -> bool:
    """Whether the rows of the site are those that the fit was made from."""
    own, other = fit.problem.data, site.problem.data
    return own.keys() == other.keys() and all(np.array_equal(own[name], other[name]) for name in own)


def log_scores(fit: Fit, problem: Problem) -> np.ndarray:
    """Log of the mean density of each row over the draws of `fit`, (n,); one that is no number is no density."""
    with evaluation.float64():
        values = np.asarray(_log_densities(problem, _arrays(fit.draws.samples)))
    values = values.reshape(*values.shape[:3], -1).sum(-1).reshape(-1, values.shape[2])
    weights = np.zeros(len(values)) if fit.draws.log_weights is None else fit.draws.log_weights.ravel()
    scores = np.logaddexp.reduce(values + weights[:, None], axis=0) - np.logaddexp.reduce(weights)
    return np.where(np.isnan(scores), -np.inf, scores)


def second_scores(fit: Fit, site: Site, name: str) -> np.ndarray:
    """The score called `name` (see `rules`) of each row, (n,); the mean over its values where it has several."""
    return _both(fit, site, name)[0]


def _both(fit: Fit, site: Site, name: str) -> tuple[np.ndarray, Predictive | None]:
    """The score called `name`, and where rows of one value were seen in their predictive distributions."""
    y, found = np.asarray(site.y, float), None
    if site.kind != rules.NUMBER and name != "crps":
        chances = np.stack([_probability(fit, site, level) for level in range(site.levels)], axis=-1)
        score = {"brier": _brier, "brier_levels": rules.brier_levels, "rps": rules.ranked_probability_score}[name]
        values = score(chances, y)
        found = None if site.kind == rules.LEVELS else _among_levels(chances, y)
    elif site.normal is not None:
        values, u = rules.crps_normal(y, *site.normal), ndtr((y - site.normal[0]) / site.normal[1])
        found = Predictive(u, u, NINETY * np.asarray(site.normal[1]))
    else:
        outcomes, size = _outcomes(fit, site), max(1, BLOCK // OUTCOMES)
        blocks = [slice(start, start + size) for start in range(0, site.n, size)]
        values = np.concatenate([rules.crps_sample(y[rows], outcomes[:, rows]) for rows in blocks])
        found = _among_outcomes(outcomes, y, site)
    return values.reshape(site.n, -1).mean(axis=1), found if y.ndim == 1 else None


def _brier(chances: np.ndarray, y: np.ndarray) -> np.ndarray:
    return rules.brier_score(chances[..., 1], y)


def _among_levels(chances: np.ndarray, y: np.ndarray) -> Predictive:
    upto = np.take_along_axis(np.cumsum(chances, axis=-1), y.astype(int)[..., None], axis=-1)[..., 0]
    own = np.take_along_axis(chances, y.astype(int)[..., None], axis=-1)[..., 0]
    return Predictive(upto - own, upto, None)


def _among_outcomes(outcomes: np.ndarray, y: np.ndarray, site: Site) -> Predictive:
    """By rank: u between the share of outcomes below and of those up to it, itself counted among them."""
    size = len(outcomes) + 1
    below, upto = (outcomes < y).sum(axis=0) / size, ((outcomes <= y).sum(axis=0) + 1) / size
    return Predictive(below, upto, None if site.measure == "counting" else width_of(outcomes))


def _probability(fit: Fit, site: Site, value: int) -> np.ndarray:
    """Posterior predictive probability of `value`, in the shape of y."""
    with evaluation.float64():
        values = np.exp(np.asarray(_log_densities(site.problem, _arrays(fit.draws.samples), value)))
    return np.average(values.reshape(-1, *values.shape[2:]), axis=0, weights=draw_weights(fit)).reshape(site.y.shape)


def _outcomes(fit: Fit, site: Site) -> np.ndarray:
    """Simulated responses, (OUTCOMES, n, ...). Not by taking the response away: a function may need its length."""
    samples = equal_draws(fit)
    turn = np.arange(OUTCOMES) % evaluation.shape_of(samples)[1]
    with evaluation.float64():
        keys = jax.random.split(jax.random.key(0), OUTCOMES)
        return np.asarray(
            evaluation.simulated(site.problem, {k: jnp.asarray(v[0, turn]) for k, v in samples.items()}, keys)
        )


# the arguments of the function ---------------------------------------------------------------------------------------


def _on_test_rows(name: str, problem: Problem, kwargs: Mapping[str, Any]) -> Problem:
    foreign = problem.program
    absent = [key for key in problem.data if key not in kwargs]
    if absent:
        raise NotComparable(
            f"The model of {name!r} needs all its arrays for the test rows.",
            found=f"no {', '.join(map(repr, absent))} in kwargs[{name!r}]",
            do="give them, the response included",
        )
    given = {**dict(foreign.static), **kwargs}
    try:
        inspect.signature(foreign.function).bind(**given)
        test = Problem.from_numpyro(foreign.function, given, foreign.response)
    except RGLMError:
        raise
    except Exception as error:  # whatever the user's function raises
        raise NotComparable(
            f"The model of {name!r} cannot be run on its test rows.",
            found=f"{type(error).__name__}: {error}",
            do=f"look at kwargs[{name!r}]",
        ) from error
    if test.layout != problem.layout:
        raise NotComparable(
            f"The model of {name!r} has other parameters on its test rows than where it was fitted.",
            found=f"{_listed(test.layout)}; fitted: {_listed(problem.layout)}",
            do="write it without parameters of single rows, and give predictors with the same columns",
        )
    return test


def _listed(layout) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in layout) or "none"


# the site ------------------------------------------------------------------------------------------------------------


def _read(name: str, fit: Fit, problem: Problem) -> Site:
    first = {k: v[0, 0] for k, v in fit.draws.samples.items()}
    with evaluation.float64():
        site = evaluation.traced(problem, _arrays(first))
        law, y, shape = site["fn"], np.asarray(site["value"]), evaluation.rows_shape(site)
        if not shape:
            raise NotComparable(
                f"The observed site of {name!r} has one density for all its rows.",
                found=f"{problem.response!r}: {type(law).__name__} without a batch shape",
                do="give it a row dimension, for example a numpyro.plate",
            )
        scale = site["scale"]
        point = int(np.prod(evaluation.shape_of(fit.draws.samples))) == 1
        return Site(
            problem,
            type(law).__name__,
            "counting" if law.is_discrete else "lebesgue",
            *_kind_of(law),
            np.broadcast_to(y, (*shape, *law.event_shape)),
            None if scale is None or np.size(scale) == 1 else np.broadcast_to(np.asarray(scale), shape),
            _normal(law, shape) if point else None,
        )


def _kind_of(law) -> tuple[str, int]:
    """(kind, number of levels) of the values of a distribution; see `rules`."""
    if getattr(law.support, "base_constraint", law.support) is constraints.boolean:
        return rules.BINARY, 2
    plain = _plain(law)
    if not isinstance(plain, dist.CategoricalProbs | dist.CategoricalLogits):
        return rules.NUMBER, 0
    ordered = isinstance(plain, dist.OrderedLogistic)
    return rules.ORDERED if ordered else rules.LEVELS, int(np.size(plain.enumerate_support(expand=False)))


def _plain(law):
    while isinstance(law, dist.ExpandedDistribution | dist.Independent):
        law = law.base_dist
    return law


def _normal(law, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
    plain = _plain(law) if isinstance(law, dist.ExpandedDistribution) else law
    if type(plain) is not dist.Normal:
        return None
    return tuple(np.broadcast_to(np.asarray(value), shape) for value in (plain.loc, plain.scale))


def _arrays(samples):
    return {name: jnp.asarray(value) for name, value in samples.items()}


@jax.jit
def _log_densities(problem: Problem, samples, value=None):
    """(chain, draw, rows, ...): at the observed values, or all of them at `value`."""

    def of(theta):
        site = evaluation.traced(problem, theta)
        y = jnp.asarray(site["value"])
        at = y if value is None else jnp.full(y.shape, value)
        return jnp.broadcast_to(site["fn"].log_prob(at), evaluation.rows_shape(site))

    return jax.vmap(jax.vmap(of))(samples)

"""Improper posteriors: what has no distribution is neither sampled nor approximated."""

from __future__ import annotations

import numpy as np

from .. import glm
from ..binding import Program
from ..errors import EstimatorError
from ..gates import aliased_columns, recession_direction
from ..problem import Problem, separate
from ..transforms import standardised
from ._feasible import coefficients
from ._newton import fisher_scoring


def refuse_improper(problem: Problem) -> None:
    """Refuse a posterior that is improper: flat weights in a network, or on separated data."""
    program = problem.program
    if not isinstance(program, Program):
        return
    first = program.layers[0]
    improper = [
        site.name
        for a in program.layers
        for site in (a.weights, a.intercept)
        if site and not all(b.proper for b in site.blocks)
    ]
    if not improper:
        return
    if program.depth > 1:
        raise EstimatorError(
            "A flat prior on the weights of a network gives an improper posterior.",
            found=", ".join(improper),
            do="use a proper prior, for example priors.Normal(scale=1.0, scaled='fan_in')",
        )
    if program.family.outputs == "levels" and not program.padded:
        raise EstimatorError(
            "What is added to the coefficients of all levels changes nothing and their prior is flat: the posterior is "
            "improper.",
            found=", ".join(improper),
            do='use RGLM(..., coding="reference"), or a proper prior',
        )
    for one in separate(problem):
        if first.intercept is not None and first.intercept.name in improper:
            _refuse_intercept(one)
        if first.weights is not None and first.weights.name in improper:
            _refuse_separated(one, one.program.layers[0])


def _refuse_intercept(problem: Problem) -> None:
    """Refuse a flat intercept that the responses let run off, whatever the slopes are: a column of ones by itself."""
    found = glm.existence(problem, np.ones((problem.n, 1)))
    if found is None:
        return
    alike = np.unique(np.column_stack(found), axis=0)  # rows differ by their response alone
    if recession_direction(alike[:, :-2], alike[:, -2], alike[:, -1].astype(bool)) is not None:
        raise EstimatorError(
            "The responses let the intercept run off to infinity and its prior is flat: the posterior is improper.",
            found="a direction along which the likelihood never falls",
            do='give it a proper prior, for example prior={"intercept": priors.Normal(scale=2.5)}',
        )


def _refuse_separated(problem: Problem, first) -> None:
    flat, _ = standardised(problem.likelihood_only())
    X = np.asarray(flat.data["X"], float)
    X = np.column_stack([np.ones(len(X)), X]) if first.intercept is not None else X
    if len(aliased_columns(X)) and not any(block.proper for block in first.weights.blocks):
        raise EstimatorError(
            "Some columns are linear combinations of others and the prior is flat: the posterior is improper.",
            found=f"{len(aliased_columns(X))} of {X.shape[1]} columns are redundant",
            do="drop them, or use a proper prior",
        )
    if flat.classical:
        fit = fisher_scoring(flat, X, coefficients(flat, X, np.zeros(X.shape[1])), steps=25)
        if fit.certain(float(flat.constants["typical"]["scale"])):
            return
    found = glm.existence(flat, X)
    if found is not None and recession_direction(*found) is not None:
        raise EstimatorError(
            "The data are separated and the prior is flat: the posterior is improper.",
            found="a direction along which the likelihood never falls",
            do="use a proper prior, for example priors.Normal(scale=2.5)",
        )

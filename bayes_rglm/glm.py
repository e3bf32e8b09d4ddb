"""What the classical theory of generalised linear models gives, for a problem of any depth, over NumPy.

Everything is a function of the linear predictor `eta` (n,) and the auxiliary values `aux` {name: value}: score and
expected information in eta, deviance, dispersion, and the signs that the separation programme needs. Estimators use
these, so that none of them knows a family. Row quantities include the weights.
"""

from __future__ import annotations

import numpy as np

from .problem import Problem

LEAST_SCALE = 1e-100  # its square and the inverse of that are finite


def profile(problem: Problem, eta) -> dict[str, float]:
    """Maximum-likelihood auxiliary values given the linear predictor; fixed ones as they are."""
    program, fixed = problem.require_network("profile"), problem.constants["fixed"]
    mean = program.link.inverse(eta)
    values = {
        p.name: max((p.profile or p.start)(problem.data["y"], mean, problem.data.get("weights")), LEAST_SCALE)
        for p in program.family.auxiliaries
        if p.name not in fixed
    }
    return values | fixed


def log_likelihood(problem: Problem, eta, aux) -> np.ndarray:
    """Log likelihood of the rows; (n,)."""
    program = problem.require_network("log_likelihood")
    return program.family.log_likelihood(program.link, problem.data["y"], eta, **aux) * _weights(problem)


def score(problem: Problem, eta, aux) -> np.ndarray:
    """d log-likelihood / d eta of the rows; (n,)."""
    program = problem.require_network("score")
    return program.family.score(program.link, problem.data["y"], eta, **aux) * _weights(problem)


def information(problem: Problem, eta, aux) -> np.ndarray:
    """Expected information in eta of the rows; (n,)."""
    program = problem.require_network("information")
    return program.family.information(program.link, eta, **aux) * _weights(problem)


def deviance(problem: Problem, eta) -> float:
    """Sum of unit deviances (the residual sum of squares of a Gaussian)."""
    program = problem.require_network("deviance")
    return float((program.family.unit_deviance(problem.data["y"], program.link.inverse(eta)) * _weights(problem)).sum())


def dispersion(problem: Problem, eta, rank: int) -> float:
    """Pearson dispersion X^2 / (n - rank), 1 for a family without an auxiliary parameter; NaN without residual
    freedom.
    """
    program = problem.require_network("dispersion")
    if not program.family.auxiliaries:
        return 1.0
    mean, freedom = program.link.inverse(eta), rows(problem) - rank
    squares = (problem.data["y"] - mean) ** 2 / program.family.variance(mean) * _weights(problem)
    return float(squares.sum() / freedom) if freedom > 0 else float("nan")


def error_scale(problem: Problem, eta, aux, rank: int) -> float:
    """Factor from the inverse information at `aux` to the covariance R prints: Pearson over likelihood dispersion."""
    program = problem.require_network("error_scale")
    if not program.auxiliaries:
        return 1.0
    return dispersion(problem, eta, rank) / float(program.family.dispersion(**aux))


def separation(problem: Problem) -> tuple[np.ndarray, np.ndarray] | None:
    """(signs, equal) for `gates.recession_direction`, or None where the likelihood has no such directions."""
    program = problem.require_network("separation")
    return program.family.separation(np.asarray(problem.data["y"], float))


def rows(problem: Problem) -> float:
    """Number of observations: the sum of frequency weights, else the number of rows."""
    design = problem.design
    frequency = design is not None and design.weights_kind == "frequency"
    return float(np.sum(problem.data["weights"])) if frequency else float(problem.n)


def column_names(problem: Problem) -> tuple[str, ...]:
    """Names of the first layer's columns, the intercept's first where there is one."""
    first = problem.require_network("column_names").layers[0]
    names = (
        tuple(f"x{j}" for j in range(np.shape(problem.data["X"])[1]))
        if problem.design is None
        else problem.design.columns
    )
    return (first.intercept.name, *names) if first.intercept is not None else tuple(names)


def _weights(problem: Problem):
    return problem.data.get("weights", 1.0)

"""What the classical theory of generalised linear models gives, for a problem of any depth, over NumPy.

Everything is a function of the linear predictor `eta` (n,) and the auxiliary values `aux` {name: value}: score and
expected information in eta, deviance, dispersion, and the signs that the separation programme needs. Estimators use
these, so that none of them knows a family. Row quantities include the weights.
"""

from __future__ import annotations

import inspect

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


def start(problem: Problem, name: str):
    """A first value of an auxiliary parameter, with every mean at its typical value."""
    program = problem.require_network("start")
    parameter = program.family.parameter(name)
    if parameter.size == "cutpoints":
        y, weights = problem.data["y"], problem.data.get("weights")
        return np.asarray(parameter.start(y, None, weights, link=program.link, levels=program.levels), float)
    typical = problem.constants["typical"]
    y = program.family.seen(np.asarray(problem.data["y"], float), **problem.rows)
    eta = np.broadcast_to(typical["eta"], (problem.n, *np.shape(typical["eta"])))
    mean = program.link.inverse(eta) if program.family.outputs == "one" else None
    if program.responses:
        each = [parameter.start(column, own) for column, own in zip(y.T, mean.T, strict=True)]
        return np.maximum(each, 1e-3 * typical["scale"])
    value = np.asarray(parameter.start(y, mean), float)
    return value if parameter.floor is None else np.maximum(value, parameter.floor * float(typical["scale"]))


def log_likelihood(problem: Problem, eta, aux) -> np.ndarray:
    """Log likelihood of the rows; (n,)."""
    program = problem.require_network("log_likelihood")
    return program.family.log_likelihood(program.link, problem.data["y"], eta, **aux, **problem.rows) * _weights(
        problem
    )


def score(problem: Problem, eta, aux) -> np.ndarray:
    """d log-likelihood / d eta of the rows; (n,)."""
    program = problem.require_network("score")
    return program.family.score(program.link, problem.data["y"], eta, **aux, **problem.rows) * _weights(problem)


def information(problem: Problem, eta, aux) -> np.ndarray:
    """Expected information in eta of the rows; (n,)."""
    program = problem.require_network("information")
    return program.family.information(program.link, eta, **aux, **problem.rows) * _weights(problem)


def deviance(problem: Problem, eta, aux=None) -> float | None:
    """Sum of unit deviances (the residual sum of squares of a Gaussian); None for a family that has none."""
    program = problem.require_network("deviance")
    family = program.family
    if family.unit_deviance is None:
        return None
    extra = {name: aux[name] for name in family.deviance_needs} if aux else {}
    unit = family.deviance_at(program.link, problem.data["y"], eta, **extra, **problem.rows)
    return float((unit * _weights(problem)).sum())


def dispersion(problem: Problem, eta, rank: int, aux=None) -> float:
    """Pearson dispersion X^2 / (n - rank), 1 for a family without an auxiliary parameter; NaN without residual
    freedom. Censored rows have no residual: with bounds it is the family's own dispersion at `aux`.
    """
    program = problem.require_network("dispersion")
    family = program.family
    if not family.auxiliaries:
        return 1.0
    if censored(problem):
        return float(family.dispersion(**aux)) if aux else float("nan")
    mean, freedom, known = program.link.inverse(eta), rows(problem) - rank, {**problem.rows, **(aux or {})}
    needed = {name: known[name] for name in inspect.signature(family.variance).parameters if name in known}
    residual = problem.data["y"] - mean * known.get("trials", 1.0)
    squares = residual**2 / family.variance(mean, **needed) * _weights(problem)
    return float(squares.sum() / freedom) if freedom > 0 else float("nan")


def censored(problem: Problem) -> bool:
    """Whether rows have bounds."""
    return any(name in problem.data for name in ("lower", "upper"))


def error_scale(problem: Problem, eta, aux, rank: int) -> float:
    """Factor from the inverse information at `aux` to the covariance R prints: Pearson over likelihood dispersion."""
    program = problem.require_network("error_scale")
    if not program.auxiliaries:
        return 1.0
    return dispersion(problem, eta, rank, aux) / float(program.family.dispersion(**aux))


def existence(problem: Problem, X, response: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(rows, signs, equal) for `gates.recession_direction`, None where the likelihood has no such directions.

    A direction has one entry per column of `X` (the intercept's of ones among them); for ordered levels the cut-points
    follow, for unordered ones each column has an entry per linear predictor. `response` picks one of several.
    """
    program = problem.require_network("existence")
    X, y = np.asarray(X, float), np.asarray(problem.data["y"], float)
    y = y if response is None else y[:, response]
    if program.levels is not None:
        found = program.family.constraints_of(X, y, program.levels, program.padded)
        return found, np.ones(len(found)), np.zeros(len(found), bool)
    found = program.family.separation(y, program.link, **problem.rows)
    return None if found is None else (X, *found)


def one_sided(problem: Problem) -> bool:
    """Whether every row is censored, and on the same side."""
    program = problem.require_network("one_sided")
    if "lower" not in program.family.rows:
        return False
    found = program.family.separation(np.asarray(problem.data["y"], float), program.link, **problem.rows)
    return found is not None and not found[1].any() and len(np.unique(found[0])) == 1


def brackets(problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray, float] | None:
    """(X, low, high, unit) for `gates.runs_between`, None where a row was seen, or all are censored on the same side,
    or no parameter is free at the end of which the rows are their linear predictors.
    """
    program = problem.require_network("brackets")
    if program.family.narrowing in (None, *program.fixed) or one_sided(problem):
        return None
    found = program.family.brackets(np.asarray(problem.data["y"], float), **problem.rows)
    if found is None:
        return None
    X, offset = np.asarray(problem.data["X"], float), problem.data.get("offset", 0.0)
    X = X if program.layers[0].intercept is None else np.column_stack([np.ones(len(X)), X])
    return X, found[0] - offset, found[1] - offset, float(problem.constants["typical"]["scale"])


def unbounded(problem: Problem) -> str | None:
    """Why maximum likelihood does not exist whatever the columns are (a level without rows), or None."""
    program, design = problem.require_network("unbounded"), problem.design
    refuse = getattr(program.family, "unbounded", None)
    if refuse is None:
        return None
    response, levels = ("y", None) if design is None else (design.response, design.levels)
    return refuse(problem.data["y"], response, levels, program.levels)


def inside(problem: Problem, eta) -> bool:
    """Whether every linear predictor has a mean."""
    link = problem.require_network("inside").link
    return not link.restricted or bool(np.all(link.inside(eta)))


def room(problem: Problem, eta) -> list[tuple[float, np.ndarray]]:
    """(sign, distance) of the rows from each finite end of the link's domain; distances (n,)."""
    low, high = problem.require_network("room").link.predictor_domain
    ends = [(1.0, eta - low)] if np.isfinite(low) else []
    return ends + ([(-1.0, high - eta)] if np.isfinite(high) else [])


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

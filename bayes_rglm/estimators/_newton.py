"""Fisher scoring for a generalised linear model, in NumPy: for depth 1 it beats any compiled programme on a first fit.

Each step solves a weighted least-squares problem by QR; the step is halved until the log-likelihood rises and every
linear predictor has a mean. Canonical links make it Newton's method; for the others some steps with the observed
information follow. The family's score and information come from the problem, so no family is named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .. import glm
from ..problem import Problem

POLISH = 1e-11  # a mean gradient that Fisher scoring leaves above this is polished
MAX_ETA = 20.0  # a linear predictor beyond it, in its units, makes a maximum doubtful
LEAST_INFORMATION = 1e-5
BARRIERS = (1e-1, 1e-3, 1e-5, 1e-7, 1e-9)


@dataclass(frozen=True, eq=False)
class Scoring:
    """Where Fisher scoring stopped, for the columns of `X` it was given.

    beta (p,), aux {name: value}, information (p, p) (of the coefficients, at `aux`), gradient: largest mean gradient,
    largest |eta|, number of steps, whether the gradient vanished, and `edge`: whether the maximum lies at the end of
    the link's domain (the gradient is then that of the likelihood with a barrier there).
    """

    beta: np.ndarray
    aux: dict[str, float]
    eta: np.ndarray
    information: np.ndarray
    gradient: float
    steps: int
    converged: bool
    edge: bool = False

    def certain(self, unit: float) -> bool:
        """Whether the optimum certifies itself: inside, where the data inform on every direction. `unit` is that of the
        linear predictor. Else existence is a question for the linear programme: tails may be so light that the
        gradient vanishes on the way to infinity.
        """
        near = np.max(np.abs(self.eta), initial=0.0) < MAX_ETA * unit
        return self.converged and bool(near) and informative(self.information)


def informative(information: np.ndarray) -> bool:
    """Whether the information of coefficients of standardised columns is of one order in all directions."""
    values = np.linalg.eigvalsh(information) if information.size and np.all(np.isfinite(information)) else np.ones(1)
    return bool(values[0] > LEAST_INFORMATION * values[-1])


@dataclass(frozen=True, eq=False)
class _Objective:
    """The log-likelihood of coefficients, a Gaussian penalty and, where `barrier` > 0, a term that keeps predictors off
    the ends of the link's domain.
    """

    problem: Problem
    X: np.ndarray
    root: np.ndarray
    location: np.ndarray
    barrier: float = 0.0
    offset: np.ndarray | float = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "offset", self.problem.data.get("offset", 0.0))

    def state(self, beta):
        """(beta, eta, aux, value); no auxiliary values, and minus infinity, outside the domain."""
        eta = self.X @ beta + self.offset
        if not glm.inside(self.problem, eta):
            return beta, eta, None, -np.inf
        aux = glm.profile(self.problem, eta)
        away = self.root @ (beta - self.location)
        value = glm.log_likelihood(self.problem, eta, aux).sum() - 0.5 * away @ away
        if self.barrier:
            value += self.barrier * sum(np.log(distance).sum() for _, distance in glm.room(self.problem, eta))
        return beta, eta, aux, value

    def slope(self, eta, aux):
        """d value / d eta, without the penalty; (n,)."""
        score = glm.score(self.problem, eta, aux)
        if self.barrier:
            score = score + self.barrier * sum(sign / distance for sign, distance in glm.room(self.problem, eta))
        return score

    def weight(self, eta, aux):
        """Expected information in eta; (n,)."""
        weight = glm.information(self.problem, eta, aux)
        if self.barrier:
            weight = weight + self.barrier * sum(1.0 / distance**2 for _, distance in glm.room(self.problem, eta))
        return weight

    def curvature(self, eta, aux):
        """Observed information in eta, by central differences; (n,)."""
        reach = np.full(len(eta), float(self.problem.constants["typical"]["scale"]))
        for _, distance in glm.room(self.problem, eta):
            reach = np.minimum(reach, distance)
        step = 1e-5 * reach
        return (self.slope(eta - step, aux) - self.slope(eta + step, aux)) / (2 * step)

    def gradient(self, beta, eta, aux):
        return self.X.T @ self.slope(eta, aux) - self.root.T @ (self.root @ (beta - self.location))

    def relative(self, gradient, weight) -> float:
        """The largest entry of a gradient, in units of what the information makes of a column, per root of rows."""
        scale = np.sqrt(np.maximum((self.X**2).T @ weight, 1e-300))
        return float(np.max(np.abs(gradient) / np.maximum(scale, 1.0), initial=0.0)) / max(1.0, np.sqrt(len(self.X)))


def fisher_scoring(
    problem: Problem,
    X: np.ndarray,
    start: np.ndarray,
    root: np.ndarray | None = None,
    location: np.ndarray | None = None,
    steps: int = 60,
    tolerance: float = 1e-10,
) -> Scoring:
    """Maximise the log-likelihood, less 0.5 |root (b - location)|^2 where a `root` (k, p) of a precision is given.

    `start` lies inside the link's domain (`_feasible.coefficients`). A maximum at an end of the domain is approached
    through barriers.
    """
    p = X.shape[1]
    root = np.zeros((0, p)) if root is None else root
    location = np.zeros(p) if location is None else location
    objective = _Objective(problem, X, root, location)
    found = _maximise(objective, np.array(start, float), steps, tolerance)
    if found.converged or not problem.program.link.restricted:
        return found
    beta = np.array(start, float)
    for barrier in BARRIERS:
        last = _maximise(_Objective(problem, X, root, location, barrier), beta, steps, tolerance)
        beta = last.beta
    close = any(np.min(distance) < 1e-3 * np.median(distance) for _, distance in glm.room(problem, last.eta))
    return Scoring(**{**vars(last), "edge": True}) if last.converged and close else found


def _maximise(objective: _Objective, beta, steps: int, tolerance: float) -> Scoring:
    state, unit = objective.state(beta), float(objective.problem.constants["typical"]["scale"])
    for step in range(1, steps + 1):
        beta, eta, aux, value = state
        weight, gradient = objective.weight(eta, aux), objective.gradient(beta, eta, aux)
        change = _solve(objective.X, weight, gradient, objective.root)
        new = _climb(objective, state, change)
        if new is None:
            break
        state, gain = new, new[3] - value
        small = np.max(np.abs(change), initial=0.0) < tolerance * (unit + np.max(np.abs(state[0]), initial=0.0))
        if small or (step > 25 and gain < tolerance):
            break
    return _report(objective, _polished(objective, state), step)


def _climb(objective: _Objective, state, change):
    """The first of the halved steps that does not lose; None where none does."""
    beta, _, _, value = state
    size = 1.0
    for _ in range(40):
        new = objective.state(beta + size * change)
        # A tie counts as progress: at the optimum rounding decides the last bits.
        if np.isfinite(new[3]) and new[3] >= value - 1e-12 * abs(value):
            return new
        size *= 0.5
    return None


def _polished(objective: _Objective, state, steps: int = 15):
    """Newton's method with the observed information, as long as it shrinks the gradient.

    Fisher scoring creeps towards the maximum where expected and observed information differ much.
    """
    for _ in range(steps):
        beta, eta, aux, _ = state
        gradient, expected = objective.gradient(beta, eta, aux), objective.weight(eta, aux)
        size = objective.relative(gradient, expected)
        if not POLISH < size < 1e-2:
            break
        weight = objective.curvature(eta, aux)
        matrix = objective.X.T @ (weight[:, None] * objective.X) + objective.root.T @ objective.root
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            break
        new = _climb(objective, state, np.linalg.solve(matrix, gradient))
        if new is None or objective.relative(objective.gradient(*new[:3]), expected) >= size:
            break
        state = new
    return state


def _solve(X, weight, gradient, root):
    R = np.linalg.qr(np.vstack([np.sqrt(weight)[:, None] * X, root]), mode="r")
    R = R + 1e-14 * np.max(np.abs(R), initial=1e-300) * np.eye(*R.shape)
    half = np.linalg.lstsq(R.T, gradient, rcond=None)[0]
    return np.linalg.lstsq(R, half, rcond=None)[0]


def _report(objective: _Objective, state, steps: int) -> Scoring:
    beta, eta, aux, _ = state
    weight = objective.weight(eta, aux)
    relative = objective.relative(objective.gradient(beta, eta, aux), weight)
    information = objective.X.T @ (weight[:, None] * objective.X) + objective.root.T @ objective.root
    return Scoring(beta, aux, eta, information, relative, steps, relative < 1e-8)

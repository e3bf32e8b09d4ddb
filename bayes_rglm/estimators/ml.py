"""Maximum likelihood: no prior. Fisher scoring at depth 1, restarted L-BFGS for networks.

A level without rows, under an ordered response, is refused: its cut-points run away or fall together.

Depth 1. Coefficients are found on centred, scaled columns by QR (`_newton`); an interior, well-conditioned optimum
certifies itself, otherwise rank (pivoted QR) and existence (a linear programme) are decided and a label says so.
Standard errors use the expected information, with the Pearson dispersion RSS / (n - p) for a Gaussian, as R's `glm`
prints them; the likelihood itself uses the maximum-likelihood dispersion RSS / n. Importance weights give
no standard errors. Rows with bounds go the way of joint auxiliary values, with the observed information: the expected
one would need the bounds that rows which were seen might have met. Where no row was seen and a line lies between all
bounds, the likelihood is not attained, whatever the optimiser found: `mle_degenerate`, no standard errors.

A prior whose support is bounded (`HalfNormal` on slopes) leaves its bounds to the likelihood: then L-BFGS, too.

Networks. The likelihood over weights is rarely attained: scales have a floor (1e-3 of the response's), and a fit that
meets it or was still rising at the last step is labelled `mle_degenerate`. Starting points are draws from the prior,
the same that MAP uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .. import glm
from ..binding import Program
from ..errors import DataError, EstimatorError
from ..gates import Label, aliased_columns, ordered, recession_direction
from ..problem import Problem
from ..transforms import likelihood_only, standardised
from ._base import Draws, Estimator, Monitor, check_options, point, register
from ._ends import degenerate
from ._existence import infinite_label, narrowed, one_sided_labels
from ._feasible import coefficients
from ._joint import joint_maximum
from ._labels import edge_label
from ._newton import Scoring, fisher_scoring
from ._optimise import optimise
from ._separate import fit_separately


@register("maximum_likelihood", "mle")
@dataclass(frozen=True, kw_only=True)
class MaximumLikelihood(Estimator):
    """Options of maximum likelihood: `starts` and `steps` matter for networks only; `tolerance` is on the mean
    gradient.
    """

    name: ClassVar[str] = "ml"
    starts: int = 8
    steps: int = 3000
    tolerance: float = 1e-7

    def __post_init__(self):
        check_options(self, whole={"starts": 1, "steps": 1}, between={"tolerance": (0.0, 1.0)})

    @property
    def title(self) -> str:
        return "ML"

    def run(self, problem: Problem, key, monitor: Monitor) -> Draws:
        if problem.depth == 1 and problem.program.responses:
            return fit_separately(problem, lambda one: self.run(one, key, monitor))
        reason = None if problem.depth is None else glm.unbounded(problem)
        if reason is not None:
            asked, _, do = reason.partition(". ")
            raise EstimatorError("There is no maximum-likelihood estimate.", found=asked, do=do)
        plain, _ = likelihood_only(problem)
        if plain.classical and _unbounded(plain) and not glm.censored(plain):
            try:
                return _depth_one(plain)
            except np.linalg.LinAlgError:
                raise _too_large(plain) from None
        if problem.depth == 1 and _unbounded(plain):
            return narrowed(plain, joint_maximum(plain, monitor, self))
        found = optimise(plain, key, monitor, starts_from=problem, options=self, goal="likelihood")
        return narrowed(plain, found, linear=False) if isinstance(plain.program, Program) else found


def _unbounded(problem: Problem) -> bool:
    """Whether all coefficients may be any number: Fisher scoring knows no bounds."""
    first = problem.program.layers[0]
    sites = [site for site in (first.weights, first.intercept) if site is not None]
    return all(block.affine for site in sites for block in site.blocks)


def _too_large(problem: Problem) -> DataError:
    """The error where scoring overflows: it names the column of the largest numbers."""
    X, names = np.asarray(problem.data["X"], float), glm.column_names(problem)
    columns = dict(zip(names[len(names) - X.shape[1] :], X.T, strict=True))
    columns |= {name: problem.data[name] for name in ("offset", "y") if name in problem.data}
    largest = {name: float(np.max(np.abs(values))) for name, values in columns.items()}
    worst = max(largest, key=largest.get)
    return DataError(
        "Maximum likelihood overflows on data of this scale.",
        found=f"column {worst!r}, largest size {largest[worst]:g}",
        do="use other units for that column",
    )


def _depth_one(problem: Problem) -> Draws:
    flat, restore = standardised(problem)
    first = problem.program.layers[0]
    X, intercept = _columns(flat, first)
    scoring, aliased = _score(flat, X, intercept)
    sites = _sites(first, scoring, intercept)
    back = _linear_map(restore, first, X.shape[1], intercept)
    labels = _labels(problem, X, scoring, aliased, back)
    theta = restore(sites | {s.name: np.asarray(scoring.aux[s.name]) for s in problem.program.auxiliaries})
    info = _facts(problem, X, scoring, aliased)
    if problem.design is None or problem.design.weights_kind != "importance":  # no number of observations, no errors
        info["errors"] = _errors(flat, back, first, scoring, aliased, intercept)
    return Draws(samples=point(theta), kind="point", info=info, labels=ordered(labels))


def _columns(problem: Problem, first) -> tuple[np.ndarray, bool]:
    X, intercept = np.asarray(problem.data["X"], float), first.intercept is not None
    return (np.column_stack([np.ones(len(X)), X]) if intercept else X), intercept


def _score(problem: Problem, X, intercept) -> tuple[Scoring, np.ndarray]:
    """Fisher scoring; on trouble the dependent columns are found and left out (their coefficients stay 0)."""
    start = np.zeros(X.shape[1])
    if intercept:
        start[0] = problem.constants["typical"]["eta"]
    none = np.array([], int)
    start = coefficients(problem, X, start)
    R = np.abs(np.diag(np.linalg.qr(X, mode="r"))) if len(X) >= X.shape[1] else np.zeros(1)
    if R.size and R.min() > 1e-9 * R.max():
        return fisher_scoring(problem, X, start), none
    aliased = aliased_columns(X)
    kept = np.setdiff1d(np.arange(X.shape[1]), aliased)
    part = fisher_scoring(problem, X[:, kept], coefficients(problem, X[:, kept], start[kept]))
    beta, information = np.zeros(X.shape[1]), np.zeros((X.shape[1],) * 2)
    beta[kept], information[np.ix_(kept, kept)] = part.beta, part.information
    return replace(part, beta=beta, information=information), aliased


def _sites(first, scoring: Scoring, intercept: bool) -> dict[str, np.ndarray]:
    sites = {first.intercept.name: scoring.beta[0]} if intercept else {}
    return sites | ({first.weights.name: scoring.beta[int(intercept) :]} if first.weights is not None else {})


def _labels(problem, X, scoring, aliased, back) -> list[Label]:
    names = glm.column_names(problem)
    labels = []
    if aliased.size:
        labels.append(
            Label(
                "rank_deficient",
                f"{', '.join(names[j] for j in aliased)}: linear combinations of other columns; held at 0",
                "drop them, or use a proper prior, which keeps them",
                tuple(names[j] for j in aliased),
            )
        )
    kept = np.setdiff1d(np.arange(X.shape[1]), aliased)
    part = replace(scoring, information=scoring.information[np.ix_(kept, kept)])
    one_sided = glm.one_sided(problem)
    certain = part.certain(float(problem.constants["typical"]["scale"])) and not one_sided
    separable = None if certain else glm.existence(problem, X[:, kept])
    if separable is not None:
        direction = recession_direction(*separable)
        if direction is not None:
            raw = back[:, kept] @ direction
            size = np.abs(raw) * np.linalg.norm(np.linalg.pinv(back), axis=0)
            moving = [names[j] for j in np.flatnonzero(size > 1e-6 * size.max())]
            return labels + (one_sided_labels(problem, moving) if one_sided else [infinite_label(problem, moving)])
    if scoring.edge:
        labels.append(edge_label(problem))
    if _collapsed(problem, scoring):
        labels.append(degenerate())
    elif not scoring.converged:
        labels.append(
            Label("not_a_mode", f"largest mean gradient {scoring.gradient:.1e}", "check the scale of the data")
        )
    return labels


def _collapsed(problem: Problem, scoring: Scoring) -> bool:
    """Whether an estimated scale in the unit of the response, or a coefficient of variation, is next to nothing."""
    family, aux, fixed = problem.program.family, scoring.aux, problem.constants["fixed"]
    free = [parameter for parameter in family.auxiliaries if parameter.name not in fixed]
    if any(parameter.floor is not None for parameter in free):
        least = 1e-8 * problem.constants["typical"]["scale"]
        return any(p.floor is not None and aux[p.name] <= least for p in free)
    if not any(parameter.profile is not None for parameter in free):
        return False
    mean = problem.program.link.inverse(scoring.eta)
    return float(np.median(family.dispersion(**aux) * family.variance(mean) / mean**2)) < 1e-13


def _facts(problem: Problem, X, scoring: Scoring, aliased) -> dict:
    rank = X.shape[1] - len(aliased)
    value = float(glm.log_likelihood(problem, scoring.eta, scoring.aux).sum())
    deviance = glm.deviance(problem, scoring.eta, scoring.aux)
    free = len(problem.program.auxiliaries)
    return {
        "log_likelihood": value,
        "deviance": deviance,
        "aic": -2.0 * value + 2.0 * (rank + free),
        "rank": rank,
        "df_resid": glm.rows(problem) - rank,
        "dispersion": glm.dispersion(problem, scoring.eta, rank, scoring.aux),
        "steps": scoring.steps,
        "gradients": scoring.steps,
        "gradient": scoring.gradient,
        "aliased": [int(j) for j in aliased],
    }


def _errors(problem, back, first, scoring: Scoring, aliased, intercept) -> dict[str, np.ndarray]:
    """Standard errors in raw units from the expected information; NaN for aliased columns."""
    kept = np.setdiff1d(np.arange(len(back)), aliased)
    covariance = np.zeros_like(back)
    scale = glm.error_scale(problem, scoring.eta, scoring.aux, len(kept))
    covariance[np.ix_(kept, kept)] = scale * np.linalg.pinv(scoring.information[np.ix_(kept, kept)], hermitian=True)
    errors = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", back, covariance, back), 0.0))
    errors[aliased] = np.nan
    out = {first.intercept.name: errors[:1].reshape(())} if intercept else {}
    return out | ({first.weights.name: errors[int(intercept) :]} if first.weights is not None else {})


def _linear_map(restore, first, size: int, intercept: bool) -> np.ndarray:
    """The matrix of `restore` on (intercept, beta), by its action on unit vectors."""
    columns = []
    for unit in np.eye(size):
        sites = {first.intercept.name: np.asarray(unit[0])} if intercept else {}
        if first.weights is not None:
            sites[first.weights.name] = unit[int(intercept) :]
        back = restore(sites)
        columns.append(np.concatenate([np.atleast_1d(back[name]) for name in sites]))
    return np.stack(columns, axis=1)

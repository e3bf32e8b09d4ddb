"""Gates: what makes a fit trustworthy, and the status labels that say when it is not.

A fit may carry several labels; the gravest is printed first. A gate looks at arrays, never at an estimator, so all
estimators are judged by the same ones.

================  ==================================================================================================
label             meaning
================  ==================================================================================================
ok                every gate of the method passed
mle_infinite      the maximum-likelihood estimate does not exist: the data are separated
mle_degenerate    the likelihood is unbounded or was still rising: a scale at its floor, an optimiser at its budget
rank_deficient    some columns are linear combinations of others
outside_domain    held-out rows whose linear predictor lies outside the link's domain: said where fits are scored
boundary          a value ran to the end of its range (a simpler family says the same), a floor or its prior's bound
not_a_mode        the optimiser stopped where the gradient does not vanish
not_converged     a variational objective was still moving at the last step
predictive_only   an approximation whose parameters are not to be read; its predictions are judged by scores
not_stationary    chains do not agree with themselves, or diverge too often
chain_mixture     each chain is stationary, but the chains disagree: weights of modes are not known
slow_mixing       chains agree, but hold few effective draws
interrupted       stopped by the user; what was done is kept
================  ==================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

SEVERITY = (
    "not_stationary",
    "mle_infinite",
    "mle_degenerate",
    "not_a_mode",
    "not_converged",
    "chain_mixture",
    "outside_domain",
    "boundary",
    "rank_deficient",
    "predictive_only",
    "slow_mixing",
    "interrupted",
    "ok",
)


@dataclass(frozen=True)
class Label:
    """A status: its name, what was seen, what to do about it, and the columns it is about, if it is about some."""

    name: str
    message: str = ""
    advice: str = ""
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ": ".join(part for part in (self.name, self.message) if part)


OK = Label("ok")


def ordered(labels) -> tuple[Label, ...]:
    """Labels with the gravest first, those of one name as one; `ok` alone where there is none."""
    found: dict[str, Label] = {}
    for label in labels:
        if label.name != "ok":
            found[label.name] = _both(found[label.name], label) if label.name in found else label
    return tuple(sorted(found.values(), key=lambda label: SEVERITY.index(label.name))) or (OK,)


def _both(one: Label, other: Label) -> Label:
    if one == other:
        return one
    parts = ("; ".join(filter(None, pair)) for pair in ((one.message, other.message), (one.advice, other.advice)))
    return Label(one.name, *parts, (*one.columns, *other.columns))


# maximum likelihood at depth 1 --------------------------------------------------------------------------------------


def aliased_columns(X: np.ndarray, tolerance: float = 1e-9) -> np.ndarray:
    """Indices of columns of `X` (centred, scaled; intercept first where there is one) that depend on others.

    Pivoted QR; a column is dependent when its diagonal falls below `tolerance` times the largest.
    """
    if not X.size:
        return np.array([], int)
    norms = np.linalg.norm(X, axis=0)
    R, pivot = qr(X / np.where(norms > 0, norms, 1.0), mode="r", pivoting=True)
    diagonal = np.abs(np.diag(R))
    rank = int((diagonal > tolerance * max(diagonal[0], 1e-300)).sum())
    return np.sort(pivot[rank:])


def recession_direction(X: np.ndarray, signs: np.ndarray, equal: np.ndarray) -> np.ndarray | None:
    """A direction along which the likelihood rises for ever, or None.

    Linear programme of Konis (2007): maximise sum_i s_i x_i'd subject to s_i x_i'd >= 0 for rows with a sign, x_i'd =
    0 for rows in `equal`, -1 <= d <= 1. For binary responses s = +1 where y = 1, -1 where y = 0; for log-link counts
    s = -1 where y = 0 and rows with y > 0 are `equal` (Correia, Guimaraes and Zylkin).
    """
    from scipy.optimize import linprog

    rows = signs[:, None] * X
    free = ~equal
    solution = linprog(
        -rows[free].sum(axis=0),
        A_ub=-rows[free],
        b_ub=np.zeros(int(free.sum())),
        A_eq=X[equal] if equal.any() else None,
        b_eq=np.zeros(int(equal.sum())) if equal.any() else None,
        bounds=[(-1.0, 1.0)] * X.shape[1],
        method="highs",
    )
    if solution.x is None or -solution.fun <= 1e-7 * max(1.0, np.abs(rows).sum() / len(rows)):
        return None
    return np.where(np.abs(solution.x) > 1e-9, solution.x, 0.0)


def runs_between(X: np.ndarray, low: np.ndarray, high: np.ndarray, unit: float) -> bool:
    """Whether some coefficients keep every row of `X` between its bounds `low` and `high`, -inf and inf among them.

    Linear programme: the largest room to all bounds, in half-widths of an interval, in units of `unit` where there is
    one bound only. A line that meets bounds is between them, as far as floating-point numbers tell.
    """
    from scipy.optimize import linprog

    width = np.where(np.isfinite(low) & np.isfinite(high), 0.5 * (high - low), unit)
    width = np.maximum(width, 1e-6 * unit)
    sides = [(X, high, np.isfinite(high)), (-X, -low, np.isfinite(low))]
    room = np.concatenate([np.column_stack([A[k] / width[k, None], np.ones(k.sum())]) for A, _, k in sides])
    solution = linprog(
        np.append(np.zeros(X.shape[1]), -1.0),
        A_ub=room,
        b_ub=np.concatenate([bound[k] / width[k] for _, bound, k in sides]),
        bounds=[(None, None)] * X.shape[1] + [(None, 1.0)],
        method="highs",
    )
    return solution.x is not None and -solution.fun > -1e-7


# draws ---------------------------------------------------------------------------------------------------------------

RHAT_MAX, RHAT_WORST, ESS_PER_CHAIN, BETWEEN_SHARE, DIVERGENT_SHARE = 1.01, 1.05, 100, 0.1, 0.01
LEAST_ESS = 400  # of importance ratios or weights


@dataclass(frozen=True)
class ChainSummary:
    """R-hat, effective sample sizes and the between-chain share of variance of named quantities, (quantity,) each."""

    names: tuple[str, ...]
    rhat: np.ndarray
    ess_bulk: np.ndarray
    ess_tail: np.ndarray
    within_rhat: np.ndarray
    between: np.ndarray


def khat_max(draws: int) -> float:
    """The largest k-hat at which `draws` importance ratios can be trusted: min(1 - 1 / log10 S, 0.7)."""
    return min(1.0 - 1.0 / np.log10(max(draws, 11)), 0.7)


def effective_size(log_weights: np.ndarray) -> float:
    """1 / sum w^2 of normalised weights: how many draws of equal weight they stand for."""
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp(np.ravel(log_weights) - np.max(log_weights))
    return float(weights.sum() ** 2 / (weights @ weights))


def too_few(size: float) -> bool:
    """Whether an effective size lies below `LEAST_ESS`, rounding aside: equal weights are worth their number."""
    return size < LEAST_ESS * (1.0 - 1e-9)


def weight_labels(log_weights: np.ndarray) -> list[Label]:
    """Labels of draws with importance weights; (chain, draw) on the log scale."""
    size = effective_size(log_weights)
    if not too_few(size):
        return []
    text = f"{np.size(log_weights)} weighted draws are worth {int(size)} of equal weight; {LEAST_ESS} are needed"
    return [Label("predictive_only", text, "more draws, or draws closer to the posterior")]


def summarise_chains(quantities: dict[str, np.ndarray]) -> ChainSummary:
    """Diagnostics (ArviZ) of arrays (chain, draw, ...), flattened over their last axes; constant ones are left out.

    A single chain is judged by its halves; NaN where there are too few draws.
    """
    names, columns = [], []
    for name, values in quantities.items():
        flat = np.asarray(values, float).reshape(*values.shape[:2], -1)
        for j in range(flat.shape[-1]):
            if np.ptp(flat[..., j]) > 0:
                names.append(name if flat.shape[-1] == 1 else f"{name}[{j}]")
                columns.append(flat[..., j])
    if not columns:
        return ChainSummary((), *[np.zeros(0)] * 5)
    stack = np.stack(columns, axis=-1)
    halves = [_rhat(_halves(chain)) for chain in stack]
    between = stack.mean(1).var(0) / np.maximum(stack.mean(1).var(0) + stack.var(1).mean(0), 1e-300)
    rhat = _rhat(stack) if len(stack) > 1 else halves[0]
    return ChainSummary(tuple(names), rhat, _ess(stack, "bulk"), _ess(stack, "tail"), np.mean(halves, axis=0), between)


def _halves(chain: np.ndarray) -> np.ndarray:
    """One chain (draw, quantity) as two, (2, draw // 2, quantity)."""
    middle = len(chain) // 2
    return np.stack([chain[:middle], chain[len(chain) - middle :]])


def _rhat(stack: np.ndarray) -> np.ndarray:
    from arviz_stats.base import array_stats

    with np.errstate(divide="ignore", invalid="ignore"):  # a chain that never moved
        return array_stats.rhat(stack, chain_axis=0, draw_axis=1)


def _ess(stack: np.ndarray, method: str) -> np.ndarray:
    from arviz_stats.base import array_stats

    tail = {"prob": (0.05, 0.95)} if method == "tail" else {}
    with np.errstate(divide="ignore", invalid="ignore"):
        return array_stats.ess(stack, method=method, chain_axis=0, draw_axis=1, **tail)


def chain_labels(functions: ChainSummary, scalars: ChainSummary, diverging: np.ndarray) -> list[Label]:
    """Labels of a sampler's run from function values (linear predictors) and scalar summaries (densities,
    auxiliaries).
    """
    rhat = np.concatenate([functions.rhat, scalars.rhat])
    if not rhat.size:
        return [Label("not_stationary", "all draws are equal: the sampler never moved", "check the model and the data")]
    chains = diverging.shape[0]
    labels = []
    share = float(diverging.mean())
    if share > DIVERGENT_SHARE:
        labels.append(
            Label(
                "not_stationary",
                f"{int(diverging.sum())} of {diverging.size} transitions diverged ({100 * share:.1f} %)",
                "raise target_accept towards 0.99, or use a prior that is less extreme",
            )
        )
    agree = _agree(functions, scalars)
    ess = np.concatenate([functions.ess_bulk, scalars.ess_bulk, functions.ess_tail, scalars.ess_tail])
    smallest = float(np.min(_known(ess, 0.0)))
    if not agree:
        labels.append(_disagreement(functions, scalars, float(np.max(_known(rhat, 1.0)))))
    elif smallest < ESS_PER_CHAIN * chains:
        labels.append(Label("slow_mixing", f"smallest ESS {smallest:.0f}", "draw more: NUTS(draws=...)"))
    return labels


def _known(values: np.ndarray, otherwise: float) -> np.ndarray:
    """`values` with NaN, which too few draws give, replaced."""
    return np.where(np.isnan(values), otherwise, values)


def _agree(functions: ChainSummary, scalars: ChainSummary) -> bool:
    rhat = _known(functions.rhat, 1.0)
    share = float(np.mean(rhat <= RHAT_MAX)) if rhat.size else 1.0
    worst = float(np.max(rhat, initial=1.0))
    return share >= 0.95 and worst <= RHAT_WORST and bool(np.all(_known(scalars.rhat, 1.0) <= RHAT_MAX))


def _disagreement(functions: ChainSummary, scalars: ChainSummary, worst: float) -> Label:
    within = np.concatenate([functions.within_rhat, scalars.within_rhat])
    between = float(np.max(np.concatenate([functions.between, scalars.between])))
    if np.max(_known(within, 1.0)) > RHAT_WORST:
        return Label("not_stationary", f"R-hat up to {worst:.3f}, within chains too", "longer warm-up and more draws")
    if between > BETWEEN_SHARE:
        return Label(
            "chain_mixture",
            f"R-hat up to {worst:.3f}; chains differ by {100 * between:.0f} % of the variance",
            "the weights of the modes are not identified by this run: compare predictions chain by chain",
        )
    return Label("slow_mixing", f"R-hat up to {worst:.3f}", "draw more: NUTS(draws=...)")

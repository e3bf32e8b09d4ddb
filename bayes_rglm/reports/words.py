"""The answer of a comparison in plain words, the meaning of status labels, and what each estimator may claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..comparison import Comparison
from ..comparison.paired import LEAST_SUM
from ..diagnostics import GRAVE
from ..plots.numbers import MINUS, count, decimals_of, fixed, number, with_error
from ..plots.scores import scored

NAMES = {
    "ml": "maximum likelihood",
    "penalised": "penalised likelihood",
    "map": "the posterior mode (MAP)",
    "laplace": "the Laplace approximation",
    "svi": "variational inference",
    "ensemble": "the ensemble",
    "nuts": "the posterior (NUTS)",
}

MEANINGS = {
    "ok": "every check passed",
    "mle_infinite": "no finite estimate exists",
    "mle_degenerate": "the likelihood is not attained",
    "rank_deficient": "some columns repeat others",
    "outside_domain": "predictions outside the link's domain",
    "not_a_mode": "the optimiser did not arrive",
    "not_converged": "the variational objective was still moving",
    "predictive_only": "an approximation to be judged by its predictions",
    "boundary": "a value at the end of its range",
    "not_stationary": "chains that do not agree, or diverge too often: summaries of the draws are not the posterior's",
    "chain_mixture": "the chains sit in different modes",
    "slow_mixing": "few effective draws",
    "interrupted": "stopped early",
    "failed": "the method failed",
    "not run": "the method was not run",
}

CLAIMS = {
    "ml": "A point and plug-in noise. Intervals only without hidden layers, where a finite estimate exists, the "
    "columns can be told apart and there are at least ten rows per parameter.",
    "map": "A point. No intervals: the prior shrinks it, and a Wald interval would not know.",
    "penalised": "A point. No intervals: the penalty shrinks it, and choosing its strength uses the data once more.",
    "prior": "What the model says before it has seen the response.",
    "laplace": "A Gaussian at one mode: local uncertainty. A network is replaced by its tangent at the mode, which is "
    "what predicts.",
    "svi": "The closest Gaussian by exclusive Kullback-Leibler divergence: its variances are low.",
    "ensemble": "The spread between optima, which is no posterior and need not be calibrated.",
    "nuts": "The posterior under this model and these priors, up to Monte-Carlo error and the status above.",
}
BAYESIAN_CLAIM = "An approximation of the posterior under this model and these priors, judged by the status above."
OTHER_CLAIM = "A point estimate, unless its author says otherwise: no intervals."


@dataclass(frozen=True)
class Answer:
    """The answer of a comparison: one sentence, and the sentences that keep it honest."""

    sentence: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.sentence, *self.details))


def gravity(status: str) -> str:
    """How a status is shown: good, careful or grave."""
    return "good" if status == "ok" else "grave" if status in (*GRAVE, "failed") else "careful"


def meaning(status: str) -> str:
    """A status in a few words."""
    return MEANINGS.get(status, status.replace("_", " "))


def claim(estimator) -> str:
    """What an estimator may claim; `estimator` is a record, or None for draws of the user's own."""
    if estimator is None:
        return "Whatever the sampler that drew them may claim."
    return CLAIMS.get(estimator.name, BAYESIAN_CLAIM if estimator.bayesian else OTHER_CLAIM)


def answer(
    comparison: Comparison, estimators: Mapping[str, object] | None = None, *, density: str = "probability"
) -> Answer:
    """The comparison in words.

    Parameters
    ----------
    comparison : Comparison
    estimators : {method: Estimator}, optional
        What the methods are; without it they go by their names.
    density : str
        What the response has: "probability", "probability density", or both in words.
    """
    table = scored(comparison)
    names = _names(table.index, estimators or {})
    rows = count(comparison.n_test, "held-out row")
    if len(table) == 1:
        only = table.iloc[0]
        sentence = (
            f"On {rows} {names[table.index[0]]} scored {fixed(only['log_score'], 2)} per row; nothing stands beside it."
        )
        return Answer(sentence, _absences(comparison))
    subject = _subject(table, comparison.reference, estimators or {})
    row, best = table.loc[subject], names[comparison.reference]
    heavy = any(note.startswith(f"{subject}: a few rows carry") for note in comparison.notes)
    sentence = f"On {rows} {_verdict(names[subject], row, best, comparison.n_test, heavy)}"
    others = [method for method in table.index if method not in (subject, comparison.reference)]
    details = [_qualified(method, str(table.loc[method, "status"])) for method in (comparison.reference, subject)]
    details = [text for text in details if text]
    details += [*_in_plain_terms(row, subject, comparison.reference, comparison.n_test, density)]
    if heavy and row["verdict"] == "worse":
        details.append("A few rows carry this difference, so its standard error is not to be trusted.")
    details += [_other(method, table.loc[method], comparison.reference) for method in others]
    return Answer(sentence, (*details, *_absences(comparison)))


def _names(methods, estimators: Mapping[str, object]) -> dict[str, str]:
    """Long names for the only method of its kind that goes by the usual name, else the user's own."""
    kinds = [getattr(e, "name", None) for e in estimators.values()]
    found = {}
    for method in methods:
        kind = getattr(estimators.get(method), "name", None)
        usual = kind is not None and method.lower() == kind and kinds.count(kind) == 1
        found[method] = NAMES.get(kind, method) if usual else method
    return found


def _subject(table, reference: str, estimators: Mapping[str, object]) -> str:
    """Whom the sentence is about: maximum likelihood, unless it is the best; then the first Bayesian method."""
    others = [method for method in table.index if method != reference]
    likelihood = [m for m in others if getattr(estimators.get(m), "name", m.lower()) == "ml"]
    bayesian = [m for m in others if getattr(estimators.get(m), "bayesian", False)]
    return (likelihood or bayesian or others)[0]


def _verdict(subject: str, row, best: str, n: int, heavy: bool) -> str:
    total, error = float(row["difference"]), float(row["se"])
    if np.isneginf(total):
        impossible = count(int(row["rows_inf"]), "row")
        return f"{subject} called {impossible} impossible that did happen: its score is {MINUS}∞, below that of {best}."
    if row["verdict"] == "worse":
        return (
            f"{subject} scored {fixed(-total / n, decimals_of(error / n))} per row worse than {best}: "
            f"{with_error(total, error)} in total log score."
        )
    if not np.isfinite(total) or abs(total) < LEAST_SUM:
        return (
            f"{subject} and {best} cannot be told apart: {with_error(total, error)} in total log score, "
            f"and less than {LEAST_SUM:g} counts as no difference."
        )
    lower = f"{subject} scored lower than {best}, {with_error(total, error)} in total log score"
    if heavy:
        return f"{lower}. A few rows carry the difference: its standard error does not say whether that is chance."
    return f"{lower}, but within two standard errors: these rows cannot tell the two apart."


def _qualified(method: str, status: str) -> str:
    """What a grave status says of a method whose score the sentence gives."""
    return f"Mind the status of {method}: {meaning(status)}." if status in GRAVE else ""


def density_of(measure: str) -> str:
    """What a response has whose densities refer to `measure` (`Family.measure`), in words."""
    if measure == "counting":
        return "probability"
    return "probability density" if measure == "lebesgue" else "probability or density"


def _in_plain_terms(row, subject: str, best: str, n: int, density: str):
    total, won = float(row["difference"]), float(row["won"])
    if not np.isfinite(total):
        return
    if row["verdict"] == "worse":
        factor = np.exp(min(-total / n, 700.0))
        size = f"about {_rounded(factor)} times" if factor >= 1.95 else f"{_rounded(100 * (factor - 1))} % more of"
        yield f"In other words, {best} gave what happened {size} the {density}, row by row, as a geometric mean."
    if total < -LEAST_SUM and won >= 0.5:
        yield f"{subject} was ahead on {fixed(100 * won, 0)} % of the rows and lost more than that on the others."


def _rounded(value: float) -> str:
    return number(float(f"{value:.1e}"), 2)


def _other(name: str, row, best: str) -> str:
    total, error = float(row["difference"]), float(row["se"])
    if row["verdict"] == "worse":
        return f"{name} is worse than {best} too ({with_error(total, error)})."
    return f"{name} cannot be told apart from {best} ({with_error(total, error)})."


def _absences(comparison: Comparison) -> tuple[str, ...]:
    absent = comparison.table[comparison.table["verdict"] == ""]
    return tuple(
        f"{method} {'failed' if row['status'] == 'failed' else 'was not run'}." for method, row in absent.iterrows()
    )

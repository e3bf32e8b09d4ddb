"""Summary tables: what each kind of fit may claim, status first."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import glm
from .binding import Program
from .tree import in_tree, names_of, posterior

Fit = Any  # a results.Fit; importing it would close a circle

ROWS_PER_PARAMETER = 10
NORMAL_975 = 1.959963984540054


def summarise(fit: Fit, weights: bool | None = None):
    """The table of `Fit.summary`.

    Under importance weights maximum likelihood has an estimate only: their sum is no number of observations, so nothing
    says how large an error is (resample the rows instead). Frequency weights count as rows.
    """
    if fit.draws.kind == "point":
        return _point(fit, weights)
    if fit.draws.kind == "mixture":
        return _mixture(fit, weights)
    return _draws(fit.resampled(), weights, fit.status)


def _shown(fit: Fit, weights: bool | None) -> list[str]:
    """Sites of the table: for a network the auxiliary values only, unless weights are asked for."""
    program = fit.problem.program
    if not isinstance(program, Program):
        return list(fit.draws.samples)
    if program.depth == 1 or weights:
        return [site.name for site in program.sites if site.name in fit.draws.samples]
    return [site.name for site in program.auxiliaries]


def _draws(fit: Fit, weights: bool | None, status: str):
    import arviz as az
    import pandas as pd

    shown = [in_tree(name) for name in _shown(fit, weights)]
    if shown:
        table = az.summary(
            posterior(fit.problem, fit.draws),
            var_names=shown,
            kind="all" if fit.draws.kind == "mcmc" else "stats",  # no R-hat where there is no chain
            round_to="none",
        )
        table = table.loc[[row for name in shown for row in table.index if row == name or row.startswith(f"{name}[")]]
    else:
        table = pd.DataFrame(columns=["mean", "sd"])
    chains = fit.draws.kind == "mcmc"
    if chains and isinstance(fit.problem.program, Program) and fit.problem.depth > 1:
        table = pd.concat([table, _function_rows(fit)])
    table.insert(0, "status", status)
    return table


def _function_rows(fit: Fit):
    """The worst convergence over linear predictors: a network's posterior is judged by its function."""
    import pandas as pd

    functions = fit.function_summary
    row = {
        "ess_bulk": np.min(functions.ess_bulk, initial=np.inf),
        "ess_tail": np.min(functions.ess_tail, initial=np.inf),
        "r_hat": np.max(functions.rhat, initial=1.0),
    }
    return pd.DataFrame([row], index=[f"eta (worst of {predictors_in_words(fit)})"])


def predictors_in_words(fit: Fit) -> str:
    """How many linear predictors R-hat and effective sizes of functions are the worst of."""
    rows, values = len(fit.reference_rows), len(fit.function_summary.names)
    several = max(fit.problem.program.responses or 1, fit.problem.program.levels or 1) > 1
    return f"{values} predictors at {rows} rows" if several and values != rows else f"{rows} rows"


def _point(fit: Fit, weights: bool | None):
    import pandas as pd

    errors = fit.draws.info.get("errors", {})
    dims, coords = names_of(fit.problem)
    rows = []
    for name in _shown(fit, weights):
        estimate = fit.draws.samples[name][0, 0]
        error = np.asarray(errors.get(name, np.full(np.shape(estimate), np.nan)))
        for index, value in np.ndenumerate(np.asarray(estimate)):
            parameter = _labelled(in_tree(name), index, dims.get(name), coords)
            rows.append(_row(fit, name, parameter, value, error[index], index))
    table = pd.DataFrame(rows).set_index("parameter") if rows else pd.DataFrame(columns=["status", "estimate"])
    if fit.draws.kind == "point" and not errors:
        table = table.drop(columns=[c for c in ("std_error", "z", "eti95_lb", "eti95_ub") if c in table])
    return table


def _mixture(fit: Fit, weights: bool | None):
    """Means of the members, and where they differ the sd between them: no interval, since optima are no draws."""
    import pandas as pd

    dims, coords = names_of(fit.problem)
    rows, apart = [], _apart(fit.draws.samples)
    for name in _shown(fit, weights):
        members = fit.draws.samples[name][0]
        for index, value in np.ndenumerate(members.mean(0)):
            row = _row(fit, name, _labelled(in_tree(name), index, dims.get(name), coords), value, np.nan, index)
            own = {"parameter": row["parameter"], "status": row["status"], "mean": row["estimate"]}
            spread = np.std(members[:, *index], ddof=1) if np.isfinite(row["estimate"]) else np.nan
            rows.append(own | {"sd_between_members": spread} if apart else own)
    return pd.DataFrame(rows).set_index("parameter") if rows else pd.DataFrame(columns=["status", "mean"])


def _apart(samples) -> bool:
    """Whether members are more than one optimum."""
    return any(np.any(values[0] != values[0, :1]) for values in samples.values())


def _labelled(name: str, index, dims: tuple[str, ...] | None, coords) -> str:
    if not index:
        return name
    labels = [
        str(coords[d][i]) if d in coords else str(i) for d, i in zip(dims or [""] * len(index), index, strict=False)
    ]
    return f"{name}[{', '.join(labels)}]"


def _column(fit: Fit, site: str, index) -> str | None:
    """What labels call the column of an estimate; None where they speak of none, as for a model of the user's own."""
    if site not in ("beta", "intercept") or fit.design is None:  # a column may bear an auxiliary value's name
        return None
    column = fit.design.columns[index[0]] if site == "beta" and index and fit.problem.depth == 1 else site
    if fit.design.responses:  # labels speak of a column and a response
        return f"{column}, {fit.design.responses[index[1 if site == 'beta' else 0]]}"
    return column


def _row(fit: Fit, site: str, parameter: str, value, error, index) -> dict:
    info = fit.draws.info
    column = _column(fit, site, index)
    status = fit.status
    error = np.nan if status == "mle_degenerate" else error
    for label in fit.labels:
        if label.name == "mle_infinite" and column in label.columns:
            value, error, status = float(np.sign(value)) * np.inf, np.nan, label.name
    if any(label.name == "rank_deficient" and column in label.columns for label in fit.labels):
        value, error, status = np.nan, np.nan, "rank_deficient"
    enough = info.get("rank", 0) and glm.rows(fit.problem) / info["rank"] >= ROWS_PER_PARAMETER and status == "ok"
    reach = NORMAL_975 * error if enough else np.nan
    return {
        "parameter": parameter,
        "status": status,
        "estimate": float(value),
        "std_error": float(error),
        "z": float(value / error) if np.isfinite(error) and error > 0 else np.nan,
        "eti95_lb": float(value - reach),
        "eti95_ub": float(value + reach),
    }

"""Maximum likelihood of several responses at depth 1, where they share no parameter: fitted one by one, then joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..gates import ordered
from ..problem import Problem, separate
from ._base import Draws

SUMS = ("log_likelihood", "deviance", "aic")
SHARED = ("rank", "df_resid", "aliased")  # of the columns: the same for every response, so those of the first


def fit_separately(problem: Problem, run: Callable[[Problem], Draws]) -> Draws:
    """`run` on every response, as one point. Log-likelihood, deviance and AIC are sums; `info["by_response"]` keeps
    what each fit said, and a label names its response.
    """
    names = problem.design.responses
    fits = [run(one) for one in separate(problem)]
    axis = -1 if problem.program.levels is None else -2
    facts = [fit.info for fit in fits]
    info = {name: sum(own[name] for own in facts) for name in SUMS if all(name in own for own in facts)}
    info |= {name: facts[0][name] for name in SHARED if name in facts[0]}
    info |= {"gradient": max(own["gradient"] for own in facts)}
    if all("errors" in own for own in facts):
        info["errors"] = _joined([own["errors"] for own in facts], axis)
    info["by_response"] = {
        name: {key: value for key, value in own.items() if key != "errors"}
        for name, own in zip(names, facts, strict=True)
    }
    labels = [_named(label, name) for name, fit in zip(names, fits, strict=True) for label in fit.labels]
    return Draws(samples=_joined([fit.samples for fit in fits], axis), kind="point", info=info, labels=ordered(labels))


def _joined(parts: list[dict[str, np.ndarray]], axis: int) -> dict[str, np.ndarray]:
    return {name: np.stack([part[name] for part in parts], axis=axis) for name in parts[0]}


def _named(label, response: str):
    columns = tuple(f"{column}, {response}" for column in label.columns)
    return label if label.name == "ok" else replace(label, message=f"{response}: {label.message}", columns=columns)

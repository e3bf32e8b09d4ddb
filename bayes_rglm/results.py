"""`Fit`: the one kind of answer that every estimator gives.

A fit keeps its problem, its draws and how they were made. `labels` say first what can be trusted; `tree` is built
when it is first asked for; `summary` gives only the uncertainty that the estimator can honestly claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np

from . import evaluation, gates, storage, summaries, tree
from .binding import Program
from .design import Design
from .errors import DataError, EstimatorError, FileError, RGLMError
from .estimators import Draws, Estimator
from .problem import Problem
from .spec import RGLM

REFERENCE_ROWS = 64


@dataclass(frozen=True, eq=False)
class Fit:
    """A model fitted to data.

    Attributes
    ----------
    problem : Problem
    draws : Draws
        Constrained sites in raw units, (chain, draw, ...).
    label : str
        How tables call it.
    estimator : Estimator or None
    seed : int
    precision : "float64" or "float32"
    seconds : float
        Wall time of the fit, compilation included.
    """

    problem: Problem
    draws: Draws
    label: str
    estimator: Estimator | None = None
    seed: int = 0
    precision: str = "float64"
    seconds: float = field(default=float("nan"))

    def __post_init__(self):
        object.__setattr__(self, "problem", self.problem.linearised(self.draws.linearised_at))

    @classmethod
    def from_draws(cls, problem: Problem, draws: Draws | dict[str, Any], label: str = "draws") -> Fit:
        """A fit from any sampler's draws: {site: (chain, draw, ...)} of constrained sites, or a `Draws`.

        Importance weights `Draws.log_weights` (chain, draw) need not be normalised; minus infinity is a weight of 0.
        Raises `DataError` for missing or unknown sites, shapes that do not fit, and weights that are none.
        """
        _check_problem(problem, "from_draws takes a Problem and its draws.")
        if not isinstance(draws, Draws | Mapping):
            raise DataError(
                "Draws are a mapping of sites to arrays, or a Draws.",
                found=type(draws).__name__,
                do='for example {"beta": array of (chain, draw, p)}',
            )
        if not isinstance(draws, Draws):
            draws = Draws(samples={k: np.asarray(v, float) for k, v in draws.items()}, kind="mcmc")
        _check_samples(problem, draws.samples)
        if draws.log_weights is not None:
            draws = replace(draws, log_weights=_checked_weights(draws))
        return cls(problem, draws, label)

    @property
    def model(self) -> RGLM | None:
        """The specification; None for a NumPyro function of your own."""
        return self.problem.spec

    @property
    def design(self) -> Design | None:
        """The data and how to treat new rows; None for a NumPyro function of your own."""
        return self.problem.design

    @property
    def is_point(self) -> bool:
        """Whether this is one plug-in value rather than draws."""
        return self.draws.kind == "point"

    @cached_property
    def labels(self) -> tuple[gates.Label, ...]:
        """Status labels, the gravest first; ("ok",) when every gate passed."""
        own = [*self.draws.labels, *self._weight_labels()]
        if self.draws.kind == "mcmc":
            own += gates.chain_labels(self.function_summary, self.scalar_summary, self._diverging())
        return gates.ordered(own)

    @property
    def status(self) -> str:
        """Name of the gravest label."""
        return self.labels[0].name

    @property
    def reference_rows(self) -> np.ndarray:
        """Positions of the at most 64 rows at which `function_summary` looks."""
        return np.unique(np.linspace(0, self.problem.n - 1, min(REFERENCE_ROWS, self.problem.n)).astype(int))

    @cached_property
    def function_summary(self) -> gates.ChainSummary:
        """R-hat and ESS of the linear predictors at up to 64 rows: what convergence is for when the weights have
        symmetries.
        """
        if not isinstance(self.problem.program, Program):
            return gates.summarise_chains(self.draws.samples)
        rows = self.reference_rows
        data = {k: np.asarray(self.problem.data[k])[rows] for k in ("X", "offset") if k in self.problem.data}
        return gates.summarise_chains({"eta": evaluation.linear_predictors(self.problem, self.draws.samples, data)})

    @cached_property
    def scalar_summary(self) -> gates.ChainSummary:
        """R-hat and ESS of the log density and the auxiliary values; of every site at depth 1."""
        program, samples = self.problem.program, self.draws.samples
        scalars = {"lp": self.draws.stats["lp"]} if "lp" in self.draws.stats else {}
        if isinstance(program, Program) and program.depth > 1:
            return gates.summarise_chains(scalars | {site.name: samples[site.name] for site in program.auxiliaries})
        return gates.summarise_chains(scalars | samples)

    @cached_property
    def tree(self):
        """The fit as an `xarray.DataTree`; every `az.*` function takes it as it is.

        The rows' log-likelihoods of a point or of an ensemble's optima are there to be read. They are no draws of a
        posterior, and `az.loo` and what rests on it fail on them; the group's attribute `loo` says so.
        """
        return tree.build(self.problem, self.draws, self._attributes(), self.seed)

    def with_groups(self, *groups: str):
        """The tree with row groups ("log_likelihood", "posterior_predictive") whatever their size."""
        unknown = [g for g in groups if g not in tree.ROW_GROUPS]
        if unknown:
            raise DataError(
                "with_groups adds row groups.", found=", ".join(unknown), do=f"one of {', '.join(tree.ROW_GROUPS)}"
            )
        return tree.build(self.problem, self.draws, self._attributes(), self.seed, groups=groups)

    def summary(self, weights: bool | None = None):
        """A pandas table of estimates; the first column is the status.

        Draws: mean, sd, equal-tailed interval, R-hat and effective sample sizes. Maximum likelihood at depth 1:
        estimate, standard error, z and, where n / p >= 10, a 95 % Wald interval. Other point estimates: the estimate
        alone. An ensemble: the mean of its members and, where they are several optima, the sd between them, which is no
        interval of anything. For a network weights are left out unless `weights=True`: their posterior is symmetric
        and their R-hat says nothing.
        """
        return summaries.summarise(self, weights)

    def resampled(self) -> Fit:
        """The fit with draws of equal weight, made from weighted ones by their weights; itself where there are none.

        The labels of weighted draws stay with those made from them.
        """
        if self.draws.log_weights is None:
            return self
        labels = gates.ordered([*self.draws.labels, *self._weight_labels()])
        return replace(self, draws=replace(self.draws.resampled(self.seed), labels=labels))

    def save(self, path) -> None:
        """Write the fit to a netCDF file (h5netcdf), atomically; `bayes_rglm.load` reads it back bit for bit."""
        storage.save(self, path)

    def relabelled(self, label: str) -> Fit:
        """The same fit under another name."""
        return replace(self, label=label)

    def _weight_labels(self) -> list[gates.Label]:
        weights = self.draws.log_weights
        sampled = self.draws.kind not in ("point", "mixture")  # weights of optima speak of no sample
        return gates.weight_labels(weights) if weights is not None and sampled else []

    def _diverging(self) -> np.ndarray:
        return np.asarray(self.draws.stats.get("diverging", np.zeros(evaluation.shape_of(self.draws.samples), bool)))

    def _attributes(self) -> dict[str, str]:
        from importlib.metadata import version

        name = self.estimator.name if self.estimator is not None else "draws"
        attributes = {
            "inference_library": "bayes_rglm",
            "inference_library_version": version("bayes_rglm"),
            "inference": name,
            "label": self.label,
            "model": repr(self.model) if self.model is not None else "a NumPyro model",
            "seed": str(self.draws.info["key"]) if "key" in self.draws.info else int(self.seed),
        }
        return attributes | ({"point_estimate": "one draw; R-hat and ESS do not apply"} if self.is_point else {})

    def __repr__(self) -> str:
        chains, draws = evaluation.shape_of(self.draws.samples)
        what = "a point" if self.is_point else f"{chains} chains x {draws} draws"
        return f"<Fit {self.label!r}: {self.model!r}, {what}, status {self.status}, {self.seconds:.1f} s>"


def check_fit(fit: Any, verb: str) -> None:
    """Refuse anything but a `Fit`, naming the verb that needs one."""
    if not isinstance(fit, Fit):
        raise DataError(f"{verb} takes a fit.", found=f"{type(fit).__name__}", do="pass what rglm.fit returned")


def check_one_response(fit: Fit, what: str) -> None:
    """Refuse a fit of several responses, naming what shows one only."""
    refuse_several(fit.design, what)


def refuse_several(design: Design | None, what: str) -> None:
    """As `check_one_response`, for a design."""
    if design is not None and design.responses:
        raise EstimatorError(
            f"{what} of several responses at once is not made.",
            found=f"{len(design.responses)} responses: {', '.join(map(repr, design.responses[:6]))}",
            do="use predict(fit), whose result has a dimension 'response'",
        )


def load(path, problem: Problem | None = None) -> Fit:
    """The fit saved at `path`. A fit of your own NumPyro function needs its `problem` again.

    Raises `FileError` for a missing, foreign or damaged file, and for a `problem` whose model or sites are others.
    """
    if problem is not None:
        _check_problem(problem, "problem= takes the Problem that was fitted.", FileError)
    found = storage.load(path, Fit, problem)
    if problem is not None:
        try:
            _check_sites(problem, found.draws.samples, random_scales=False)
        except DataError as error:
            raise FileError(
                "The file holds draws of another problem than the one given.",
                found=f"{path}: {error.asked} {error.found}",
                do="give the problem that was fitted",
            ) from None
    return found


def _check_problem(problem: Any, asked: str, kind: type[RGLMError] = DataError) -> None:
    if not isinstance(problem, Problem):
        raise kind(
            asked, found=type(problem).__name__, do="Problem(model, design), or Problem.from_numpyro(function, data)"
        )


def _checked_weights(draws: Draws) -> np.ndarray:
    """The log weights as (chain, draw) float64, refused where they give no distribution over the draws."""
    shape = evaluation.shape_of(draws.samples)
    try:
        weights = np.asarray(draws.log_weights, float)
    except (TypeError, ValueError):
        weights = None
    if weights is None or weights.shape != tuple(shape):
        raise DataError(
            f"log_weights has one number per draw, of the shape (chain, draw) = {tuple(shape)}.",
            found=type(draws.log_weights).__name__ if weights is None else f"shape {weights.shape}",
            do="put chains first, then draws",
        )
    bad = np.isnan(weights) | (weights == np.inf)
    if bad.any():
        chain, draw = np.argwhere(bad)[0]
        raise DataError(
            "log_weights are logarithms of finite weights.",
            found=f"chain {chain}, draw {draw}: {weights[chain, draw]}; {bad.sum()} such of {bad.size}",
            do="give log p - log q of each draw, minus infinity where the weight is 0",
        )
    if np.all(weights == -np.inf):
        raise DataError(
            "Some draw needs a weight above 0.",
            found=f"all {weights.size} log_weights are minus infinity",
            do="give log p - log q of each draw; weights too small for a float are finite on the log scale",
        )
    return weights


def _check_samples(problem: Problem, samples: dict[str, np.ndarray]) -> None:
    _check_sites(problem, samples)
    _check_values(problem, samples)


def _check_sites(problem: Problem, samples: dict[str, np.ndarray], random_scales: bool = True) -> None:
    """Refuse draws of other sites or shapes; `random_scales` of priors may lack, as those of maximum likelihood do."""
    known = _shapes(problem)
    needed = set(known) if random_scales else set(known) - _random_scales(problem)
    missing, unknown = sorted(needed - set(samples)), sorted(set(samples) - set(known))
    if missing or unknown:
        raise DataError(
            "The draws must hold every site of the problem, and no other.",
            found=f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}",
            do=f"sites: {', '.join(known)}",
        )
    for name, value in samples.items():
        if value.ndim < 2 or value.shape[2:] != known[name]:
            raise DataError(
                f"Draws of {name!r} have the shape (chain, draw, {', '.join(map(str, known[name]))}).",
                found=str(value.shape),
                do="put chains first, then draws",
            )
    if len({value.shape[:2] for value in samples.values()}) > 1:
        raise DataError(
            "All sites must have the same chains and draws.", found=str({k: v.shape[:2] for k, v in samples.items()})
        )


def _shapes(problem: Problem) -> dict[str, tuple[int, ...]]:
    """Shapes of constrained sites: a simplex has one number more than its unconstrained form."""
    if isinstance(problem.program, Program):
        return dict(problem.layout)
    blank = {name: np.zeros(shape) for name, shape in problem.layout}
    with evaluation.float64():
        found = jax.eval_shape(problem.constrain, blank)
    return {name: tuple(found[name].shape) for name, _ in problem.layout}


def _random_scales(problem: Problem) -> set[str]:
    if not isinstance(problem.program, Program):
        return set()
    return {scale.name for site in problem.program.hierarchical for scale in site.scales}


def _check_values(problem: Problem, samples: dict[str, np.ndarray]) -> None:
    program = problem.program
    supports = {site.name: site.support for site in program.sites} if isinstance(program, Program) else {}
    for name, value in samples.items():
        inside = np.isfinite(value)
        if name in supports:
            known = np.asarray(supports[name](value))
            inside &= known.reshape(*known.shape, *[1] * (inside.ndim - known.ndim))  # a vector is inside as a whole
        if not inside.all():
            chain, draw = np.argwhere(~inside)[0][:2]
            raise DataError(
                f"Draws of {name!r} are not all in its support, {supports.get(name, 'the finite numbers')}.",
                found=f"chain {chain}, draw {draw}: {value[chain, draw]}",
                do="give constrained sites: sigma itself, not its logarithm",
            )

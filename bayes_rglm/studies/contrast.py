"""`contrast`: one model and its data, several estimators, scored on rows held out from all of them.

Preprocessing (knots, centring, the constants inside priors) is fitted to the training rows of each split; test rows are
encoded with it. A method that fails does not take the others with it. Ctrl-C keeps the methods that are done.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ..comparison import Comparison, assemble, has_levels, refuse_measures, second_score_name, weight_notes
from ..design import Design
from ..errors import DataError, SpecError
from ..fitting import as_design, as_key, check_precision
from ..results import Fit
from ..spec import RGLM
from .plan import Methods, Plan, plan_of, read_methods
from .running import Study, speaker
from .splits import Split, make_splits, untrained_levels

TEST_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Contrast:
    """The result of a contrast.

    Attributes
    ----------
    comparison : Comparison
        Over the test rows of all splits.
    fits : {method: Fit}
        On the training rows of the first split.
    train, test : Design
        Of the first split; the test rows are encoded as the training rows are.
    folds : int or None
    seed : int or JAX key
    model : RGLM
    description : dict
        n, p, train_rows, test_rows, response, columns, split, estimated_cost, seconds.
    methods : {name: (RGLM, Estimator)}
    """

    comparison: Comparison
    fits: dict[str, Fit]
    train: Design
    test: Design
    folds: int | None
    seed: Any
    model: RGLM
    description: dict[str, Any]
    methods: Methods

    def __repr__(self) -> str:
        d = self.description
        head = f"<Contrast of {len(self.methods)} methods, {d['n']} rows, {d['p']} columns, {d['split']}>"
        return f"{head}\n{self.comparison!r}"

    def _repr_html_(self) -> str:
        return self.comparison._repr_html_()


def contrast(
    model: RGLM,
    data: Any,
    methods: Any = None,
    *,
    folds: int | None = None,
    test: float = TEST_SHARE,
    train_rows: int | None = None,
    seed: Any = 0,
    progress: bool | None = None,
    precision: str = "float64",
    device: Any = None,
    **design_options,
) -> Contrast:
    """Fit a model by several methods to the same training rows and score them on the same test rows.

    Parameters
    ----------
    model : RGLM
    data : Design, (formula, frame) or (X, y)
    methods : {name: method}, optional
        A method is an estimator or its name, or a pair (model, estimator). Default: ML, MAP and NUTS.
    folds : int, optional
        K-fold cross-validation instead of one split.
    test : float
        Share of rows held out by the one split; a response of two values or of levels keeps its shares in all parts.
    train_rows : int, optional
        Number of training rows instead; by default `frame.attrs["train_rows"]` where the frame has it and `test` is not
        given.
    seed : int or JAX key
        Decides the split and, for every method, the fit.
    progress : bool, optional
        Print the plan and progress to standard error; by default when that is a terminal.
    precision, device, **design_options
        As in `fit`.

    Returns
    -------
    Contrast

    Raises
    ------
    RGLMError
        Bad arguments; otherwise only when every method failed, and then the first one's error.
    NotComparable
        Methods whose densities refer to different dominating measures.
    """
    begun = time.perf_counter()
    if not isinstance(model, RGLM):
        found = type(model).__name__
        raise SpecError("The first argument is a model.", found=found, do='for example RGLM("bernoulli")')
    check_precision(precision)
    as_key(seed)
    chosen = read_methods(model, methods)
    refuse_measures({name: own for name, (own, _) in chosen.items()})
    design = as_design(data, **design_options)
    if design.y is None:
        raise DataError("A contrast needs a response.", found="data without y", do='give "y ~ ..." or a pair (X, y)')
    if folds is None and train_rows is None and test == TEST_SHARE:
        train_rows = _asked_by_frame(data)
    families = [own.family for own, _ in chosen.values()]
    classes = None if design.responses or not all(map(has_levels, families)) else design.y
    splits = make_splits(design.n, folds=folds, test=test, train_rows=train_rows, seed=seed, classes=classes)
    _check_encodings(design, splits)
    plan, say = plan_of(chosen, design, splits), speaker(progress)
    say(f"Contrast: {plan}.")
    options = {"precision": precision, "device": device, "progress": progress}
    alone = [] if classes is None else untrained_levels(classes, splits)
    study = Study(design, chosen, splits, second_score_name(families), seed, options)
    study.run(say)
    return _result(study, model, folds, plan, classes is not None, alone, time.perf_counter() - begun)


def _untrained(design: Design, alone: list[float]) -> list[str]:
    """The sentence on levels that no training row has where they are tested."""
    names = [f"{x:g}" if design.levels is None else repr(design.levels[int(x)]) for x in alone]
    which = f"Levels {', '.join(names)} are" if len(names) > 1 else f"Level {''.join(names)} is"
    return [f"{which} tested where no training row has it: too few rows to hold some out."] if names else []


def _asked_by_frame(data: Any) -> int | None:
    """The number of training rows that the frame itself asks for."""
    frames = [part for part in data if hasattr(part, "attrs")] if isinstance(data, tuple | list) else []
    return frames[0].attrs.get("train_rows") if frames else None


def _check_encodings(design: Design, splits: list[Split]) -> None:
    """Test rows that a split cannot encode (outside a spline's bounds) are found before the first fit."""
    if design.formula is not None and len(splits) > 1:
        for split in splits:
            design.rows(split.train).encode(design.take(split.test))


def _result(study: Study, model: RGLM, folds, plan: Plan, stratified: bool, alone, seconds: float) -> Contrast:
    names, done = study.complete()
    if not names:
        if study.failures:
            raise next(iter(study.failures.values()))
        raise KeyboardInterrupt
    absent = [name for name in study.methods if name not in names and name not in study.failures]
    notes = weight_notes(study.design) + _untrained(study.design, alone)
    if study.stopped:
        some = f": {len(done)} of {len(study.splits)} splits are compared" if folds else ""
        notes.append(f"Stopped by the user{some}.")
    comparison = assemble(
        [study.scores[k, name] for k in done for name in names],
        study.second,
        {name: str(error) for name, error in study.failures.items()},
        absent,
        notes,
    )
    train, test = study.first
    description = {
        "n": study.design.n,
        "p": study.design.p,
        "train_rows": train.n,
        "test_rows": test.n if not folds else comparison.n_test,
        "response": study.design.response,
        "columns": study.design.columns,
        "split": _split_in_words(train.n, test.n, folds, stratified),
        "estimated_cost": str(plan),
        "seconds": seconds,
    }
    return Contrast(comparison, study.fits, train, test, folds, study.seed, model, description, study.methods)


def _split_in_words(train: int, test: int, folds: int | None, stratified: bool) -> str:
    shares = ", shares of the response kept" if stratified else ""
    if folds:
        return f"{folds} folds{shares}"
    return f"{train} training rows and {test} test rows, drawn at random{shares}"

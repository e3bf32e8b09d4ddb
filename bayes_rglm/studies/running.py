"""The running study: fits and scores split by split, and what is left of it when something fails or it is stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..comparison import RowScores, score_fit
from ..design import Design
from ..errors import EstimatorError, Interrupted, RGLMError
from ..fitting import fit
from ..results import Fit
from .plan import Methods, seed_of
from .splits import Split


def speaker(progress: bool | None) -> Callable[[str], None]:
    """A function that prints to standard error where `progress` says so; by default when that is a terminal."""
    show = sys.stderr.isatty() if progress is None else bool(progress)
    return lambda text: print(text, file=sys.stderr, flush=True) if show else None


@dataclass(eq=False)
class Study:
    """The running study: what is done, what failed, whether it was stopped."""

    design: Design
    methods: Methods
    splits: list[Split]
    second: str
    seed: Any
    options: dict[str, Any]
    scores: dict[tuple[int, str], RowScores] = field(default_factory=dict)
    fits: dict[str, Fit] = field(default_factory=dict)
    failures: dict[str, RGLMError] = field(default_factory=dict)
    first: tuple[Design, Design] | None = None
    stopped: bool = False

    def run(self, say: Callable[[str], None]) -> None:
        """Fit and score split by split. Ctrl-C ends it with what is done; it is raised where nothing is."""
        try:
            for k, split in enumerate(self.splits):
                self._split(k, split, say)
                if self.stopped:
                    return
        except KeyboardInterrupt:
            self.stopped = True
            if not self.scores:
                raise

    def _split(self, k: int, split: Split, say: Callable[[str], None]) -> None:
        train = self.design.rows(split.train)
        test = train.encode(self.design.take(split.test))
        self.first = self.first or (train, test)
        for name, (model, estimator) in self.methods.items():
            if name in self.failures:
                continue
            say(f"  {f'fold {k + 1} of {len(self.splits)}, ' if len(self.splits) > 1 else ''}{name}")
            try:
                fitted = fit(model, train, estimator, seed=seed_of(self.seed, k), label=name, **self.options)
                self.scores[k, name] = score_fit(name, fitted, test, self.second, k)
            except Warning:
                raise
            except Exception as error:
                self.stopped = isinstance(error, Interrupted)
                if not self.stopped:
                    self.failures[name] = error if isinstance(error, RGLMError) else _unexpected(error)
                    continue
            else:
                if k == 0:
                    self.fits[name] = fitted
                self.stopped = any(label.name == "interrupted" for label in fitted.labels)
            if self.stopped:
                return

    def complete(self) -> tuple[list[str], list[int]]:
        """Methods and splits to compare: the splits that every method finished; after an early stop, the first."""
        alive = [name for name in self.methods if name not in self.failures]
        done = [k for k in range(len(self.splits)) if all((k, name) in self.scores for name in alive)]
        if done:
            return alive, done
        return [name for name in alive if (0, name) in self.scores], [0]


def _unexpected(error: Exception) -> RGLMError:
    """An error that nobody foresaw, as one that can be reported beside the other methods."""
    wrapped = EstimatorError(
        "The method stopped with an error that is not the package's own.",
        found=f"{type(error).__name__}: {error}",
        do="fit it alone for the traceback",
    )
    wrapped.__cause__ = error
    return wrapped

"""Small data sets and tiny fits that the tests share, one of each per family and depth: compiling is what costs."""

import jax
import numpy as np
import pandas as pd
import pytest

from bayes_rglm import RGLM, Design, Problem, estimators, families, fit

ROWS, COLUMNS, UNITS = 40, ("age", "dose", "year"), 3
FORMULA = "y ~ age + dose + year"
TINY = {
    "ml": {"starts": 2, "steps": 300},
    "map": {"starts": 2, "steps": 300},
    "nuts": {"draws": 100, "warmup": 100, "chains": 2},
}


def tiny(name: str, **options) -> estimators.Estimator:
    """The estimator `name` at options that keep a test short."""
    return estimators.registry.get(name)(**{**TINY.get(name, {}), **options})


class World:
    """One data set per family (40 rows, three columns on unlike scales, text row labels) and what was made of it."""

    rows, columns, units, formula = ROWS, COLUMNS, UNITS, FORMULA
    tiny = staticmethod(tiny)

    def __init__(self):
        self._made = {}
        rng = np.random.default_rng(20)
        unit = rng.normal(size=(ROWS, len(COLUMNS)))
        self.X = unit * [1.0, 30.0, 4.0] + [0.0, 100.0, 2000.0]
        self.eta = np.clip(0.4 + unit @ [0.8, -0.6, 0.1], -1.5, 1.5)
        self.labels = [f"row {i:02d}" for i in range(ROWS)]

    def _once(self, key, make):
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def y(self, family: str) -> np.ndarray:
        """(40,) responses simulated by the family itself under its first link."""
        record = families.get(family)
        aux = {p.name: 0.7 for p in record.auxiliaries}
        with jax.enable_x64(True):
            drawn = record.distribution(record.links[0], self.eta, **aux).sample(jax.random.key(1))
            return np.asarray(drawn, float)

    def frame(self, family: str) -> pd.DataFrame:
        """The data as a fresh frame."""
        frame = pd.DataFrame(self.X, columns=list(COLUMNS), index=self.labels)
        return frame.assign(y=self._once(("y", family), lambda: self.y(family)))

    def design(self, family: str, **options) -> Design:
        """Its design, `y ~ age + dose + year`."""
        return Design.from_formula(FORMULA, self.frame(family), **options)

    def model(self, family: str, depth: int = 1, **options) -> RGLM:
        """The default model of that depth, hidden layers of three units."""
        return RGLM(family, hidden=(UNITS,) * (depth - 1), **options)

    def problem(self, family: str, depth: int = 1) -> Problem:
        """The default problem, made once."""
        return self._once((family, depth), lambda: Problem(self.model(family, depth), self.design(family)))

    def fit(self, family: str, depth: int = 1, estimator: str = "nuts"):
        """A tiny fit, made once."""
        problem = self.problem(family, depth)
        return self._once((family, depth, estimator), lambda: fit(problem, estimator=tiny(estimator)))

    def points(self, problem: Problem, count: int = 5, seed: int = 3) -> list[dict]:
        """Unconstrained positions near the body of the prior."""
        with jax.enable_x64(True):
            keys = jax.random.split(jax.random.key(seed), count)
            return [jax.tree.map(np.asarray, problem.initial(key)) for key in keys]


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture
def double():
    """Double precision for what a test itself computes with JAX."""
    with jax.enable_x64(True):
        yield

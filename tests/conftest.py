"""Small data sets and tiny fits that the tests share, one of each per family and depth: compiling is what costs."""

import tempfile

import jax
import numpy as np
import pandas as pd
import pytest

from bayes_rglm import RGLM, Design, Fit, Problem, estimators, families, fit

# What one test has compiled serves the next. JAX reads these settings at its first compilation; the folder belongs to
# this process alone (JAX writes without a lock) and goes with it.
PROGRAMMES = tempfile.TemporaryDirectory(prefix="programmes-")
jax.config.update("jax_compilation_cache_dir", PROGRAMMES.name)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

ROWS, COLUMNS, UNITS = 40, ("age", "dose", "year"), 3
FORMULA = "y ~ age + dose + year"
TINY = {
    "ml": {"starts": 2, "steps": 300},
    "map": {"starts": 2, "steps": 300},
    "penalised": {"starts": 2, "steps": 300},
    "ensemble": {"members": 3, "steps": 300},
    "prior": {"draws": 100, "chains": 2},
    "laplace": {"starts": 2, "steps": 300, "draws": 100, "chains": 2},
    "svi": {"starts": 1, "steps": 500, "particles": 1, "draws": 100, "chains": 2},
    "nuts": {"draws": 100, "warmup": 100, "chains": 2},
}


def pytest_unconfigure():
    """Remove the compiled programmes."""
    PROGRAMMES.cleanup()


def tiny(name: str, **options) -> estimators.Estimator:
    """The estimator `name` at options that keep a test short."""
    return estimators.registry.get(name)(**{**TINY.get(name, {}), **options})


# Where the first number of the support puts the mass where no float lies.
VALUES = {("beta", "concentration"): 8.0}
# What a family cannot do without in each row besides the response; bounds are left out, and nothing is censored.
BESIDES = {"trials": np.full(ROWS, 5.0)}


def value(family: families.Family, parameter: families.Parameter):
    """A value of an auxiliary parameter: a number of its support, or two ordered cut-points (three levels)."""
    if parameter.size is not None:
        return np.array([-0.7, 0.7])
    inside = next(v for v in (0.7, 1.7, 3.0) if bool(parameter.support(v)))
    return VALUES.get((family.name, parameter.name), inside)


class World:
    """One data set per family (40 rows, three columns on unlike scales, text row labels) and what was made of it.

    Responses of levels have three of them, codes 0, 1, 2; counts of trials have 5 trials in each row.
    """

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

    def aux(self, family: str) -> dict:
        """The auxiliary values that the responses are simulated with."""
        record = families.get(family)
        return {p.name: value(record, p) for p in record.auxiliaries}

    def besides(self, family: str) -> dict[str, np.ndarray]:
        """What the family needs of each row besides the response, as keywords of a Design: {"trials": (40,)} or {}."""
        return {name: BESIDES[name] for name in families.get(family).rows if name in BESIDES}

    def y(self, family: str) -> np.ndarray:
        """(40,) responses simulated by the family itself under its first link."""
        record = families.get(family)
        low, high = record.links[0].predictor_domain
        eta = np.clip(self.eta, low + 0.2, high - 0.2)
        if record.outputs == "levels":
            eta = eta[:, None] * [0.0, 1.0, -0.5] + [0.2, -0.3, 0.0]
        with jax.enable_x64(True):
            drawn = record.distribution(record.links[0], eta, **self.aux(family), **self.besides(family))
            return np.asarray(drawn.sample(jax.random.key(1)), float)

    def frame(self, family: str) -> pd.DataFrame:
        """The data as a fresh frame, with a column `trials` where the family has trials."""
        frame = pd.DataFrame(self.X, columns=list(COLUMNS), index=self.labels)
        return frame.assign(y=self._once(("y", family), lambda: self.y(family)), **self.besides(family))

    def design(self, family: str, frame=None, **options) -> Design:
        """Its design, `y ~ age + dose + year`; `frame` stands in for its own."""
        frame = self.frame(family) if frame is None else frame
        return Design.from_formula(FORMULA, frame, **{name: name for name in self.besides(family)} | options)

    def arrays(self, family: str, X=None, y=None, **options) -> Design:
        """The same data from arrays; `X` and `y` stand in for its own."""
        X, y = self.X if X is None else X, self.frame(family)["y"].to_numpy() if y is None else y
        return Design.from_arrays(X, y, **self.besides(family) | options)

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

    def drawn(self, family: str, depth: int = 1, problem: Problem | None = None) -> Fit:
        """A fit of 2 chains x 100 made-up draws: for what needs draws and no sampler, hence no compiled one.

        `problem` stands in for the default one.
        """
        if problem is not None:
            return Fit.from_draws(problem, self._samples(problem))
        own = self.problem(family, depth)
        return self._once((family, depth, "drawn"), lambda: Fit.from_draws(own, self._samples(own)))

    def _samples(self, problem: Problem, chains: int = 2, draws: int = 100) -> dict[str, np.ndarray]:
        rng, program, X = np.random.default_rng(5), problem.program, problem.data["X"]
        normal = lambda *shape: rng.normal(size=(chains, draws, *shape))  # noqa: E731
        samples, maps = {}, [*program.layers, *(head.affine for head in program.heads)]
        low, high = program.link.predictor_domain
        centre = 0.0 if np.isinf(low) and np.isinf(high) else np.clip(1.5, low + 1.5, high - 1.5)
        for own in maps:
            below, response = own is program.layers[0] or program.depth == 1, own is program.layers[-1]
            spread = X.std(0) if below else np.ones(own.weights.shape[0])
            beta = 0.2 * normal(*own.weights.shape) / spread.reshape(-1, *[1] * (len(own.weights.shape) - 1))
            samples[own.weights.name] = beta
            if own.intercept is not None:
                moved = np.tensordot(beta, X.mean(0), (2, 0)) if below else 0.0
                samples[own.intercept.name] = centre * response + 0.2 * normal(*own.intercept.shape) - moved
        for site in program.auxiliaries:
            typical = self.aux(program.family.name)[site.name]
            noise = 0.1 * normal()
            moved = np.tensordot(samples["beta"], X.mean(0), (2, 0)) if program.depth == 1 and site.shape else 0.0
            samples[site.name] = typical + (noise + moved)[..., None] if site.shape else typical * np.exp(noise)
        return samples

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

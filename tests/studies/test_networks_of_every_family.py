"""A network with one tanh layer fits every family: on data that the family made, around a curve that bends twice, it
predicts new rows better than its depth-1 twin.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, estimators, families, fit
from bayes_rglm.prediction import log_score

TRAIN, TEST, LEVELS, TRIALS = 150, 400, 3, 8.0
AUX = {"sigma": 0.3, "nu": 5.0, "concentration": 6.0, "alpha": 0.5, "cutpoints": np.array([-1.0, 1.0])}
CLOSER = {"beta": {"concentration": 30.0}}
SWING = {"bernoulli": 4.0, "signed_bernoulli": 2.0, "ordinal": 3.0}  # one row says little there
MAP = estimators.MAP(starts=2, steps=600)
NUTS = estimators.NUTS(draws=100, warmup=200, chains=2)


def simulated(family, seed=0) -> Design:
    """Training rows first: y given two columns, the first of which matters and bends."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (TRAIN + TEST, 2))
    eta = 0.5 + SWING.get(family.name, 1.5) * np.sin(2.0 * X[:, 0])
    rows = {"trials": np.full(len(X), TRIALS)} if "trials" in family.rows else {}
    if family.outputs == "levels":
        eta = np.column_stack([np.zeros(len(X)), 2.0 * eta, 3.0 * np.cos(2.0 * X[:, 0])])
    aux = {p.name: CLOSER.get(family.name, AUX).get(p.name, AUX[p.name]) for p in family.auxiliaries}
    with jax.enable_x64(True):
        drawn = family.distribution(family.links[0], jnp.asarray(eta), **aux, **rows).sample(jax.random.key(seed))
        return Design.from_arrays(X, np.asarray(drawn, float), **rows)


def gain(family, estimator) -> np.ndarray:
    """Log score of the network less that of its depth-1 twin, row by row of the held-out rows."""
    whole = simulated(family)
    train, test = whole.take(np.arange(TRAIN)), whole.take(np.arange(TRAIN, whole.n))
    scores = [log_score(fit(RGLM(family.name, hidden=h), train, estimator, seed=1), test) for h in ((6,), ())]
    return scores[0] - scores[1]


QUICK = ("ordinal", "gamma")  # two compilations each: the others take a minute and a half together


def every_family(quick=()):
    marks = {name: () if name in quick else (pytest.mark.slow,) for name in families.names()}
    cases = [pytest.param(f, id=f.name, marks=marks[f.name]) for f in families.registry]
    return pytest.mark.parametrize("family", cases)


@every_family(QUICK)
def test_map(family):
    difference = gain(family, MAP)
    assert difference.mean() > 2.0 * difference.std() / np.sqrt(TEST)


@every_family()
def test_nuts(family):
    difference = gain(family, NUTS)
    assert difference.mean() > 2.0 * difference.std() / np.sqrt(TEST)

"""A flat intercept: refused where the responses let it run off, whatever the slopes are, and accepted where they do
not.
"""

import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, fit
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators._improper import refuse_improper
from bayes_rglm.priors import Flat

N = 12
X = np.random.default_rng(0).normal(size=(N, 2))
ONE, HALF, CODES = np.ones(N), np.arange(N) % 2.0, np.arange(N) % 3.0
FREE = {"intercept": Flat()}


def problem(family, y, link=None, columns=2, prior=FREE, coding=None, **rows):
    model = RGLM(family, link, prior=prior, coding=coding)
    return Problem(model, Design.from_arrays(X[:, :columns], y, **rows))


@pytest.mark.parametrize("estimator", ["svi", "nuts"])
def test_a_response_of_one_value_is_refused_before_anything_runs(estimator):
    with pytest.raises(EstimatorError, match="intercept run off to infinity and its prior is flat"):
        fit(problem("bernoulli", ONE), estimator=estimator)


RUNS_OFF = {
    "zeros": ("bernoulli", 0 * ONE, {"link": "cloglog"}),
    "no columns": ("bernoulli", ONE, {"columns": 0}),
    "signs": ("signed_bernoulli", -ONE, {}),
    "all successes": ("binomial", 5 * ONE, {"trials": 5 * ONE}),
    "no counts": ("poisson", 0 * ONE, {}),
    "no counts of one response": ("poisson", np.column_stack([HALF, 0 * ONE]), {}),
    "all at the bound": ("tobit", 0 * ONE, {}),
    "all censored": ("gaussian", CODES, {"upper": CODES}),
    "a level without rows": ("categorical", 2 * HALF, {"coding": "reference"}),
}
HELD = {
    "both values": ("bernoulli", HALF, {}),
    "separated along a proper slope": ("bernoulli", (X[:, 0] > 0) * 1.0, {}),
    "both values, no columns": ("bernoulli", HALF, {"columns": 0}),
    "mixed trials": ("binomial", np.where(HALF > 0, 5.0, 4.0), {"trials": 5 * ONE}),
    "one count": ("poisson", np.arange(N) == 3.0, {}),
    "a link that ends at 0": ("poisson", 0 * ONE, {"link": "sqrt"}),
    "one above the bound": ("tobit", np.arange(N) == 3.0, {}),
    "censored on both sides": ("gaussian", CODES, {"upper": np.where(HALF > 0, CODES, 9), "lower": CODES - HALF}),
    "every level": ("categorical", CODES, {"coding": "reference"}),
    "a location": ("gaussian", CODES, {}),
}


@pytest.mark.parametrize("case", RUNS_OFF)
def test_an_intercept_that_runs_off_is_refused(case):
    family, y, options = RUNS_OFF[case]
    with pytest.raises(EstimatorError, match="intercept run off"):
        refuse_improper(problem(family, y, **options))


@pytest.mark.parametrize("case", HELD)
def test_an_intercept_that_the_responses_hold_is_accepted(case):
    family, y, options = HELD[case]
    refuse_improper(problem(family, np.asarray(y, float), **options))


@pytest.mark.parametrize("prior", [FREE, {"beta": Flat()}], ids=["intercept", "slopes"])
def test_symmetric_levels_need_a_proper_prior(prior):
    with pytest.raises(EstimatorError, match=r"all levels changes nothing[\s\S]*coding=\"reference\""):
        refuse_improper(problem("categorical", CODES, prior=prior))

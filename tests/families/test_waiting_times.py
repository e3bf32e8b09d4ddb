"""Waiting times of which an interval is known: scores, variances between bounds, first shapes."""

import jax
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, families, glm, links


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def test_the_first_shape_of_equal_times_is_steep_and_no_more():
    problem = Problem(RGLM("weibull"), Design.from_arrays(np.arange(5.0)[:, None], np.full(5, 2.0)))
    assert glm.start(problem, "concentration") == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("power", "eta", "low", "width"), [(8.0, -1.0, 1.0, 0.01), (40.0, 0.0, 0.9, 0.2), (3.0, 1.0, 1e-3, 1e-9)]
)
def test_the_score_of_an_interval_of_times_is_exact(power, eta, low, width):
    high = low + width
    with mp.workdps(60):
        hazards = [(mp.mpf(end) * mp.exp(-mp.mpf(eta))) ** power for end in (low, high)]
        exact = power * (hazards[0] - (hazards[1] - hazards[0]) / mp.expm1(hazards[1] - hazards[0]))
    family, bounds = families.get("weibull"), {"lower": np.array([low]), "upper": np.array([high])}
    score = family.score(family.links[0], np.array([np.nan]), np.array([eta]), power, **bounds)
    np.testing.assert_allclose(score, [float(exact)], rtol=1e-11)


def test_the_variance_of_clipped_times_is_exact_in_the_tails():
    cases = [
        (3.0, 5.0, 6.0),
        (3.0, 0.0, 0.01),
        (0.3, 0.0, np.inf),
        (100.0, 0.9, 1.01),
        (3.0, 0.8, 0.8000001),
        (8.0, 1.2, np.inf),
    ]
    power, low, high = np.array(cases).T
    family = families.get("weibull")
    law = family.distribution(family.links[0], np.zeros(len(cases)), concentration=power, lower=low, upper=high)
    with mp.workdps(40):
        exact = [float(_clipped_variance(*map(mp.mpf, case))) for case in cases]
    np.testing.assert_allclose(law.variance, exact, rtol=1e-11)


def _clipped_variance(power, low, high):
    """From the moments about the lower end, in the hazard."""

    def moment(order):
        places = [p for p in (0, 0.01, 0.1, 1, 5, 20, 60, 200, 800) if p < last] + [min(last, 2000)]
        inner = mp.quad(lambda v: mp.exp(-v) * ((first + v) ** (1 / power) - low) ** order, places)
        return mp.exp(-first) * (inner + (mp.exp(-last) * (high - low) ** order if mp.isfinite(high) else 0))

    first = low**power
    last = high**power - first if mp.isfinite(high) else mp.inf
    return moment(2) - moment(1) ** 2


def test_single_precision_has_a_variance_below_every_time():
    with jax.enable_x64(False):
        upper = np.array([0.01, 0.1, 1.0], np.float32)
        law = families.get("weibull").distribution(links.log, np.zeros(3, np.float32), concentration=25.0, upper=upper)
        variance = np.asarray(law.variance)
    assert np.isfinite(variance).all()
    assert (variance[:2] < 1e-20).all()
    assert variance[2] > 1e-4

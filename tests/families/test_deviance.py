"""Unit deviances where the mean has rounded to an end of its range."""

import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, families, glm, links

COMPLEMENT = {
    "cloglog": lambda eta: mp.exp(-mp.exp(eta)),
    "probit": lambda eta: mp.ncdf(-eta),
    "logit": lambda eta: 1 / (1 + mp.exp(eta)),
    "tanh": lambda eta: 1 / (1 + mp.exp(2 * eta)),
}
FAR = {"cloglog": 3.7, "probit": 8.5, "logit": 38.0, "tanh": 19.0}


@pytest.mark.parametrize(
    ("name", "link"),
    [(name, link) for name in ("bernoulli", "binomial") for link in ("cloglog", "probit", "logit")]
    + [("signed_bernoulli", "tanh")],
)
def test_a_failure_under_a_mean_that_rounds_to_one_has_its_deviance(name, link):
    family, eta = families.get(name), FAR[link]
    known = {"trials": np.array([1.0])} if name == "binomial" else {}
    failure = -1.0 if name == "signed_bernoulli" else 0.0
    assert float(links.get(link).inverse(np.float64(eta))) == 1.0
    with mp.workdps(40):
        exact = float(-2 * mp.log(COMPLEMENT[link](mp.mpf(eta))))
    found = family.deviance_at(links.get(link), np.array([failure]), np.array([eta]), **known)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_mixed_row_of_trials_and_a_share_too():
    link, eta = links.cloglog, np.array([3.7])

    def density(mean, complement):
        return (
            (5 * mean - 1) * mp.log(y)
            + (5 * complement - 1) * mp.log(1 - y)
            - mp.log(mp.beta(5 * mean, 5 * complement))
        )

    with mp.workdps(40):
        y, rest = mp.mpf(0.3), mp.exp(-mp.exp(mp.mpf(3.7)))
        trials = float(2 * (mp.log(mp.mpf("0.75") ** 3 / 4) - mp.log((1 - rest) ** 3 * rest)))
        best = mp.findroot(lambda m: mp.diff(lambda t: density(t, 1 - t), m), 0.3)
        share = float(2 * (density(best, 1 - best) - density(1 - rest, rest)))
    found = families.get("binomial").deviance_at(link, np.array([3.0]), eta, trials=np.array([4.0]))
    np.testing.assert_allclose(found, trials, rtol=1e-12)
    found = families.get("beta").deviance_at(link, np.array([0.3]), eta, concentration=5.0)
    np.testing.assert_allclose(found, share, rtol=1e-9)


@pytest.mark.parametrize("name", ["bernoulli", "signed_bernoulli", "binomial", "beta", "poisson"])
def test_at_ordinary_means_it_is_the_unit_deviance(name):
    family, rng = families.get(name), np.random.default_rng(3)
    eta, trials = 0.5 * rng.normal(size=50), rng.integers(0, 9, 50).astype(float)
    up = rng.integers(0, 2, 50).astype(float)
    y = {"binomial": np.minimum(trials, 3.0), "beta": rng.uniform(size=50), "signed_bernoulli": 2.0 * up - 1.0}.get(
        name, up
    )
    known = {"binomial": {"trials": trials}, "beta": {"concentration": 3.0}}.get(name, {})
    for link in family.links:
        at = np.abs(eta) if link.restricted else eta
        plain = family.unit_deviance(y, link.inverse(at), **known)
        np.testing.assert_allclose(family.deviance_at(link, y, at, **known), plain, rtol=1e-9, atol=1e-9)


def test_the_deviance_of_a_fit_is_finite_there():
    y = np.array([0.0, 1.0, 0.0, 1.0])
    problem = Problem(RGLM("bernoulli", "cloglog"), Design.from_arrays(np.arange(4.0)[:, None], y))
    assert glm.deviance(problem, np.full(4, 3.7)) == pytest.approx(4 * np.exp(3.7), rel=1e-12)

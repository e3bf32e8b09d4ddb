"""Data of known truth, 2000 rows, and the fit that has found it: no estimator, so nothing to compile."""

import numpy as np
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, families

ROWS = 2000


def _ordered(link, eta, cutpoints):
    below = link.inverse(np.asarray(cutpoints) - eta[:, None])
    return (np.random.default_rng(5).uniform(size=len(eta))[:, None] > below).sum(1)


def _negative_binomial(mean, r):
    return stats.nbinom(r, r / (r + mean))


# The laws that SciPy knows, from the linear predictor: nothing of the library but the inverse link.
LAWS = {
    "gaussian": lambda f, eta, sigma: stats.norm(f.inverse(eta), sigma),
    "tobit": lambda f, eta, sigma: stats.norm(f.inverse(eta), sigma),
    "student_t": lambda f, eta, sigma, nu: stats.t(nu, f.inverse(eta), sigma),
    "bernoulli": lambda f, eta: stats.binom(1, f.inverse(eta)),
    "signed_bernoulli": lambda f, eta: stats.binom(1, 0.5 + 0.5 * f.inverse(eta)),
    "binomial": lambda f, eta, trials: stats.binom(trials.astype(int), f.inverse(eta)),
    "poisson": lambda f, eta: stats.poisson(f.inverse(eta)),
    "negative_binomial": lambda f, eta, concentration: _negative_binomial(f.inverse(eta), concentration),
    "negative_binomial_1": lambda f, eta, alpha: _negative_binomial(f.inverse(eta), f.inverse(eta) / alpha),
    "gamma": lambda f, eta, concentration: stats.gamma(concentration, scale=f.inverse(eta) / concentration),
    "inverse_gaussian": lambda f, eta, concentration: stats.invgauss(
        f.inverse(eta) / concentration, scale=concentration
    ),
    "exponential": lambda f, eta: stats.expon(scale=f.inverse(eta)),
    "weibull": lambda f, eta, concentration: stats.weibull_min(concentration, scale=f.inverse(eta)),
    "beta": lambda f, eta, concentration: stats.beta(
        concentration * f.inverse(eta), concentration * (1 - f.inverse(eta))
    ),
    "ordinal": _ordered,
}


class Truth:
    """Rows simulated by SciPy, and fits with given parameters."""

    def __init__(self, family, link=None, *, seed=0, n=ROWS, slope=0.8, **aux):
        record = families.get(family)
        self.family, self.aux = record, aux
        self.link = record.link(link)
        x = np.random.default_rng(seed).uniform(-1.0, 1.0, n)
        self.X, self.beta = x[:, None], slope
        # a centre that suits restricted links, and keeps counts and shares away from their ends
        self.centre = 1.5 if self.link.restricted else 0.3
        self.eta = self.centre + slope * x
        self.besides = {"trials": np.arange(n) % 7 + 1.0} if "trials" in record.rows else {}
        law = LAWS[record.name](self.link, self.eta, **aux, **self.besides)
        self.law = law
        self.y = np.asarray(law if record.name == "ordinal" else law.rvs(random_state=seed + 1), float)
        if record.name == "tobit":
            self.y = np.maximum(self.y, 0.0)
        if record.name == "signed_bernoulli":
            self.y = 2.0 * self.y - 1.0

    def fit(self, family=None, y=None, link=None, draws=None, log_weights=None, aux=None, **rows) -> Fit:
        """A fit of `family` (the true one) with the true parameters, or with `draws` of (centre, slope)."""
        record = self.family if family is None else families.get(family)
        link = self.link if family is None else record.link(link)
        design = Design.from_arrays(self.X, self.y if y is None else y, **self.besides, **rows)
        problem = Problem(RGLM(record, link.name), design)
        centre, slope = ([self.centre], [self.beta]) if draws is None else draws
        count = len(centre)
        samples = {"beta": np.reshape(np.array(slope, float), (1, count, 1))}
        if record.intercept:
            samples["intercept"] = np.array([centre], float)
        for name, value in (self.aux if aux is None else aux).items():
            value = np.asarray(value, float)
            if name == "cutpoints":
                value = value - self.centre  # the model has no intercept
            samples[name] = np.broadcast_to(value, (1, count, *value.shape)).copy()
        weights = None if log_weights is None else np.array([log_weights], float)
        kind = "point" if count == 1 else "mcmc"
        return Fit(problem, Draws(samples, kind, log_weights=weights), "truth")


@pytest.fixture(scope="session")
def truth():
    """`truth(family, link, **auxiliary values)`, made once each."""
    made = {}

    def of(family, link=None, **options):
        key = (family, link, repr(sorted(options.items())))
        if key not in made:
            made[key] = Truth(family, link, **options)
        return made[key]

    return of

"""A binary response with the probit link: a normal variable, of which only the sign is seen.

    eta = x beta + intercept        mu = Phi(eta)        y ~ Bernoulli(mu)        Phi: the normal distribution function

    beta_j    ~ Normal(0, 0.9 / sd_j)                             sd_j: standard deviation of column j
    intercept ~ Normal(Phi^-1(share of y) - mean_x . beta, 0.9)

Data: Spector and Mazzeo (1980), whether 32 students of economics improved their grade under a new method of teaching
(PSI), given their grade point average and a test score; the table comes from the web site of Greene's Econometric
Analysis. Eleven of them improved: with so few, the predictions of maximum likelihood are too sure of themselves.
Shipped by statsmodels, `statsmodels.datasets.spector`. Licence: used there with express permission of the author, who
retains all rights; this file loads the table and holds no copy of it.
"""

import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("bernoulli", link="probit")


def model(X, y=None):
    """Probit regression by hand: X (n, p) in raw units without a constant column, y (n,) of 0 and 1, or None."""
    probit_y = -0.38941429785214443  # Phi^-1(11.5 / 33): 11 of 32 improved, and half a row is added to each side
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, 0.9 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(probit_y - mean_x @ beta, 0.9))
    eta = X @ beta + intercept
    log_odds = log_ndtr(eta) - log_ndtr(-eta)  # log mu - log(1 - mu); mu itself would be rounded to 1
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=log_odds), obs=y)


def data():
    """Formula and frame of the grades, 32 students. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import spector
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on grades") from error
    return "GRADE ~ GPA + TUCE + PSI", spector.load_pandas().data


def simulate(seed, n):
    """Known truth: X (n, 3), y (n,) of 0 and 1, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.7, -0.5, 0.3]), "intercept": np.float64(-0.3)}
    X = rng.normal(size=(n, 3))
    hidden = rng.normal(X @ truth["beta"] + truth["intercept"])
    return X, (hidden > 0).astype(float), truth


REFERENCE = {
    "method": "maximum likelihood",
    "source": "Stata 11, probit, as kept in the tests of statsmodels (class Spector)",
    "sites": {"beta": [1.62581025407, 0.051728948442, 1.42633236818], "intercept": -7.45232041607},
    "standard_errors": {"beta": [0.693882522754, 0.083890261293, 0.595037920474], "intercept": 2.54247249731},
    "log_likelihood": -12.8188033249334,
}

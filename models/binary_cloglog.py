"""A binary response with the complementary log-log link: whether a Poisson count is more than zero.

    eta = x beta + intercept        mu = 1 - exp(-exp(eta))        y ~ Bernoulli(mu)

    beta_j    ~ Normal(0, 1.1 / sd_j)                                    sd_j: standard deviation of column j
    intercept ~ Normal(log(-log(1 - share of y)) - mean_x . beta, 1.1)

If visits are Poisson with mean exp(eta), mu is the chance of at least one: the slopes are those of a Poisson regression
with log link, read from less.

Data: the RAND Health Insurance Experiment. y = 1 if a person saw a doctor in a year; x are the terms of the insurance
and the person's health. Every tenth row of 20190: people were followed for at most five years, so that hardly anyone
appears twice. Forty rows train eight coefficients, and maximum likelihood fits the forty more closely than it foretells
the rest.
Shipped by statsmodels, `statsmodels.datasets.randhie`. Licence: public domain.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("bernoulli", link="cloglog")


def model(X, y=None):
    """Cloglog regression by hand: X (n, p) in raw units without a constant column, y (n,) of 0 and 1, or None."""
    cloglog_y = 0.20003982508700952  # log(-log(595.5 / 2020)): 595 of 2019 saw none, half a row is added to each side
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, 1.1 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(cloglog_y - mean_x @ beta, 1.1))
    rate = jnp.exp(X @ beta + intercept)
    log_odds = jnp.log(-jnp.expm1(-rate)) + rate  # log mu - log(1 - mu); mu itself would be rounded to 1
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=log_odds), obs=y)


def data():
    """Formula and frame of the doctor's visits, 2019 rows. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import randhie
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on doctor's visits") from error
    frame = randhie.load_pandas().data.iloc[::10].reset_index(drop=True)
    frame["visited"] = (frame.pop("mdvis") > 0).astype(int)
    frame.attrs["train_rows"] = 40
    return "visited ~ lncoins + idp + lpi + fmde + physlm + disea + hlthg", frame


def simulate(seed, n):
    """Known truth: X (n, 3), y (n,) of 0 and 1, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.8, -0.6, 0.3]), "intercept": np.float64(-0.4)}
    X = rng.normal(size=(n, 3))
    count = rng.poisson(np.exp(X @ truth["beta"] + truth["intercept"]))
    return X, (count > 0).astype(float), truth


# Published analyses of these data model the number of visits, so there is no outside answer to hold the model to.
REFERENCE = {}

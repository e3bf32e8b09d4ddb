"""A binary response with the log-log link: whether the largest of many values stays below a bound.

    eta = x beta + intercept        mu = exp(-exp(-eta)), the Gumbel distribution function        y ~ Bernoulli(mu)

    beta_j    ~ Normal(0, 1.1 / sd_j)                                 sd_j: standard deviation of column j
    intercept ~ Normal(-log(-log(share of y)) - mean_x . beta, 1.1)

The largest of many values is nearly Gumbel. If it lies at -eta, mu is the chance that it stays below zero. This is the
complementary log-log link of 1 - y, with the signs of the coefficients turned.

Data: sea surface temperature off Peru by month (the region Nino 1+2, ERSST.V3B), 1950 to 2010. y = 1 if no month of a
year reaches 26.5 degrees Celsius; x are the twelve months of the year before. Sixty years, thirteen coefficients, and
neighbouring months that say nearly the same: forty years train, and maximum likelihood fits them more closely than it
foretells the other twenty.
Shipped by statsmodels, `statsmodels.datasets.elnino`. Licence: public domain.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("bernoulli", link="loglog")


def model(X, y=None):
    """Loglog regression by hand: X (n, p) in raw units without a constant column, y (n,) of 0 and 1, or None."""
    loglog_y = 0.83339089675713651  # -log(-log(39.5 / 61)): 39 of 60 stay below, and half a row is added to each side
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, 1.1 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(loglog_y - mean_x @ beta, 1.1))
    rate = jnp.exp(-(X @ beta + intercept))
    log_odds = -rate - jnp.log(-jnp.expm1(-rate))  # log mu - log(1 - mu); 1 - mu itself would be rounded to 1
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=log_odds), obs=y)


def data():
    """Formula and frame of the sea's temperatures, sixty years. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import elnino
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on El Nino") from error
    years = elnino.load_pandas().data.set_index("YEAR")
    frame = years.shift(1).iloc[1:]
    formula = "cool ~ " + " + ".join(frame.columns)
    frame["cool"] = (years.iloc[1:].max(axis=1) < 26.5).astype(int)
    frame.attrs["train_rows"] = 40
    return formula, frame


def simulate(seed, n):
    """Known truth: X (n, 3), y (n,) of 0 and 1, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.8, -0.6, 0.3]), "intercept": np.float64(0.4)}
    X = rng.normal(size=(n, 3))
    largest = rng.gumbel(-(X @ truth["beta"] + truth["intercept"]))
    return X, (largest < 0).astype(float), truth


# The question put to these temperatures is ours, so there is no outside answer to hold the model to.
REFERENCE = {}

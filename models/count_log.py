"""A count with the log link: Poisson regression.

    eta = x beta + intercept        mu = exp(eta)        y ~ Poisson(mu)

    beta_j    ~ Normal(0, 1 / sd_j)                        sd_j: standard deviation of column j
    intercept ~ Normal(log(mean of y) - mean_x . beta, 1)

Data: executions in seventeen states of the United States in 1997, on income, poverty, the share of black citizens, the
rate of violent crime, region and education (Gill, 2001). Seventeen rows, seven coefficients, and half of the executions
in one row, Texas: whether that row trains or tests decides the scores, so read them with it in mind.
Shipped by statsmodels, `statsmodels.datasets.cpunish`. Licence: used there with express permission of the author, Jeff
Gill, who retains all rights; this file loads the table and holds no copy of it.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("poisson", link="log")


def model(X, y=None):
    """Poisson regression by hand: X (n, p) in raw units without a constant column, y (n,) counts or None."""
    log_y = 1.4775857813292979  # log(74.5 / 17): 74 executions in 17 states, and half a count is added
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, 1 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(log_y - mean_x @ beta, 1))
    mu = jnp.exp(X @ beta + intercept)
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Poisson(mu), obs=y)


def data():
    """Formula and frame of the executions, seventeen states. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import cpunish
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on executions") from error
    return "EXECUTIONS ~ INCOME + PERPOVERTY + PERBLACK + log(VC100k96) + SOUTH + DEGREE", cpunish.load_pandas().data


def simulate(seed, n):
    """Known truth: X (n, 3), y (n,) counts, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.6, -0.4, 0.3]), "intercept": np.float64(1.2)}
    X = rng.normal(size=(n, 3))
    y = rng.poisson(np.exp(X @ truth["beta"] + truth["intercept"])).astype(float)
    return X, y, truth


# Printed digits of R's glm, in the order of the formula.
REFERENCE = {
    "method": "maximum likelihood",
    "source": "R, glm(family = poisson), as kept in the tests of statsmodels (class Cpunish)",
    "sites": {
        "beta": [0.0002611017, 0.07781801, -0.09493111, 0.2969349, 2.301183, -18.72207],
        "intercept": -6.80148,
    },
    "standard_errors": {
        "beta": [5.187132e-05, 0.07940193, 0.02291926, 0.4375164, 0.4283826, 4.283961],
        "intercept": 4.14685,
    },
    "log_likelihood": -31.92732869,
}

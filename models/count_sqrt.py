"""A count with the square-root link: Poisson regression whose noise is about the same everywhere on the link's scale.

    eta = x beta + intercept        mu = eta^2, eta > 0        y ~ Poisson(mu)

    eta_y = sqrt(mean of y)
    beta_j    ~ Normal(0, eta_y / 2 / sd_j)                      sd_j: standard deviation of column j
    intercept ~ Normal(eta_y - mean_x . beta, eta_y / 2)

There is no mean where eta <= 0: a set of coefficients that puts one row there has density zero.

Data: executions in seventeen states of the United States in 1997 (Gill, 2001), rows and columns of `count_log`, so that
the scores of the two links may be compared. The half of all executions that lie in one row, Texas, pulls less here than
under the logarithm. Seventeen rows, seven coefficients: read the scores with that in mind.
Shipped by statsmodels, `statsmodels.datasets.cpunish`. Licence: used there with express permission of the author, Jeff
Gill, who retains all rights; this file loads the table and holds no copy of it.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("poisson", link="sqrt")


def model(X, y=None):
    """Poisson regression by hand: X (n, p) in raw units without a constant column, y (n,) counts or None."""
    eta_y = 2.0934070175616761  # sqrt(74.5 / 17): 74 executions in 17 states, and half a count is added
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, eta_y / 2 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(eta_y - mean_x @ beta, eta_y / 2))
    eta = X @ beta + intercept
    mu = jnp.where(eta > 0, eta**2, jnp.nan)  # NumPyro's samplers refuse NaN
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
    """Known truth: X (n, 2), y (n,) counts, and the sites that made y; eta lies between 1.4 and 4.6."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.6, -1.0]), "intercept": np.float64(3.0)}
    X = rng.uniform(-1, 1, size=(n, 2))
    y = rng.poisson((X @ truth["beta"] + truth["intercept"]) ** 2).astype(float)
    return X, y, truth


# Published analyses of these data use the logarithm, so there is no outside answer to hold this link to.
REFERENCE = {}

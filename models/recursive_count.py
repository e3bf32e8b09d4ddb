"""A count behind one hidden layer: a neural network with five sigmoid units.

    h_0 = x        h_1 = 1 / (1 + exp(-(h_0 beta_1 + intercept_1))), five hidden units
    eta = h_1 beta + intercept        mu = exp(eta)        y ~ Poisson(mu)

    beta_1_jk     ~ Normal(0, 2 / (sd_j sqrt(p)))        sd_j: standard deviation of column j, p columns
    intercept_1_k ~ Normal(-mean_x . beta_1_k, 1)
    beta_k        ~ Normal(0, g / sqrt(5))               g = 1 / sqrt(E sigmoid(Z)^2), Z ~ Normal(0, 1)
    intercept     ~ Normal(log(mean of y), 1)

Data: the RAND Health Insurance Experiment. y is how often a person saw a doctor in a year; x are the logarithm of the
share of the cost that the insurance left to the person, and the number of chronic diseases. Every tenth row of 20190:
people were followed for at most five years, so that hardly anyone appears twice. A hundred rows train, and maximum
likelihood builds hills on single people. Visits spread more widely than Poisson counts do, so all intervals are too
narrow; the contrast lies in the rest.
Shipped by statsmodels, `statsmodels.datasets.randhie`. Licence: public domain.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.nn import sigmoid

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("poisson", link="log", hidden=(5,), activation="sigmoid")


def model(X, y=None):
    """The network by hand: X (n, p) in raw units without a constant column, y (n,) counts or None."""
    log_y = 1.0724347537529659  # log(5900.5 / 2019): 5900 visits in 2019 rows, and half a visit is added
    g = 1.8462285453386054  # 1 / sqrt(0.29337...), the mean square of sigmoid(Z)
    p, mean_x, sd_x = X.shape[1], X.mean(axis=0), X.std(axis=0)

    beta_1 = numpyro.sample("beta_1", dist.Normal(jnp.zeros((p, 5)), 2 / (sd_x[:, None] * p**0.5)))
    intercept_1 = numpyro.sample("intercept_1", dist.Normal(-mean_x @ beta_1, 1))
    beta = numpyro.sample("beta", dist.Normal(jnp.zeros(5), g / 5**0.5))
    intercept = numpyro.sample("intercept", dist.Normal(log_y, 1))
    h_1 = sigmoid(X @ beta_1 + intercept_1)
    mu = jnp.exp(h_1 @ beta + intercept)
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Poisson(mu), obs=y)


def data():
    """Formula and frame of the doctor's visits, 2019 rows. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import randhie
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on doctor's visits") from error
    frame = randhie.load_pandas().data.iloc[::10].reset_index(drop=True)
    frame.attrs["train_rows"] = 100
    return "mdvis ~ lncoins + disea", frame


def simulate(seed, n):
    """Known truth: X (n, 2), y (n,) counts, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {
        "beta_1": np.array([[2.5, 2.5, 0.5, 0.2, -0.2], [0.5, 0.5, -1.0, 0.3, 1.0]]),
        "intercept_1": np.array([1.5, -1.5, 0.2, -0.5, 0.0]),
        "beta": np.array([1.4, -1.4, 0.4, 0.3, 0.5]),
        "intercept": np.float64(0.8),
    }
    X = rng.normal(size=(n, 2))
    h_1 = 1 / (1 + np.exp(-(X @ truth["beta_1"] + truth["intercept_1"])))
    y = rng.poisson(np.exp(h_1 @ truth["beta"] + truth["intercept"])).astype(float)
    return X, y, truth


# The weights of a network are not identified (units can be swapped), so there is no published answer to hold them to.
REFERENCE = {}

"""A real response behind two hidden layers: a neural network of four and four tanh units.

    h_0 = x        h_1 = tanh(h_0 beta_1 + intercept_1)        h_2 = tanh(h_1 beta_2 + intercept_2)
    eta = h_2 beta + intercept        mu = eta        y ~ Normal(mu, sigma)

    beta_1_jk     ~ Normal(0, 2 / (sd_j sqrt(p)))        sd_j: standard deviation of column j, p columns
    intercept_1_k ~ Normal(-mean_x . beta_1_k, 1)
    beta_2_jk     ~ Normal(0, g / sqrt(4))               g = 1 / sqrt(E tanh(Z)^2), Z ~ Normal(0, 1)
    intercept_2_k ~ Normal(0, 1)
    beta_k        ~ Normal(0, sd_y g / sqrt(4))
    intercept     ~ Normal(mean_y, sd_y)
    sigma         ~ HalfNormal(sd_y)

Data: the yearly volume of the Nile at Aswan, 1871 to 1970 (Cobb, 1978), on the year alone. It falls by a quarter about
1898 and stays there, which no straight line can say. Fifty years train 34 weights and sigma, and maximum likelihood
draws a curve through the noise.
Shipped by statsmodels, `statsmodels.datasets.nile`. Licence: public domain.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("gaussian", hidden=(4, 4), activation="tanh")


def model(X, y=None):
    """The network by hand: X (n, p) in raw units without a constant column, y (n,) or None."""
    mean_y = 919.35000000000002  # mean of volume
    sd_y = 168.3792371404503  # its standard deviation, divisor n
    g = 1.5925374197228314  # 1 / sqrt(0.39429...), the mean square of tanh(Z)
    p, mean_x, sd_x = X.shape[1], X.mean(axis=0), X.std(axis=0)

    beta_1 = numpyro.sample("beta_1", dist.Normal(jnp.zeros((p, 4)), 2 / (sd_x[:, None] * p**0.5)))
    intercept_1 = numpyro.sample("intercept_1", dist.Normal(-mean_x @ beta_1, 1))
    beta_2 = numpyro.sample("beta_2", dist.Normal(jnp.zeros((4, 4)), g / 2))
    intercept_2 = numpyro.sample("intercept_2", dist.Normal(jnp.zeros(4), 1))
    beta = numpyro.sample("beta", dist.Normal(jnp.zeros(4), sd_y * g / 2))
    intercept = numpyro.sample("intercept", dist.Normal(mean_y, sd_y))
    sigma = numpyro.sample("sigma", dist.HalfNormal(sd_y))
    h_1 = jnp.tanh(X @ beta_1 + intercept_1)
    h_2 = jnp.tanh(h_1 @ beta_2 + intercept_2)
    mu = h_2 @ beta + intercept
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Normal(mu, sigma), obs=y)


def data():
    """Formula and frame of the Nile, a hundred years. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import nile
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on the Nile") from error
    frame = nile.load_pandas().data
    frame.attrs["train_rows"] = 50
    return "volume ~ year", frame


def simulate(seed, n):
    """Known truth: X (n, 1), y (n,), and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {
        "beta_1": np.array([[2.0, -1.5, 1.0, 0.5]]),
        "intercept_1": np.array([0.5, 1.0, -0.5, 0.0]),
        "beta_2": np.array(
            [[1.2, 0.3, -0.5, 0.4], [-0.4, 0.9, 0.2, -0.8], [0.3, -0.6, 0.8, 0.1], [0.0, 0.5, -0.3, 0.6]]
        ),
        "intercept_2": np.array([0.2, -0.4, 0.3, 0.0]),
        "beta": np.array([1.0, -0.8, 0.5, 0.4]),
        "intercept": np.float64(0.3),
        "sigma": np.float64(0.4),
    }
    X = rng.normal(size=(n, 1))
    h_1 = np.tanh(X @ truth["beta_1"] + truth["intercept_1"])
    h_2 = np.tanh(h_1 @ truth["beta_2"] + truth["intercept_2"])
    y = rng.normal(h_2 @ truth["beta"] + truth["intercept"], truth["sigma"])
    return X, y, truth


# The weights of a network are not identified (units can be swapped), so there is no published answer to hold them to.
REFERENCE = {}

"""A real response with the identity link: linear regression.

    eta = x beta + intercept        mu = eta        y ~ Normal(mu, sigma)

    beta_j    ~ Normal(0, sd_y / sd_j)                   sd_j: standard deviation of column j
    intercept ~ Normal(mean_y - mean_x . beta, sd_y)     the response at the mean of the columns
    sigma     ~ HalfNormal(sd_y)

Data: Longley (1967), total employment in the United States, 1947 to 1962, on six economic series that rise together.
Sixteen rows, seven coefficients, correlations up to 0.995: least squares fits closely and can hardly tell the
coefficients apart.
Shipped by statsmodels, `statsmodels.datasets.longley`. Licence: public domain.
"""

import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("gaussian")


def model(X, y=None):
    """Linear regression by hand: X (n, p) in raw units without a constant column, y (n,) or None."""
    mean_y = 65317.0  # mean of TOTEMP
    sd_y = 3400.4487387696349  # its standard deviation, divisor n
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, sd_y / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(mean_y - mean_x @ beta, sd_y))
    sigma = numpyro.sample("sigma", dist.HalfNormal(sd_y))
    mu = X @ beta + intercept
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Normal(mu, sigma), obs=y)


def data():
    """Formula and frame of the Longley data, sixteen years. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import longley
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The Longley data") from error
    return "TOTEMP ~ GNPDEFL + GNP + UNEMP + ARMED + POP + YEAR", longley.load_pandas().data


def simulate(seed, n):
    """Known truth in the units of the data: X (n, 2), y (n,), and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([200.0, -1.5]), "intercept": np.float64(50000.0), "sigma": np.float64(700.0)}
    X = rng.normal([100.0, 3000.0], [10.0, 900.0], size=(n, 2))
    y = rng.normal(X @ truth["beta"] + truth["intercept"], truth["sigma"])
    return X, y, truth


# Certified by NIST, whose residual sum of squares gives the sigma of greatest likelihood, sqrt(RSS / n).
REFERENCE = {
    "method": "maximum likelihood",
    "source": "NIST Statistical Reference Datasets, Longley, certified values; log-likelihood from R",
    "sites": {
        "beta": [
            15.0618722713733,
            -0.358191792925910e-01,
            -2.02022980381683,
            -1.03322686717359,
            -0.511041056535807e-01,
            1829.15146461355,
        ],
        "intercept": -3482258.63459582,
        "sigma": (836424.055505915 / 16) ** 0.5,
    },
    "standard_errors": {
        "beta": [
            84.9149257747669,
            0.334910077722432e-01,
            0.488399681651699,
            0.214274163161675,
            0.226073200069370,
            455.478499142212,
        ],
        "intercept": 890420.383607373,
    },
    "log_likelihood": -109.6174348,
}

"""A response with many zeros: the tobit, a real value of which the negative half is seen as zero.

    eta = x beta + intercept        y = max(0, eta + sigma z), z ~ Normal(0, 1)

    beta_j    ~ Normal(0, sd_y / sd_j)                   sd_j: standard deviation of column j
    intercept ~ Normal(mean_y - mean_x . beta, sd_y)
    sigma     ~ HalfNormal(sd_y)

The noise is inside the maximum, so that max(0, eta) is not the mean of y; a zero has probability Phi(-eta / sigma).

Data: time spent in extramarital affairs by 6366 women who answered a magazine (Fair, 1978), on marriage, age, religion,
education and occupation. Two thirds of the rows are zero. Fair used the tobit, and so do textbooks since; the tail of
the rest is longer than normal, and a few rows decide the scores. Sixty rows train, of which about twenty are not zero:
maximum likelihood fits them too closely.
Shipped by statsmodels, `statsmodels.datasets.fair`. Licence: included there with permission of the author, Ray Fair;
this file loads the table and holds no copy of it.
"""

import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("tobit", link="relu")


def model(X, y=None):
    """Tobit regression by hand: X (n, p) in raw units without a constant column, y (n,) from 0 on, or None."""
    mean_y = 0.70537388807728552  # mean of affairs
    sd_y = 2.2032006801178499  # its standard deviation, divisor n
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, sd_y / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(mean_y - mean_x @ beta, sd_y))
    sigma = numpyro.sample("sigma", dist.HalfNormal(sd_y))
    latent = dist.Normal(X @ beta + intercept, sigma)
    with numpyro.plate("obs", X.shape[0]):
        # Without y this draws the latent values, of which the negative ones would be seen as 0.
        numpyro.sample("y", latent if y is None else dist.LeftCensoredDistribution(latent, censored=y == 0), obs=y)


def data():
    """Formula and frame of Fair's data, 6366 women. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import fair
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "Fair's data") from error
    frame = fair.load_pandas().data
    frame.attrs["train_rows"] = 60
    columns = frame.columns.drop("affairs")
    return "affairs ~ " + " + ".join(columns), frame


def simulate(seed, n):
    """Known truth: X (n, 2), y (n,) from 0 on, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.9, -0.6]), "intercept": np.float64(0.3), "sigma": np.float64(0.8)}
    X = rng.normal(size=(n, 2))
    y = np.maximum(0.0, rng.normal(X @ truth["beta"] + truth["intercept"], truth["sigma"]))
    return X, y, truth


# Textbooks print the tobit of another survey of Fair's, of 601 people, so there is no outside answer for these rows.
REFERENCE = {}

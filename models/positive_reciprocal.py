"""A positive response of constant relative spread with the reciprocal link: gamma regression.

    eta = x beta + intercept        mu = 1 / eta, eta > 0        y ~ Gamma(concentration, rate = concentration / mu)

    eta_y = 1 / (mean of y)
    beta_j        ~ Normal(0, eta_y / 2 / sd_j)                   sd_j: standard deviation of column j
    intercept     ~ Normal(eta_y - mean_x . beta, eta_y / 2)
    concentration ~ InverseGamma(1/2, 1/2)                        the relative spread 1 / sqrt(.) is half-normal

There is no mean where eta <= 0: a set of coefficients that puts one row there has density zero.

Data: the share of voters, in percent, that said yes in 1997 to powers of taxation for the Scottish parliament, by
council district (Gill, 2001). Thirty-two rows, eight coefficients, one of them an interaction with its two parents:
maximum likelihood fits a part of the noise.
Shipped by statsmodels, `statsmodels.datasets.scotland`. Licence: used there with express permission of the author, Jeff
Gill, who retains all rights; this file loads the table and holds no copy of it.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("gamma", link="reciprocal")


def model(X, y=None):
    """Gamma regression by hand: X (n, p) in raw units without a constant column, y (n,) positive or None."""
    eta_y = 0.016275876099893189  # 1 / 61.440625, the mean of YES
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, eta_y / 2 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(eta_y - mean_x @ beta, eta_y / 2))
    concentration = numpyro.sample("concentration", dist.InverseGamma(0.5, 0.5))
    eta = X @ beta + intercept
    mu = jnp.where(eta > 0, 1 / eta, jnp.nan)  # NumPyro's samplers refuse NaN
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Gamma(concentration, concentration / mu), obs=y)


def data():
    """Formula and frame of the referendum, 32 districts. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import scotland
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on the Scottish vote") from error
    return "YES ~ COUTAX + UNEMPF + MOR + ACT + GDP + AGE + COUTAX_FEMALEUNEMP", scotland.load_pandas().data


def simulate(seed, n):
    """Known truth: X (n, 2), y (n,) positive, and the sites that made y; eta lies between 0.2 and 1.8."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.3, -0.5]), "intercept": np.float64(1.0), "concentration": np.float64(4.0)}
    X = rng.uniform(-1, 1, size=(n, 2))
    mu = 1 / (X @ truth["beta"] + truth["intercept"])
    y = rng.gamma(truth["concentration"], mu / truth["concentration"])
    return X, y, truth


# R prints the coefficients and the deviance D. The concentration of greatest likelihood follows: it solves
# log(concentration) - digamma(concentration) = D / 64; the log-likelihood is that of these numbers.
REFERENCE = {
    "method": "maximum likelihood",
    "source": "R, glm(family = Gamma), as kept in the tests of statsmodels (class Scotvote); D = 0.087388516417",
    "sites": {
        "beta": [
            4.961768e-05,
            2.034423e-03,
            -7.181429e-05,
            1.118520e-04,
            -1.467515e-07,
            -5.186831e-04,
            -2.42717498e-06,
        ],
        "intercept": -1.776527e-02,
        "concentration": 366.34742676196414,
    },
    "log_likelihood": -82.47352132192071,
}

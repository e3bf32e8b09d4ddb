"""A binary response coded -1 and +1 with the tanh link: logistic regression on another scale.

    eta = x beta + intercept        E y = tanh(eta)        (y + 1) / 2 ~ Bernoulli(1 / (1 + exp(-2 eta)))

    beta_j    ~ Normal(0, 0.75 / sd_j)                           sd_j: standard deviation of column j
    intercept ~ Normal(artanh(mean of y) - mean_x . beta, 0.75)

The coefficients are half of those of logistic regression, and so are the prior's standard deviations.

Data: how 210 travellers went between Sydney, Canberra and Melbourne (Greene and Hensher, 1997). y = +1 by car, -1 by
air, train or bus; x are the waiting times, the costs and the times of the four ways, income and the size of the party.
Travellers were sampled by the way they chose, cars less often than they drive. Sixty rows train on thirteen columns,
some of which say nearly the same: maximum likelihood is sure of itself, and wrong, about some of the rest.
Shipped by statsmodels, `statsmodels.datasets.modechoice`. Licence: public domain.
"""

import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("signed_bernoulli", link="tanh")


def model(X, y=None):
    """Tanh regression by hand: X (n, p) in raw units without a constant column, y (n,) of -1 and +1, or None."""
    artanh_y = -0.46730465619891987  # artanh(-92 / 211): 59 of 210 drive, and half a row is added to each side
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, 0.75 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(artanh_y - mean_x @ beta, 0.75))
    eta = X @ beta + intercept
    success = None if y is None else (y + 1) / 2  # NumPyro counts 0 and 1
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=2 * eta), obs=success)


def data():
    """Formula and frame of the journeys, 210 travellers. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import modechoice
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on travellers") from error
    table = modechoice.load_pandas().data
    table["mode"] = table["mode"].map({1: "air", 2: "train", 3: "bus", 4: "car"})
    wide = table.pivot(index="individual", columns="mode", values=["ttme", "invc", "invt"])
    frame = wide.set_axis([f"{what}_{way}" for what, way in wide.columns], axis=1).drop(columns="ttme_car")
    cars = table[table["mode"] == "car"].set_index("individual")
    frame = frame.join(cars[["hinc", "psize"]])
    formula = "car ~ " + " + ".join(frame.columns)
    frame["car"] = 2 * cars["choice"] - 1
    frame.attrs["train_rows"] = 60
    return formula, frame


def simulate(seed, n):
    """Known truth: X (n, 3), y (n,) of -1 and +1, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([0.6, -0.4, 0.25]), "intercept": np.float64(-0.25)}
    X = rng.normal(size=(n, 3))
    mean = np.tanh(X @ truth["beta"] + truth["intercept"])
    return X, 2.0 * rng.binomial(1, (1 + mean) / 2) - 1, truth


# Published analyses of these data compare all four ways at once, so there is no outside answer for this question.
REFERENCE = {}

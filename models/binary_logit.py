"""A binary response with the logit link: logistic regression.

    eta = x beta + intercept        mu = 1 / (1 + exp(-eta))        y ~ Bernoulli(mu)

    beta_j    ~ Normal(0, 1.5 / sd_j)                          sd_j: standard deviation of column j
    intercept ~ Normal(logit(share of y) - mean_x . beta, 1.5)

Data: Wisconsin breast cancer (Wolberg, Street and Mangasarian, 1995). 569 biopsies; y = 1 is malignant; x are the ten
"mean" features of the cell nuclei, of which radius, perimeter and area say nearly the same. Sixty rows train and the
rest test: sixty rows can often be separated, and then maximum likelihood has no finite answer.
Shipped by scikit-learn, `sklearn.datasets.load_breast_cancer`. Source: UCI Machine Learning Repository,
doi 10.24432/C5DW2B. Licence: CC BY 4.0.
"""

import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("bernoulli", link="logit")


def model(X, y=None):
    """Logistic regression by hand: X (n, p) in raw units without a constant column, y (n,) of 0 and 1, or None."""
    logit_y = -0.52019337376959085  # log(212.5 / 357.5): 212 of 569 are malignant, and half a row is added to each side
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(0, 1.5 / sd_x))
    intercept = numpyro.sample("intercept", dist.Normal(logit_y - mean_x @ beta, 1.5))
    eta = X @ beta + intercept
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=eta), obs=y)


def data():
    """Formula and frame of the breast cancer data, 569 rows. Raises `MissingExtra` without scikit-learn."""
    try:
        from sklearn.datasets import load_breast_cancer
    except ImportError as error:
        raise missing_extra("scikit-learn", "demo", "The breast cancer data") from error
    cancer = load_breast_cancer(as_frame=True)
    frame = cancer.data.iloc[:, :10].rename(columns=lambda name: name.replace(" ", "_"))
    formula = "malignant ~ " + " + ".join(frame.columns)
    frame["malignant"] = 1 - cancer.target  # as shipped, 0 is malignant
    frame.attrs["train_rows"] = 60
    return formula, frame


def simulate(seed, n):
    """Known truth: X (n, 3), y (n,) of 0 and 1, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([1.2, -0.8, 0.5]), "intercept": np.float64(-0.5)}
    X = rng.normal(size=(n, 3))
    eta = X @ truth["beta"] + truth["intercept"]
    y = rng.binomial(1, 1 / (1 + np.exp(-eta))).astype(float)
    return X, y, truth


# Nobody has published the coefficients of these ten columns, so there is no outside answer to hold the model to.
REFERENCE = {}

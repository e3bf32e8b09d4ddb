"""A binary response behind one hidden layer: a neural network with six tanh units.

    h_0 = x        h_1 = tanh(h_0 beta_1 + intercept_1), six hidden units
    eta = h_1 beta + intercept        mu = 1 / (1 + exp(-eta))        y ~ Bernoulli(mu)

    beta_1_jk     ~ Normal(0, 2 / (sd_j sqrt(p)))        sd_j: standard deviation of column j, p columns
    intercept_1_k ~ Normal(-mean_x . beta_1_k, 1)
    beta_k        ~ Normal(0, 1.5 g / sqrt(6))           g = 1 / sqrt(E tanh(Z)^2), Z ~ Normal(0, 1)
    intercept     ~ Normal(logit(share of y), 1.5)

Data: Fisher's irises (1936). y = 1 is versicolor, x are length and width of the petals in cm. Versicolor lies between
setosa and virginica, so that no straight line cuts it off and logistic regression fails. Sixty flowers train and ninety
test: maximum likelihood separates the sixty and is sure of itself, and wrong, about some of the ninety.
Shipped by scikit-learn, `sklearn.datasets.load_iris`, which has corrected two rows of its source, the UCI Machine
Learning Repository, doi 10.24432/C56C76. Licence: CC BY 4.0.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("bernoulli", link="logit", hidden=(6,), activation="tanh")


def model(X, y=None):
    """The network by hand: X (n, p) in raw units without a constant column, y (n,) of 0 and 1, or None."""
    logit_y = -0.68818439121781616  # log(50.5 / 100.5): 50 of 150 are versicolor, and half a row is added to each side
    g = 1.5925374197228314  # 1 / sqrt(0.39429...), the mean square of tanh(Z)
    p = X.shape[1]
    mean_x, sd_x = X.mean(axis=0), X.std(axis=0)

    beta_1 = numpyro.sample("beta_1", dist.Normal(jnp.zeros((p, 6)), 2 / (sd_x[:, None] * p**0.5)))
    intercept_1 = numpyro.sample("intercept_1", dist.Normal(-mean_x @ beta_1, 1))
    beta = numpyro.sample("beta", dist.Normal(jnp.zeros(6), 1.5 * g / 6**0.5))
    intercept = numpyro.sample("intercept", dist.Normal(logit_y, 1.5))
    h_1 = jnp.tanh(X @ beta_1 + intercept_1)
    eta = h_1 @ beta + intercept
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=eta), obs=y)


def data():
    """Formula and frame of the irises, 150 flowers. Raises `MissingExtra` without scikit-learn."""
    try:
        from sklearn.datasets import load_iris
    except ImportError as error:
        raise missing_extra("scikit-learn", "demo", "The iris data") from error
    iris = load_iris(as_frame=True)
    frame = iris.data.iloc[:, 2:].set_axis(["petal_length", "petal_width"], axis=1)
    frame["versicolor"] = (iris.target == 1).astype(int)
    frame.attrs["train_rows"] = 60
    return "versicolor ~ petal_length + petal_width", frame


def simulate(seed, n):
    """Known truth: X (n, 2), y (n,) of 0 and 1, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {
        "beta_1": np.array([[1.5, 1.5, -0.5, 0.3, 0.0, 0.8], [1.0, 1.0, 0.9, -0.6, 0.4, -0.5]]),
        "intercept_1": np.array([1.5, -1.5, 0.0, 0.5, -0.3, 0.2]),
        "beta": np.array([1.8, -1.8, 0.3, 0.4, -0.2, 0.1]),
        "intercept": np.float64(-1.5),
    }
    X = rng.normal(size=(n, 2))
    h_1 = np.tanh(X @ truth["beta_1"] + truth["intercept_1"])
    eta = h_1 @ truth["beta"] + truth["intercept"]
    y = rng.binomial(1, 1 / (1 + np.exp(-eta))).astype(float)
    return X, y, truth


# The weights of a network are not identified (units can be swapped), so there is no published answer to hold them to.
REFERENCE = {}

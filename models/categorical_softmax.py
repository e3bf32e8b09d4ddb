"""A response of several unordered levels with the softmax link: multinomial logistic regression.

    eta_k = x beta_k + intercept_k, one for each level k        mu = softmax(eta)        y ~ Categorical(mu)

    beta_jk     ~ Normal(0, 1 / sd_j)                                 sd_j: standard deviation of column j
    intercept_k ~ Normal(centred log share of k - mean_x . beta_k, 1)

Every level has its own coefficients. Adding one number to all of a column's coefficients changes no probability: the
prior decides between them, and maximum likelihood does not know the difference.

Data: American National Election Study of 1996, 944 voters. y is party identification in seven levels, from strong
Democrat to strong Republican, their order ignored (`ordered_cumulative_logit` uses it); x are the logarithm of the
population of the voter's town, where voters see themselves between left and right, age, education and income. A hundred
rows train 42 coefficients, and maximum likelihood takes chance for structure.
Shipped by statsmodels, `statsmodels.datasets.anes96`. Licence: public domain.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("categorical", link="softmax")


def model(X, y=None):
    """Multinomial regression by hand: X (n, p) in raw units without a constant column, y (n,) codes 0 to 6 or None."""
    count = jnp.array([200, 180, 108, 37, 94, 150, 175])  # voters at each level, to which half a voter is added
    log_y = jnp.log(count + 0.5) - jnp.log(count + 0.5).mean()
    p, mean_x, sd_x = X.shape[1], X.mean(axis=0), X.std(axis=0)

    beta = numpyro.sample("beta", dist.Normal(jnp.zeros((p, 7)), 1 / sd_x[:, None]))
    intercept = numpyro.sample("intercept", dist.Normal(log_y - mean_x @ beta, 1))
    eta = X @ beta + intercept
    code = None if y is None else jnp.asarray(y, int)
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Categorical(logits=eta), obs=code)


def data():
    """Formula and frame of the election study, 944 voters. Raises `MissingExtra` without statsmodels."""
    try:
        from statsmodels.datasets import anes96
    except ImportError as error:
        raise missing_extra("statsmodels", "demo", "The data on voters") from error
    frame = anes96.load_pandas().data
    levels = ["strong D", "weak D", "independent D", "independent", "independent R", "weak R", "strong R"]
    frame["party"] = frame["PID"].map(dict(enumerate(levels))).astype("category").cat.set_categories(levels)
    frame.attrs["train_rows"] = 100
    return "party ~ logpopul + selfLR + age + educ + income", frame


def simulate(seed, n):
    """Known truth of three levels: X (n, 2), y (n,) codes 0 to 2, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([[0.8, -0.6, -0.2], [-0.5, 0.7, -0.2]]), "intercept": np.array([0.3, 0.1, -0.4])}
    X = rng.normal(size=(n, 2))
    # The largest of eta + Gumbel noise is a draw from softmax(eta).
    y = np.argmax(X @ truth["beta"] + truth["intercept"] + rng.gumbel(size=(n, 3)), axis=1)
    return X, y.astype(float), truth


# The first level is the base there, with coefficients 0: one of the many answers of this likelihood.
REFERENCE = {
    "method": "maximum likelihood",
    "source": "Stata 11, mlogit, checked against R's nnet, as kept in the tests of statsmodels (class Anes)",
    "sites": {
        "beta": [
            [0, -0.01153598, -0.08875065, -0.1059667, -0.0915567, -0.0932846, -0.14088069],
            [0, 0.29771435, 0.39166864, 0.57345051, 1.2787718, 1.3469616, 2.0700801],
            [0, -0.024945, -0.02289784, -0.01485121, -0.00868135, -0.01790407, -0.00943265],
            [0, 0.08249144, 0.18104276, -0.00715242, 0.19982796, 0.21693885, 0.3219257],
            [0, 0.00519655, 0.04787398, 0.05757516, 0.08449838, 0.08095841, 0.10889408],
        ],
        "intercept": [0, -0.37340167, -2.2509132, -3.6655835, -7.6138431, -7.0604782, -12.105751],
    },
    "log_likelihood": -1461.922747312,
}

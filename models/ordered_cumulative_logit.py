"""An ordered response with the cumulative logit link: proportional odds.

    eta = x beta        P(y <= k) = 1 / (1 + exp(-(c_k - eta)))        c_1 < c_2 < ... < c_6: cut-points

    beta_j ~ Normal(0, 1.5 / sd_j)                    sd_j: standard deviation of column j
    c      : the probabilities of the levels at the mean of x are Dirichlet(1, ..., 1)

One slope of each column serves all levels, and a larger eta makes higher levels likelier.

Data: American National Election Study of 1996, 944 voters. y is party identification in seven levels, from strong
Democrat to strong Republican; x are the logarithm of the population of the voter's town, where voters see themselves
between left and right, age, education and income. The rows, columns and split of `categorical_softmax`, which ignores
the order and pays for it with 42 coefficients where this model has eleven.
Shipped by statsmodels, `statsmodels.datasets.anes96`. Licence: public domain.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.nn import log_sigmoid

from bayes_rglm import RGLM
from bayes_rglm.errors import missing_extra

SPEC = RGLM("ordinal", link="logit")


class LevelsToCutpoints(dist.transforms.SimplexToOrderedTransform):
    """Level probabilities at eta = anchor_point to cut-points. NumPyro's Jacobian leaves the anchor out."""

    def log_abs_det_jacobian(self, x, y, intermediates=None):
        """As NumPyro's, of the cut-points less the anchor."""
        return super().log_abs_det_jacobian(x, y - self.anchor_point)


def model(X, y=None):
    """Ordinal regression by hand: X (n, p) in raw units without a constant column, y (n,) codes 0 to 6, or None."""
    beta = numpyro.sample("beta", dist.Normal(0, 1.5 / X.std(axis=0)))
    levels, to_cutpoints = dist.Dirichlet(jnp.ones(7)), LevelsToCutpoints(X.mean(axis=0) @ beta)
    cutpoints = numpyro.sample("cutpoints", dist.TransformedDistribution(levels, to_cutpoints))
    eta = (X @ beta)[:, None]
    above, below = jnp.append(cutpoints, jnp.inf) - eta, jnp.append(-jnp.inf, cutpoints) - eta
    # log of 1 / (1 + exp(-above)) - 1 / (1 + exp(-below)), as a product: the difference would be rounded to 0.
    log_mu = log_sigmoid(above) + log_sigmoid(-below) + jnp.log1p(-jnp.exp(below - above))
    code = None if y is None else jnp.asarray(y, int)
    with numpyro.plate("obs", X.shape[0]):
        numpyro.sample("y", dist.Categorical(logits=log_mu), obs=code)


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
    """Known truth of four levels: X (n, 2), y (n,) codes 0 to 3, and the sites that made y."""
    rng = np.random.default_rng(seed)
    truth = {"beta": np.array([1.0, -0.7]), "cutpoints": np.array([-1.2, 0.1, 1.3])}
    X = rng.normal(size=(n, 2))
    hidden = rng.logistic(X @ truth["beta"])
    y = (hidden[:, None] > truth["cutpoints"]).sum(axis=1)
    return X, y.astype(float), truth


# Published analyses of these data ignore the order of the levels, so there is no outside answer for these cut-points.
REFERENCE = {}

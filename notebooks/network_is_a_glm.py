# %% [markdown]
# # A neural network is a recursive GLM
#
# A generalised linear model maps a linear predictor through an inverse link to a mean:
#
#     eta = x B + a        mu = f(eta)        y ~ Family(mu)
#
# Feed that mean into the next linear predictor and the block is a hidden layer; `f` is what the other field calls
# an activation. This notebook builds a network by hand out of such blocks, and shows that the library's is the
# same.

# %%
import os

import jax
import numpy as np

import bayes_rglm as rglm
from bayes_rglm import estimators, links

FAST = os.environ.get("BAYES_RGLM_FAST") == "1"
rng = np.random.default_rng(1)

# %% [markdown]
# ## The activation is an inverse link
#
# The logistic regression's mean is the sigmoid unit, the log-linear model's the exponential one, tobit's
# censoring the rectifier. One vocabulary has both names.

# %%
for statistics, learning in [("logit", "sigmoid"), ("log", "exp"), ("identity", "linear")]:
    assert links.get(statistics) is links.get(learning)
    print(f"{statistics:>10} = {learning}: {links.get(statistics).formula}")

# %% [markdown]
# ## One hidden layer by hand
#
# Sixty rows of a curve. The network's sites are `beta_1`, `intercept_1` (a GLM with three outputs) and `beta`,
# `intercept` (a GLM on those outputs).

# %%
x = rng.uniform(-2.0, 2.0, (60, 1))
y = np.sin(2.0 * x[:, 0]) + 0.2 * rng.normal(size=60)
network = rglm.fit(rglm.RGLM("gaussian", hidden=(3,), activation="tanh"), (x, y), estimators.MAP(starts=2))
sites = {name: value[0, 0] for name, value in network.draws.samples.items()}
h = np.tanh(x @ sites["beta_1"] + sites["intercept_1"])
by_hand = h @ sites["beta"] + sites["intercept"]
difference = np.max(np.abs(by_hand - rglm.predict(network, kind="linear").values[0, 0]))
print("largest difference between the recursion by hand and predict:", difference)

# %% [markdown]
# ## The last layer is an ordinary GLM
#
# Given the hidden layer, the response layer is a Gaussian regression on the learned basis functions. Least
# squares on them can only fit the training rows better than the penalised weights do.

# %%
basis = rglm.predict(network, kind="hidden")["h_1"].values[0, 0]
ordinary = rglm.fit(rglm.RGLM("gaussian"), (basis, y), "ml")
rest = {
    "network": np.sum((y - by_hand) ** 2),
    "ordinary GLM on its basis functions": ordinary.draws.info["deviance"],
    "ordinary GLM on x": rglm.fit(rglm.RGLM("gaussian"), (x, y), "ml").draws.info["deviance"],
}
for name, value in rest.items():
    print(f"{name}: residual sum of squares {value:.3f}")

# %% [markdown]
# ## The recursion's base case
#
# `hidden=()` is the GLM itself: its maximum-likelihood answer is the classical one.

# %%
plain = rglm.fit(rglm.RGLM("gaussian"), (x, y), "ml")
A = np.column_stack([x, np.ones(len(x))])
classical = np.linalg.lstsq(A, y, rcond=None)[0]
print(plain.summary())

# %% [markdown]
# ## It is a NumPyro model
#
# `Problem.numpyro_model` is a plain function: any NumPyro tool takes it, and its log joint is that of the
# library.

# %%
from numpyro.infer.util import log_density

problem = network.problem
with jax.enable_x64(True):
    value, _ = log_density(problem.numpyro_model, (), problem.model_kwargs, sites)
    own = problem.log_joint(sites)
print("NumPyro's log joint:", float(value))

# %% [markdown]
# ## What this notebook claims, checked

# %%
assert difference < 1e-12
assert rest["ordinary GLM on its basis functions"] <= rest["network"] + 1e-9
assert rest["network"] < 0.5 * rest["ordinary GLM on x"]
np.testing.assert_allclose(plain.draws.samples["beta"][0, 0], classical[:1], rtol=1e-9)
np.testing.assert_allclose(float(value), float(own), rtol=1e-12)

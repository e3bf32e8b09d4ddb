# %% [markdown]
# # Reading the posterior of a network: weights against functions
#
# Hidden units can be renumbered, and a tanh unit can change the sign of its inputs and of its output at once: the
# function stays. So the posterior of the weights has many equal copies, and a table of weights says nothing. The
# function does.

# %%
import os

import numpy as np

import bayes_rglm as rglm
from bayes_rglm import RGLM, estimators
from bayes_rglm.prediction import log_score

FAST = os.environ.get("BAYES_RGLM_FAST") == "1"
rng = np.random.default_rng(4)
x = rng.uniform(-2.0, 2.0, (60, 1))
y = np.sin(2.0 * x[:, 0]) + 0.3 * rng.normal(size=60)
size = {"draws": 300, "warmup": 300, "chains": 4} if FAST else {"draws": 1000, "warmup": 1000, "chains": 4}
fit = rglm.fit(RGLM("gaussian", hidden=(4,)), (x, y), estimators.NUTS(**size))

# %% [markdown]
# The summary leaves the weights out, on purpose.

# %%
print(fit.summary().T)
print(rglm.diagnose(fit))

# %% [markdown]
# ## Weights and functions judged by the same diagnostics

# %%
import arviz as az

weights = float(az.rhat(fit.tree["posterior"].to_dataset()[["beta_1"]])["beta_1"].max())
functions = rglm.functions(fit)
function = float(az.rhat(functions["posterior"].to_dataset()[["eta"]])["eta"].max())
print(f"largest R-hat: weights {weights:.3f}, linear predictors {function:.3f}")

# %% [markdown]
# ## Renumbering changes nothing that can be seen
#
# We swap two units and flip the sign of a third in every draw: the weights are others, the predictions the same.

# %%
samples = {name: value.copy() for name, value in fit.draws.samples.items()}
order = [1, 0, 2, 3]
for name in ("beta_1", "intercept_1", "beta"):
    axis = 2 if name != "beta_1" else 3
    samples[name] = np.take(samples[name], order, axis=axis)
samples["beta_1"][..., 2] *= -1
samples["intercept_1"][..., 2] *= -1
samples["beta"][..., 2] *= -1
moved = rglm.Fit.from_draws(fit.problem, samples, label="renumbered")
largest = float(np.max(np.abs(rglm.predict(moved) - rglm.predict(fit)).values))
print("largest difference of predictions:", largest)

# %% [markdown]
# ## The learned basis functions of one draw
#
# `predict(kind="hidden")` gives the units' outputs; `rglm.plots.bases` draws them. They are those of one draw:
# units are numbered anew in the next.

# %%
hidden = rglm.predict(fit, kind="hidden")
print(hidden)

# %% [markdown]
# ## Gaussians in weight space
#
# A Laplace approximation of the weights is poor, and yet its predictions are fine: they use the tangent at the
# mode. Both are marked `predictive_only`.

# %%
laplace = rglm.fit(fit.problem, estimator=estimators.Laplace(starts=2, steps=800, draws=200))
new = rglm.Design.from_arrays(
    *(lambda v: (v, np.sin(2.0 * v[:, 0]) + 0.3 * rng.normal(size=500)))(rng.uniform(-2, 2, (500, 1)))
)
held_out = {"NUTS": -log_score(fit, new).mean(), "Laplace": -log_score(laplace, new).mean()}
print(laplace.status, {name: round(float(value), 3) for name, value in held_out.items()})

# %% [markdown]
# ## What this notebook claims, checked

# %%
assert function < weights, "functions agree between chains where weights need not"
assert function < 1.1
assert largest < 1e-10
assert "beta_1" not in " ".join(fit.summary().index)
assert laplace.status == "predictive_only"
assert abs(held_out["Laplace"] - held_out["NUTS"]) < 0.2

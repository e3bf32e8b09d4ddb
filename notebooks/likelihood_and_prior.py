# %% [markdown]
# # What maximum likelihood does, and what a prior does
#
# A network trained by maximum likelihood fits its forty training rows ever better as it grows, and what it says
# of new rows gets worse. The same network with a proper prior does neither. That is the claim; the last sections
# show where it fails: with many rows, and with a wrong prior.

# %%
import os

import numpy as np

import bayes_rglm as rglm
from bayes_rglm import RGLM, Design, estimators, priors
from bayes_rglm.prediction import log_score

FAST = os.environ.get("BAYES_RGLM_FAST") == "1"
WIDTHS = (2, 10) if FAST else (2, 5, 10, 20)
TABLES = 2 if FAST else 8


def table(n, seed):
    """Rows of y = sin(2 x) + 0.3 e."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2.0, 2.0, (n, 1))
    return x, np.sin(2.0 * x[:, 0]) + 0.3 * rng.normal(size=n)


new = Design.from_arrays(*table(1000, 99))
METHODS = {
    "ML": estimators.MaximumLikelihood(starts=2, steps=1500),
    "penalised": estimators.Penalised(starts=2, steps=500),
    "MAP": estimators.MAP(starts=2, steps=500),
    "Laplace": estimators.Laplace(starts=2, steps=500, draws=100),
    "NUTS": estimators.NUTS(draws=100, warmup=200, chains=2, max_tree_depth=6)
    if FAST
    else estimators.NUTS(draws=500, warmup=500, max_tree_depth=6),
}


def scores(method, model, n, seed):
    """Minus the mean log score of the training rows and of new ones: small is good."""
    fit = rglm.fit(model, table(n, seed), METHODS[method], seed=seed)
    return [-log_score(fit, rows).mean() for rows in (fit.design, new)]


# %% [markdown]
# ## Width
#
# Medians over a few tables of forty rows: a mean would be ruled by blow-ups.

# %%
width = {}
for units in WIDTHS:
    model = RGLM("gaussian", hidden=(units,))
    for method in METHODS:
        found = [scores(method, model, 40, seed) for seed in range(TABLES)]
        width[units, method] = np.median(found, axis=0)
        print(f"{units:3} units  {method:10}  train {width[units, method][0]:7.2f}  new {width[units, method][1]:7.2f}")

# %% [markdown]
# ## Where the claim fails: many rows
#
# With two thousand rows for some thirty weights there is nothing to hold back, and maximum likelihood is as good.

# %%
model = RGLM("gaussian", hidden=(8,))
many = {method: scores(method, model, 2000, 0)[1] for method in ("ML", "MAP")}
print({method: round(float(value), 3) for method, value in many.items()})

# %% [markdown]
# ## Where the claim fails: a wrong prior
#
# A prior that insists on tiny weights loses to no prior at all as rows come in; a prior whose scale is learned
# recovers.

# %%
x, y = table(400, 3)
features = np.column_stack([np.sin(k * x[:, 0]) for k in (1, 2, 3)])
later = table(1000, 98)
held_out = Design.from_arrays(np.column_stack([np.sin(k * later[0][:, 0]) for k in (1, 2, 3)]), later[1])
wrong, learned = priors.Normal(scale=0.01), priors.HierarchicalNormal(scale=1.0, scaled="term")
sampler = METHODS["NUTS"]
tight = {
    "ML": rglm.fit(RGLM("gaussian"), (features, y), "ml"),
    "NUTS, default prior": rglm.fit(RGLM("gaussian"), (features, y), sampler),
    "NUTS, wrong prior": rglm.fit(RGLM("gaussian", prior=wrong), (features, y), sampler),
    "NUTS, learned scale": rglm.fit(RGLM("gaussian", prior=learned), (features, y), sampler),
}
prior_scores = {name: -log_score(fit, held_out).mean() for name, fit in tight.items()}
for name, value in prior_scores.items():
    print(f"{name:22} new {value:6.3f}")

# %% [markdown]
# ## What this notebook claims, checked

# %%
wide = WIDTHS[-1]
train = [width[units, "ML"][0] for units in WIDTHS]
assert train[-1] < train[0], "maximum likelihood fits its own rows ever better"
assert width[wide, "ML"][1] > width[wide, "NUTS"][1] + 0.3, "and says less of new ones"
assert abs(width[wide, "NUTS"][1] - width[WIDTHS[0], "NUTS"][1]) < 0.3, "the posterior does not mind the width"
assert abs(many["ML"] - many["MAP"]) < 0.02, "with many rows there is nothing to choose"
assert prior_scores["NUTS, wrong prior"] > prior_scores["ML"] + 0.1, "a wrong prior loses to none"
assert abs(prior_scores["NUTS, learned scale"] - prior_scores["ML"]) < 0.05, "a learned scale recovers"

# %% [markdown]
# # Maximum likelihood beside a posterior, on one small table
#
# The Longley data: sixteen years, six collinear columns. With eleven years to learn from and seven coefficients,
# maximum likelihood remembers the training years; a prior that knows the scale of the columns holds it back.

# %%
import os

import bayes_rglm as rglm

FAST = os.environ.get("BAYES_RGLM_FAST") == "1"

model = rglm.gallery.model("real_identity")
formula, frame = rglm.gallery.data("real_identity")
print(formula)

# %% [markdown]
# The same model and the same rows for every method; five years are held out from all of them.

# %%
sampler = rglm.estimators.NUTS(draws=250, warmup=250, chains=2) if FAST else rglm.estimators.NUTS()
study = rglm.contrast(model, (formula, frame), {"ML": "ml", "MAP": "map", "NUTS": sampler}, seed=0, progress=False)
print(study)

# %% [markdown]
# The gap between training and held-out score is what was memorised.

# %%
table = study.comparison.table
print(table[["status", "log_score", "train_log_score", "gap"]])

# %% [markdown]
# ## What this notebook claims, checked
#
# Maximum likelihood fits the training years best and forgets most of it on the others.

# %%
assert table.loc["ML", "train_log_score"] >= table["train_log_score"].max() - 1e-9
assert table.loc["ML", "gap"] > table.loc["NUTS", "gap"]

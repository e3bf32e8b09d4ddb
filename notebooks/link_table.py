# %% [markdown]
# # The link table, row by row
#
# A link of regression turns a linear predictor into the mean of a response. A unit of a network turns a linear
# predictor into an input of the next layer. Both are the same short list of functions, and each row of the table below
# is read from left to right as a regression, from right to left as a hidden unit.

# %%
import os

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bayes_rglm as rglm
from bayes_rglm import links, plots

FAST = os.environ.get("BAYES_RGLM_FAST") == "1"

entries = [rglm.gallery.load(name) for name in rglm.gallery.names()]
rows = {entry.name: entry for entry in entries if not entry.spec.hidden}


def unit_of(link):
    """The hidden unit of a row: the inverse of its link, or the relative that stands for it."""
    plain = links.get(link.name)
    return plain if plain.hidden else links.get(plain.instead)


def formula_of(spec):
    """What the linear predictor means for the response."""
    if spec.family.name == "ordinal":
        return "P(y <= k) = 1 / (1 + exp(-(c_k - eta)))"
    return spec.link.formula


table = pd.DataFrame(
    {
        name: {
            "family": entry.spec.family.name,
            "response": formula_of(entry.spec),
            "unit": unit_of(entry.spec.link).name if entry.spec.family.name != "ordinal" else "-",
            "gain": round(unit_of(entry.spec.link).gain, 3) if entry.spec.family.name != "ordinal" else "-",
        }
        for name, entry in rows.items()
    }
).T
print(table.to_string())

# %% [markdown]
# ## Left to right: what the mean does with the linear predictor
#
# One panel each; the line is the mean of the response (for levels, the probability of the first of three). Under the
# square root and the reciprocal there is no mean at all where the linear predictor is not positive.


# %%
def mean(entry, eta):
    """The mean of one row of the response at the linear predictors `eta`."""
    link, family = entry.spec.link, entry.spec.family
    if family.outputs == "levels":
        return np.asarray(link.inverse(np.stack([eta, 0 * eta, 0 * eta], axis=-1)))[:, 0]
    if family.name == "ordinal":
        return np.asarray(link.inverse(-1.0 - eta))
    if family.name == "tobit":  # the noise is inside the maximum: the mean of y is not max(0, eta)
        return np.asarray(family.distribution(link, eta, sigma=np.ones_like(eta)).mean)
    low, high = link.predictor_domain
    inside = (eta > low) & (eta < high)
    return np.where(inside, link.inverse(np.where(inside, eta, 1.0)), np.nan)


eta = np.linspace(-3.0, 3.0, 241)
means = {name: mean(entry, eta) for name, entry in rows.items()}
unit = {name: unit_of(entry.spec.link) for name, entry in rows.items() if entry.spec.family.name != "ordinal"}
units = {name: np.asarray(own.inverse(eta)) for name, own in unit.items()}


def sheet(curves, titles):
    """A page of small panels, one for each row of the table."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    for k, (name, curve) in enumerate(curves.items(), 1):
        axis = figure.add_subplot(3, 4, k)
        axis.plot(eta, curve, color="#173f63")
        axis.axvline(0, color="#bbbbbb", lw=0.6)
        axis.set_xlim(eta[0], eta[-1])
        axis.set_ylim(max(-3.0, np.nanmin(curve)) - 0.1, min(8.0, np.nanmax(curve)) + 0.1)
        axis.set_title(titles[name], fontsize=9)
    return figure


shown = {"categorical_softmax": "P(first level)", "ordered_cumulative_logit": "P(first level)"}
responses = sheet(means, {name: f"{name}: {shown.get(name, 'mean of y')}" for name in rows})

# %% [markdown]
# ## Right to left: the same functions inside a network
#
# A layer of many units must neither fade nor blow up, whatever the unit. So the weights that read a layer are scaled by
# the gain of its unit, 1 / sqrt(E f(Z)^2) for a standard normal Z: a linear unit has gain 1, a sigmoid, which is never
# larger than one, has more. The raw reciprocal has a pole and no finite gain; 1 / softplus stands for it. An ordered
# response has cut-points of its own, and no unit belongs to it.

# %%
hidden = sheet(units, {name: f"{own.name}: gain {own.gain:.3f}" for name, own in unit.items()})

# %% [markdown]
# ## Each row at work
#
# The mode of each model on its real data, under the default priors.

# %%
fitted = ("real_identity", "binary_tanh", "count_sqrt", "sparse_relu") if FAST else tuple(rows)
fits = {name: rglm.fit(rows[name].spec, rows[name].data(), "map") for name in fitted}
for name, fit in fits.items():
    print(f"{name}: {fit.status}, {fit.problem.n} rows")
    print(fit.summary().head(8).to_string(), end="\n\n")

# %% [markdown]
# Coefficients per standard deviation of their column, and predictions against what happened, for one of them.

# %%
coefficients = plots.coefficients({"MAP": fits["count_sqrt"]})
predictions = plots.predictions({"MAP": fits["count_sqrt"]})

# %% [markdown]
# ## Two rows of the table are two more in disguise
#
# Tanh regression of -1 and +1 is logistic regression on half the scale. And a log-log regression of y is a
# complementary log-log regression of 1 - y with all signs turned.

# %%
formula, travellers = rglm.gallery.data("binary_tanh")
logistic = rglm.fit(rglm.RGLM("bernoulli"), (formula, travellers.assign(car=(travellers["car"] + 1) // 2)), "map")
half = fits["binary_tanh"].draws.samples["beta"][0, 0] / logistic.draws.samples["beta"][0, 0]
print("tanh / logit:", half.round(4))

X, y, _ = rows["binary_loglog"].simulate(0, 300)
largest = rglm.fit(rows["binary_loglog"].spec, (X, y), "ml")
smallest = rglm.fit(rows["binary_cloglog"].spec, (X, 1 - y), "ml")
print("loglog + cloglog of 1 - y:", largest.draws.samples["beta"][0, 0] + smallest.draws.samples["beta"][0, 0])

# %% [markdown]
# ## What this notebook claims, checked
#
# The links undo their inverses; the gains make the mean square one; every fit ended at a mode; the disguises hold.

# %%
points, weights = np.polynomial.hermite_e.hermegauss(150)
weights = weights / weights.sum()
for entry in rows.values():
    link = entry.spec.link
    if link.forward is not None and link.elementwise:
        inside = np.linspace(0.3, 2.0, 9)
        np.testing.assert_allclose(link.forward(link.inverse(inside)), inside, rtol=1e-9)
for own in unit.values():
    np.testing.assert_allclose(weights @ (own.gain * np.asarray(own.inverse(points))) ** 2, 1.0, rtol=2e-3)

assert all(np.isnan(means[name][eta <= 0]).all() for name in ("count_sqrt", "positive_reciprocal"))
assert np.nanmin(means["sparse_relu"] - np.maximum(0, eta)) > 0
assert {name: fit.status for name, fit in fits.items()} == dict.fromkeys(fits, "ok")
np.testing.assert_allclose(half, 0.5, rtol=1e-4)
np.testing.assert_allclose(largest.draws.samples["beta"], -smallest.draws.samples["beta"], rtol=1e-6)
for figure in (responses, hidden, coefficients, predictions):
    assert figure.axes

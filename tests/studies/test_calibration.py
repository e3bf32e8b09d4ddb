"""Simulation-based calibration of NUTS at depth 1, and three planted bugs that it must catch (Talts et al., 2018).

Parameters come from the prior, rows from the model; the rank of each true quantity among the thinned draws is then
uniform. Quantities that depend on the data (log likelihood, log joint, one linear predictor) catch what marginals
miss (Modrak et al., 2023). All p values of one run share a false-alarm rate of 1e-3 (Holm).
"""

import jax
import numpy as np
import pytest
from scipy import stats

import bayes_rglm as rglm
from bayes_rglm import RGLM, Design, Problem, estimators, evaluation
from bayes_rglm.priors import HalfNormal, Normal

pytestmark = pytest.mark.slow
FITS, KEPT, BINS = 256, 100, 20
NUTS = estimators.NUTS(draws=8 * KEPT, warmup=300, chains=1)
PRIORS = {"default": Normal(scale=0.7), "intercept": Normal(scale=0.7)}
FAMILIES = {
    "gaussian": PRIORS | {"sigma": HalfNormal(scale=1.0)},
    "bernoulli": PRIORS,
    "poisson": PRIORS,
}


@pytest.fixture(scope="module")
def problems():
    """One problem per family: 30 rows, two correlated columns."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(30, 2)) @ [[1.0, 0.5], [0.0, 0.9]]
    y = {"gaussian": rng.normal(size=30), "bernoulli": np.arange(30) % 2.0, "poisson": np.arange(30) % 3.0}
    return {name: Problem(RGLM(name, prior=FAMILIES[name]), Design.from_arrays(X, y[name])) for name in FAMILIES}


def quantities(problem, samples) -> dict[str, np.ndarray]:
    """{name: (draw,)} of sites, their squared norm, log likelihood, log joint and one linear predictor."""
    likelihood = evaluation.log_likelihood(problem, samples)[0].sum(-1)
    prior = sum(np.asarray(v)[0] for v in evaluation.log_prior(problem, samples).values())
    found = {"beta[0]": samples["beta"][0, :, 0], "beta[1]": samples["beta"][0, :, 1]}
    found |= {name: samples[name][0] for name in samples if name != "beta"}
    found["squared norm"] = (samples["beta"][0] ** 2).sum(-1)
    found["eta[0]"] = evaluation.linear_predictors(problem, samples)[0, :, 0]
    return found | {"log likelihood": likelihood, "log joint": likelihood + prior}


def one(problem, seed: int):
    """(the problem of simulated rows, true sites as one draw, thinned posterior draws)."""
    truth = rglm.fit(problem, estimator=estimators.Prior(draws=4, chains=1), seed=seed).draws.samples
    truth = {name: value[:, :1] for name, value in truth.items()}
    with jax.enable_x64(True):
        y = np.asarray(evaluation.outcomes(problem, truth, jax.random.key(seed + 10**6)), float)[0, 0]
    simulated = problem.with_parts(data=problem.data | {"y": y}, design=None)
    draws = rglm.fit(simulated, estimator=NUTS, seed=seed).draws.samples
    return simulated, truth, {name: value[:, ::8] for name, value in draws.items()}


@pytest.fixture(scope="module")
def runs(problems):
    """A function from a family to its 256 simulations, made once."""
    made = {}

    def of(name):
        if name not in made:
            made[name] = [one(problems[name], seed) for seed in range(FITS)]
        return made[name]

    return of


def p_values(simulations, weigh=None, seed: int = 0) -> dict[str, float]:
    """Chi-squared p values of uniform ranks; `weigh(problem, samples)` gives log weights that distort the draws."""
    rng = np.random.default_rng(seed)
    ranks: dict[str, list[float]] = {}
    for problem, truth, draws in simulations:
        if weigh is not None:
            weights = np.exp(weigh(problem, draws))
            chosen = rng.choice(KEPT, size=KEPT, p=weights / weights.sum())
            draws = {name: value[:, chosen] for name, value in draws.items()}
        true, seen = quantities(problem, truth), quantities(problem, draws)
        for name, value in true.items():
            below, ties = np.sum(seen[name] < value[0]), np.sum(seen[name] == value[0])
            ranks.setdefault(name, []).append((below + rng.uniform() * (ties + 1)) / (KEPT + 1))
    counts = {name: np.histogram(values, BINS, (0, 1))[0] for name, values in ranks.items()}
    return {name: float(stats.chisquare(count).pvalue) for name, count in counts.items()}


def alarm(found: dict[str, float]) -> bool:
    """Whether Holm's procedure rejects any at 1e-3: the smallest against 1e-3 over their number."""
    return min(found.values()) < 1e-3 / len(found)


@pytest.mark.parametrize("name", FAMILIES)
def test_ranks_are_uniform(runs, name):
    found = p_values(runs(name))
    assert not alarm(found), found


def test_a_prior_that_is_too_wide_is_caught(runs):
    """The posterior under a prior of 1.3 times the scale."""

    def wider(problem, draws):
        weights = np.concatenate([draws["beta"][0], draws["intercept"][0][:, None]], axis=1)
        return (0.5 * weights**2 / 0.7**2 * (1 - 1 / 1.3**2)).sum(-1)

    assert any(alarm(p_values(runs(name), wider)) for name in FAMILIES)


def test_a_forgotten_jacobian_is_caught(runs):
    """Without the Jacobian of sigma = exp(z) the density of sigma is divided by sigma."""
    assert alarm(p_values(runs("gaussian"), lambda problem, draws: -np.log(draws["sigma"][0])))


def test_an_ignored_response_is_caught(problems, runs):
    """Draws of the prior instead of the posterior: marginals are uniform, the log likelihood is not."""
    found = {}
    for name in FAMILIES:
        prior = rglm.fit(problems[name], estimator=estimators.Prior(draws=KEPT, chains=1), seed=1).draws.samples
        found[name] = p_values([(problem, truth, prior) for problem, truth, _ in runs(name)])
    assert all(alarm(values) for values in found.values()), found

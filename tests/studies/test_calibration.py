"""Simulation-based calibration of NUTS at depth 1, and three planted bugs that it must catch (Talts et al., 2018).

Parameters come from the prior, rows from the model; the rank of each true quantity among the thinned draws is then
uniform. Quantities that depend on the data (log likelihood, log joint, one linear predictor) catch what marginals
miss (Modrak et al., 2023). All p values of one study share a false-alarm rate of 1e-3 (Bonferroni's bound on the
smallest, which is Holm's first step); an alarm is rerun with new seeds and four times the simulations, and the rerun
decides. The rows are few, so that a wrong prior or Jacobian shows in the posterior.
"""

import jax
import numpy as np
import pytest
from scipy import stats

import bayes_rglm as rglm
from bayes_rglm import RGLM, Design, Problem, estimators, evaluation
from bayes_rglm.priors import HalfNormal, Normal

pytestmark = pytest.mark.slow
FITS, KEPT, BINS = 256, 100, 10
ROWS = {"gaussian": 6, "bernoulli": 10, "poisson": 6}
NUTS = estimators.NUTS(draws=8 * KEPT, warmup=300, chains=1)


def problem_of(name: str, scale: float = 0.7) -> Problem:
    """A problem with an intercept, three correlated columns and priors of one scale."""
    rows = ROWS[name]
    X = np.random.default_rng(11).normal(size=(rows, 3)) @ [[1.0, 0.5, 0.2], [0.0, 0.9, 0.3], [0.0, 0.0, 0.9]]
    prior = {"default": Normal(scale=scale), "intercept": Normal(scale=scale)}
    prior |= {"sigma": HalfNormal(scale=1.0)} if name == "gaussian" else {}
    return Problem(RGLM(name, prior=prior), Design.from_arrays(X, np.arange(rows) % 2.0))


@pytest.fixture(scope="module")
def problems():
    return {name: problem_of(name) for name in ROWS}


def quantities(problem, samples) -> dict[str, np.ndarray]:
    """{name: (draw,)} of sites, the squared norm of the weights, log likelihood, log joint, one linear predictor."""
    likelihood = evaluation.log_likelihood(problem, samples)[0].sum(-1)
    prior = sum(np.asarray(v)[0] for v in evaluation.log_prior(problem, samples).values())
    found = {f"beta[{j}]": samples["beta"][0, :, j] for j in range(3)}
    found |= {name: samples[name][0] for name in samples if name != "beta"}
    found["squared norm"] = (samples["beta"][0] ** 2).sum(-1) + samples["intercept"][0] ** 2
    found["eta[0]"] = evaluation.linear_predictors(problem, samples)[0, :, 0]
    return found | {"log likelihood": likelihood, "log joint": likelihood + prior}


def posterior(problem, seed: int):
    draws = rglm.fit(problem, estimator=NUTS, seed=seed).draws.samples
    return {name: value[:, ::8] for name, value in draws.items()}


def simulated(problem, seed: int):
    """(true sites as one draw, the problem with rows drawn there)."""
    truth = rglm.fit(problem, estimator=estimators.Prior(draws=4, chains=1), seed=seed).draws.samples
    truth = {name: value[:, :1] for name, value in truth.items()}
    with jax.enable_x64(True):
        y = np.asarray(evaluation.outcomes(problem, truth, jax.random.key(seed + 10**6)), float)[0, 0]
    return truth, problem.with_parts(data=problem.data | {"y": y}, design=None)


def simulations(problem, seeds):
    """[(problem of simulated rows, truth, thinned posterior draws)], one per seed."""
    pairs = [simulated(problem, seed) for seed in seeds]
    return [(rows, truth, posterior(rows, seed)) for seed, (truth, rows) in zip(seeds, pairs, strict=True)]


@pytest.fixture(scope="module")
def runs(problems):
    return {name: simulations(problem, range(FITS)) for name, problem in problems.items()}


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


def together(runs, **options) -> dict[str, float]:
    """The p values of all families and quantities."""
    return {f"{family}: {name}": p for family in runs for name, p in p_values(runs[family], **options).items()}


def alarm(found: dict[str, float]) -> bool:
    return min(found.values()) < 1e-3 / len(found)


def test_ranks_are_uniform(problems, runs):
    found = together(runs)
    if alarm(found):
        seeds = range(10 * FITS, 14 * FITS)
        found = together({name: simulations(problem, seeds) for name, problem in problems.items()})
    assert not alarm(found), found


def test_a_prior_that_is_too_wide_is_caught(runs):
    """Rows come from priors of scale 0.7, the fits believe 1.3 times as much."""
    wrong = {
        name: [
            (rows, truth, posterior(wide.with_parts(data=rows.data, design=None), seed))
            for seed, (rows, truth, _) in enumerate(runs[name])
        ]
        for name, wide in ((name, problem_of(name, 1.3 * 0.7)) for name in ROWS)
    }
    assert alarm(together(wrong))


def test_a_forgotten_jacobian_is_caught(runs):
    """Without the Jacobian of sigma = exp(z) the density of sigma is divided by sigma."""
    assert alarm(p_values(runs["gaussian"], lambda problem, draws: -np.log(draws["sigma"][0])))


def test_an_ignored_response_is_caught(problems, runs):
    """Draws of the prior instead of the posterior: marginals are uniform, what depends on the data is not."""
    found = {}
    for name in ROWS:
        prior = rglm.fit(problems[name], estimator=estimators.Prior(draws=KEPT, chains=1), seed=1).draws.samples
        found[name] = p_values([(problem, truth, prior) for problem, truth, _ in runs[name]])
    assert all(alarm(values) for values in found.values()), found

"""Status labels of chains and summaries: what is said of draws that agree, disagree, wander or stand still."""

import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Fit, Problem, diagnose, gates
from bayes_rglm.estimators import _draws

CHAINS, DRAWS = 4, 500


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    return Problem(RGLM("poisson"), Design.from_arrays(rng.normal(size=(12, 1)), rng.poisson(2.0, 12)))


def chains(kind, chains=CHAINS, draws=DRAWS, seed=1):
    """Draws of one slope and the intercept, (chains, draws, ...): good ones, and four ways to be bad."""
    rng = np.random.default_rng(seed)
    noise = 0.1 * rng.normal(size=(chains, draws, 2))
    step = np.arange(draws)[:, None] / draws
    match kind:
        case "apart":
            noise = noise + 2.0 * np.arange(chains)[:, None, None]
        case "drifting":
            noise = noise + 2.0 * step
        case "sticky":
            for t in range(1, draws):
                noise[:, t] = 0.8 * noise[:, t - 1] + 0.6 * noise[:, t]
        case "still":
            noise = np.zeros_like(noise)
        case "one still":
            noise[0] = 0.0
    return {"beta": noise[..., :1], "intercept": noise[..., 1]}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("good", "ok"),
        ("apart", "chain_mixture"),
        ("drifting", "not_stationary"),
        ("sticky", "slow_mixing"),
        ("still", "not_stationary"),
    ],
)
def test_the_label_says_how_chains_fail(problem, kind, status):
    found = Fit.from_draws(problem, chains(kind))
    assert found.status == status, found.labels
    if status != "ok":
        assert found.labels[0].message
        assert found.labels[0].advice


def test_a_chain_that_never_moves_is_not_passed_over(problem):
    assert Fit.from_draws(problem, chains("one still")).status != "ok"


def test_one_chain_is_judged_by_its_halves(problem):
    assert Fit.from_draws(problem, chains("good", chains=1, draws=2000)).status == "ok"
    assert Fit.from_draws(problem, chains("drifting", chains=1)).status == "not_stationary"


@pytest.mark.parametrize("draws", [1, 2, 4, 7])
def test_a_handful_of_draws_is_slow_mixing_and_no_warning(problem, draws):
    assert Fit.from_draws(problem, chains("good", chains=1, draws=draws)).status in ("slow_mixing", "not_stationary")


def test_the_gravest_comes_first_and_one_name_comes_once():
    labels = [
        gates.Label("interrupted", "half"),
        gates.Label("not_stationary", "diverged", "smaller steps"),
        gates.Label("rank_deficient", "x", columns=("x",)),
        gates.Label("not_stationary", "R-hat 2"),
    ]
    found = gates.ordered(labels)
    assert [label.name for label in found] == ["not_stationary", "rank_deficient", "interrupted"]
    assert found[0].message == "diverged; R-hat 2"
    assert found[0].advice == "smaller steps"
    assert gates.ordered([]) == (gates.OK,)
    assert gates.ordered([gates.OK, labels[0]]) == (labels[0],)
    assert str(labels[0]) == "interrupted: half"


def test_convergence_of_a_network_is_that_of_its_function(world):
    """Two units exchanged in one chain: another point of the same function, so nothing is said against it."""
    found = world.fit("gaussian", 2)
    swapped = {k: v.copy() for k, v in found.draws.samples.items()}
    for name, axis in (("beta_1", -1), ("intercept_1", -1), ("beta", -1)):
        swapped[name][1] = np.flip(swapped[name][1], axis)
    other = Fit.from_draws(found.problem, swapped)
    np.testing.assert_allclose(other.function_summary.rhat, found.function_summary.rhat, rtol=1e-3)  # ranks
    assert set(other.scalar_summary.names) == {"sigma"}


def test_a_summary_begins_with_the_status(world):
    table = world.fit("gaussian").summary()
    assert table.columns[0] == "status"
    assert set(table["status"]) == {world.fit("gaussian").status}
    assert list(table.index) == ["beta[age]", "beta[dose]", "beta[year]", "intercept", "sigma"]
    samples = world.fit("gaussian").draws.samples
    np.testing.assert_allclose(
        table["mean"], [*samples["beta"].mean((0, 1)), *(samples[k].mean() for k in ("intercept", "sigma"))]
    )
    np.testing.assert_allclose(table.loc["sigma", "sd"], samples["sigma"].std(ddof=1), rtol=1e-3)


def test_a_network_summary_shows_functions_before_weights(world):
    found = world.fit("gaussian", 2)
    short, long = found.summary(), found.summary(weights=True)
    assert list(short.index) == ["sigma", "eta (worst of 40 rows)"]
    assert short.loc["eta (worst of 40 rows)", "r_hat"] == found.function_summary.rhat.max()
    assert len(long) == 3 * 3 + 3 + 3 + 1 + 1 + 1
    binary = world.fit("bernoulli", 2).summary()
    assert list(binary.index) == ["eta (worst of 40 rows)"]


def test_rows_and_predictors_are_counted_apart(world):
    """Forty rows of three levels are forty rows."""
    rng = np.random.default_rng(0)
    problem = world.problem("categorical", 2)
    draws = {name: rng.normal(size=(2, 20, *shape)) for name, shape in problem.layout}
    table = Fit.from_draws(problem, draws).summary()
    assert list(table.index) == ["eta (worst of 120 predictors at 40 rows)"]
    assert "120 predictors at 40 rows" in diagnose(Fit.from_draws(problem, draws))["R-hat"].message


def test_point_estimates_claim_no_spread(world):
    table = world.fit("gaussian", 1, "map").summary()
    assert list(table.columns) == ["status", "estimate"]
    assert list(world.fit("gaussian", 1, "ml").summary().columns) == [
        "status",
        "estimate",
        "std_error",
        "z",
        "eti95_lb",
        "eti95_ub",
    ]


def test_a_fit_introduces_itself(world):
    assert "2 chains x 100 draws" in repr(world.fit("gaussian"))
    assert "a point" in repr(world.fit("gaussian", 1, "ml"))
    assert f"status {world.fit('gaussian').status}" in repr(world.fit("gaussian"))


def test_an_effective_number_is_rounded_down_and_says_what_is_needed(problem):
    label = _draws._quality(problem, 0.1, 399.9, 400)[0]
    assert label.name == "predictive_only"
    assert label.message == "400 draws are worth 399 of the posterior's; 400 are needed"
    assert label.advice.startswith("more draws")
    assert _draws._quality(problem, 0.1, gates.effective_size(np.full(400, np.log(1 / 400))), 400) == []

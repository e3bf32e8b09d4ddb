"""`diagnose`: verdicts on draws whose state is known, and no number where there is none to give."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_rglm import RGLM, Draws, Fit, Problem, estimators, fit
from bayes_rglm.diagnostics import VERDICTS, diagnose
from bayes_rglm.gates import Label

CHAIN = ("R-hat", "bulk ESS", "tail ESS", "divergences", "E-BFMI", "tree depth")
POINT = ("existence", "rank", "gradient", "restarts", "rows per parameter")


def sampled(world, shift=0.0, chains=4, draws=500, seed=0, **stats):
    """Independent draws of a depth-1 model; `shift` moves the last chain's intercept."""
    rng = np.random.default_rng(seed)
    intercept = rng.normal(size=(chains, draws))
    intercept[-1] += shift
    samples = {"beta": 0.01 * rng.normal(size=(chains, draws, 3)), "intercept": intercept}
    base = {"diverging": np.zeros((chains, draws), bool), "energy": rng.normal(size=(chains, draws))}
    base |= {"reached_max_treedepth": np.zeros((chains, draws), bool)}
    return Fit(world.problem("bernoulli"), Draws(samples, "mcmc", stats={**base, **stats}), "hand")


def test_good_draws_pass(world):
    found = diagnose(sampled(world))
    assert {found[name].verdict for name in CHAIN} == {"ok"}
    assert found.ok
    assert found["R-hat"].value < 1.01
    assert found["bulk ESS"].value > 400
    assert found["divergences"].value == 0.0
    assert {found[name].verdict for name in POINT} == {"not applicable"}


def test_a_chain_elsewhere_fails_rhat(world):
    found = diagnose(sampled(world, shift=3.0))
    assert found["R-hat"].verdict == "failed"
    assert found["R-hat"].value > 1.2
    assert found.labels[0].name == "chain_mixture"
    assert not found.ok


def test_divergences_are_graded(world):
    few, many = np.zeros((4, 500), bool), np.zeros((4, 500), bool)
    few[0, :3], many[0, :40] = True, True
    assert diagnose(sampled(world, diverging=few))["divergences"].verdict == "warning"
    check = diagnose(sampled(world, diverging=many))["divergences"]
    assert (check.verdict, check.value) == ("failed", pytest.approx(0.02))
    assert "40 of 2000" in check.message
    assert "target_accept" in check.advice


def test_meeting_the_end_of_a_domain_is_no_divergence(world):
    left = np.zeros((4, 500), bool)
    left[1, :60] = True
    found = diagnose(sampled(world, left_domain=left))
    assert (found["end of the domain"].verdict, found["end of the domain"].value) == ("ok", pytest.approx(0.03))
    assert "60 of 2000" in found["end of the domain"].message
    assert found["divergences"].value == 0.0
    assert found.labels[0].name == "ok"


def test_bfmi_by_hand(world):
    energy = np.cumsum(np.random.default_rng(1).normal(size=(4, 500)), axis=1)
    check = diagnose(sampled(world, energy=energy))["E-BFMI"]
    by_hand = (np.diff(energy, axis=1) ** 2).mean(1) / energy.var(1, ddof=1)
    assert check.value == pytest.approx(by_hand.min(), rel=0.02)
    assert check.verdict == "warning"


def test_tree_depth(world):
    deepest = np.zeros((4, 500), bool)
    deepest[:, :50] = True
    check = diagnose(sampled(world, reached_max_treedepth=deepest))["tree depth"]
    assert (check.verdict, check.value) == ("warning", pytest.approx(0.1))


def test_few_draws_warn(world):
    found = diagnose(sampled(world, draws=60))
    assert found["bulk ESS"].verdict == "warning"
    assert "400 wanted" in found["bulk ESS"].message


def test_one_chain_has_no_rhat(world):
    check = diagnose(sampled(world, chains=1))["R-hat"]
    assert (check.verdict, check.value) == ("not applicable", None)


def test_statistics_that_were_not_recorded(world):
    bare = sampled(world)
    found = diagnose(Fit.from_draws(bare.problem, bare.draws.samples))
    assert found["divergences"].verdict == "not applicable"
    assert found["E-BFMI"].value is None


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("estimator", ["ml", "map"])
def test_points_have_no_chain_numbers(world, estimator, depth):
    found = diagnose(world.fit("bernoulli", depth, estimator))
    for name in CHAIN:
        assert (found[name].verdict, found[name].value) == ("not applicable", None)
    assert found.table.loc[list(CHAIN), "value"].isna().all()


def test_ml_at_depth_one(world):
    found = diagnose(world.fit("gaussian", 1, "ml"))
    assert found["existence"].verdict == "ok"
    assert found["rank"].value == 4.0
    assert found["gradient"].value < 1e-6
    assert found["rows per parameter"].value == pytest.approx(10.0)
    assert found["restarts"].verdict == "not applicable"


def test_separation_and_rank_are_named():
    x = np.arange(12.0)
    separated = diagnose(fit(RGLM("bernoulli"), (x[:, None], (x > 5).astype(float)), "ml"))
    assert separated["existence"].verdict == "failed"
    assert "prior" in separated["existence"].advice
    assert repr(separated).startswith("ML: mle_infinite")
    y = np.sin(x)
    double = diagnose(fit(RGLM("gaussian"), (np.column_stack([x, 2 * x]), y), "ml"))
    assert double["rank"].verdict == "warning"
    assert double["rank"].value == 2.0


def test_restarts_of_a_network(world):
    problem = world.problem("bernoulli", 2)
    samples = world.fit("bernoulli", 2, "map").draws.samples

    def check(optima):
        made = Fit(problem, Draws(samples, "point", info={"optima": optima, "gradient": 1e-9}), "hand")
        return diagnose(made)["restarts"]

    assert check([-10.0, -10.001, -12.0]).verdict == "ok"
    alone = check([-12.0, -10.0, -13.0])
    assert (alone.verdict, alone.value) == ("warning", pytest.approx(2.0))
    assert "1 of 3" in alone.message


def test_map_asks_no_existence(world):
    found = diagnose(world.fit("bernoulli", 1, "map"))
    assert found["existence"].verdict == "not applicable"
    assert found["rows per parameter"].verdict == "not applicable"


def test_frequency_weights_count_as_rows(world):
    """Twenty rows that stand for eighty: twenty per parameter, and intervals that five per parameter would not have."""
    few = world.frame("poisson").iloc[:20]
    options = {"weights": np.full(20, 4.0), "weights_kind": "frequency"}
    found = fit(RGLM("poisson"), (world.formula, few), "ml", **options)
    check = diagnose(found)["rows per parameter"]
    assert (check.verdict, check.value) == ("ok", pytest.approx(20.0))
    assert check.message == "80 rows, 4 parameters"
    assert found.summary()["eti95_lb"].notna().all()
    assert diagnose(fit(RGLM("poisson"), (world.formula, few), "ml"))["rows per parameter"].verdict == "warning"


def test_networks_are_judged_by_their_function(world):
    found = diagnose(world.fit("bernoulli", 2, "nuts"))
    assert "units can swap" in found["R-hat"].message
    assert found["R-hat"].value > 1.0


def test_swapped_units_do_not_spoil_rhat(world):
    """Chain by chain other units: the weights disagree, the function does not."""
    problem, rng = world.problem("bernoulli", 2), np.random.default_rng(0)
    centre = {"beta_1": rng.normal(size=(3, 3)), "intercept_1": rng.normal(size=3), "beta": np.array([1.0, -2.0, 3.0])}
    centre["intercept"] = np.array(0.3)
    noisy = {k: v + 0.01 * rng.normal(size=(4, 400, *v.shape)) for k, v in centre.items()}
    for chain, order in enumerate([(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2)]):
        noisy["beta_1"][chain] = noisy["beta_1"][chain][..., order]
        noisy["intercept_1"][chain] = noisy["intercept_1"][chain][..., order]
        noisy["beta"][chain] = noisy["beta"][chain][..., order]
    found = diagnose(Fit(problem, Draws(noisy, "mcmc"), "hand"))
    assert found["R-hat"].value < 1.02
    assert found["R-hat"].verdict in ("ok", "warning")


def test_labels_no_check_speaks_of_are_shown(world):
    made = sampled(world)
    labels = (Label("interrupted", "half", "again"), Label("outside_domain", "3 rows"))
    found = diagnose(
        Fit(made.problem, Draws(made.draws.samples, "mcmc", stats=made.draws.stats, labels=labels), "hand")
    )
    assert found["interrupted"].verdict == "warning"
    assert found["outside_domain"].verdict == "failed"


def test_ok_means_the_status_too(world):
    """Even where no check speaks of the label."""
    fine = diagnose(world.fit("gaussian", 1, "ml"))
    assert fine.ok
    assert not replace(fine, labels=(Label("not_a_mode", "", ""),)).ok


def test_repr_and_table_say_the_same(world):
    found = diagnose(world.fit("bernoulli", 1, "nuts"))
    assert repr(found).splitlines()[0] == f"NUTS: {found.labels[0].name}"
    assert list(found.table.index) == [c.name for c in found.checks]
    assert set(found.table["verdict"]) <= set(VERDICTS)
    assert "<table" in found._repr_html_()


def test_every_estimator_is_diagnosed(world):
    for name in estimators.names():
        found = diagnose(world.fit("bernoulli", 1, name))
        assert found.labels == world.fit("bernoulli", 1, name).labels


def test_a_numpyro_function_is_diagnosed():
    import numpyro
    import numpyro.distributions as dist

    def model(y=None):
        mu = numpyro.sample("mu", dist.Normal(0, 1))
        with numpyro.plate("obs", 3):
            numpyro.sample("y", dist.Normal(mu, 1), obs=y)

    problem = Problem.from_numpyro(model, {"y": np.zeros(3)})
    draws = {"mu": np.random.default_rng(0).normal(size=(4, 500))}
    found = diagnose(Fit.from_draws(problem, draws))
    assert found["R-hat"].verdict == "ok"
    assert "all sites" in found["R-hat"].message


def test_an_approximation_is_judged_by_its_khat_and_its_mode(world):
    laplace = world.fit("bernoulli", 1, "laplace")
    found = diagnose(laplace)
    assert found["k-hat"].value == laplace.draws.info["khat"]
    assert found["gradient"].value == laplace.draws.info["gradient"]
    assert found["existence"].verdict == "not applicable"
    far = Draws(laplace.draws.samples, "approximation", info={"khat": 1.3})
    check = diagnose(Fit(laplace.problem, far, "far"))["k-hat"]
    assert (check.verdict, check.value) == ("warning", 1.3)
    deep = Draws(world.fit("bernoulli", 2, "map").draws.samples, "approximation", info={"khat": 1.3})
    assert diagnose(Fit(world.problem("bernoulli", 2), deep, "deep"))["k-hat"].value is None


def test_optima_that_differ_are_what_an_ensemble_is_for(world):
    samples = world.fit("bernoulli", 2, "map").draws.samples
    made = Draws({k: np.repeat(v, 2, axis=1) for k, v in samples.items()}, "mixture", info={"optima": [-10.0, -12.0]})
    check = diagnose(Fit(world.problem("bernoulli", 2), made, "ensemble"))["restarts"]
    assert (check.verdict, check.value) == ("ok", pytest.approx(2.0))

"""NUTS: nothing is compiled twice, threads give the bits of one chain alone, precision is the call's own."""

import itertools
import threading
import time
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Problem, estimators, fit
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators import Monitor, _threads, nuts
from bayes_rglm.gates import Label
from bayes_rglm.priors import Flat, HalfNormal, Laplace, Normal

COMPILED = "/jax/core/compile/backend_compile_duration"


@pytest.fixture(scope="module")
def compilations():
    """A function that runs its argument and counts what XLA compiled meanwhile."""
    events = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: events.append(event))

    def count(run):
        before = len(events)
        run()
        return sum(event == COMPILED for event in events[before:])

    assert count(lambda: jax.jit(lambda x: x * 1.2345 + 6.789)(jnp.arange(7.0))) > 0, "the counter counts"
    return count


@pytest.mark.parametrize("depth", [1, 2])
def test_a_repeated_fit_compiles_nothing(world, compilations, depth):
    """Four chains; then the same, other data of this shape, another prior scale, another seed, fewer and more draws."""
    method = world.tiny("nuts", chains=4)
    model, design = world.model("poisson", depth), world.design("poisson")
    fit(model, design, method)
    assert compilations(lambda: fit(model, design, method)) == 0
    rng = np.random.default_rng(1)
    new = Design.from_arrays(3.0 + rng.normal(size=design.X.shape), rng.poisson(2.0, design.n), columns=list("abc"))
    assert compilations(lambda: fit(model, new, method, seed=7)) == 0
    wider = world.model("poisson", depth, prior={"intercept": Normal(scale=9.0)})
    assert compilations(lambda: fit(wider, design, method)) == 0


def test_the_tree_of_a_repeated_fit_compiles_nothing(world, compilations):
    method, problem = world.tiny("nuts"), world.problem("gaussian")
    assert fit(problem, estimator=method).tree is not None
    assert compilations(lambda: fit(problem, estimator=method, seed=3).tree) == 0


def test_chains_are_those_of_one_chain_alone(world, monkeypatch):
    """However many threads run them, and however many chains there are."""
    problem = world.problem("poisson")
    four = fit(problem, estimator=world.tiny("nuts", chains=4)).draws
    real = _threads.in_threads
    monkeypatch.setattr(nuts, "in_threads", lambda function, items, workers: real(function, items, workers=1))
    in_turn = fit(problem, estimator=world.tiny("nuts", chains=4)).draws
    alone = fit(problem, estimator=world.tiny("nuts", chains=1)).draws
    for name, values in four.samples.items():
        np.testing.assert_array_equal(in_turn.samples[name], values)
        np.testing.assert_array_equal(alone.samples[name][0], values[0])
    np.testing.assert_array_equal(in_turn.stats["lp"], four.stats["lp"])
    assert len({float(chain[0, 0]) for chain in four.samples["beta"]}) == 4, "four chains, not one four times"


def test_vmapped_chains_find_the_same_posterior(world, monkeypatch, compilations):
    """What runs on an accelerator, here on a CPU: lockstep chains, compiled once."""
    monkeypatch.setattr(nuts, "_on_cpu", lambda: False)
    problem, method = world.problem("gaussian"), world.tiny("nuts", draws=400)
    lockstep = fit(problem, estimator=method)
    assert compilations(lambda: fit(problem, estimator=method, seed=3)) == 0
    monkeypatch.undo()
    threads = fit(problem, estimator=method)
    for name, values in threads.draws.samples.items():
        spread = values.std((0, 1))
        here, there = values.mean((0, 1)), lockstep.draws.samples[name].mean((0, 1))
        assert lockstep.draws.samples[name].shape == values.shape
        assert np.all(np.abs(here - there) < 0.3 * spread)


def test_precisions_take_turns_in_one_process(world):
    """float32, float64, float32, after the user has used JAX, whose configuration is left alone."""
    jnp.zeros(3) + 1.0
    before = jax.config.jax_enable_x64
    problem, method = world.problem("gaussian"), world.tiny("nuts", draws=400)
    fits = [fit(problem, estimator=method, precision=p) for p in ("float32", "float64", "float32")]
    assert jax.config.jax_enable_x64 == before
    assert jnp.zeros(3).dtype == (np.float64 if before else np.float32)
    assert [f.draws.stats["lp"].dtype for f in fits] == [np.float32, np.float64, np.float32]
    assert [f.precision for f in fits] == ["float32", "float64", "float32"]
    for name, values in fits[1].draws.samples.items():
        np.testing.assert_array_equal(fits[0].draws.samples[name], fits[2].draws.samples[name])
        spread, wide = values.std((0, 1)), values.mean((0, 1))
        narrow = fits[0].draws.samples[name].mean((0, 1))
        assert np.all(np.abs(wide - narrow) < 0.3 * spread), name
        assert not np.array_equal(values, fits[0].draws.samples[name])


def test_columns_far_from_zero_do_not_cost_single_precision(world):
    """Years near 2000, incomes near a million: float32 and float64 agree, and the slopes are those of least squares."""
    rng = np.random.default_rng(8)
    z = rng.normal(size=(world.rows, 3))
    X = z * [3.0, 2e5, 1.0] + [2005.0, 1e6, 0.0]
    y = z @ [1.0, -0.7, 0.2] + 0.3 * rng.normal(size=world.rows)
    design = Design.from_arrays(X, y, columns=["year", "income", "x"])
    method = world.tiny("nuts", draws=400)
    wide, narrow = (fit(RGLM("gaussian"), design, method, precision=p) for p in ("float64", "float32"))
    slopes = np.linalg.lstsq(np.column_stack([np.ones(world.rows), X]), y, rcond=None)[0][1:]
    for found in (wide, narrow):
        beta = found.draws.samples["beta"]
        assert np.all(np.abs(beta.mean((0, 1)) - slopes) < 0.4 * beta.std((0, 1)))
        assert np.mean(found.draws.stats["n_steps"]) < 10, "whitened: short trajectories, whatever the units"
    ratio = narrow.draws.samples["beta"].std((0, 1)) / wide.draws.samples["beta"].std((0, 1))
    np.testing.assert_allclose(ratio, 1.0, atol=0.2)
    eta = [f.problem.linear_predictor({k: v[0, 0] for k, v in f.draws.samples.items()}) for f in (wide, narrow)]
    assert all(np.abs(e - y).max() < 3.0 for e in eta), "the intercept undoes the years without loss"


class StopLater(Monitor):
    """Stops when one chain has come to `at`; others may have come less far."""

    def __init__(self, at, pause=0.0):
        self.at, self.pause, self.stop = at, pause, False

    def update(self, done, total, text=""):
        time.sleep(self.pause)
        self.stop = self.stop or done >= self.at

    @property
    def stopping(self):
        return self.stop


def test_stopping_in_the_warm_up_is_said(world):
    with pytest.raises(EstimatorError, match="let the warm-up finish"):
        fit(world.problem("gaussian"), estimator=world.tiny("nuts"), monitor=StopLater(at=50))


def test_more_chains_than_cores_lose_nothing_when_stopped(world):
    """Every chain runs from the start, so that a stop finds all of them alike."""
    method = world.tiny("nuts", chains=6, draws=1000)
    found = fit(world.problem("gaussian"), estimator=method, monitor=StopLater(at=700, pause=0.05))
    chains, count = found.draws.samples["beta"].shape[:2]
    assert found.labels[-1].name == "interrupted"
    assert f"{count} draws of {chains} chains" in found.labels[-1].message
    assert chains >= 4
    assert count >= 100


def test_chains_that_had_no_draws_yet_are_left_out(world, monkeypatch):
    """What others did is kept."""
    real, calls = nuts._blocks, itertools.count()

    def slow(*arguments):
        run = real(*arguments)
        return run if next(calls) else {"diverging": np.zeros(0, bool)}

    monkeypatch.setattr(nuts, "_blocks", slow)
    found = fit(world.problem("gaussian"), estimator=world.tiny("nuts"))
    assert found.draws.samples["beta"].shape == (1, 100, 3)
    assert "interrupted" in [label.name for label in found.labels]


def test_a_fit_runs_in_a_thread_of_the_users(world):
    """Signals are the main thread's; elsewhere a fit runs without them, and in its own precision."""
    found = []
    thread = threading.Thread(target=lambda: found.append(fit(world.problem("gaussian"), estimator=world.tiny("nuts"))))
    thread.start()
    thread.join()
    expected = world.fit("gaussian").draws.samples["beta"]
    np.testing.assert_array_equal(found[0].draws.samples["beta"], expected)


def test_improper_posteriors_are_refused_before_they_are_sampled(world):
    flat = RGLM("bernoulli", prior={"default": Flat(), "intercept": Flat()})
    x = np.linspace(-1.0, 1.0, 20)
    with pytest.raises(EstimatorError, match="separated and the prior is flat"):
        fit(flat, (x[:, None], (x > 0).astype(float)), "nuts")
    with pytest.raises(EstimatorError, match=r"network[\s\S]*beta_1"):
        fit(world.model("gaussian", 2, prior=Flat()), world.design("gaussian"), "nuts")
    found = fit(flat, world.design("bernoulli"), world.tiny("nuts"))
    assert np.all(np.isfinite(found.draws.samples["beta"])), "overlapping data are sampled"


@pytest.mark.parametrize(
    "prior",
    [
        Laplace(scale=0.1, scaled="term"),
        {"beta": HalfNormal(scale=1.0)},
        {"age": Normal(scale=0.5), "dose": Laplace(scale=0.02)},
    ],
    ids=["laplace", "bounded", "mixed"],
)
def test_priors_of_all_kinds_are_sampled(world, prior):
    """Against importance sampling from the prior's own density: means of the slopes agree."""
    problem = Problem(RGLM("gaussian", prior=prior), world.design("gaussian"))
    found = fit(problem, estimator=world.tiny("nuts", draws=400))
    rhat = found.scalar_summary.rhat
    assert np.all(rhat < 1.1)
    assert found.draws.stats["diverging"].mean() < 0.05
    if isinstance(prior, dict) and "beta" in prior:
        assert np.all(found.draws.samples["beta"] > 0)
    # The mean score of a density that vanishes at the ends is zero: integration by parts, in the intercept.
    with jax.enable_x64(True):
        gradient = jax.jit(jax.vmap(lambda p, t: jax.grad(p.log_joint)(t)["intercept"], (None, 0)))
        flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in found.draws.samples.items()}
        score = np.asarray(gradient(problem, flat))
    assert abs(score.mean()) < 5 * score.std() / np.sqrt(100)


def test_sampler_statistics_carry_arvizs_names(world):
    stats = world.fit("bernoulli", 2).draws.stats
    assert {"lp", "energy", "diverging", "n_steps", "acceptance_rate", "step_size", "tree_depth"} <= set(stats)
    assert stats["diverging"].dtype == bool
    assert stats["reached_max_treedepth"].dtype == bool
    assert np.all(stats["tree_depth"] <= 8)
    np.testing.assert_array_equal(stats["tree_depth"], np.ceil(np.log2(stats["n_steps"] + 1)))
    assert np.all((stats["acceptance_rate"] > 0) & (stats["acceptance_rate"] <= 1))


def test_divergences_are_graded_by_their_share(world):
    found = world.fit("gaussian")
    many = found.draws.stats | {"diverging": np.arange(200).reshape(2, 100) < 50}
    labelled = replace(found, draws=replace(found.draws, stats=many))
    assert labelled.status == "not_stationary"
    assert "50 of 200 transitions diverged" in str(labelled.labels[0])
    assert isinstance(labelled.labels[0], Label)


def test_options_of_nuts_reach_the_sampler(world):
    problem = world.problem("gaussian", 2)
    shallow = fit(problem, estimator=world.tiny("nuts", max_tree_depth=2))
    assert shallow.draws.stats["n_steps"].max() <= 3
    assert shallow.draws.info["max_tree_depth"] == 2
    assert shallow.draws.info["target_accept"] == 0.9
    assert estimators.NUTS().target_accept is None


def test_seeds_of_more_than_32_bits_are_not_cut_in_single_precision(world):
    method, problem = world.tiny("nuts"), world.problem("gaussian")
    one, other = (fit(problem, estimator=method, seed=s, precision="float32") for s in (0, 2**32))
    assert not np.any(one.draws.samples["beta"] == other.draws.samples["beta"])

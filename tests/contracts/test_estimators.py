"""What every estimator keeps, whoever adds it: options that are a record, draws of every site, seeds, raw units,
stops.
"""

import dataclasses
import json
import os
import signal

import jax
import numpy as np
import pytest
from numpyro.distributions import biject_to

from bayes_rglm import Design, Problem, estimators, fit, gates, predict
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators import Draws, Estimator, Monitor

NAMES = estimators.names()
# Estimators do not know families: what differs for them is a closed auxiliary value, a fixed scale, hidden layers, rows
# with trials, a predictor per level, and cut-points instead of an intercept.
PROBLEMS = [("gaussian", 1), ("bernoulli", 1), ("poisson", 1), ("bernoulli", 2)]
SHAPES = [*PROBLEMS, ("binomial", 1), ("categorical", 1), ("ordinal", 1)]
every = pytest.mark.parametrize("name", NAMES)
on_every_problem = pytest.mark.parametrize(("family", "depth"), PROBLEMS)
on_every_shape = pytest.mark.parametrize(("family", "depth"), SHAPES)

# Values that each option must refuse; an estimator with further options adds its row.
OUT_OF_RANGE = {
    "ml": {"starts": [0, 1.5, "8"], "steps": [0, True], "tolerance": [0.0, -1e-3, "small"]},
    "map": {"starts": [0, 1.5, None], "steps": [0, -3], "tolerance": [0.0, 1.0]},
    "penalised": {
        "strength": [0.0, -1.0, "much", True],
        "folds": [1, 2.5],
        "strengths": [3.0, (1.0, -1.0)],
        "starts": [0],
        "steps": [0],
        "tolerance": [0.0],
    },
    "ensemble": {"members": [1, "8"], "of": ["nuts"], "steps": [0], "tolerance": [1.0]},
    "prior": {"draws": [3, 10.0], "chains": [0]},
    "laplace": {"draws": [3], "chains": [0], "starts": [0], "steps": [0], "tolerance": [0.0, 1.0]},
    "svi": {
        "guide": ["diagonal"],
        "steps": [49],
        "learning_rate": [0.0, 1.0],
        "particles": [0],
        "batch_size": [0, 1.5],
        "draws": [3],
        "chains": [0],
        "starts": [0],
    },
    "nuts": {
        "draws": [3, 10.0, True],
        "warmup": [19, None],
        "chains": [0, "4"],
        "target_accept": [0.0, 1.0, "0.8"],
        "max_tree_depth": [0, 2.5],
    },
}
# Another value of each option, for equality and recipes.
OTHERS = {
    "ml": {"starts": 3, "steps": 77, "tolerance": 1e-5},
    "map": {"starts": 3, "steps": 77, "tolerance": 1e-5},
    "penalised": {
        "strength": 2.5,
        "folds": 3,
        "strengths": (10.0, 1.0),
        "starts": 3,
        "steps": 77,
        "tolerance": 1e-5,
    },
    "ensemble": {"members": 3, "of": "ml", "steps": 77, "tolerance": 1e-5},
    "prior": {"draws": 55, "chains": 3},
    "laplace": {"draws": 55, "chains": 3, "starts": 3, "steps": 77, "tolerance": 1e-5},
    "svi": {
        "guide": "mean_field",
        "steps": 77,
        "learning_rate": 0.5,
        "particles": 3,
        "batch_size": 7,
        "draws": 55,
        "chains": 3,
        "starts": 3,
    },
    "nuts": {"draws": 55, "warmup": 66, "chains": 3, "target_accept": 0.93, "max_tree_depth": 7},
}


def other_options(name):
    if name not in OTHERS:
        pytest.fail(f"give OTHERS and OUT_OF_RANGE a row for the estimator {name!r}")
    return OTHERS[name]


class Stopping(Monitor):
    """Says stop once `after` blocks have been reported."""

    def __init__(self, after):
        self.after, self.reports = after, []

    def update(self, done, total, text=""):
        self.reports.append((done, total))

    @property
    def stopping(self):
        return len(self.reports) >= self.after


# the record ----------------------------------------------------------------------------------------------------------


@every
def test_an_estimator_is_a_frozen_record(name):
    cls = estimators.registry.get(name)
    record = cls()
    assert cls.name == name
    assert isinstance(record, Estimator)
    assert estimators.get(name) == record == cls()
    assert hash(record) == hash(cls())
    assert eval(repr(record), vars(estimators).copy()) == record
    for field in dataclasses.fields(cls):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field.name, getattr(record, field.name))
    assert set(other_options(name)) == {field.name for field in dataclasses.fields(cls)}
    for option, value in other_options(name).items():
        changed = cls(**{option: value})
        assert changed != record
        assert getattr(changed, option) == value
        assert eval(repr(changed), vars(estimators).copy()) == changed


@every
def test_a_misspelt_option_is_a_type_error(name):
    with pytest.raises(TypeError, match="drawz"):
        estimators.registry.get(name)(drawz=10)
    with pytest.raises(TypeError):
        estimators.registry.get(name)(10)


@every
def test_options_out_of_range_are_named(name):
    other_options(name)
    for option, values in OUT_OF_RANGE[name].items():
        for value in values:
            with pytest.raises(EstimatorError) as caught:
                estimators.registry.get(name)(**{option: value})
            assert option in str(caught.value)
            assert repr(value) in str(caught.value)


def test_names_are_looked_up_with_a_hint(world):
    with pytest.raises(EstimatorError, match="did you mean 'nuts'"):
        estimators.get("nutz")
    with pytest.raises(EstimatorError, match=r"write NUTS\(\)"):
        estimators.get(estimators.NUTS)
    assert estimators.get("MLE") == estimators.MaximumLikelihood()


# the draws -----------------------------------------------------------------------------------------------------------


@every
@on_every_shape
def test_draws_hold_every_site_in_its_shape_and_support(world, name, family, depth):
    found = world.fit(family, depth, name)
    draws, problem = found.draws, found.problem
    assert isinstance(draws, Draws)
    assert draws.kind in ("point", "mcmc", "approximation", "mixture", "prior")
    chains, count = next(iter(draws.samples.values())).shape[:2]
    if draws.kind == "point":
        assert (chains, count) == (1, 1)
    assert {k: v.shape for k, v in draws.samples.items()} == {k: (chains, count, *s) for k, s in problem.layout}
    for site in problem.program.sites:
        values = draws.samples[site.name]
        assert values.dtype == np.float64
        assert isinstance(values, np.ndarray)
        assert np.all(np.isfinite(values))
        assert np.all(site.support(values))
        if draws.unconstrained is not None:
            with jax.enable_x64(True):
                there = np.asarray(biject_to(site.support)(draws.unconstrained[site.name]))
            np.testing.assert_allclose(there, values, rtol=1e-6)
    for statistic in draws.stats.values():
        assert statistic.shape == (chains, count)
    assert draws.log_weights is None or draws.log_weights.shape == (chains, count)


@every
@on_every_shape
def test_labels_and_facts_are_plain(world, name, family, depth):
    found = world.fit(family, depth, name)
    assert found.labels
    assert all(isinstance(label, gates.Label) and label.name in gates.SEVERITY for label in found.labels)
    ranks = [gates.SEVERITY.index(label.name) for label in found.labels]
    assert ranks == sorted(ranks), "the gravest first"
    assert found.status == found.labels[0].name
    facts = {k: v for k, v in found.draws.info.items() if k != "errors"}
    assert json.loads(json.dumps(facts)).keys() == facts.keys()
    for site, errors in found.draws.info.get("errors", {}).items():
        assert np.shape(errors) == dict(found.problem.layout)[site]


@every
@on_every_problem
def test_equal_seeds_give_equal_bits(world, name, family, depth):
    first = world.fit(family, depth, name)
    again = fit(first.problem, estimator=world.tiny(name), seed=0)
    key = fit(first.problem, estimator=world.tiny(name), seed=jax.random.key(0))
    for site, values in first.draws.samples.items():
        np.testing.assert_array_equal(again.draws.samples[site], values)
        np.testing.assert_array_equal(key.draws.samples[site], values)


@every
def test_single_precision_says_the_same(world, name):
    """Summed over rows in float32; the draws of a chain part ways, what they say of the slopes does not."""
    wide = world.fit("bernoulli", 1, name)
    narrow = fit(wide.problem, estimator=world.tiny(name), precision="float32")
    assert (wide.precision, narrow.precision) == ("float64", "float32")
    slopes = [found.draws.samples["beta"] for found in (wide, narrow)]
    assert {values.dtype for values in slopes} == {np.dtype(float)}
    if wide.is_point or wide.draws.kind == "mixture":
        np.testing.assert_allclose(slopes[1], slopes[0], rtol=1e-2)
        return
    means, spread = [values.mean((0, 1)) for values in slopes], slopes[0].std((0, 1))
    assert np.all(np.abs(means[1] - means[0]) < 0.5 * spread)
    np.testing.assert_allclose(slopes[1].std((0, 1)), spread, rtol=0.5)


@every
def test_other_seeds_give_other_draws(world, name):
    first = world.fit("gaussian", 1, name)
    other = fit(first.problem, estimator=world.tiny(name), seed=1)
    if first.estimator.bayesian:
        assert not np.any(other.draws.samples["beta"] == first.draws.samples["beta"])
    else:
        np.testing.assert_allclose(other.draws.samples["beta"], first.draws.samples["beta"], rtol=1e-4)


@every
@on_every_shape
def test_draws_are_in_raw_units(world, name, family, depth):
    """The same data with 1000 x + 5 for x: the same function, in other sites."""
    first = world.fit(family, depth, name)
    if depth > 1 and not (first.is_point and first.status == "ok"):
        return  # rounding alone moves the chains of a network, and weights that grow for ever
    X = first.design.X * [1000.0, 1.0, 1.0] + [5.0, 0.0, 0.0]
    moved = fit(Problem(first.model, world.arrays(family, X)), estimator=world.tiny(name))
    if depth > 1:  # starts may end at the same optimum with other numbers and signs of its units
        np.testing.assert_allclose(predict(moved, kind="linear"), predict(first, kind="linear"), rtol=1e-3, atol=1e-3)
        return
    here, there = first.draws.samples["beta"][:, :, 0], 1000.0 * moved.draws.samples["beta"][:, :, 0]
    spread = np.maximum(here.std((0, 1)), 1e-3 * np.abs(here.mean((0, 1))))
    assert np.all(np.abs(there.mean((0, 1)) - here.mean((0, 1))) < 0.5 * spread)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "prior"])
def test_the_data_decide(world, name):
    """The slopes found are those of the likelihood: close to least squares with this little noise and weak a prior."""
    rng = np.random.default_rng(0)
    y = world.X @ [2.0, 0.05, -0.3] + 0.01 * rng.normal(size=world.rows)
    found = fit(Problem(world.model("gaussian"), Design.from_arrays(world.X, y)), estimator=world.tiny(name))
    np.testing.assert_allclose(found.draws.samples["beta"].mean((0, 1)), [2.0, 0.05, -0.3], rtol=0.02)
    np.testing.assert_allclose(found.draws.samples["sigma"].mean(), 0.01, rtol=0.3)


# progress and interruption -------------------------------------------------------------------------------------------


@every
def test_progress_is_reported_in_the_estimators_own_units(world, name):
    monitor = Stopping(after=10**9)
    fit(world.problem("bernoulli", 2), estimator=world.tiny(name), monitor=monitor)
    assert monitor.reports
    assert all(0 < done <= total for done, total in monitor.reports)
    assert max(done for done, _ in monitor.reports) == monitor.reports[0][1]


@every
def test_a_stopped_run_keeps_what_is_done_and_says_so(world, name):
    """Draws: asked to stop past the warm-up of two chains (NUTS), or at the first report; others at once."""
    after = {"nuts": 4, "prior": 1, "svi": 2}.get(name, 0)
    options = {"draws": 400} if name in ("nuts", "prior") else {}
    problem = world.problem("bernoulli", 2)
    stopped = fit(problem, estimator=world.tiny(name, **options), monitor=Stopping(after))
    labels = [label for label in stopped.labels if label.name == "interrupted"]
    assert labels
    assert labels[0].message
    assert {k: v.shape[2:] for k, v in stopped.draws.samples.items()} == dict(problem.layout)
    assert all(np.all(np.isfinite(v)) for v in stopped.draws.samples.values())
    if options:
        chains, count = stopped.draws.samples["beta"].shape[:2]
        assert chains == 2
        assert 100 <= count < 400
        whole = world.fit("bernoulli", 2, name).draws.samples["beta"]
        np.testing.assert_array_equal(stopped.draws.samples["beta"][:, :100], whole)


class CtrlC(Stopping):
    """Does what the key does, once `after` blocks have been reported."""

    def update(self, done, total, text=""):
        super().update(done, total)
        if len(self.reports) == self.after:
            os.kill(os.getpid(), signal.SIGINT)

    stopping = False


@every
def test_ctrl_c_keeps_what_is_done(world, name):
    """The key's own signal, in the midst of the run; afterwards it is the caller's again."""
    before = signal.getsignal(signal.SIGINT)
    options = {"draws": 2000} if name in ("nuts", "prior") else {}
    problem = world.problem("bernoulli", 2)
    stopped = fit(problem, estimator=world.tiny(name, **options), monitor=CtrlC({"nuts": 4}.get(name, 1)))
    assert "interrupted" in [label.name for label in stopped.labels]
    assert all(np.all(np.isfinite(v)) for v in stopped.draws.samples.values())
    if options:
        assert 100 <= stopped.draws.samples["beta"].shape[1] < 2000
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_leaves_at_once(world):
    class Twice(CtrlC):
        def update(self, done, total, text=""):
            super().update(done, total)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(world.problem("bernoulli", 2), estimator=world.tiny("prior", draws=2000), monitor=Twice(1))
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("unit", [1e-6, 1e8])
@every
def test_the_unit_of_the_response_changes_nothing_but_the_unit(world, name, unit):
    y, found = world.frame("gaussian")["y"].to_numpy(), []
    for factor in (1.0, unit):
        one = fit(Problem(world.model("gaussian"), world.arrays("gaussian", y=y * factor)), estimator=world.tiny(name))
        draws = {site: one.draws.samples[site] / factor for site in ("beta", "sigma")}
        found.append((one.status, draws))
    (status, plain), (other_status, scaled) = found
    if name == "nuts":  # chains part after some steps, by rounding
        for site in plain:
            gap = np.abs(plain[site].mean((0, 1)) - scaled[site].mean((0, 1)))
            assert (gap < 0.5 * plain[site].std((0, 1))).all()
        return
    assert status == other_status
    for site in plain:
        np.testing.assert_allclose(scaled[site], plain[site], rtol=1e-4, atol=1e-5 * np.abs(plain[site]).max())

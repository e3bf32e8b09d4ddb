"""Every estimator on every model of the gallery, on small data that the model's own file simulates.

Both lists are the registries', and so are the options: whatever an estimator has of `SMALL`. The fast suite takes
one estimator for each model, in turn; the rest of the product is slow.
"""

import dataclasses

import numpy as np
import pytest

from bayes_rglm import Design, Fit, Problem, estimators, fit, gallery, load, predict
from bayes_rglm.evaluation import shape_of
from bayes_rglm.prediction import log_score

ROWS, NEW = 40, 3
SMALL = {"draws": 20, "warmup": 20, "chains": 2, "starts": 1, "steps": 50, "members": 2, "particles": 1}
AFTER = {"posterior", "log_likelihood", "posterior_predictive"}
BEFORE = {"prior", "log_likelihood_prior", "prior_predictive"}
ALWAYS = {"log_prior", "observed_data", "constant_data"}
SOMETIMES = {"sample_stats", "sample_stats_prior", "unconstrained_posterior"}


def small(name: str) -> estimators.Estimator:
    """The estimator at the fewest draws, starts and steps that say something."""
    cls = estimators.registry.get(name)
    return cls(**{field.name: SMALL[field.name] for field in dataclasses.fields(cls) if field.name in SMALL})


def pairs():
    """(estimator, model), fast or slow by a rule, so that a new one of either is covered at once."""
    names = estimators.names()
    for i, estimator in enumerate(names):
        for j, model in enumerate(gallery.names()):
            marks = pytest.mark.slow if (i + j) % len(names) else ()
            yield pytest.param(estimator, model, id=f"{estimator}-{model}", marks=marks)


@pytest.fixture(scope="module")
def problem_of():
    """A function from a model's name to its problem of 40 simulated rows, made once."""
    made = {}

    def problem(name: str) -> Problem:
        if name not in made:
            entry = gallery.load(name)
            X, y, _ = entry.simulate(1, ROWS)
            made[name] = Problem(entry.spec, Design.from_arrays(X, y))
        return made[name]

    return problem


@pytest.mark.parametrize(("estimator", "model"), list(pairs()))
def test_an_answer_in_the_same_words(problem_of, tmp_path, estimator, model):
    found = fit(problem_of(model), estimator=small(estimator))
    assert isinstance(found, Fit)
    assert found.labels
    assert found.status == found.labels[0].name
    check_groups(found)
    check_summary(found)
    assert np.all(np.isfinite(log_score(found, found.design)))
    mean = predict(found, found.design.X[:NEW], kind="mean")
    assert (mean.sizes["chain"], mean.sizes["draw"], mean.sizes["obs"]) == (*shape_of(found.draws.samples), NEW)
    assert np.all(np.isfinite(mean))

    again = fit(found.problem, estimator=found.estimator)
    check_equal(found, again)
    found.save(tmp_path / "fit.nc")
    loaded = load(tmp_path / "fit.nc")
    check_equal(found, loaded)
    np.testing.assert_array_equal(predict(loaded, found.design.X[:NEW], kind="mean"), mean)


def check_groups(found: Fit) -> None:
    groups = set(found.tree.children)
    named = BEFORE if found.draws.kind == "prior" else AFTER
    assert groups - SOMETIMES == named | ALWAYS
    sites = found.tree["prior" if found.draws.kind == "prior" else "posterior"]
    assert set(sites.data_vars) == {name for name, _ in found.problem.layout}
    assert all(np.all(np.isfinite(sites[name])) for name in sites.data_vars)
    assert found.tree["observed_data"].sizes["obs"] == ROWS


def check_summary(found: Fit) -> None:
    table = found.summary(weights=True)
    assert table.columns[0] == "status"
    assert table["status"].iloc[0] == found.status
    assert len(table) >= sum(int(np.prod(shape)) for _, shape in found.problem.layout)


def check_equal(one: Fit, other: Fit) -> None:
    """Labels, and draws bit for bit."""
    assert [label.name for label in one.labels] == [label.name for label in other.labels]
    assert one.draws.samples.keys() == other.draws.samples.keys()
    for name, values in one.draws.samples.items():
        assert values.tobytes() == other.draws.samples[name].tobytes(), name

"""Every file of models/: the same five names, a longhand model that is the library's to rounding, honest data."""

import ast
import inspect
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from numpyro import handlers
from numpyro.infer import Predictive
from numpyro.infer.util import compute_log_probs, log_density

from bayes_rglm import families, gallery, links, priors
from bayes_rglm import spec as specification
from bayes_rglm.design import Design
from bayes_rglm.errors import MissingExtra
from bayes_rglm.problem import Problem

POINTS = 12
LACKING = ("LevelsToCutpoints",)
"""What NumPyro lacks and a file writes for itself."""
DEMO_PACKAGES = ("sklearn", "sklearn.datasets", "statsmodels", "statsmodels.datasets")


@pytest.fixture(scope="module", params=gallery.names())
def entry(request):
    return gallery.load(request.param)


@pytest.fixture(scope="module")
def design(entry):
    return Design.from_formula(*entry.data())


@pytest.fixture(scope="module")
def problem(entry, design):
    return Problem(entry.spec, design)


@pytest.fixture(scope="module")
def draws(entry, design, problem):
    """Sites from the longhand prior, {site: (POINTS + 1, ...)}, in its body.

    Left out are draws with a row that a restricted link gives no mean, or less than exp(-600): stock NumPyro takes any
    smaller probability of a censored row for 1e-306.
    """
    with jax.enable_x64(True):
        prior = Predictive(handlers.block(entry.model, hide=["y"]), num_samples=1000)
        many = prior(jax.random.key(0), jnp.asarray(design.X))
        least = jax.jit(jax.vmap(lambda theta: jnp.min(problem.log_likelihood(theta))))(many)
        body = np.flatnonzero(least > -600)[: POINTS + 1]
        assert len(body) == POINTS + 1
        return {site: value[body] for site, value in many.items()}


def head(draws):
    """The first POINTS of them."""
    return {site: value[:POINTS] for site, value in draws.items()}


def bound_names(tree):
    """Names that the top level of a module binds, in order, imports left out."""
    names = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets]
        else:
            assert isinstance(node, ast.Import | ast.ImportFrom | ast.Expr), ast.unparse(node)
    return names


def test_there_is_a_file_for_each_row_of_the_link_table_and_three_recursions():
    targets = ["real", "binary", "categorical", "count", "positive", "sparse", "ordered", "recursive"]
    assert sorted({name.partition("_")[0] for name in gallery.names()}) == sorted(targets)
    assert len(gallery.names()) == 15


def test_a_file_has_the_five_names_and_no_others(entry):
    bound = bound_names(ast.parse(entry.path.read_text()))
    assert [name for name in bound if name not in LACKING] == list(gallery.NAMES)
    assert list(inspect.signature(entry.model).parameters) == ["X", "y"]
    assert list(inspect.signature(entry.data).parameters) == []
    assert list(inspect.signature(entry.simulate).parameters) == ["seed", "n"]


def test_a_file_reads_on_one_screen(entry):
    assert len(inspect.getsource(entry.model).splitlines()) <= 35
    assert " ~ " in entry.doc, "the formulas stand on top"
    assert "Data: " in entry.doc
    assert "Licence: " in entry.doc


def test_the_longhand_log_joint_is_the_librarys(entry, design, problem, draws):
    def both(theta):
        return log_density(entry.model, (design.X, design.y), {}, theta)[0], problem.log_joint(theta)

    with jax.enable_x64(True):
        longhand, library = jax.jit(jax.vmap(both))(head(draws))
        assert longhand.shape == (POINTS,)
        assert np.isfinite(longhand).all()
        np.testing.assert_allclose(library, longhand, rtol=1e-10, atol=1e-10)


def test_site_by_site_and_row_by_row_they_agree_too(entry, design, problem, draws):
    stacks = {}

    def both(theta):
        parts, trace = compute_log_probs(entry.model, (design.X, design.y), {}, theta, sum_log_prob=False)
        stacks["y"] = [frame.name for frame in trace["y"]["cond_indep_stack"]]
        return parts.pop("y"), parts, problem.log_likelihood(theta), problem.log_prior(theta)

    with jax.enable_x64(True):
        last = {site: value[POINTS] for site, value in draws.items()}
        rows, parts, library_rows, library_parts = jax.jit(both)(last)
    assert stacks["y"] == ["obs"]
    assert set(library_parts) == set(parts)
    for site, value in library_parts.items():
        assert float(value) == pytest.approx(float(np.sum(np.asarray(parts[site]))), rel=1e-10, abs=1e-10), site
    np.testing.assert_allclose(library_rows, rows, rtol=1e-10, atol=1e-10)


def test_numpyros_predictive_runs_on_the_librarys_model(entry, design, problem, draws):
    with jax.enable_x64(True):
        draws = head(draws)
        arguments = {name: value for name, value in problem.model_kwargs.items() if name != "y"}
        new = Predictive(problem.numpyro_model, posterior_samples=draws)(jax.random.key(1), **arguments)
        assert set(new) - set(draws) == {"y"}
        assert new["y"].shape == (POINTS, design.n)
        entry.spec.family.check(np.asarray(new["y"], float).ravel(), "y", None, np.arange(POINTS * design.n))


def test_the_specification_is_rebuilt_from_its_repr(entry):
    vocabulary = {**vars(specification), **vars(priors), "families": families, "links": links}
    again = eval(repr(entry.spec), vocabulary)
    assert again == entry.spec
    assert hash(again) == hash(entry.spec)


def test_the_data_make_a_design_with_rows_to_train_and_to_test(entry, design, problem):
    _, frame = entry.data()
    assert design.n == len(frame), "no row is lost"
    assert np.isfinite(design.X).all()
    train = frame.attrs.get("train_rows", round(0.7 * design.n))
    assert problem.size < train < design.n
    assert frame.equals(entry.data()[1]), "two calls give the same table"


def test_a_missing_package_is_named_with_its_install_command(entry, monkeypatch):
    for name in DEMO_PACKAGES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r'pip install "bayes_rglm\[demo\]"'):
        entry.data()


def test_simulate_is_decided_by_its_seed(entry):
    X, y, truth = entry.simulate(3, 40)
    again_X, again_y, again_truth = entry.simulate(3, 40)
    assert X.shape[0] == 40
    assert y.shape == (40,)
    assert np.isfinite(X).all()
    assert np.isfinite(y).all()
    assert X.tobytes() == again_X.tobytes()
    assert y.tobytes() == again_y.tobytes()
    assert all(np.array_equal(truth[site], again_truth[site]) for site in truth)
    assert not np.array_equal(X, entry.simulate(4, 40)[0])


def test_the_simulated_truth_lies_well_inside_the_default_prior(entry):
    X, y, truth = entry.simulate(0, 300)
    problem = Problem(entry.spec, Design.from_arrays(X, y))
    with jax.enable_x64(True):
        log_prior = jax.jit(lambda theta: sum(problem.log_prior(theta).values()))
        # y is given: its sampler would be compiled for nothing.
        draws = Predictive(problem.numpyro_model, num_samples=200)(jax.random.key(0), **problem.model_kwargs)
        del draws["y"]
        assert set(truth) == set(draws)
        assert {site: np.shape(value) for site, value in truth.items()} == {s: draws[s].shape[1:] for s in truth}
        level = jax.vmap(log_prior)(draws)
        assert float(log_prior(truth)) > np.quantile(level, 0.05)


def test_published_answers_maximise_the_likelihood(entry, problem):
    if not entry.reference:
        source = entry.path.read_text().splitlines()
        assert source[source.index("REFERENCE = {}") - 1].startswith("# "), "an empty REFERENCE says why"
        return
    assert entry.reference["source"]
    with jax.enable_x64(True):
        theta = {site: np.asarray(value, float) for site, value in entry.reference["sites"].items()}
        flat, unravel = ravel_pytree(theta)
        both = jax.jit(jax.value_and_grad(lambda v: jnp.sum(problem.log_likelihood(unravel(v)))))
        value, slope = both(flat)
        assert float(value) == pytest.approx(entry.reference["log_likelihood"], abs=1e-6)
        information, unit = curvature(lambda v: np.asarray(both(v)[1]), np.asarray(flat))
    slope = np.asarray(slope)
    step = np.linalg.lstsq(information * np.outer(unit, unit), slope * unit, rcond=1e-9)[0]
    assert 0.5 * step @ (slope * unit) < 1e-6, "half the Newton decrement: what the likelihood could still gain"


def curvature(slope, at):
    """Minus the Hessian by central differences of the slope, and the step of each coordinate, about a standard error:
    an exact Hessian would compile for longer than everything else here takes.
    """
    unit = np.array([1 / np.sqrt(max(-second(slope, at, j), 1e-300)) for j in range(len(at))])
    rows = [(slope(at - 1e-4 * unit * e) - slope(at + 1e-4 * unit * e)) / (2e-4 * unit @ e) for e in np.eye(len(at))]
    return 0.5 * (np.array(rows) + np.array(rows).T), unit


def second(slope, at, j):
    """The second derivative along coordinate j, from a step that is small against its size."""
    step = 1e-7 * max(abs(at[j]), 1e-3) * np.eye(len(at))[j]
    return float((slope(at + step)[j] - slope(at - step)[j]) / (2 * step[j]))

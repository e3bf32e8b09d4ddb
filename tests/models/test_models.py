"""Every file of models/: the same five names, a longhand model that is the library's to rounding, honest data."""

import ast
import inspect
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from numpyro.infer import Predictive
from numpyro.infer.util import compute_log_probs, log_density
from scipy.optimize import minimize
from scipy.stats import chi2

from bayes_rglm import families, gallery, links, priors
from bayes_rglm import spec as specification
from bayes_rglm.design import Design
from bayes_rglm.errors import MissingExtra
from bayes_rglm.problem import Problem

POINTS = 12
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


def prior_draws(entry, X, count=POINTS, seed=0):
    """Sites from the longhand prior, {site: (count, ...)}."""
    draws = Predictive(entry.model, num_samples=count)(jax.random.key(seed), jnp.asarray(X))
    return {name: value for name, value in draws.items() if name != "y"}


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


def test_there_is_a_file_for_each_of_the_first_rows():
    assert {"real_identity", "binary_logit", "count_log", "recursive_binary"} <= set(gallery.names())


def test_a_file_has_the_five_names_and_no_others(entry):
    assert bound_names(ast.parse(entry.path.read_text())) == list(gallery.NAMES)
    assert list(inspect.signature(entry.model).parameters) == ["X", "y"]
    assert list(inspect.signature(entry.data).parameters) == []
    assert list(inspect.signature(entry.simulate).parameters) == ["seed", "n"]


def test_a_file_reads_on_one_screen(entry):
    assert len(inspect.getsource(entry.model).splitlines()) <= 35
    assert " ~ " in entry.doc, "the formulas stand on top"
    assert "Data: " in entry.doc
    assert "Licence: " in entry.doc


def test_the_longhand_log_joint_is_the_librarys(entry, design, problem):
    with jax.enable_x64(True):
        draws = prior_draws(entry, design.X)
        longhand = jax.vmap(lambda theta: log_density(entry.model, (design.X, design.y), {}, theta)[0])(draws)
        library = jax.vmap(problem.log_joint)(draws)
        assert longhand.shape == (POINTS,)
        assert np.isfinite(longhand).all()
        np.testing.assert_allclose(library, longhand, rtol=1e-10, atol=1e-10)


def test_site_by_site_and_row_by_row_they_agree_too(entry, design, problem):
    with jax.enable_x64(True):
        theta = {site: value[0] for site, value in prior_draws(entry, design.X, count=1, seed=1).items()}
        parts, trace = compute_log_probs(entry.model, (design.X, design.y), {}, theta, sum_log_prob=False)
        rows = parts.pop("y")
        assert [frame.name for frame in trace["y"]["cond_indep_stack"]] == ["obs"]
        prior = problem.log_prior(theta)
        assert set(prior) == set(parts)
        for site, value in prior.items():
            assert float(value) == pytest.approx(float(jnp.sum(parts[site])), rel=1e-10, abs=1e-10), site
        np.testing.assert_allclose(problem.log_likelihood(theta), rows, rtol=1e-10, atol=1e-10)


def test_numpyros_predictive_runs_on_the_librarys_model(entry, design, problem):
    with jax.enable_x64(True):
        draws = prior_draws(entry, design.X)
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
        arguments = {name: value for name, value in problem.model_kwargs.items() if name != "y"}
        draws = Predictive(problem.numpyro_model, num_samples=200)(jax.random.key(0), **arguments)
        assert set(truth) == set(draws) - {"y"}
        assert {site: np.shape(value) for site, value in truth.items()} == {s: draws[s].shape[1:] for s in truth}
        level = jax.vmap(log_prior)({site: draws[site] for site in truth})
        assert float(log_prior(truth)) > np.quantile(level, 0.05)


def test_the_simulated_truth_is_as_likely_as_a_truth_should_be(entry):
    """Twice the log likelihood ratio of the best fit to the truth is at most chi-squared, a parameter each (Wilks)."""
    X, y, truth = entry.simulate(1, 600)
    problem = Problem(entry.spec, Design.from_arrays(X, y))
    with jax.enable_x64(True):
        best = posterior_mode(problem, truth)
        gain = float(jnp.sum(problem.log_likelihood(best)) - jnp.sum(problem.log_likelihood(truth)))
    assert 0 < 2 * gain < chi2.ppf(0.999, problem.size)


def posterior_mode(problem, start):
    """A mode near `start`, found in coordinates whitened there."""
    z, unravel = ravel_pytree(problem.unconstrain(start))
    loss = jax.jit(lambda v: -problem.log_density(unravel(v)))
    eigenvalues, basis = np.linalg.eigh(jax.jit(jax.hessian(loss))(z))
    spread = basis / np.sqrt(np.abs(eigenvalues))
    slope = jax.jit(jax.grad(loss))
    found = minimize(
        lambda u: float(loss(z + spread @ u)),
        np.zeros(z.size),
        jac=lambda u: spread.T @ np.asarray(slope(z + spread @ u)),
    )
    return problem.constrain(unravel(jnp.asarray(z + spread @ found.x)))


def test_published_answers_maximise_the_likelihood(entry, problem):
    if not entry.reference:
        source = entry.path.read_text().splitlines()
        assert source[source.index("REFERENCE = {}") - 1].startswith("# "), "an empty REFERENCE says why"
        return
    assert entry.reference["source"]
    with jax.enable_x64(True):
        theta = {site: np.asarray(value, float) for site, value in entry.reference["sites"].items()}
        flat, unravel = ravel_pytree(theta)
        likelihood = jax.jit(lambda v: jnp.sum(problem.log_likelihood(unravel(v))))
        assert float(likelihood(flat)) == pytest.approx(entry.reference["log_likelihood"], abs=1e-6)
        slope, information = np.asarray(jax.grad(likelihood)(flat)), -np.asarray(jax.hessian(likelihood)(flat))
    unit = 1 / np.sqrt(np.diag(information))
    step = np.linalg.lstsq(information * np.outer(unit, unit), slope * unit, rcond=None)[0]
    assert 0.5 * step @ (slope * unit) < 1e-6, "half the Newton decrement: what the likelihood could still gain"

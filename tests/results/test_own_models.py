"""Tables, pages and files of fits of NumPyro functions, whose sites may bear the names of ours or of a network's."""

import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

import bayes_rglm as rglm
from bayes_rglm import RGLM, Draws, Fit, Problem, priors
from bayes_rglm.errors import DataError, FileError

RNG = np.random.default_rng(4)
X = RNG.normal(size=(12, 2))
Y = X @ [1.0, -1.0] + RNG.normal(size=12)
INNER = RGLM("gaussian", prior={"beta": priors.Normal(scale=2.0), "intercept": priors.Normal()})


def with_network(X, y):
    eta = INNER.network(X, prefix="f")
    numpyro.sample("y", dist.Normal(eta, 1.0), obs=y)


def line(X, y):
    beta = numpyro.sample("beta", dist.Normal(0.0, 1.0).expand([X.shape[1]]).to_event(1))
    intercept = numpyro.sample("intercept", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(X @ beta + intercept, 1.0), obs=y)


def drawn(function, prefix="", kind="mcmc", count=20):
    samples = {f"{prefix}beta": RNG.normal(size=(2, count, 2)), f"{prefix}intercept": RNG.normal(size=(2, count))}
    if kind == "point":
        samples = {name: value[:1, :1] for name, value in samples.items()}
    return Fit.from_draws(Problem.from_numpyro(function, {"X": X, "y": Y}), Draws(samples, kind), "own")


@pytest.mark.parametrize("kind", ["mcmc", "point"])
@pytest.mark.parametrize(("function", "prefix"), [(with_network, "f/"), (line, "")])
def test_sites_of_an_own_model_have_rows_in_tables_and_pages(function, prefix, kind, tmp_path):
    found = drawn(function, prefix, kind)
    table, dot = found.summary(), prefix.replace("/", ".")
    assert list(table.index) == [f"{dot}beta[0]", f"{dot}beta[1]", f"{dot}intercept"]
    value = table["mean" if kind == "mcmc" else "estimate"]
    assert value.iloc[1] == pytest.approx(found.draws.samples[f"{prefix}beta"][..., 1].mean())
    page = rglm.write_report(found, tmp_path / "own.html")
    assert f"{dot}beta[1]" in page.read_text()


def shares(y):
    share = numpyro.sample("share", dist.Dirichlet(np.ones(3)))
    numpyro.sample("y", dist.Categorical(probs=share), obs=y)


def test_a_file_is_read_back_for_its_own_problem_only(tmp_path):
    found = drawn(line)
    found.save(tmp_path / "line.nc")
    again = rglm.load(tmp_path / "line.nc", problem=found.problem)
    np.testing.assert_array_equal(again.draws.samples["beta"], found.draws.samples["beta"])
    other = Problem.from_numpyro(with_network, {"X": X, "y": Y})
    wider = Problem.from_numpyro(line, {"X": np.ones((12, 3)), "y": Y})
    ours = Problem(RGLM("gaussian"), rglm.Design.from_arrays(X, Y))
    refused = (other, "missing: f/beta"), (wider, r"\(2, 20, 2\)"), (ours, "missing: sigma"), (line, "function")
    for problem, says in refused:
        with pytest.raises(FileError, match=says):
            rglm.load(tmp_path / "line.nc", problem=problem)


def test_draws_of_a_simplex_have_its_own_shape(tmp_path):
    problem = Problem.from_numpyro(shares, {"y": np.array([0, 1, 2, 2])})
    found = Fit.from_draws(problem, {"share": RNG.dirichlet(np.ones(3), (2, 20))})
    found.save(tmp_path / "shares.nc")
    assert rglm.load(tmp_path / "shares.nc", problem=problem).draws.samples["share"].shape == (2, 20, 3)


def test_a_fit_without_the_random_scales_of_its_prior_is_read_back(tmp_path):
    model = RGLM("gaussian", prior={"beta": priors.HierarchicalNormal()})
    found = rglm.fit(model, (X, Y), "ml")
    assert "beta_scale" not in found.draws.samples
    found.save(tmp_path / "ml.nc")
    again = rglm.load(tmp_path / "ml.nc", problem=found.problem)
    np.testing.assert_array_equal(again.draws.samples["beta"], found.draws.samples["beta"])
    prior = model.with_prior({"beta": priors.HierarchicalNormal(scale=2.0)})
    with pytest.raises(FileError, match="another model"):
        rglm.load(tmp_path / "ml.nc", problem=Problem(prior, found.design))


@pytest.mark.parametrize(
    ("problem", "draws", "says"), [(1, {}, "found: int"), (None, 3, "found: int"), (None, {}, "beta")]
)
def test_what_are_no_draws_of_a_problem_is_refused(problem, draws, says):
    problem = Problem(RGLM("gaussian"), rglm.Design.from_arrays(X, Y)) if problem is None else problem
    with pytest.raises(DataError, match=says):
        Fit.from_draws(problem, draws)

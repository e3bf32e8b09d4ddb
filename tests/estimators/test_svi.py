"""Variational inference: exact for a Gaussian posterior, low variances of the mean field, batches, the verdict."""

import threading

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from bayes_rglm import RGLM, Design, Problem, estimators, fit
from bayes_rglm.errors import EstimatorError
from bayes_rglm.estimators import SVI, Monitor
from bayes_rglm.estimators.svi import _verdict
from bayes_rglm.fitting import Progress
from bayes_rglm.priors import Flat, Normal


@pytest.fixture(scope="module")
def problem():
    """A Gaussian posterior with correlated slopes."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 2)) @ [[1.0, 0.9], [0.0, 0.45]]
    y = X @ [1.0, -1.0] + 0.5 * rng.normal(size=80)
    model = RGLM("gaussian", prior={"default": Normal(scale=2.0), "intercept": Normal(scale=2.0)}, fixed={"sigma": 0.5})
    return Problem(model, Design.from_arrays(X, y))


@pytest.fixture(scope="module")
def exact(problem):
    with jax.enable_x64(True):
        return estimators.Laplace().approximation(problem)


@pytest.mark.parametrize("guide", ["full_rank", "low_rank"])
def test_a_gaussian_posterior_is_found(problem, exact, guide):
    found = fit(problem, estimator=SVI(guide=guide, steps=3000, particles=8))
    assert found.status == "ok", found.labels
    beta, sd = found.draws.samples["beta"], np.sqrt(np.diag(exact.covariance))[:2]
    assert np.all(np.abs(beta.mean((0, 1)) - exact.mean[:2]) < 0.1 * sd)
    np.testing.assert_allclose(beta.std((0, 1)), sd, rtol=0.15)
    assert found.draws.info["elbo"] <= exact.log_evidence + 1e-3
    assert found.draws.info["elbo"] > exact.log_evidence - 0.1
    assert len(found.draws.info["trace"]) == 50


def test_the_mean_field_is_too_narrow(problem, exact):
    """For a Gaussian its variances are those given all others: 1 / precision, known exactly."""
    found = fit(problem, estimator=SVI(guide="mean_field", steps=3000, particles=8))
    narrow = found.draws.samples["beta"].std((0, 1))
    assert np.all(narrow < 0.8 * np.sqrt(np.diag(exact.covariance))[:2])
    assert found.draws.info["elbo"] < exact.log_evidence - 0.1


def test_batches_have_the_whole_as_their_mean(problem, exact):
    found = fit(problem, estimator=SVI(guide="full_rank", steps=4000, batch_size=20))
    sd = np.sqrt(np.diag(exact.covariance))[:2]
    assert np.all(np.abs(found.draws.samples["beta"].mean((0, 1)) - exact.mean[:2]) < 0.5 * sd)
    np.testing.assert_allclose(found.draws.samples["beta"].std((0, 1)), sd, rtol=0.3)


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (np.linspace(100.0, 50.0, 50), True),
        (np.full(50, 60.0), False),
        (60.0 + np.tile([1.0, -1.0], 25), False),
        (np.append(np.full(49, 60.0), np.nan), True),
    ],
)
def test_the_verdict_on_a_trace_of_losses(loss, told):
    settings = SVI(steps=50)._settings(_Sized())
    names = [label.name for label in _verdict({"loss": loss}, 50, settings)]
    assert names == ["not_converged"] * told
    assert _verdict({"loss": loss[:20]}, 20, settings)[0].name == "interrupted"


class _Sized:
    """What the settings read of a problem."""

    size, n = 3, 40


def test_what_has_no_batches(world):
    def model(x, y):
        slope = numpyro.sample("slope", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(slope * x, 1.0), obs=y)

    y = world.frame("gaussian")["y"].to_numpy()
    foreign = Problem.from_numpyro(model, {"x": np.ones(len(y)), "y": y})
    with pytest.raises(EstimatorError, match="batch_size=10"):
        fit(foreign, estimator=SVI(batch_size=10))


def test_an_improper_posterior_is_refused():
    """As NUTS does: a Gaussian was fitted to it, 366 +- 51, and said to be fit for predictions."""
    x = np.linspace(-1.0, 1.0, 40)
    flat = RGLM("bernoulli", prior={"beta": Flat(), "intercept": Flat()})
    with pytest.raises(EstimatorError, match="separated"):
        fit(flat, (x[:, None], (x > 0) * 1.0), SVI(steps=3000))


class _Listener(Monitor):
    """Keeps reports; says stop after the first."""

    def __init__(self, stop):
        self.stop, self.reports = stop, []

    def update(self, done, total, text=""):
        self.reports.append((done, total, text))

    @property
    def stopping(self):
        return self.stop and bool(self.reports)


def test_the_search_for_the_mode_reports_and_hears_a_stop(world):
    whole, cut = _Listener(False), _Listener(True)
    fit(world.problem("gaussian"), estimator=world.tiny("svi"), monitor=whole)
    done, totals, texts = zip(*whole.reports, strict=True)
    assert done == tuple(range(1, 52))
    assert set(totals) == {51}
    assert texts[0].startswith("log density")
    found = fit(world.problem("gaussian"), estimator=world.tiny("svi"), monitor=cut)
    assert found.labels[-1].name == "interrupted"
    assert len(cut.reports) == 2, "one start, and one block of steps to keep"


def test_progress_forgets_the_threads_of_an_earlier_phase(capsys):
    shown = Progress("SVI", show=True)
    early = threading.Thread(target=shown.update, args=(1, 52))
    early.start()
    early.join()
    shown.update(52, 52)
    assert "100 %" in capsys.readouterr().err

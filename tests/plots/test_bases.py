"""The learned basis functions and the calibration plot: the numbers that are drawn, and what is refused."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, plots, predict
from bayes_rglm.errors import DataError, EstimatorError
from bayes_rglm.plots import hidden as module

RNG = np.random.default_rng(3)


def network(family="gaussian", p=1, chains=1, draws=1, y=None, log_weights=None, **options):
    """A network of four units whose draws are random numbers."""
    X = RNG.uniform(-2.0, 3.0, (30, p)) * np.array([1.0, 10.0][:p])
    y = np.sin(X[:, 0]) if y is None else y
    problem = Problem(RGLM(family, hidden=(4,), **options), Design.from_arrays(X, y, columns=["dose", "age"][:p]))
    samples = {}
    for name, shape in problem.layout:
        values = RNG.normal(size=(chains, draws, *shape))
        samples[name] = np.exp(values) if name == "sigma" else values
    kind = "point" if chains * draws == 1 else "mcmc"
    return Fit(problem, Draws(samples, kind, log_weights=log_weights), "made")


def test_parts_add_up_to_the_linear_predictor_and_units_are_those_of_predict():
    fit = network()
    shown = plots.basis(fit)
    rows = shown.x[:, None]
    hidden = predict(fit, rows, kind="hidden")["h_1"].to_numpy()[0, 0]
    np.testing.assert_allclose(shown.hidden[0], hidden, rtol=1e-12)
    np.testing.assert_allclose(shown.parts[0], hidden * fit.draws.samples["beta"][0, 0], rtol=1e-12)
    eta = predict(fit, rows, kind="linear").to_numpy()[0, 0]
    np.testing.assert_allclose(shown.predictor[0], eta, rtol=1e-12)
    intercept = fit.draws.samples["intercept"][0, 0]
    np.testing.assert_allclose(shown.parts[0].sum(1) + intercept, eta, rtol=1e-9, atol=1e-12)
    assert (shown.x[0], shown.x[-1]) == (fit.design.X.min(), fit.design.X.max())


def test_one_column_moves_and_the_others_stay_at_their_means():
    fit = network(p=2)
    shown = plots.basis(fit, "age")
    rows = np.column_stack([np.full(len(shown.x), fit.design.X[:, 0].mean()), shown.x])
    np.testing.assert_allclose(shown.predictor[0], predict(fit, rows, kind="linear").to_numpy()[0, 0], rtol=1e-12)


def test_several_columns_are_walked_along_their_first_component():
    fit = network(p=2)
    design = fit.design
    shown = plots.basis(fit)
    assert shown.label == module.PRINCIPAL
    scaled = (design.X - design.X.mean(0)) / design.X.std(0)
    assert shown.seen.var() == pytest.approx(np.linalg.eigvalsh(np.cov(scaled.T, ddof=0)).max())
    # the scores of two correlated columns of unit variance lie along the diagonal
    direction = np.linalg.eigh(np.cov(scaled.T))[1][:, -1]
    np.testing.assert_allclose(np.abs(scaled @ direction), np.abs(shown.seen), rtol=1e-9, atol=1e-12)


def test_draws_are_shown_one_by_one_and_by_their_weights():
    fit = network(chains=2, draws=50)
    shown = plots.basis(fit, draws=4)
    assert shown.draws.tolist() == [[0, 12], [0, 37], [1, 12], [1, 37]]
    chain, draw = shown.draws[3]
    theta = {name: value[chain, draw] for name, value in fit.draws.samples.items()}
    np.testing.assert_allclose(shown.predictor[3], fit.problem.linear_predictor(theta, shown.x[:, None]), rtol=1e-12)
    heavy = np.full((1, 20), -30.0)
    heavy[0, 7] = 0.0
    assert plots.basis(network(draws=20, log_weights=heavy), draws=3).draws.tolist() == [[0, 7]]


def test_a_fit_that_predicts_by_its_tangent_is_drawn_by_it():
    for family, level, padded in (("gaussian", None, False), ("categorical", 1, True)):
        y, coding = (np.arange(30) % 3.0, {"coding": "reference"}) if padded else (None, {})
        made = network(family, draws=6, y=y, **coding)
        mode = {name: value[0, 0] for name, value in made.draws.samples.items()}
        fit = Fit(made.problem, replace(made.draws, kind="approximation", linearised_at=mode), "Laplace")
        shown = plots.basis(fit, draws=6, level=level)
        eta = predict(fit, shown.x[:, None], kind="linear").to_numpy()[0]
        np.testing.assert_allclose(shown.predictor, eta[..., 1] if padded else eta, rtol=1e-9, atol=1e-9)
        intercept = fit.draws.samples["intercept"][0][:, [0]] if padded else fit.draws.samples["intercept"][0][:, None]
        np.testing.assert_allclose(shown.parts.sum(2) + intercept, shown.predictor, rtol=1e-9, atol=1e-9)
        at_mode = plots.basis(made, draws=6, level=level)
        np.testing.assert_allclose(shown.parts[0], at_mode.parts[0], rtol=1e-12)  # the mode is the first draw
        assert np.abs(shown.parts[1:] - at_mode.parts[1:]).max() > 0.1


def test_the_figures_show_every_unit_and_their_sum():
    fit = network()
    hidden, parts = plots.bases(fit).axes
    shown = plots.basis(fit)
    curves = [line for line in parts.lines if len(line.get_xdata()) == module.POINTS]
    assert len(curves) == 5
    np.testing.assert_allclose(max(curves, key=lambda line: line.get_linewidth()).get_ydata(), shown.predictor[0])
    assert sum(len(line.get_xdata()) == module.POINTS for line in hidden.lines) == 4
    assert {text.get_text() for text in hidden.texts} == {"1", "2", "3", "4"}
    several = plots.bases(network(chains=2, draws=50))
    assert len(several.axes) == 3
    assert several.axes[0].get_title(loc="left").startswith("chain 0, draw")
    assert "numbered anew in each draw" in several.texts[0].get_text()


def test_a_level_has_a_predictor_of_its_own():
    y = np.arange(30) % 3.0
    fit = network("categorical", y=y)
    shown = plots.basis(fit, level=1)
    eta = predict(fit, shown.x[:, None], kind="linear").to_numpy()[0, 0]
    np.testing.assert_allclose(shown.predictor[0], eta[:, 1], rtol=1e-12)
    np.testing.assert_allclose(plots.basis(fit).predictor[0], eta[:, 2], rtol=1e-12)
    padded = network("categorical", y=y, coding="reference")
    np.testing.assert_allclose(
        plots.basis(padded, level=1).parts[0].sum(1) + padded.draws.samples["intercept"][0, 0, 0],
        plots.basis(padded, level=1).predictor[0],
        rtol=1e-9,
    )
    for fitted, level, says in ((padded, 0, "reference level"), (fit, 7, "no such level"), (network(), 1, "unordered")):
        with pytest.raises(DataError, match=says):
            plots.basis(fitted, level=level)


def test_what_has_no_basis_is_refused(world):
    flat = Fit.from_draws(
        world.problem("bernoulli"), {name: np.zeros((1, 1, *s)) for name, s in world.problem("bernoulli").layout}
    )
    with pytest.raises(EstimatorError, match="hidden=\\(8,\\)"):
        plots.bases(flat)
    with pytest.raises(DataError, match=r"no such column.*\n.*'weight'.*\n.*dose, age"):
        plots.basis(network(p=2), "weight")
    with pytest.raises(DataError, match="how many draws"):
        plots.basis(network(), draws=0)


# calibration ---------------------------------------------------------------------------------------------------------


def test_the_calibration_plot_is_arviz_on_the_transforms():
    from matplotlib import pyplot

    from bayes_rglm import residuals

    before, fit = dict(mpl.rcParams), network(draws=40)
    figure = plots.calibration(fit)
    u = np.sort(residuals.transform(fit))
    x, y = next(line.get_data() for line in figure.axes[0].lines if len(line.get_xdata()) > 20)
    at = (x > 0) & (x < 1)
    expected = np.searchsorted(u, x[at] + 1e-9, side="right") / len(u) - x[at]
    assert np.max(np.abs(np.asarray(y)[at] - expected)) <= 1.01 / len(u)
    assert pyplot.get_fignums() == []
    assert dict(mpl.rcParams) == before
    with pytest.raises(DataError, match="at least 5"):
        plots.calibration(fit, (fit.design.X[:3], fit.design.y[:3]))

"""The numbers behind the figures, and that figures show them; pixels are not compared."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

from bayes_rglm import RGLM, Design, Draws, Fit, Problem, evaluation, fit, plots
from bayes_rglm.errors import DataError, EstimatorError, RGLMError
from bayes_rglm.plots import grids, outcomes, predicted, style
from bayes_rglm.studies import contrast

POINTS = {"ML": "ml", "MAP": "map"}
FORMULA = "y ~ age + dose + year"


def posterior(world):
    """Draws that stand for a posterior, without a sampler's compiling."""
    rng = np.random.default_rng(1)
    samples = {"beta": rng.normal(size=(2, 100, 3)), "intercept": rng.normal(size=(2, 100))}
    return Fit.from_draws(world.problem("gaussian"), samples | {"sigma": rng.gamma(9.0, 0.1, (2, 100))})


@pytest.fixture(scope="module")
def study(world):
    return contrast(world.model("bernoulli"), (FORMULA, world.frame("bernoulli")), POINTS, seed=4)


@pytest.fixture(scope="module")
def separated():
    x = np.linspace(-2.0, 3.0, 24)
    design = Design.from_arrays(np.column_stack([x, np.cos(7 * x)]), (x > 0.4).astype(float), columns=["x", "noise"])
    return {"ML": fit(RGLM("bernoulli"), design, "ml"), "MAP": fit(RGLM("bernoulli"), design, "map")}


def test_differences_shows_each_method_at_its_difference(study):
    axes = plots.differences(study).axes[0]
    drawn = sorted(float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1)
    np.testing.assert_allclose(drawn, sorted(study.comparison.table["difference"]))
    worse = study.comparison.table.iloc[1]
    bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 2.2]
    np.testing.assert_allclose(bars[0], worse["difference"] + 2 * worse["se"] * np.array([-1, 1]))
    texts = [text.get_text() for text in axes.texts]
    assert {"ML", "MAP", "reference"} <= set(texts)


@pytest.mark.parametrize("draw", [plots.differences, plots.gaps, plots.uniformity, plots.transforms_of])
def test_figures_of_a_comparison_need_one(study, draw):
    fitted = study.fits["MAP"]
    for wrong, says in (
        (fitted, r"found: Fit[\s\S]*rglm.compare"),
        (study.fits, r"'ML': Fit[\s\S]*rglm.compare"),
        (study.comparison.table, r"found: DataFrame[\s\S]*contrast or compare"),
        ({}, "an empty mapping"),
        ({"a": 1}, "'a': int"),
    ):
        with pytest.raises(DataError, match=says):
            draw(wrong)


@pytest.mark.parametrize("read", [plots.intervals, plots.reliability, plots.surface])
def test_numbers_of_a_fit_need_one(study, read):
    with pytest.raises(DataError, match=r"takes a fit\.\s*found: Contrast"):
        read(study)


def test_an_infinite_difference_is_an_arrow_and_not_a_point(study):
    table = study.comparison.table.copy()
    table.iloc[1, table.columns.get_indexer(["difference", "se", "log_score"])] = [-np.inf, np.nan, -np.inf]
    comparison = replace(study.comparison, table=table)
    for draw, points in ((plots.differences, 1), (plots.gaps, 3)):
        axes = draw(comparison).axes[0]
        assert sum(len(line.get_xdata()) == 1 for line in axes.lines) == points
        assert any(text.get_text() in ("beyond every axis", "held out: −∞") for text in axes.texts)


def test_gaps_join_training_and_held_out_scores(study):
    table = study.comparison.table
    lines = [line.get_xdata() for line in plots.gaps(study).axes[0].lines if len(line.get_xdata()) == 2]
    shown = {tuple(np.round(x, 12)) for x in lines}
    wanted = zip(table["train_log_score"].round(12), table["log_score"].round(12), strict=True)
    assert set(wanted) <= shown


def test_coefficients_are_per_standard_deviation_of_the_column(world):
    fits = {"ML": world.fit("gaussian", 1, "ml"), "NUTS": posterior(world)}
    found = {(e.method, e.column): e for e in plots.estimates(fits)}
    unit = world.X.std(axis=0)
    beta = fits["ML"].draws.samples["beta"][0, 0]
    draws = fits["NUTS"].draws.samples["beta"].reshape(-1, 3)
    for j, column in enumerate(world.columns):
        assert found["ML", column].value == pytest.approx(beta[j] * unit[j])
        nuts = found["NUTS", column]
        np.testing.assert_allclose([nuts.low, nuts.high], np.quantile(draws[:, j], [0.025, 0.975]) * unit[j])
    # 40 rows for 4 coefficients: ten rows per parameter, so that Wald's interval is given.
    table = fits["ML"].summary()
    np.testing.assert_allclose(found["ML", "dose"].low, table.loc["beta[dose]", "eti95_lb"] * unit[1])


def test_points_without_honest_intervals_have_none(world, separated):
    mode = plots.estimates({"MAP": world.fit("gaussian", 1, "map")})
    assert all(np.isnan([e.low, e.high]).all() and np.isfinite(e.value) for e in mode)
    infinite = [e for e in plots.estimates(separated) if e.method == "ML"]
    assert {e.column: e.value for e in infinite}["x"] == np.inf
    assert all(np.isnan([e.low, e.high]).all() for e in infinite)


def test_weights_of_draws_count_in_every_figure(world):
    """All the weight on the draws of the second chain: figures show that chain alone."""
    plain = posterior(world)
    weighted = np.where(np.arange(2)[:, None] == 1, np.zeros((2, 100)), -60.0)
    second = {k: np.repeat(v[1:], 2, axis=0) for k, v in plain.draws.samples.items()}
    parts = {"log_weights": weighted}, {"samples": second}
    fits = [replace(plain, draws=replace(plain.draws, **part)) for part in parts]
    for one, other in zip(*(plots.estimates({"it": own}) for own in fits), strict=True):
        np.testing.assert_allclose([one.value, one.low, one.high], [other.value, other.low, other.high], rtol=1e-9)
    shown = [plots.intervals(own).mean for own in fits]
    np.testing.assert_allclose(*shown, rtol=1e-9)
    assert not np.allclose(shown[0], plots.intervals(plain).mean, rtol=1e-3)


def test_an_infinite_coefficient_is_an_arrow_with_its_sign(separated):
    axes = plots.coefficients(separated).axes[0]
    assert "∞" in [text.get_text() for text in axes.texts]
    assert np.isfinite(axes.get_xlim()).all()


def test_a_network_has_no_coefficients(world):
    with pytest.raises(EstimatorError, match="no coefficient plot"):
        plots.coefficients({"MAP": world.fit("bernoulli", 2, "map")})


def test_different_coefficients_are_not_put_side_by_side(world):
    with pytest.raises(EstimatorError, match=r"cut-points: 3 coefficients, levels: 9 coeff.*\n.*coefficients\(fit\)"):
        plots.coefficients({"cut-points": world.drawn("ordinal"), "levels": world.drawn("categorical")})


def test_one_fit_is_a_figure_of_one_method(world, separated):
    for draw, fitted in (
        (plots.coefficients, world.fit("gaussian", 1, "ml")),
        (plots.predictions, world.fit("gaussian", 1, "ml")),
        (plots.surfaces, separated["MAP"]),
    ):
        figure = draw(fitted)
        words = [axes.get_title(loc="left") for axes in figure.axes]
        words += [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().texts]
        assert fitted.label in words
        for wrong, says in (({}, "at least one fit"), ([fitted], "found: list"), ({"a": 1}, "'a': int")):
            with pytest.raises(RGLMError, match=says):
                draw(wrong)


def test_reliability_is_the_isotonic_curve(study):
    curve = plots.reliability(study.fits["MAP"], study.test)
    assert (np.diff(curve.predicted) >= 0).all()
    assert (np.diff(curve.frequency) >= 0).all()
    assert curve.frequency.mean() == pytest.approx(study.test.y.mean())
    for level in np.unique(curve.frequency):
        assert curve.observed[curve.frequency == level].mean() == pytest.approx(level)


def test_reliability_is_for_binary_responses(world):
    with pytest.raises(DataError, match="binary"):
        plots.reliability(world.fit("gaussian", 1, "ml"))


def test_intervals_of_a_plug_in_gaussian_are_its_quantiles(world):
    fitted = world.fit("gaussian", 1, "ml")
    found = plots.intervals(fitted)
    sigma = float(fitted.draws.samples["sigma"][0, 0])
    np.testing.assert_allclose((found.high - found.low).mean(), 2 * 1.645 * sigma, rtol=0.05)
    theta = {name: value[0, 0] for name, value in fitted.draws.samples.items()}
    np.testing.assert_allclose(found.mean, fitted.problem.linear_predictor(theta))
    outside = (found.observed < found.low) | (found.observed > found.high)
    assert found.outside == outside.sum()


def test_intervals_are_drawn_for_every_method(world):
    fits = {"ML": world.fit("gaussian", 1, "ml"), "draws": posterior(world)}
    figure = plots.predictions(fits)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ML", "draws"]
    assert figure.axes[0].get_ylabel() == "y"
    bars = figure.axes[0].collections[0].get_segments()
    shown = plots.intervals(fits["ML"])
    order = np.argsort(shown.mean, kind="stable")
    np.testing.assert_allclose([b[:, 1] for b in bars], np.column_stack([shown.low, shown.high])[order])


def test_checks_of_many_rows_are_made_on_some_and_in_blocks(world, monkeypatch):
    """Evenly spaced in order of the observed value, ends included; blocks have one length, the last reaches back."""
    fitted = {"ML": world.fit("gaussian", 1, "ml"), "draws": posterior(world)}
    whole, n = plots.checked(fitted)
    assert n == len(whole["ML"].mean) == world.rows
    monkeypatch.setattr(predicted, "MOST_CHECKED", 10)
    some, n = plots.checked(fitted)
    assert n == world.rows
    seen = some["ML"].observed
    assert len(seen) == 10
    assert {seen.min(), seen.max()} == {fitted["ML"].design.y.min(), fitted["ML"].design.y.max()}
    np.testing.assert_array_equal(np.isin(some["ML"].mean, whole["ML"].mean), True)
    monkeypatch.setattr(predicted, "BLOCK", 7 * predicted.OUTCOMES)
    blocks = plots.intervals(fitted["draws"])
    np.testing.assert_allclose(blocks.mean, whole["draws"].mean)
    width = whole["draws"].high - whole["draws"].low
    np.testing.assert_allclose((blocks.high - whole["draws"].high) / width, 0.0, atol=0.1)
    slices = evaluation.blocks(40, 7)
    assert sorted({i for part in slices for i in range(40)[part]}) == list(range(40))
    assert {len(range(40)[part]) for part in slices} == {7}


def test_checks_and_surfaces_use_the_weights_of_draws():
    """All weight on one draw: the figures are that draw's."""
    x = np.linspace(0.0, 3.0, 30)
    problem = Problem(RGLM("gaussian"), Design.from_arrays(x[:, None], np.sin(x)))
    samples = {"beta": np.array([[[1.0], [-5.0]]]), "intercept": np.zeros((1, 2)), "sigma": np.full((1, 2), 1e-6)}
    draws = Draws(samples, "approximation", log_weights=np.array([[0.0, -800.0]]))
    fitted = Fit(problem, draws, "weighted")
    np.testing.assert_allclose(plots.intervals(fitted).mean, x, atol=1e-9)
    np.testing.assert_allclose(plots.intervals(fitted).low, x, atol=1e-4)
    shown = plots.surface(fitted)
    np.testing.assert_allclose(shown.low, shown.grid[:, 0], atol=1e-9)


def test_shares_where_counts_of_rows_would_not_fit():
    value = np.zeros(2000)
    many = plots.Intervals(value, value - 1, value + 1, np.where(np.arange(2000) < 150, 9.0, 0.0))
    few = plots.Intervals(*(np.asarray(v[:20]) for v in (many.mean, many.low, many.high, many.observed)))
    assert (outcomes._outside(many), outcomes._outside(few)) == ("7.5 % outside", "20 of 20 outside")
    unknown = plots.Intervals(value[:2], value[:2] - 1, value[:2] + 1, np.array([np.nan, 9.0]))
    assert (unknown.known, unknown.outside) == (1, 1), "a row seen only as an interval is neither inside nor outside"


def test_a_method_that_explodes_leaves_the_others_their_shades(separated):
    grid = plots.surface(separated["MAP"])
    calm = replace(grid, mean=np.linspace(1.0, 6.0, len(grid.mean)))
    wild = replace(grid, mean=np.linspace(0.0, 5600.0, len(grid.mean)))
    fits = {"MAP": posterior_of_counts(), "ML": posterior_of_counts()}
    for found in ({"MAP": calm, "ML": wild}, {"ML": wild, "NUTS": calm, "MAP": calm}):
        levels = grids._levels(fits, found)
        assert levels[0] >= 0
        assert levels[-1] <= 8
    shifted = replace(grid, mean=calm.mean + 5.0)
    assert grids._levels(fits, {"MAP": calm, "ML": shifted})[-1] >= 10


def posterior_of_counts():
    problem = Problem(RGLM("poisson"), Design.from_arrays(np.eye(3)[:, :2], np.array([0.0, 1.0, 2.0])))
    return Fit.from_draws(problem, {"beta": np.zeros((1, 2, 2)), "intercept": np.zeros((1, 2))})


def test_counts_that_range_far_do_not_hide_the_small_ones():
    few, far = np.array([0.0, 1.0, 2.0]), np.array([1.0, 4.0, 400.0])
    found = {"ML": plots.Intervals(few, few, far, few), "MAP": plots.Intervals(few, few, few + 1, few)}
    drawn = style.marks(found)
    near = {"MAP": found["MAP"]}
    for shown, scale in ((found, "symlog"), (near, "linear")):
        axes = outcomes._interval_figure(shown, drawn, "y", style.WIDE, True).axes[0]
        assert axes.get_yscale() == scale
    far_axes = outcomes._interval_figure(found, drawn, "y", style.WIDE, True).axes[0]
    labels = [label.get_text() for label in far_axes.get_yticklabels()]
    assert {"0", "1", "100"} <= set(labels)


def test_a_surface_is_the_mean_over_the_columns(separated):
    shown = plots.surface(separated["MAP"])
    assert shown.grid.shape[1] == 2
    assert ((shown.mean > 0) & (shown.mean < 1)).all()
    assert np.isnan(shown.low).all()
    design = separated["MAP"].design
    assert (shown.grid.min(0) < design.X.min(0)).all()
    assert (shown.grid.max(0) > design.X.max(0)).all()
    assert len(plots.surfaces(separated).axes) == 3


def test_a_surface_needs_one_or_two_columns(world):
    fits = {"MAP": world.fit("bernoulli", 2, "map")}
    assert not plots.drawable(fits)
    with pytest.raises(EstimatorError, match=r"one or two columns[\s\S]*MAP: family 'bernoulli', 3 columns"):
        plots.surfaces(fits)


def counted(columns):
    """Made-up draws of counts out of trials that differ from row to row."""
    rng = np.random.default_rng(3)
    X, trials = rng.uniform(1.0, 3.0, (20, columns)), np.resize([1.0, 4.0, 30.0], 20)
    design = Design.from_arrays(X, np.round(0.4 * trials), trials=trials)
    samples = {"beta": rng.normal(0.3, 0.1, (1, 60, columns)), "intercept": rng.normal(-1.0, 0.1, (1, 60))}
    return Fit.from_draws(Problem(RGLM("binomial"), design), samples)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_surface_of_counts_out_of_trials_is_their_share(columns):
    fitted = counted(columns)
    shown, draws = plots.surface(fitted), fitted.draws.samples
    share = 1 / (1 + np.exp(-draws["intercept"][0, :, None] - draws["beta"][0] @ shown.grid.T))
    np.testing.assert_allclose(shown.mean, share.mean(0))
    axes, *key = plots.surfaces(fitted).axes
    x, y = axes.lines[-1].get_data()
    np.testing.assert_array_equal(x, fitted.design.X[:, 0])
    if columns == 1:
        np.testing.assert_allclose(y, fitted.design.y / fitted.design.trials)
    assert (key[0].get_xlabel() if key else axes.get_ylabel()).endswith("share of y in trials")


def test_a_share_that_was_given_as_one_keeps_its_name():
    X, share = np.linspace(0.0, 1.0, 8)[:, None], np.resize([0.25, 0.5], 8)
    design = Design.from_arrays(X, share, weights=np.full(8, 4.0), weights_kind="trials")
    draws = {"beta": np.zeros((1, 1, 1)), "intercept": np.zeros((1, 1))}
    axes = plots.surfaces(Fit.from_draws(Problem(RGLM("binomial"), design), draws)).axes[0]
    assert axes.get_ylabel() == "y"
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), share)


def test_a_curve_has_a_band_over_draws():
    x = np.linspace(0.0, 3.0, 30)
    rng = np.random.default_rng(2)
    slopes, levels = rng.normal(1.0, 0.2, (1, 60, 1)), rng.normal(0.0, 0.1, (1, 60))
    samples = {"beta": slopes, "intercept": levels, "sigma": np.ones((1, 60))}
    fitted = Fit.from_draws(Problem(RGLM("gaussian"), Design.from_arrays(x[:, None], np.sin(x))), samples)
    shown = plots.surface(fitted)
    assert (shown.low <= shown.mean + 1e-12).all()
    assert (shown.mean <= shown.high + 1e-12).all()
    values = levels[0, :, None] + slopes[0] * shown.grid[:, 0]
    np.testing.assert_allclose(shown.mean, values.mean(0))
    np.testing.assert_allclose(shown.high, np.quantile(values, 0.95, axis=0))
    assert len(plots.surfaces({"draws": fitted}).axes) == 1


def test_the_settings_of_matplotlib_are_left_alone(study):
    before = dict(mpl.rcParams)
    plots.gaps(study).savefig("/dev/null", format="svg")
    assert dict(mpl.rcParams) == before


def test_narrow_figures_stack_their_panels(study):
    wide, narrow = (plots.predictions(study, width=w) for w in (style.WIDE, style.NARROW))
    assert wide.get_size_inches()[1] < narrow.get_size_inches()[1]
    assert len({round(a.get_position().x0, 6) for a in narrow.axes}) == 1


def test_methods_differ_by_shape_too():
    found = style.marks(["ML", "MAP", "NUTS", "ridge", "lasso"])
    assert len({m.marker for m in found.values()}) == len({m.colour for m in found.values()}) == 5
    assert style.marks(["NUTS"])["NUTS"] == found["NUTS"]

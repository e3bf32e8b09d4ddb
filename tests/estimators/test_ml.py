"""Maximum likelihood: R's numbers where they exist, and the words where they do not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayes_rglm import RGLM, Design, fit, gates
from bayes_rglm.priors import HalfNormal

sm = pytest.importorskip("statsmodels.api")
FAMILIES = {"gaussian": sm.families.Gaussian, "bernoulli": sm.families.Binomial, "poisson": sm.families.Poisson}
every_family = pytest.mark.parametrize("family", FAMILIES)


def ml(family, data, **options):
    return fit(RGLM(family), data, "ml", **options)


def against_statsmodels(found, X, y, family, intercept=True, **options):
    """Coefficients, errors, deviance and likelihood of `found` against statsmodels' GLM."""
    exog = sm.add_constant(X, prepend=False) if intercept else X
    kind = FAMILIES[family]()
    # From least squares on columns of order one, so that statsmodels' own tolerance is not what is measured.
    other = sm.GLM(y, exog, family=kind, **options).fit(tol=1e-14, maxiter=100)
    samples, errors = found.draws.samples, found.draws.info["errors"]
    ours = np.append(samples["beta"][0, 0], samples["intercept"][0, 0]) if intercept else samples["beta"][0, 0]
    theirs = np.append(errors["beta"], errors["intercept"]) if intercept else errors["beta"]
    np.testing.assert_allclose(ours, other.params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(theirs, other.bse, rtol=1e-5)
    info = found.draws.info
    np.testing.assert_allclose(info["deviance"], other.deviance, rtol=1e-8)
    np.testing.assert_allclose(info["dispersion"], other.scale, rtol=1e-7)
    assert info["df_resid"] == other.df_resid
    return other


@pytest.fixture(scope="module")
def table(world):
    """Centred columns of order one, for statsmodels' sake."""

    def make(family):
        X = (world.X - world.X.mean(0)) / world.X.std(0)
        return X, world.frame(family)["y"].to_numpy()

    return make


@every_family
def test_plain(table, family):
    X, y = table(family)
    found = ml(family, (X, y))
    other = against_statsmodels(found, X, y, family)
    assert found.status == "ok"
    if family != "gaussian":
        np.testing.assert_allclose(found.draws.info["log_likelihood"], other.llf, rtol=1e-10)
        np.testing.assert_allclose(found.draws.info["aic"], other.aic, rtol=1e-10)
    else:
        rows = stats.norm.logpdf(y, other.fittedvalues, found.draws.samples["sigma"].item())
        np.testing.assert_allclose(found.draws.info["log_likelihood"], rows.sum(), rtol=1e-10)
        np.testing.assert_allclose(found.draws.samples["sigma"].item(), np.sqrt(other.deviance / len(y)), rtol=1e-10)


@every_family
def test_with_an_offset(table, family):
    X, y = table(family)
    offset = np.linspace(-0.5, 0.5, len(y))
    against_statsmodels(ml(family, (X, y), offset=offset), X, y, family, offset=offset)


@every_family
def test_frequency_weights_are_repeated_rows(table, family):
    X, y = table(family)
    weights = np.resize([1.0, 3.0, 2.0], len(y))
    found = ml(family, (X, y), weights=weights, weights_kind="frequency")
    against_statsmodels(found, X, y, family, freq_weights=weights)
    repeated = ml(family, (X.repeat(weights.astype(int), 0), y.repeat(weights.astype(int))))
    np.testing.assert_allclose(found.draws.samples["beta"], repeated.draws.samples["beta"], rtol=1e-8)
    np.testing.assert_allclose(found.draws.info["errors"]["beta"], repeated.draws.info["errors"]["beta"], rtol=1e-8)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_importance_weights_give_estimates_and_no_errors(table, family):
    X, y = table(family)
    weights = np.linspace(0.3, 2.0, len(y))
    found = ml(family, (X, y), weights=weights, weights_kind="importance")
    other = sm.GLM(y, sm.add_constant(X, prepend=False), family=FAMILIES[family](), var_weights=weights).fit(tol=1e-14)
    samples = found.draws.samples
    ours = np.append(samples["beta"][0, 0], samples["intercept"][0, 0])
    np.testing.assert_allclose(ours, other.params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.draws.info["deviance"], other.deviance, rtol=1e-8)
    assert "errors" not in found.draws.info
    assert list(found.summary().columns) == ["status", "estimate"]


@every_family
def test_without_an_intercept_and_without_columns(table, family):
    X, y = table(family)
    found = fit(RGLM(family), Design.from_arrays(X, y, intercept=False), "ml")
    against_statsmodels(found, X, y, family, intercept=False)
    only = ml(family, ("y ~ 1", pd.DataFrame({"y": y})))
    link = RGLM(family).link
    np.testing.assert_allclose(only.draws.samples["intercept"].item(), link.forward(np.float64(y.mean())), rtol=1e-10)
    assert next(iter(only.summary().index)) == "intercept"


def test_columns_on_wild_scales_keep_their_digits():
    """Longley's table: condition number 5e9 in raw units, answers certified by NIST (StRD)."""
    data = sm.datasets.longley.load_pandas()
    found = ml("gaussian", (data.exog, data.endog))
    certified = [15.0618722713733, -0.358191792925910e-01, -2.02022980381683, -1.03322686717359]
    certified += [-0.511041056535807e-01, 1829.15146461355]
    errors = [84.9149257747669, 0.334910077722432e-01, 0.488399681651699, 0.214274163161675]
    errors += [0.226073200069370, 455.478499142212]
    np.testing.assert_allclose(found.draws.samples["beta"][0, 0], certified, rtol=1e-8)
    np.testing.assert_allclose(found.draws.samples["intercept"].item(), -3482258.63459582, rtol=1e-8)
    np.testing.assert_allclose(found.draws.info["errors"]["beta"], errors, rtol=1e-8)
    np.testing.assert_allclose(found.draws.info["errors"]["intercept"], 890420.383607373, rtol=1e-8)
    assert found.status == "ok"


# where there is no maximum -------------------------------------------------------------------------------------------

LINE = np.linspace(-1.0, 1.0, 20)
NOISE = np.random.default_rng(0).normal(size=20)


def separated(case):
    """(family, frame, y, columns that run away, columns that stay) of data without a maximum."""
    rare = (np.arange(20) < 4).astype(float)
    coin = (NOISE + np.random.default_rng(1).normal(size=20) > 0).astype(float)
    counts = np.random.default_rng(2).poisson(2.0, 20).astype(float)
    match case:
        case "complete":
            return "bernoulli", {"x": LINE, "z": NOISE}, (LINE > 0) * 1.0, {"x"}, set()
        case "quasi-complete":
            coin[:4] = 1.0
            return "bernoulli", {"z": NOISE, "rare": rare}, coin, {"rare"}, {"z", "intercept"}
        case "a cell of zero counts":
            counts[:4] = 0.0
            return "poisson", {"z": NOISE, "rare": rare}, counts, {"rare"}, {"z", "intercept"}
        case "one class":
            return "bernoulli", {"z": NOISE}, np.zeros(20), {"intercept"}, set()
        case "no counts":
            return "poisson", {"z": NOISE}, np.zeros(20), {"intercept"}, set()
        case "far units":
            coin[:4] = 0.0
            return "bernoulli", {"z": 1e6 + 1e3 * NOISE, "rare": 500.0 + 1e-3 * rare}, coin, {"rare"}, {"z"}
    raise AssertionError(case)


CASES = ["complete", "quasi-complete", "a cell of zero counts", "one class", "no counts", "far units"]


@pytest.mark.parametrize("case", CASES)
def test_separation_is_a_label_that_names_the_columns(case):
    family, frame, y, runs, stays = separated(case)
    found = ml(family, (pd.DataFrame(frame), y))
    assert found.status == "mle_infinite"
    named = set(found.labels[0].columns)
    assert runs <= named
    assert not named & stays
    assert all(name in found.labels[0].message for name in named)
    assert "prior" in found.labels[0].advice


@pytest.mark.parametrize("case", CASES)
def test_a_summary_of_separated_data_prints_no_such_numbers(case):
    family, frame, y, *_ = separated(case)
    found = ml(family, (pd.DataFrame(frame), y))
    table = found.summary()
    assert table.columns[0] == "status"
    for name in found.labels[0].columns:
        row = table.loc[name if name == "intercept" else f"beta[{name}]"]
        assert row["status"] == "mle_infinite"
        assert np.isinf(row["estimate"])
        assert np.isnan(row[["std_error", "z", "eti95_lb", "eti95_ub"]].astype(float)).all()


def test_the_sign_of_an_infinite_estimate():
    family, frame, y, *_ = separated("quasi-complete")
    assert ml(family, (pd.DataFrame(frame), y)).summary().loc["beta[rare]", "estimate"] == np.inf
    family, frame, y, *_ = separated("a cell of zero counts")
    assert ml(family, (pd.DataFrame(frame), y)).summary().loc["beta[rare]", "estimate"] == -np.inf


def test_one_separated_row_among_thousands_is_found():
    """Its gradient is far below any tolerance on the mean."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-x))) * 1.0
    rare = np.zeros(20_000)
    rare[0], y[0] = 1.0, 0.0
    found = ml("bernoulli", (pd.DataFrame({"x": x, "rare": rare}), y))
    assert found.labels[0].columns == ("rare",)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_no_false_alarm_on_fifty_overlapping_tables(family):
    """Every row occurs with both outcomes, so no direction can favour one; small counts are zero half the time."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        half = rng.normal(size=(12, 3)) * [1.0, 100.0, 1e-3] + [0.0, 2000.0, 0.0]
        X, y = np.vstack([half, half]), np.repeat([0.0, 1.0], 12)
        found = ml(family, (X, y))
        assert found.status == "ok", (seed, found.labels)
        full = np.column_stack([np.ones(24), (X - X.mean(0)) / X.std(0)])
        assert gates.recession_direction(full, *RGLM(family).family.separation(y)) is None


@pytest.mark.parametrize("seed", range(10))
def test_separated_means_that_a_line_separates(seed):
    """The programme against the definition, on small tables: some half-space holds all ones, its complement all
    zeros.
    """
    rng = np.random.default_rng(100 + seed)
    X = np.column_stack([np.ones(8), rng.normal(size=(8, 2))])
    y = (rng.random(8) < 0.5) * 1.0
    s = np.where(y == 1, 1.0, -1.0)[:, None]
    # Directions that two rows fix are enough: the cone's rays; the middle of neighbours covers its inside.
    rays = [np.cross(X[i], X[j]) for i in range(8) for j in range(8) if i < j]
    rays = np.array([r / np.linalg.norm(r) for r in rays])
    tries = np.vstack([rays, -rays, (rays[:, None] + rays[None]).reshape(-1, 3), (rays[:, None] - rays).reshape(-1, 3)])
    margins = (s * X) @ tries.T
    by_hand = bool(np.any((margins >= -1e-9).all(0) & (margins > 1e-6).any(0)))
    assert (gates.recession_direction(X, s[:, 0], np.zeros(8, bool)) is not None) == by_hand


# where columns or rows are too many ----------------------------------------------------------------------------------


@every_family
def test_aliased_columns_are_named_and_the_rest_is_as_without_them(table, family):
    X, y = table(family)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    doubled = frame.assign(twin=3.0 * frame["a"] - frame["b"] + 7.0)
    found = ml(family, (doubled, y))
    assert found.status == "rank_deficient"
    (aliased,) = found.labels[0].columns
    assert aliased in ("a", "b", "twin")
    assert found.draws.info["rank"] == 4
    table = found.summary()
    assert np.isnan(table.loc[f"beta[{aliased}]", "estimate"])
    plain = ml(family, (doubled.drop(columns=aliased), y)).summary()
    kept = table.drop(index=f"beta[{aliased}]")
    np.testing.assert_allclose(kept["estimate"], plain["estimate"], rtol=1e-6)
    np.testing.assert_allclose(kept["std_error"], plain["std_error"], rtol=1e-5)


def test_separated_and_aliased_at_once():
    frame = pd.DataFrame({"x": LINE, "z": NOISE}).assign(twin=lambda t: t.x - t.z)
    found = ml("bernoulli", (frame, (LINE > 0) * 1.0))
    assert [label.name for label in found.labels] == ["mle_infinite", "rank_deficient"]
    assert not np.isfinite(found.summary()["estimate"]).any()


@pytest.mark.parametrize("columns", [9, 15, 2], ids=["as many as rows", "more than rows", "an exact line"])
def test_an_interpolated_response_is_degenerate(columns):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(10, columns))
    y = X @ np.ones(columns) if columns == 2 else rng.normal(size=10)
    found = ml("gaussian", (X, y))
    assert found.status == "mle_degenerate"
    assert "interpolates" in found.labels[0].message
    assert ("rank_deficient" in [label.name for label in found.labels]) == (columns == 15)
    table = found.summary()
    assert not np.isfinite(table[["std_error", "z", "eti95_lb", "eti95_ub"]].to_numpy(float)).any()
    assert found.draws.samples["sigma"].item() < 1e-8


def test_a_constant_real_response_is_degenerate():
    found = ml("gaussian", (NOISE[:, None], np.full(20, 3.0)))
    assert found.status == "mle_degenerate"
    np.testing.assert_allclose(found.draws.samples["intercept"].item(), 3.0)


def test_intervals_need_ten_rows_per_coefficient(table):
    X, y = table("poisson")
    many, few = ml("poisson", (X, y)).summary(), ml("poisson", (X[:30], y[:30])).summary()
    z = stats.norm.ppf(0.975)
    np.testing.assert_allclose(many["eti95_ub"], many["estimate"] + z * many["std_error"], rtol=1e-12)
    assert few[["eti95_lb", "eti95_ub"]].isna().all(axis=None)
    assert few["std_error"].notna().all()


def test_a_network_that_grows_for_ever_says_so(world):
    """Binary rows behind hidden units: steps fit better than any finite slope."""
    found = world.fit("bernoulli", 2, "ml")
    assert found.status == "mle_degenerate"
    assert "std_error" not in found.summary(weights=True)
    assert list(found.summary(weights=True).columns)[:2] == ["status", "estimate"]


def test_a_networks_scale_has_a_floor():
    """Six units through six points: the likelihood is unbounded; the fit stops at sd(y) / 1000, and says so."""
    x = np.linspace(-1.0, 1.0, 6)[:, None]
    y = np.array([0.0, 1.0, -1.0, 2.0, 0.5, 1.5])
    from bayes_rglm import estimators

    found = fit(RGLM("gaussian", hidden=(6,)), (x, y), estimators.MaximumLikelihood(starts=2, steps=1500))
    assert found.status == "mle_degenerate"
    assert found.draws.samples["sigma"].item() >= 0.999e-3 * y.std()


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_the_support_of_a_prior_bounds_the_slopes(world, family):
    """The maximum over slopes >= 0: zero where the free maximum is negative, and there the score pushes down."""
    model = world.model(family, prior={"beta": HalfNormal(scale=1.0)})
    found = fit(model, world.design(family), "ml")
    beta, free = found.draws.samples["beta"][0, 0], world.fit(family, 1, "ml").draws.samples["beta"][0, 0]
    assert free.min() < 0 <= beta.min()
    keep = beta > 1e-6
    assert found.status == "boundary"
    assert all((name in found.labels[0].message) != kept for name, kept in zip(found.design.columns, keep, strict=True))
    assert 0 < keep.sum() < len(beta)
    X = world.X[:, keep]
    part = fit(RGLM(family), (X, world.frame(family)["y"].to_numpy()), "ml")
    np.testing.assert_allclose(beta[keep], part.draws.samples["beta"][0, 0], rtol=1e-3)
    assert "std_error" not in found.summary().columns


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_a_positive_response_does_not_matter(unit):
    x = np.linspace(-1.0, 1.0, 40)
    y = np.exp(0.5 * x) * (1.0 + 0.3 * np.sin(9.0 * np.arange(40)))
    one, other = (fit(RGLM("gamma", link="log"), (x[:, None], y * u), "ml") for u in (1.0, unit))
    assert other.status == "ok"
    for site in ("beta", "concentration"):
        np.testing.assert_allclose(other.draws.samples[site], one.draws.samples[site], rtol=1e-6)
    assert fit(RGLM("gamma", link="reciprocal"), (x[:, None], y * unit), "ml").status == "ok"


@pytest.mark.parametrize("family", ["gamma", "inverse_gaussian", "weibull", "tobit", "student_t"])
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_rows_on_a_line_leave_no_scale_to_estimate(family, slope):
    x = np.linspace(-1.0, 1.0, 15)
    y = 5.0 + slope * x if family in ("tobit", "student_t") else np.exp(1.0 + slope * x)
    found = fit(RGLM(family), (x[:, None], y), "ml")
    assert found.status == "mle_degenerate"
    np.testing.assert_allclose(found.draws.samples["beta"], slope, atol=1e-6)
    assert found.summary()["std_error"].isna().all()


def test_a_scale_that_is_fixed_has_not_collapsed():
    x = np.linspace(-1.0, 1.0, 15)
    found = fit(RGLM("gaussian", fixed={"sigma": 1e-9}), (x[:, None], np.sin(9.0 * x)), "ml")
    assert "mle_degenerate" not in [label.name for label in found.labels]

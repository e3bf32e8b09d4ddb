"""Maximum likelihood of every other family against what R and Stata printed: the rest of the 26 files."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import bayes_rglm as rglm
from bayes_rglm import glm


@dataclass(frozen=True)
class Case:
    """How a file reads as a model; `auxiliary` names what stands beside the coefficients."""

    family: str
    link: str
    options: dict = field(default_factory=dict)
    auxiliary: str | None = None


CASES = {
    "spector_bernoulli_probit": Case("bernoulli", "probit"),
    "star98_binomial_logit": Case("binomial", "logit"),
    "cancer_gamma_log": Case("gamma", "log", auxiliary="concentration"),
    "clotting_gamma_inverse": Case("gamma", "reciprocal", auxiliary="concentration"),
    "invgauss_hardinhilbe_inversesquared": Case("inverse_gaussian", "inverse_squared", auxiliary="concentration"),
    "medpar1_invgauss_identity": Case("inverse_gaussian", "identity", auxiliary="concentration"),
    "committee_negbin_log": Case("negative_binomial", "log", {"fixed": {"concentration": 1.0}}),
    "randhie_negbin_nb2_log": Case("negative_binomial", "log", auxiliary="concentration"),
    "randhie_negbin_nb1_log": Case("nb1", "log", auxiliary="alpha"),
    "foodexpenditure_beta_logit": Case("beta", "logit", auxiliary="concentration"),
    "affairs_tobit_left0": Case("tobit", "identity", auxiliary="sigma"),
    "tobin_tobit_left0": Case("tobit", "identity", auxiliary="sigma"),
    "gehan_exponential_rightcens": Case("exponential", "log"),
    "housing_ordinal_logit": Case("ordinal", "logit", auxiliary="cutpoints"),
    "wine_ordinal_logit": Case("ordinal", "logit", auxiliary="cutpoints"),
    "ologit_ucla_ordinal_logit": Case("ordinal", "logit", auxiliary="cutpoints"),
    "ologit_ucla_ordinal_probit": Case("ordinal", "probit", auxiliary="cutpoints"),
    "ologit_ucla_ordinal_cloglog": Case("ordinal", "cloglog", auxiliary="cutpoints"),
    "anes96_categorical_softmax": Case("categorical", "softmax", {"coding": "reference"}),
}
DISPERSED = [name for name, how in CASES.items() if how.family in ("gamma", "inverse_gaussian")]


def _table(case):
    """X, y and design options of a file whose data lie in statsmodels, or in the file."""
    import pandas as pd
    import statsmodels
    import statsmodels.api as sm

    name, folder = case["name"], Path(statsmodels.__file__).parent / "genmod" / "tests" / "results"
    if name.startswith("star98"):
        loaded = sm.datasets.star98.load_pandas()
        counts = np.asarray(loaded.endog, float)
        X = np.asarray(sm.add_constant(loaded.exog, prepend=False), float)
        return X, counts[:, 0], {"trials": counts.sum(axis=1)}
    if name.startswith("invgauss"):
        values = pd.read_csv(folder / "inv_gaussian.csv").to_numpy(float)[:5000]
        return np.column_stack([values[:, 1:], np.ones(5000)]), values[:, 0], {}
    if name.startswith("medpar1"):
        frame = pd.read_csv(folder / "stata_medpar1_glm.csv")
        dummy = pd.get_dummies(frame.admitype, drop_first=True, dtype=float).to_numpy()
        return np.column_stack([frame.codes, dummy, np.ones(len(frame))]).astype(float), frame.los.to_numpy(float), {}
    options = {}
    if "weights" in case["data"]:
        options = {"weights": np.array(case["data"]["weights"], float), "weights_kind": "frequency"}
    if name.startswith("gehan"):
        event = np.array(case["event"], bool)
        options = {"upper": np.where(event, np.inf, case["y"])}
    return case["X"], case["y"], options


@pytest.fixture(scope="module")
def fitted(reference):
    """A function from a file's name to (its contents, the fit, positions of columns, positions of the constant)."""
    done = {}

    def fit(name):
        if name not in done:
            case, how = reference(f"glm_mle/{name}"), CASES[name]
            X, y, options = _table(case)
            constant = [j for j in range(X.shape[1]) if np.ptp(X[:, j]) == 0]
            kept = [j for j in range(X.shape[1]) if j not in constant]
            design = rglm.Design.from_arrays(X[:, kept], y, **options)
            model = rglm.RGLM(how.family, how.link, **how.options)
            done[name] = case, rglm.fit(model, design, "ml"), kept, constant
        return done[name]

    return fit


def _coefficients(fit, kept, constant) -> np.ndarray:
    sites = fit.draws.samples
    beta = sites["beta"][0, 0]
    if beta.ndim > 1:  # one column per level but the first; the files list level by level, the constant last
        return np.vstack([beta, sites["intercept"][0, 0]]).T.ravel()
    values = np.zeros(len(kept) + len(constant))
    values[kept] = beta
    if constant:
        values[constant] = sites["intercept"][0, 0]
    return values


def _agree(ours, case, start: int, stop: int) -> np.ndarray:
    """Which values are the file's: to 1e-6 of its refit or of its print, or to a unit of the last printed digit."""
    printed = case["published"]["params"][start:stop]
    unit = np.array([10.0 ** -_decimals(value) for value in printed])
    refit = np.array(case.get("recomputed_by_us", {}).get("params", printed)[start:stop], float)
    printed = np.array(printed, float)
    near = [np.abs(ours - other) <= 1e-6 * np.abs(other) for other in (refit, printed)]
    return near[0] | near[1] | (np.abs(ours - printed) <= unit)


def _decimals(value: float) -> int:
    mantissa, _, exponent = repr(value).partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))


@pytest.mark.parametrize("name", CASES)
def test_coefficients(fitted, name):
    case, fit, kept, constant = fitted(name)
    ours = _coefficients(fit, kept, constant)
    assert fit.status == "ok", fit.labels
    assert np.all(_agree(ours, case, 0, len(ours))), ours
    # No printed value is far off: one source stopped its iterations early.
    np.testing.assert_allclose(ours, np.array(case["published"]["params"][: len(ours)], float), rtol=2e-3)


@pytest.mark.parametrize("name", [name for name, how in CASES.items() if how.auxiliary and name not in DISPERSED])
def test_auxiliary_values(fitted, name):
    case, fit, kept, constant = fitted(name)
    value = np.ravel(fit.draws.samples[CASES[name].auxiliary][0, 0])
    # The files give 1/concentration of NB2, and logarithms of scales.
    value = {"randhie_negbin_nb2_log": 1.0 / value}.get(name, value)
    value = np.log(value) if CASES[name].family in ("beta", "tobit") else value
    size = len(kept) + len(constant)
    assert np.all(_agree(value, case, size, size + len(value))), value


@pytest.mark.parametrize("name", DISPERSED)
def test_dispersion_and_the_likelihood_there(fitted, name):
    """The sources print the Pearson dispersion, and log-likelihoods at that one."""
    case, fit, _, _ = fitted(name)
    refit, info = case["recomputed_by_us"], fit.draws.info
    assert info["dispersion"] == pytest.approx(refit["scale"], rel=1e-6)
    eta = fit.problem.linear_predictor({k: v[0, 0] for k, v in fit.draws.samples.items()})
    value = glm.log_likelihood(fit.problem, eta, {"concentration": 1.0 / refit["scale"]}).sum()
    assert value == pytest.approx(refit["llf"], rel=1e-6)
    if name == "clotting_gamma_inverse":
        concentration = fit.draws.samples["concentration"].item()
        assert concentration == pytest.approx(case["published"]["shape"], rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_likelihood_or_deviance(fitted, name):
    case, fit, _, _ = fitted(name)
    info, published = fit.draws.info, case["published"]
    if "deviance" in published:
        assert info["deviance"] == pytest.approx(published["deviance"], rel=1e-6)
    elif name in DISPERSED:
        assert info["deviance"] == pytest.approx(case["recomputed_by_us"]["deviance"], rel=1e-6)
    if name not in DISPERSED and "llf" in published:
        printed = published["llf"]
        assert info["log_likelihood"] == pytest.approx(printed, rel=1e-6, abs=10.0 ** -_decimals(printed))
    elif name not in DISPERSED:
        assert info["log_likelihood"] == pytest.approx(case["recomputed_by_us"]["llf"], rel=1e-9)


def test_standard_errors_of_censored_times_are_those_of_the_observed_information(fitted):
    case, fit, kept, constant = fitted("gehan_exponential_rightcens")
    errors, exact = fit.draws.info["errors"], np.zeros(2)
    exact[constant], exact[kept] = errors["intercept"], errors["beta"]
    np.testing.assert_allclose(exact, np.sqrt([1 / 9, 1 / 21 + 1 / 9]), rtol=1e-7)
    np.testing.assert_allclose(exact, case["published"]["bse"], atol=5e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("ologit")])
def test_printed_level_probabilities(fitted, name):
    case, fit, _, _ = fitted(name)
    first = rglm.predict(fit).values[0, 0, :7]
    np.testing.assert_allclose(first, case["published"]["prob_pred_first7"], atol=1e-4)


def test_every_file_of_the_folder_is_held_against_a_fit(reference):
    names = sorted(path.stem for path in (reference.folder / "glm_mle").glob("*.json"))
    here = Path(__file__).parent
    text = "".join((here / f).read_text() for f in ("test_maximum_likelihood.py", "test_other_families.py"))
    assert len(names) == 26
    assert [name for name in names if f'{name}"' not in text] == []

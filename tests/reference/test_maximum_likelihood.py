"""Maximum likelihood at depth 1 against what R and Stata printed."""

import numpy as np
import pytest

import bayes_rglm as rglm

FILES = (
    "longley_gaussian_identity",
    "lbw_bernoulli_logit",
    "spector_bernoulli_logit",
    "cpunish_poisson_log",
    "epil_poisson_log",
    "randhie_poisson_log",
)


def _fit(case):
    constant = [j for j, column in enumerate(case["X"].T) if np.ptp(column) == 0]
    kept = [j for j in range(case["X"].shape[1]) if j not in constant]
    fit = rglm.fit(rglm.RGLM(case["family"], case["link"]), (case["X"][:, kept], case["y"]), "ml")
    return fit, kept, constant


def _in_order(sites, kept, constant, size):
    values = np.zeros(size)
    values[kept] = np.reshape(sites["beta"], -1)
    values[constant] = np.reshape(sites["intercept"], -1)
    return values


@pytest.mark.parametrize("name", FILES)
def test_coefficients_and_standard_errors(reference, name):
    case = reference(f"glm_mle/{name}")
    fit, kept, constant = _fit(case)
    size = case["X"].shape[1]
    assert fit.status == "ok"
    ours = _in_order(fit.draws.samples, kept, constant, size)
    np.testing.assert_allclose(ours, case["recomputed_by_us"]["params"], rtol=1e-6)
    printed = np.array(case["published"]["params"])
    # Printed digits: half a unit of the last one, seen from the shortest decimal.
    half = np.array([0.5 * 10.0 ** -_decimals(value) for value in case["published"]["params"]])
    assert np.all(np.abs(ours - printed) <= np.maximum(half, 1e-6 * np.abs(printed)) * 1.0001)
    errors = _in_order(fit.draws.info["errors"], kept, constant, size)
    np.testing.assert_allclose(errors, case["published"]["bse"], rtol=2e-3 if name.startswith("epil") else 2e-5)


@pytest.mark.parametrize("name", FILES)
def test_likelihood_deviance_and_dispersion(reference, name):
    case = reference(f"glm_mle/{name}")
    fit, _, _ = _fit(case)
    info, published = fit.draws.info, case["published"]
    if "llf" in published:
        assert info["log_likelihood"] == pytest.approx(published["llf"], rel=1e-6)
    if "deviance" in published:
        assert info["deviance"] == pytest.approx(published["deviance"], rel=1e-5)
    if case["family"] == "gaussian":
        assert info["dispersion"] == pytest.approx(published["scale"], rel=1e-6)
    assert "llf" in published or "deviance" in published


def test_a_separated_table_has_no_estimate(reference):
    """Endometrial cancer: R's glm prints 18.2 for NV; the estimate is infinite, and the summary says so."""
    case = reference("glm_mle/endometrial_bernoulli_logit_separated")
    constant = [j for j, column in enumerate(case["X"].T) if np.ptp(column) == 0]
    kept = [j for j in range(case["X"].shape[1]) if j not in constant]
    columns = [case["columns"][j] for j in kept]
    design = rglm.Design.from_arrays(case["X"][:, kept], case["y"], columns=columns)
    fit = rglm.fit(rglm.RGLM("bernoulli"), design, "ml")
    assert fit.status == "mle_infinite"
    assert fit.labels[0].columns == ("NV",)
    table = fit.summary()
    assert table.loc["beta[NV]", "estimate"] == np.inf
    others = [j for j, name in enumerate(case["columns"]) if name not in ("NV", "const", case["columns"][constant[0]])]
    for j in others:
        assert table.loc[f"beta[{case['columns'][j]}]", "estimate"] == pytest.approx(
            case["published"]["params"][j], abs=2e-3
        )


def _decimals(value: float) -> int:
    text = repr(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        return max(0, len(mantissa.partition(".")[2]) - int(exponent))
    return len(text.partition(".")[2])

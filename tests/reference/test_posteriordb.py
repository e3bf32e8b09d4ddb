"""NUTS against the exact moments of Gaussian regressions of posteriordb."""

import re

import numpy as np
import numpyro.distributions as dist
import pytest
from arviz_stats.base import array_stats

import bayes_rglm as rglm
from bayes_rglm import estimators, priors

FILES = (
    "earnings-earn_height",
    "earnings-log10earn_height",
    "earnings-logearn_height",
    "earnings-logearn_height_male",
    "earnings-logearn_interaction_z",
    "earnings-logearn_logheight_male",
    "kidiq-kidscore_momhs",
    "kidiq-kidscore_momhsiq",
    "kidiq-kidscore_momiq",
    "kidiq_with_mom_work-kidscore_interaction_c",
    "kidiq_with_mom_work-kidscore_interaction_c2",
    "kidiq_with_mom_work-kidscore_interaction_z",
    "kidiq_with_mom_work-kidscore_mom_work",
    "mesquite-logmesquite",
    "mesquite-logmesquite_logva",
    "mesquite-logmesquite_logvas",
    "mesquite-logmesquite_logvash",
    "mesquite-logmesquite_logvolume",
    "nes1972-nes",
    "nes1980-nes",
    "nes1984-nes",
    "nes1992-nes",
    "nes2000-nes",
    "sblri-blr",
)
NUTS = estimators.NUTS(draws=9000, warmup=600)
AXES = {"chain_axis": 0, "draw_axis": 1}


def _prior(text: str, half: bool):
    """The prior that a file describes in words."""
    if text.startswith("flat"):
        return priors.Flat()
    kind, loc, scale = re.search(r"(\w+)\(([-\d.]+), ?([-\d.]+)\)", text.lower()).groups()
    loc, scale = float(loc), float(scale)
    if half:
        assert loc == 0.0
        return {"cauchy": dist.HalfCauchy, "normal": dist.HalfNormal}[kind](scale)
    return {"cauchy": dist.Cauchy, "normal": dist.Normal}[kind](loc, scale)


def _fit(case):
    model, intercept = case["model"], case["columns"][0] == "1"
    weights = _prior(model["prior_beta"], half=False)
    chosen = {"default": weights, "sigma": _prior(model["prior_sigma"], half=True)}
    if intercept:
        chosen["intercept"] = weights
    X = case["X"][:, 1:] if intercept else case["X"]
    design = rglm.Design.from_arrays(X, case["y"], intercept=intercept)
    samples = rglm.fit(rglm.RGLM("gaussian", prior=chosen), design, NUTS, seed=1).draws.samples
    parts = [samples["intercept"][..., None]] if intercept else []
    parts += [samples["beta"], samples["sigma"][..., None]]
    return np.concatenate(parts, axis=-1)


def effective(draws: np.ndarray) -> float:
    """min of bulk, tail and squares ESS."""
    return min(
        array_stats.ess(draws, method="bulk", **AXES),
        array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **AXES),
        array_stats.ess((draws - draws.mean()) ** 2, method="mean", **AXES),
    )


@pytest.mark.parametrize("name", FILES)
def test_moments(reference, name):
    case = reference(f"posteriordb/{name}")
    draws = _fit(case)
    for j, parameter in enumerate(case["model"]["parameters"]):
        exact = case["reference"]["params"][parameter]
        column = draws[..., j]
        assert effective(column) >= 10_000, parameter
        assert abs(column.mean() - exact["exact_mean"]) < 0.05 * exact["exact_sd"], parameter
        assert abs(column.std(ddof=1) / exact["exact_sd"] - 1) < 0.03, parameter
        for share in (5, 95):
            assert abs(np.percentile(column, share) - exact[f"q{share}"]) < 0.12 * exact["exact_sd"], parameter

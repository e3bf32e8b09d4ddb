"""The table of prior masses: as committed, and about the priors that a model is really given."""

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from bayes_rglm import RGLM, Design, Problem
from bayes_rglm.model import prior_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("prior_mass", ROOT / "benchmarks" / "prior_mass.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(script):
    return script.table()


def test_the_committed_numbers_are_those_of_today(script, rows):
    assert json.loads(script.RESULT.read_text())["rows"] == rows
    text = script.PAGE.read_text()
    assert script.page(text, rows) == text


def test_every_binary_link_has_a_row(rows):
    assert {line["link"] for line in rows} == {"logit", "probit", "cloglog", "loglog", "cauchit", "tanh"}


@pytest.mark.parametrize("name", ["logit", "cloglog", "tanh"])
def test_it_is_about_the_priors_of_a_bound_model(rows, name):
    """The same mass by integrating over the intercept and the slope of a model on a standardised column."""
    line = next(line for line in rows if line["link"] == name)
    y = np.repeat([-1.0 if line["family"] == "signed_bernoulli" else 0.0, 1.0], 50)
    problem = Problem(RGLM(line["family"], name), Design.from_arrays(np.tile([-1.0, 1.0], 50)[:, None], y))
    sites = {site.name: prior_of(site, problem.constants[site.name]) for site in problem.program.sites}
    link, a, b = problem.program.link, sites["intercept"], sites["beta"]
    loc, scale = float(a.loc), float(a.scale)
    assert (float(np.ravel(b.loc)[0]), float(np.ravel(b.scale)[0])) == (0.0, pytest.approx(line["prior_scale"]))
    assert scale == pytest.approx(line["prior_scale"])
    low, high = link.mean_domain
    ends = [float(link.forward(low + (high - low) * p)) for p in (0.01, 0.99)]

    def beyond(slope):
        tails = stats.norm.cdf(ends[0], loc + slope, scale) + stats.norm.sf(ends[1], loc + slope, scale)
        return tails * stats.norm.pdf(slope, 0.0, line["prior_scale"])

    mass = integrate.quad(beyond, -12 * scale, 12 * scale)[0]
    assert mass == pytest.approx(line["outside"], abs=2e-5)


def test_the_scales_make_links_alike(rows):
    """With one scale for all the masses differ a hundredfold; with the defaults no link bets on certainty."""
    others = [line for line in rows if line["link"] != "cauchit"]
    same = [line["outside_with_scale_1"] for line in others]
    own = [line["outside"] for line in others]
    assert max(same) / min(same) > 50
    assert max(own) / min(own) < 5
    assert all(0.02 < mass < 0.15 for mass in own)
    cloglog = next(line for line in rows if line["link"] == "cloglog")
    assert cloglog["below"] < cloglog["above"] / 10
    logit, tanh = (next(line for line in rows if line["link"] == name) for name in ("logit", "tanh"))
    assert logit["outside"] == tanh["outside"]
    assert math.isclose(logit["prior_scale"], 2 * tanh["prior_scale"])

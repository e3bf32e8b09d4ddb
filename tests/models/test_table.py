"""models/README.md is what its script writes."""

import runpy
from pathlib import Path

import pytest

from bayes_rglm import gallery

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "generate_models_table.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_the_table_is_up_to_date(script):
    committed = (ROOT / "models" / "README.md").read_text()
    assert committed == script["page"](), "run python docs/generate_models_table.py"


def test_every_model_has_its_row_and_its_source(script):
    page = script["page"]()
    for name in gallery.names():
        assert page.count(f"[{name}]({name}.py)") == 2


def test_what_is_no_hidden_unit_is_replaced_by_a_relative(script):
    units = {e.name: script["hidden_unit"](e) for e in script["entries"]()}
    assert units["count_sqrt"].startswith('`"square"`')
    assert units["positive_reciprocal"].startswith('`"inverse_softplus"`')
    assert units["sparse_relu"] == '`"relu"`: h = max(0, eta)'
    assert units["ordered_cumulative_logit"] == "-"

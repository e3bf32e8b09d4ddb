"""The page of reference answers: its table is that of the tests, and of the files where they are at hand."""

import importlib.util
import json
import os
from pathlib import Path

import pytest

from bayes_rglm import families

ROOT = Path(__file__).parents[2]
SEPARATED = "endometrial_bernoulli_logit_separated"


def _module(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "reference" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table() -> dict[str, list[str]]:
    """{file: the other cells of its row}."""
    text = (ROOT / "docs" / "references.md").read_text().split("## The files")[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


@pytest.fixture(scope="module")
def tested():
    """(names of the classical tests, the cases of the others)."""
    return _module("test_maximum_likelihood").FILES, _module("test_other_families").CASES


def test_every_row_is_a_test_and_every_test_a_row(table, tested):
    classical, others = tested
    assert len(table) == 26
    assert list(table) == sorted(table)
    assert set(table) == {*classical, *others, SEPARATED}


def test_models_are_those_of_the_tests(table, tested):
    classical, others = tested
    for name, (_, _, model, beside, *_rest) in table.items():
        family, link = (part.strip("`") for part in model.split(", "))
        assert families.get(family).name == family, name
        assert families.get(family).link(link).name == link, name
        if name in others:
            how = others[name]
            assert (families.get(how.family).name, families.get(how.family).link(how.link).name) == (family, link), name
            if families.get(family).outputs == "one" and family not in ("gamma", "inverse_gaussian"):
                assert (f"`{how.auxiliary}`" in beside) == (how.auxiliary is not None), name
        assert ("standard errors" in beside) == (name in classical), name


def test_what_is_compared_is_what_the_files_print(table):
    folder = Path(os.environ.get("BAYES_RGLM_REFERENCE", ROOT.parent / "shared" / "reference")) / "glm_mle"
    if not folder.is_dir():
        pytest.skip("the reference answers are not beside this checkout (BAYES_RGLM_REFERENCE names their folder)")
    assert {path.stem for path in folder.glob("*.json")} == set(table)
    for name, (_, rows, model, _, likelihood, _) in table.items():
        case = json.loads((folder / f"{name}.json").read_text())
        assert case["n"] == int(rows), name
        if name == SEPARATED:
            continue
        said = [part.strip() for part in likelihood.split(",")]
        assert ("deviance" in said) == ("deviance" in case["published"]), name
        if model.split(",")[0] not in ("`gamma`", "`inverse_gaussian`"):
            assert ("log-likelihood" in said) == ("llf" in case["published"]), name

"""The page of reference answers: its tables are those of the tests, and of the files where they are at hand."""

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


def _table(title: str) -> dict[str, list[str]]:
    """{file: the other cells of its row} of the section of that title."""
    text = (ROOT / "docs" / "references.md").read_text().split(f"# {title}\n")[1].split("\n#")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def _folder(name: str) -> Path:
    folder = Path(os.environ.get("BAYES_RGLM_REFERENCE", ROOT.parent / "shared" / "reference")) / name
    if not folder.is_dir():
        pytest.skip("the reference answers are not beside this checkout (BAYES_RGLM_REFERENCE names their folder)")
    return folder


@pytest.fixture(scope="module")
def table() -> dict[str, list[str]]:
    return _table("The files")


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
    folder = _folder("glm_mle")
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


# posteriors ----------------------------------------------------------------------------------------------------------

EXACT, COMPUTED, LEFT = (
    "Posteriors with exact moments",
    "Posteriors computed by importance sampling",
    "Posteriors that are not compared",
)


def test_every_posterior_is_a_test_or_has_a_reason():
    exact, others = _module("test_posteriordb"), _module("test_posterior_other")
    assert list(_table(EXACT)) == sorted(exact.FILES)
    assert list(_table(COMPUTED)) == sorted([*others.MODELS, others.GERMAN])
    assert {name: reason for name, (reason,) in _table(LEFT).items()} == others.OTHERS
    for name, (_, model, _, priors) in _table(COMPUTED).items():
        family, link = (part.strip("`") for part in model.split(", "))
        tested, options, chosen = others.MODELS.get(name, ("bernoulli", {}, {}))
        assert (family, link) == (tested, families.get(family).link(options.get("link")).name), name
        for site in set(chosen) - {"default", "intercept"}:
            assert f"`{site}`" in priors, name


def test_every_file_of_posteriors_has_a_row():
    assert {path.stem for path in _folder("posteriordb").glob("*.json")} == set(_table(EXACT))
    assert {path.stem for path in _folder("posterior_other").glob("*.json")} == {*_table(COMPUTED), *_table(LEFT)}
    for folder, title in (("posteriordb", EXACT), ("posterior_other", COMPUTED)):
        for name, (rows, *cells) in _table(title).items():
            case = json.loads((_folder(folder) / f"{name}.json").read_text())
            assert case["n"] == int(rows), name
            if folder == "posteriordb":
                columns = [column for column in case["columns"] if column != "1"]
                assert cells[0] == f"`{case['response']}`", name
                assert cells[1].removeprefix("no intercept: ") == ", ".join(columns), name
                assert cells[1].startswith("no intercept") == (len(columns) == case["p"]), name

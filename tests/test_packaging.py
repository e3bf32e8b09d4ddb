"""What is shipped and what an import costs: names, versions, files, and nothing heavy before it is asked for."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bayes_rglm

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (".ci", "benchmarks", "bayes_rglm", "docs", "models", "notebooks", "tests")
TEXT = {"", ".cfg", ".css", ".html", ".ini", ".js", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
LAZY = ("arviz", "blackjax", "formulaic", "matplotlib", "optax", "pandas", "polars", "rich", "typer", "xarray")
HOSTS = ("py" + "pi.org", "python" + "hosted", "ana" + "conda.org", "conda-" + "forge.org", "index" + "-url")
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|tmp|root|home|Users)/")


def repository_files():
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    files = [path for path in [*ROOT.iterdir(), *inside] if path.is_file() and path.suffix in TEXT]
    return [path for path in files if "__pycache__" not in path.parts and path.name != ".git"]


def metadata():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def imported_by(statement):
    code = f"import sys\n{statement}\nprint(*sorted(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_brings_in_nothing_heavy_beyond_numpyro():
    unavoidable = imported_by("import numpyro")
    ours = imported_by("import bayes_rglm")
    assert "numpyro" in ours, "the probe sees what is imported"
    assert not (ours - unavoidable) & set(LAZY)


def test_the_version_is_said_once():
    version = metadata()["project"]["version"]
    assert importlib.metadata.version("bayes_rglm") == version
    assert bayes_rglm.__version__ == version
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_type_marker_ships():
    assert (Path(bayes_rglm.__file__).parent / "py.typed").is_file()


def test_every_public_name_is_there():
    assert len(bayes_rglm.__all__) == len(set(bayes_rglm.__all__))
    for name in bayes_rglm.__all__:
        assert getattr(bayes_rglm, name) is not None


def test_the_console_script_leads_to_the_command_line():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="bayes-rglm")
    assert script.value == "bayes_rglm.cli:main"
    assert callable(script.load())


def test_the_python_file_and_the_metadata_agree_on_the_oldest_python():
    wanted = [tuple(map(int, line.split("."))) for line in (ROOT / ".python-version").read_text().split()]
    assert len(wanted) > 1
    assert metadata()["project"]["requires-python"] == ">=" + ".".join(map(str, min(wanted)))


def test_every_dependency_has_a_lower_bound_and_no_address():
    project = metadata()["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(item for items in extras.values() for item in items)]
    for item in asked:
        assert item.startswith("bayes_rglm[") or re.fullmatch(r"[\w.-]+(\[[\w,]+\])?>=[\d.]+", item), item
    assert set(extras) >= {"demo", "test", "docs", "bench", "cuda13"}


def test_no_file_names_a_package_host_or_a_place_on_some_machine():
    found = []
    for path in repository_files():
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if any(host in line for host in HOSTS) or MACHINE_PATH.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", ["bayes_rglm", "models"])
def test_files_stay_short_enough_to_read(folder):
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert lengths
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 400} == {}


def test_the_readme_gives_the_two_commands_that_the_script_takes():
    readme = (ROOT / "README.md").read_text()
    script = (ROOT / "run").read_text()
    for command in ("./run contrast binary_logit", "./run tests"):
        assert f"```sh\n{command}\n```" in readme
        assert command in script
    for link in re.findall(r"\]\((docs/[^)]+)\)", readme):
        assert (ROOT / link).is_file(), link

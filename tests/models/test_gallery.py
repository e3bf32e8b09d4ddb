"""The gallery: names, entries, users' files, and errors that name the file and the line."""

import sys
from pathlib import Path

import pytest

from bayes_rglm import gallery
from bayes_rglm.errors import DataError, FileError, SpecError
from bayes_rglm.spec import RGLM

SPEC = "from bayes_rglm.spec import RGLM\nSPEC = RGLM('poisson', hidden=(3,))\n"


@pytest.fixture
def write(tmp_path):
    def put(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return put


def test_names_are_the_files_sorted():
    folder = Path(gallery.__file__).parents[1] / "models"
    if not folder.is_dir():
        folder = Path(gallery.__file__).parent / "_models"
    assert list(gallery.names()) == sorted(p.stem for p in folder.glob("*.py") if not p.name.startswith("_"))


def test_model_and_data_are_what_the_file_says():
    assert gallery.model("count_log") == RGLM("poisson", link="log")
    formula, frame = gallery.data("count_log")
    assert formula.startswith("EXECUTIONS ~ ")
    assert len(frame) == 17


def test_an_entry_knows_its_file_and_is_frozen():
    entry = gallery.load("binary_logit")
    assert entry.name == "binary_logit"
    assert entry.path.name == "binary_logit.py"
    assert entry.title == "A binary response with the logit link: logistic regression."
    with pytest.raises(AttributeError):
        entry.name = "another"


def test_a_name_is_read_kindly_and_a_file_is_run_once():
    assert gallery.load(" Count-Log ").model is gallery.load("count_log").model


def test_no_module_is_left_under_a_name_that_others_use():
    gallery.load("count_log")
    assert not {"models", "count_log", "bayes_rglm._models"} & set(sys.modules)


def test_an_unknown_name_brings_the_nearest_and_the_way_to_own_files():
    with pytest.raises(SpecError, match=r"'count_logg'\n.*did you mean 'count_log'\? known: .*real_identity.*its path"):
        gallery.load("count_logg")
    with pytest.raises(SpecError, match="loaded by its name or the path"):
        gallery.load(3)


@pytest.mark.parametrize("form", [str, Path])
def test_a_users_file_needs_only_its_specification(write, form):
    entry = gallery.load(form(write('"""Mine.\n\nMore."""\n' + SPEC)))
    assert entry.spec == RGLM("poisson", hidden=(3,))
    assert (entry.name, entry.title) == ("mine", "Mine.")
    assert entry.model is entry.data is entry.simulate is entry.reference is None


def test_a_users_file_may_hold_dataclasses_and_annotations(write):
    text = (
        "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass Own:\n    x: int = 1\n"
    )
    assert gallery.load(write(text + SPEC)).spec == RGLM("poisson", hidden=(3,))


def test_an_edited_file_is_read_again_and_nothing_is_written_beside_it(write):
    path = write(SPEC)
    assert gallery.model(path).hidden[0].units == 3
    write(SPEC.replace("(3,)", "(4,)"))
    assert gallery.model(path).hidden[0].units == 4
    assert [p.name for p in path.parent.iterdir()] == ["mine.py"]


def test_a_file_without_a_specification_names_what_it_lacks(write):
    with pytest.raises(SpecError, match=r"at least SPEC.*\n.*mine.py lacks SPEC, model, simulate, REFERENCE"):
        gallery.load(write("def data():\n    return None\n"))


def test_data_of_a_file_that_has_none(write):
    with pytest.raises(FileError, match=r"data of the model 'mine'.*\n.*no function data\(\) in .*mine.py"):
        gallery.data(write(SPEC))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("x = 1\nSPEC = (\n", FileError, r"mine.py, line 2: SyntaxError"),
        ("x = 1\n\nimport no_such_module\n", FileError, r"mine.py, line 3: ModuleNotFoundError: .*no_such_module"),
        ("def f():\n    return 1 / 0\n\n\nSPEC = f()\n", FileError, r"mine.py, line 2: ZeroDivisionError"),
        (
            SPEC.replace("poisson", "poison"),
            FileError,
            r"mine.py, line 2: SpecError: .*\n(.*\n)*.*did you mean 'poisson'",
        ),
        ("raise SystemExit(3)\n", FileError, r"mine.py, line 1: SystemExit: 3"),
        ("x = '\0'\n", FileError, r"mine.py.*SyntaxError"),
        ("SPEC = 'poisson'\n", SpecError, r"SPEC of a model file is an RGLM.\n.*mine.py: 'poisson'"),
        (SPEC + "data = 3\n", FileError, r"data of a model file is a function.\n.*mine.py: 3"),
        (SPEC + "REFERENCE = 3\n", FileError, r"REFERENCE of a model file is a dict.\n.*mine.py: 3"),
    ],
)
def test_a_file_that_fails_is_reported_with_its_line(write, text, error, message):
    with pytest.raises(error, match=message):
        gallery.load(write(text))


def test_a_file_that_fails_leaves_no_half_made_module(write):
    before = set(sys.modules)
    with pytest.raises(FileError, match="ZeroDivisionError"):
        gallery.load(write("1 / 0"))
    assert not [name for name in set(sys.modules) - before if "mine" in name]


def test_files_that_cannot_be_read(tmp_path, write):
    with pytest.raises(FileError, match=r"cannot be read.\n.*absent.py: No such file"):
        gallery.load(tmp_path / "absent.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(FileError, match=r"folder.py: Is a directory"):
        gallery.load(tmp_path / "folder.py")
    with pytest.raises(FileError, match=r"Python file, .py.\n.*mine.txt"):
        gallery.load(write(SPEC, "mine.txt"))


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("return {}['x']", FileError, r"data\(\) of the model file failed.\n.*mine.py, line 4: KeyError: 'x'"),
        ("return 'y ~ x'", FileError, r"returns a pair.*\n.*mine.py: str"),
        ("from bayes_rglm.errors import DataError; raise DataError('No such column.')", DataError, "No such column"),
    ],
)
def test_data_that_fails_is_reported_with_its_line(write, body, error, message):
    with pytest.raises(error, match=message):
        gallery.data(write(f"{SPEC}def data():\n    {body}\n"))


def test_an_installed_package_carries_its_own_models(tmp_path, monkeypatch):
    package = tmp_path / "site" / "bayes_rglm"
    package.mkdir(parents=True)
    (tmp_path / "site" / "models").mkdir()
    (tmp_path / "site" / "models" / "foreign.py").write_text(SPEC)
    monkeypatch.setattr(gallery, "__file__", str(package / "gallery.py"))
    assert gallery.names() == (), "a neighbour called models is somebody else's"
    (package / "_models").mkdir()
    (package / "_models" / "own.py").write_text(SPEC)
    (package / "_models" / "__init__.py").write_text("")
    assert gallery.names() == ("own",)
    assert gallery.model("own") == RGLM("poisson", hidden=(3,))

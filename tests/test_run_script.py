"""The `run` script: which interpreter it takes, what it says when there is none, what it installs and when."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("sh", "cat", "chmod", "cksum", "cp", "dirname", "find", "mkdir", "rm", "sort", "touch")

# Stands in for an interpreter: answers the version probe, makes "environments", notes each call.
INTERPRETER = """#!/bin/sh
echo "$0 $*" >>"$CALLS"
case "$*" in
    *sys.executable*) echo "$0" ;;
    *ensurepip*) echo "{version}"; exit {code} ;;
    "-m venv "*)
        mkdir -p "$3/bin"
        touch "$3/pyvenv.cfg"
        for name in python bayes-rglm pytest; do cp "$0" "$3/bin/$name"; done ;;
esac
"""


def interpreter(path, version, code=None):
    """Write a fake interpreter that reports `version`, with the exit status that the real probe would have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    major, minor = (int(part) for part in version.split(".")[:2])
    code = (0 if (major, minor) >= (3, 12) else 3) if code is None else code
    path.write_text(INTERPRETER.format(version=version, code=code))
    path.chmod(0o755)
    return path


class Machine:
    """A checkout and a machine in one folder: nothing but the tools and interpreters put there can be reached."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "bin"
        self.checkout = folder / "check out"
        self.calls = folder / "calls"
        self.home = folder / "home"
        self.bin.mkdir()
        self.home.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        for name in ("bayes_rglm", "models"):
            (self.checkout / name).mkdir(parents=True)
            (self.checkout / name / "code.py").write_text("x = 1\n")
        for name in ("run", ".python-version", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, self.checkout / name)

    def run(self, *arguments, **variables):
        self.calls.write_text("")
        environment = {"PATH": str(self.bin), "HOME": str(self.home), "CALLS": str(self.calls)} | variables
        command = [str(self.bin / "sh"), str(self.checkout / "run"), *arguments]
        return subprocess.run(
            command, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def chosen(self, **variables):
        done = self.run("python", **variables)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    def called(self, *words):
        return [line for line in self.calls.read_text().splitlines() if all(word in line for word in words)]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_interpreter_on_the_path_is_taken_when_it_is_new_enough(machine):
    expected = interpreter(machine.bin / "python3", "3.13.1")
    interpreter(machine.bin / "python3.12", "3.12.0")
    assert machine.chosen() == expected


def test_a_versioned_name_is_found_behind_an_old_python3(machine):
    interpreter(machine.bin / "python3", "3.11.9")
    expected = interpreter(machine.bin / "python3.13", "3.13.0")
    assert machine.chosen() == expected


@pytest.mark.parametrize("where", ["variable", "command", "home"])
def test_pyenv_is_searched_when_the_path_has_nothing(machine, where):
    interpreter(machine.bin / "python3", "3.11.9")
    pyenv = machine.home / ".pyenv" if where == "home" else machine.folder / "py env"
    interpreter(pyenv / "versions" / "3.11.9" / "bin" / "python", "3.11.9")
    interpreter(pyenv / "versions" / "3.13.0" / "bin" / "python", "3.13.0")
    expected = interpreter(pyenv / "versions" / "3.12.4" / "bin" / "python", "3.12.4")
    variables = {}
    if where == "variable":
        variables["PYENV_ROOT"] = str(pyenv)
    if where == "command":
        command = machine.bin / "pyenv"
        command.write_text(f'#!/bin/sh\necho "{pyenv}"\n')
        command.chmod(0o755)
    assert machine.chosen(**variables) == expected, "the first line of .python-version comes first"


def test_a_pyenv_version_that_no_line_names_still_counts(machine):
    expected = interpreter(machine.home / ".pyenv" / "versions" / "3.21.0" / "bin" / "python", "3.21.0")
    assert machine.chosen() == expected


def test_uv_is_asked_last(machine):
    expected = interpreter(machine.folder / "managed" / "python", "3.12.7")
    command = machine.bin / "uv"
    command.write_text(f'#!/bin/sh\necho "{expected}"\n')
    command.chmod(0o755)
    assert machine.chosen() == expected


def test_a_shim_that_fails_is_passed_over(machine):
    interpreter(machine.bin / "python3", "3.12.0", code=127)
    expected = interpreter(machine.bin / "python3.13", "3.13.0")
    assert machine.chosen() == expected


def test_without_any_python_the_message_says_what_to_install(machine):
    done = machine.run("contrast", "binary_logit")
    assert done.returncode == 1
    assert "needs Python 3.12 or newer" in done.stderr
    assert "no Python at all" in done.stderr
    assert "pyenv install 3.12" in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_unsuitable_ones_are_listed_with_version_and_reason(machine):
    interpreter(machine.bin / "python3", "3.11.9")
    interpreter(machine.bin / "python3.12", "3.12.3", code=1)
    interpreter(machine.home / ".pyenv" / "versions" / "3.9.1" / "bin" / "python", "3.9.1")
    done = machine.run("tests")
    assert done.returncode == 1
    assert "python3: 3.11.9 (too old)" in done.stderr
    assert "python3.12: 3.12.3 (cannot make an environment" in done.stderr
    assert "versions/3.9.1/bin/python: 3.9.1 (too old)" in done.stderr


def test_the_variable_decides_and_is_not_silently_ignored(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    expected = interpreter(machine.folder / "mine" / "python", "3.14.0")
    assert machine.chosen(BAYES_RGLM_PYTHON=str(expected)) == expected
    assert machine.chosen(BAYES_RGLM_PYTHON="mine/python") == expected
    assert machine.run("python", BAYES_RGLM_PYTHON="nowhere").returncode == 1
    interpreter(expected, "3.10.0")
    assert machine.run("python", BAYES_RGLM_PYTHON=str(expected)).returncode == 1


def test_the_main_job_installs_once_and_passes_its_arguments_on(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    done = machine.run("contrast", "binary_logit", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert machine.called("-m venv", "/.venv")
    assert machine.called("pip install", "[demo]")
    assert machine.called("bin/bayes-rglm contrast binary_logit --seed 3")
    machine.run("models")
    assert not machine.called("-m venv")
    assert not machine.called("pip install")
    assert machine.called("bin/bayes-rglm models")


def test_the_tests_run_the_fast_suite_and_their_extra_covers_the_main_job(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    machine.run("tests", "-k", "links")
    assert machine.called("pip install", "[test]")
    assert machine.called("bin/pytest -q -m not slow", "-k links")
    machine.run("models")
    assert not machine.called("pip install")


def test_the_studies_are_the_tests_that_the_fast_suite_leaves_out(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    machine.run("studies", "-k", "calibration")
    assert machine.called("pip install", "[test]")
    assert machine.called("bin/pytest -q -m slow", "-k calibration")
    assert "./run studies" in machine.run("help").stdout


def test_a_changed_source_is_installed_without_its_dependencies(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    machine.run("models")
    (machine.checkout / "bayes_rglm" / "code.py").write_text("x = 2\n")
    machine.run("models")
    assert machine.called("pip install", "--no-deps")
    with (machine.checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    machine.run("models")
    assert machine.called("pip install", "[demo]")
    assert not machine.called("--no-deps")


def test_an_environment_whose_python_vanished_is_made_again(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    machine.run("models")
    python = machine.checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(machine.folder / "gone")
    done = machine.run("models")
    assert done.returncode == 0, done.stderr
    assert machine.called("-m venv")
    assert machine.called("pip install", "[demo]")


def test_a_folder_that_is_no_environment_is_left_alone(machine):
    interpreter(machine.bin / "python3", "3.12.0")
    precious = machine.folder / "data"
    precious.mkdir()
    (precious / "file").write_text("keep me")
    done = machine.run("models", BAYES_RGLM_VENV="data")
    assert done.returncode == 1
    assert "is not a Python environment" in done.stderr
    assert (precious / "file").read_text() == "keep me"


def test_no_command_shows_the_usage(machine):
    done = machine.run()
    assert done.returncode == 2
    assert "./run contrast binary_logit" in done.stderr


def test_the_real_probe_accepts_the_interpreter_that_runs_this():
    environment = os.environ | {"BAYES_RGLM_PYTHON": sys.executable}
    done = subprocess.run(["sh", str(ROOT / "run"), "python"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).samefile(sys.executable)

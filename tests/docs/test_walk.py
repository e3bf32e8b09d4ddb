"""docs/walk.md from its first block to its last, in an empty folder; what it shows as printed is what is printed."""

import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bayes_rglm.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "walk.md"


def blocks() -> list[tuple[str, str]]:
    """(language, text) of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), re.S | re.M)


def shell(code: str) -> str:
    """What the commands of the program print; a refusal has its message. Other commands are left to the reader."""
    printed = ""
    for line in code.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(line)
        if program != "bayes-rglm":
            assert program == "pip", line
            continue
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0 or "error:" in done.output, done.output
        printed += done.output
    return printed


def python(code: str, namespace: dict) -> str:
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "docs/walk.md", "exec"), namespace)
    return out.getvalue()


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def walked(folder: Path, code: list[tuple[str, str]]) -> None:
    """Run the blocks; a block `text` must be what the one before it printed."""
    namespace, printed, failed = {}, "", False
    for language, text in code:
        if language == "text":
            assert plain(printed) == plain(text)
            failed = False
            continue
        assert not failed, f"a refusal that the page does not show: {printed}"
        printed = shell(text) if language == "sh" else python(text, namespace)
        failed = "error:" in printed
    assert {path.name for path in folder.iterdir()} >= {"wards.html", "ml.html", "posterior.html", "predictions.csv"}


def test_the_walk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = blocks()
    assert {language for language, _ in code} == {"sh", "python", "text"}
    assert all(text.strip() for _, text in code)
    walked(tmp_path, code)
    assert "cannot be told apart" in (tmp_path / "wards.html").read_text("utf-8"), "no winner where there is none"


def test_a_word_that_is_not_printed_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = blocks()
    end = next(i for i, (language, _) in enumerate(code) if language == "text")
    before, (_, shown) = code[:end], code[end]
    with pytest.raises(AssertionError):
        walked(tmp_path, [*before, ("text", shown.replace("row 17", "row 18"))])
    with pytest.raises(AssertionError, match="does not show"):
        walked(tmp_path, [*before, ("python", "")])

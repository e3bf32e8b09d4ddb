"""The command line: what it prints and writes, and how it ends."""

import csv
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import bayes_rglm
from bayes_rglm import estimators, families, gallery, load
from bayes_rglm.cli import app, options, predictions
from bayes_rglm.errors import RGLMError

runner = CliRunner()
MODEL = """
from bayes_rglm import RGLM

SPEC = RGLM("gaussian")


def data():
    raise RuntimeError("no data today")
"""


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(3)
    x, group = rng.normal(size=40), rng.choice(["a", "b"], 40)
    y = np.round(0.4 + 0.5 * x + rng.normal(0.0, 0.5, 40), 2)
    with (folder / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("y", "x", "group"), *zip(y, x, group, strict=True)])
    (folder / "model.py").write_text(MODEL)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


TABLE = ("data.csv", "--formula", "y ~ x + group", "--family", "gaussian")


def test_version_and_help_list_what_is_registered():
    assert f"bayes_rglm {bayes_rglm.__version__}" in run("--version").stdout
    text = " ".join(run("contrast", "--help").stdout.split())
    for name in (*estimators.names(), *families.names(), *gallery.names()):
        assert name in text


def test_models_lists_the_gallery():
    found = run("models")
    assert found.exit_code == 0
    assert all(name in found.stdout for name in gallery.names())


def test_fit_save_report_predict(here):
    found = run("fit", *TABLE, "-e", "ml", "--out", "fit.nc")
    assert found.exit_code == 0, found.output
    assert "ML: ok" in found.stdout
    assert "beta[x]" in found.stdout
    saved = load("fit.nc")

    assert run("report", "fit.nc", "--out", "fit.html").exit_code == 0
    assert "beta[x]" in (here / "fit.html").read_text("utf-8")

    found = run("predict", "fit.nc", "data.csv", "--out", "predictions.csv")
    assert found.exit_code == 0
    assert "not applicable" in found.stderr
    with (here / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    theta = {k: v[0, 0] for k, v in saved.draws.samples.items()}
    np.testing.assert_allclose([float(r["mean"]) for r in rows], saved.problem.linear_predictor(theta))
    assert {r["sd"] for r in rows} == {""}


def test_predictions_of_draws_have_spread(here):
    found = run("predict", *TABLE[:1], *TABLE[1:], "--draws", 20, "--warmup", 30, "--chains", 1, "-q")
    assert found.exit_code == 0, found.output
    rows = list(csv.DictReader(found.stdout.splitlines()))
    assert len(rows) == 40
    for row in rows:
        assert float(row["sd"]) > 0
        assert float(row["q05"]) < float(row["mean"]) < float(row["q95"])


def test_contrast_prints_plan_table_answer_and_writes_a_report(here):
    found = run("contrast", *TABLE, "-e", "ml,map", "--seed", 3)
    assert found.exit_code == 0, found.output
    assert "2 fits" in found.stderr
    assert found.stderr.index("28 training and 12 test rows") >= 0
    for word in ("log score", "ML", "MAP", "reference", "On 12 held-out rows", "report: data-contrast.html"):
        assert word in found.stdout
    page = (here / "data-contrast.html").read_text("utf-8")
    assert "bayes-rglm contrast data.csv" in page
    assert "--seed 3" in page
    assert "pandas.read_csv(" in page


def test_contrast_of_the_gallery_by_folds(here):
    found = run("contrast", "real_identity", "-e", "ml", "--folds", 2, "-q", "--out", "gallery.html")
    assert found.exit_code == 0, found.output
    assert found.stderr == ""
    page = (here / "gallery.html").read_text("utf-8")
    assert "A real response with the identity link: linear regression</h1>" in page
    assert "rglm.gallery.data(&quot;real_identity&quot;)" in page
    assert "folds=2" in page


def test_a_model_of_your_own_with_a_table(here):
    found = run("fit", "model.py", "--data", "data.csv", "--formula", "y ~ x", "-e", "map")
    assert found.exit_code == 0, found.output
    assert "MAP: ok" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("contrast", "binary_logt"), "did you mean 'binary_logit'?"),
        (("contrast", "none.csv"), "no such file"),
        (("contrast", "table.xlsx"), "neither a model nor a table"),
        (("fit", "fit.nc"), "fitted already"),
        (("predict", "nope.nc"), "no such file"),
        (("report", "data.csv"), "columns: y, x, group"),
        (("fit", "data.csv", "--formula", "y ~ x"), "needs the family"),
        (("fit", "data.csv", "--formula", "y ~ z", "--family", "poisson"), "'z'"),
        (("fit", "data.csv", "--formula", "y ~ x", "--family", "poison"), "did you mean 'poisson'?"),
        (("fit", *TABLE, "--hidden", "many"), "--hidden lists widths"),
        (("fit", *TABLE, "--activation", "tahn"), "did you mean 'tanh'?"),
        (("fit", *TABLE, "-e", "mle", "--draws", "5"), "--draws"),
        (("contrast", *TABLE, "-e", "ml,mle"), "named once"),
        (("contrast", *TABLE, "-e", "ml,nuz"), "no estimator of that name"),
        (("contrast", *TABLE, "--folds", "1"), "folds"),
        (("contrast", *TABLE, "--train-rows", "40"), "train_rows"),
        (("contrast", *TABLE, "--out", "missing/report.html"), "does not exist"),
        (("fit", *TABLE, "--out", "."), "is a folder"),
        (("fit", *TABLE, "--precision", "float16"), "float64, float32"),
        (("fit", "real_identity", "--family", "poisson"), "a model file says its own"),
        (("fit", "model.py"), "no data today"),
        (("fit", "model.py", "--data", "data.csv", "--formula", "y ~ nope"), "'nope'"),
        (("predict", *TABLE[:1], *TABLE[1:], "-e", "ml", "--kind", "outcome"), "one simulation"),
        (("predict", *TABLE[:1], *TABLE[1:], "-e", "ml", "--kind", "meen"), "mean, linear, outcome"),
    ],
)
def test_errors_are_messages_on_standard_error(here, arguments, message):
    found = run(*arguments)
    assert found.exit_code == 2
    assert message in found.stderr
    assert "Traceback" not in found.output
    assert "report:" not in found.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "no header"),
        (b"y,x\n", "no rows"),
        (b"y,x,x\n1,2,3\n", "repeated"),
        (b"y,,x\n1,2,3\n", "no name"),
        (b"1,2\n3,4\n", "no header"),
        (b"y;x\n1;2\n", "semicolon"),
        (b"y,x\n1,2\n1,2,3\n", "as many fields"),
        (b"y,x\n1,2,3\n", "more fields than the header"),
        (b"y,x\n\xff\xfe,2\n", "UTF-8"),
    ],
)
def test_bad_tables_are_named(here, text, message):
    (here / "bad.csv").write_bytes(text)
    found = run("fit", "bad.csv", "--formula", "y ~ x", "--family", "poisson", "-e", "ml")
    assert found.exit_code == 2
    assert message in found.stderr
    assert "bad.csv" in found.stderr


def test_a_byte_order_mark_and_spaces_are_no_part_of_names(here):
    (here / "bom.csv").write_bytes(b"\xef\xbb\xbfy, x\n" + b"".join(b"%d, %d\n" % (i % 3, i) for i in range(12)))
    assert run("fit", "bom.csv", "--formula", "y ~ x", "--family", "gaussian", "-e", "ml").exit_code == 0


def test_markup_in_names_is_printed_as_it_is(here):
    rows = "".join(f"{i % 3},{i}\n" for i in range(12))
    (here / "markup.csv").write_text(f"y,[bold]x[/bold]\n{rows}")
    found = run("fit", "markup.csv", "--formula", "y ~ `[bold]x[/bold]`", "--family", "gaussian", "-e", "ml")
    assert found.exit_code == 0, found.output
    assert "[bold]x[/bold]" in found.stdout


def test_options_go_to_the_estimators_that_have_them():
    found = options.build("ml, nuts", draws=7, warmup=None, chains=2)
    assert list(found) == ["ML", "NUTS"]
    assert (found["NUTS"].draws, found["NUTS"].chains, found["NUTS"].warmup) == (7, 2, estimators.NUTS().warmup)
    with pytest.raises(RGLMError, match="At least one"):
        options.build(" , ")


def test_weighted_draws_are_summarised_with_their_weights():
    values = np.array([[0.0], [1.0], [5.0]])
    found = predictions.summaries(values, np.log([[0.5, 0.5, 1e-300]]))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0, 1.0]], atol=1e-12)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done(here):
    asked = ["contrast", *TABLE, "-e", "ml,nuts", "--warmup", "100", "--draws", "100000", "--chains", "1"]
    code = f"""
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = {["bayes-rglm", *asked, "--out", "stopped.html"]!r}
runpy.run_module("bayes_rglm", run_name="__main__")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=here)
    seen = b""
    while b"% " not in seen.partition(b"NUTS:")[2]:
        piece = os.read(process.stderr.fileno(), 4096)
        assert piece, f"ended early: {seen.decode()}"
        seen += piece
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "maximum likelihood" in out.decode()
    assert "Stopped by the user" in (here / "stopped.html").read_text("utf-8")


def test_levels_have_a_line_each(world):
    """Predictions of a response of levels: a line per row and level, whose means add up to one."""
    found = world.drawn("categorical")
    lines = list(csv.DictReader(predictions.as_csv(found, None, "mean", 0).splitlines()))
    places = [(line["row"], line["level"]) for line in lines]
    assert places[:4] == [("row 00", "0"), ("row 00", "1"), ("row 00", "2"), ("row 01", "0")]
    means = np.array([float(line["mean"]) for line in lines]).reshape(world.rows, 3)
    np.testing.assert_allclose(means.sum(1), 1.0, rtol=1e-12)


def test_trials_by_name(here, world):
    world.frame("binomial").to_csv("trials.csv", index=False)
    found = run("fit", "trials.csv", "--formula", "y ~ dose", "--family", "binomial", "--trials", "trials", "-e", "ml")
    assert found.exit_code == 0, found.output
    assert "beta[dose]" in found.stdout


def test_several_responses_are_compared_without_a_report(here, monkeypatch):
    table = ("data.csv", "--formula", "y + x ~ group", "--family", "gaussian")
    found = run("contrast", *table, "--estimators", "ml", "-o", "several.html", "--quiet")
    assert found.exit_code == 0, found.output
    assert "no report" in found.stdout
    assert not (here / "several.html").exists()
    monkeypatch.setattr(sys.modules["bayes_rglm.cli.app"], "fit_model", None)
    found = run("report", *table, "-e", "ml")
    assert found.exit_code == 2, "refused before the fit"
    assert "2 responses: 'y', 'x'" in found.stderr

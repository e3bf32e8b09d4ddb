"""benchmarks/gpu.py runs where there is no GPU, and writes what it measured, not whose machine it was."""

import importlib.util
import json
import platform
import sys
from pathlib import Path

import pytest

from bayes_rglm import estimators

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


@pytest.fixture
def benchmark(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("gpu_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULT", tmp_path / "results" / "gpu.json")
    return module


def test_it_runs_on_every_platform_that_is_there(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "methods", lambda quick: {"MAP": estimators.MAP(starts=1, steps=20)})
    monkeypatch.setattr(benchmark, "MODELS", {"depth 1": benchmark.MODELS["depth 1"]})
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--rows", "40", "--quick"])
    benchmark.main()
    found = json.loads(benchmark.RESULT.read_text())
    assert found["problem"] == {"rows": 40, "quick": True}
    cases = {(row["model"], row["device"], row["precision"]) for row in found["fits"]}
    devices = benchmark.platforms()
    assert devices[0] == "cpu"
    assert len(cases) == len(found["fits"]) == len(devices) * 2
    assert all(row["first"] > 0 and row["repeated"] > 0 for row in found["fits"])
    assert len(capsys.readouterr().out.splitlines()) == len(cases)
    assert platform.node() not in benchmark.RESULT.read_text()


def test_the_methods_are_estimators(benchmark):
    for quick in (True, False):
        assert all(isinstance(method, estimators.Estimator) for method in benchmark.methods(quick).values())

"""The one way to answers computed by others: a folder beside the checkout, or BAYES_RGLM_REFERENCE."""

import json
import os
from pathlib import Path

import numpy as np
import pytest


def _folder() -> Path:
    beside = Path(__file__).resolve().parents[3] / "shared" / "reference"
    return Path(os.environ.get("BAYES_RGLM_REFERENCE", beside))


@pytest.fixture(scope="session")
def reference():
    """A function from a file's name to its contents with X (n, p) and y (n,), and `folder`; skips without it."""
    folder = _folder()
    if not folder.is_dir():
        pytest.skip("the reference answers are not beside this checkout (BAYES_RGLM_REFERENCE names their folder)")

    def read(name: str) -> dict:
        case = json.loads((folder / f"{name}.json").read_text())
        case["X"], case["y"] = _table(case)
        return case

    read.folder = folder
    return read


def _table(case) -> tuple[np.ndarray, np.ndarray]:
    data = case.get("data", {})
    if "X_by_column" in data:
        return np.array(data["X_by_column"], float).T, np.array(data["y"], float)
    import statsmodels.api as sm

    package = getattr(sm.datasets, case["name"].split("_")[0], None)
    if package is None:
        return None, None  # the test that reads it knows where it lies
    loaded = package.load_pandas()
    return np.asarray(sm.add_constant(loaded.exog, prepend=False), float), np.asarray(loaded.endog, float)

"""Every block of docs/losses.md runs, in order and in one namespace; and its asserts are able to fail."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "losses.md"


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.S | re.M)


def run(code: list[str]) -> dict:
    namespace = {}
    for i, block in enumerate(code):
        exec(compile(block, f"docs/losses.md, block {i + 1}", "exec"), namespace)
    return namespace


def test_the_page_holds():
    code = blocks()
    assert len(code) >= 10
    assert all("assert" in block for block in code[1:])
    run(code)


# One constant of the page made wrong, each time: the block of that constant has to notice.
SLIPS = [
    ("np.array(squares) / 2 +", "np.array(squares) +"),
    ("y * np.log(q)", "y * np.log(q + 1e-6)"),
    ("value / 2 for name", "value / 3 for name"),
    ("np.log(np.exp(logits).sum(1))", "np.log(np.exp(logits).max(1))"),
    ("np.sum(np.exp(e) - y * e)", "np.sum(np.exp(e) - e)"),
    ("np.repeat(y, weights", "np.repeat(1 + y, weights"),
    ("/ (2 * t**2) for theta in drawn", "/ t**2 for theta in drawn"),
    ("alpha = sigma**2 / (50 * b)", "alpha = sigma**2 / b"),
    ("np.abs(w) / b)", "np.abs(w))"),
    ('"intercept"] + h @ theta', '"intercept"] + 2 * h @ theta'),
    ("objective(1 / np.sqrt(n * lam))", "objective(1 / np.sqrt(lam))"),
]


@pytest.mark.parametrize(("right", "wrong"), SLIPS)
def test_a_slip_is_noticed(right, wrong):
    code = blocks()
    place = next(i for i, block in enumerate(code) if right in block)
    penalties = next(i for i, block in enumerate(code) if "lam, alpha" in block)
    setting = code[: place + 1] if place < penalties else [code[0], *code[penalties : place + 1]]
    setting = [block.split("alpha = sigma**2 / t**2")[0] for block in setting]  # no fit: the whole page makes one
    namespace = run(setting[:-1])
    with pytest.raises(AssertionError):
        exec(setting[-1].replace(right, wrong), namespace)

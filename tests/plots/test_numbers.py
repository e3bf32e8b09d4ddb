"""Numbers as people read them."""

import math

import pytest

from bayes_rglm.plots import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.01234, "−0.0123"),
        (0.9996, "1.00"),
        (9.996, "10.0"),
        (12345.6, "12\u202f346"),
        (2.5e-7, "2.50×10⁻⁷"),
        (-3e9, "−3.00×10⁹"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
        (None, "–"),
    ],
)
def test_number(value, text):
    assert numbers.number(value) == text


def test_signs():
    assert numbers.number(1.5, sign=True) == "+1.50"
    assert numbers.fixed(-0.0004, 3) == "0.000"
    assert numbers.fixed(-0.0006, 3) == "−0.001"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-2882.746, 532.264, "−2\u202f883\u00a0±\u00a0532"),
        (-3.349, 0.988, "−3.35\u00a0±\u00a00.99"),
        (-2.1, 0.0996, "−2.10\u00a0±\u00a00.10"),
        (-0.000025, 0.00002, "0.00\u00a0±\u00a00.00"),
        (-math.inf, math.nan, "−∞"),
        (-2.0, math.nan, "−2.00"),
    ],
)
def test_a_value_has_the_decimals_of_its_error(value, error, text):
    assert numbers.with_error(value, error) == text


def test_durations_counts_and_diagnostics():
    assert [numbers.seconds(s) for s in (0.001, 0.5, 12.3, 200.0, math.nan)] == [
        "< 0.01 s",
        "0.50 s",
        "12 s",
        "3 min 20 s",
        "–",
    ]
    assert numbers.count(1, "row") == "1 row"
    assert numbers.count(2000, "row") == "2\u202f000 rows"
    assert [numbers.exact(v) for v in (1486.0, 1.00512)] == ["1\u202f486", "1.005"]


def test_scores_and_large_differences_stay_short():
    assert numbers.score(-1.2345) == "−1.234"
    assert numbers.score(-1234317.624) == "−1.23×10⁶"
    assert numbers.score(float("-inf")) == "−∞"
    assert numbers.with_error(-2.0e7, 1.5e6).replace(numbers.SPACE, " ") == "−2.00×10⁷ ± 1,500,000".replace(
        ",", numbers.NARROW_SPACE
    )

"""The order of an ordinal response's levels is one that somebody chose; that of the alphabet alone is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayes_rglm import RGLM, Design, Problem
from bayes_rglm.errors import DataError

SAID = ["mid", "low", "high", "low", "high", "mid"]
ORDER = ["low", "mid", "high"]
ALPHABET = sorted(ORDER)
X = np.arange(6.0)

UNCHOSEN = {
    "text": SAID,
    "a categorical of text": pd.Series(SAID).astype("category"),
    "a bare categorical of text": pd.Categorical(SAID),
    "a level that no row shows": pd.Categorical(SAID, categories=[*ALPHABET, "never"]),
    "polars text": pl.Series(SAID),
    "polars categories": pl.Series(SAID, dtype=pl.Categorical),
    "digits in a row of letters": pd.Series(["9", "10", "100"] * 2).astype("category"),
}
CHOSEN = {
    "ordered": (pd.Categorical(SAID, categories=ORDER, ordered=True), ORDER),
    "ordered by the alphabet": (pd.Categorical(SAID, categories=ALPHABET, ordered=True), ALPHABET),
    "another order than the alphabet's": (pd.Categorical(SAID, categories=ORDER), ORDER),
    "an enum": (pl.Series(SAID, dtype=pl.Enum(ORDER)), ORDER),
    "an enum in the alphabet's order": (pl.Series(SAID, dtype=pl.Enum(ALPHABET)), ALPHABET),
    "numbers": (pd.Categorical([9, 10, 100] * 2), ["9", "10", "100"]),
    "small numbers": (pd.Categorical([1, 2, 3] * 2), ["1", "2", "3"]),
    "digits in the order of numbers": (pd.Categorical(["1", "2", "3"] * 2), ["1", "2", "3"]),
    "dates": (pd.Categorical(pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"] * 2)), None),
    "two levels": (pd.Categorical(["no", "yes"] * 3), ["no", "yes"]),
}


def designs(y):
    """By formula and from arrays."""
    table = pl.DataFrame({"x": X, "y": y}) if isinstance(y, pl.Series) else {"x": X, "y": y}
    return Design.from_formula("y ~ x", table), Design.from_arrays(X[:, None], y)


@pytest.mark.parametrize("name", UNCHOSEN)
def test_the_order_of_the_alphabet_is_refused(refused, name):
    for design in designs(UNCHOSEN[name]):
        said = " < ".join(map(repr, sorted(set(UNCHOSEN[name]))))
        for own in (design, design.rows(np.arange(6)), Design.from_recipe(*design.recipe())):
            pattern = f"no order but the alphabet's.*{said}.*0, 1, 2.*in a file.*ordered=True"
            refused(lambda own=own: Problem(RGLM("ordinal"), own), DataError, pattern)


@pytest.mark.parametrize("name", CHOSEN)
def test_an_order_that_was_chosen_is_kept(name):
    y, levels = CHOSEN[name]
    for design in designs(y):
        again = Design.from_recipe(*design.recipe())
        for own in (design, design.rows(np.arange(6)), again, again.rows(np.arange(6))):
            assert Problem(RGLM("ordinal"), own).program.levels == len(own.levels)
            assert levels is None or list(own.levels) == levels


def test_levels_without_an_order_need_none():
    for design in designs(pd.Categorical(SAID)):
        assert Problem(RGLM("categorical"), design).program.levels == 3


def test_a_response_that_comes_with_later_rows_is_looked_at_too(refused):
    design = Design.from_arrays(X[:, None])
    later = design.new(X[:, None], y=pd.Categorical(SAID))
    refused(lambda: Problem(RGLM("ordinal"), later), DataError, "no order but the alphabet's")
    assert Problem(RGLM("ordinal"), design.new(X[:, None], y=CHOSEN["ordered"][0])).program.levels == 3


def test_text_of_digits_is_told_how_to_have_an_order(refused):
    pattern = r"reads like numbers.*to_numeric.*categories=\[...\].*ordered=True for an ordinal"
    refused(lambda: Design.from_arrays(X[:, None], ["10", "9", "100"] * 2), DataError, pattern)

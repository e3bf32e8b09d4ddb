"""Levels that an ordered type declares and no row shows: part of an ordered response, of nothing else."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayes_rglm import RGLM, Design, Problem, fit
from bayes_rglm.errors import DataError, EstimatorError

LEVELS = ("a", "never", "b")
CODES = np.tile([0, 2], 6)
FRAME = pd.DataFrame({"x": np.random.default_rng(0).normal(size=12)})
ORDERED = FRAME.assign(o=pd.Categorical.from_codes(CODES, LEVELS, ordered=True))
UNORDERED = FRAME.assign(o=ORDERED["o"].cat.as_unordered())
ENUM = pl.DataFrame({"x": FRAME["x"].to_numpy(), "o": pl.Series(list(ORDERED["o"]), dtype=pl.Enum(LEVELS))})
MADE = {
    "pandas": lambda: Design.from_formula("o ~ x", ORDERED),
    "polars": lambda: Design.from_formula("o ~ x", ENUM),
    "array": lambda: Design.from_arrays(FRAME.to_numpy(), ORDERED["o"]),
    "categorical": lambda: Design.from_arrays(FRAME.to_numpy(), ORDERED["o"].array),
    "rows": lambda: Design.from_formula("o ~ x", ORDERED).rows(np.arange(12)),
    "recipe": lambda: Design.from_recipe(*Design.from_formula("o ~ x", ORDERED).recipe()),
    "new": lambda: Design.from_formula("o ~ x", ORDERED).new(UNORDERED),
}


@pytest.mark.parametrize("how", MADE)
def test_declared_levels_keep_their_place(how):
    design = MADE[how]()
    assert design.levels == LEVELS
    np.testing.assert_array_equal(design.y, CODES)


def test_an_unordered_response_has_the_levels_of_its_rows():
    design = Design.from_formula("o ~ x", UNORDERED)
    assert design.levels == ("a", "b")
    np.testing.assert_array_equal(design.y, CODES // 2)
    assert Design.from_formula("x ~ o", ORDERED).columns == ("o[T.b]",), "and so has a predictor"


def test_an_ordinal_model_has_a_cut_point_beside_the_level_without_rows():
    assert dict(Problem(RGLM("ordinal"), MADE["pandas"]()).layout)["cutpoints"] == (2,)
    with pytest.raises(EstimatorError, match="Level 'never' of 'o' has no row: two cut-points fall together"):
        fit(RGLM("ordinal"), ("o ~ x", ORDERED), "ml")
    for drop in (UNORDERED, ORDERED.assign(o=ORDERED["o"].cat.remove_unused_categories())):
        assert dict(Problem(RGLM("ordinal"), Design.from_formula("o ~ x", drop)).layout)["cutpoints"] == (1,)


def test_two_levels_that_declare_a_third_say_how_to_drop_it():
    with pytest.raises(DataError, match="remove_unused_categories"):
        fit(RGLM("bernoulli"), ("o ~ x", ORDERED), "map")

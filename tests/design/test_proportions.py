"""Proportions under weights of the kind "trials": the design holds successes and trials, whatever made it."""

import numpy as np
import pandas as pd
import pytest

from bayes_rglm import Design

FRAME = pd.DataFrame({"x": [0.1, -1.2, 0.7, 2.0, -0.3, 1.1], "count": [0.0, 2, 1, 5, 3, 1], "m": [5.0, 6, 7, 5, 8, 3]})
FRAME["share"] = FRAME["count"] / FRAME["m"]
KIND = {"weights_kind": "trials"}


def designs():
    by_name = Design.from_formula("share ~ x", FRAME, weights="m", **KIND)
    by_array = Design.from_arrays(FRAME[["x"]].to_numpy(), FRAME["share"], weights=FRAME["m"].to_numpy(), **KIND)
    new = by_array.new((FRAME[["x"]].to_numpy(), FRAME["share"]), weights=FRAME["m"].to_numpy())
    return {"formula": by_name, "arrays": by_array, "new rows": by_name.new(FRAME), "new arrays": new}


@pytest.mark.parametrize("kind", designs())
def test_successes_and_trials(kind):
    design = designs()[kind]
    np.testing.assert_array_equal(design.y, FRAME["count"])
    np.testing.assert_array_equal(design.trials, FRAME["m"])
    assert design.weights is None
    assert design.weights_kind == "trials"


@pytest.mark.parametrize("kind", ["formula", "arrays"])
def test_some_of_the_rows(kind):
    design, some = designs()[kind], [0, 1, 3]
    written = Design.from_recipe(*design.recipe())
    for part, rows in ((design.take(some), some), (design.rows(some), some), (written, slice(None))):
        np.testing.assert_array_equal(part.y, FRAME["count"].to_numpy()[rows])
        np.testing.assert_array_equal(part.trials, FRAME["m"].to_numpy()[rows])


def test_new_rows_without_a_response_have_their_trials():
    design = designs()["formula"].new(FRAME[["x", "m"]])
    assert design.y is None
    np.testing.assert_array_equal(design.trials, FRAME["m"])

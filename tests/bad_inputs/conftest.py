"""A small table, and the check that every refusal passes."""

import pandas as pd
import pytest

from bayes_rglm import errors


@pytest.fixture(scope="session")
def refused():
    """Asserts that `call` is refused by `kind`: what was asked, found and to do match `pattern`, nothing foreign."""

    def check(call, kind, pattern):
        with pytest.raises(kind, match=f"(?s){pattern}") as caught:
            call()
        error = caught.value
        assert isinstance(error, errors.RGLMError)
        assert error.asked
        assert error.found
        assert error.do
        assert error.__cause__ is None
        assert error.__context__ is None or error.__suppress_context__

    return check


@pytest.fixture(scope="session")
def table():
    """Six rows, p ... u, with a column for every kind of response; a function that changes one cell of it."""
    frame = pd.DataFrame(
        {
            "x": [0.1, -1.2, 0.7, 2.0, -0.3, 1.1],
            "group": pd.Categorical(["a", "b", "a", "c", "b", "c"], ordered=True),
            "binary": [0.0, 1.0, 0.0, 1.0, 1.0, 0.0],
            "sign": [-1.0, 1.0, 1.0, -1.0, 1.0, 1.0],
            "count": [0, 2, 1, 5, 3, 1],
            "trials": [5, 5, 5, 5, 5, 5],
            "time": [0.5, 1.2, 3.0, 0.1, 2.2, 0.9],
            "share": [0.1, 0.2, 0.5, 0.7, 0.9, 0.3],
        },
        index=list("pqrstu"),
    )

    def changed(column=None, row=None, value=None):
        copy = frame.copy()
        if column is not None:
            copy[column] = copy[column].astype(object if isinstance(value, str) else float)
            copy.loc[row, column] = value
        return copy

    return changed

"""The curves of probability integral transforms: what is drawn is what the rows of the comparison hold."""

import numpy as np
import pytest

from bayes_rglm import plots
from bayes_rglm.comparison import RowScores, assemble
from bayes_rglm.comparison.calibration import Predictive
from bayes_rglm.errors import DataError

U = {"good": np.linspace(0.01, 0.99, 60), "narrow": np.r_[np.linspace(0, 0.05, 30), np.linspace(0.95, 1, 30)]}


def comparison(transforms, width=1.0):
    """Methods whose rows have these transforms."""
    parts = []
    for k, (name, u) in enumerate(transforms.items()):
        found = None if u is None else Predictive(u, u, np.full(len(u), width))
        scores = np.full(60 if u is None else len(u), -1.0 - k)
        base = {"second": np.ones(len(scores)), "train_log_score": -1.0, "train_rows": 10, "seconds": 1.0, "labels": ()}
        parts.append(RowScores(name, 0, np.arange(len(scores)), scores, **base, predictive=found))
    return assemble(parts, "crps")


def test_each_method_has_its_curve_its_p_value_and_the_band():
    found = comparison(U)
    figure = plots.uniformity(found)
    assert len(figure.axes) == 2
    for axis, (name, u) in zip(figure.axes, U.items(), strict=True):
        assert axis.get_title(loc="left") == name
        x, y = max((line.get_data() for line in axis.lines), key=lambda data: len(data[0]))
        np.testing.assert_allclose(y, np.mean(u[:, None] <= x, axis=0) - x, atol=1e-12)
        assert len(axis.collections) == 1
    assert figure.axes[0].get_xlabel().startswith("u; p = 0.")
    assert figure.axes[1].get_xlabel() == "u; p < 0.001"
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_a_good_curve_stays_in_the_band_and_a_bad_one_leaves_it():
    for axis, inside in zip(plots.uniformity(comparison(U)).axes, (True, False), strict=True):
        band = axis.collections[0].get_paths()[0].vertices
        points = np.unique(band[:, 0])
        low, high = (np.array([edge(band[band[:, 0] == at, 1]) for at in points]) for edge in (np.min, np.max))
        x, y = max((line.get_data() for line in axis.lines), key=lambda data: len(data[0]))
        within = (y >= np.interp(x, points, low) - 0.02) & (y <= np.interp(x, points, high) + 0.02)
        assert within.all() == inside


def test_methods_without_transforms_are_left_out_and_none_is_an_error():
    found = comparison({"good": U["good"], "unordered": None})
    assert list(plots.transforms_of(found)) == ["good"]
    with pytest.raises(DataError, match="no probability integral transforms"):
        plots.uniformity(comparison({"unordered": None}))
    with pytest.raises(DataError, match="at least 5 rows"):
        plots.uniformity(comparison({"few": U["good"][:4]}))


def test_narrow_figures_stack_their_panels():
    wide, narrow = (plots.uniformity(comparison(U), width=width) for width in (6.9, 3.6))
    assert narrow.get_size_inches()[1] > 1.5 * wide.get_size_inches()[1]

"""Whether the predictive distributions of a fit mean what they say: its probability integral transforms, by ArviZ."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import residuals
from ..errors import DataError
from ..results import Fit
from .style import WIDE, styled

LEAST = 5


@styled
def calibration(fit: Fit, data: Any = None, *, seed: int = 0, loo: bool = False, width: float = WIDE):
    """The empirical distribution of u = F(y), less the straight line that a right model makes of it: a Δ-ECDF plot.

    u is randomised for counts, levels and censored rows: Phi of the quantile residuals. A curve that leaves 0 in
    earnest, with ArviZ's p-value and marks where it does, says how: a U is a distribution that is too low, its
    opposite one too high; an S one too narrow (first up) or too wide (first down).

    Parameters
    ----------
    fit : Fit
        Of an RGLM whose response is a number or an ordered level.
    data : frame, (X, y) or Design, optional
        Rows with their response; None: the fitted rows, on which a flexible model looks better than it is.
    seed : int
        Of the randomisation.
    loo : bool
        Predict each fitted row from the others; see `interpret.residuals`.
    width : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        Rows without a response, fewer than five that have a residual, or a response whose levels have no order.
    """
    import arviz as az
    import xarray as xr
    from matplotlib import pyplot

    u = residuals.transform(fit, data, seed, loo=loo)
    u = u[np.isfinite(u)]
    if len(u) < LEAST:
        raise DataError("A distribution needs some rows to show.", found=f"{len(u)} rows", do=f"give at least {LEAST}")
    tree = xr.DataTree.from_dict({"/pit": xr.Dataset({fit.label: (("obs",), u)})})
    drawn = az.plot_ecdf_pit(
        tree,
        group="pit",
        sample_dims=["obs"],
        backend="matplotlib",
        visuals={
            "xlabel": {"text": "u = F(y)"},
            "ylabel": {"text": "share of rows below u, less u"},
            "p_value_text": {"x": 1.0, "horizontal_align": "right", "text": _chance},
        },
        figure_kwargs={"figsize": (width, 0.5 * width)},
    )
    figure = drawn.viz["figure"].item()
    figure.subplots_adjust(left=0.8 / width, bottom=0.5 / (0.5 * width), top=1 - 0.35 / (0.5 * width))
    pyplot.close(figure)  # out of pyplot's hands: like every other figure here it belongs to the caller
    return figure


def _chance(p: float) -> str:
    return "p < 0.01" if p < 0.01 else f"p = {p:.2f}"


__all__ = ["calibration"]

"""Residuals of any fit, one number per row: what was observed against what was predicted.

The prediction is that of the whole fit: a point predicts with its plug-in distribution, draws with their (weighted)
mixture. Weights of rows change no residual.

    quantile   r = Phi^-1(u), u uniform between F(y-) and F(y): standard normal where the model is right
    response   y - E[y]
    pearson    (y - E[y]) / sd[y]
    deviance   sign(y - mu) sqrt(d), d the unit deviance, averaged over draws

`kinds` computes them, `tails` gives log F and log(1 - F), exact in both tails, `ends` the interval in which a row was
seen to lie.
"""

from __future__ import annotations

from .kinds import KINDS, predictive_interval, residuals, transform
from .tails import log_tails

__all__ = ["KINDS", "log_tails", "predictive_interval", "residuals", "transform"]

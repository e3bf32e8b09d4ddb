"""Studies: whole questions asked of a model and its data. `contrast` sets estimators side by side on held-out rows.

contrast.py   `contrast(model, data, methods)` and its result
plan.py       methods by name, seeds, what the study will cost
splits.py     which rows train and which test, and how test rows are encoded
"""

from __future__ import annotations

from .contrast import Contrast, contrast
from .splits import Split, encoded_like, make_splits

__all__ = ["Contrast", "Split", "contrast", "encoded_like", "make_splits"]

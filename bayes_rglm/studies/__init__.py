"""Studies: whole questions asked of a model and its data. `contrast` sets estimators side by side on held-out rows.

`plan` reads the methods and says what the study will cost, `splits` decides which rows train and which test, `running`
does the work. A study holds no statistics of its own: it fits, and asks `comparison`.
"""

from __future__ import annotations

from .contrast import Contrast, contrast
from .plan import Plan
from .splits import Split, make_splits

__all__ = ["Contrast", "Plan", "Split", "contrast", "make_splits"]

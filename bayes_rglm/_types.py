"""Type names shared by the modules; no behaviour."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

Array = np.ndarray | jax.Array
Sites = dict[str, Any]

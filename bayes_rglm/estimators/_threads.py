"""Work in threads, each in the caller's precision and on the caller's device.

XLA releases the interpreter lock while a compiled programme runs, so threads on one CPU device run chains and
restarts side by side, share one compiled programme, and give the same bits as running them in turn. JAX's contexts
are thread-local.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax


def in_threads(function: Callable[[Any], Any], items: Sequence[Any], workers: int | None = None) -> list[Any]:
    """[function(item) for item in items], in order; the first exception is raised."""
    if len(items) == 1:
        return [function(items[0])]
    wide, device = bool(jax.config.jax_enable_x64), jax.config.jax_default_device

    def inside(item):
        with jax.enable_x64(wide), jax.default_device(device):
            return function(item)

    count = workers or max(1, min(len(items), available_cores()))
    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(inside, items))


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Transforms: Problem -> (Problem, restore). A pair of pure functions each; densities agree up to a stated constant."""

from __future__ import annotations

from ._base import Restore
from .likelihood_only import likelihood_only
from .noncentred import noncentred
from .standardised import standardised
from .whitened import whitened

__all__ = ["Restore", "likelihood_only", "noncentred", "standardised", "whitened"]

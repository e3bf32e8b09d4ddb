"""Tables to designs: formulas or arrays in, a matrix with names, levels and frozen constants out."""

from .constants import Constants, Term
from .design import Design

__all__ = ["Constants", "Design", "Term"]

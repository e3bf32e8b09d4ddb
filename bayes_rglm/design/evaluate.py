"""Elementwise expressions of columns, evaluated by walking their checked syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

ELEMENTWISE: dict[str, Callable] = {
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "I": lambda x: x,
}

_BINARY = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}


def evaluate(tree: ast.expr, column: Callable[[str], np.ndarray], n: int) -> np.ndarray:
    """The (n,) float64 values of an elementwise expression; `column(identifier)` gives a column's floats.

    The tree has passed `syntax.check`, so every node is one of those below; values outside a function's domain come
    back as nan or inf, for the caller to name.
    """
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(_walk(tree, column), dtype=np.float64), (n,)).copy()


def _walk(node: ast.expr, column: Callable[[str], np.ndarray]) -> np.ndarray | float:
    if isinstance(node, ast.Name):
        return column(node.id)
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.UnaryOp):
        value = _walk(node.operand, column)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_walk(node.left, column), _walk(node.right, column))
    if isinstance(node, ast.Compare):
        return _BINARY[type(node.ops[0])](_walk(node.left, column), _walk(node.comparators[0], column)).astype(float)
    return ELEMENTWISE[node.func.id](_walk(node.args[0], column))

"""The left side of a formula: one response, or several joined by `+`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..errors import FormulaError
from .factors import Factor, Names, column_factor, parse_factor
from .tokens import Token, quote


def parse_left(tokens: Sequence[Token], names: Names) -> tuple[Factor, tuple[Factor, ...]]:
    """The response, and its parts where there are several: "a + log(b)" are two, "I(a + b)" is one, a sum."""
    parts = _split(tokens)
    if len(parts) == 1:
        return _one(tokens, names), ()
    for part in parts:
        if not _alone(part):
            raise FormulaError(
                "Several responses are joined by +, each a column or a function of columns.",
                found=quote(" ".join(token.text for token in part) or "nothing"),
                do="write 'a + b ~ x' for two responses, 'I(a + b) ~ x' for their sum",
            )
    factors = tuple(_one(part, names) for part in parts)
    texts = [factor.text for factor in factors]
    twice = [text for text in texts if texts.count(text) > 1]
    if twice:
        raise FormulaError("A response stands on the left-hand side twice.", found=quote(twice[0]), do="write it once")
    tree = ast.Tuple([factor.tree for factor in factors], ast.Load())
    columns = dict.fromkeys(name for factor in factors for name in factor.columns)
    return Factor(" + ".join(texts), tree, tuple(columns)), factors


def _one(tokens: Sequence[Token], names: Names) -> Factor:
    if len(tokens) == 1 and tokens[0].kind in ("name", "tick"):
        return column_factor(tokens[0].text, names)
    return parse_factor(tokens, names, response=True)


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens between the `+` that stand outside parentheses; a sign in front joins nothing."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for i, token in enumerate(tokens):
        operator = token.kind == "op"
        depth += (operator and token.text == "(") - (operator and token.text == ")")
        if operator and token.text == "+" and depth == 0 and i > 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _alone(part: Sequence[Token]) -> bool:
    """Whether the tokens are one column or one call."""
    if len(part) == 1:
        return part[0].kind in ("name", "tick")
    if len(part) < 3 or part[0].kind != "name" or part[1].text != "(":
        return False
    depth = 0
    for i, token in enumerate(part):
        depth += (token.kind == "op" and token.text == "(") - (token.kind == "op" and token.text == ")")
        if depth == 0 and i > 0:
            return i == len(part) - 1
    return False

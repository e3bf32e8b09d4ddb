"""Formula text to tokens. Nothing here evaluates anything; what is no token of the small language is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import FormulaError

MAX_LENGTH = 2000
MAX_DEPTH = 40

# Placeholders for column names: two letters that no formula may contain, around a number. They are valid in a Python
# identifier, so a column may have any name without ever meeting a parser.
OPEN, CLOSE = "\u140a", "\u1405"
PLACEHOLDER = re.compile(f"{OPEN}(\\d+){CLOSE}")

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>"[^"\\\n{}]*"|'[^'\\\n{}]*')
    | (?P<tick>`[^`]+`)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*(?:\.\w+)*)
    | (?P<op>\*\*|==|!=|<=|>=|[-+*/:~()<>=,.^\[\]|])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A piece of a formula: `kind` is "string", "tick" (a quoted column name), "number", "name" or "op"."""

    kind: str
    text: str
    at: int


def tokenise(formula: object) -> list[Token]:
    """The tokens of `formula`; refuses overlong texts, unknown characters and unbalanced or deep brackets."""
    text = _checked_text(formula)
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unknown_character(text, at)
        if match.lastgroup == "tick":
            tokens.append(Token("tick", match.group()[1:-1], at))
        elif match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), at))
        at = match.end()
    if not tokens:
        raise FormulaError("The formula is empty.", do="write it like 'y ~ x + C(g)'")
    _check_brackets(tokens, text)
    return tokens


def quote(text: object, limit: int = 80) -> str:
    """A formula or a piece of it, shortened for a message."""
    text = str(text)
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")


def _checked_text(formula: object) -> str:
    if not isinstance(formula, str):
        raise FormulaError(
            "A formula is a string.", found=f"{type(formula).__name__}", do="write it like 'y ~ x + C(g)'"
        )
    if len(formula) > MAX_LENGTH:
        raise FormulaError(
            f"A formula may have at most {MAX_LENGTH} characters.",
            found=f"{len(formula)} characters, beginning {quote(formula[:40], 40)}",
            do="use '.' for all other columns, or Design.from_arrays for a matrix that exists already",
        )
    if OPEN in formula or CLOSE in formula:
        raise FormulaError("The formula holds a character that is reserved.", found=repr(OPEN), do="rename the column")
    return formula


def _unknown_character(text: str, at: int) -> FormulaError:
    char = text[at]
    advice = {
        "{": "write Python expressions inside I( )",
        "}": "write Python expressions inside I( )",
        "%": "%in% and remainders are not supported: write a:b for a nested term",
        "`": "backticks come in pairs, around a column name",
        '"': "strings stand in one line between quotes, without backslashes or braces",
        "'": "strings stand in one line between quotes, without backslashes or braces",
        "&": "compute the column in the table first",
        "#": "a formula has no comments",
    }
    return FormulaError(
        "The formula holds a character that means nothing here.",
        found=f"{char!r} at position {at} of {quote(text)}",
        do=advice.get(char, "put unusual column names between backticks: `my column`"),
    )


def _check_brackets(tokens: list[Token], text: str) -> None:
    depth = 0
    for token in tokens:
        if token.kind != "op":
            continue
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth -= 1
        if depth < 0 or depth > MAX_DEPTH:
            what = "a bracket closes that was never opened" if depth < 0 else f"more than {MAX_DEPTH} nested brackets"
            raise FormulaError(
                "The brackets of the formula do not work out.",
                found=f"{what}, in {quote(text)}",
                do="check the brackets",
            )
    if depth:
        raise FormulaError(
            "The brackets of the formula do not work out.",
            found=f"{depth} left open in {quote(text)}",
            do="close every bracket",
        )

"""Formulas: text to a response and a bounded list of terms. No part of a formula is executed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import FormulaError
from .factors import Factor, Names, column_factor, parse_factor, unknown_column
from .left import parse_left
from .tokens import Token, quote, tokenise

MAX_TERMS = 2000
MAX_ORDER = 6
MAX_POWER = 10

Term = tuple[Factor, ...]


@dataclass(frozen=True)
class Formula:
    """A parsed formula.

    Attributes
    ----------
    text : str
    response : Factor or None
        None for a one-sided formula, "~ x".
    terms : tuple of tuples of Factor
        Without the intercept; main effects before interactions.
    intercept : bool
    names : Names
        The columns used, and their placeholders.
    responses : tuple of Factor
        The parts of `response` where there are several, "a + b ~ x"; else empty.
    """

    text: str
    response: Factor | None
    terms: tuple[Term, ...]
    intercept: bool
    names: Names
    responses: tuple[Factor, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns on the right-hand side, in order of first use."""
        return tuple(dict.fromkeys(c for term in self.terms for factor in term for c in factor.columns))


def parse(formula: str, known: Sequence[str], set_aside: Sequence[str] = ()) -> Formula:
    """Parse `formula` over the columns `known`; `.` leaves out the response and the columns `set_aside`."""
    tokens = tokenise(formula)
    _refuse_other_languages(tokens, formula)
    tildes = [i for i, t in enumerate(tokens) if t.text == "~" and t.kind == "op"]
    if len(tildes) != 1:
        raise FormulaError(
            "A formula has one '~' between the response and its predictors.",
            found=f"{len(tildes)} in {quote(formula)}",
            do="write 'y ~ x + z', or '~ x + z' where there is no response",
        )
    left, right = tokens[: tildes[0]], tokens[tildes[0] + 1 :]
    names = Names(known)
    response, responses = parse_left(left, names) if left else (None, ())
    aside = {*set_aside, *(response.columns if response else ())}
    parser = _Terms(right, names, [c for c in known if c not in aside], formula)
    terms, intercept = parser.parse()
    ordered = tuple(sorted(terms.values(), key=len))
    _refuse_response_as_predictor(response, ordered)
    return Formula(formula, response, ordered, intercept, names, responses)


def _refuse_response_as_predictor(response: Factor | None, terms: Sequence[Term]) -> None:
    for term in terms if response is not None else ():
        for factor in term:
            both = set(factor.columns) & set(response.columns)
            if both:
                raise FormulaError(
                    "The response stands on the right-hand side too.",
                    found=f"column {min(both)!r} in the term {factor.text!r}",
                    do="leave it out on one side",
                )


def _refuse_other_languages(tokens: Sequence[Token], formula: str) -> None:
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "|" and depth > 0:
            raise FormulaError(
                "Group-level terms such as (1 | g) are not supported yet.",
                found=f"'|' at position {token.at} of {quote(formula)}",
                do="give each group its own coefficient with C(g), whose prior shrinks it",
            )
        if token.text == "|":
            raise FormulaError(
                "Formulas of several parts are not supported.", found=quote(formula), do="write one part: 'y ~ x + z'"
            )


class _Terms:
    """Recursive descent over the right-hand side. A value is a dict of terms, keyed by their set of factor texts."""

    def __init__(self, tokens: Sequence[Token], names: Names, others: Sequence[str], formula: str):
        self.tokens, self.names, self.others, self.formula = tokens, names, others, formula
        self.at = 0
        self.intercept = True

    def parse(self) -> tuple[dict[frozenset, Term], bool]:
        if not self.tokens:
            raise self.error("ends where a term should stand", "write 'y ~ 1' for an intercept alone")
        terms = self.sum(top=True)
        if self.at < len(self.tokens):
            raise self.unexpected()
        return terms, self.intercept

    def sum(self, top: bool = False) -> dict[frozenset, Term]:
        terms: dict[frozenset, Term] = {}
        first = True
        while True:
            sign = self.signs(first)
            first = False
            if self.peek("number"):
                self.constant(sign, top)
            elif sign > 0:
                terms |= self.product()
            else:
                for key, term in self.product().items():
                    if terms.pop(key, None) is None:
                        raise self.error(
                            f"takes away a term that is not there, {':'.join(f.text for f in term)!r}",
                            "write a difference of columns as I(x - z)",
                        )
            self.bound(len(terms))
            if not (self.peek("op") and self.current.text in "+-"):
                return terms

    def signs(self, first: bool) -> int:
        sign, seen = 1, first
        while self.peek("op") and self.current.text in ("+", "-"):
            sign = -sign if self.current.text == "-" else sign
            self.at += 1
            seen = True
        if not seen:
            raise self.unexpected()
        return sign

    def constant(self, sign: int, top: bool) -> None:
        text = self.current.text
        if text not in ("0", "1") or not top or (text == "0" and sign < 0):
            raise self.error(
                f"holds the number {text} where only a lone 0 or 1 can stand, for the intercept",
                "write arithmetic inside I( ): I(2 * x)",
            )
        self.at += 1
        if self.peek("op") and self.current.text not in "+-":
            raise self.error(f"does arithmetic on the number {text}", "write arithmetic inside I( ): I(2 * x)")
        self.intercept = (text == "1") == (sign > 0)

    def product(self) -> dict[frozenset, Term]:
        left = self.interaction()
        while self.peek("op") and self.current.text in ("*", "/"):
            operator = self.current.text
            self.at += 1
            if self.peek("number"):
                raise self.error("multiplies or divides by a number", "write arithmetic inside I( ): I(x / 10)")
            right = self.interaction()
            if operator == "*":
                self.bound(len(left) + len(right) + len(left) * len(right))
                left = left | right | self.cross(left, right)
            else:
                self.bound(len(left) + len(right))
                whole = {frozenset(f.text for t in left.values() for f in t): _merge(*left.values())}
                left = left | self.cross(whole, right)
        return left

    def interaction(self) -> dict[frozenset, Term]:
        left = self.power()
        while self.peek("op") and self.current.text == ":":
            self.at += 1
            left = self.cross(left, self.power())
        return left

    def power(self) -> dict[frozenset, Term]:
        base = self.atom()
        if not (self.peek("op") and self.current.text in ("**", "^")):
            return base
        self.at += 1
        if not self.peek("number") or not self.current.text.isdigit() or len(self.current.text) > 3:
            raise self.error("has an exponent that is no whole number", "write powers of a column as I(x**2)")
        exponent = int(self.current.text)
        if not 1 <= exponent <= MAX_POWER:
            raise self.error(f"has an exponent outside 1 to {MAX_POWER}", f"exponents may be at most {MAX_POWER}")
        if len(base) == 1:
            raise self.error(
                "raises one term to a power, which in a formula stands for the term itself, not its square",
                "write the square of a column as I(x**2), a polynomial as poly(x, 2)",
            )
        self.at += 1
        if self.peek("op") and self.current.text in ("**", "^"):
            raise self.error("has a power of a power", "write the exponents as one number")
        out = base
        for _ in range(exponent - 1):
            grown = out | self.cross(out, base)
            if len(grown) == len(out):
                break
            out = grown
        return out

    def atom(self) -> dict[frozenset, Term]:
        if self.at >= len(self.tokens):
            raise self.error("ends where a term should stand", "write a column or a function of one")
        token = self.current
        if token.kind == "op" and token.text == "(":
            self.at += 1
            inside = self.sum()
            if not (self.peek("op") and self.current.text == ")"):
                raise self.unexpected()
            self.at += 1
            return inside
        if token.kind == "op" and token.text == ".":
            self.at += 1
            return self.all_others()
        if token.kind == "tick":
            self.at += 1
            return _one(column_factor(token.text, self.names))
        if token.kind == "name":
            return _one(self.named())
        raise self.unexpected()

    def named(self) -> Factor:
        name = self.current.text
        after = self.at + 1
        if after < len(self.tokens) and self.tokens[after].text == "(" and self.tokens[after].kind == "op":
            end = self.closing(after)
            factor = parse_factor(self.tokens[self.at : end + 1], self.names)
            self.at = end + 1
            return factor
        if name not in self.names:
            raise unknown_column(name, self.names.known)
        self.at += 1
        return column_factor(name, self.names)

    def all_others(self) -> dict[frozenset, Term]:
        if not self.others:
            raise self.error("uses '.', but the table has no other columns", "name the columns")
        self.bound(len(self.others))
        return {frozenset([c]): (column_factor(c, self.names),) for c in self.others}

    def cross(self, left: dict, right: dict) -> dict[frozenset, Term]:
        if len(left) * len(right) > 50 * MAX_TERMS:
            self.bound(len(left) * len(right))
        out = {}
        for a in left.values():
            for b in right.values():
                term = _merge(a, b)
                if len(term) > MAX_ORDER:
                    raise self.error(f"has an interaction of more than {MAX_ORDER} factors", "write fewer interactions")
                out.setdefault(frozenset(f.text for f in term), term)
        self.bound(len(out))
        return out

    def bound(self, terms: int) -> None:
        if terms > MAX_TERMS:
            raise self.error(f"has more than {MAX_TERMS} terms", "write fewer interactions")

    def closing(self, start: int) -> int:
        depth = 0
        for i in range(start, len(self.tokens)):
            if self.tokens[i].kind == "op":
                depth += (self.tokens[i].text == "(") - (self.tokens[i].text == ")")
            if depth == 0:
                return i
        raise self.unexpected()

    @property
    def current(self) -> Token:
        return self.tokens[self.at]

    def peek(self, kind: str) -> bool:
        return self.at < len(self.tokens) and self.current.kind == kind

    def unexpected(self) -> FormulaError:
        if self.at >= len(self.tokens):
            return self.error("ends too early", "write 'y ~ x + z'")
        token = self.current
        if token.text in ("==", "!=", "<", ">", "<=", ">="):
            return self.error(f"compares with {token.text!r} outside a function", "write I(x > 3)")
        return self.error(
            f"has {quote(token.text, 30)} at position {token.at} where an operator or the end should stand"
            if token.kind != "op"
            else f"has {token.text!r} at position {token.at} where it means nothing",
            "join terms by + : * / and put unusual column names between backticks",
        )

    def error(self, why: str, do: str) -> FormulaError:
        return FormulaError(f"The formula {why}.", found=quote(self.formula), do=do)


def _one(factor: Factor) -> dict[frozenset, Term]:
    return {frozenset([factor.text]): (factor,)}


def _merge(*terms: Term) -> Term:
    return tuple(dict.fromkeys(factor for term in terms for factor in term))

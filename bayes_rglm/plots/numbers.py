"""Numbers as people read them: few digits, a true minus sign, infinity as a sign, "–" for what does not apply."""

from __future__ import annotations

import math

MINUS, SPACE, NARROW_SPACE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
LARGE = 1e7
NOTHING = "\N{EN DASH}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3, *, sign: bool = False, whole: int = 7) -> str:
    """`value` to `digits` significant digits: "−0.0123", "1 234", "2.5×10⁻⁷"; NaN and None are "–". More than `whole`
    places before the point make a power of ten.
    """
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return ("+" if sign and value > 0 else "" if value > 0 else MINUS) + "∞"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -4 <= size < whole:
        mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
        text = f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}"
    else:
        text = f"{abs(value):,.{max(0, digits - 1 - size)}f}".replace(",", NARROW_SPACE)
    return (MINUS if value < 0 else "+" if sign else "") + text


def fixed(value: float, decimals: int, *, sign: bool = False) -> str:
    """`value` to `decimals` places."""
    if value is None or not math.isfinite(value):
        return number(value, sign=sign)
    text = f"{abs(value):,.{max(0, decimals)}f}".replace(",", NARROW_SPACE)
    negative = value < 0 and any(c in "123456789" for c in text)
    return (MINUS if negative else "+" if sign and value > 0 else "") + text


def score(value: float) -> str:
    """A mean log score, or another score: three places, and a power of ten from ten thousand on."""
    return fixed(value, 3) if abs(value) < 1e4 else number(value, whole=4)


def decimals_of(error: float, digits: int = 2) -> int:
    """Decimal places at which `error` shows `digits` significant digits, as far as they mean anything."""
    if not (math.isfinite(error) and error > 0):
        return 2
    return min(6, max(0, digits - 1 - math.floor(math.log10(float(f"{error:.{digits - 1}e}")))))


def with_error(value: float, error: float, *, sign: bool = False, most: int = 2) -> str:
    """`value ± error`, both rounded to two significant digits of the error, with at most `most` decimal places; large
    values in powers of ten.
    """
    if not math.isfinite(value) or not math.isfinite(error):
        return number(value, sign=sign)
    if abs(value) >= LARGE:
        return f"{number(value, sign=sign)}{SPACE}±{SPACE}{number(error, 2)}"
    places = min(most, decimals_of(error))
    return f"{fixed(value, places, sign=sign)}{SPACE}±{SPACE}{fixed(error, places)}"


def tick(value: float) -> str:
    """A label of an axis: no more digits than the value has."""
    return f"{value:,.6g}".replace(",", NARROW_SPACE).replace("-", MINUS)


def exact(value: float) -> str:
    """A diagnostic: whole numbers whole, others to four significant digits."""
    return tick(value) if math.isfinite(value) and float(value).is_integer() else number(value, 4)


def seconds(value: float) -> str:
    """A duration: "0.42 s", "12 s", "3 min 20 s"."""
    if not math.isfinite(value):
        return NOTHING
    if value < 0.01:
        return "< 0.01 s"
    if value < 10:
        return f"{fixed(value, 2)} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """`n` and its noun: 1 row, 60 rows."""
    return f"{n:,}".replace(",", NARROW_SPACE) + f" {noun if n == 1 else plural or noun + 's'}"

"""Figures as SVG inside the page: real text, colours that follow the page's light or dark scheme, ids of their own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from ..plots.style import BAND, INK, MUTED, NARROW, PAPER, RULE, SLOTS, WIDE
from .markup import Markup, tag

# The variables of style.css that stand for the colours of the figures.
THEME = {INK: "ink", MUTED: "muted", RULE: "rule", BAND: "band", PAPER: "paper"} | {
    colour: f"series-{i}" for i, (colour, _) in enumerate(SLOTS, 1)
}


def svg(figure, slug: str, alt: str) -> Markup:
    """A matplotlib figure as an inline SVG element that a screen reader calls `alt`."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": slug}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<svg[^>]*>", lambda m: _opening(m.group(), alt), text, count=1)
    text = _own_ids(text.replace("xlink:href", "href"), slug)
    for colour, variable in THEME.items():
        text = re.sub(colour, f"var(--{variable})", text, flags=re.IGNORECASE)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    return Markup(re.sub(r">\s+<", "><", text).strip())


def _opening(found: str, alt: str) -> str:
    box = re.search(r'viewBox="([^"]*)"', found).group(1)
    return str(tag("svg", viewBox=box, role="img", aria_label=alt)).removesuffix("</svg>")


def _own_ids(text: str, slug: str) -> str:
    """Ids that are referred to get a prefix, so that figures of one page do not share them; others go."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{slug}-{m.group(1)}"' if m.group(1) in used else "", text)
    return re.sub(r'(href="#|url\(#)([^")]+)', rf"\g<1>{slug}-\g<2>", text)


def both(draw: Callable, slug: str, alt: str, caption: object) -> Markup:
    """A figure element with two drawings, for wide and for narrow screens; `draw(width=)` makes one."""
    wide, narrow = (
        svg(draw(width=width), f"{slug}-{name}", alt) for width, name in ((WIDE, "wide"), (NARROW, "narrow"))
    )
    return tag(
        "figure",
        tag("div", wide, class_="wide"),
        tag("div", narrow, class_="narrow"),
        tag("figcaption", caption),
        id=f"figure-{slug}",
    )

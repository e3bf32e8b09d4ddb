"""HTML by small functions. Text is escaped where it enters; only `Markup` passes through as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """HTML that is known to be safe."""

    __slots__ = ()


def safe(value: object) -> Markup:
    """`value` as HTML: a Markup as it is, anything else escaped."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def tag(name: str, *content: object, **attributes: object) -> Markup:
    """An element; attributes in Python spelling (`class_`, `aria_label`), None leaves one out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{shown}>{join(content)}</{name}>")


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Several pieces in a row."""
    return Markup(between.join(safe(part) for part in parts))


def paragraph(*content: object, class_: str | None = None) -> Markup:
    """A paragraph."""
    return tag("p", *content, class_=class_)


def listing(items: Iterable[object], class_: str | None = None) -> Markup:
    """A bulleted list; nothing where there are no items."""
    items = [tag("li", item) for item in items]
    return tag("ul", *items, class_=class_) if items else Markup("")


def facts(pairs: Iterable[tuple[object, object]]) -> Markup:
    """A list of terms and what they are."""
    return tag("dl", *(tag("div", tag("dt", term), tag("dd", what)) for term, what in pairs), class_="facts")


def table(
    head: Sequence[object], rows: Sequence[Sequence[object]], caption: object, *, numeric: Iterable[int] = (), class_=""
) -> Markup:
    """A table whose first column names the rows. On a narrow screen each row becomes a block with its labels.

    The roles are repeated because browsers drop a table's meaning when its cells are laid out as blocks.
    """
    numeric = set(numeric)
    heads = [
        tag("th", text, scope="col", role="columnheader", class_="number" if j in numeric else None)
        for j, text in enumerate(head)
    ]
    body = [tag("tr", *_cells(row, head, numeric), role="row") for row in rows]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads, role="row"), role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
        class_=class_ or None,
    )


def _cells(row: Sequence[object], head: Sequence[object], numeric: set[int]) -> list[Markup]:
    first = tag("th", row[0], scope="row", role="rowheader")
    others = [
        tag("td", value, role="cell", data_label=head[j], class_="number" if j in numeric else _text(value))
        for j, value in enumerate(row[1:], 1)
    ]
    return [first, *others]


def _text(value: object) -> str | None:
    """The class of cells that need a line of their own on a narrow screen."""
    return "text" if len(str(value)) > 24 and not isinstance(value, Markup) else None


def section(title: str, *content: object, slug: str) -> Markup:
    """A section of the page with its heading."""
    return tag("section", tag("h2", title, id=slug), *content, aria_labelledby=slug)

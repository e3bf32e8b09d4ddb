"""Writes `models/README.md`: the link table, each row with its file, its response and its hidden unit.

    python docs/generate_models_table.py

Everything in it is read from the model files and from the records of families and links.
"""

import re
from pathlib import Path

from bayes_rglm import gallery, links
from bayes_rglm.gallery import Entry

TARGETS = ("real", "binary", "categorical", "count", "positive", "sparse", "ordered", "recursive")

ABOUT = """\
# Models, written out

Each file says one model twice: `SPEC` is how the library says it, `model(X, y=None)` is the same in plain NumPyro, with
nothing hidden. The tests hold the two log joint densities together to ten digits. `data()` gives a real data set that a
package ships, `simulate(seed, n)` data of known truth, `REFERENCE` published answers where there are any.

```python
import bayes_rglm as rglm

rglm.contrast(rglm.gallery.model("binary_probit"), rglm.gallery.data("binary_probit"))
```

This page is written by `docs/generate_models_table.py`.
"""

TABLE = """\
## The link table

Read from left to right a row is a regression; its inverse link is also a hidden unit of a network. Where the inverse is
not defined everywhere, or grows without bound near a point, a relative takes its place as a hidden unit.

| target | model | response | mean | hidden unit |
|---|---|---|---|---|
"""

RECURSIONS = """\
## Recursions

The same responses behind hidden layers.

| model | response | hidden layers |
|---|---|---|
"""

SOURCES = """\
## Data

| model | data set | licence |
|---|---|---|
"""


def entries() -> list[Entry]:
    """The models that ship, in the order of the table: by target, and within one by the order of the links."""
    order = links.names()
    found = [gallery.load(name) for name in gallery.names()]
    return sorted(found, key=lambda e: (TARGETS.index(target(e)), order.index(e.spec.link.name)))


def target(entry: Entry) -> str:
    return entry.name.partition("_")[0]


def file_of(entry: Entry) -> str:
    return f"[{entry.name}]({entry.name}.py)"


def response(entry: Entry) -> str:
    return f'`"{entry.spec.family.name}"`, `"{entry.spec.link.name}"`'


def mean(entry: Entry) -> str:
    """What the linear predictor means for the response."""
    formula = entry.spec.link.formula
    if entry.spec.family.name == "ordinal":
        return "P(y <= k) = F(c_k - eta), F(x) = " + formula.removeprefix("mu = ").replace("eta", "x")
    return formula


def hidden_unit(entry: Entry) -> str:
    """The activation that belongs to the row, with its formula."""
    if entry.spec.family.name == "ordinal":
        return "-"
    link = links.get(entry.spec.link.name)
    unit = link if link.hidden else links.get(link.instead)
    formula = re.sub(r"^mu\b", "h", unit.formula)
    return f'`"{unit.name}"`: {formula}'


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def row(*cells: str) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |\n"


def source(entry: Entry) -> tuple[str, str]:
    """(data set, licence), from the end of the file's docstring."""
    text = " ".join(entry.doc.split())
    found = re.search(r"Shipped by [\w-]+, (`[\w.]+`)(.*?)Licence: (.*?)(?:;|\.(?=\s|$))", text)
    if found is None:
        raise SystemExit(f"{entry.path}: the docstring does not end in 'Shipped by PACKAGE, `NAME`. Licence: ...'")
    return found[1], found[3]


def page() -> str:
    """The text of models/README.md."""
    every = entries()
    flat = [entry for entry in every if not entry.spec.hidden]
    deep = [entry for entry in every if entry.spec.hidden]
    parts = [ABOUT, "\n", TABLE]
    parts += [row(target(e), file_of(e), response(e), mean(e), hidden_unit(e)) for e in flat]
    parts += ["\n", RECURSIONS]
    parts += [row(file_of(e), response(e), " then ".join(f"`{layer!r}`" for layer in e.spec.hidden)) for e in deep]
    parts += ["\n", SOURCES]
    parts += [row(file_of(e), *source(e)) for e in every]
    return "".join(parts)


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("models", "README.md").write_text(page())

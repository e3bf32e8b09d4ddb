"""A registry: names and aliases to frozen records. Links, families, priors and estimators are kept in one each.

A registry is filled by the modules that define its entries, at import; error messages and command-line choices are
generated from it, so no list of names is typed twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from .errors import SpecError, suggest


class Registry[T]:
    """Case-insensitive lookup of named records; `kind` is the word used in messages."""

    def __init__(self, kind: str, error: type[Exception] = SpecError):
        self.kind = kind
        self._error = error
        self._entries: dict[str, T] = {}
        self._aliases: dict[str, str] = {}

    def add(self, name: str, entry: T, aliases: tuple[str, ...] = ()) -> T:
        """Register `entry` under `name` and `aliases`; a name taken twice is an error."""
        for key in (name, *aliases):
            if fold(key) in self._aliases:
                raise self._error(f"The {self.kind} name {key!r} is registered already.", do="choose another name")
        self._entries[name] = entry
        for key in (name, *aliases):
            self._aliases[fold(key)] = name
        return entry

    def get(self, name: str) -> T:
        """The entry called `name` (or one of its aliases); raises with the nearest names otherwise."""
        key = self._aliases.get(fold(name)) if isinstance(name, str) else None
        if key is None:
            raise self._error(
                f"There is no {self.kind} of that name.", found=repr(name), do=suggest(name, self.names())
            )
        return self._entries[key]

    def names(self) -> tuple[str, ...]:
        """Canonical names, in order of registration."""
        return tuple(self._entries)

    def items(self) -> Iterator[tuple[str, T]]:
        """(name, entry) pairs, in order of registration."""
        return iter(self._entries.items())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and fold(name) in self._aliases

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


def fold(name: str) -> str:
    """A name as it is looked up: case, hyphens and blanks do not matter."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")

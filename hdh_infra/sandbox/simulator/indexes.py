"""Rows found by what they hold, so that a rule does not look at every resource of the cloud."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.store import Row


@final
class Index:
    """Rows by keys that a function makes of each; kept right by the store as rows come and go."""

    def __init__(self, keys: Callable[[Row], Iterable[Hashable]]) -> None:
        """Make the keys of a row by a function of the row alone."""
        self._keys = keys
        self._rows: dict[Hashable, dict[str, Row]] = {}
        self._held: dict[str, tuple[Hashable, ...]] = {}

    def take(self, row: Row) -> None:
        """A row is there, or changed."""
        identity = row.id.lower()
        keys = tuple(self._keys(row))
        if self._held.get(identity) != keys:
            self.drop(identity)
            self._held[identity] = keys
        for key in keys:
            self._rows.setdefault(key, {})[identity] = row

    def drop(self, identity: str) -> None:
        """A row is gone; its id in small letters."""
        for key in self._held.pop(identity, ()):
            rows = self._rows[key]
            rows.pop(identity, None)
            if not rows:
                del self._rows[key]

    def clear(self) -> None:
        """Nothing is there."""
        self._rows.clear()
        self._held.clear()

    def find(self, key: Hashable) -> list[Row]:
        """Every row with a key, in the order of their ids."""
        return [row for _, row in sorted(self._rows.get(key, {}).items(), key=lambda item: item[0])]


def ancestors(identity: str) -> Iterator[str]:
    """An id of Azure in small letters, and those of the resources that it lies in, up to its group."""
    here = identity.lower().rstrip("/")
    yield here
    while "/providers/" in here:
        here = here.rsplit("/", 2)[0]
        yield here

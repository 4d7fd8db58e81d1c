"""What the simulated cloud holds: an SQLite file, mirrored in memory, that outlives the process.

Secret values are sealed with the box's own key before they are written (Fernet; the key lies beside the
file, mode 0600): a copied database or backup shows none. That protects against leaks of the file alone,
not against who can read the whole folder. It knows no type and no rule.
"""

from __future__ import annotations

import bisect
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from cryptography.fernet import Fernet

from hdh_infra.sandbox.simulator.indexes import Index
from hdh_infra.sandbox.simulator.wire import Secret

_SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists resources (
  id text primary key collate nocase, type text not null, inputs text not null, kept text not null,
  deleted_until real, deleted_with text);
create table if not exists faults (
  number integer primary key, types text not null, operation text not null, kind text not null,
  count integer not null, seconds real not null);
create table if not exists facts (name text primary key, value text not null);
"""
_SEALED = "$sealed"
PACE = 100.0
"""Seconds of the cloud in a second, where nobody says otherwise."""


@final
@dataclass(slots=True)
class Row:
    """One resource of the cloud.

    Attributes:
        id: as the cloud gives it; compared without regard to case.
        type: the type token.
        inputs: what was asked, and what somebody has changed since; secrets marked.
        kept: values that the cloud made once (identifiers, addresses), by where they stand in the outputs.
        deleted_until: until when a deleted resource is kept, in seconds of the epoch; None while it lives.
        deleted_with: id of the resource that it was deleted with and comes back with.
    """

    id: str
    type: str
    inputs: dict[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)
    deleted_until: float | None = None
    deleted_with: str | None = None

    @property
    def alive(self) -> bool:
        """Whether it is there, and not only kept."""
        return self.deleted_until is None


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is to happen: what to, when, how, and how many times more."""

    number: int
    types: str
    operation: str
    kind: str
    count: int
    seconds: float


class Store:
    """The rows, the faults and the facts of one box. One instance may be used by many threads."""

    def __init__(self, file: Path, key_file: Path) -> None:
        """Open the database, making it and its key where they are not there."""
        self.lock = threading.RLock()
        self._seal = Fernet(_key(key_file))
        if not file.exists():
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
        self._database.executescript(_SCHEMA)
        self._version = -1
        self._rows: dict[str, Row] = {}
        self._by_type: dict[str, dict[str, Row]] = {}
        self._order: list[str] = []
        self._deleted: dict[str, Row] = {}
        self._indexes: dict[Hashable, tuple[str | None, Index]] = {}
        self._numbers: dict[str, float] = {}
        self._depth = 0

    @contextmanager
    def session(self) -> Iterator[None]:
        """Alone with the rows; what other processes write meanwhile is seen afterwards."""
        with self.lock:
            self._mirror()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._database.close()

    # --- resources

    def get(self, identity: str) -> Row | None:
        """A row by its id, living or kept."""
        with self.lock:
            return self._mirror().get(identity.lower())

    def all(self) -> list[Row]:
        """Every row, in the order of their ids."""
        with self.lock:
            rows = self._mirror()
            return [rows[identity] for identity in self._order]

    def deleted(self) -> list[Row]:
        """Every row that is only kept."""
        with self.lock:
            self._mirror()
            return list(self._deleted.values())

    def below(self, identity: str) -> list[Row]:
        """Every row whose id lies in that of another, living or kept, in the order of their ids."""
        with self.lock:
            rows = self._mirror()
            start = f"{identity.lower()}/"
            found = []
            for at in range(bisect.bisect_left(self._order, start), len(self._order)):
                if not self._order[at].startswith(start):
                    break
                found.append(rows[self._order[at]])
            return found

    def index(self, name: Hashable, token: str | None, keys: Callable[[Row], Iterable[Hashable]]) -> Index:
        """The index of a name over the rows of a type (None: of every type), made at the first question."""
        with self.lock:
            rows = self._mirror()
            known = self._indexes.get(name)
            if known is None:
                known = self._indexes[name] = (token, Index(keys))
                for row in list(rows.values() if token is None else self._by_type.get(token, {}).values()):
                    known[1].take(row)
            return known[1]

    def put(self, row: Row) -> None:
        """Write a row."""
        with self.lock:
            self._mirror()
            self._database.execute(
                "insert or replace into resources values (?, ?, ?, ?, ?, ?)",
                (
                    row.id,
                    row.type,
                    self._sealed(row.inputs),
                    self._sealed(row.kept),
                    row.deleted_until,
                    row.deleted_with,
                ),
            )
            self._take(row)

    def remove(self, identity: str) -> None:
        """Forget a row."""
        with self.lock:
            key = identity.lower()
            row = self._mirror().pop(key, None)
            if row is not None:
                self._by_type[row.type].pop(key, None)
                self._deleted.pop(key, None)
                del self._order[bisect.bisect_left(self._order, key)]
                for _, index in self._indexes.values():
                    index.drop(key)
                self._database.execute("delete from resources where id = ?", (identity,))

    # --- faults and facts

    def add_fault(self, types: str, operation: str, kind: str, count: int, seconds: float) -> None:
        """Let a fault happen to the next `count` operations on the types that a pattern names."""
        with self.lock:
            self._database.execute(
                "insert into faults (types, operation, kind, count, seconds) values (?, ?, ?, ?, ?)",
                (types, operation, kind, count, seconds),
            )

    def take_fault(self, operation: str, applies: Callable[[str], bool], *, after: int = 0) -> Fault | None:
        """The first fault with a higher number that applies to an operation, counted as having happened."""
        with self.lock:
            for found in self._database.execute(
                "select * from faults where operation = ? and number > ? order by number", (operation, after)
            ):
                fault = Fault(*found)
                if applies(fault.types):
                    self._database.execute("update faults set count = count - 1 where number = ?", (fault.number,))
                    self._database.execute("delete from faults where count <= 0")
                    return fault
        return None

    def clear_faults(self) -> None:
        """Forget every fault that is to happen."""
        with self.lock:
            self._database.execute("delete from faults")

    def fact(self, name: str, make: Callable[[], str]) -> str:
        """A fact about the box, made at the first question and the same from then on."""
        with self.lock:
            self._database.execute("insert or ignore into facts values (?, ?)", (name, make()))
            found = self._database.execute("select value from facts where name = ?", (name,)).fetchone()
            return str(found[0])

    def say(self, name: str, value: float) -> None:
        """Set a number that is kept about the box, as `later` and `pace` are."""
        with self.lock:
            self._database.execute("insert or replace into facts values (?, ?)", (name, repr(value)))
            self._numbers[name] = value

    @property
    def later(self) -> float:
        """By how many seconds the cloud's clock is ahead."""
        return self._number("later", 0.0)

    @property
    def pace(self) -> float:
        """How many seconds of the cloud pass in a second, for what takes its time there."""
        return self._number("pace", PACE)

    def _number(self, name: str, otherwise: float) -> float:
        with self.lock:
            self._mirror()
            if name not in self._numbers:
                found = self._database.execute("select value from facts where name = ?", (name,)).fetchone()
                self._numbers[name] = float(found[0]) if found else otherwise
            return self._numbers[name]

    # --- the mirror

    def _mirror(self) -> dict[str, Row]:
        """The rows in memory, read again where another process has written."""
        if self._depth:
            return self._rows
        (version,) = self._database.execute("pragma data_version").fetchone()
        if version != self._version:
            self._version = version
            self._numbers = {}
            self._rows, self._by_type, self._order, self._deleted = {}, {}, [], {}
            for _, index in self._indexes.values():
                index.clear()
            # Within a session the keys of an index may look at other rows.
            self._depth += 1
            try:
                for identity, token, inputs, kept, until, along in self._database.execute("select * from resources"):
                    self._take(Row(identity, token, self._opened(inputs), self._opened(kept), until, along))
            finally:
                self._depth -= 1
        return self._rows

    def _take(self, row: Row) -> None:
        key = row.id.lower()
        if key not in self._rows:
            bisect.insort(self._order, key)
        self._rows[key] = row
        self._by_type.setdefault(row.type, {})[key] = row
        if row.alive:
            self._deleted.pop(key, None)
        else:
            self._deleted[key] = row
        for token, index in self._indexes.values():
            if token is None or token == row.type:
                index.take(row)

    def _sealed(self, value: Mapping[str, Any]) -> str:
        def sealed(item: Any) -> Any:
            if isinstance(item, Secret):
                return {_SEALED: self._seal.encrypt(json.dumps(item.value, default=sealed).encode()).decode()}
            raise TypeError(f"{type(item).__name__} is not JSON")

        return json.dumps(value, default=sealed)

    def _opened(self, text: str) -> dict[str, Any]:
        def opened(item: dict[str, Any]) -> Any:
            if _SEALED in item:
                return Secret(json.loads(self._seal.decrypt(item[_SEALED]), object_hook=opened))
            return item

        found: dict[str, Any] = json.loads(text, object_hook=opened)
        return found


def _key(file: Path) -> bytes:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes()
    key = Fernet.generate_key()
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key)
    return key

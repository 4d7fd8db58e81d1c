"""Looking at single resources: by an id, or by the data source `get<Type>` of any type that has a contract.

What the cloud makes by itself (`given` in the data: the network watcher of a region) is found here and stands in
no list: nobody made it, so no state and no destroy knows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.store import Row
from hdh_infra.sandbox.simulator.templates import filled

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Knowledge
    from hdh_infra.sandbox.simulator.making import Maker
    from hdh_infra.sandbox.simulator.store import Store

_SOURCE: Final = re.compile(r"(?P<module>[^:]+:[^:]+:)get(?P<type>[A-Z]\w*)")
"""The token of a data source that reads one resource of a type."""
_NAME: Final = re.compile(r"\\{(\w+)\\}")
"""A name in braces, escaped."""


@final
class Looker:
    """Finds resources of one package."""

    def __init__(self, store: Store, known: Knowledge, maker: Maker) -> None:
        """Look into a store, and at what the cloud makes by itself."""
        self._store, self._known, self._maker = store, known, maker
        self._given: dict[str, Row] = {}
        self._shapes = [
            (re.compile(_NAME.sub(r"(?P<\1>[^/]+)", re.escape(gift.template)), re.IGNORECASE), gift)
            for gift in known.given
        ]

    def living(self, identity: str) -> Row | None:
        """A living resource, somebody's or the cloud's own."""
        row = self._store.get(identity)
        if row is None:
            return self._gift(identity)
        return row if row.alive and not self._maker.waits(row, "hidden") else None

    def answer(self, token: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None] | None:
        """What a data source of one resource gives.

        Returns:
            The id asked for and what is there, None where nothing is; None for a source that is no such one.
        """
        found = _SOURCE.fullmatch(token)
        kind = f"{found['module']}{found['type']}" if found else ""
        if not kind or contracts.contract(kind) is None:
            return None
        identity = self._maker.identity(kind, arguments) or ""
        row = self.living(identity) if identity else None
        if row is None:
            return identity, None
        return identity, {**self._maker.outputs(row), "id": row.id}

    def _gift(self, identity: str) -> Row | None:
        known = self._given.get(identity.lower())
        if known is not None:
            return known
        for shape, gift in self._shapes:
            names = shape.fullmatch(identity)
            if names and names["subscriptionId"] == self._maker.fact("subscriptionId"):
                row = Row(identity, gift.token, filled(gift.inputs, names.groupdict()))
                self._maker.outputs(row)
                return self._given.setdefault(identity.lower(), row)
        return None

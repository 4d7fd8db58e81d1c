"""The resources of a cloud as its rules see them: who is there, what lies in what, who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra.sandbox.simulator.paths import every, first
from hdh_infra.sandbox.simulator.wire import UNKNOWN, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.kinds import Event
    from hdh_infra.sandbox.simulator.knowledge import Kind, Knowledge
    from hdh_infra.sandbox.simulator.making import Maker
    from hdh_infra.sandbox.simulator.store import Row, Store

_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"


def _shape(template: str) -> re.Pattern[str]:
    """What an id looks like that is made by a template."""
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", f"/{template.strip('/')}"), re.IGNORECASE)


@final
class World:
    """A view of the store for one package's rules."""

    def __init__(self, store: Store, known: Knowledge, maker: Maker) -> None:
        """Look at a store; ids are told apart by the templates of what is known."""
        self.store, self._maker = store, maker
        self._shapes = [(_shape(kind.template), kind) for kind in known.kinds.values() if kind.template.startswith("/")]
        self._present = [_shape(one) for one in known.present]

    def outputs(self, row: Row) -> dict[str, Any]:
        """What the cloud answers of a row."""
        found: dict[str, Any] = plain(self._maker.outputs(row))
        return found

    def alive(self, identity: str) -> bool:
        """Whether a resource is there, made or the cloud's own."""
        row = self.store.get(identity)
        return (row is not None and row.alive) or any(shape.fullmatch(identity) for shape in self._present)

    def living(self, token: str) -> list[Row]:
        """Every living resource of a type."""
        return [row for row in self.store.of(token) if row.alive]

    def kind_of(self, identity: str) -> Kind | None:
        """The type that an id is of; None for one that nobody wrote down."""
        for shape, kind in self._shapes:
            if shape.fullmatch(identity):
                return kind
        return None

    def siblings(self, token: str, identity: str) -> list[Row]:
        """Living resources of the type in the same parent."""
        above = identity.rsplit("/", 2)[0].lower()
        return [
            row
            for row in self.living(token)
            if row.id.lower() != identity.lower() and row.id.rsplit("/", 2)[0].lower() == above
        ]

    def follow(self, link: Mapping[str, Any], event: Event) -> Iterator[tuple[str, Row | None]]:
        """What a link leads to: by the ids at `path`, to the `parent`, or to the `type` whose `output` is that at `path`."""
        if link.get("parent"):
            above = event.identity.rsplit("/", 2)[0]
            yield above, self._living(above)
            return
        for value in every(event.inputs, link["path"]):
            if value == UNKNOWN or not isinstance(value, str):
                continue
            if "output" not in link:
                yield value, self._living(value)
                continue
            found = [
                row
                for row in self.living(link["type"])
                if str(first(self.outputs(row), link["output"], "")).rstrip("/").lower() == value.rstrip("/").lower()
            ]
            if found and "key" in link:
                # A vault and a key's name lead to the key.
                yield value, self._living(f"{found[0].id}/keys/{first(event.inputs, link['key'], '')}")
            else:
                yield value, found[0] if found else None

    def holds(self, principal: Any, roles: Sequence[str], target: str, permissions: Sequence[str]) -> bool:
        """Whether a principal has one of the roles on a target or above it, or the permissions in its vault's policies."""
        for row in self.living(_ASSIGNMENT):
            given = plain(row.inputs)
            definition = str(given.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
            scope = str(given.get("scope", "")).rstrip("/").lower()
            above = f"{target.lower()}/".startswith(f"{scope}/")
            if above and given.get("principalId") == principal and definition in roles:
                return True
        vault = self._living(re.sub(r"(/vaults/[^/]+).*", r"\1", target))
        for policy in every(plain(vault.inputs), "properties.accessPolicies[*]") if vault else []:
            allowed = {str(one).lower() for one in every(policy, "permissions.keys[*]")}
            if policy.get("objectId") == principal and ("all" in allowed or {*permissions} <= allowed):
                return True
        return False

    def _living(self, identity: str) -> Row | None:
        row = self.store.get(identity)
        return row if row is not None and row.alive else None

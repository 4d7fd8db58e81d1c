"""The resources of a cloud as its rules see them: who is there, what lies in what, who may do what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra.sandbox.simulator.looking import Looker
from hdh_infra.sandbox.simulator.making import naming
from hdh_infra.sandbox.simulator.paths import every, first
from hdh_infra.sandbox.simulator.wire import UNKNOWN, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Kind, Knowledge
    from hdh_infra.sandbox.simulator.kinds import Event
    from hdh_infra.sandbox.simulator.making import Maker
    from hdh_infra.sandbox.simulator.store import Row, Store

_TYPE: Final = 6
"""Where the type of what lies in a resource group stands in its id."""
_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"


@final
class World:
    """A view of the store for one package's rules."""

    def __init__(self, store: Store, known: Knowledge, maker: Maker) -> None:
        """Look at a store; ids are told apart by the templates of what is known."""
        self.store, self._maker = store, maker
        self.looker = Looker(store, known, maker)
        self._shapes: dict[tuple[int, str], list[tuple[re.Pattern[str], Kind]]] = {}
        for kind in known.kinds.values():
            if kind.template.startswith("/"):
                shape = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", f"/{kind.template.strip('/')}"), re.IGNORECASE)
                self._shapes.setdefault(_place(kind.template), []).append((shape, kind))

    def outputs(self, row: Row) -> dict[str, Any]:
        """What the cloud answers of a row."""
        found: dict[str, Any] = plain(self._maker.outputs(row))
        return found

    def alive(self, identity: str) -> bool:
        """Whether a resource is there."""
        return self.looker.living(identity) is not None

    def kind_of(self, identity: str) -> Kind | None:
        """The type that an id is of; None for one that nobody wrote down."""
        for shape, kind in self._shapes.get(_place(identity), ()):
            if shape.fullmatch(identity):
                return kind
        return None

    def siblings(self, token: str, identity: str) -> list[Row]:
        """Living resources of the type in the same parent."""
        above = identity.rsplit("/", 2)[0].lower()
        return [
            row
            for row in self.store.below(above)
            if row.alive
            and row.type == token
            and row.id.lower() != identity.lower()
            and row.id.rsplit("/", 2)[0].lower() == above
        ]

    def alike(self, token: str, paths: Sequence[str], inputs: Mapping[str, Any]) -> list[Row]:
        """Living resources of a type with the same values at some paths."""

        def key(values: Mapping[str, Any]) -> str:
            return json.dumps([same(first(values, path)) for path in paths], sort_keys=True, default=str)

        index = self.store.index(("alike", token, *paths), token, lambda row: [key(plain(row.inputs))])
        return [row for row in index.find(key(inputs)) if row.alive]

    def naming(self, identity: str) -> list[Row]:
        """Living resources whose inputs name a resource's id, or that of something in it."""
        return naming(self.store, identity)

    def follow(self, link: Mapping[str, Any], event: Event) -> Iterator[tuple[str, Row | None]]:
        """What a link leads to: by the ids at `path`, to the `parent`, or to the `type` whose `output` is that at `path`."""
        if link.get("parent"):
            above = event.identity.rsplit("/", 2)[0]
            yield above, self.looker.living(above)
            return
        for value in every(event.inputs, link["path"]):
            if value == UNKNOWN or not isinstance(value, str):
                continue
            if "output" not in link:
                yield value, self.looker.living(value)
                continue
            found = self._giving(link["type"], link["output"], value)
            if found and "key" in link:
                # A vault and a key's name lead to the key.
                yield value, self.looker.living(f"{found[0].id}/keys/{first(event.inputs, link['key'], '')}")
            else:
                yield value, found[0] if found else None

    def holds(self, principal: Any, roles: Sequence[str], target: str, permissions: Sequence[str]) -> bool:
        """Whether a principal has one of the roles on a target or above it, or the permissions in its vault's policies."""
        assignments = self.store.index("principals", _ASSIGNMENT, lambda row: [plain(row.inputs.get("principalId"))])
        for row in assignments.find(principal):
            given = plain(row.inputs)
            if not row.alive or self._maker.waits(row, "effective"):
                continue
            definition = str(given.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
            scope = str(given.get("scope", "")).rstrip("/").lower()
            above = f"{target.lower()}/".startswith(f"{scope}/")
            if above and definition in roles:
                return True
        vault = self.looker.living(re.sub(r"(/vaults/[^/]+).*", r"\1", target))
        for policy in every(plain(vault.inputs), "properties.accessPolicies[*]") if vault else []:
            allowed = {str(one).lower() for one in every(policy, "permissions.keys[*]")}
            if policy.get("objectId") == principal and ("all" in allowed or {*permissions} <= allowed):
                return True
        return False

    def _giving(self, token: str, output: str, value: str) -> list[Row]:
        """Living resources of a type that answer a value."""

        def keys(row: Row) -> list[str]:
            return [str(first(self.outputs(row), output, "")).rstrip("/").lower()]

        index = self.store.index(("giving", token, output), token, keys)
        return [row for row in index.find(value.rstrip("/").lower()) if row.alive]


def same(value: Any) -> Any:
    """A value in the form in which Azure compares it: small letters, no slash at the end."""
    return value.lower().rstrip("/") if isinstance(value, str) else value


def _place(identity: str) -> tuple[int, str]:
    """How many parts an id has, and the type of what stands in its group: few templates have both in common."""
    segments = identity.strip("/").lower().split("/")
    return len(segments), "".join(segments[_TYPE : _TYPE + 1])

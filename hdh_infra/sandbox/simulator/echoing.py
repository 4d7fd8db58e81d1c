"""What a resource's answer tells of others: what lies in it, and what uses it (`echoes` in the data).

So it is with the real provider: a state holds a network as it was when it was made, and after a refresh with its
subnets. Inputs are never touched by it: the provider leaves out of them what nobody gave there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.making import naming
from hdh_infra.sandbox.simulator.paths import every, first, put
from hdh_infra.sandbox.simulator.templates import filled
from hdh_infra.sandbox.simulator.wire import plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Knowledge
    from hdh_infra.sandbox.simulator.making import Maker
    from hdh_infra.sandbox.simulator.store import Row, Store


@final
class Echo:
    """Adds to the outputs of one package's resources what other resources make of them."""

    def __init__(self, store: Store, known: Knowledge, maker: Maker) -> None:
        """Look at a store."""
        self._store, self._known, self._maker = store, known, maker

    def add(self, row: Row, outputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs with what others make of them."""
        for path, rule in self._known.echoes_of(row.type):
            value = self._children(row, path, rule) if "children" in rule else self._users(row, rule)
            if value is not None:
                put(outputs, path, value)
        return outputs

    def _children(self, row: Row, path: str, rule: Mapping[str, Any]) -> Any:
        """Everything of a type that lies in it, as the answer has it inside; or how many."""
        above = f"{row.id.lower()}/"
        rows = [
            one
            for one in self._store.below(row.id)
            if one.alive and one.type == rule["children"] and one.id[len(above) :].count("/") == 1
        ]
        if "count" in rule:
            return int(rule["count"]) + len(rows)
        contract = contracts.contract(row.type)
        assert contract is not None, row.type
        shape = contract.resolve(contract.outputs[path]["items"])["properties"]
        # What was given inline is there, too; the two ways are not mixed for one child.
        inline = first(plain(row.inputs), path) or []
        return [{**one, "id": f"{row.id}/{path}/{one.get('name', '')}"} for one in inline] + [
            {
                name: value
                for name, value in {**plain(self._maker.outputs(one)), "id": one.id}.items()
                if name in shape and value is not None
            }
            for one in rows
        ]

    def _users(self, row: Row, rule: Mapping[str, Any]) -> Any:
        """What names it: a list, or the one; None where nothing does."""
        mine = row.id.lower()
        found = [
            one
            for one in naming(self._store, row.id)
            if one.type == rule["users"]
            and any(str(value).lower() == mine for value in every(plain(one.inputs), rule["at"]))
        ]
        values = [
            filled(rule.get("with", {"id": "{id}"}), {"id": one.id, "own": row.id, "name": one.id.rsplit("/", 1)[-1]})
            for one in found
        ]
        return (values[0] if rule.get("one") else values) if values else None

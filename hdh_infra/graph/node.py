"""Node: one native resource, with its own properties and the few options the engine is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, final

from hdh_infra.graph.values import Value, walk
from hdh_infra.model.paths import element_of


@final
@dataclass(frozen=True, slots=True)
class Node:
    """One native resource: where it is, what it is there for, and its own properties."""

    path: str
    """`zone/lake/store/snds/account`: unique, stable, the Pulumi name."""
    type: str
    """Pulumi type token."""
    provider: str
    """Key of its provider in the plan."""
    properties: Mapping[str, Value]
    """The provider's own wire names."""
    outputs: tuple[str, ...] = ()
    """What others read from it, beside its id."""
    depends_on: tuple[str, ...] = ()
    """Paths that must exist before it, beyond those its properties refer to."""
    protect: bool = False
    """Holds data: the engine refuses to delete it."""
    aliases: tuple[str, ...] = ()
    """Paths that it had before."""
    delete_before_replace: bool = False
    """Its native name is fixed, so that the old one must go first."""
    ignore_changes: tuple[str, ...] = ()
    """Properties that the cloud or a person changes afterwards."""
    replace_on_changes: tuple[str, ...] = ()
    """Properties whose change makes it anew, although its provider would change them in place."""
    secret_outputs: tuple[str, ...] = ()
    """Outputs that are secret."""
    timeouts: Mapping[str, str] = field(default_factory=dict)
    """`create`, `update`, `delete` to a duration such as `30m`."""
    existing: Value = None
    """Native id of a thing that is only referred to: never changed, never destroyed. A form where it lies in another node."""
    adopt: str | None = None
    """Native id of a thing that is there and that the stack takes over: imported once, managed from then on."""
    _forms: list[tuple[tuple[str, Value], ...]] = field(default_factory=list, init=False, compare=False, repr=False)

    def forms(self) -> tuple[tuple[str, Value], ...]:
        """Every form in its properties, and in its id, with its property path; looked for once, since ordering and verifying both ask."""
        if not self._forms:
            found = walk(dict(self.properties))
            self._forms.append((*found, *walk(self.existing, "(existing)")) if self.existing else tuple(found))
        return self._forms[0]

    def refs(self) -> Iterator[tuple[str, str]]:
        """Every (path, output) that its properties refer to."""
        for _, form in self.forms():
            if "$ref" in form:
                yield form["$ref"], form["output"]

    @property
    def element(self) -> str:
        """The element that it is there for."""
        return element_of(self.path)

    @property
    def parent(self) -> str:
        """The component that it is registered under: its element, or the platform."""
        return self.element

    def to_json(self) -> dict[str, Any]:
        """As it stands in a plan's JSON."""
        return {
            "path": self.path,
            "element": self.element,
            "type": self.type,
            "provider": self.provider,
            "properties": self.properties,
            "outputs": list(self.outputs),
            "parent": self.parent,
            "depends_on": list(self.depends_on),
            "protect": self.protect,
            "aliases": list(self.aliases),
            "delete_before_replace": self.delete_before_replace,
            "ignore_changes": list(self.ignore_changes),
            # Few have any, and a plan of a national platform has half a million nodes.
            **({"replace_on_changes": list(self.replace_on_changes)} if self.replace_on_changes else {}),
            "secret_outputs": list(self.secret_outputs),
            "timeouts": dict(self.timeouts),
            "existing": self.existing,
            "adopt": self.adopt,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Node:
        """Read what `to_json` wrote."""
        known = {one.name for one in fields(cls) if one.init}
        read: dict[str, Any] = {
            key: tuple(item) if isinstance(item, list) else item for key, item in value.items() if key in known
        }
        return cls(**read)

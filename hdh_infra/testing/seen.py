"""What was registered: one record a resource, with the options that the engine was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final


@final
@dataclass(frozen=True)
class Seen:
    """One registered resource.

    Attributes:
        name: its Pulumi name: a node's or an element's path.
        type: its type token.
        inputs: its properties as they arrived, references resolved.
        id: the id that it was given; empty in a preview.
        custom: whether it is a native resource or a provider, not a component.
        provider: URN and id of its provider, as the engine writes it.
        protect: whether the engine refuses to delete it.
        delete_before_replace: whether the old one goes first.
        ignore_changes: properties that are left alone.
        secret_outputs: outputs that are kept secret.
        aliases: names that it had before.
        parent: name of the component that it stands under.
        version: of the plugin.
        existing: native id of what is only read.
    """

    name: str
    type: str
    inputs: Mapping[str, Any]
    id: str
    custom: bool
    provider: str = ""
    protect: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    parent: str = ""
    version: str = ""
    existing: str | None = None

    @property
    def native(self) -> bool:
        """Whether it is a resource of a cloud: neither component nor provider."""
        return self.custom and not self.type.startswith("pulumi:")

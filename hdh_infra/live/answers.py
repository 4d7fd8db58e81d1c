"""What OpenStack's services answered, as it stands on the wire, and the labels that a state has for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from hdh_infra.clouds.openstack.naming import KEY_ORDER, SECRET
from hdh_infra.compare.side import UNMANAGED
from hdh_infra.graph.observation import Native

Wire: TypeAlias = Mapping[str, Any]
_BY_URL = frozenset({KEY_ORDER, SECRET})


@final
@dataclass(frozen=True)
class Answers:
    """What the services of a project said, as it stands on the wire; each list as its service names it."""

    networks: Sequence[Wire] = ()
    subnets: Sequence[Wire] = ()
    routers: Sequence[Wire] = ()
    ports: Sequence[Wire] = ()
    groups: Sequence[Wire] = ()
    rules: Sequence[Wire] = ()
    floating_ips: Sequence[Wire] = ()
    port_forwardings: Sequence[Wire] = ()
    rbac_policies: Sequence[Wire] = ()
    servers: Sequence[Wire] = ()
    server_groups: Sequence[Wire] = ()
    address_groups: Sequence[Wire] = ()
    volumes: Sequence[Wire] = ()
    orders: Sequence[Wire] = ()
    secrets: Sequence[Wire] = ()
    key_lists: Mapping[str, Wire] = field(default_factory=dict)
    """Who reads a secret or container, by its path in the service; of a container over it and its secrets."""
    credentials: Sequence[Wire] = ()


def plain_id(token: str, identity: str | None) -> str | None:
    """An id without the URL that Barbican writes before it."""
    return identity.rsplit("/", 1)[-1] if identity and token in _BY_URL else identity


@final
class Labels:
    """Paths of what a state knows, by type and id; they tell which element a thing belongs to and nothing else."""

    def __init__(self, region: str, known: Iterable[Native]) -> None:
        """Keep what the state knows, and the region that everything was asked in."""
        self.region = region
        self._known = {(native.type, plain_id(native.type, native.id)): native for native in known}

    def knows(self, token: str, identity: str) -> bool:
        """Whether the state has it."""
        return (token, plain_id(token, identity)) in self._known

    def native(self, token: str, identity: str, properties: Mapping[str, Any]) -> Native:
        """A resource as it was found, with the state's path or one that says that nobody manages it."""
        held = self._known.get((token, plain_id(token, identity)))
        path = held.path if held is not None else f"{UNMANAGED}{identity}"
        said = {name: value for name, value in properties.items() if value is not None}
        return Native(path, token, {"region": self.region, **said}, held.id if held is not None else identity)

"""Finding one's way among native resources of a plan, a state or a live subscription.

ARM resources point at each other in three ways: by id, by the names of what they lie in, and by addresses
such as a vault's URI. `Reader` follows all of them, in plans (where they are forms or literal names) and in
states (where they are ids). It gives no meaning to any property.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hdh_infra.catalogue.load import Site, catalogue
from hdh_infra.clouds.azure.hosts import vault_suffix
from hdh_infra.clouds.azure.naming import token
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value, form_of

_NAMES: Mapping[str, str] = {
    "network:VirtualNetwork": "virtualNetworkName",
    "network:Subnet": "subnetName",
    "network:NetworkSecurityGroup": "networkSecurityGroupName",
    "network:RouteTable": "routeTableName",
    "network:FirewallPolicy": "firewallPolicyName",
    "network:PrivateEndpoint": "privateEndpointName",
    "keyvault:Vault": "vaultName",
    "dataprotection:BackupVault": "vaultName",
    "storage:StorageAccount": "accountName",
    "privatedns:PrivateZone": "privateZoneName",
}
_NAMED = {token(kind): name for kind, name in _NAMES.items()}
_PARENTS: Mapping[str, str] = {
    "network:Subnet": "network:VirtualNetwork",
    "network:VirtualNetworkPeering": "network:VirtualNetwork",
    "network:SecurityRule": "network:NetworkSecurityGroup",
    "network:Route": "network:RouteTable",
    "network:FirewallPolicyRuleCollectionGroup": "network:FirewallPolicy",
    "network:PrivateDnsZoneGroup": "network:PrivateEndpoint",
    "keyvault:Key": "keyvault:Vault",
    "storage:BlobServiceProperties": "storage:StorageAccount",
    "storage:BlobContainer": "storage:StorageAccount",
    "storage:BlobContainerImmutabilityPolicy": "storage:StorageAccount",
    "storage:ManagementPolicy": "storage:StorageAccount",
    "dataprotection:BackupPolicy": "dataprotection:BackupVault",
    "dataprotection:BackupInstance": "dataprotection:BackupVault",
    "privatedns:VirtualNetworkLink": "privatedns:PrivateZone",
    "privatedns:PrivateRecordSet": "privatedns:PrivateZone",
}
_PARENT = {token(kind): token(parent) for kind, parent in _PARENTS.items()}
_SUBSCRIPTION = re.compile(r"/?subscriptions/[^/]+/?", re.IGNORECASE)
_VAULT_URI = re.compile(r"https://([^./]+)\.([^/:]+)(?::443)?/?(?:keys/([^/]+))?", re.IGNORECASE)


class Reader:
    """The native resources, indexed once by what Azure knows them by."""

    def __init__(self, natives: Natives, site: Site) -> None:
        """Index them; `site` says which regions lie where."""
        self.natives, self.site = natives, site
        self.unread: set[str] = set()
        """Machines whose way into a network cannot be read (`Observation.unread`)."""
        self._vault_suffix = vault_suffix(site)
        self._by_name: dict[tuple[str, str], Native] = {}
        self._keys: dict[tuple[str, str], Native] = {}
        self._principals: dict[str, Native] = {}
        self._children: dict[tuple[str, str], list[Native]] = {}
        self._of_element: dict[str, list[str]] = {}
        self._countries = {
            region.name.lower(): region.country
            for offer in catalogue(site.target.cloud).offers
            for region in offer.regions
        }
        for native in natives:
            self._of_element.setdefault(native.element, []).append(native.path)
            if native.type in _NAMED:
                self._by_name.setdefault((native.type, self.name(native).lower()), native)
            for value in (
                native.properties.get("principalId"),
                got(native, "identity.principalId"),
            ):
                if native.type != token("authorization:RoleAssignment") and isinstance(value, str):
                    self._principals.setdefault(value.lower(), native)
        for native in natives:
            if native.type == token("keyvault:Key"):
                self._keys[self._vault_of(native), self._key_name(native)] = native
            parent = self.parent(native)
            if parent:
                self._children.setdefault((parent.path, native.type), []).append(native)

    def of(self, *kinds: str) -> list[Native]:
        """All of some types, by path."""
        return self.natives.of_type(*map(token, kinds))

    def paths(self, element: str) -> list[str]:
        """Paths of everything that belongs to an element."""
        return self._of_element.get(element, [])

    def children(self, parent: Native, kind: str) -> list[Native]:
        """What lies in a resource, of one type."""
        return self._children.get((parent.path, token(kind)), [])

    def name(self, native: Native) -> str:
        """The native name: of the id where there is one, else the stated one."""
        if native.id:
            return native.id.rsplit("/", 1)[-1]
        return str(native.properties.get(_NAMED[native.type], native.properties.get("name", "")))

    def parent(self, native: Native) -> Native | None:
        """What a child resource lies in: the beginning of its id, or the name it states."""
        kind = _PARENT.get(native.type)
        if kind is None:
            return None
        if native.id:
            parts = native.id.split("/")
            for length in range(len(parts) - 2, 0, -2):
                found = self.natives.follow("/".join(parts[:length]))
                if found and found.type == kind:
                    return found
        name = native.properties.get(_NAMED[kind])
        if isinstance(name, str):
            return self._by_name.get((kind, name.lower()))
        return self.follow(name)

    def follow(self, value: Value) -> Native | None:
        """The resource that an id, a reference or `{"id": ...}` points at."""
        if isinstance(value, Mapping) and form_of(value) is None:
            value = value.get("id")
        if isinstance(value, str) and value.startswith("/"):
            value = value.rstrip("/")
        return self.natives.follow(value) if value is not None else None

    def vault_name(self, uri: Value) -> str | None:
        """Name, in small letters, of the vault at a URI; None of one that is no vault of this cloud."""
        if isinstance(uri, str):
            return self._at(uri)[0]
        native = self.follow(uri)
        return self.name(native).lower() if native and native.type == token("keyvault:Vault") else None

    def key(self, vault: str | None, name: Value) -> Native | None:
        """A key by the name of its vault, in small letters, and its own."""
        return self._keys.get((vault, str(name).lower())) if vault else None

    def key_at(self, url: Value) -> Native | None:
        """The key at a URL, with or without its version."""
        if isinstance(url, str):
            vault, key = self._at(url)
            return self.key(vault, key) if key else None
        found_native = self.follow(url)
        return found_native if found_native and found_native.type == token("keyvault:Key") else None

    def _at(self, url: str) -> tuple[str | None, str | None]:
        """Vault and key of a URL. Vaults of two clouds may have one name: only the suffix tells them apart."""
        found = _VAULT_URI.match(url)
        if found is None or found[2].lower() != self._vault_suffix:
            return None, None
        return found[1].lower(), found[3]

    def principal(self, value: Value) -> str:
        """Whose principal it is: the path of the identity, or the id of one that is not the platform's."""
        native = self.bearer(value)
        return native.path if native else str(value)

    def bearer(self, value: Value) -> Native | None:
        """What has the identity of a principal, where that is the platform's: an identity, or what has one of its own."""
        return self._principals.get(value.lower()) if isinstance(value, str) else self.follow(value)

    def who(self, value: Value) -> list[str]:
        """The same in the model's words: the elements that act under an identity, `group/NAME`, or the id.

        An identity that nothing carries is that of the element which it was made for.
        """
        native = self.bearer(value)
        if native is not None:
            carriers = self.carriers.get(native.path, ())
            return sorted({one.element for one in carriers}) or [native.element]
        name = self.site.group_names.get(str(value).lower())
        return [f"group/{name}" if name else str(value)]

    def is_distant(self, value: Value, who: str) -> bool:
        """Whether an element acts under an identity as its machine only, and so over the network."""
        native = self._principals.get(value.lower()) if isinstance(value, str) else self.follow(value)
        acting = [one for one in self.carriers.get(native.path, ()) if one.element == who] if native else []
        return bool(acting) and all(one.type == token("compute:VirtualMachine") for one in acting)

    @functools.cached_property
    def carriers(self) -> Mapping[str, list[Native]]:
        """What acts under each user-assigned identity, by the identity's native path."""
        found: dict[str, list[Native]] = {}
        for native in self.of("compute:VirtualMachine", "storage:StorageAccount", "compute:DiskEncryptionSet"):
            # A list of ids as it is asked, and a map of them as it is given back.
            for pointer in got(native, "identity.userAssignedIdentities", ()):
                identity = self.follow(pointer)
                if identity is not None:
                    found.setdefault(identity.path, []).append(native)
        return found

    def identities(self, native: Native) -> list[str]:
        """Native paths of the user-assigned identities that something acts under; the pointer itself of one that is not the platform's."""
        if "UserAssigned" not in str(got(native, "identity.type", "None")):
            return []
        found = [(self.follow(one), one) for one in got(native, "identity.userAssignedIdentities", ())]
        return [identity.path if identity else str(pointer) for identity, pointer in found]

    @functools.cached_property
    def log_writers(self) -> Mapping[str, set[str]]:
        """By identity, the accounts that flow logs are written to under it; native paths."""
        found: dict[str, set[str]] = {}
        for native in self.of("network:FlowLog"):
            account = self.follow(native.properties.get("storageId"))
            for identity in self.identities(native):
                found.setdefault(identity, set()).add(account.path if account else "")
        return found

    def group(self, native: Native) -> str:
        """Name, in small letters, of the resource group that something lies in, or is."""
        if native.id:
            parts = native.id.lower().split("/")
            return parts[parts.index("resourcegroups") + 1] if "resourcegroups" in parts[:-1] else ""
        return str(native.properties.get("resourceGroupName", "")).lower()

    def country(self, location: Value) -> str | None:
        """The country of a location, in any of the ways that Azure writes it; the location where the catalogue has it not."""
        return self._countries.get(place(location), place(location)) if isinstance(location, str) else None

    def _key_name(self, native: Native) -> str:
        name = native.id.rsplit("/", 1)[-1] if native.id else native.properties.get("keyName", "")
        return str(name).lower()

    def _vault_of(self, native: Native) -> str:
        """Name of a key's vault, in small letters, which need not be among what was found."""
        parts = (native.id or "").lower().split("/")
        if "vaults" in parts[:-1]:
            return parts[parts.index("vaults") + 1]
        return str(native.properties.get("vaultName", "")).lower()


def is_subscription(value: Value) -> bool:
    """Whether an id is that of a whole subscription."""
    if isinstance(value, Mapping):
        value = value.get("$format")
    return isinstance(value, str) and _SUBSCRIPTION.fullmatch(value) is not None


def place(location: Value) -> str:
    """A location as the catalogue writes it: ARM accepts and gives back `France Central` too."""
    return str(location).replace(" ", "").lower()


def got(native: Native, path: str, default: Any = None) -> Any:
    """A property by its path of names, or what Azure takes where it is not stated."""
    here: Any = native.properties
    for name in _names(path):
        here = here.get(name) if type(here) is dict or isinstance(here, Mapping) else None
    return default if here is None else here


@functools.cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def listed(value: Value) -> Sequence[Any]:
    """The value as a list; nothing is an empty one."""
    return value if isinstance(value, list) else ()

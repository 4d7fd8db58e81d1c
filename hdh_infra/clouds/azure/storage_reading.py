"""Reading stores back: what an account, its blob service, its containers and its policies give.

Everything is read from the cloud's meaning of native properties; what Azure takes where nothing is stated is
taken here too. Who reaches a store by its private endpoint is read in `traffic`, who may do what in `grants`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.azure.audit import STORE_CATEGORIES, Logs
from hdh_infra.clouds.azure.backup_reading import Backups, Copies
from hdh_infra.clouds.azure.grants import Rights
from hdh_infra.clouds.azure.keys_reading import key_element
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.clouds.azure.storage import CONTAINER
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.model.scales import Encryption, Redundancy, RetentionMode

_ELSEWHERE = "elsewhere"


def observe_stores(reader: Reader, rights: Rights, logs: Logs, backups: Backups) -> dict[str, dict[str, Any]]:
    """Every store element, from its account and what lies in it."""
    found: dict[str, dict[str, Any]] = {}
    entered = _entered(reader)
    for native in reader.of("storage:StorageAccount"):
        containers = reader.children(native, "storage:BlobContainer")
        location = native.properties.get("location")
        copies = backups.of_account(native)
        encryption, key = _weaker(_encrypted(reader, native), copies)
        scopes, group = (native, *containers), reader.group(native)
        found[native.element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            "encryption": str(encryption),
            "key": key,
            "versioning": _versioning(reader, native),
            "retention": _retention(reader, native, containers),
            "expiry": _expiry(reader, native) or None,
            "soft_delete_days": _kept_days(reader, native),
            "redundancy": str(_redundancy(native)),
            "private": native.path in entered and is_closed(native, logs=native.path in logs.destinations),
            "public": _public(native, containers),
            "grants": rights.grants(scopes, group),
            "access_log": logs.cover(native, STORE_CATEGORIES, apart=native),
            "backup": copies.given if copies else None,
            "country": _furthest(_country(reader, native), copies),
            "region": place(location) + _copied_to(reader, native),
            "access": sorted(rights.lines(scopes, group)),
            "native": reader.paths(native.element),
        }
    return found


def _weaker(own: tuple[Encryption, str | None], copies: Copies | None) -> tuple[Encryption, str | None]:
    """Who holds the key of all that there is of a store, its copies too."""
    if copies is None or copies.encryption.reaches(own[0]):
        return own
    return copies.encryption, copies.key


def _furthest(country: str | None, copies: Copies | None) -> str | None:
    return country if copies is None or copies.country == country else copies.country


def _encrypted(reader: Reader, native: Native) -> tuple[Encryption, str | None]:
    if str(got(native, "encryption.keySource", "Microsoft.Storage")).lower() != "microsoft.keyvault":
        return Encryption.provider_key, None
    given = got(native, "encryption.keyVaultProperties", {})
    key = reader.key(reader.vault_name(given.get("keyVaultUri")), given.get("keyName"))
    services = got(native, "encryption.services", {})
    # Blobs and files always use the account's key; the others only where it was said at creation.
    whole = all(
        (services.get(name) or {}).get("keyType", "Service") == "Account" for name in ("queue", "table")
    ) and all((services.get(name) or {}).get("keyType", "Account") == "Account" for name in ("blob", "file"))
    if key is None or not whole:
        return (Encryption.customer_key if whole else Encryption.provider_key), key_element(key)
    return Encryption.customer_key, key_element(key)


def _versioning(reader: Reader, native: Native) -> bool:
    services = reader.children(native, "storage:BlobServiceProperties")
    on = any(one.properties.get("isVersioningEnabled") is True for one in services)
    return on and got(native, "isHnsEnabled", default=False) is not True


def _retention(reader: Reader, native: Native, containers: list[Native]) -> dict[str, Any] | None:
    """The weakest retention of the account's containers; None where one has none.

    A policy is unlocked until somebody locks it, and whoever may write policies can shorten or remove it.
    """
    names = {_container_name(one) for one in containers}
    policies = {_container_of(one): one for one in reader.children(native, "storage:BlobContainerImmutabilityPolicy")}
    if not names or not names <= set(policies):
        return None
    days = [got(policies[name], "immutabilityPeriodSinceCreationInDays", 0) for name in names]
    appends = ("allowProtectedAppendWrites", "allowProtectedAppendWritesAll")
    locked = all(policies[name].properties.get("state") == "Locked" for name in names)
    return {
        "days": int(min(days)),
        "mode": str(RetentionMode.compliance if locked else RetentionMode.governance),
        **({"appends": True} if any(policies[n].properties.get(a) is True for n in names for a in appends) else {}),
    }


def _container_name(native: Native) -> str:
    return native.id.rsplit("/", 1)[-1] if native.id else str(native.properties.get("containerName"))


def _container_of(policy: Native) -> str:
    if policy.id and "/containers/" in policy.id:
        return policy.id.split("/containers/")[1].split("/")[0]
    return str(policy.properties.get("containerName"))


def _public(native: Native, containers: list[Native]) -> bool:
    """Whether anybody can read without credentials: the account allows it and a container says so."""
    allowed = got(native, "allowBlobPublicAccess", default=False) is True
    return allowed and any(got(one, "publicAccess", "None") != "None" for one in containers)


def _expiry(reader: Reader, native: Native) -> list[dict[str, Any]]:
    """The rules of age that delete, by prefix; of another container than the objects' with its name before it.

    They delete nothing in a container under a retention, for as long as it has one.
    """
    held = {_container_of(one) for one in reader.children(native, "storage:BlobContainerImmutabilityPolicy")}
    found: list[dict[str, Any]] = []
    for policy in reader.children(native, "storage:ManagementPolicy"):
        for rule in listed(got(policy, "policy.rules")):
            definition = rule.get("definition") or {}
            actions = definition.get("actions") or {}
            days = _age(actions, "baseBlob", "daysAfterModificationGreaterThan")
            old = _age(actions, "version", "daysAfterCreationGreaterThan")
            kinds = listed((definition.get("filters") or {}).get("blobTypes"))
            if rule.get("enabled", True) is not True or (days is None and old is None) or "blockBlob" not in kinds:
                continue  # objects are block blobs; a rule for the others alone deletes none of them
            for prefix in listed((definition.get("filters") or {}).get("prefixMatch")) or (f"{CONTAINER}/",):
                if str(prefix).split("/", 1)[0] not in held:
                    own = str(prefix).removeprefix(f"{CONTAINER}/")
                    found.append({"prefix": own, "days": days, "old_versions_days": old})
    return sorted(found, key=lambda one: str(one["prefix"]))


def _age(actions: Mapping[str, Any], what: str, name: str) -> int | None:
    """Days after which something goes by a rule; by another count than the model's it is 0, sooner than anything asked."""
    when = (actions.get(what) or {}).get("delete")
    if not when:
        return None
    return int(when[name]) if set(when) == {name} else 0


def _kept_days(reader: Reader, native: Native) -> int | None:
    """For how long what was deleted can be had back, a container too; None where nothing is kept, or can be removed before."""
    days: list[int] = []
    for service in reader.children(native, "storage:BlobServiceProperties"):
        for name in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            policy = got(service, name, {})
            if policy.get("enabled") is not True or policy.get("allowPermanentDelete") is True:
                return None
            days.append(int(policy.get("days", 0)))
    return min(days, default=None)


def _redundancy(native: Native) -> Redundancy:
    kind = str(got(native, "sku.name", "Standard_LRS")).upper()
    if "GRS" in kind or "GZRS" in kind:
        return Redundancy.region
    return Redundancy.zone if "ZRS" in kind else Redundancy.local


def _entered(reader: Reader) -> set[str]:
    """Native paths of the accounts that an approved private endpoint leads to."""
    found: set[str] = set()
    for endpoint in reader.of("network:PrivateEndpoint"):
        for connection in listed(got(endpoint, "privateLinkServiceConnections")):
            state = (connection.get("privateLinkServiceConnectionState") or {}).get("status", "Approved")
            service = reader.follow(connection.get("privateLinkServiceId"))
            if state == "Approved" and service is not None:
                found.add(service.path)
    return found


def is_closed(native: Native, *, logs: bool) -> bool:
    """Whether an account answers no network but by private endpoints.

    Args:
        native: the account.
        logs: whether Azure writes logs to it, which it does past the rules of an endpoint that is on: there
            the rules must let nobody through. Any other account must have its endpoint off.
    """
    if str(got(native, "publicNetworkAccess", "Enabled")).lower() == "disabled":
        return True
    rules = got(native, "networkRuleSet", {})
    openings = any(listed(rules.get(name)) for name in ("ipRules", "virtualNetworkRules", "resourceAccessRules"))
    return logs and not openings and str(rules.get("defaultAction") or "Allow") == "Deny"


def _country(reader: Reader, native: Native) -> str | None:
    """Where the data lie; of a copy that lies elsewhere, that place."""
    here = reader.country(native.properties.get("location"))
    copy = _pair(reader, native)
    return here if copy is None or reader.country(copy) == here else reader.country(copy)


def _copied_to(reader: Reader, native: Native) -> str:
    copy = _pair(reader, native)
    return f", {copy}" if copy else ""


def _pair(reader: Reader, native: Native) -> str | None:
    """The second region of a geo-redundant account; `elsewhere` where the catalogue has no pair."""
    if "GRS" not in str(got(native, "sku.name", "Standard_RAGRS")) and "GZRS" not in str(got(native, "sku.name", "")):
        return None
    pairs: Mapping[str, str] = reader.site.offer.native.get("pairs", {})
    return pairs.get(place(native.properties.get("location")), _ELSEWHERE)


def entries(reader: Reader) -> Iterator[ObservedFlow]:
    """The ways in from the Internet that an account itself opens, past every virtual network."""
    for native in reader.of("storage:StorageAccount"):
        ports = (443,) if got(native, "enableHttpsTrafficOnly", default=True) else (80, 443)
        yield from entry_of(
            native,
            access=got(native, "publicNetworkAccess", "Enabled"),
            rules=got(native, "networkRuleSet", {}),
            ports=ports,
        )


def entry_of(
    native: Native, *, access: Any, rules: Mapping[str, Any], ports: tuple[int, ...]
) -> Iterator[ObservedFlow]:
    """Who may come in from outside to a service of the cloud with a firewall of its own."""
    if str(access).lower() == "disabled":
        return
    if str(rules.get("defaultAction") or "Allow") == "Allow":
        yield ObservedFlow("internet", native.element, "tcp", ports)
        return
    for rule in rules.get("ipRules") or ():
        address = rule.get("iPAddressOrRange") or rule.get("value")
        if rule.get("action", "Allow") == "Allow":
            yield ObservedFlow(str(address), native.element, "tcp", ports)

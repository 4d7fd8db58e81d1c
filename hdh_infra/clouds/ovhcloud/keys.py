"""Keys in OVHcloud's key service: one domain for the platform, one service key each; and reading them back.

What the service keeps a key in, and whether it can be carried out of it, no property tells: both are observed as
null, and the catalogue answers. Who uses and who administers a key stands in `access`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.ovhcloud.access import Held, lower_access, observe_access
from hdh_infra.clouds.ovhcloud.naming import DOMAIN, IMPORTED_KEY, PROVIDER, SERVICE_KEY
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.scales import KeyAlgorithm, KeyOrigin

DOMAIN_PATH = f"{PLATFORM}/keys"
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "oct": ("encrypt", "decrypt", "wrapKey", "unwrapKey"),
    "RSA": ("sign", "verify"),
}
"""What a key of a type is for; the service's RSA keys encrypt nothing
(pulumi.com/registry/packages/ovh/api-docs/okms/servicekey, read 2026-11-25)."""
_TYPES = {"aes": "oct", "rsa": "RSA"}


def lower_domain(context: Context) -> Iterator[Node]:
    """The domain that holds all keys; always there, for it costs nothing by itself and a first key of a space must not change it."""
    yield Node(
        path=DOMAIN_PATH,
        type=DOMAIN,
        provider=PROVIDER,
        properties={
            "region": context.site.service_region("keys"),
            "ovhSubsidiary": str(context.site.offer.native["subsidiary"]),
            "displayName": native_name(context, DOMAIN_PATH),
        },
        timeouts={"create": "30m"},
    )


def lower_key(context: Context, path: str) -> Iterator[Node]:
    """One key: 256 bits, or a pair of RSA where that is asked, made by the service."""
    existing = context.existing(path)
    # A key that is there already lies in a domain that is there already: `DOMAIN/KEY`, which is what an import takes too.
    domain, _, identity = existing.id.rpartition("/") if existing else ("", "", "")
    place = {"okmsId": domain or ref(DOMAIN_PATH)}
    algorithm, _, bits = str(context.expanded.keys[path].algorithm or KeyAlgorithm.aes_256).partition("-")
    kind = _TYPES[algorithm]
    yield from lower_access(context, path, place["okmsId"], ref(f"{path}/service-key"), kind)
    if existing is not None and not existing.adopt:
        yield Node(f"{path}/service-key", SERVICE_KEY, PROVIDER, place, existing=identity)
        return
    yield Node(
        path=f"{path}/service-key",
        type=SERVICE_KEY,
        provider=PROVIDER,
        properties={
            **place,
            "name": native_name(context, path),
            "type": kind,
            "size": int(bits),
            "operations": list(OPERATIONS[kind]),
        },
        protect=True,
        adopt=existing.id if existing else None,
    )


def observe_keys(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every key element; it lies where its domain lies."""
    access = observe_access(reader, reader.natives.of_type(SERVICE_KEY, IMPORTED_KEY))
    found = {
        element: _key(reader, natives, KeyOrigin.generated, access)
        for element, natives in reader.elements(SERVICE_KEY, "key").items()
    }
    return found | {
        element: _key(reader, natives, KeyOrigin.imported, access)
        for element, natives in reader.elements(IMPORTED_KEY, "key").items()
    }


def _key(reader: Reader, natives: list[Native], origin: KeyOrigin, access: Mapping[str, Held]) -> dict[str, Any]:
    held = [access[native.path] for native in natives]
    domain = reader.follow(natives[0].properties.get("okmsId"), DOMAIN)
    # Older versions of the API write EU_WEST_RBX for eu-west-rbx.
    region = reader.region(domain, "keys").lower().replace("_", "-") if domain is not None else None
    countries: dict[str, str] = reader.site.offer.native["key_countries"]
    return {
        "kind": "key",
        "protection": None,
        "origin": str(origin),
        "algorithm": _algorithm(natives[0]),
        "rotation_days": None,
        "custody": None,
        "grace_days": None,
        "users": sorted(set().union(*(one.users for one in held))),
        "administrators": sorted(set().union(*(one.administrators for one in held))),
        "exportable": None,
        "use_log": False,
        "country": countries.get(region) if region else None,
        "region": region,
        "native": reader.paths(natives[0].element),
    }


def _algorithm(key: Native) -> str | None:
    """What a key is for, in the spec's words, by its type and size."""
    words = {native: word for word, native in _TYPES.items()}
    word, size = words.get(str(key.properties.get("type"))), key.properties.get("size")
    return f"{word}-{int(size)}" if word and size else None

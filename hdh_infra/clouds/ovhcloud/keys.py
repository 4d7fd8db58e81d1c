"""Keys in OVHcloud's key service: one domain for the platform, one service key each; and reading them back.

What the service keeps a key in, and whether it can be carried out of it, no property tells: both are observed as
null, and the catalogue answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.naming import native_name
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.ovhcloud.naming import DOMAIN, IMPORTED_KEY, PROVIDER, SERVICE_KEY
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.scales import KeyOrigin

DOMAIN_PATH = f"{PLATFORM}/keys"
OPERATIONS = ("encrypt", "decrypt", "wrapKey", "unwrapKey")


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
    """One key: 256 bits, made by the service."""
    yield Node(
        path=f"{path}/service-key",
        type=SERVICE_KEY,
        provider=PROVIDER,
        properties={
            "okmsId": ref(DOMAIN_PATH),
            "name": native_name(context, path),
            "type": "oct",
            "size": 256,
            "operations": list(OPERATIONS),
        },
        protect=True,
    )


def observe_keys(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every key element; it lies where its domain lies."""
    found = {
        element: _key(reader, natives, KeyOrigin.generated)
        for element, natives in reader.elements(SERVICE_KEY, "key").items()
    }
    return found | {
        element: _key(reader, natives, KeyOrigin.imported)
        for element, natives in reader.elements(IMPORTED_KEY, "key").items()
    }


def _key(reader: Reader, natives: list[Native], origin: KeyOrigin) -> dict[str, Any]:
    domain = reader.follow(natives[0].properties.get("okmsId"), DOMAIN)
    # Older versions of the API write EU_WEST_RBX for eu-west-rbx.
    region = reader.region(domain, "keys").lower().replace("_", "-") if domain is not None else None
    countries: dict[str, str] = reader.site.offer.native["key_countries"]
    return {
        "kind": "key",
        "protection": None,
        "origin": str(origin),
        "rotation_days": None,
        "exportable": None,
        "country": countries.get(region) if region else None,
        "region": region,
        "native": reader.paths(natives[0].element),
    }

"""Keys in Barbican: an order makes one inside the service; and reading them back.

What Barbican keeps a key in it does not tell, so `protection` is observed as null and only the operator's
declaration can answer it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.naming import KEY_ORDER, SECRET, make, native_name
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.model.scales import KeyOrigin


def lower_key(context: Context, path: str) -> Iterator[Node]:
    """One key: an order for 256 bits, which Barbican makes and keeps as an immutable secret."""
    yield make(
        context,
        f"{path}/order",
        KEY_ORDER,
        {
            "type": "key",
            "meta": {
                "name": native_name(context, path),
                "algorithm": "aes",
                "bitLength": 256,
                "mode": "cbc",
                "payloadContentType": "application/octet-stream",
            },
        },
        outputs=("secretRef",),
        protect=True,
    )


def observe_keys(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every key element: an order's key was made inside, a secret's payload came from elsewhere; both can be read out."""
    found = {element: _key(reader, natives, KeyOrigin.generated) for element, natives in _of(reader, KEY_ORDER)}
    found |= {element: _key(reader, natives, KeyOrigin.imported) for element, natives in _of(reader, SECRET)}
    return found


def _of(reader: Reader, token: str) -> Iterator[tuple[str, list[Native]]]:
    yield from reader.elements(token, "key").items()


def _key(reader: Reader, natives: list[Native], origin: KeyOrigin) -> dict[str, Any]:
    return {
        "kind": "key",
        "protection": None,
        "origin": str(origin),
        "rotation_days": None,
        "exportable": True,
        **reader.place(natives),
        "native": reader.paths(natives[0].element),
    }

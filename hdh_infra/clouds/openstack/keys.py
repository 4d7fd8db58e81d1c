"""Keys in Barbican: an order makes one inside the service; and reading them back.

What Barbican keeps a key in it does not tell, so `protection` is observed as null and only the operator's
declaration can answer it. Who may read a key follows from roles of the whole project, which no plan holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.naming import KEY_ORDER, SECRET, make, native_name
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.scales import KeyAlgorithm, KeyOrigin


def lower_key(context: Context, path: str) -> Iterator[Node]:
    """One key: an order for 256 bits, or for a pair of RSA, which Barbican makes and keeps as immutable secrets."""
    existing = context.existing(path)
    if existing is not None and not existing.adopt:
        yield make(context, f"{path}/order", KEY_ORDER, {}, outputs=("secretRef",), existing=existing.id)
        return
    algorithm, _, bits = str(context.expanded.keys[path].algorithm or KeyAlgorithm.aes_256).partition("-")
    pair = algorithm == "rsa"
    meta: dict[str, Value] = {"name": native_name(context, path), "algorithm": algorithm, "bitLength": int(bits)}
    if not pair:
        meta |= {"mode": "cbc", "payloadContentType": "application/octet-stream"}
    yield make(
        context,
        f"{path}/order",
        KEY_ORDER,
        {"type": "asymmetric" if pair else "key", "meta": meta},
        outputs=("containerRef",) if pair else ("secretRef",),
        protect=True,
        adopt=existing.id if existing else None,
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
        "algorithm": _algorithm(natives[0].properties),
        "rotation_days": None,
        "custody": None,
        "grace_days": None,
        "users": None,
        "administrators": None,
        "exportable": True,
        "use_log": False,
        **reader.place(natives),
        "native": reader.paths(natives[0].element),
    }


def _algorithm(properties: Mapping[str, Any]) -> str | None:
    """What a key is for, in the spec's words: an order says it in its `meta`, a secret by itself."""
    said = properties.get("meta") or properties
    algorithm, bits = said.get("algorithm"), said.get("bitLength")
    return f"{str(algorithm).lower()}-{int(bits)}" if algorithm and bits else None

"""Keys: OUTSCALE has no service that makes or holds them, so that a key of the spec has no native thing.

OUTSCALE API 1.42.0 has no verb for keys, EIM knows users only, and object storage encrypts with OUTSCALE's own key
(docs.outscale.com/en/userguide/Bucket-Encryption-Configuration-Reference.html, read 2026-11-25). What asks for a key is
answered by the catalogue (`key.origin: false`); where a store is encrypted in the client, its key is one of the
customer's own service, and a step of the plan says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep


def lower_key(context: Context, path: str) -> tuple[Node, ...]:
    """Nothing: there is no service to make it in."""
    del context, path
    return ()


def manual_client_side(context: Context) -> Iterator[ManualStep]:
    """What the owners of applications do for each store that is encrypted before it is written."""
    for path, store in context.expanded.stores.items():
        key = context.expanded.key_of(path)
        if not store.client_side or key is None:
            continue
        who = sorted({right.principal for right in context.expanded.rights_on.get(path, ())})
        yield ManualStep(
            what=f"keep {key} in a key service of your own, and encrypt with it what is written to {path} before it is written, and nothing without it",
            who=f"the owner of the application on {', '.join(who) or 'whatever comes to write there'}",
            command="a data key for each object, wrapped with it, by a kept library: examples/client_side",
            proof="an object that is fetched with S3's own tools is ciphertext, and one that was changed is refused when it is read",
        )

"""Encryption in the client, where the storage takes no customer's key: what a person sees to, store by store.

The plan makes the key and, as far as the cloud can, gives it to whoever has a right on the store; that an application
encrypts with it before it writes, no resource shows. So it is a step of the plan, and its verdict *differs*.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.graph.plan import ManualStep
from hdh_infra.model.scales import Encryption

BARBICAN = "Barbican, the secret that the order of {key} gave (`secretRef`), read by a token of whoever may"


def manual_client_side(context: Context, where: str = BARBICAN) -> Iterator[ManualStep]:
    """What the owners of applications do for each store that is encrypted before it is written.

    Args:
        context: what the lowering reads.
        where: in what words the key lies, `{key}` standing for its path.
    """
    offered = context.site.fact("store.encryption").value
    if offered is not None and Encryption(str(offered)).reaches(Encryption.customer_key):
        return
    for path, store in context.expanded.stores.items():
        key = context.expanded.key_of(path)
        if not store.client_side or key is None:
            continue
        who = sorted({right.principal for right in context.expanded.rights_on.get(path, ())})
        yield ManualStep(
            what=f"encrypt what is written to {path} before it is written, with {key}, and nothing without it",
            who=f"the owner of the application on {', '.join(who) or 'whatever comes to write there'}",
            command=f"the key is in {where.format(key=key)}; a data key for each object, wrapped with it, by a kept library: examples/client_side",
            proof="an object that is fetched with S3's own tools is ciphertext, and one that was changed is refused when it is read",
        )

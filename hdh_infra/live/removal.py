"""Removing what a cloud made of its own accord for a resource, and does not take away with it.

Barbican: deleting an order leaves the secret that it made, with its key material. It deletes nothing that is
not named by the state that was destroyed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hdh_infra.live.answers import plain_id

if TYPE_CHECKING:
    from hdh_infra.graph.observation import Native
    from hdh_infra.model.target import Target


def remove_generated_secrets(target: Target, environment: Mapping[str, str], destroyed: Iterable[Native]) -> list[str]:
    """Delete the secrets that destroyed Barbican orders had made.

    Args:
        target: the target, for its region.
        environment: the variables that credentials are taken from (`OS_*`).
        destroyed: the native resources of the state before it was destroyed.

    Returns:
        The path of each order whose secret was deleted now.

    Raises:
        CloudError: the key service does not answer or refuses.
    """
    from hdh_infra.live.keys import made_by

    made = made_by(destroyed)
    if not made:
        return []
    from hdh_infra.catalogue.load import site
    from hdh_infra.live.rest import Rest

    rest = Rest(environment, environment.get("OS_REGION_NAME") or site(target).service_region("compute"))
    return [
        one.path.removesuffix("/secret")
        for one in made
        if rest.delete("key_manager", f"/secrets/{plain_id(one.type, one.id)}")
    ]

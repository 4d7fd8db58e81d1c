"""Removing what a cloud made of its own accord for a resource, and does not take away with it.

Barbican: deleting an order leaves the secret that it made, with its key material, or the container and both halves of a pair. It deletes nothing that is
not named by the state that was destroyed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdh_infra.graph.observation import Native
    from hdh_infra.live.rest import Rest
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
    from hdh_infra.live.keys import left_by

    left = left_by(destroyed)
    if not left:
        return []
    from hdh_infra.catalogue.load import site
    from hdh_infra.live.rest import Rest

    rest = Rest(environment, environment.get("OS_REGION_NAME") or site(target).service_region("compute"))
    return [order for order, path in left.items() if _remove(rest, path)]


def _remove(rest: Rest, path: str) -> bool:
    """Delete a secret, or a container with the secrets that it names; False where it is gone already."""
    if path.startswith("containers/"):
        for one in (rest.get("key_manager", f"/{path}") or {}).get("secret_refs", ()):
            rest.delete("key_manager", f"/secrets/{str(one['secret_ref']).rsplit('/', 1)[-1]}")
    return rest.delete("key_manager", f"/{path}")

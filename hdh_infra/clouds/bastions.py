"""Which networks people get into by a bastion machine, and what is asked of one; the same on every cloud that has no such service.

What it is told is in `hardening`, what people can do by it in `doors`; what is made of it is each cloud's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hdh_infra.clouds.exits import IMAGE
from hdh_infra.model.expand import Expanded
from hdh_infra.model.machine import Machine
from hdh_infra.model.services import entry_range


def is_entered(expanded: Expanded, network: str) -> bool:
    """Whether people get into a network."""
    return expanded.networks[network].entry is not None and not expanded.is_closed(network)


def bastion_machines(expanded: Expanded, images: Collection[str], image: str = IMAGE) -> Mapping[str, Machine]:
    """What is asked of each bastion, by the path of its range: the lock chooses flavour and image for it as for any machine.

    Args:
        expanded: the platform.
        images: families that the offer has.
        image: the family that it has to be of, where the offer has it.
    """
    family = image if image in images else min(images)
    asked = Machine.model_validate({"vcpus": 1, "memory": "1GiB", "image": family})
    return {entry_range(path): asked for path in expanded.networks if is_entered(expanded, path)}

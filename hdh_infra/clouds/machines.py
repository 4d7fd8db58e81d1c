"""What machines of one element give together, by the flavours that the catalogue has for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hdh_infra.catalogue.schema import Flavour


def sizes_of(flavours: Sequence[Flavour | None]) -> dict[str, Any]:
    """What every one of some machines has at least: processors, memory and graphics processors; null where a flavour is not known."""
    known = [one for one in flavours if one is not None] if all(flavours) else []
    return {
        "vcpus": min((one.vcpus for one in known), default=None),
        "memory": min((int(one.memory) for one in known), default=None),
        "gpu": _gpu(known),
    }


def _gpu(flavours: Iterable[Flavour]) -> dict[str, Any] | None:
    """What graphics processors every one of some machines has at least; None without any."""
    each = [flavour.gpu for flavour in flavours]
    some = [one for one in each if one is not None]
    if not some or len(some) != len(each):
        return None
    models, memories = {one.model for one in some}, [one.memory for one in some]
    return {
        "count": min(one.count for one in some),
        "model": models.pop() if len(models) == 1 else None,
        "memory": min(int(one) for one in memories if one is not None) if None not in memories else None,
    }

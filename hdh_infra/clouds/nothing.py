"""What serves an offer that is refused: nothing is lowered to it, and nothing can be read back.

A plan of it has no resources, so that it can stand beside the others with its reason.
"""

from __future__ import annotations

from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Cloud
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation


def observe(natives: Natives, site: Site) -> Observation:
    """Nothing is given; the remark says why."""
    refused = site.offer.refused
    remarks = () if refused is None else (f"refused: {refused.reason}",)
    return Observation(str(site.target), natives.source, {}, remarks=remarks)


def _nothing(*_: Any) -> tuple[Node, ...]:
    return ()


CLOUD = Cloud(
    name="nothing",
    providers=lambda _: {},
    lower_platform=_nothing,
    lower_network=_nothing,
    lower_key=_nothing,
    lower_store=_nothing,
    lower_machine=_nothing,
    lower_link=_nothing,
    lower_right=_nothing,
    lower_egress=_nothing,
    observe=observe,
    service_flows=(),
    existing=frozenset(),
)

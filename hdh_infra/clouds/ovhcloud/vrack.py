"""The vRack that carries a project's private networks: attached by the plan where the spec names one, else by a person.

Without one Neutron answers *Can not get vrack_id and segmentation_id* to every private network. VLAN numbers are Neutron's to give: none
is asked for. A vRack holds a project of its own; which one a project is in tells `getVRack`, an empty answer where it is in none.

Sources: terraform-provider-ovh 2.22 `resource_vrack_cloudproject.go` and `data_cloud_project_vrack.go`, read 2026-11-25.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.naming import NETWORK
from hdh_infra.clouds.openstack.network import ROUTER_PATH
from hdh_infra.clouds.ovhcloud.naming import GET_VRACK, PROVIDER, VRACK_PROJECT, project_of
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.steps import Check
from hdh_infra.model.paths import PLATFORM

VRACK_PATH = f"{PLATFORM}/vrack"


def lower_vrack(context: Context) -> Iterator[Node]:
    """The attachment of the project to the named vRack."""
    if context.settings.vrack:
        project = project_of(context).get("serviceName")
        yield Node(
            path=VRACK_PATH,
            type=VRACK_PROJECT,
            provider=PROVIDER,
            properties={"serviceName": context.settings.vrack, **({"projectId": project} if project else {})},
            delete_before_replace=True,
            timeouts={"create": "30m", "delete": "30m"},
        )


def after_vrack(context: Context, nodes: Iterable[Node]) -> Iterator[Node]:
    """The same nodes, with networks made after what is there once the project is in a vRack.

    Without a named one that is the router, which waits for the person who attaches it: a step of the platform's names no
    node of a space, and what depends on the router waits with it.
    """
    first = VRACK_PATH if context.settings.vrack else ROUTER_PATH
    for node in nodes:
        made = node.type == NETWORK and node.existing is None
        yield dataclasses.replace(node, depends_on=tuple(sorted({*node.depends_on, first}))) if made else node


def manual_vrack(context: Context) -> Iterator[ManualStep]:
    """Attaching the project, where no vRack is named."""
    if context.settings.vrack:
        return
    yield ManualStep(
        what="attach the project to a vRack: without one no private network can be made",
        who="the owner of the project",
        command="in the control panel, Public Cloud > Private network; or name it as `vrack: pn-...` of the target, and the plan attaches it",
        proof="getVRack tells the vRack of the project",
        id="vrack",
        before=(ROUTER_PATH,),
        checks=(Check(GET_VRACK, PROVIDER, project_of(context), "id"),),
    )

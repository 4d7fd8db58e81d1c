"""Neutron without agents: every port is bound, trunks have a driver, floating IPs get the status an agent would report."""

from __future__ import annotations

from typing import Any

from neutron.services.l3_router import l3_router_plugin
from neutron.services.trunk.drivers import base as trunk_base
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api
from neutron_lib.services.trunk import constants as trunk_constants


class BoxMechanismDriver(api.MechanismDriver):
    """Binds every port on its first segment, as an Open vSwitch agent would."""

    def initialize(self) -> None:
        """Register the trunk driver and the status of floating IPs."""
        self._trunk = _TrunkDriver(
            "hdh_openstack_box",
            (portbindings.VIF_TYPE_OVS,),
            (trunk_constants.SEGMENTATION_TYPE_VLAN,),
            None,
            can_trunk_bound_port=True,
        )
        _report_floating_ips()

    @property
    def connectivity(self) -> str:
        """Layer 2, as all agents' drivers."""
        connectivity: str = portbindings.CONNECTIVITY_L2
        return connectivity

    def bind_port(self, context: Any) -> None:
        """Bind, and say that the port is up."""
        for segment in context.segments_to_bind[:1]:
            context.set_binding(
                segment[api.ID],
                portbindings.VIF_TYPE_OVS,
                {portbindings.CAP_PORT_FILTER: True},
                status=constants.PORT_STATUS_ACTIVE,
            )

    def check_vlan_transparency(self, _context: Any) -> bool:
        """There is no wire that could object."""
        return True


class _TrunkDriver(trunk_base.DriverBase):
    is_loaded = True


def _report_floating_ips() -> None:
    """In place: a subclass of the router plugin registers its callbacks twice, and each router ends in 409."""
    plugin = l3_router_plugin.L3RouterPlugin
    create, update = plugin.create_floatingip, plugin.update_floatingip

    def settle(self: Any, context: Any, address: dict[str, Any]) -> dict[str, Any]:
        associated = constants.FLOATINGIP_STATUS_ACTIVE
        status = associated if address.get("port_id") else constants.FLOATINGIP_STATUS_DOWN
        if address["status"] != status:
            self.update_floatingip_status(context.elevated(), address["id"], status)
            address["status"] = status
        return address

    def create_floatingip(self: Any, context: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        return settle(self, context, create(self, context, *arguments, **named))

    def update_floatingip(self: Any, context: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        return settle(self, context, update(self, context, *arguments, **named))

    plugin.create_floatingip, plugin.update_floatingip = create_floatingip, update_floatingip

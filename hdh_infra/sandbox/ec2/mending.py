"""What of EC2 moto 5.2.5 lacks and a stack would be judged wrongly for, put right (each tried 2026-11-25).

It lets a security group and a subnet go while a machine is in them; it keeps the address of a machine that
is gone, and answers 500 where one is asked for twice; it knows the lists of addresses of Amazon's own
services only, and cannot remove an endpoint whose kind was not said; it empties a machine's groups where
what its shutdown does is changed. Nothing else of it is touched.
"""

from __future__ import annotations

from typing import Any


def mend() -> None:
    """All of it, before the first request."""
    keep_what_is_used()
    free_addresses()
    list_addresses_of_services()
    change_what_a_shutdown_does()


def keep_what_is_used() -> None:
    """A group or a subnet that a machine is in does not go, nor a group that a rule of another names."""
    from moto.ec2.exceptions import DependencyViolationError
    from moto.ec2.models import EC2Backend

    remove_subnet, remove_group = EC2Backend.delete_subnet, EC2Backend.delete_security_group

    def machines(backend: Any) -> list[Any]:
        return [one for one in backend.all_instances() if one.state not in ("terminated", "shutting-down")]

    def delete_subnet(self: Any, subnet_id: str) -> Any:
        gateways = [one for one in self.nat_gateways.values() if one.state not in ("deleted", "failed")]
        if any(one.subnet_id == subnet_id for one in (*machines(self), *gateways)):
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return remove_subnet(self, subnet_id)

    def delete_security_group(self: Any, name: str | None = None, group_id: str | None = None) -> Any:
        used = any(group.id == group_id for one in machines(self) for group in one.security_groups)
        named = any(
            rule.source_group.get("GroupId") == group_id
            for groups in self.groups.values()
            for group in groups.values()
            if group.id != group_id
            for rule in (*group.ingress_rules, *group.egress_rules)
        )
        if group_id and (used or named):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return remove_group(self, name, group_id)

    EC2Backend.delete_subnet = delete_subnet  # type: ignore[method-assign]
    EC2Backend.delete_security_group = delete_security_group  # type: ignore[method-assign]


def list_addresses_of_services() -> None:
    """A service that an endpoint is made for has a list of its addresses, whatever cloud it is of."""
    from moto.core.responses import ActionResult
    from moto.ec2.models import EC2Backend
    from moto.ec2.responses.vpcs import VPCs

    make = EC2Backend.create_vpc_endpoint

    def create_vpc_endpoint(
        self: Any, vpc_id: str, service_name: str, endpoint_type: str | None = None, *rest: Any, **more: Any
    ) -> Any:
        lists = self.managed_prefix_lists.values()
        if all(one.prefix_list_name != service_name for one in lists):
            self.create_managed_prefix_list("IPv4", [{"Cidr": "198.51.100.0/24"}], 1, service_name, {})
        # One whose kind is not said is of the gateway kind; moto cannot remove it if that is not said.
        return make(self, vpc_id, service_name, endpoint_type or "Gateway", *rest, **more)

    def describe_prefix_lists(self: Any) -> Any:
        asked, filters = self._get_param("PrefixListIds", []), self._filters_from_querystring()
        return ActionResult(
            {"PrefixLists": self.ec2_backend.describe_managed_prefix_lists(prefix_list_ids=asked, filters=filters)}
        )

    EC2Backend.create_vpc_endpoint = create_vpc_endpoint  # type: ignore[method-assign]
    VPCs.describe_prefix_lists = describe_prefix_lists  # type: ignore[method-assign]


def change_what_a_shutdown_does() -> None:
    """Moto takes this attribute in its older form only, and takes the groups away for the newer one."""
    from moto.core.responses import EmptyResult
    from moto.ec2.responses.instances import InstanceResponse

    change, name = InstanceResponse.modify_instance_attribute, "InstanceInitiatedShutdownBehavior"

    def modify_instance_attribute(self: Any) -> Any:
        wanted = self._get_param(f"{name}.Value")
        if wanted is None:
            return change(self)
        key = "instance_initiated_shutdown_behavior"
        self.ec2_backend.modify_instance_attribute(self._get_param("InstanceId"), key, wanted)
        return EmptyResult()

    InstanceResponse.modify_instance_attribute = modify_instance_attribute  # type: ignore[method-assign]


def free_addresses() -> None:
    """The address of a machine is free again once the machine is gone, and one in use is told so."""
    from moto.ec2.exceptions import EC2ClientError
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.subnets import Subnet

    end, take = Instance.terminate, Subnet.request_ip

    def terminate(self: Any) -> Any:
        held = [(nic.subnet, nic.private_ip_address) for nic in self.nics.values() if nic.subnet]
        state = end(self)
        for subnet, address in held:
            subnet.del_subnet_ip(address)
        return state

    def request_ip(self: Any, ip: str, instance: Any) -> None:
        if ip in self._subnet_ips:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {ip} is in use.")
        take(self, ip, instance)

    Instance.terminate = terminate  # type: ignore[method-assign]
    Subnet.request_ip = request_ip  # type: ignore[method-assign]

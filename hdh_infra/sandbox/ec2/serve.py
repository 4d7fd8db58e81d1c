"""The server's process: moto, with the regions, zones and images of a file, and two rules of EC2 that it lacks.

moto 5.2.5 lets a security group and a subnet go while a machine is in them (tried 2026-11-25), and knows
the lists of addresses of Amazon's own services only. A stack that removes things in the wrong order, or
that names a service of another cloud, would be judged wrongly here, so these are put right. moto is
imported only after its environment is set.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

_ACCOUNT: Final = "123456789012"
_MADE: Final = "2026-01-01T00:00:00.000Z"


def main() -> None:
    """Serve what the file in the first argument describes, until told to stop."""
    world = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    port = int(world["port"])
    # Regions of other clouds than Amazon's are served too.
    os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"
    # Unknown images and types are errors, as they are on a cloud.
    os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "true"
    if all(place["types"] for place in world["places"]):
        os.environ["MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION"] = "true"
    os.environ["MOTO_PORT"] = str(port)

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    for place in world["places"]:
        _add_zones(place)
        _add_types(place)
    _add_images(world["places"])
    _keep_what_is_used()
    _list_addresses_of_services()
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, application, threaded=True)


def _add_zones(place: dict[str, Any]) -> None:
    from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend, Zone

    region = place["region"]
    names = place["zones"] or _zones(region)
    RegionsAndZonesBackend.zones[region] = [
        Zone(name=name, region_name=region, zone_id=f"{region}-az{number}") for number, name in enumerate(names, 1)
    ]
    if all(one.name != region for one in RegionsAndZonesBackend.regions):
        RegionsAndZonesBackend.regions.append(Region(region, f"ec2.{region}", "opt-in-not-required"))


def _zones(region: str) -> list[str]:
    """The zones of a region of which nobody says them."""
    return [f"{region}a", f"{region}b"]


def _add_types(place: dict[str, Any]) -> None:
    """What moto looks a machine's zone and type up in; it has files for Amazon's regions only."""
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

    region, types = place["region"], place["types"] or ["any"]
    zones = place["zones"] or _zones(region)
    for kind, locations in (("availability-zone", zones), ("region", [region])):
        INSTANCE_TYPE_OFFERINGS[kind][region] = [
            {"InstanceType": name, "Location": location, "LocationType": kind}
            for location in locations
            for name in types
        ]


def _add_images(places: list[dict[str, Any]]) -> None:
    """Each region has the images of its place and no others."""
    from moto.ec2.models.amis import Ami, AmiBackend

    by_region = {place["region"]: place["images"] for place in places}

    def load(self: Any) -> None:
        for image in by_region.get(self.region_name, []):
            digest = hashlib.sha256(f"{self.region_name}/{image['owner']}/{image['name']}".encode()).hexdigest()
            owner = image["owner"]
            identity = f"ami-{digest[:8]}"
            self.amis[identity] = Ami(
                self,
                identity,
                name=image["name"],
                description=image["name"],
                owner_id=owner if owner.isdigit() else _ACCOUNT,
                owner_alias=None if owner.isdigit() else owner or None,
                public=True,
                virtualization_type="hvm",
                architecture="x86_64",
                state="available",
                platform=None,
                image_type="machine",
                hypervisor="xen",
                root_device_name="/dev/sda1",
                root_device_type="ebs",
                sriov="simple",
                creation_date=_moment(_MADE),
            )

    AmiBackend._load_amis = load  # type: ignore[method-assign]  # noqa: SLF001 - moto has no other way to be given images of one region


def _moment(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)


def _keep_what_is_used() -> None:
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


def _list_addresses_of_services() -> None:
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


if __name__ == "__main__":
    main()

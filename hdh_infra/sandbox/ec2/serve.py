"""The server's process: moto, with the regions, zones, images and types of a file.

moto is imported only after its environment is set.
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

    from hdh_infra.sandbox.ec2 import mending

    for place in world["places"]:
        _add_zones(place)
        _add_types(place)
    _add_images(world["places"])
    mending.mend()
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


if __name__ == "__main__":
    main()

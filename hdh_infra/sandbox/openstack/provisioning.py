"""Makes what each tenant finds, through OpenStack's own APIs; what is there already stays as it is.

It deliberately removes nothing: a tenant's deployment may stand on it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hdh_infra.sandbox.openstack import layout
from hdh_infra.sandbox.openstack.disk_image import GIB, empty_qcow2
from hdh_infra.sandbox.openstack.layout import Box
from hdh_infra.sandbox.openstack.rest import Client
from hdh_infra.sandbox.openstack.tenants import Flavor, Image, Tenant, VolumeType

ROLES: Final = ("member", "creator")
"""What a customer's user of a public cloud has: its project's resources, and secrets of its own in Barbican."""
_IMAGE_SIZE: Final = 2 * GIB
_EXTERNAL_RANGE: Final = "198.18.{}.0/24"
"""Of the range for benchmarks (RFC 2544): it is routed nowhere."""
_LUKS: Final = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}


def known(directory: Path) -> dict[str, dict[str, Any]]:
    """Per tenant its `password`, the id of its `project`, and `made`: what it finds, null until all of it is there."""
    path = directory / "tenants.json"
    found: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
    return found


class Provisioner:
    """Brings a running box to what the tenants are to find."""

    def __init__(self, box: Box) -> None:
        """The box runs; what was made is remembered in `tenants.json`, mode 0600, as it holds passwords."""
        self._box = box
        self._path = box.directory / "tenants.json"
        self._known = known(box.directory)

    def ensure(self, tenants: Sequence[Tenant], say: Callable[[str], None]) -> None:
        """Make what is not there yet. Raises `CloudError` where a service refuses."""
        missing = [tenant for tenant in tenants if self._known.get(tenant.name, {}).get("made") != _plain(tenant)]
        if not missing:
            return
        with Client(self._box, "admin", self._box.secrets().admin, "admin") as admin:
            for number, tenant in enumerate(missing):
                say(f"making the tenant {tenant.name} ({number + 1} of {len(missing)})")
                self._tenant(admin, tenant)

    def _tenant(self, admin: Client, tenant: Tenant) -> None:
        _region(admin, self._box, tenant.region)
        record = self._known.setdefault(tenant.name, {"password": secrets.token_urlsafe(24), "made": None})
        self._remember()  # before the user exists, so that its password is never lost
        record["project"] = project = _project(admin, tenant.name, record["password"])
        self._remember()
        for flavor in tenant.flavors:
            _flavor(admin, flavor, project)
        for kind in tenant.volume_types:
            _volume_type(admin, kind, project)
        _external_network(admin, tenant.external_network, project, ports=tenant.on_external)
        with Client(self._box, tenant.name, record["password"], tenant.name) as member:
            for image in tenant.images:
                _image(admin, member, image)
        record["made"] = _plain(tenant)
        self._remember()

    def _remember(self) -> None:
        layout.write_private(self._path, json.dumps(self._known, indent=1))


def _plain(tenant: Tenant) -> Any:
    """A tenant as it comes back from JSON, to be compared."""
    return json.loads(json.dumps(asdict(tenant), default=dict))


def _named(found: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((one for one in found if one["name"] == name), None)


def _region(admin: Client, box: Box, region: str) -> None:
    """The same services once more, under the region's name."""
    if any(one["id"] == region for one in admin.get("identity", "/regions")["regions"]):
        known = admin.get("identity", f"/endpoints?region_id={quote(region)}")["endpoints"]
    else:
        admin.post("identity", "/regions", {"region": {"id": region}})
        known = []
    present = {(one["service_id"], one["interface"]) for one in known}
    for service in admin.get("identity", "/services")["services"]:
        for interface in ("public", "internal", "admin"):
            if (service["id"], interface) not in present:
                endpoint = {
                    "service_id": service["id"],
                    "interface": interface,
                    "region_id": region,
                    "url": box.endpoint(service["type"]),
                }
                admin.post("identity", "/endpoints", {"endpoint": endpoint})


def _project(admin: Client, name: str, password: str) -> str:
    found = admin.get("identity", f"/projects?name={quote(name)}&domain_id=default")["projects"]
    if not found:
        found = [admin.post("identity", "/projects", {"project": {"name": name, "domain_id": "default"}})["project"]]
    project: str = found[0]["id"]
    users = admin.get("identity", f"/users?name={quote(name)}&domain_id=default")["users"]
    if not users:
        user = {"name": name, "domain_id": "default", "password": password, "default_project_id": project}
        users = [admin.post("identity", "/users", {"user": user})["user"]]
    roles = {one["name"]: one["id"] for one in admin.get("identity", "/roles")["roles"]}
    for role in ROLES:
        admin.put("identity", f"/projects/{project}/users/{users[0]['id']}/roles/{roles[role]}")
    return project


def _flavor(admin: Client, flavor: Flavor, project: str) -> None:
    """A private flavour. One whose size is now another is made anew with the same id: servers keep what they have."""
    size = {"vcpus": flavor.vcpus, "ram": flavor.ram_mib, "disk": flavor.disk_gib}
    known = _named(admin.get("compute", "/flavors/detail?is_public=None&limit=1000")["flavors"], flavor.name)
    allowed: set[str] = set()
    if known is not None:
        access = admin.get("compute", f"/flavors/{known['id']}/os-flavor-access")["flavor_access"]
        allowed = {one["tenant_id"] for one in access}
    wanted = allowed | {project}
    if known is None or any(known[name] != value for name, value in size.items()):
        identity = {}
        if known is not None:
            admin.delete("compute", f"/flavors/{known['id']}")
            identity, allowed = {"id": known["id"]}, set()
        body = {"name": flavor.name, "os-flavor-access:is_public": False, **size, **identity}
        known = admin.post("compute", "/flavors", {"flavor": body})["flavor"]
    for one in sorted(wanted - allowed):
        admin.post("compute", f"/flavors/{known['id']}/action", {"addTenantAccess": {"tenant": one}})


def _volume_type(admin: Client, kind: VolumeType, project: str) -> None:
    known = _named(admin.get("block-storage", "/types?is_public=None")["volume_types"], kind.name)
    if known is None:
        wanted = {"name": kind.name, "os-volume-type-access:is_public": False}
        known = admin.post("block-storage", "/types", {"volume_type": wanted})["volume_type"]
    path = f"/types/{known['id']}"
    encryption = admin.get("block-storage", f"{path}/encryption")
    if kind.encrypted and not encryption:
        admin.post("block-storage", f"{path}/encryption", {"encryption": _LUKS})
    elif encryption and not kind.encrypted:
        admin.delete("block-storage", f"{path}/encryption/{encryption['encryption_id']}")
    access = admin.get("block-storage", f"{path}/os-volume-type-access")["volume_type_access"]
    if project not in {one["project_id"] for one in access}:
        admin.post("block-storage", f"{path}/action", {"addProjectAccess": {"project": project}})


def _external_network(admin: Client, name: str, project: str, *, ports: bool) -> None:
    """A network of the operator that one tenant alone may use as external, and have ports on where that is asked.

    Made plain: with `router:external` it would be open to every project. The policy makes it external.
    """
    networks = admin.get("network", f"/networks?project_id={admin.project}")["networks"]
    physical = f"external-{project}"
    made = next((one for one in networks if one.get("provider:physical_network") == physical), None)
    if made is None:
        wanted = {"name": name, "provider:network_type": "flat", "provider:physical_network": physical}
        made = admin.post("network", "/networks", {"network": wanted})["network"]
    if not made["subnets"]:
        subnet = {
            "network_id": made["id"],
            "name": name,
            "ip_version": 4,
            "cidr": _EXTERNAL_RANGE.format(len(networks)),
            "enable_dhcp": False,
        }
        admin.post("network", "/subnets", {"subnet": subnet})
    for action in ("access_as_external", *(("access_as_shared",) if ports else ())):
        asked = f"action={action}&target_tenant={project}&object_id={made['id']}"
        if not admin.get("network", f"/rbac-policies?{asked}")["rbac_policies"]:
            policy = {"object_type": "network", "object_id": made["id"], "action": action, "target_tenant": project}
            admin.post("network", "/rbac-policies", {"rbac_policy": policy})


def _image(admin: Client, member: Client, image: Image) -> None:
    """An image of the operator, shared with one tenant, who accepts it: so it is in that tenant's own list."""
    if member.get("image", f"/images?name={quote(image.name)}")["images"]:
        return
    given = dict(image.properties)
    limits = {name: int(given.pop(name)) for name in ("min_disk", "min_ram") if name in given}
    wanted = {"name": image.name, "disk_format": "qcow2", "container_format": "bare", "visibility": "shared"}
    made = admin.post("image", "/images", {"min_disk": _IMAGE_SIZE // GIB, **given, **limits, **wanted})["id"]
    admin.put("image", f"/images/{made}/file", empty_qcow2(_IMAGE_SIZE))
    admin.post("image", f"/images/{made}/members", {"member": member.project})
    member.put("image", f"/images/{made}/members/{member.project}", {"status": "accepted"})

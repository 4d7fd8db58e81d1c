"""A real OpenStack control plane on this machine: identity, network, images, volumes, servers, keys; no data plane.

No broker, no database server, no hypervisor: one directory holds a box, and 127.0.0.1 its ports. It deliberately
has no object storage (the sandbox has a real S3 server) and boots nothing. `docs/sandbox-openstack.md` says what is
real and what is not.
"""

from __future__ import annotations

from hdh_infra.sandbox.openstack.lifecycle import Running, Status, environment, start, status, stop
from hdh_infra.sandbox.openstack.packages import install
from hdh_infra.sandbox.openstack.seeding import seed
from hdh_infra.sandbox.openstack.supervision import ServiceStatus
from hdh_infra.sandbox.openstack.tenants import Flavor, Image, Tenant, VolumeType

__all__ = [
    "Flavor",
    "Image",
    "Running",
    "ServiceStatus",
    "Status",
    "Tenant",
    "VolumeType",
    "environment",
    "install",
    "seed",
    "start",
    "status",
    "stop",
]

"""Nova's own fake hypervisor, made to survive a restart: the node stays the same, and servers of the database run."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import nova.conf
from nova import context as nova_context
from nova import objects
from nova.compute import power_state
from nova.virt import fake


def node_id(host: str) -> str:
    """The compute node's identity: the same in every process of a box."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, host))


def write_node_id() -> None:
    """Nova refuses its second start where the driver left no identity in its state folder, and the fake one does not."""
    path = Path(nova.conf.CONF.state_path) / "compute_id"
    if not path.exists():
        path.write_text(node_id(nova.conf.CONF.host) + "\n")


class BoxComputeDriver(fake.FakeDriver):
    """Servers that exist for the control plane only; nothing boots."""

    def init_host(self, host: str) -> None:
        """Take up the servers that the database holds."""
        fake.uuids._sentinels[f"node_{host}"] = node_id(host)  # noqa: SLF001 - where the fake driver looks it up
        super().init_host(host)
        for server in objects.InstanceList.get_by_host(nova_context.get_admin_context(), host):
            stopped = server.vm_state == "stopped"
            flavor = server.flavor
            self.resources.claim(vcpus=flavor.vcpus, mem=flavor.memory_mb, disk=flavor.root_gb)
            state = power_state.SHUTDOWN if stopped else power_state.RUNNING
            self.instances[server.uuid] = fake.FakeInstance(server.name, state, server.uuid)

    def detach_volume(
        self, context: Any, connection_info: Any, instance: Any, mountpoint: Any, encryption: Any = None
    ) -> None:
        """Also what was attached before a restart, which the fake driver has forgotten."""
        mounted = self._mounts.get(instance.name, {})
        if mountpoint in mounted:
            super().detach_volume(context, connection_info, instance, mountpoint, encryption)

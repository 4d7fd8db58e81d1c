"""How much of a project's quotas one platform's own resources take, by the tags that its plans put on them.

Tags only tell what belongs to the platform: they are counted by, and nothing is concluded of what a resource is.
"""

from __future__ import annotations

from collections.abc import Mapping

from hdh_infra.live.answers import Answers, Wire
from hdh_infra.model.base import GIB

_MIB = 2**20
_TAG = "hdh-platform"


def own(answers: Answers, platform: str) -> Mapping[str, int]:
    """What a platform has already, by the catalogue's keys of limits.

    Args:
        answers: what the project holds.
        platform: its name.
    """
    tag = f"{_TAG}={platform}"

    def tagged(one: Wire) -> bool:
        return tag in (one.get("tags") or [])

    def marked(one: Wire) -> bool:
        return (one.get("metadata") or {}).get(_TAG) == platform

    networks = {one["id"] for one in answers.networks if tagged(one)}
    groups = {one["id"] for one in answers.groups if tagged(one)}
    ports = {one["id"] for one in answers.ports if one.get("network_id") in networks}
    servers = [one for one in answers.servers if marked(one)]
    ids = {one["id"] for one in servers}
    volumes = [one for one in answers.volumes if marked(one)]
    flavours = [one.get("flavor") or {} for one in servers]
    return {
        "networks": len(networks),
        "subnets": sum(1 for one in answers.subnets if one.get("network_id") in networks),
        "routers": sum(1 for one in answers.routers if tagged(one)),
        "ports": len(ports),
        "security-groups": len(groups),
        "rules": sum(1 for one in answers.rules if one.get("security_group_id") in groups),
        "floating-addresses": sum(1 for one in answers.floating_ips if one.get("port_id") in ports),
        "machines": len(servers),
        "vcpus": sum(int(one.get("vcpus") or 0) for one in flavours),
        "memory": sum(int(one.get("ram") or 0) for one in flavours) * _MIB // GIB,
        "server-groups": sum(1 for one in answers.server_groups if ids & set(one.get("members") or [])),
        "volumes": len(volumes),
        "volume-size": sum(int(one.get("size") or 0) for one in volumes),
    }

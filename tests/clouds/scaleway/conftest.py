"""The platform of OpenStack's tests on Scaleway, with a state as its provider and its S3 endpoint hold one."""

import json

import pytest

from hdh_infra.clouds.scaleway.naming import ACL, KEY, PRIVATE_NIC, ZONAL
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import fill, transform
from tests.clouds.deployments import planned
from tests.clouds.openstack.conftest import described

TARGET = "scaleway:fr-par"


def as_state(platform):
    """What an engine's state holds: ids with their place before them, of IAM without one; both lists by the id of their VPC."""
    nodes = {node.path: node for node in planned(platform, TARGET)}
    ids = {}
    for index, (path, node) in enumerate(nodes.items()):
        place = node.properties.get("zone") if node.type in ZONAL else node.properties.get("region")
        bare = f"{index:08x}-0000-4000-8000-000000000000"
        ids[path] = f"{place}/{bare}" if place else bare
    for path, node in nodes.items():
        if node.type == ACL:
            ids[path] = ids["platform/vpc"]

    def value(kind, form):
        match kind:
            case "$ref":
                return ids[form["$ref"]]
            case "$format":
                return fill(form["$format"], [str(transform(one, value)) for one in form["args"]])
            case "$json":
                return json.dumps(transform(form["$json"], value))
            case "$lookup":
                return "00000000-aaaa-4000-8000-000000000000"
        raise AssertionError(kind)

    found = []
    for path, node in nodes.items():
        properties = transform(dict(node.properties), value)
        if key := (properties.get("encryption") or {}).get("kmsKeyId"):
            properties["encryption"]["kmsKeyId"] = key.rsplit("/", 1)[-1]
        if node.type == KEY and properties.get("rotationPolicy"):
            properties["rotationPolicy"]["rotationPeriod"] += "0m0s"
        if node.type == PRIVATE_NIC:
            properties["macAddress"] = "02:00:00:00:00:01"
        found.append(Native(path, node.type, properties, ids[path]))
    return found


@pytest.fixture
def small():
    return described


@pytest.fixture
def state():
    return as_state

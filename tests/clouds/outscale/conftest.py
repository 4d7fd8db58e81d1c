"""The small platform on OUTSCALE, its natives as an engine's state would hold them, and changes to them."""

import functools
import json

import pytest

from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import transform
from hdh_infra.model.platform import Platform
from tests.clouds import deployments as shared
from tests.clouds.deployments import deployment, planned

TARGET = "outscale:eu-west-2"
ACCOUNTS = {"zone/lake": "210000000001", "space/cohort-a": "210000000002", "space/cohort-b": "210000000003"}
LIST = "pl-00000001"
"""OUTSCALE has one list of prefixes for a service of a region, whatever Net asks for it."""


def described(*, accounts=ACCOUNTS, **changes) -> Platform:
    """The small platform with accounts of OUTSCALE, without what it says of other targets."""
    return shared.described(**{"facts": [], "targets": {TARGET: {"accounts": dict(accounts)}}, **changes})


def as_state(platform: Platform) -> list[Native]:
    """What an engine's state holds of a plan: ids for references, answers for lookups, texts for documents, and more beside them."""
    nodes = {node.path: node for node in planned(platform, TARGET)}
    ids = {path: f"id-{index:08x}" for index, path in enumerate(nodes)}

    def value(kind, form):
        match kind:
            case "$ref":
                return {"id": ids[form["$ref"]], "prefixListId": LIST}.get(form["output"], f"of-{form['$ref']}")
            case "$json":
                return json.dumps(transform(form["$json"], value))
            case "$lookup":
                return "ami-00000001"
        raise AssertionError(kind)

    def outputs(node):
        found = transform(dict(node.properties), value)
        if node.type == "hdh:ec2:VpcEndpoint":
            found["prefixListId"] = LIST
        if node.type == "hdh:ec2:Instance":
            found["privateIp"] = found["privateIpAddress"]
            found["imageName"] = node.properties["imageId"]["args"]["name"]
            for mapping in found["blockDeviceMappings"]:
                mapping["ebs"] |= {"volumeId": f"{ids[node.path]}-root", "encrypted": False}
        return found

    return [Native(path, node.type, outputs(node), ids[path]) for path, node in nodes.items()]


@pytest.fixture
def small():
    return described


@pytest.fixture
def lower():
    return lambda platform, lock=None: planned(platform, TARGET, lock)


@pytest.fixture
def deploy():
    return functools.partial(deployment, target=TARGET)


@pytest.fixture
def state():
    return as_state

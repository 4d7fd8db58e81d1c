"""The small platform on OUTSCALE, its natives as an engine's state would hold them, and changes to them."""

import copy
import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import Site, site
from hdh_infra.clouds.outscale import CLOUD
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives, Observation
from hdh_infra.graph.values import transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 25)
TARGET = "outscale:eu-west-2"
SMALL = Path(__file__).parents[3] / "examples" / "small.yaml"
ACCOUNTS = {"zone/lake": "210000000001", "space/cohort-a": "210000000002", "space/cohort-b": "210000000003"}
LIST = "pl-00000001"
"""OUTSCALE has one list of prefixes for a service of a region, whatever Net asks for it."""


@dataclass
class Deployment:
    """The natives of a plan, that a test may change before they are read back."""

    nodes: dict[str, dict]
    types: dict[str, str]
    place: Site
    extra: list[Native] = field(default_factory=list)

    def observe(self) -> Observation:
        natives = [Native(path, self.types[path], properties) for path, properties in self.nodes.items()]
        return CLOUD.observe(Natives([*natives, *self.extra], "plan", CLOUD.identifiers), self.place)

    def add(self, path: str, token: str, **properties) -> None:
        self.extra.append(Native(path, token, properties))


def described(*, accounts=ACCOUNTS, **changes) -> Platform:
    """The small platform with parts of its description replaced; without its waivers, which a change may leave idle."""
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    value["targets"] = {TARGET: {"accounts": dict(accounts)}}
    return Platform.model_validate({**value, "waivers": [], "facts": [], **changes})


def planned(platform: Platform, lock=None) -> list[Node]:
    return list(make_plan(platform, TARGET, lock=lock, today=TODAY).nodes)


def deployment(platform: Platform) -> Deployment:
    nodes = planned(platform)
    return Deployment(
        {node.path: copy.deepcopy(dict(node.properties)) for node in nodes},
        {node.path: node.type for node in nodes},
        site(Target.parse(TARGET), platform),
    )


def as_state(platform: Platform) -> list[Native]:
    """What an engine's state holds of a plan: ids for references, answers for lookups, texts for documents, and more beside them."""
    nodes = {node.path: node for node in planned(platform)}
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
    return planned


@pytest.fixture
def deploy():
    return deployment


@pytest.fixture
def state():
    return as_state

"""The small platform on NumSpot, its natives as an engine's state would hold them, and changes to them."""

import copy
import datetime
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import Site, site
from hdh_infra.clouds.numspot.cloud import CLOUD
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives, Observation
from hdh_infra.graph.values import transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 25)
TARGET = "numspot:eu-west-2"
SMALL = Path(__file__).parents[3] / "examples" / "small.yaml"


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


def described(**changes) -> Platform:
    """The small platform with parts of its description replaced; without its waivers, which a change may leave idle."""
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    return Platform.model_validate({**value, "waivers": [], "facts": [], "targets": {}, **changes})


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
    """What an engine's state holds of a plan: ids for references, answers for lookups."""
    nodes = {node.path: node for node in planned(platform)}
    ids = {path: f"id-{index:08x}" for index, path in enumerate(nodes)}

    def value(kind, form):
        match kind:
            case "$ref" if form["output"] == "id":
                return ids[form["$ref"]]
            case "$ref":
                return nodes[form["$ref"]].properties.get(form["output"], f"of-{form['$ref']}")
            case "$lookup":
                return f"id of {form['args']['name']}"
        raise AssertionError(kind)

    return [Native(path, node.type, transform(dict(node.properties), value), ids[path]) for path, node in nodes.items()]


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
    def read(platform):
        return CLOUD.observe(
            Natives(as_state(platform), "state", CLOUD.identifiers), site(Target.parse(TARGET), platform)
        )

    return read

"""The small platform on OpenStack and OVHcloud, its natives as an engine's state would hold them, and changes to them."""

import copy
import datetime
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import Site, site
from hdh_infra.clouds import of
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives, Observation
from hdh_infra.graph.values import fill, get_output, transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock

TODAY = datetime.date(2026, 11, 23)
SMALL = Path(__file__).parents[3] / "examples" / "small.yaml"


@dataclass
class Deployment:
    """The natives of a plan, that a test may change before they are read back."""

    nodes: dict[str, dict]
    types: dict[str, str]
    place: Site
    extra: list[Native] = field(default_factory=list)

    def observe(self, source: str = "plan") -> Observation:
        natives = [Native(path, self.types[path], properties) for path, properties in self.nodes.items()]
        return of(self.place.target).observe(Natives([*natives, *self.extra], source), self.place)

    def changed(self) -> "Deployment":
        return Deployment(copy.deepcopy(self.nodes), self.types, self.place)

    def add(self, path: str, token: str, **properties) -> None:
        self.extra.append(Native(path, token, properties))


def described(**changes) -> Platform:
    """The small platform with parts of its description replaced; without its waivers, which a change may leave idle.

    Who gives flows gives all of them: those of the spaces' defaults go too.
    """
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    if "flows" in changes:
        value["spaces"]["defaults"]["flows"] = []
    return Platform.model_validate({**value, "waivers": [], **changes})


def planned(platform: Platform, target: str, lock=None) -> list[Node]:
    return list(make_plan(platform, target, lock=lock, today=TODAY).nodes)


def deployment(platform: Platform, target: str) -> Deployment:
    nodes = planned(platform, target)
    return Deployment(
        {node.path: copy.deepcopy(dict(node.properties)) for node in nodes},
        {node.path: node.type for node in nodes},
        site(Target.parse(target), platform),
    )


def as_state(platform: Platform, target: str) -> list[Native]:
    """What an engine's state holds of a plan: ids for references, answers for lookups, texts for documents."""
    nodes = {node.path: node for node in planned(platform, target)}
    images: dict[str, str] = {}
    ids = {path: f"{index:08x}-0000-4000-8000-000000000000" for index, path in enumerate(nodes)}

    def value(kind, form):
        match kind:
            case "$ref":
                if form["output"] == "id":
                    return ids[form["$ref"]]
                return get_output(resolved(form["$ref"]), form["output"]) or f"output-of-{form['$ref']}"
            case "$format":
                return fill(form["$format"], [str(transform(one, value)) for one in form["args"]])
            case "$json":
                return json.dumps(transform(form["$json"], value))
            case "$lookup":
                answer = f"looked-up-{form['args'].get('name')}"
                if "getImage" in form["$lookup"]:
                    images[answer] = form["args"]["name"]
                return answer
        raise AssertionError(kind)

    def resolved(path):
        properties = dict(nodes[path].properties)
        found = transform(properties, value)
        if "userData" in properties:
            # What the provider keeps of it.
            found["userData"] = hashlib.sha1(properties["userData"].encode()).hexdigest()
        if "flavorId" in properties:
            found["flavorName"] = properties["flavorId"]["args"]["name"]
        pointed_at = of(Target.parse(target)).identifiers
        return {**{name: f"output-of-{path}" for name in nodes[path].outputs if name in pointed_at}, **found}

    found = [Native(path, node.type, resolved(path), ids[path]) for path, node in nodes.items()]
    return found + [
        Native(f"image/{name}", "openstack:images/image:Image", {"name": name}, answer)
        for answer, name in images.items()
    ]


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


@pytest.fixture
def lock_of():
    return lambda platform, target: update_lock(None, platform, [Target.parse(target)])

"""The small platform on a target: its plan, the natives of it, and changes to these before they are read back."""

import base64
import copy
import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path

import hdh_infra as hdh
from hdh_infra.catalogue.load import Site, site
from hdh_infra.clouds import of
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives, Observation
from hdh_infra.graph.values import fill, transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 25)
SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"


@dataclass
class Deployment:
    """The natives of a plan, that a test may change before they are read back."""

    nodes: dict[str, dict]
    types: dict[str, str]
    place: Site
    extra: list[Native] = field(default_factory=list)

    def observe(self, source: str = "plan") -> Observation:
        natives = [Native(path, self.types[path], properties) for path, properties in self.nodes.items()]
        return observed([*natives, *self.extra], self.place, source)

    def changed(self) -> "Deployment":
        return Deployment(copy.deepcopy(self.nodes), self.types, self.place)

    def add(self, path: str, token: str, **properties) -> None:
        self.extra.append(Native(path, token, properties))


def observed(natives: list[Native], place: Site, source: str) -> Observation:
    """What natives give, read by the cloud of the site."""
    cloud = of(place.target)
    return cloud.observe(Natives(natives, source, cloud.identifiers), place)


def described(**changes) -> Platform:
    """The small platform with parts of its description replaced; without its waivers, which a change may leave idle."""
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    return Platform.model_validate({**value, "waivers": [], **changes})


def planned(platform: Platform, target: str, lock=None) -> list[Node]:
    return list(make_plan(platform, target, lock=lock, today=TODAY).nodes)


def deployed(nodes: list[Node], place: Site) -> Deployment:
    return Deployment(
        {node.path: copy.deepcopy(dict(node.properties)) for node in nodes},
        {node.path: node.type for node in nodes},
        place,
    )


def deployment(platform: Platform, target: str) -> Deployment:
    return deployed(planned(platform, target), site(Target.parse(target), platform))


def as_state(platform: Platform, target: str) -> Observation:
    """What is read of an engine's state of a plan."""
    return observed(held(platform, target), site(Target.parse(target), platform), "state")


def held(platform: Platform, target: str) -> list[Native]:
    """An engine's state of a plan: ids for references, answers for lookups."""
    nodes = {node.path: node for node in planned(platform, target)}
    ids = {path: f"id-{index:08x}" for index, path in enumerate(nodes)}

    def value(kind, form):
        match kind:
            case "$ref" if form["output"] == "id":
                return ids[form["$ref"]]
            case "$ref":
                return nodes[form["$ref"]].properties.get(form["output"], f"of-{form['$ref']}")
            case "$lookup":
                return f"id of {form['args'].get('name')}"
            case "$format":
                return fill(form["$format"], [str(transform(one, value)) for one in form["args"]])
            case "$json":
                return json.dumps(transform(form["$json"], value))
            case "$base64":
                return base64.b64encode(str(transform(form["$base64"], value)).encode()).decode()
        raise AssertionError(kind)

    return [Native(path, node.type, transform(dict(node.properties), value), ids[path]) for path, node in nodes.items()]


def put(path, **properties):
    """A change: properties of one resource are others."""

    def change(deployment):
        deployment.nodes[path].update(properties)

    return change


def drop(path, *names):
    """A change: properties of one resource are gone, or the resource itself."""

    def change(deployment):
        if not names:
            del deployment.nodes[path]
        for name in names:
            del deployment.nodes[path][name]

    return change


def add(path, token, **properties):
    """A change: there is one resource more."""
    return lambda deployment: deployment.add(path, token, **properties)


def each(*changes):
    """A change: all of some."""

    def change(deployment):
        for one in changes:
            one(deployment)

    return change


def ref(path):
    return {"$ref": path, "output": "id"}

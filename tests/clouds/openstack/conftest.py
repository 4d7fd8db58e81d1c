"""The small platform on OpenStack and OVHcloud, and its natives as an engine's state would hold them."""

import hashlib
import json

import pytest

from hdh_infra.clouds import of
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import fill, get_output, transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from tests.clouds import deployments as shared
from tests.clouds.deployments import planned


def described(**changes) -> Platform:
    """The small platform with parts of its description replaced.

    Who gives flows gives all of them: those of the spaces' defaults go too.
    """
    if "flows" in changes and "spaces" not in changes:
        spaces = shared.described().model_dump(mode="json", by_alias=True)["spaces"]
        changes["spaces"] = {**spaces, "defaults": {**spaces["defaults"], "flows": []}}
    return shared.described(**changes)


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
def state():
    return as_state

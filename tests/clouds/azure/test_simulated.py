"""A plan that asks for everything, made in the simulated Azure: nothing is refused, and what is there reads as the plan does."""

import pytest

from hdh_infra import contracts
from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import fill, get_output, transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.store import Store
from hdh_infra.sandbox.simulator.wire import plain


def made(plan, cloud):
    """The rows that a plan becomes, by path, in its order."""
    seen, rows = {}, {}

    def resolve(kind, form):
        if kind == "$ref":
            found = get_output(seen[form["$ref"]], form["output"])
            assert found is not None, form
            return found
        if kind == "$format":
            return fill(form["$format"], [str(transform(one, resolve)) for one in form["args"]])
        if kind == "$lookup":
            return cloud.invoke(form["$lookup"], {})[form["output"]]
        return "text"

    for node in plan.nodes:
        row = cloud.create(node.type, transform(dict(node.properties), resolve))
        rows[node.path] = row
        seen[node.path] = {**plain(row.inputs), **plain(cloud.outputs(row)), "id": row.id}
    return rows, seen


@pytest.fixture
def cloud(tmp_path):
    return SimulatedCloud("azure-native", Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key"))


@pytest.mark.parametrize("which", ["wide", "watched"])
def test_the_whole_of_it_is_made_read_back_and_taken_away_again(
    wide_described, watched_described, planned, which, cloud
):
    described = wide_described if which == "wide" else watched_described
    platform, plan = Platform.model_validate(described), planned(described)
    rows, seen = made(plan, cloud)
    # What a state holds after a refresh is what the cloud answers then: with the children and the users of each.
    refreshed = {
        node.path: {**plain(rows[node.path].inputs), **plain(cloud.outputs(cloud.read(rows[node.path].id)))}
        for node in plan.nodes
    }
    place = site(Target.parse(plan.target), platform)
    planned_so = observe_plan(plan, platform)
    for held in (seen, refreshed):
        found = [Native(node.path, node.type, held[node.path], rows[node.path].id) for node in plan.nodes]
        state = CLOUD.observe(Natives(found, "state", CLOUD.identifiers), place)
        assert state.to_json() | {"source": "plan"} == planned_so.to_json()
    networks = [refreshed[node.path] for node in plan.nodes if node.type == token("network:VirtualNetwork")]
    assert all(one["subnets"] for one in networks)
    for node in reversed(plan.nodes):
        cloud.delete(rows[node.path].id)


def test_no_call_looks_at_every_resource_of_the_cloud(wide_plan, cloud, monkeypatch):
    """Invariant: what a call costs does not grow with the cloud; thousands of resources are made through it."""
    monkeypatch.setattr(Store, "all", lambda _: pytest.fail("every resource was looked at"))
    rows, _ = made(wide_plan, cloud)
    for node in reversed(wide_plan.nodes):
        cloud.update(rows[node.path].id, rows[node.path].inputs)
        cloud.delete(rows[node.path].id)


def strange(contract, shape, value, at):
    """Where an answer is not of the shape that the SDK says it is."""
    shape = contract.resolve(shape)
    if "properties" in shape:
        if not isinstance(value, dict):
            yield f"{at} is no object"
            return
        for name, item in value.items():
            if name in shape["properties"]:
                yield from strange(contract, shape["properties"][name], item, f"{at}.{name}")
            else:
                yield f"{at}.{name} is no output"
    elif shape.get("type") == "object":
        if not isinstance(value, dict):
            yield f"{at} is no map"
        elif isinstance(shape.get("additional"), dict):
            for item in value.values():
                yield from strange(contract, shape["additional"], item, f"{at}.*")
    elif shape.get("type") == "array":
        if not isinstance(value, list):
            yield f"{at} is no list"
            return
        for item in value:
            yield from strange(contract, shape["items"], item, f"{at}[]")
    elif shape.get("type") == "string" and not isinstance(value, str):
        yield f"{at} is no text: {value!r}"
    elif shape.get("type") == "boolean" and not isinstance(value, bool):
        yield f"{at} is not true or false: {value!r}"


def test_every_answer_has_the_shape_that_the_sdk_gives_it(wide_plan, cloud):
    """Invariant: an answer is as the real provider's, whose shapes differ from the inputs; after others were made, too."""
    rows, _ = made(wide_plan, cloud)
    wrong = set()
    for node in wide_plan.nodes:
        contract = contracts.contract(node.type)
        for name, value in plain(cloud.outputs(cloud.read(rows[node.path].id))).items():
            wrong |= {f"{node.type}: {one}" for one in strange(contract, contract.outputs[name], value, name)}
    assert sorted(wrong) == []


def test_a_region_without_zones_is_made_too(wide_described, planned_on, cloud):
    plan = planned_on({**wide_described, "targets": {}}, "azure:francesouth")
    assert [node for node in plan.nodes if node.type == token("compute:AvailabilitySet")]
    made(plan, cloud)

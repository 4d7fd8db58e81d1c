"""A plan that asks for everything, made in the simulated Azure: nothing is refused, and what is there reads as the plan does."""

import pytest

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
    found = [Native(node.path, node.type, seen[node.path], rows[node.path].id) for node in plan.nodes]
    place = site(Target.parse(plan.target), platform)
    state = CLOUD.observe(Natives(found, "state", CLOUD.identifiers), place)
    planned_so = observe_plan(plan, platform)
    assert state.to_json() | {"source": "plan"} == planned_so.to_json()
    for node in reversed(plan.nodes):
        cloud.delete(rows[node.path].id)


def test_a_region_without_zones_is_made_too(wide_described, planned_on, cloud):
    plan = planned_on({**wide_described, "targets": {}}, "azure:francesouth")
    assert [node for node in plan.nodes if node.type == token("compute:AvailabilitySet")]
    made(plan, cloud)

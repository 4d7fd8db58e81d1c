"""Routes: what a table says is what a packet meets, whatever a filter would let through."""

from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.routes import CLOSED
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target

PLACE = site(Target.parse("azure:francecentral"))
ZONE = "zone/administration"
CONSOLE = f"{ZONE}/machine/console"


def seen(nodes):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), PLACE)


def with_node(nodes, path, **changes):
    return [replace(one, properties={**one.properties, **changes}) if one.path == path else one for one in nodes]


def route(prefix, hop, address=None):
    return {
        "name": "added",
        "addressPrefix": prefix,
        "nextHopType": hop,
        **({"nextHopIpAddress": address} if address else {}),
    }


def out(observed, source=CONSOLE):
    return {flow.to for flow in observed.egress if flow.source == source}


def test_every_subnet_that_may_have_a_table_has_one_and_nothing_leaves_where_nothing_may(plan):
    tables = {
        node.path: (node.properties.get("routeTable") or {"id": {"$ref": None}})["id"]["$ref"]
        for node in plan.nodes
        if node.type == token("network:Subnet")
    }
    assert {path for path, table in tables.items() if table is None} == {f"{ZONE}/subnet/entry"}
    assert {path for path, table in tables.items() if table == f"{ZONE}/routes"} == {f"{ZONE}/subnet/machines"}
    assert plan.node(CLOSED).properties["routes"] == [
        {"name": "nowhere", "addressPrefix": "0.0.0.0/0", "nextHopType": "None"}
    ]
    assert plan.node(f"{ZONE}/routes").properties["routes"] == []
    assert all(
        node.properties["disableBgpRoutePropagation"] is True
        for node in plan.nodes
        if node.type == token("network:RouteTable")
    )


def test_a_way_out_that_somebody_adds_leads_nowhere_by_the_route(plan):
    """A gateway put on the lake's subnet, and a rule that lets its machines out: the route alone keeps them in."""
    nodes = with_node(
        plan.nodes, "zone/lake/subnet/machines", natGateway={"id": {"$ref": f"{ZONE}/outbound/gateway", "output": "id"}}
    )
    nodes = with_node(nodes, "zone/lake/filter/machines/deny-out", access="Allow")
    assert out(seen(nodes), "zone/lake/machine/plain") == set()
    opened = with_node(nodes, CLOSED, routes=[])
    assert out(seen(opened), "zone/lake/machine/plain") == {"0.0.0.0/0"}


@pytest.mark.parametrize(
    ("routes", "reached"),
    [
        ([], {"203.0.113.0/24"}),
        ([route("0.0.0.0/0", "None")], set()),
        ([route("203.0.113.0/24", "None")], set()),
        ([route("203.0.0.0/16", "None")], set()),
        ([route("198.51.100.0/24", "None")], {"203.0.113.0/24"}),
        ([route("203.0.0.0/16", "None"), route("203.0.113.0/24", "Internet")], {"203.0.113.0/24"}),
    ],
)
def test_a_route_to_nowhere_closes_what_it_means_and_a_longer_prefix_comes_first(plan, routes, reached):
    assert out(seen(with_node(plan.nodes, f"{ZONE}/routes", routes=routes))) == reached


def test_a_route_to_an_appliance_is_a_way_out_and_is_remarked_on_where_it_is_none_of_ours(plan):
    nodes = with_node(plan.nodes, CLOSED, routes=[route("0.0.0.0/0", "VirtualAppliance", "10.9.9.9")])
    nodes = with_node(nodes, "zone/lake/filter/machines/deny-out", access="Allow")
    observed = seen(nodes)
    assert out(observed, "zone/lake/machine/plain") == {"0.0.0.0/0"}
    part = seen(
        with_node(
            plan.nodes,
            CLOSED,
            routes=[route("0.0.0.0/0", "None"), route("10.64.0.0/16", "VirtualAppliance", "10.9.9.9")],
        )
    )
    assert any("has a route to 10.64.0.0/16 by virtualappliance" in remark for remark in part.remarks)


def test_a_route_to_nowhere_for_a_joined_network_closes_the_flow(plan):
    spark = plan.node("zone/lake/network").properties["addressSpace"]["addressPrefixes"][0]
    before = {(flow.source, flow.to) for flow in seen(plan.nodes).flows}
    after = {
        (flow.source, flow.to)
        for flow in seen(with_node(plan.nodes, f"{ZONE}/routes", routes=[route(spark, "None")])).flows
    }
    assert before - after == {
        (CONSOLE, to) for source, to in before if source == CONSOLE and to.startswith("zone/lake/")
    }


def test_a_route_that_is_a_resource_of_its_own_is_read_too(plan):
    table = plan.node(f"{ZONE}/routes")
    own = replace(
        table,
        path=f"{ZONE}/routes/added",
        type=token("network:Route"),
        properties={
            "resourceGroupName": table.properties["resourceGroupName"],
            "routeTableName": table.properties["routeTableName"],
            **route("0.0.0.0/0", "None"),
        },
    )
    assert out(seen([*plan.nodes, own])) == set()


def test_a_table_on_the_bastions_subnet_is_remarked_on(plan):
    nodes = with_node(plan.nodes, f"{ZONE}/subnet/entry", routeTable={"id": {"$ref": CLOSED, "output": "id"}})
    assert any(remark.startswith(f"{ZONE}/subnet/entry: has a table of routes") for remark in seen(nodes).remarks)

"""A region with several zones: replicas take turns, each with its disks where it stands, and so it is read back."""

import pytest

import hdh_infra as hdh
from hdh_infra.clouds.openstack.naming import INSTANCE, VOLUME, VOLUME_ATTACH
from hdh_infra.errors import SpecError
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.sandbox.box import needs
from tests.clouds.deployments import SMALL, TODAY

PARIS = "ovhcloud/public-cloud-3az:EU-WEST-PAR"
ZONES = ["eu-west-par-a", "eu-west-par-b", "eu-west-par-c"]
SPARK = "zone/lake/machine/spark"


def replicated(count, spread="zones"):
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    value["zones"]["lake"]["machines"]["spark"] |= {"count": count, "spread": spread}
    return Platform.model_validate({**value, "waivers": [], "facts": [], "targets": {}})


def zones(nodes, token, element=SPARK):
    return {
        node.path: node.properties["availabilityZone"]
        for node in nodes
        if node.type == token and node.element == element
    }


def test_replicas_take_turns_in_the_zones_and_every_disk_is_in_the_zone_of_its_server(lower):
    nodes = lower(replicated(4), PARIS)
    servers = zones(nodes, INSTANCE)
    assert [servers[f"{SPARK}/server/{index}"] for index in range(4)] == [*ZONES, ZONES[0]]
    disks = zones(nodes, VOLUME)
    for index in range(4):
        assert disks[f"{SPARK}/system-disk/{index}"] == servers[f"{SPARK}/server/{index}"]
        assert disks[f"{SPARK}/data-disk/{index}"] == servers[f"{SPARK}/server/{index}"]
    assert len([node for node in nodes if node.type == VOLUME_ATTACH and node.element == SPARK]) == 4
    # Nothing of the plan is left without a zone: proxies too.
    assert all("availabilityZone" in node.properties for node in nodes if node.type in {INSTANCE, VOLUME})


@pytest.mark.parametrize(("asked", "count"), [("zones", 2), ("zones", 3), ("hosts", 2)])
def test_what_is_asked_of_the_spread_is_met(asked, count):
    rows = make_plan(replicated(count, asked), PARIS, today=TODAY).verdicts
    (row,) = [row for row in rows if row.element == SPARK and row.attribute == "spread"]
    assert (row.verdict, row.given) == (Verdict.met, "zones")


def test_replicas_that_share_one_zone_are_read_so(deploy):
    here = deploy(replicated(2), PARIS)
    assert here.observe().elements[SPARK]["spread"] == "zones"
    together = here.changed()
    together.nodes[f"{SPARK}/server/1"]["availabilityZone"] = ZONES[0]
    assert together.observe().elements[SPARK]["spread"] == "hosts"
    unsaid = here.changed()
    del unsaid.nodes[f"{SPARK}/server/1"]["availabilityZone"]
    assert unsaid.observe().elements[SPARK]["spread"] == "hosts"


def test_where_there_is_one_zone_none_is_named(lower):
    assert not [node for node in lower(replicated(2, "hosts"), "ovhcloud:GRA") if "availabilityZone" in node.properties]


def test_the_sandbox_has_one_zone_and_says_that_it_has_no_such_target():
    with pytest.raises(SpecError, match="the sandbox has no"):
        needs(Target.parse(PARIS))

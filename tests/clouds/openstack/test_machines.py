"""Machines on OpenStack and OVHcloud: disks, graphics processors, what replicas share, start-up data, closed spaces."""

import datetime
import email

import pytest

from hdh_infra.clouds.startup import user_data
from hdh_infra.planning import make_plan

TARGETS = ["openstack:RegionOne", "ovhcloud:GRA"]
SPARK = "zone/lake/machine/spark"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG a@b"
GIB = 1024**3


def one(small, machine, **changes):
    zones = {"lake": {"machines": {"spark": {"vcpus": 1, "memory": "1GB", **machine}}}}
    return small(zones=zones, spaces={}, flows=[], keys={}, **changes)


def seen(small, deploy, target, machine, **changes):
    return deploy(one(small, machine, **changes), target).observe().elements[SPARK]


@pytest.mark.parametrize("target", TARGETS)
def test_a_system_disk_is_as_large_as_asked_and_never_smaller_than_its_image_needs(small, deploy, target):
    assert seen(small, deploy, target, {})["system_disk"] == 20 * GIB
    assert seen(small, deploy, target, {"system_disk": {"size": "60GiB"}})["system_disk"] == 60 * GIB
    assert seen(small, deploy, target, {"system_disk": {"size": "1GiB"}})["system_disk"] == 20 * GIB


@pytest.mark.parametrize("target", TARGETS)
def test_each_disk_has_a_level_of_its_own(small, deploy, target):
    mixed = {"disk": {"size": "10GB"}, "system_disk": {"encryption": "none"}}
    found = seen(small, deploy, target, mixed)
    assert found["system_encryption"] == "none"
    assert found["encryption"] in {"tenant-key", "provider-key"}
    turned = {"disk": {"size": "10GB", "encryption": "none"}, "system_disk": {"encryption": "provider-key"}}
    found = seen(small, deploy, target, turned)
    assert (found["encryption"], found["system_encryption"] != "none") == ("none", True)


@pytest.mark.parametrize("target", TARGETS)
def test_a_machine_without_a_data_disk_is_as_encrypted_as_its_system_disk(small, deploy, target):
    found = seen(small, deploy, target, {})
    assert found["encryption"] == found["system_encryption"] is not None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("asked", "given"), [("none", "none"), ("hosts", "hosts"), ("zones", "hosts")])
def test_replicas_are_kept_apart_by_a_hard_rule_where_it_is_asked(small, deploy, target, asked, given):
    assert seen(small, deploy, target, {"count": 2, "spread": asked})["spread"] == given


def test_one_server_outside_of_the_group_takes_the_spread_away(small, deploy):
    deployed = deploy(one(small, {"count": 2, "spread": "hosts"}), TARGETS[0])
    del deployed.nodes[f"{SPARK}/server/1"]["schedulerHints"]
    assert deployed.observe().elements[SPARK]["spread"] == "none"


def test_servers_in_different_zones_are_seen_as_such(small, deploy):
    deployed = deploy(one(small, {"count": 2}), TARGETS[0])
    for index in range(2):
        deployed.nodes[f"{SPARK}/server/{index}"]["availabilityZone"] = f"az{index}"
    assert deployed.observe().elements[SPARK]["spread"] == "zones"


def test_a_flavours_graphics_processors_are_those_of_the_machine(small, deploy):
    found = seen(small, deploy, TARGETS[1], {"gpu": {"model": "l4"}})
    assert (found["gpu"]["model"], found["gpu"]["count"]) == ("l4", 1)
    assert seen(small, deploy, TARGETS[1], {})["gpu"] is None


def test_a_server_of_another_flavour_has_no_graphics_processor(small, deploy):
    deployed = deploy(one(small, {"gpu": {}, "count": 2}), TARGETS[1])
    assert deployed.observe().elements[SPARK]["gpu"] is not None
    deployed.nodes[f"{SPARK}/server/1"]["flavorId"]["args"]["name"] = "b3-8"
    assert deployed.observe().elements[SPARK]["gpu"] is None


@pytest.mark.parametrize("startup", ["#cloud-config\npackages: [curl]\n", "#!/bin/sh\necho h\u00e9llo\n"])
def test_keys_and_start_up_data_are_two_parts_that_cloud_init_joins(startup):
    data = user_data([KEY], startup)
    assert data == user_data([KEY], startup)
    keys, own = email.message_from_string(data).get_payload()
    assert KEY in keys.get_payload()
    assert keys.get_content_type() == "text/cloud-config"
    assert own.get_payload(decode=True).decode() == startup
    script = startup.startswith("#!")
    assert own.get_content_type() == ("text/x-shellscript" if script else "text/cloud-config")
    assert ("X-Merge-Type" in own) != script


def test_one_thing_to_say_is_said_plainly_and_nothing_is_nothing():
    assert user_data([], None) is None
    assert user_data([], "#!/bin/sh\n") == "#!/bin/sh\n"
    assert user_data([KEY], None) == f"#cloud-config\nssh_authorized_keys:\n  - {KEY}\n"


def test_start_up_data_leave_no_trace_that_is_read_as_an_attribute(small, deploy):
    assert seen(small, deploy, TARGETS[0], {"startup": "#!/bin/sh\n"})["startup"] is None


@pytest.mark.parametrize("target", TARGETS)
def test_of_a_closed_space_networks_stores_keys_and_data_disks_are_left(small, target):
    """Law 9: nothing that holds data goes by date; nothing runs, and nothing leads there."""
    today = datetime.date(2028, 1, 1)
    flows = [{"from": "space/*", "to": "zone/lake/store/snds", "ports": [443]}]
    plan = make_plan(small(flows=flows), target, today=today)
    left = {node.path for node in plan.nodes if node.path.startswith("space/cohort-b/")}
    assert left == {
        "space/cohort-b/network",
        "space/cohort-b/subnet",
        "space/cohort-b/store/work/bucket",
        "space/cohort-b/machine/desktop/data-disk/0",
    }
    kept = {node.path: node for node in plan.nodes}["space/cohort-b/machine/desktop/data-disk/0"]
    before = make_plan(small(flows=flows), target, today=datetime.date(2026, 11, 23))
    assert kept == {node.path: node for node in before.nodes}[kept.path]
    (verdict,) = [row for row in plan.verdicts if (row.element, row.requirement) == ("space/cohort-b", "space.closed")]
    assert verdict.verdict == "met"


def test_a_machine_with_data_is_stopped_before_it_goes_and_no_disk_goes_with_it(small, lower):
    nodes = {node.path: node for node in lower(small(), "openstack:RegionOne")}
    servers = {path: node.properties for path, node in nodes.items() if "/server/" in path}
    for path, server in servers.items():
        data = path.replace("/server/", "/data-disk/") in nodes
        assert server["stopBeforeDestroy"] is data, path
        assert server["forceDelete"] is False
        assert all(one["deleteOnTermination"] is False for one in server["blockDevices"])
        assert "keyPair" not in server
    assert {server["stopBeforeDestroy"] for server in servers.values()} == {True, False}

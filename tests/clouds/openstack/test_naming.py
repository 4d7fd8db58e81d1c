"""What native things are called, and things that are there already: named under their target, read, or taken over."""

import pytest

from hdh_infra.graph.node import Node

TARGETS = ["openstack:RegionOne", "ovhcloud:GRA"]
SPARK = "zone/lake/machine/spark"


def by_path(nodes) -> dict[str, Node]:
    return {node.path: node for node in nodes}


def targets(target, **existing):
    return {target: {"existing": {path.replace("__", "/"): value for path, value in existing.items()}}}


def test_patterns_of_the_spec_name_networks_machines_stores_and_keys(small, lower):
    naming = {
        "network": "net-{kind}-{name}",
        "store": "{kind}-{network}-{name}-data",
        "machine": "{platform}-{kind}-{network}-{name}",
        "key": "k-{kind}-{network}-{name}",
    }
    nodes = by_path(lower(small(naming=naming), TARGETS[0]))
    assert nodes["zone/lake/network"].properties["name"] == "net-zone-lake"
    assert nodes[f"{SPARK}/server/0"].properties["name"] == "small-zone-lake-spark-0"
    assert nodes[f"{SPARK}/system-disk/0"].properties["name"] == "small-zone-lake-spark-0-system"
    assert nodes["key/lake/order"].properties["meta"]["name"] == "k-platform-platform-lake"
    bucket = nodes["zone/lake/store/snds/bucket"].properties["bucket"]
    assert bucket.startswith("zone-lake-snds-data-")
    assert len(bucket.rsplit("-", 1)[1]) == 8


def test_a_pattern_without_the_platform_still_gives_users_that_other_platforms_do_not_have(small, lower):
    naming = {"machine": "{kind}-{network}-{name}"}
    one, other = (
        by_path(lower(small(naming=naming, name=name), TARGETS[0]))[f"{SPARK}/user"].properties["userName"]
        for name in ("one", "other")
    )
    assert one != other


@pytest.mark.parametrize("pattern", ["{kind}-{network}-{name}-" + "x" * 50])
def test_names_by_a_pattern_are_cut_too(small, lower, pattern):
    for node in lower(small(naming={"store": pattern, "machine": pattern}), TARGETS[0]):
        for key in ("name", "bucket", "userName"):
            assert len(str(node.properties.get(key, ""))) <= 63 or not isinstance(node.properties[key], str)


@pytest.mark.parametrize("target", TARGETS)
def test_a_network_that_is_there_is_only_referred_to_and_its_subnet_is_ours(small, lower, deploy, target):
    platform = small(targets=targets(target, zone__lake="net-1"))
    nodes = by_path(lower(platform, target))
    network = nodes["zone/lake/network"]
    assert (network.existing, network.adopt, set(network.properties)) == ("net-1", None, {"region"})
    assert nodes["zone/lake/subnet"].properties["networkId"] == {"$ref": "zone/lake/network", "output": "id"}
    assert deploy(platform, target).observe().elements["zone/lake"]["address_range"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_network_that_is_taken_over_is_described_in_full(small, lower, target):
    taken = by_path(lower(small(targets=targets(target, zone__lake={"id": "net-1", "adopt": True})), target))
    made = by_path(lower(small(targets={}), target))
    network = taken["zone/lake/network"]
    assert (network.existing, network.adopt) == (None, "net-1")
    assert network.properties == made["zone/lake/network"].properties


def test_a_key_that_is_there_is_only_referred_to(small, lower, deploy):
    order = by_path(lower(small(targets=targets(TARGETS[0], key__lake="order-1")), TARGETS[0]))["key/lake/order"]
    assert (order.existing, order.protect, set(order.properties)) == ("order-1", False, {"region"})
    platform = small(targets=targets(TARGETS[1], key__lake="domain-1/key-1"))
    key = by_path(lower(platform, TARGETS[1]))["key/lake/service-key"]
    assert (key.existing, key.protect, key.properties) == ("key-1", False, {"okmsId": "domain-1"})
    assert deploy(platform, TARGETS[1]).observe().elements["key/lake"]["algorithm"] is None


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_that_is_named_is_not_looked_up_and_is_known_by_its_id(small, lower, deploy, target):
    named = targets(target, **{"image__debian-12": "image-1"})
    platform = small(targets=named)
    disk = by_path(lower(platform, target))[f"{SPARK}/system-disk/0"]
    assert disk.properties["imageId"] == "image-1"
    deployed = deploy(platform, target)
    assert deployed.observe().elements[SPARK]["image"] == "debian-12"
    deployed.nodes[f"{SPARK}/system-disk/0"]["imageId"] = "image-2"
    assert deployed.observe().elements[SPARK]["image"] is None


def test_the_project_may_be_named_as_what_exists(small, lower):
    nodes = lower(small(targets=targets(TARGETS[1], project="5f0e")), TARGETS[1])
    users = [node for node in nodes if node.type.endswith(":User")]
    assert users
    assert {node.properties["serviceName"] for node in users} == {"5f0e"}


@pytest.mark.parametrize(
    ("asked", "given"), [(None, "aes-256"), ("aes-256", "aes-256"), ("rsa-2048", "rsa-2048"), ("rsa-4096", "rsa-4096")]
)
@pytest.mark.parametrize("target", TARGETS)
def test_a_key_is_of_the_algorithm_that_is_asked(small, deploy, target, asked, given):
    keys = {"lake": {"algorithm": asked}, "projects": {}}
    deployed = deploy(small(keys=keys), target)
    assert deployed.observe().elements["key/lake"]["algorithm"] == given
    if target == TARGETS[0]:
        deployed.nodes["key/lake/order"]["meta"]["bitLength"] = 128
    else:
        deployed.nodes["key/lake/service-key"]["size"] = 128
    assert deployed.observe().elements["key/lake"]["algorithm"] == f"{given.split('-')[0]}-128"


@pytest.mark.parametrize("target", TARGETS)
def test_rules_of_age_are_observed_as_they_were_asked_and_not_asked_of_an_endpoint_without(small, deploy, target):
    rules = [{"prefix": "tmp/", "days": 7}, {"days": 400, "old_versions_days": 30}]
    zones = small().model_dump(mode="json", exclude_none=True)["zones"]
    zones["lake"]["stores"]["snds"]["expiry"] = rules
    deployed = deploy(small(zones=zones), target)
    assert deployed.observe().elements["zone/lake/store/snds"]["expiry"] == [
        {"prefix": "", "days": 400, "old_versions_days": 30},
        {"prefix": "tmp/", "days": 7, "old_versions_days": None},
    ]
    deployed.nodes["zone/lake/store/snds/bucket"]["lifecycle"][0]["also"] = "Tags"
    assert deployed.observe().elements["zone/lake/store/snds"]["expiry"][0]["also"] == "Tags"
    if target == TARGETS[0]:
        none = [
            *small().model_dump(mode="json")["facts"],
            {
                "target": target,
                "attribute": "store.expiry",
                "value": False,
                "source": "operator's storage handbook",
                "as_of": "2026-11-01",
                "by": "operator",
            },
        ]
        assert (
            deploy(small(zones=zones, facts=none), target).observe().elements["zone/lake/store/snds"]["expiry"] is None
        )

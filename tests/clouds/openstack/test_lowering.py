"""What a platform becomes on OpenStack: filters, routes, disks, credentials, and what one more space touches."""

import itertools

import pytest

from hdh_infra.clouds.crossing import may_be_store
from hdh_infra.graph.values import walk
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

TARGET = "openstack:RegionOne"
SPARK = "zone/lake/machine/spark"


def by_path(nodes):
    return {node.path: node for node in nodes}


def of_type(nodes, name):
    return [node for node in nodes if node.type.endswith(f":{name}")]


def with_spaces(platform: Platform, *names: str) -> Platform:
    value = platform.model_dump(mode="json", by_alias=True)
    value["spaces"]["projects"] |= {name: {} for name in names}
    return Platform.model_validate(value)


def test_every_machine_has_one_filter_that_lets_nothing_out_by_itself(small, lower):
    nodes = lower(small(), TARGET)
    groups = of_type(nodes, "SecGroup")
    assert len(groups) == 4
    assert all(group.properties["deleteDefaultRules"] is True for group in groups)
    for port in of_type(nodes, "Port"):
        assert port.properties["portSecurityEnabled"] is True
        assert len(port.properties["securityGroupIds"]) == 1


def test_no_two_rules_of_a_group_say_the_same_for_neutron_refuses_the_second(small, lower):
    spaces = {
        "projects": {"a": {"stores": {"two": {"size": "1GB"}}}},
        "defaults": small().model_dump(mode="json")["spaces"]["defaults"],
    }
    flows = [
        {"from": "space/a", "to": "space/a/store/*", "ports": [443]},
        {"from": "space/*", "to": "zone/lake/store/snds", "ports": [443, 80]},
        {"from": "space/a", "to": "zone/lake", "ports": [22, 443]},
    ]
    egress = [{"from": "space/a", "to": "198.51.100.20/32", "ports": [443, 8443]}]
    nodes = lower(small(spaces=spaces, flows=flows, egress=egress), TARGET)
    said = [
        str(sorted((key, str(value)) for key, value in rule.properties.items()))
        for rule in of_type(nodes, "SecGroupRule")
    ]
    assert len(said) == len(set(said))


def test_a_space_without_flows_beyond_it_has_no_route_and_neither_has_a_zone_without_machines(small, lower):
    flows = [{"from": "zone/administration", "to": "zone/lake", "ports": [22]}]
    zones = small().model_dump(mode="json", exclude_none=True)["zones"] | {
        "cellar": {"stores": {"old": {"size": "1TB"}}}
    }
    nodes = by_path(lower(small(flows=flows, zones=zones), TARGET))
    assert {path for path in nodes if path.endswith("/route")} == {"zone/administration/route", "zone/lake/route"}


def test_flows_between_the_machines_of_one_space_need_no_way_out_of_it(small, lower):
    spaces = small().model_dump(mode="json", exclude_none=True)["spaces"]
    spaces["defaults"]["machines"]["head"] = {"vcpus": 1, "memory": "1GB"}
    spaces["defaults"]["flows"] = [{"from": "machine/desktop", "to": "machine/head", "ports": [5432]}]
    nodes = by_path(lower(small(flows=[], spaces=spaces), TARGET))
    assert not [path for path in nodes if path.startswith("space/") and path.endswith("/route")]
    assert [path for path in nodes if path.startswith("space/cohort-a/flow/")]


def test_the_router_is_always_the_same_whatever_flows_there_are(small, lower):
    """Law 4: a first flow, of the platform or of one space, changes nothing that is shared."""
    routers = [
        of_type(lower(small(flows=flows), TARGET), "Router")
        for flows in ([], small().model_dump(by_alias=True)["flows"])
    ]
    assert routers[0] == routers[1]
    assert len(routers[0]) == 1


def test_the_outside_is_reached_only_where_a_store_or_an_egress_needs_it(small, lower):
    router = by_path(lower(small(), TARGET))["platform/router"]
    assert router.properties["externalNetworkId"]["args"] == {"external": True}
    outside = [node for node in lower(small(), TARGET) if "/outside/" in node.path]
    assert {node.properties["remoteIpPrefix"] for node in outside} == {"198.51.100.20/32"}
    assert not [node for node in outside if node.path.startswith("zone/administration")]


def test_without_addresses_of_the_endpoint_a_store_flow_opens_its_port_to_everything(small, lower):
    nodes = lower(small(targets={}), TARGET)
    assert {node.properties["remoteIpPrefix"] for node in nodes if "/outside/" in node.path} == {"0.0.0.0/0"}


@pytest.mark.parametrize("target", [TARGET, "ovhcloud:GRA"])
@pytest.mark.parametrize(
    "flows",
    [
        [{"from": "zone/lake/machine/spark", "to": "space/*/store/work", "ports": [443]}],
        [{"from": "space/*", "to": "space/*", "ports": [22]}],
        [{"from": "zone/administration", "to": "space/*", "ports": [22]}],
        [{"from": "space/*", "to": "zone/lake/store/*", "ports": [443]}],
        [{"from": "**", "to": "**", "ports": [443]}],
    ],
)
def test_a_first_space_changes_nothing_shared_even_where_flows_are_patterns(small, lower, lock_of, target, flows):
    """Law 4: what is shared follows the patterns of the flows, which a space does not change."""
    from hdh_infra.clouds import of

    bare = small(
        flows=flows, spaces={"defaults": small().model_dump(mode="json")["spaces"]["defaults"], "projects": {}}
    )
    lock = lock_of(bare, target)
    before, after = (
        by_path(lower(bare, target, lock)),
        by_path(lower(with_spaces(bare, "first", "second"), target, lock)),
    )
    shared = of(Target.parse(target)).shared_documents
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert all(path.startswith("space/") or after[path].type in shared for path in changed), changed
    assert any(path.startswith("space/first/") for path in changed)


AIRLOCK = {"import": {"outside": "zone/administration"}, "export": True, "review": "zone/lake", "mover": "zone/*"}


@pytest.mark.parametrize("target", [TARGET, "ovhcloud:GRA"])
@pytest.mark.parametrize(
    "defaults",
    [
        {"flows": [{"to": "store/work"}]},
        {"flows": [{"to": "zone/lake/store/snds"}, {"from": "machine/desktop", "to": "zone/lake", "ports": [22]}]},
        {"flows": [{"to": "machine/*", "ports": [22]}]},
        {"airlock": AIRLOCK},
        {"airlock": {**AIRLOCK, "mover": "zone/lake/machine/spark", "review": "zone/administration/machine/console"}},
        {"stores": {"work": {"size": "1TB", "grants": [{"to": "zone/administration", "access": "read"}]}}},
    ],
)
def test_what_the_defaults_ask_of_zones_is_there_before_the_first_space(small, lower, lock_of, target, defaults):
    """Law 4: with no space, with one and with two, what is shared is the same."""
    from hdh_infra.clouds import of

    own = small(flows=[]).model_dump(mode="json", by_alias=True, exclude_none=True)["spaces"]["defaults"]
    bare = small(flows=[], spaces={"defaults": own | defaults, "projects": {}})
    lock = lock_of(bare, target)
    plans = [by_path(lower(bare, target, lock))]
    plans += [by_path(lower(with_spaces(bare, *names), target, lock)) for names in (["one"], ["one", "two"])]
    shared = of(Target.parse(target)).shared_documents
    for before, after in itertools.pairwise(plans):
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert all(path.startswith("space/") or after[path].type in shared for path in changed), changed
        assert changed


@pytest.mark.parametrize("target", [TARGET, "ovhcloud:GRA"])
def test_a_spaces_own_flow_changes_nothing_that_is_shared(small, lower, lock_of, target):
    bare = small(flows=[], keys={"projects": {}, "lake": {}})
    value = bare.model_dump(mode="json", by_alias=True)
    value["spaces"]["projects"]["cohort-a"]["flows"] = [
        {"to": "zone/lake/store/snds"},
        {"to": "zone/administration/machine/console", "ports": [8443]},
    ]
    lock = lock_of(bare, target)
    before, after = (by_path(lower(one, target, lock)) for one in (bare, Platform.model_validate(value)))
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed
    assert all(path.startswith("space/cohort-a") for path in changed), changed


def test_disks_are_volumes_of_the_encrypted_type_and_only_data_is_protected(small, lower):
    volumes = of_type(lower(small(), TARGET), "Volume")
    assert {volume.properties["volumeType"] for volume in volumes} == {"luks"}
    assert all(volume.protect == ("/data-disk/" in volume.path) for volume in volumes)
    assert all("imageId" in volume.ignore_changes for volume in volumes if "/system-disk/" in volume.path)


def test_a_machine_that_asks_no_encryption_takes_the_clouds_own_volume_type(small, lower):
    zones = {"lake": {"machines": {"spark": {"vcpus": 1, "memory": "1GB", "disk": {"encryption": "none"}}}}}
    nodes = lower(small(zones=zones, spaces={}, flows=[], keys={}), TARGET)
    assert "volumeType" not in by_path(nodes)[f"{SPARK}/system-disk/0"].properties


def test_replicas_have_addresses_of_their_own_and_are_spread(small, lower):
    zones = {"lake": {"machines": {"spark": {"count": 3, "vcpus": 1, "memory": "1GB", "disk": {"size": "10GB"}}}}}
    nodes = lower(small(zones=zones, spaces={}, flows=[], keys={}), TARGET)
    ports = of_type(nodes, "Port")
    assert len({port.properties["fixedIps"][0]["ipAddress"] for port in ports}) == 3
    assert all("schedulerHints" in server.properties for server in of_type(nodes, "Instance"))
    assert len(of_type(nodes, "VolumeAttach")) == 3


def test_fixed_addresses_lie_outside_of_what_neutron_gives_by_itself(small, lower):
    import ipaddress

    nodes = by_path(lower(small(), TARGET))
    pool = nodes["zone/lake/subnet"].properties["allocationPools"][0]
    address = ipaddress.IPv4Address(nodes[f"{SPARK}/port/0"].properties["fixedIps"][0]["ipAddress"])
    assert not ipaddress.IPv4Address(pool["start"]) <= address <= ipaddress.IPv4Address(pool["end"])
    assert address != ipaddress.IPv4Address(nodes["zone/lake/subnet"].properties["gatewayIp"])


def test_a_machine_may_use_exactly_the_stores_of_its_flows_and_destroy_no_version(small, lower):
    nodes = lower(small(), TARGET)
    buckets = {node.element: node.properties["bucket"] for node in of_type(nodes, "Bucket")}
    rights = [node for node in of_type(nodes, "UserPolicy") if "cohort-a.machine.desktop-zone.lake" in node.path]
    assert len(rights) == 1
    statements = rights[0].properties["policy"]["$json"]["Statement"]
    named = {resource.split(":::")[1].removesuffix("/*") for one in statements for resource in one["Resource"]}
    assert named == {buckets["zone/lake/store/snds"]}
    actions = {action for one in statements for action in one["Action"]}
    assert not {one for one in actions if "Version" in one or "Policy" in one or "*" in one or "Retention" in one}


def test_credentials_are_secret_outputs_and_go_nowhere_in_the_plan(small, lower):
    nodes = lower(small(ssh_keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG a@b"]), TARGET)
    keys = of_type(nodes, "AccessKey")
    assert keys
    assert all("secretAccessKey" in key.secret_outputs for key in keys)
    referred = {form["$ref"] for node in nodes for _, form in walk(dict(node.properties)) if "$ref" in form}
    assert not {key.path for key in keys} & referred
    assert "ssh-ed25519" in by_path(nodes)[f"{SPARK}/server/0"].properties["userData"]


def test_machines_without_a_flow_to_a_store_have_no_credentials(small, lower):
    assert not [
        node for node in lower(small(), TARGET) if node.path.startswith("zone/administration") and "User" in node.type
    ]


def test_an_endpoint_that_knows_only_keystone_gets_credentials_without_rights_of_their_own(small, deploy):
    facts = [
        fact for fact in small().model_dump(mode="json")["facts"] if fact["attribute"] != "object_store.identities"
    ]
    observed = deploy(small(facts=facts), TARGET).observe()
    stores = {flow.to for flow in observed.flows if flow.source == SPARK}
    assert stores == {"zone/lake/store/snds", "space/cohort-a/store/work", "space/cohort-b/store/work"}


def test_names_fit_however_long_the_paths_are(small, lower):
    zone = {"stores": {"s" * 32: {"size": "1GB"}}, "machines": {"m" * 32: {"vcpus": 1, "memory": "1GB"}}}
    flows = [{"from": f"zone/{'z' * 32}", "to": f"zone/{'z' * 32}/store/{'s' * 32}", "ports": [443]}]
    nodes = lower(small(name="p" * 32, zones={"z" * 32: zone}, spaces={}, keys={}, flows=flows), TARGET)
    for node in nodes:
        for key in ("name", "bucket", "userName", "policyName"):
            value = node.properties.get(key, "")
            assert not isinstance(value, str) or len(value) <= 63, (node.path, value)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("zone/lake/store/snds", True),
        ("zone/*/store/*", True),
        ("zone/lake/*/x", True),
        ("**", True),
        ("zone/**", True),
        ("zone/lake", False),
        ("space/*", False),
        ("zone/lake/machine/spark", False),
    ],
)
def test_only_a_stores_own_path_means_a_store(pattern, expected):
    assert may_be_store(pattern) is expected


def test_our_own_plugin_is_asked_for_in_the_librarys_own_version():
    import hdh_infra
    from hdh_infra.clouds.openstack.cloud import PLUGIN_VERSION

    assert hdh_infra.__version__ == PLUGIN_VERSION

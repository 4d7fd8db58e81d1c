"""What servers answer is read in the words of a state, and nothing that a person changed by hand is overlooked."""

import base64
import copy
import json

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds import cloud
from hdh_infra.compare.side import LOOKED_UP, UNMANAGED
from hdh_infra.contracts.load import contract
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.live.answers import Answers
from hdh_infra.live.openstack import TYPES, natives_of
from hdh_infra.model.target import Target

TARGET = Target.parse("openstack:RegionOne")


def observe(natives):
    return cloud("openstack").observe(Natives(natives, "live", cloud("openstack").identifiers), site(TARGET))


def changed(items, identity, **values):
    found = copy.deepcopy(items)
    for item in found:
        if item["id"] == identity:
            item.update(values)
    return found


def by_path(natives):
    return {native.path: native for native in natives}


PORT = "ec23eee0-cfa7-40fb-a7e6-3f1b1ac8d894"
GROUP = "c430b27d-ca20-4a73-9819-8fb2a94650db"
MACHINE = "zone/lake/machine/spark"


def test_everything_the_state_knows_has_its_path_and_the_rest_says_that_nobody_manages_it(answers, state):
    natives = natives_of(answers(), "RegionOne", state)
    strange = [native for native in natives if native.path.startswith(UNMANAGED)]
    assert {native.path for native in state} <= {native.path for native in natives}
    assert [native.type for native in strange] == ["openstack:networking/floatingIp:FloatingIp"]


def test_without_a_state_nothing_is_lost_but_the_paths(answers, state):
    known = natives_of(answers(), "RegionOne", state)
    strange = natives_of(answers(), "RegionOne")
    assert sorted(native.type for native in known) == sorted(native.type for native in strange)


def test_every_type_and_property_is_one_of_the_contract_or_asked_of_the_server_beyond_it(answers, state):
    beyond = {"encrypted"}  # Cinder says it and pulumi-openstack has no property for it
    for native in natives_of(answers(), "RegionOne", state):
        if not native.path.startswith(LOOKED_UP):
            known = contract(native.type)
            assert set(native.properties) - beyond <= {*known.outputs, *known.inputs}, native.type


def test_no_secret_that_an_answer_holds_is_taken(answers, state):
    assert "never-taken" not in json.dumps(
        [dict(native.properties) for native in natives_of(answers(), "RegionOne", state)]
    )


def test_the_order_of_the_answers_changes_nothing(answers, recorded, state):
    backwards = {name: list(reversed(items)) for name, items in recorded.items()}
    assert natives_of(answers(), "RegionOne", state) == natives_of(
        Answers(**backwards), "RegionOne", list(reversed(state))
    )


def test_a_real_machine_is_read_back_as_what_it_is(answers, state):
    seen = observe(natives_of(answers(floating_ips=[]), "RegionOne", state)).elements
    machine = seen[MACHINE]
    assert (machine["count"], machine["disk"], machine["image"], machine["public"]) == (
        1,
        20 * 2**30,
        "debian-12",
        False,
    )
    assert seen["zone/lake"]["address_range"] == "10.64.3.0/24"
    assert seen["key/lake"]["origin"] == "generated"


def test_a_floating_address_given_by_hand_makes_a_machine_public(answers, state):
    assert observe(natives_of(answers(), "RegionOne", state)).elements[MACHINE]["public"] is True


def test_a_port_whose_security_was_switched_off_lets_everything_out(answers, recorded, state):
    before = observe(natives_of(answers(floating_ips=[]), "RegionOne", state))
    ports = changed(recorded["ports"], PORT, port_security_enabled=False, security_groups=[])
    after = observe(natives_of(answers(floating_ips=[], ports=ports), "RegionOne", state))
    assert before.egress == ()
    assert any(flow.to == "0.0.0.0/0" for flow in after.egress)


def test_a_rule_added_by_hand_is_kept_and_opens_what_it_opens(answers, recorded, state):
    rule = {
        "id": "added-by-hand",
        "security_group_id": GROUP,
        "direction": "egress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 25,
        "port_range_max": 25,
        "remote_ip_prefix": None,
        "remote_group_id": None,
    }
    natives = natives_of(answers(floating_ips=[], rules=[*recorded["rules"], rule]), "RegionOne", state)
    assert f"{UNMANAGED}added-by-hand" in by_path(natives)
    assert [(flow.to, flow.ports) for flow in observe(natives).egress] == [("0.0.0.0/0", (25,))]


def test_an_interface_attached_by_hand_is_an_interface_of_its_machine(answers, recorded, state):
    port = copy.deepcopy(next(port for port in recorded["ports"] if port["id"] == PORT))
    port.update(id="second", fixed_ips=[{"subnet_id": port["fixed_ips"][0]["subnet_id"], "ip_address": "10.64.3.9"}])
    natives = by_path(natives_of(answers(ports=[*recorded["ports"], port]), "RegionOne", state))
    assert [wire["port"] for wire in natives[f"{MACHINE}/server/0"].properties["networks"]] == [PORT, "second"]
    assert natives[f"{UNMANAGED}second"].type.endswith(":Port")


def test_what_a_server_does_not_know_any_more_is_not_there(answers, state):
    natives = by_path(natives_of(answers(servers=[]), "RegionOne", state))
    assert f"{MACHINE}/server/0" not in natives
    assert f"{MACHINE}/data-disk-attachment/0" not in natives
    assert f"{MACHINE}/data-disk/0" in natives


@pytest.mark.parametrize("used", [False, True])
def test_the_group_that_every_project_has_counts_only_where_it_is_used(answers, recorded, state, used):
    default = next(group["id"] for group in recorded["groups"] if group["name"] == "default")
    ports = changed(recorded["ports"], PORT, security_groups=[default]) if used else recorded["ports"]
    natives = natives_of(answers(ports=ports), "RegionOne", state)
    assert (f"{UNMANAGED}{default}" in by_path(natives)) is used


def test_keys_that_encrypted_volumes_were_given_are_no_keys_of_the_platform(answers, recorded, state):
    assert len(recorded["secrets"]) == 3
    natives = natives_of(answers(), "RegionOne", state)
    assert not [native for native in natives if native.type.endswith(":SecretV1")]
    named = [
        *recorded["secrets"],
        {**recorded["secrets"][0], "secret_ref": "http://host/v1/secrets/mine", "name": "mine"},
    ]
    natives = natives_of(answers(secrets=named), "RegionOne", state)
    assert [native.path for native in natives if native.type.endswith(":SecretV1")] == [f"{UNMANAGED}mine"]


def test_a_server_that_boots_from_an_image_has_no_boot_volume(answers, recorded, state):
    servers = copy.deepcopy(recorded["servers"])
    servers[0]["image"] = {"id": "2c16014c"}
    servers[0]["os-extended-volumes:volumes_attached"] = []
    natives = by_path(natives_of(answers(servers=servers), "RegionOne", state))
    properties = natives[f"{MACHINE}/server/0"].properties
    assert (properties["imageId"], properties["blockDevices"]) == ("2c16014c", [])
    assert observe(natives.values()).elements[MACHINE]["encryption"] == "none"


def test_only_types_that_are_asked_for_are_taken_from_the_servers(answers, state):
    assert {
        native.type for native in natives_of(answers(), "RegionOne", state) if not native.path.startswith(LOOKED_UP)
    } <= TYPES


@pytest.mark.parametrize(("policy", "spread"), [("anti-affinity", "hosts"), ("soft-anti-affinity", "none")])
def test_what_keeps_servers_apart_is_read_from_the_group_that_names_them(answers, state, recorded, policy, spread):
    """A server does not say its group: only the group says its servers."""
    (one,) = recorded["servers"]
    servers = [one, {**one, "id": "second"}]
    groups = [{"id": "group-1", "name": "spark", "policy": policy, "members": [server["id"] for server in servers]}]
    known = [*state, Native(f"{MACHINE}/server/1", "openstack:compute/instance:Instance", {}, "second")]
    found = natives_of(answers(servers=servers, server_groups=groups), "RegionOne", known)
    assert observe(found).elements[MACHINE]["spread"] == spread
    alone = natives_of(answers(servers=servers, server_groups=[{**groups[0], "members": []}]), "RegionOne", known)
    assert observe(alone).elements[MACHINE]["spread"] == "none"


def test_a_rule_that_names_a_group_of_addresses_means_those_addresses(answers, state, recorded):
    extra = {
        "id": "rule-2",
        "security_group_id": GROUP,
        "direction": "egress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 443,
        "port_range_max": 443,
        "remote_address_group_id": "addresses-1",
    }
    group = {"id": "addresses-1", "name": "endpoint", "addresses": ["198.51.100.20/32"]}
    rules = [*recorded["rules"], extra]
    known = observe(natives_of(answers(rules=rules, address_groups=[group]), "RegionOne", state))
    unknown = observe(natives_of(answers(rules=rules), "RegionOne", state))
    assert "198.51.100.20/32" in {flow.to for flow in known.egress}
    assert any("address group that is not among the resources" in remark for remark in unknown.remarks)


def test_start_up_data_are_those_that_nova_shows_or_else_those_that_the_state_holds_of_the_same_server(answers, state):
    """Nova shows them to administrators only."""
    token = "openstack:compute/instance:Instance"
    (server,) = [native for native in state if native.type == token]
    held = [
        Native(
            one.path, one.type, {**one.properties, "userData": "0" * 40} if one is server else one.properties, one.id
        )
        for one in state
    ]

    def seen(said, known):
        natives = natives_of(answers(servers=said), "RegionOne", known)
        return next(one for one in natives if one.id == server.id).properties.get("userData")

    plain = answers().servers
    shown = changed(plain, server.id, **{"OS-EXT-SRV-ATTR:user_data": base64.b64encode(b"#!/bin/sh\n").decode()})
    assert seen(plain, held) == "0" * 40
    assert seen(shown, held) == "#!/bin/sh\n"
    assert seen(plain, []) is None


def test_a_port_of_a_public_address_that_leads_to_a_machine_makes_it_public(answers, state):
    """A floating address that forwards ports has no port of its own."""
    address = {"id": "fip", "floating_ip_address": "198.18.0.9", "port_id": None}
    forwarding = {
        "id": "forwarding",
        "floatingip_id": "fip",
        "internal_port_id": PORT,
        "internal_ip_address": "10.64.3.4",
        "internal_port": 22,
        "external_port": 2222,
        "protocol": "tcp",
    }
    alone = observe(natives_of(answers(floating_ips=[address]), "RegionOne", state))
    led = observe(natives_of(answers(floating_ips=[address], port_forwardings=[forwarding]), "RegionOne", state))
    assert (alone.elements[MACHINE]["public"], led.elements[MACHINE]["public"]) == (False, True)


@pytest.mark.parametrize(("whom", "told"), [("other-project", "project other-project"), ("*", "every project")])
def test_a_network_that_was_opened_to_another_project_is_told(answers, recorded, state, whom, told):
    network = recorded["networks"][0]["id"]
    policy = {
        "id": "policy",
        "object_type": "network",
        "object_id": network,
        "action": "access_as_shared",
        "target_tenant": whom,
    }
    before = observe(natives_of(answers(), "RegionOne", state)).remarks
    after = observe(natives_of(answers(rbac_policies=[policy]), "RegionOne", state)).remarks
    assert not [line for line in before if "put machines on" in line]
    assert [line for line in after if f"lets {told} put machines on zone/lake/network" in line]
    shared = observe(
        natives_of(answers(networks=changed(recorded["networks"], network, shared=True)), "RegionOne", state)
    )
    assert [line for line in shared.remarks if "zone/lake/network is shared" in line]


def test_a_route_added_to_a_router_by_hand_is_a_resource_that_nobody_manages(answers, recorded, state):
    router = recorded["routers"][0]["id"]
    routes = [{"destination": "192.0.2.0/24", "nexthop": "10.64.3.4"}]
    natives = natives_of(answers(routers=changed(recorded["routers"], router, routes=routes)), "RegionOne", state)
    (found,) = [native for native in natives if native.type.endswith(":RouterRoute")]
    assert found.path.startswith(UNMANAGED)
    assert found.properties["destinationCidr"] == "192.0.2.0/24"


def test_a_volume_that_cinder_says_is_not_encrypted_is_not_whatever_its_type_is_called(answers, recorded, state):
    """Of a volume that was made before its type was encrypted, only Cinder itself knows."""
    disk = "5ae15b85-7579-41dc-9d2c-48bc1adc4327"
    system = "503690e8-eab5-4753-9e50-3ac8269aa43a"
    plain = changed(recorded["volumes"], disk, encrypted=False)
    seen = observe(natives_of(answers(volumes=plain), "RegionOne", state)).elements[MACHINE]
    assert seen["encryption"] == "none"
    assert seen["system_encryption"] != "none"
    both = changed(plain, system, encrypted=False)
    assert (
        observe(natives_of(answers(volumes=both), "RegionOne", state)).elements[MACHINE]["system_encryption"] == "none"
    )


class Neutron:
    """What is asked of a project's services, by path."""

    project, user = "mine", "me"

    def __init__(self, **bodies):
        self.bodies, self.asked = bodies, []

    def list(self, service, path, key, params=None, microversion=None, *, by_offset=False):
        self.asked.append((path, params))
        if path == "/ports" and "network_id" in (params or {}):
            return [{"id": f"of-{one}"} for one in params["network_id"]]
        return self.bodies.get(key, [])


def test_ports_of_others_are_asked_for_only_on_networks_that_others_may_use():
    from hdh_infra.live.openstack import ask

    networks = [{"id": f"n{number:03}"} for number in range(120)]
    closed = ask(Neutron(networks=networks, ports=[{"id": "p"}]))
    assert [port["id"] for port in closed.ports] == ["p"]
    services = Neutron(
        networks=networks, ports=[{"id": "p"}], extensions=[{"alias": "rbac-policies"}], rbac_policies=[{"id": "r"}]
    )
    assert len(ask(services).ports) == 121
    assert max(len(params["network_id"]) for path, params in services.asked if "network_id" in (params or {})) <= 50


def test_routers_and_public_addresses_are_asked_for_only_where_there_is_what_makes_them():
    """A Neutron without that extension answers 404, and the rest would not be read."""
    from hdh_infra.live.openstack import ask

    for extensions, asked in (([], False), ([{"alias": "router"}], True)):
        services = Neutron(extensions=extensions, routers=[{"id": "r"}])
        assert bool(ask(services).routers) is asked
        assert {path for path, _ in services.asked if path in {"/routers", "/floatingips"}} == (
            {"/routers", "/floatingips"} if asked else set()
        )


def test_ports_of_public_addresses_are_asked_for_only_of_those_that_may_have_some():
    from hdh_infra.live.openstack import ask

    addresses = [{"id": "whole", "port_id": "p"}, {"id": "parts", "port_id": None}]
    services = Neutron(
        floatingips=addresses, extensions=[{"alias": "router"}, {"alias": "floating-ip-port-forwarding"}]
    )
    services.bodies["port_forwardings"] = [{"id": "f"}]
    assert [one["floatingip_id"] for one in ask(services).port_forwardings] == ["parts"]


def test_every_type_that_a_plan_of_openstack_makes_is_read_from_its_servers():
    """What is not read live stays as the state has it, and a change by hand would never be seen."""
    import datetime
    from pathlib import Path

    import hdh_infra as hdh
    from hdh_infra.live import s3

    examples = Path(__file__).parents[2] / "examples"
    made = {
        node.type
        for name in ("small", "ehds-node", "hospital-eds")
        for node in hdh.plan(hdh.load(examples / f"{name}.yaml"), TARGET, today=datetime.date(2026, 11, 25)).nodes
    }
    assert made <= TYPES | s3.TYPES

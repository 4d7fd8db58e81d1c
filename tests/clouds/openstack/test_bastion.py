"""The entry for people: who gets in by a bastion is computed from its address, filters and start-up data, and from nothing else."""

import ipaddress

import pytest
import yaml

from hdh_infra.clouds.hardening import DIRECTIVES, observe_start_up, start_up
from tests.clouds.deployments import ref

ZONE = "zone/administration"
BASTION = f"{ZONE}/bastion"
CONSOLE = f"{ZONE}/machine/console"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2U= it's: a # key"
TARGETS = ("openstack:RegionOne", "ovhcloud:GRA")
NEUTRON = "openstack:networking/"


def with_entry(small, **more):
    zones = small().model_dump(mode="json", by_alias=True)["zones"]
    zones["administration"]["entry"] = "bastion"
    return small(zones=zones, ssh_keys=[KEY], **more)


@pytest.fixture(params=TARGETS)
def deployed(request, small, deploy):
    return deploy(with_entry(small), request.param)


def entry(deployed, network=ZONE):
    return deployed.observe().elements[network]["entry"]


def test_the_bastion_leads_to_the_machines_of_its_network_and_opens_nothing_else(small, deploy, deployed):
    target = str(deployed.place.target)
    without, observed = deploy(small(), target).observe(), deployed.observe()
    networks = {path: one["entry"] for path, one in observed.elements.items() if one["kind"] == "network"}
    assert {path for path, how in networks.items() if how} == {ZONE}
    assert networks[ZONE] == "machine"
    for part in ("flows", "egress", "entry", "remarks"):
        assert getattr(observed, part) == getattr(without, part), part
    besides = {"entry", "native"}
    alike = [
        {path: {name: one[name] for name in one.keys() - besides} for path, one in side.elements.items()}
        for side in (observed, without)
    ]
    assert alike[0] == alike[1]
    own = [(flow.source, flow.to) for flow in set(observed.service_flows) - set(without.service_flows)]
    assert sorted(own) == [
        ("internet", f"{ZONE} (entry for people)"),
        (ZONE, "0.0.0.0/0 (updates of the bastion)"),
        (ZONE, "the machine's own subnet (addresses by DHCP)"),
        (ZONE, "the machine's own subnet (name resolution)"),
        (ZONE, "the machine's own subnet (name resolution)"),
    ]


def test_a_state_says_the_same_and_that_start_up_data_are_not_read_from_it(small, deploy, state):
    from hdh_infra.clouds import cloud
    from hdh_infra.graph.observation import Native, Natives

    platform, target = with_entry(small), TARGETS[0]
    deployed = deploy(platform, target)
    kept = [
        Native(one.path, one.type, {**one.properties, "userData": "0" * 40}, one.id)
        if one.path == f"{BASTION}/server"
        else one
        for one in state(platform, target)
    ]
    lowering = cloud("openstack")
    natives = Natives(kept, "state", lowering.identifiers)
    planned, held = deployed.observe(), lowering.observe(natives, deployed.place)
    assert held.elements == planned.elements
    for part in ("flows", "egress", "entry", "service_flows"):
        assert getattr(held, part) == getattr(planned, part), part
    told = f"{BASTION}/server: what it was told at its first start cannot be read back, and is taken as planned"
    assert set(held.remarks) - set(planned.remarks) == {told}


def test_the_only_public_address_of_a_plan_is_the_bastions(deployed):
    addresses = [path for path, token in deployed.types.items() if "floating" in token.lower()]
    assert addresses == [f"{BASTION}/address"]


def test_its_range_is_the_locks_and_its_disk_is_encrypted(small, lock_of, deployed):
    platform, target = with_entry(small), str(deployed.place.target)
    lock = lock_of(platform, target)
    assert deployed.nodes[f"{BASTION}/subnet"]["cidr"] == lock.addresses[f"{ZONE}/entry"]
    server = deployed.nodes[f"{BASTION}/server"]
    assert server["flavorId"]["args"]["name"] == lock.flavours[target][f"{ZONE}/entry"]
    assert "luks" in deployed.nodes[f"{BASTION}/system-disk"]["volumeType"]
    assert deployed.observe().elements[ZONE]["address_range"] == lock.addresses[ZONE]


def test_what_the_lock_chose_for_a_bastion_stays_chosen(small, lower, lock_of):
    platform, target = with_entry(small), TARGETS[0]
    lock = lock_of(platform, target)
    chosen = {**lock.flavours[target], f"{ZONE}/entry": "m1.large"}
    kept = lock.model_copy(update={"flavours": {target: chosen}})
    (server,) = [node for node in lower(platform, target, lock=kept) if node.path == f"{BASTION}/server"]
    assert server.properties["flavorId"]["args"]["name"] == "m1.large"


def test_people_come_from_the_ranges_that_the_target_names(small, deploy):
    named = {"openstack:RegionOne": {"entry_from": ["203.0.113.7/32", "198.51.100.0/24", "203.0.113.7/32"]}}
    observed = deploy(with_entry(small, targets=named), "openstack:RegionOne").observe()
    people = [flow for flow in observed.service_flows if "entry for people" in flow.to]
    assert [flow.source for flow in people] == ["198.51.100.0/24", "203.0.113.7/32"]
    assert observed.elements[ZONE]["entry"] == "machine"


def put(path, **properties):
    return lambda d: d.nodes[f"{BASTION}/{path}"].update(properties)


def drop(path, *names):
    def change(deployed):
        if not names:
            del deployed.nodes[f"{BASTION}/{path}"]
        for name in names:
            del deployed.nodes[f"{BASTION}/{path}"][name]

    return change


def told(old, new):
    def change(deployed):
        server = deployed.nodes[f"{BASTION}/server"]
        assert old in server["userData"]
        server["userData"] = server["userData"].replace(old, new)

    return change


def rule(deployed, name, group, direction, peer, port):
    ends = {"securityGroupId": ref(group), "remoteGroupId": ref(peer)}
    ports = {"portRangeMin": port, "portRangeMax": port}
    token = f"{NEUTRON}secGroupRule:SecGroupRule"
    deployed.add(f"x/{name}", token, direction=direction, ethertype="IPv4", protocol="tcp", **ports, **ends)


NOBODY = {
    "has no address": drop("address"),
    "has an address that leads elsewhere": put("address", portId=ref(f"{ZONE}/machine/console/port/0")),
    "lets nobody in": drop("people/0.0.0.0-0"),
    "lets people in on another port": put("people/0.0.0.0-0", portRangeMin=80, portRangeMax=80),
    "lets people in by another protocol": put("people/0.0.0.0-0", protocol="udp"),
    "lets in from its own range only": put("people/0.0.0.0-0", remoteIpPrefix="10.64.0.0/32"),
    "is not let out to the machine": drop("machine/console/out"),
    "is not let in by the machine": drop("machine/console/in"),
    "comes to the machine from another group": put("machine/console/in", remoteGroupId=ref(f"{CONSOLE}/filter")),
    "has no route": drop("route"),
}


@pytest.mark.parametrize("change", NOBODY)
def test_a_bastion_that_does_not_lead_from_outside_to_the_machines_is_no_entry(deployed, change):
    NOBODY[change](deployed)
    if change == "lets in from its own range only":
        deployed.nodes[f"{BASTION}/people/0.0.0.0-0"]["remoteIpPrefix"] = deployed.nodes[f"{BASTION}/subnet"]["cidr"]
    assert entry(deployed) is None


MORE = {
    "another port is open to the world": ("entry", put("people/0.0.0.0-0", portRangeMax=80)),
    "it has the project's default group": ("egress", drop("port", "securityGroupIds")),
    "its port has no port security": ("entry", put("port", portSecurityEnabled=False)),
    "its group keeps Neutron's default rules": ("egress", put("filter", deleteDefaultRules=False)),
    "it is let out on more ports": ("egress", put("updates", portRangeMin=1)),
    "its updates come from one range": ("service_flows", put("updates", remoteIpPrefix="198.51.100.0/24")),
    "it reaches the machine on more ports": (
        "flows",
        lambda d: (
            put("machine/console/in", portRangeMin=1)(d),
            put("machine/console/out", portRangeMin=1)(d),
        ),
    ),
    "machines reach it": (
        "flows",
        lambda d: (
            rule(d, "in", f"{BASTION}/filter", "ingress", f"{CONSOLE}/filter", 80),
            rule(d, "out", f"{CONSOLE}/filter", "egress", f"{BASTION}/filter", 80),
        ),
    ),
    "people come from one range only": ("service_flows", put("people/0.0.0.0-0", remoteIpPrefix="198.51.100.0/24")),
    "its disk is not encrypted": ("remarks", drop("system-disk", "volumeType")),
    "its port may send from other addresses": (
        "remarks",
        put("port", allowedAddressPairs=[{"ipAddress": "0.0.0.0/0"}]),
    ),
}


@pytest.mark.parametrize("change", MORE)
def test_what_a_bastion_opens_beyond_its_work_is_seen(small, deploy, change):
    part, mutate = MORE[change]
    before = deploy(with_entry(small), TARGETS[0])
    after = before.changed()
    mutate(after)
    if part == "remarks" and "disk" in change:
        # Only where it is known that the type without a name is not encrypted.
        assert "volumeType" not in after.nodes[f"{BASTION}/system-disk"]
    assert getattr(before.observe(), part) != getattr(after.observe(), part)


LOOSE = {
    "passwords": told("PasswordAuthentication no", "PasswordAuthentication yes"),
    "passwords of cloud-init": told("ssh_pwauth: false", "ssh_pwauth: true"),
    "root": told("PermitRootLogin no", "PermitRootLogin yes"),
    "root of cloud-init": told("disable_root: true", "disable_root: false"),
    "agents": told("AllowAgentForwarding no", "AllowAgentForwarding yes"),
    "x11": told("X11Forwarding no", "X11Forwarding yes"),
    "sessions": told("MaxSessions 0", "MaxSessions 10"),
    "no word about sessions": told("      MaxSessions 0\n", ""),
    "forwarding to anywhere": told("PermitOpen ", "PermitOpen 192.0.2.1:443 "),
    "no list of what is forwarded to": told("PermitOpen", "# PermitOpen"),
    "old ciphers": told("Ciphers chacha20", "Ciphers 3des-cbc,chacha20"),
    "a shell": told("shell: /usr/sbin/nologin", "shell: /bin/bash"),
    "rights": told("lock_passwd: true", "lock_passwd: true\n    sudo: ALL=(ALL) NOPASSWD:ALL"),
    "a password": told("lock_passwd: true", "lock_passwd: true\n    plain_text_passwd: secret"),
    "another account": told("users:\n", "users:\n  - default\n"),
    "a command": told("users:\n", "runcmd: [touch /tmp/x]\nusers:\n"),
    "another file": told("write_files:\n", "write_files:\n  - {path: /etc/cron.d/x, content: x}\n"),
    "an earlier file of sshd": told(
        "write_files:\n", "write_files:\n  - {path: /etc/ssh/sshd_config.d/000.conf, content: PermitTunnel yes}\n"
    ),
    "no updates": told('Unattended-Upgrade "1"', 'Unattended-Upgrade "0"'),
    "a journal that is lost": told("Storage=persistent", "Storage=volatile"),
    "a quiet log": told("LogLevel VERBOSE", "LogLevel QUIET"),
    "no document": told("#cloud-config", "#!/bin/sh"),
    "a document that is none": told("users:", "users: {"),
    "nothing": drop("server", "userData"),
}


@pytest.mark.parametrize("change", LOOSE)
def test_a_bastion_that_lets_people_do_more_than_pass_through_is_told(deployed, change):
    before = deployed.observe().remarks
    LOOSE[change](deployed)
    observed = deployed.observe()
    assert observed.elements[ZONE]["entry"] == "machine, open to more than passing through"
    assert any(one.startswith(f"{BASTION}/server: ") for one in set(observed.remarks) - set(before))


def test_a_machine_that_does_not_let_the_bastion_in_is_told(small, deploy):
    zones = with_entry(small).model_dump(mode="json", by_alias=True)["zones"]
    zones["administration"]["machines"]["second"] = zones["administration"]["machines"]["console"]
    two = deploy(small(zones=zones, ssh_keys=[KEY]), TARGETS[0])
    assert entry(two) == "machine"
    del two.nodes[f"{BASTION}/machine/second/in"]
    assert entry(two) == "machine, to 1 of 2 machines"


def test_a_bastion_that_reaches_another_network_is_that_networks_entry_too(deployed):
    """All that is on the router is near: a rule that lets the bastion's group in opens the lake to people."""
    spark = "zone/lake/machine/spark"
    rule(deployed, "out", f"{BASTION}/filter", "egress", f"{spark}/filter", 22)
    assert entry(deployed, "zone/lake") is None
    rule(deployed, "in", f"{spark}/filter", "ingress", f"{BASTION}/filter", 22)
    assert entry(deployed, "zone/lake") == "machine"


def test_a_plan_without_a_key_says_that_nobody_gets_in(small, deploy):
    zones = with_entry(small).model_dump(mode="json", by_alias=True)["zones"]
    observed = deploy(small(zones=zones, ssh_keys=[]), TARGETS[0]).observe()
    assert f"{BASTION}/server: no key opens it, since the description has no ssh_keys" in observed.remarks


@pytest.mark.parametrize(
    ("machines", "first", "last", "count"),
    [
        ("10.64.3.0/24", "10.64.3.4:22", "10.64.3.125:22", 122),
        ("10.64.3.0/27", "10.64.3.4:22", "10.64.3.13:22", 10),
        ("10.64.0.0/16", "*:22", "*:22", 1),
        ("10.64.3.0/30", "none", "none", 1),
    ],
)
def test_people_pass_to_the_addresses_that_machines_have_and_to_the_port_of_ssh(machines, first, last, count):
    data = start_up([KEY], ipaddress.IPv4Network(machines))
    document = yaml.safe_load(data)
    (line,) = [
        line for one in document["write_files"] for line in one["content"].splitlines() if line.startswith("PermitOpen")
    ]
    _, *opened = line.split()
    assert (opened[0], opened[-1], len(opened)) == (first, last, count)
    told_ = observe_start_up(data)
    assert told_ is not None
    assert (told_.faults, told_.keys) == ((), 1)
    assert document["users"][0]["ssh_authorized_keys"] == [KEY]


def test_no_directive_is_written_twice():
    """Of two the first would count."""
    assert len({name.lower() for name in DIRECTIVES}) == len(DIRECTIVES)

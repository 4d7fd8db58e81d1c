"""Ways out by name: a proxy machine a network, what it lets pass, and reading it back by what it does."""

import datetime
import ipaddress
import json

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds import cloud
from hdh_infra.clouds.exit_program import MOST_ITEMS, Passing, digest, doors, is_known, items, start_up
from hdh_infra.clouds.openstack.exits import PLACE
from hdh_infra.graph.observation import Natives
from hdh_infra.model.platform import Waiver
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import FIRST_HOST
from tests.clouds.deployments import drop, put

TODAY = datetime.date(2026, 11, 25)
OVH, PRIVATE = "ovhcloud:GRA", "openstack:RegionOne"
TARGETS = (OVH, PRIVATE)
SPARK, CONSOLE = "zone/lake/machine/spark", "zone/administration/machine/console"
DESKTOP = "space/cohort-a/machine/desktop"
SNDS = "zone/lake/store/snds"
EXIT = "zone/lake/exit"
SERVER = f"{EXIT}/server"
DOOR = f"{EXIT}/door/zone.lake.machine.spark"
PYPI = {"from": SPARK, "to": "pypi.org", "ports": [443]}
DEBIAN = {"from": SPARK, "to": "*.debian.org", "ports": [80, 443]}
OUTSIDE = "openstack:networking/secGroupRule:SecGroupRule"


@pytest.fixture
def asking(small):
    return lambda **changes: small(egress=[PYPI, DEBIAN], **changes)


def rows(platform, target, requirement):
    return [row for row in make_plan(platform, target, today=TODAY).verdicts if row.requirement == requirement]


def hosts(observed):
    return {(flow.source, flow.to, flow.ports) for flow in observed.egress}


def stores(observed):
    return {(flow.source, flow.to, flow.ports, flow.also_reaches) for flow in observed.flows if "/store/" in flow.to}


def declared(**settings):
    """A private OpenStack whose endpoint knows buckets by host name."""
    said = {"source": "operator's site record", "as_of": "2026-11-01", "by": "operator"}
    facts = {"object_store.addressing": "virtual", "object_store.identities": "iam", "region.country": "FR"}
    return {
        "facts": [{"target": PRIVATE, "attribute": one, "value": value, **said} for one, value in facts.items()],
        "targets": {PRIVATE: {"object_store_endpoint": "https://s3.clinic.example", **settings}},
    }


@pytest.mark.parametrize("target", TARGETS)
def test_a_host_is_reached_by_its_name_and_nothing_else_is(asking, deploy, target):
    platform = asking(**declared())
    observed = deploy(platform, target).observe()
    assert hosts(observed) == {(SPARK, "pypi.org", (443,)), (SPARK, "*.debian.org", (80, 443))}
    found = rows(platform, target, "egress.host_names")
    assert {(row.element, row.verdict, row.means is not None) for row in found} == {(SPARK, "differs", True)}


def test_no_host_is_reached_by_name_alone_where_an_opening_to_stores_leads_everywhere(asking, deploy):
    """Told of the way out too: a waiver of the wider flow to stores says nothing of hosts."""
    wide = asking(targets={PRIVATE: {}})
    assert hosts(deploy(wide, PRIVATE).observe()) >= {(SPARK, "pypi.org", (443,)), (SPARK, "0.0.0.0/0", (443,))}
    assert {row.verdict for row in rows(wide, PRIVATE, "egress.host_names")} == {"not-met"}
    waiver = {
        "requirement": "egress.host_names",
        "element": SPARK,
        "target": PRIVATE,
        "until": "2035-01-01",
        "reason": "an opening to stores",
    }
    for accept, covered in (("wider", True), ("none", False)):
        found = rows(
            wide.model_copy(update={"waivers": (Waiver.model_validate({**waiver, "accept": accept}),)}),
            PRIVATE,
            "egress.host_names",
        )
        assert {row.waiver is not None for row in found} == {covered}
    narrow = asking(targets={PRIVATE: {"object_store_addresses": ["198.51.100.20/32"]}})
    assert {row.verdict for row in rows(narrow, PRIVATE, "egress.host_names")} == {"differs"}


def test_a_flow_to_a_store_reaches_that_store_alone(small, deploy):
    observed = deploy(small(), OVH).observe()
    assert stores(observed) == {
        (SPARK, SNDS, (443,), ()),
        (DESKTOP, SNDS, (443,), ()),
        (DESKTOP, "space/cohort-a/store/work", (443,), ()),
        ("space/cohort-b/machine/desktop", "space/cohort-b/store/work", (443,), ()),
    }
    assert observed.egress == ()
    assert not [remark for remark in observed.remarks if "exit" in remark]
    assert {row.verdict for row in rows(small(), OVH, "flow.exact") if "/store/" in row.element} == {"differs"}
    assert {row.verdict for row in rows(small(), OVH, "flow.exact") if "/machine/" in row.element} == {"met"}


def test_without_a_proxy_the_endpoint_is_open_to_the_machines_and_told_so(small, deploy):
    platform = small(targets={OVH: {"store_proxy": False}})
    deployed = deploy(platform, OVH)
    assert not [path for path in deployed.nodes if "/exit/" in path]
    assert {flow[3] for flow in stores(deployed.observe())} == {
        ("every bucket behind s3.gra.io.cloud.ovh.net", "internet")
    }
    assert {row.verdict for row in rows(platform, OVH, "flow.exact") if "/store/" in row.element} == {"not-met"}


def test_a_private_endpoint_goes_through_proxies_where_its_operator_declares_host_names(small, deploy):
    assert not [path for path in deploy(small(), PRIVATE).nodes if "/exit/" in path]
    deployed = deploy(small(**declared()), PRIVATE)
    (value,) = [value for key, value in deployed.nodes[SERVER]["metadata"].items() if key.startswith("exit-stores-")]
    assert value.endswith(".s3.clinic.example:443")
    assert {flow[3] for flow in stores(deployed.observe())} == {()}
    assert {row.verdict for row in rows(small(**declared()), PRIVATE, "flow.exact") if "/store/" in row.element} == {
        "differs"
    }


@pytest.mark.parametrize("endpoint", ["http://s3.clinic.example", "https://s3.clinic.example:9000"])
def test_an_endpoint_that_is_not_on_the_port_of_https_goes_through_no_proxy(small, deploy, endpoint):
    deployed = deploy(small(**declared(object_store_endpoint=endpoint)), PRIVATE)
    assert not [path for path in deployed.nodes if "/exit/" in path]


def test_only_the_proxy_has_a_way_outside(asking, deploy):
    nodes = deploy(asking(), OVH).nodes
    prefixes = {
        path: properties["remoteIpPrefix"] for path, properties in nodes.items() if "remoteIpPrefix" in properties
    }
    outside = {path for path, prefix in prefixes.items() if prefix == "0.0.0.0/0"}
    assert outside
    assert all("/exit/outside/tcp-" in path for path in outside)
    assert not [
        path
        for path, one in nodes.items()
        if "/exit/" in path and one.get("direction") == "ingress" and "/door/" not in path
    ]


def test_an_edge_passes_the_proxy_of_the_space_at_its_end(small, deploy):
    """Law 4: no zone's proxy names what a space asks."""
    deployed = deploy(small(), OVH)
    server = deployed.nodes["space/cohort-a/exit/server"]
    assert "small-lake-snds" in json.dumps(server["metadata"])
    assert "space.cohort-a.machine.desktop" not in "".join(path for path in deployed.nodes if path.startswith("zone/"))


def test_a_proxys_address_is_no_machines_and_not_in_the_pool(small, deploy):
    """No lock changes for it."""
    assert PLACE < FIRST_HOST
    nodes = deploy(small(), OVH).nodes
    taken = [one["ipAddress"] for properties in nodes.values() for one in properties.get("fixedIps", ())]
    assert len(taken) == len(set(taken))
    subnet = nodes["zone/lake/subnet"]
    address = ipaddress.IPv4Address(nodes[f"{EXIT}/port"]["fixedIps"][0]["ipAddress"])
    assert address in ipaddress.IPv4Network(subnet["cidr"])
    assert str(address) != subnet["gatewayIp"]
    assert address < ipaddress.IPv4Address(subnet["allocationPools"][0]["start"])


def test_a_door_stays_where_it_is_when_others_come(asking, small, deploy):
    def door(platform):
        return deploy(platform, OVH).nodes[f"{DOOR}/in"]["portRangeMin"]

    assert door(small()) == door(asking()) == door(small(egress=[PYPI, {**PYPI, "from": CONSOLE}]))


def test_what_changes_in_what_may_pass_changes_metadata_alone(small, asking, lower, lock_of):
    """No machine is made anew: neither the proxy nor whoever comes to it."""
    lock = lock_of(small(), OVH)
    before, after = ({node.path: node for node in lower(one, OVH, lock)} for one in (small(), asking()))
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {SERVER}
    old, new = before[SERVER].properties, after[SERVER].properties
    assert {name for name in new if old.get(name) != new[name]} == {"metadata"}
    assert before[SERVER].ignore_changes == ("userData",)


def test_a_machine_is_told_its_proxy_in_its_metadata(small, deploy):
    nodes = deploy(small(), OVH).nodes
    address = nodes[f"{EXIT}/port"]["fixedIps"][0]["ipAddress"]
    port = nodes[f"{DOOR}/out"]["portRangeMin"]
    assert nodes[f"{SPARK}/server/0"]["metadata"]["hdh-proxy"] == f"http://{address}:{port}"
    assert "hdh-proxy" not in nodes[f"{CONSOLE}/server/0"]["metadata"]


def test_who_administers_machines_is_told_of_each_proxy(asking):
    steps = make_plan(asking(), OVH, today=TODAY).manual
    (step,) = [one for one in steps if EXIT in one.what]
    assert SPARK in step.what
    assert "AWS_CA_BUNDLE" in step.command
    (hosts_alone,) = [one for one in make_plan(asking(), PRIVATE, today=TODAY).manual if EXIT in one.what]
    assert "AWS_CA_BUNDLE" not in hosts_alone.command


@pytest.mark.parametrize("target", TARGETS)
def test_a_proxy_is_sized_counted_and_priced(asking, target):
    plan = make_plan(asking(), target, today=TODAY)
    (flavour,) = [one for one in plan.flavours if EXIT in one.machines]
    assert flavour.vcpus >= (2 if target == OVH else 1)
    servers = [node for node in plan.nodes if node.type.endswith("compute/instance:Instance")]
    (machines,) = [
        row for row in plan.verdicts if row.requirement == "capacity.machines" and row.attribute == "machines"
    ]
    assert machines.asked == len(servers)


def test_udp_is_not_asked_of_a_proxy(small):
    (row,) = rows(small(egress=[{**PYPI, "protocol": "udp"}]), OVH, "egress.host_names")
    assert row.verdict == "not-met"


def door_metadata(deployment, kind="stores"):
    return next(key for key in deployment.nodes[SERVER]["metadata"] if key.startswith(f"exit-{kind}-"))


def metadata(change):
    return lambda d: change(d.nodes[SERVER]["metadata"], door_metadata(d))


LEAST = {
    "the metadata name no bucket": ("flows", metadata(lambda all_, key: all_.pop(key))),
    "the metadata name another bucket": (
        "flows",
        metadata(lambda all_, key: all_.update({key: "another.s3.gra.io.cloud.ovh.net:443"})),
    ),
    "the metadata name every bucket": (
        "flows",
        metadata(lambda all_, key: all_.update({key: "*.s3.gra.io.cloud.ovh.net:443"})),
    ),
    "the metadata name the endpoint": (
        "flows",
        metadata(lambda all_, key: all_.update({key: "s3.gra.io.cloud.ovh.net:443"})),
    ),
    "the metadata let the endpoint pass unread": (
        "flows",
        metadata(lambda all_, key: all_.update({"exit-hosts" + key[11:]: "s3.gra.io.cloud.ovh.net:443"})),
    ),
    "the metadata let the endpoint's domain pass unread": (
        "flows",
        metadata(lambda all_, key: all_.update({"exit-hosts" + key[11:]: "*.ovh.net:443"})),
    ),
    "the metadata let a bucket pass unread": (
        "flows",
        metadata(lambda all_, key: all_.update({"exit-hosts" + key[11:]: all_[key]})),
    ),
    "the metadata let a further host pass": (
        "egress",
        metadata(lambda all_, key: all_.update({"exit-hosts" + key[11:]: "example.org:443"})),
    ),
    "metadata and filter have a further port": (
        "flows",
        lambda d: (
            metadata(lambda all_, key: all_.update({key: all_[key] + ",8443"}))(d),
            d.nodes[f"{EXIT}/outside/tcp-443"].update(portRangeMax=8443),
        ),
    ),
    "an item cannot be read": ("flows", metadata(lambda all_, key: all_.update({key: all_[key] + " ?"}))),
    "the program is another": ("egress", put(SERVER, userData="#!/bin/sh\n")),
    "the program is a little longer": ("flows", lambda d: d.nodes[SERVER].update(userData=start_up() + "\n")),
    "the program cannot be read": ("flows", lambda d: d.nodes[SERVER].pop("userData")),
    "the way to the door is missing": ("flows", drop(f"{DOOR}/out")),
    "the door does not open": ("flows", drop(f"{DOOR}/in")),
    "the door is another's": ("flows", put(f"{DOOR}/in", portRangeMin=1, portRangeMax=1)),
    "everybody comes to every door": (
        "flows",
        lambda d: (d.nodes[f"{DOOR}/in"].pop("remoteGroupId"), d.nodes[f"{DOOR}/out"].pop("remoteGroupId")),
    ),
    "the door leads to the machine's other ports": (
        "flows",
        lambda d: [d.nodes[f"{DOOR}/{end}"].update(portRangeMin=22) for end in ("in", "out")],
    ),
    "the proxy has no way outside": ("flows", drop("zone/lake/route")),
    "the proxy's filter lets nothing out": ("flows", drop(f"{EXIT}/outside/tcp-443")),
    "the proxy has a wider way outside": ("service_flows", put(f"{EXIT}/outside/tcp-443", portRangeMin=1)),
    "the proxy has a public address": (
        "entry",
        lambda d: (
            d.add(
                "x/ip", "openstack:networking/floatingIp:FloatingIp", portId={"$ref": f"{EXIT}/port", "output": "id"}
            ),
            d.nodes[f"{DOOR}/in"].pop("remoteGroupId"),
        ),
    ),
    "the proxy's filter is off": ("flows", put(f"{EXIT}/port", portSecurityEnabled=False)),
    "the proxy's disk is not encrypted": ("remarks", put(f"{EXIT}/system-disk", volumeType="classic")),
    "the proxy starts from another disk": (
        "remarks",
        put(SERVER, blockDevices=[{"uuid": "0000", "sourceType": "volume"}]),
    ),
    "a machine has no credentials": ("flows", drop(f"{SPARK}/access-key")),
    "a machine goes by itself": (
        "egress",
        lambda d: d.add(
            "x/rule",
            OUTSIDE,
            securityGroupId={"$ref": f"{SPARK}/filter", "output": "id"},
            direction="egress",
            protocol="tcp",
            portRangeMin=443,
            portRangeMax=443,
            remoteIpPrefix="0.0.0.0/0",
        ),
    ),
}


@pytest.mark.parametrize("name", LEAST)
def test_a_changed_property_changes_what_is_observed(small, deploy, name):
    part, change = LEAST[name]
    before = deploy(small(), OVH)
    after = before.changed()
    change(after)
    assert before.observe().to_json()[part] != after.observe().to_json()[part]


@pytest.mark.parametrize("change", ["the program is another", "the program cannot be read"])
def test_a_proxy_of_which_nobody_knows_what_it_does_is_read_for_the_worse(small, deploy, change):
    deployed = deploy(small(), OVH)
    LEAST[change][1](deployed)
    observed = deployed.observe()
    assert (SPARK, "0.0.0.0/0", (80, 443)) in hosts(observed)
    beyond = ("every bucket behind s3.gra.io.cloud.ovh.net", "internet")
    assert (SPARK, SNDS, (80, 443), beyond) in stores(observed)
    assert any(SERVER in remark for remark in observed.remarks)


def test_every_bucket_behind_the_endpoint_is_reached_where_nobody_looks_into_the_encryption(small, deploy):
    """A client that is let through to the endpoint unread asks there for whatever bucket it likes."""
    deployed = deploy(small(), OVH)
    LEAST["the metadata let the endpoint's domain pass unread"][1](deployed)
    assert (SPARK, SNDS, (443,), ("every bucket behind s3.gra.io.cloud.ovh.net",)) in stores(deployed.observe())


def test_a_state_shows_the_program_by_its_digest(asking, deploy, state):
    platform = asking()
    planned = deploy(platform, OVH).observe()
    lowering, place = cloud("ovhcloud"), site(Target.parse(OVH), platform)
    held = state(platform, OVH)
    (server,) = [one for one in held if one.path == SERVER]
    assert server.properties["userData"] == digest(start_up())
    observed = lowering.observe(Natives(held, "state", lowering.identifiers), place)
    for part in ("elements", "flows", "egress", "service_flows", "entry", "remarks"):
        assert getattr(observed, part) == getattr(planned, part), part
    server.properties["userData"] = "0" * 40
    worse = lowering.observe(Natives(held, "state", lowering.identifiers), place)
    assert worse.egress != planned.egress


def test_items_of_metadata_are_read_as_they_were_written():
    said = {
        10_001: Passing({f"host-{number}.example.org": ((443, 443),) for number in range(60)}, {}),
        10_002: Passing({"*.debian.org": ((80, 80), (443, 443), (8000, 8010))}, {"b.s3.example": ((443, 443),)}),
    }
    written = items(said)
    assert all(len(value) <= 255 for value in written.values())
    assert doors(written) == said


def test_what_a_server_has_no_room_for_is_not_let_pass():
    many = {10_000 + number: Passing({"pypi.org": ((443, 443),)}, {}) for number in range(MOST_ITEMS + 20)}
    assert len(items(many)) == MOST_ITEMS == len(doors(items(many)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("exit-hosts-10001-0", "pypi.org"),
        ("exit-hosts-10001-0", "pypi.org:443 192.0.2.1:443"),
        ("exit-hosts-10001-0", "*:443"),
        ("exit-hosts-10001-0", ".org:443"),
        ("exit-hosts-10001-0", "pypi.org:443\nhttp_access allow all"),
        ("exit-hosts-10001-0", "pypi.org:443  cran.org:443"),
        ("exit-others-10001-0", "pypi.org:443"),
        ("exit-hosts-1-0", "pypi.org:443"),
        ("exit-stores-10001-0", "b.s3.example:80"),
    ],
)
def test_what_cannot_be_read_to_the_end_lets_nothing_pass(key, value):
    assert not any(one.hosts or one.stores for one in doors({key: value}).values())


def test_the_start_up_data_let_nobody_in_and_hold_no_secret():
    document = json.loads(start_up().removeprefix("#cloud-config\n"))
    assert document["users"] == []
    assert document["ssh_pwauth"] is False
    assert ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"] in document["runcmd"]
    assert "unattended-upgrades" in document["packages"]
    assert "PRIVATE KEY" not in start_up()
    # Nova takes 65,535 characters of base64 (nova 34.0.0 schemas/servers.py).
    assert len(start_up().encode()) * 4 / 3 < 65_000


def test_the_start_up_data_are_those_of_this_release():
    """Who changes them puts this digest among the earlier ones, where the old program let pass nothing more: deployed proxies keep theirs."""
    assert is_known(start_up())
    assert digest(start_up()) == "1da5f8e35728fc001c2ab1b39aff62c9c576cbcb"


def test_a_proxy_is_no_machine_that_people_get_into(small, deploy):
    """Beside a bastion: the entry reaches every machine of the network, and the proxy is none."""
    zones = small().model_dump(mode="json")["zones"]
    zones["lake"]["entry"] = "bastion"
    observed = deploy(small(zones=zones), OVH).observe()
    assert observed.elements["zone/lake"]["entry"] == "machine"
    assert not [flow for flow in observed.flows if EXIT in {flow.source, flow.to}]
    assert (SPARK, SNDS, (443,), ()) in stores(observed)

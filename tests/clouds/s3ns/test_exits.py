"""Ways out by name: a proxy machine in the network, what it lets pass, and reading it back by what it does."""

import datetime
import json

import pytest

from hdh_infra.clouds import of
from hdh_infra.clouds.exit_program import ATTRIBUTE
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from tests.clouds.deployments import deployed
from tests.clouds.s3ns.conftest import CLINIC

TODAY = datetime.date(2026, 11, 26)
TARGET = Target.parse("s3ns:u-france-east1")
WORKER, MOVER = "zone/lake/machine/worker", "zone/gate/machine/mover"
DATA = "zone/lake/store/data"
EXIT = "zone/lake/exit"
SERVER = f"{EXIT}/server"
DOOR = f"{EXIT}/door/zone.lake.machine.worker"
PYPI = {"from": WORKER, "to": "pypi.org", "ports": [443]}
DEBIAN = {"from": WORKER, "to": "*.debian.org", "ports": [80, 443]}
NET = {"$ref": "platform/network", "output": "id"}


def asking(described, *more, **changes):
    return described(egress=[*CLINIC["egress"], PYPI, DEBIAN, *more], **changes)


@pytest.fixture(scope="module")
def nodes(described, planned):
    return planned(asking(described))


@pytest.fixture
def deployment(nodes, place):
    return deployed(nodes, place)


def hosts(observed):
    return {(flow.source, flow.to, flow.ports) for flow in observed.egress if flow.source == WORKER}


def test_a_host_is_reached_by_its_name_and_nothing_else_is(described, clinic, place, deployment):
    before, observed = deployed(clinic, place).observe(), deployment.observe()
    assert hosts(observed) == {(WORKER, "pypi.org", (443,)), (WORKER, "*.debian.org", (80, 443))}
    for part in ("flows", "entry", "remarks"):
        assert getattr(observed, part) == getattr(before, part), part
    assert [flow for flow in observed.egress if flow.source != WORKER] == list(before.egress)
    assert observed.elements.keys() == before.elements.keys()
    assert observed.elements["zone/lake"]["flow_logs"] is before.elements["zone/lake"]["flow_logs"] is True
    rows = make_plan(asking(described), TARGET, today=TODAY).verdicts
    found = [row for row in rows if row.requirement == "egress.host_names"]
    assert {(row.element, row.verdict, row.means is not None) for row in found} == {(WORKER, "differs", True)}


def test_a_state_says_the_same(nodes, place, deployment, simulated):
    held = of(TARGET).observe(Natives(simulated(nodes), "state", of(TARGET).identifiers), place)
    observed = deployment.observe()
    for part in ("flows", "egress", "entry", "service_flows", "remarks"):
        assert getattr(held, part) == getattr(observed, part), part


def test_only_the_proxy_has_a_way_outside_and_nobody_comes_to_it_but_by_a_door(nodes):
    anywhere = [node.path for node in nodes if node.properties.get("destRange") == "0.0.0.0/0"]
    assert anywhere == [f"{EXIT}/route"]
    inward = [
        node for node in nodes
        if node.properties.get("direction") == "INGRESS"
        and {"$ref": f"{EXIT}/account", "output": "email"} in node.properties.get("targetServiceAccounts", ())
    ]  # fmt: skip
    assert [node.path for node in inward] == [f"{DOOR}/in"]
    assert "sourceRanges" not in inward[0].properties


def test_another_host_changes_the_proxys_metadata_alone(described, nodes, planned):
    before = {node.path: node for node in nodes}
    after = {node.path: node for node in planned(asking(described, {**PYPI, "to": "cran.r-project.org"}))}
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {SERVER}
    old, new = before[SERVER].properties, after[SERVER].properties
    assert {name for name in new if old[name] != new[name]} == {"metadata"}
    assert {name for name in new["metadata"] if old["metadata"][name] != new["metadata"][name]} == {ATTRIBUTE}
    assert "metadata.user-data" in before[SERVER].ignore_changes


def test_another_machine_that_asks_changes_no_door_that_is_there(described, nodes, planned):
    before = {node.path: node for node in nodes}
    more = planned(asking(described, {**PYPI, "from": "zone/lake/machine/adder"}))
    changed = {node.path for node in more if before.get(node.path) not in (None, node)}
    assert changed == {SERVER}


def test_who_administers_machines_is_told_of_each_proxy(described):
    (step,) = [one for one in make_plan(asking(described), TARGET, today=TODAY).manual if EXIT in one.what]
    assert WORKER in step.what


def put(path, **properties):
    return lambda d: d.nodes[path].update(properties)


def drop(path):
    return lambda d: d.nodes.pop(path)


def said(change):
    def mutate(d):
        metadata = d.nodes[SERVER]["metadata"]
        items = json.loads(metadata[ATTRIBUTE])["meta"]
        change(items, next(iter(items)))
        metadata[ATTRIBUTE] = json.dumps({"meta": items})

    return mutate


def metadata(name, value):
    return lambda d: d.nodes[SERVER]["metadata"].update({name: value})


LEAST = {
    "it is told no host": ("egress", said(lambda all_, key: all_.pop(key))),
    "it is told a further host": ("egress", said(lambda all_, key: all_.update({key: f"{all_[key]} example.org:443"}))),
    "it is told the endpoint of stores": (
        "egress",
        said(lambda all_, key: all_.update({key: "storage.s3nsapis.fr:443"})),
    ),
    "an item cannot be read": ("egress", said(lambda all_, key: all_.update({key: f"{all_[key]} ?"}))),
    "what it is told cannot be read": ("egress", metadata(ATTRIBUTE, "{")),
    "it is told nothing": ("egress", lambda d: d.nodes[SERVER]["metadata"].pop(ATTRIBUTE)),
    "it runs another script at each start": ("egress", metadata("startup-script", "#!/bin/sh\n")),
    "it takes keys": ("egress", metadata("ssh-keys", "root:ssh-ed25519 AAAA somebody")),
    "the program is another": ("egress", metadata("user-data", "#!/bin/sh\n")),
    "the program cannot be read": ("egress", lambda d: d.nodes[SERVER]["metadata"].pop("user-data")),
    "the way to the door is missing": ("egress", drop(f"{DOOR}/out")),
    "the door does not open": ("egress", drop(f"{DOOR}/in")),
    "the door is another's": (
        "egress",
        put(f"{DOOR}/in", sourceServiceAccounts=[{"$ref": f"{MOVER}/account", "output": "email"}]),
    ),
    "the door leads to the proxy's other ports": (
        "flows",
        lambda d: [put(f"{DOOR}/{end}", allows=[{"protocol": "tcp"}])(d) for end in ("in", "out")],
    ),
    "the proxy has no route outside": ("egress", drop(f"{EXIT}/route")),
    "the route is for other machines": ("egress", put(f"{EXIT}/route", tags=["other"])),
    "the proxy has no public address": (
        "egress",
        lambda d: d.nodes[SERVER]["networkInterfaces"][0].pop("accessConfigs"),
    ),
    "the proxy is let out to less": ("egress", put(f"{EXIT}/outside", allows=[{"protocol": "tcp", "ports": ["80"]}])),
    "the proxy is let out to more": ("service_flows", put(f"{EXIT}/outside", allows=[{"protocol": "tcp"}])),
    "anyone comes to the proxy": (
        "entry",
        lambda d: (
            d.nodes[f"{DOOR}/in"].pop("sourceServiceAccounts"),
            put(f"{DOOR}/in", sourceRanges=["0.0.0.0/0"])(d),
        ),
    ),
    "the machine has the tag and a public address": (
        "elements",
        lambda d: (
            put(f"{WORKER}/instance/0", tags=d.nodes[SERVER]["tags"])(d),
            d.nodes[f"{WORKER}/instance/0"]["networkInterfaces"][0].update(accessConfigs=[{}]),
        ),
    ),
    "a machine has the proxy's tag": (
        "remarks",
        lambda d: put(f"{WORKER}/instance/0", tags=d.nodes[SERVER]["tags"])(d),
    ),
    "the machine goes by itself": (
        "egress",
        lambda d: (
            put(f"{WORKER}/instance/0", tags=d.nodes[SERVER]["tags"])(d),
            d.nodes[f"{WORKER}/instance/0"]["networkInterfaces"][0].update(accessConfigs=[{}]),
            d.add(
                "x/rule",
                "gcp:compute/firewall:Firewall",
                network=NET,
                direction="EGRESS",
                priority=1000,
                allows=[{"protocol": "tcp", "ports": ["443"]}],
                destinationRanges=["0.0.0.0/0"],
                targetServiceAccounts=[{"$ref": f"{WORKER}/account", "output": "email"}],
            ),
        ),
    ),
}


@pytest.mark.parametrize("change", LEAST)
def test_a_changed_property_changes_what_is_observed(nodes, place, change):
    part, mutate = LEAST[change]
    before, after = deployed(nodes, place), deployed(nodes, place)
    mutate(after)
    assert before.observe().to_json()[part] != after.observe().to_json()[part]


@pytest.mark.parametrize(
    "change", ["the program is another", "the program cannot be read", "it is told nothing", "it takes keys"]
)
def test_a_proxy_of_which_nobody_knows_what_it_does_is_read_for_the_worse(deployment, change):
    LEAST[change][1](deployment)
    observed = deployment.observe()
    assert (WORKER, "0.0.0.0/0", (80, 443)) in hosts(observed)
    assert any(SERVER in remark for remark in observed.remarks)


def test_an_account_that_opens_a_store_opens_it_through_a_proxy_too(deployment):
    """What a machine's own rules close, its proxy may open."""
    deployment.nodes = {
        path: one for path, one in deployment.nodes.items()
        if not path.startswith(("zone/lake/flow/zone.lake.machine.worker", "zone/lake/way/zone.lake.machine.worker"))
    }  # fmt: skip
    assert not [flow for flow in deployment.observe().flows if (flow.source, flow.to) == (WORKER, DATA)]
    LEAST["it is told the endpoint of stores"][1](deployment)
    (flow,) = [flow for flow in deployment.observe().flows if (flow.source, flow.to) == (WORKER, DATA)]
    assert flow.also_reaches == ("every bucket behind storage.s3nsapis.fr",)

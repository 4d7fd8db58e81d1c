"""Platforms of real size on real OpenStack and S3 servers, whole: what they let through, who may do what, changed, compared, taken down.

What is expected is worked out from the description alone, and what is so is asked of Neutron, Nova, Cinder and the S3 server; neither
plan nor state says it (a state only tells which port is whose). What this machine cannot hold is cut: see `cut`. The tests follow one
another on one deployment; each leaves it as the next expects it.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import hdh_infra
from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.paths import network_path

pytestmark = pytest.mark.end_to_end
EXAMPLES = Path(__file__).parents[2] / "examples"
OPENSTACK, OVHCLOUD = "openstack:RegionOne", "ovhcloud:GRA"
EVERY = tuple((example, target) for target in (OPENSTACK, OVHCLOUD) for example in ("ehds-node", "hospital-eds"))
CROSSED = (("ehds-node", OPENSTACK), ("hospital-eds", OVHCLOUD))
WHOLE = EVERY if os.environ.get("HDH_EVERY_PAIR") else CROSSED
"""Each example and each target once, two minutes a pair; all four where `HDH_EVERY_PAIR` is set."""
KEPT: Mapping[str, str] = {"ehds-node": "permit-002", "hospital-eds": "anaesthesia-3"}
"""The one project of each that is deployed."""
ADDED = "one-more"
# The engine's file state is written whole at each step, which is the square of so many resources.
FEW_WRITES = {"PULUMI_EXPERIMENTAL": "1", "PULUMI_SKIP_CHECKPOINTS": "1"}


def cut(example: str, folder: Path) -> Path:
    """A copy of an example that this machine holds: its zones, stores, keys, airlock, rights and flows are all there.

    Cut are projects (one stays), replicas (one of each machine, so that none is spread: Nova has one host here, and puts no second
    server of a spread group on it), sizes of machines (1 vCPU, 1 GB, no graphics card: the host has none, and sizes are numbers to
    it), and the flavours and the S3 endpoint of an operator that does not exist, in whose place the sandbox's own are found.
    """
    yaml = YAML()
    yaml.width = 400
    document = yaml.load((EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8"))
    projects = document["spaces"]["projects"]
    for name in [one for one in projects if one != KEPT[example]]:
        del projects[name]
    for network in (*document["zones"].values(), document["spaces"]["defaults"], *projects.values()):
        for machine in (network.get("machines") or {}).values():
            machine.update({"vcpus": 1, "memory": "1GB"})
            for name in ("gpu", "count", "spread"):
                machine.pop(name, None)
    for name in ("flavours", "object_store_endpoint"):
        document["targets"][OPENSTACK].pop(name, None)
    made = folder / f"{example}.yaml"
    with made.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    return made


@pytest.fixture(scope="module", params=WHOLE, ids="-".join)
def large(
    user: Any, playing: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """An example on a target, deployed once."""
    example, target = request.param
    source = cut(example, tmp_path_factory.mktemp("source"))
    user.shell.update(FEW_WRITES)
    made = playing.Deployment.of(source, user, target, tmp_path_factory.mktemp(example))
    made.before = made.inventory()
    try:
        made.first = made.up()
        yield made
    finally:
        made.clear()
        for name in FEW_WRITES:
            user.shell.pop(name, None)


def asked(large: Any) -> Expanded:
    """The description, worked out."""
    return expand(hdh_infra.load(large.spec), datetime.datetime.now(tz=datetime.UTC).date())


def steps(answer: Any) -> set[tuple[str, str]]:
    """What a step did, and to what."""
    return {(step["operation"], step["path"]) for step in answer["steps"]}


def test_all_of_it_is_there_and_a_second_up_changes_nothing(large):
    created = {path for operation, path in steps(large.first) if operation == "create"}
    assert {node.path for node in large.plan.nodes} <= created
    assert not large.up()["steps"]


# -- asked of Neutron: what a packet would meet


class Wires:
    """Ports, filters and routers as Neutron has them, and whether a packet passes."""

    def __init__(self, large: Any) -> None:
        self.ports = {one["id"]: one for one in large.listed("network", "/ports", "ports")}
        self.groups = {one["id"]: one for one in large.listed("network", "/security-groups", "security_groups")}
        self.rules = large.listed("network", "/security-group-rules", "security_group_rules")
        self.subnets = {one["id"]: one for one in large.listed("network", "/subnets", "subnets")}
        self.joined: dict[str, set[str]] = {}
        for port in self.ports.values():
            if port["device_owner"].startswith("network:router_interface"):
                for address in port["fixed_ips"]:
                    self.joined.setdefault(address["subnet_id"], set()).add(port["device_id"])

    def passes(self, source: str, to: str, protocol: str, port: int) -> bool:
        """Whether a connection is let out of one port and into the other, and finds a way."""
        here, there = self.ports[source], self.ports[to]
        return (
            self._way(here, there)
            and self._allowed(here, "egress", there, protocol, port)
            and self._allowed(there, "ingress", here, protocol, port)
        )

    def _way(self, here: Any, there: Any) -> bool:
        mine, yours = (one["fixed_ips"][0]["subnet_id"] for one in (here, there))
        return mine == yours or bool(self.joined.get(mine, set()) & self.joined.get(yours, set()))

    def _allowed(self, port: Any, direction: str, other: Any, protocol: str, number: int) -> bool:
        if not port["port_security_enabled"]:
            return True
        address = ipaddress.ip_address(other["fixed_ips"][0]["ip_address"])
        return any(
            rule["security_group_id"] in port["security_groups"]
            and rule["direction"] == direction
            and rule["ethertype"] == "IPv4"
            and rule["protocol"] in (None, protocol)
            and (rule["port_range_min"] is None or rule["port_range_min"] <= number <= rule["port_range_max"])
            and (not rule["remote_ip_prefix"] or address in ipaddress.ip_network(rule["remote_ip_prefix"]))
            and (not rule["remote_group_id"] or rule["remote_group_id"] in other["security_groups"])
            for rule in self.rules
        )


def numbers(ports: tuple[int | str, ...]) -> set[int]:
    """Port numbers of a flow; of a range its two ends."""
    return {int(end) for one in ports for end in str(one).split("-")}


def ports_of(large: Any) -> dict[str, list[str]]:
    """Neutron's ports of each machine, by its path; a state is the label on them and nothing more."""
    state = large.pulumi("stack", "export", secret=True).well().json()["deployment"]["resources"]
    found: dict[str, list[str]] = {}
    for one in state:
        if one["type"] == "openstack:networking/port:Port":
            machine, _, _ = one["urn"].rsplit("::", 1)[-1].partition("/port/")
            found.setdefault(machine, []).append(one["id"])
    return found


def test_neutron_lets_through_between_machines_what_the_description_allows_and_nothing_else(large):
    spec, wires = asked(large), Wires(large)
    ports = {machine: some for machine, some in ports_of(large).items() if machine in spec.machines}
    assert ports.keys() == spec.machines.keys()
    links = [link for link in spec.links if link.to in spec.machines]
    allowed = {(link.source, link.to, link.protocol, number) for link in links for number in numbers(link.ports)}
    assert allowed
    tried = {("tcp", number) for number in (22, 80, 443, 5432, 65535)} | {("udp", 4000)}
    tried |= {(protocol, number) for _, _, protocol, number in allowed}
    wrong = [
        (source, to, protocol, number)
        for source in ports
        for to in ports
        for protocol, number in tried
        for one in ports[source]
        for other in ports[to]
        if one != other and wires.passes(one, other, protocol, number) != ((source, to, protocol, number) in allowed)
    ]
    assert not wrong, sorted(set(wrong))


def test_every_machine_is_behind_its_filters_and_none_of_them_is_openstacks_own(large):
    wires = Wires(large)
    own = {identity for identity, one in wires.groups.items() if one["name"] == "default"}
    ports = [one for one in wires.ports.values() if one["device_owner"].startswith("compute:")]
    assert ports
    for port in ports:
        assert port["port_security_enabled"], port["name"]
        assert port["security_groups"], port["name"]
        assert not own & set(port["security_groups"]), port["name"]
        assert not port["allowed_address_pairs"], port["name"]
    everything = [
        one
        for one in wires.rules
        if one["security_group_id"] not in own
        and not (
            one["protocol"]
            and (one["remote_ip_prefix"] or one["remote_group_id"] or one.get("remote_address_group_id"))
        )
    ]
    assert not everything, "a rule for every protocol or for all the world"


def test_a_network_whose_machines_need_nothing_beyond_it_is_joined_to_no_router(large):
    spec, wires = asked(large), Wires(large)
    busy = {network_path(end) for link in (*spec.links, *spec.egress) for end in (link.source, link.to)}
    busy |= {network_path(machine) for machine in spec.machines}
    idle = spec.networks.keys() - busy
    state = large.pulumi("stack", "export", secret=True).well().json()["deployment"]["resources"]
    lies_in = {one["id"]: network_path(one["urn"].rsplit("::", 1)[-1]) for one in state if one.get("custom")}
    joined = {lies_in[subnet] for subnet in wires.joined}
    assert not joined & idle
    assert all(not router["routes"] for router in large.listed("network", "/routers", "routers"))


# -- asked of Cinder and of the S3 server


def test_every_disk_is_encrypted_and_attached_to_one_machine_alone(large):
    disks = large.listed("block_storage", "/volumes/detail", "volumes")
    servers = {one["id"] for one in large.listed("compute", "/servers", "servers")}
    assert len(disks) > len(servers)
    for one in disks:
        assert one["encrypted"], one["name"]
        assert len(one["attachments"]) == 1, one["name"]
        assert {entry["server_id"] for entry in one["attachments"]} <= servers


MAY: Mapping[str, frozenset[str]] = {
    "read": frozenset({"read", "list"}),
    "append": frozenset({"put"}),
    "write": frozenset({"read", "list", "put", "delete"}),
}
"""What each word of a grant lets a machine do."""


def test_each_machines_key_does_with_each_bucket_what_the_description_says_and_is_refused_all_else(large):
    from botocore.exceptions import ClientError

    spec, buckets = asked(large), large.buckets()
    may: dict[tuple[str, str], set[str]] = {}
    for right in spec.rights:
        may.setdefault((right.principal, right.store), set()).update(MAY[right.access.value])
    keys = {path: one for path, one in large.credentials().items() if "accessKeyId" in one}
    assert keys.keys() == {right.principal for right in spec.rights if not right.of_group}
    soon = datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(seconds=10)
    for store, bucket in buckets.items():
        # By the bucket's own rule it would be there for a year.
        held = (
            {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": soon} if spec.stores[store].retention else {}
        )
        large.s3().put_object(Bucket=bucket, Key="kept", Body=b"a record", **held)

    def allowed(action: Any, **words: Any) -> bool:
        try:
            action(**words)
        except ClientError as error:
            return {403: False}[int(error.response["ResponseMetadata"]["HTTPStatusCode"])]
        return True

    wrong = []
    for machine, key in keys.items():
        mine = large.s3(key)
        for store, bucket in buckets.items():
            found = {
                "read": allowed(mine.get_object, Bucket=bucket, Key="kept"),
                "list": allowed(mine.list_objects_v2, Bucket=bucket),
                "put": allowed(mine.put_object, Bucket=bucket, Key=f"by/{machine}", Body=b"x"),
                "delete": allowed(mine.delete_object, Bucket=bucket, Key="nothing"),
            }
            given = {word for word, well in found.items() if well}
            if given != may.get((machine, store), set()):
                wrong.append((machine, store, given, may.get((machine, store))))
    assert not wrong
    assert any(may.values())


def test_what_the_audit_store_locks_cannot_be_taken_away_by_its_own_owner(large):
    """Asked with the deployer's key, whose buckets they are; the object's own lock is short, so that it ends before the bucket goes."""
    import time

    from botocore.exceptions import ClientError

    s3, bucket = large.s3(), large.buckets()["zone/audit/store/logs"]
    rule = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    asked_days = asked(large).stores["zone/audit/store/logs"].retention
    assert rule["Mode"] == "COMPLIANCE"
    assert rule["Days"] == asked_days.days
    until = datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(seconds=6)
    held = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    version = s3.put_object(Bucket=bucket, Key="log", Body=b"a line", **held)["VersionId"]
    this = {"Bucket": bucket, "Key": "log", "VersionId": version}
    sooner = until - datetime.timedelta(seconds=4)
    for action, words in (
        (s3.delete_object, {}),
        (s3.delete_object, {"BypassGovernanceRetention": True}),
        (s3.put_object_retention, {"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": sooner}}),
        (s3.put_object_retention, {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until}}),
        (
            s3.put_object_retention,
            {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": sooner}, "BypassGovernanceRetention": True},
        ),
    ):
        with pytest.raises(ClientError) as refused:
            action(**this, **words)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as refused:
        s3.delete_bucket(Bucket=bucket)
    assert refused.value.response["Error"]["Code"] == "BucketNotEmpty"
    # Who deletes without a version only puts a mark on top of it.
    s3.delete_object(Bucket=bucket, Key="log")
    assert s3.get_object(**this)["Body"].read() == b"a line"
    time.sleep(max(0.0, (until - datetime.datetime.now(tz=datetime.UTC)).total_seconds()) + 1)
    s3.delete_object(**this)


# -- changed, compared, taken down


def test_a_change_touches_what_it_is_about_and_the_preview_says_so_before(large):
    """A space more and a flow less, at once."""

    def change(document: Any) -> None:
        document["spaces"]["projects"][ADDED] = {"ends": datetime.date(2029, 12, 31), "members": 3}
        flows = document["flows"]
        flows.remove(next(one for one in flows if "/machine/portal" in one["to"] and "/screens" in one["from"]))

    large.edit(change)
    large.user.run("hdh", "lock", str(large.spec)).well()
    shown = large.hdh("preview", "--format", "json").well().json()
    done = large.up()
    assert steps(done) == steps(shown)
    added = f"space/{ADDED}"
    elsewhere = {(operation, path) for operation, path in steps(done) if network_path(path) != added}
    assert {operation for operation, path in steps(done) if network_path(path) == added} == {"create"}
    shared = {step["path"] for step in done["steps"] if step["type"] == "ovh:CloudProject/s3Policy:S3Policy"}
    rules = {(operation, path) for operation, path in elsewhere if path not in shared}
    assert {operation for operation, _ in rules} == {"delete"}
    assert {network_path(path) for _, path in rules} <= {"zone/administration", "zone/catalogue"}
    assert {operation for operation, path in elsewhere if path in shared} <= {"update"}


def test_state_and_servers_agree_and_let_through_what_was_asked(large):
    found = large.compare().json()
    assert [side["source"] for side in found["sides"].values()] == ["state", "live"]
    # The sandbox's S3 server has no access logs, so that the plugin leaves them out and says so.
    assert not [line for lines in found["drift"].values() for line in lines if " access_log: " not in line]
    state, live = (found["flows"]["given"][side] for side in found["sides"])
    assert state == live
    assert state


def test_it_goes_only_with_the_word_for_its_data_and_then_leaves_nothing_on_any_server(large):
    refused = large.hdh("destroy", "--yes")
    assert refused.code == 1
    assert "it holds data" in refused.all
    large.hdh("destroy", "--yes", "--delete-data").well()
    assert not large.inventory() - large.before

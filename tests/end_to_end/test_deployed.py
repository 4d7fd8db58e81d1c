"""What a user is promised of a deployment, tried on every target of the sandbox and asked of the servers themselves.

The tests of one target follow one another in this order on one deployment: what is deployed, who may do what,
what is refused, how it changes, how it ends. Each leaves it as the next expects it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end
WITH_SERVERS = ("openstack:RegionOne", "ovhcloud:GRA")
"""Those that real OpenStack and S3 servers stand for here."""
on_servers = pytest.mark.parametrize("deployed", WITH_SERVERS, indirect=True, scope="module")
on_openstack = pytest.mark.parametrize("deployed", WITH_SERVERS[:1], indirect=True, scope="module")
on_both_kinds = pytest.mark.parametrize(
    "deployed", [WITH_SERVERS[0], "azure:francecentral"], indirect=True, scope="module"
)
"""What `hdh` and the engine do whatever the cloud is: once with real servers, once with the simulator."""
on_azure = pytest.mark.parametrize("deployed", ["azure:francecentral"], indirect=True, scope="module")
DENIED = {"AccessDenied", "403", "Forbidden"}


def code_of(action: Callable[..., Any], **words: Any) -> str:
    """The error code with which a server answers, `well` where it does not refuse."""
    from botocore.exceptions import ClientError

    try:
        action(**words)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "well"


def unchanged(answer: Any) -> bool:
    return not answer["steps"] and not any(
        answer["changes"][word] for word in ("create", "update", "replace", "delete")
    )


def space_of(steps: list[Any]) -> set[str]:
    return {"/".join(step["path"].split("/")[:2]) for step in steps}


# -- what is deployed


def test_the_first_up_creates_every_node_of_the_plan_and_nothing_else(deployed):
    created = {step["path"] for step in deployed.first["steps"] if step["operation"] == "create"}
    assert {node.path for node in deployed.plan.nodes} <= created
    others = {word: number for word, number in deployed.first["changes"].items() if word != "create"}
    assert not any(others.values()), others


def test_a_second_up_changes_nothing(deployed):
    servers = deployed.inventory()
    answer = deployed.up()
    assert unchanged(answer), answer["steps"]
    assert answer["changes"]["same"] == deployed.first["changes"]["create"]
    assert deployed.inventory() == servers


@on_both_kinds
def test_plain_pulumi_in_a_copy_of_the_project_finds_nothing_to_change_and_hdh_neither_after_it(deployed):
    servers = deployed.inventory()
    summary = deployed.pulumi("preview", "--json").well().json()["changeSummary"]
    assert set(summary) == {"same"}, summary
    said = deployed.pulumi("up", "--yes", "--skip-preview", "--color", "never").well()
    assert "unchanged" in said.out
    assert not any(word in said.out for word in (" created", " updated", " deleted", " replaced")), said.out
    assert unchanged(deployed.up())
    assert deployed.inventory() == servers


def test_state_and_servers_give_every_attribute_that_the_plan_promises(deployed):
    promised = deployed.user.run("hdh", "compare", str(deployed.spec), "--on", deployed.target, "--format", "json")
    found = deployed.compare("--require", "no-drift").well().json()
    assert found["format"] == "hdh-comparison/1"
    sources = [side["source"] for side in found["sides"].values()]
    assert sources == (["state", "live"] if deployed.target in WITH_SERVERS else ["state"])
    assert all(not lines for lines in found["drift"].values())
    wanted = promised.well().json()
    differ = [
        (path, name, side, attribute["given"][deployed.target], value)
        for path, attributes in wanted["elements"].items()
        for name, attribute in attributes.items()
        for side, value in found["elements"][path][name]["given"].items()
        if value != attribute["given"][deployed.target]
    ]
    assert not differ
    assert wanted["elements"].keys() == found["elements"].keys()
    for side in found["sides"]:
        assert found["flows"]["given"][side] == wanted["flows"]["given"][deployed.target], side
        assert found["egress"]["given"][side] == wanted["egress"]["given"][deployed.target], side
        assert found["entry"][side] == wanted["entry"][deployed.target], side


@on_both_kinds
def test_a_refresh_finds_the_clouds_as_the_state_has_them(deployed):
    answer = deployed.hdh("refresh", "--yes", "--format", "json").well().json()
    assert not any(answer["changes"][word] for word in ("create", "update", "replace", "delete")), answer["steps"]
    assert unchanged(deployed.up())


# -- asked of the servers, as the tenant


@on_servers
def test_security_groups_hold_exactly_the_rules_of_the_plan_and_none_of_openstacks_own(deployed):
    token = "openstack:networking/secGroupRule:SecGroupRule"
    groups = {one["id"]: one for one in deployed.listed("network", "/security-groups", "security_groups")}
    ours = {identity for identity, one in groups.items() if one["name"] != "default"}
    names = {one["name"] for identity, one in groups.items() if identity in ours}
    planned_groups = [node for node in deployed.plan.nodes if node.type == "openstack:networking/secGroup:SecGroup"]
    assert names == {node.properties["name"] for node in planned_groups}
    path_of = {node.properties["name"]: node.path for node in planned_groups}

    def group(identity: str | None) -> str | None:
        return path_of[groups[identity]["name"]] if identity else None

    def row(*values: Any) -> str:
        return json.dumps([None if value is None else str(value).lower() for value in values])

    there = sorted(
        row(
            group(one["security_group_id"]),
            one["direction"],
            one["ethertype"],
            one["protocol"],
            one["port_range_min"],
            one["port_range_max"],
            one["remote_ip_prefix"],
            group(one["remote_group_id"]),
        )
        for one in deployed.listed("network", "/security-group-rules", "security_group_rules")
        if one["security_group_id"] in ours
    )
    planned = sorted(
        row(
            node.properties["securityGroupId"]["$ref"],
            node.properties["direction"],
            node.properties["ethertype"],
            node.properties.get("protocol"),
            node.properties.get("portRangeMin"),
            node.properties.get("portRangeMax"),
            node.properties.get("remoteIpPrefix"),
            (node.properties.get("remoteGroupId") or {}).get("$ref"),
        )
        for node in deployed.plan.nodes
        if node.type == token
    )
    assert there == planned


@on_servers
def test_every_port_of_a_machine_is_filtered_by_its_own_group_alone(deployed):
    groups = {one["id"]: one["name"] for one in deployed.listed("network", "/security-groups", "security_groups")}
    ports = [one for one in deployed.listed("network", "/ports", "ports") if one["device_owner"].startswith("compute:")]
    assert len(ports) == len([one for one in deployed.plan.nodes if one.type == "openstack:networking/port:Port"])
    for port in ports:
        assert port["port_security_enabled"]
        assert len(port["security_groups"]) == 1
        assert groups[port["security_groups"][0]] != "default"


@on_servers
def test_every_disk_is_of_the_encrypted_type_that_was_planned(deployed):
    planned = {
        node.properties["name"]: node.properties["volumeType"]
        for node in deployed.plan.nodes
        if node.type == "openstack:blockstorage/volume:Volume"
    }
    there = {one["name"]: one for one in deployed.listed("block_storage", "/volumes/detail", "volumes")}
    assert {name: one["volume_type"] for name, one in there.items()} == planned
    assert all(one["encrypted"] for one in there.values())


@on_servers
def test_the_router_joins_exactly_the_networks_that_the_plan_joins_and_has_no_route_by_hand(deployed):
    planned = {
        node.properties["subnetId"]["$ref"]
        for node in deployed.plan.nodes
        if node.type == "openstack:networking/routerInterface:RouterInterface"
    }
    names = {node.properties["name"] for node in deployed.plan.nodes if node.path in planned}
    subnets = {one["id"]: one["name"] for one in deployed.listed("network", "/subnets", "subnets")}
    joined = {
        subnets[address["subnet_id"]]
        for port in deployed.listed("network", "/ports", "ports")
        if port["device_owner"].startswith("network:router_interface")
        for address in port["fixed_ips"]
    }
    assert joined == names
    assert all(not router["routes"] for router in deployed.listed("network", "/routers", "routers"))


@on_servers
def test_every_bucket_is_private_versioned_and_encrypted(deployed):
    import urllib.error
    import urllib.request

    s3 = deployed.s3()
    buckets = deployed.buckets()
    assert len(buckets) == 3
    for bucket in buckets.values():
        s3.put_object(Bucket=bucket, Key="kept", Body=b"a record")
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
        for path in (bucket, f"{bucket}/kept"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{deployed.shell['HDH_S3_ENDPOINT']}/{path}", timeout=10)
            refused.value.close()
            assert refused.value.code == 403, path


@on_servers
def test_what_is_written_lies_on_the_servers_disk_as_ciphertext_alone(deployed):
    """A word that is written into a bucket of the platform is in no file of the server; into one without encryption, it is."""
    s3, disk = deployed.s3(), deployed.user.box / "s3" / "data"

    def lies_there(word: str) -> bool:
        return any(word.encode() in file.read_bytes() for file in disk.rglob("*") if file.is_file())

    bare, plain = f"bare-{secrets.token_hex(4)}", secrets.token_hex(4096)
    s3.create_bucket(Bucket=bare)
    try:
        s3.put_object(Bucket=bare, Key="plain", Body=plain.encode())
        # The server writes it down a moment after it answered.
        until = time.monotonic() + 10
        while not lies_there(plain[:64]) and time.monotonic() < until:
            time.sleep(0.2)
        assert lies_there(plain[:64]), "the files that were looked through are those of the server"
    finally:
        s3.delete_object(Bucket=bare, Key="plain")
        s3.delete_bucket(Bucket=bare)
    for bucket in deployed.buckets().values():
        word = secrets.token_hex(4096)
        s3.put_object(Bucket=bucket, Key="secret", Body=word.encode())
        assert s3.get_object(Bucket=bucket, Key="secret")["Body"].read().decode() == word
        assert not lies_there(word[:64]), bucket


# -- who may do what


@on_openstack
def test_a_key_in_barbican_is_read_by_nobody_but_those_that_the_observation_says(deployed):
    """Who deployed it reads the key's material where it is said to be exportable; a reader of the project and another project never do."""
    import requests

    def answer(token: str, url: str) -> int:
        words = {"X-Auth-Token": token, "Accept": "application/octet-stream"}
        return requests.get(url, headers=words, timeout=20).status_code

    found = deployed.hdh("observe").well().json()["elements"]
    exportable = {one["exportable"] for path, one in found.items() if path.startswith("key/")}
    orders = deployed.listed("key_manager", "/orders", "orders")
    assert orders
    mine, elsewhere = deployed.token(deployed.openstack), deployed.token(playing_as(deployed, "ovhcloud:GRA"))
    with reader_of_the_project(deployed) as other:
        reader = deployed.token(other)
        for order in orders:
            material = f"{order['secret_ref']}/payload"
            assert {answer(mine, material) == 200} == exportable
            assert answer(reader, material) == 403
            assert answer(elsewhere, material) in {403, 404}
            assert answer(elsewhere, order["secret_ref"]) in {403, 404}
            assert answer("no-token", material) == 401


def playing_as(deployed: Any, target: str) -> Any:
    """The connection of another target's tenant: another project of the same OpenStack."""
    import dataclasses

    return dataclasses.replace(deployed, target=target).openstack


@contextlib.contextmanager
def reader_of_the_project(deployed: Any) -> Iterator[Any]:
    """A user of the same project with the role `reader` alone."""
    project, password = deployed.openstack.current_project_id, secrets.token_urlsafe(16)
    who = {"name": f"reader-{secrets.token_hex(4)}", "password": password, "domain_id": "default"}
    user = deployed.operate("identity", "post", "/users", json={"user": who})["user"]["id"]
    roles = {one["name"]: one["id"] for one in deployed.operate("identity", "get", "/roles")["roles"]}
    deployed.operate("identity", "put", f"/projects/{project}/users/{user}/roles/{roles['reader']}")
    try:
        yield deployed.connected(username=who["name"], password=password, project_id=project)
    finally:
        deployed.operate("identity", "delete", f"/users/{user}")


@on_servers
def test_each_machines_key_opens_the_buckets_of_its_flows_and_no_other(deployed):
    may = {
        "zone/lake/machine/spark": {"zone/lake/store/snds"},
        "space/cohort-a/machine/desktop": {"space/cohort-a/store/work", "zone/lake/store/snds"},
        "space/cohort-b/machine/desktop": {"space/cohort-b/store/work"},
    }
    credentials, buckets = deployed.credentials(), deployed.buckets()
    keys = {path: values for path, values in credentials.items() if "accessKeyId" in values}
    assert keys.keys() == may.keys()
    for machine, stores in may.items():
        mine = deployed.s3(keys[machine])
        for store, bucket in buckets.items():
            answers = {
                code_of(mine.put_object, Bucket=bucket, Key="tried", Body=b"x"),
                code_of(mine.get_object, Bucket=bucket, Key="kept"),
                code_of(mine.list_objects_v2, Bucket=bucket),
            }
            if store in stores:
                assert answers == {"well"}, (machine, store, answers)
            else:
                assert answers <= DENIED, (machine, store, answers)
        for store in stores:
            assert code_of(mine.delete_bucket, Bucket=buckets[store]) in DENIED, (machine, store)
            policy = json.dumps({"Version": "2012-10-17", "Statement": []})
            assert code_of(mine.put_bucket_policy, Bucket=buckets[store], Policy=policy) in DENIED


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")  # the SDK's, of itself
@on_openstack
def test_a_key_is_read_by_its_maker_and_by_nobody_else_of_its_project(deployed, playing):
    """Asked of Barbican for the key itself, by a colleague with the maker's own roles too."""
    orders = [
        one
        for one in deployed.pulumi("stack", "export", secret=True).well().json()["deployment"]["resources"]
        if one["type"] == "openstack:keymanager/orderV1:OrderV1"
    ]
    assert len(orders) == len([node for node in deployed.plan.nodes if node.type.endswith(":OrderV1")]) > 1
    with playing.colleague(deployed) as colleague:
        for order in orders:
            path = f"/secrets/{order['outputs']['secretRef'].rsplit('/', 1)[-1]}"
            kinds = {"Accept": "application/octet-stream"}
            answers = [who.key_manager.get(f"{path}/payload", headers=kinds) for who in (deployed.openstack, colleague)]
            assert [one.status_code for one in answers] == [200, 403], order["urn"]
            assert len(answers[0].content) == 32
            assert colleague.key_manager.delete(path).status_code == 403


@on_servers
def test_the_credentials_are_found_well_before_a_deployment_and_too_few_rights_are_told(deployed, playing):
    words = ("credentials", str(deployed.spec), "--on", deployed.target, "--live", "--format", "json")
    found = deployed.user.run("hdh", *words, shell=deployed.shell).well().json()["targets"][deployed.target]
    assert found["well"]
    assert not found["warnings"]
    assert found["live"]["OpenStack"]["project"] == deployed.openstack.current_project_id
    assert found["live"]["the S3 endpoint"]["endpoint"] == deployed.shell["HDH_S3_ENDPOINT"]
    bare = {name: value for name, value in deployed.shell.items() if name != "OS_PASSWORD"}
    refused = deployed.user.run("hdh", *words, shell=bare)
    assert refused.code == 1
    assert "OS_PASSWORD" in refused.out
    if deployed.target in WITH_SERVERS[:1]:
        with playing.reader(deployed) as reader:
            told = deployed.user.run("hdh", *words, shell={**deployed.shell, **reader})
        assert told.code == 1, told.all
        lacking = told.json()["targets"][deployed.target]["lacking"]
        assert [one.split(":")[0] for one in lacking] == ["the role member is missing", "the role creator is missing"]


@on_openstack
@pytest.mark.parametrize("variable", ["OS_PASSWORD", "AWS_SECRET_ACCESS_KEY"])
def test_credentials_that_are_refused_are_never_shown(deployed, variable):
    wrong = "Wr0ng-9b27c1d4e5f6"
    shell = {**deployed.shell, variable: wrong}
    for command in ("refresh", "preview"):
        words = (command, str(deployed.spec), "--on", deployed.target, "--stack", deployed.stack)
        yes = ("--yes",) if command == "refresh" else ()
        said = deployed.user.run("hdh", *words, *yes, shell=shell)
        assert "Traceback" not in said.all
        assert wrong not in said.all
        if command == "refresh":
            assert said.code == 3, said.all
    places = [deployed.user.box / "state", deployed.user.box / "work", deployed.folder]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert not [file.name for file in files if wrong.encode() in file.read_bytes()]
    assert unchanged(deployed.up())


# -- drift


@on_openstack
def test_a_rule_added_by_hand_is_seen_on_the_servers_and_is_gone_from_the_comparison_when_it_is_removed(deployed):
    groups = deployed.listed("network", "/security-groups", "security_groups")
    spark = next(one["id"] for one in groups if "spark" in one["name"])
    rule = {"security_group_id": spark, "direction": "egress", "ethertype": "IPv4", "protocol": "tcp"}
    rule |= {"port_range_min": 8443, "port_range_max": 8443, "remote_ip_prefix": "203.0.113.7/32"}
    asked = deployed.ask("network", "post", "/security-group-rules", json={"security_group_rule": rule})
    made = asked["security_group_rule"]["id"]
    lake = next(one["id"] for one in deployed.listed("network", "/networks", "networks") if "lake" in one["name"])
    shared = {"object_type": "network", "object_id": lake, "action": "access_as_shared", "target_tenant": "f" * 32}
    asked = deployed.ask("network", "post", "/rbac-policies", json={"rbac_policy": shared})
    policy = asked["rbac_policy"]["id"]
    try:
        said = deployed.compare("--require", "no-drift")
        assert said.code == 1, said.all
        found = said.json()
        live, state = f"{deployed.target} live", f"{deployed.target} state"
        assert any("8443" in line for line in found["differences"]), found["differences"]
        assert any("8443" in line for line in found["drift"][live]), found["drift"]
        assert not found["drift"][state]
        assert found["egress"]["given"][live] != found["egress"]["given"][state]
        # A network that was opened to another project shows in no filter.
        assert any("put machines on zone/lake/network" in line for line in found["remarks"][live]), found["remarks"]
    finally:
        deployed.ask("network", "delete", f"/rbac-policies/{policy}")
        deployed.ask("network", "delete", f"/security-group-rules/{made}")
    deployed.compare("--require", "no-drift").well()


# -- the endpoints themselves


@on_openstack
def test_the_endpoints_say_what_they_have_and_nothing_of_the_asking_is_left(deployed):
    before, file = deployed.inventory(), str(deployed.folder / "measured.yaml")
    words = ("hdh", "assess", str(deployed.spec), "--on", deployed.target, "--format", "json")
    said = deployed.user.run(*words, "--live", "--sandbox", "--out", file).well().json()
    assert deployed.inventory() == before
    measured = said["measured"][deployed.target]
    # Each is what the servers did, and not what anybody says of them: the volumes' keys are secrets of this project.
    assert {fact["attribute"]: fact["value"] for fact in measured["facts"]} == {
        "machine.encryption": "tenant-key",
        "network.flow_logs": False,
        "object_store.identities": "iam",
        "store.access_log": False,
        "store.encryption": "provider-key",
        "store.expiry": True,
        "store.public": False,
        "store.retention": "compliance",
        "store.versioning": True,
    }
    servers = len(deployed.listed("compute", "/servers", "servers"))
    assert measured["limits"]["machines"] | {"source": ""} == {
        "value": -1,
        "used": servers,
        "own": servers,
        "source": "",
    }
    rules = measured["limits"]["rules"]
    # The four of the project's own group `default` are nobody's plan.
    assert rules["used"] - rules["own"] == 4
    assert measured["volume_types"]["luks"] is True
    rows = said["targets"][deployed.target]["verdicts"]
    assert {row["confidence"] for row in rows if row["attribute"] == "machines"} == {"measured"}
    # The file is an input like any other: the same answer, without a question.
    assert deployed.user.run(*words, "--measured", file).well().json() == said


# -- what is refused changes nothing


@on_azure
def test_destroy_without_the_word_is_refused_and_changes_nothing(deployed):
    servers = deployed.inventory()
    said = deployed.hdh("destroy", "--yes")
    assert said.code == 1, said.all
    assert "--delete-data" in said.err
    assert "Traceback" not in said.err
    assert deployed.inventory() == servers


@on_azure
def test_an_up_whose_spec_lost_a_data_holder_is_refused_and_changes_nothing(deployed):
    servers = deployed.inventory()
    lock = deployed.spec.with_suffix(".lock")
    locked = lock.read_text()

    def lose(document: Any) -> None:
        del document["zones"]["lake"]["stores"]
        document["flows"] = [flow for flow in document["flows"] if "store/snds" not in flow["to"]]

    before = deployed.edit(lose)
    try:
        for words in ((), ("--update-lock",)):
            said = deployed.hdh("up", "--yes", *words)
            assert said.code == 1, said.all
            assert "zone/lake/store/snds" in said.err
            assert "Traceback" not in said.err
        plain = deployed.pulumi("up", "--yes", "--skip-preview", "--color", "never")
        assert plain.code != 0
        assert "zone/lake/store/snds" in plain.out + plain.err
    finally:
        deployed.spec.write_text(before)
        lock.write_text(locked)
    assert deployed.inventory() == servers
    assert unchanged(deployed.up())


@on_azure
def test_the_sandbox_and_the_real_clouds_refuse_each_others_state(deployed, tmp_path):
    servers = deployed.inventory()
    real = dict(deployed.user.shell)
    state = deployed.shell["PULUMI_BACKEND_URL"]
    passphrase = deployed.shell["PULUMI_CONFIG_PASSPHRASE_FILE"]
    words = ("up", str(deployed.spec), "--on", deployed.target, "--yes")
    refused = deployed.user.run(
        "hdh", *words, shell={**real, "PULUMI_BACKEND_URL": state, "PULUMI_CONFIG_PASSPHRASE_FILE": passphrase}
    )
    assert refused.code == 1, refused.all
    assert "sandbox" in refused.err
    elsewhere = {**deployed.shell, "PULUMI_BACKEND_URL": tmp_path.as_uri()}
    other = deployed.user.run("hdh", *words, shell=elsewhere)
    assert other.code == 1, other.all
    assert "sandbox" in other.err
    assert not any(tmp_path.rglob("*.json")), "nothing was begun in the real backend"
    assert "Traceback" not in refused.err + other.err
    unmarked = {name: value for name, value in deployed.shell.items() if name != "HDH_SANDBOX"}
    plain = deployed.pulumi("up", "--yes", "--skip-preview", "--color", "never", shell=unmarked)
    assert plain.code != 0, plain.all
    assert "sandbox" in plain.out + plain.err
    assert deployed.inventory() == servers


@on_openstack
@pytest.mark.parametrize(
    ("variable", "closed"),
    [("OS_AUTH_URL", "http://127.0.0.1:9/v3"), ("HDH_S3_ENDPOINT", "http://127.0.0.1:9")],
    ids=["identity", "objects"],
)
def test_an_endpoint_that_does_not_answer_is_exit_3_with_a_remedy_and_the_state_is_kept(deployed, variable, closed):
    state = deployed.pulumi("stack", "export", secret=True).well().json()["deployment"]["resources"]
    shell = {**deployed.shell, variable: closed, "AWS_ENDPOINT_URL_S3": closed, "AWS_ENDPOINT_URL_IAM": closed}
    words = ("refresh", str(deployed.spec), "--on", deployed.target, "--yes")
    said = deployed.user.run("hdh", *words, shell=shell)
    assert said.code == 3, said.all
    assert "state is kept" in said.err.lower()
    assert "Traceback" not in said.err
    after = deployed.pulumi("stack", "export", secret=True).well().json()["deployment"]["resources"]
    assert [one["urn"] for one in after] == [one["urn"] for one in state]
    compared = deployed.user.run(
        "hdh", "compare", str(deployed.spec), "--deployed", deployed.stack, shell=shell, at=deployed.folder
    )
    assert compared.code == 3, compared.all
    assert "Traceback" not in compared.err
    assert unchanged(deployed.up())


# -- one space more, and away again

NEW = "space/cohort-c"
WITH_A_SMALL_QUOTA = frozenset({"openstack:RegionOne"})
"""Where the example with one space more needs more processors than a project has by default: the operator is asked first."""


@on_both_kinds
def test_a_new_space_is_made_of_its_own_nodes_alone_and_nothing_else_is_touched(deployed):
    servers = deployed.inventory()

    def add(document: Any) -> None:
        document["spaces"]["projects"]["cohort-c"] = {"ends": datetime.date(2028, 1, 31), "members": 3}
        document["flows"].append({"from": NEW, "to": f"{NEW}/store/work", "ports": [443]})

    deployed.edit(add)
    stale = deployed.hdh("up", "--yes")
    assert stale.code == 1, "a lock that is not up to date is refused"
    if deployed.target in WITH_A_SMALL_QUOTA:
        refused = deployed.hdh("up", "--yes", "--update-lock")
        assert refused.code == 1, refused.all
        assert "capacity.vcpus (not-met): asked 22, given 20" in refused.all
        deployed.edit(lambda document: document["targets"][deployed.target].update({"quotas": {"vcpus": 40}}))
    answer = deployed.up("--update-lock")
    assert {step["operation"] for step in answer["steps"]} == {"create"}, answer["steps"]
    assert space_of(answer["steps"]) == {NEW}
    assert servers < deployed.inventory()


@on_both_kinds
def test_a_space_that_is_retired_with_its_data_goes_and_nothing_else_does(deployed):
    if deployed.target in WITH_SERVERS:
        (bucket,) = [one["Name"] for one in deployed.s3().list_buckets()["Buckets"] if "cohort-c" in one["Name"]]
        deployed.s3().put_object(Bucket=bucket, Key="of cohort-c", Body=b"a record")
    holders = [f"{NEW}/store/work", f"{NEW}/machine/desktop"]

    def lose(document: Any) -> None:
        del document["spaces"]["projects"]["cohort-c"]
        document["flows"] = [flow for flow in document["flows"] if flow["from"] != NEW]

    def retire(document: Any) -> None:
        document["retire"] = [{"element": one, "reason": "the project ended", "data": "delete"} for one in holders]

    servers = deployed.inventory()
    deployed.edit(lose)
    deployed.edit(retire)
    answer = deployed.up("--update-lock")
    assert {step["operation"] for step in answer["steps"]} == {"delete"}, answer["steps"]
    assert space_of(answer["steps"]) == {NEW}
    after = deployed.inventory()
    assert after < servers
    assert not [one for one in after if "cohort-c" in one]


# -- the end, and a beginning after it


def gone(deployed: Any, seconds: float = 20.0) -> frozenset[str]:
    """What is left on the servers; they take a moment to let go of machines and ports."""
    until = time.monotonic() + seconds
    while (left := deployed.inventory() - deployed.before) and time.monotonic() < until:
        time.sleep(1.0)
    return left


def test_destroy_with_the_word_leaves_nothing_but_what_the_cloud_itself_keeps_and_says_until_when(deployed):
    answer = deployed.hdh("destroy", "--yes", "--delete-data", "--format", "json").well().json()
    assert not gone(deployed)
    alive = {one["id"] for one in deployed.simulated()}
    kept = [one for one in deployed.simulated(deleted=True) if one["id"] not in alive]
    if deployed.cloud == "azure":
        assert {one["type"] for one in kept} >= {"azure-native:keyvault:Vault"}
    said = " ".join(answer["remarks"])
    for one in kept:
        assert one["deleted_until"], one["id"]
        if one["type"] == "azure-native:keyvault:Vault":
            assert one["deleted_until"] in said, "destroy lists what the cloud keeps, with the day it goes"
    assert unchanged(deployed.hdh("destroy", "--yes", "--delete-data", "--format", "json").well().json())


@on_azure
def test_what_was_destroyed_can_be_deployed_again(deployed):
    answer = deployed.up("--update-lock")
    assert answer["changes"]["create"] == deployed.first["changes"]["create"]
    assert unchanged(deployed.up())
    summary = deployed.pulumi("preview", "--json").well().json()["changeSummary"]
    assert set(summary) == {"same"}, summary


def test_nothing_secret_was_ever_said_or_stands_in_clear_in_a_state(deployed):
    hidden = deployed.secrets
    assert len(hidden) >= (5 if deployed.target in WITH_SERVERS else 1)
    said = [one.words for one in deployed.user.heard for secret in hidden if secret in one.all]
    assert not said, sorted(set(said))
    places = [deployed.user.box / "state", deployed.user.box / "work", deployed.folder]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert any(file.name.startswith(deployed.stack) for file in files), "the state was looked at"
    written = [file.name for file in files for secret in hidden if secret.encode() in file.read_bytes()]
    assert not written, sorted(set(written))

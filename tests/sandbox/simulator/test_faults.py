"""Faults as the provider and the cloud have them together: what is tried again, what is told, and what it leaves."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from hdh_infra.sandbox.simulator import Cloud, fault
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.faults import CODES, KINDS, Calls
from hdh_infra.sandbox.simulator.knowledge import PACKAGES, knowledge
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.store import Store

GROUP = "azure-native:resources:ResourceGroup"
NETWORK = "azure-native:network:VirtualNetwork"
SUBNET = "azure-native:network:Subnet"
PEERING = "azure-native:network:VirtualNetworkPeering"
RG = {"resourceGroupName": "rg", "location": "francecentral"}
KNOWN = knowledge("azure-native")


class Box:
    """A cloud whose calls wait on a clock of their own."""

    def __init__(self, directory) -> None:
        self.directory, self.waited = directory, []
        self.store = Store(directory / "cloud.sqlite", directory / "cloud.key")
        self.cloud = SimulatedCloud("azure-native", self.store)
        self.store.say("pace", 1)
        self.calls = Calls(self.cloud, self.store, KNOWN.conduct, KNOWN.exclusive, self.sleep)
        self.cloud.create(GROUP, RG)

    def sleep(self, seconds) -> None:
        self.waited.append(seconds)

    def fault(self, token, kind, count=1, seconds=0.0, operation="create") -> None:
        fault(self.directory, token, operation, kind, count=count, seconds=seconds)

    def create(self, token, inputs):
        identity = self.cloud.identity(token, inputs)
        row, effects = self.calls.run(
            "create", token, identity, inputs, lambda effects: self.cloud.create(token, inputs, effects.until)
        )
        return row, effects


@pytest.fixture
def box(tmp_path):
    made = Box(tmp_path)
    with closing(made.store):
        yield made


def network(name, prefix="10.0.0.0/16"):
    return {**RG, "virtualNetworkName": name, "addressSpace": {"addressPrefixes": [prefix]}}


def subnet(name, prefix, of="net"):
    return {"resourceGroupName": "rg", "virtualNetworkName": of, "subnetName": name, "addressPrefix": prefix}


@pytest.mark.parametrize("status", sorted(CODES))
def test_three_answers_of_a_busy_or_broken_server_only_take_time_and_the_fourth_is_told(box, status):
    box.fault(NETWORK, status, count=3)
    assert box.create(NETWORK, network("net"))[0].id
    assert box.waited == [20, 60, 120]
    box.fault(NETWORK, status, count=4)
    with pytest.raises(RefusedByCloudError) as caught:
        box.create(NETWORK, network("other"))
    assert caught.value.status == int(status)
    assert box.create(NETWORK, network("other"))[0].id


def test_what_the_cloud_says_of_when_to_come_back_is_kept_to_unless_it_is_too_long(box):
    box.fault(NETWORK, "429", seconds=14)
    box.create(NETWORK, network("net"))
    assert box.waited == [14]
    box.fault(NETWORK, "429", seconds=121)
    with pytest.raises(RefusedByCloudError, match="TooManyRequests"):
        box.create(NETWORK, network("other"))
    assert box.waited == [14]


@pytest.mark.parametrize(
    "kind", ["403 AuthorizationFailed", "409 SkuNotAvailable", "400 QuotaExceeded", "404 ResourceNotFound"]
)
def test_an_answer_about_the_request_itself_is_told_at_once(box, kind):
    box.fault(NETWORK, kind)
    with pytest.raises(RefusedByCloudError, match=kind.split()[1]):
        box.create(NETWORK, network("net"))
    assert box.waited == []


@pytest.mark.parametrize("kind", ["conflict", "409 StorageAccountOperationInProgress"])
def test_a_conflict_that_passes_is_tried_again(box, kind):
    box.fault(NETWORK, kind, count=2)
    box.create(NETWORK, network("net"))
    assert box.waited == [20, 60]


def test_ovhcloud_tries_nothing_again(tmp_path):
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as store:
        cloud = SimulatedCloud("ovh", store)
        calls = Calls(cloud, store, knowledge("ovh").conduct, knowledge("ovh").exclusive, pytest.fail)
        fault(tmp_path, "ovh:*", "create", "429")
        with pytest.raises(RefusedByCloudError, match="status code 429"):
            calls.run("create", "ovh:Okms/okms:Okms", "", {}, lambda _: None)


def test_one_fault_happens_once_to_a_call_and_several_of_one_number_to_several(box):
    box.fault(NETWORK, "slow", count=2, seconds=30)
    for name in ("net-a", "net-b", "net-c"):
        box.create(NETWORK, network(name))
    assert box.waited == [30, 30]


@pytest.mark.parametrize(
    ("token", "inputs", "code", "again"),
    [
        (SUBNET, subnet("two", "10.0.2.0/24"), "AnotherOperationInProgress", True),
        (PEERING, {"resourceGroupName": "rg", "virtualNetworkName": "net", "virtualNetworkPeeringName": "p", "remoteVirtualNetwork": "far"}, "AnotherOperationInProgress", True),
        (PEERING, {"resourceGroupName": "rg", "virtualNetworkName": "far", "virtualNetworkPeeringName": "p", "remoteVirtualNetwork": "net"}, "ReferencedResourceNotProvisioned", False),
        (SUBNET, subnet("two", "10.1.2.0/24", "far"), None, False),
    ],
    ids=["another subnet", "a peering from it", "a peering to it", "a subnet elsewhere"],
)  # fmt: skip
def test_while_a_write_to_a_network_lasts_no_other_is_made_there(box, token, inputs, code, again):
    ids = {name: box.create(NETWORK, network(name, prefix))[0].id for name, prefix in (("net", "10.0.0.0/16"), ("far", "10.1.0.0/16"))}  # fmt: skip
    inputs = {name: {"id": ids[value]} if name == "remoteVirtualNetwork" else value for name, value in inputs.items()}
    begun, end = threading.Event(), threading.Event()
    box.fault(SUBNET, "slow", seconds=30)
    tried = []

    def sleep(seconds) -> None:
        if threading.current_thread() is first:
            begun.set()
            end.wait(10)
        else:
            tried.append(seconds)
            end.set()
            first.join(10)

    box.calls._sleep = sleep
    first = threading.Thread(target=box.create, args=(SUBNET, subnet("one", "10.0.1.0/24")))
    first.start()
    assert begun.wait(10)
    try:
        if code is None:
            assert box.create(token, inputs)[0].id
        elif again:
            assert box.create(token, inputs)[0].id
            assert tried == [20]
        else:
            with pytest.raises(RefusedByCloudError, match=code):
                box.create(token, inputs)
            assert tried == []
    finally:
        end.set()
        first.join(10)
    if code and not again:
        assert box.create(token, inputs)[0].id, "once the other write has ended it is made"


def test_what_was_just_made_is_not_seen_for_a_while_and_then_is(box):
    box.fault(NETWORK, "not-found", seconds=300)
    row, _ = box.create(NETWORK, network("net"))
    assert box.cloud.read(row.id) is None
    with pytest.raises(RefusedByCloudError) as caught:
        box.create(SUBNET, subnet("one", "10.0.1.0/24"))
    assert caught.value.status == 404
    with pytest.raises(RefusedByCloudError, match="already existing"):
        box.create(NETWORK, network("net"))
    Cloud(box.directory).let_pass(301)
    assert box.cloud.read(row.id) is not None
    assert box.create(SUBNET, subnet("one", "10.0.1.0/24"))[0].id


def test_a_role_counts_only_once_it_is_effective(box):
    made = {"group": {"name": "rg"}}

    def there(label):
        """A fixture of the rules with all that it needs."""
        if label in made:
            return made[label]
        given = KNOWN.fixtures[label]
        for other in given.get("after", []):
            there(other)
        row, _ = box.create(given["type"], {name: value_of(value) for name, value in given["inputs"].items()})
        made[label] = {**row.inputs, **box.cloud.outputs(row), "id": row.id}
        return made[label]

    def value_of(value):
        if isinstance(value, str) and value.startswith("@"):
            label, *path = value[1:].split(".")
            found = there(label)
            for part in path:
                found = found[part]
            return found
        if isinstance(value, dict):
            return {name: value_of(item) for name, item in value.items()}
        return [value_of(item) for item in value] if isinstance(value, list) else value

    box.fault("azure-native:authorization:RoleAssignment", "ineffective", seconds=600)
    with pytest.raises(RefusedByCloudError, match="KeyVaultAuthenticationFailure"):
        there("account")
    with pytest.raises(RefusedByCloudError, match="KeyVaultAccessForbidden"):
        there("des")
    Cloud(box.directory).let_pass(601)
    assert there("account")["id"]
    assert there("des")["id"]


def test_time_of_the_cloud_is_scaled(tmp_path):
    box = Box(tmp_path)
    with closing(box.store):
        Cloud(tmp_path).set_pace(1000)
        slept: list[float] = []
        calls = Calls(box.cloud, box.store, KNOWN.conduct, KNOWN.exclusive, slept.append)
        box.fault(NETWORK, "slow", seconds=240)
        calls.run("create", NETWORK, "", {}, lambda _: None)
        assert sum(slept) == pytest.approx(0.24)


def test_a_kind_of_fault_that_is_none_is_refused_and_every_kind_is_taken(tmp_path):
    for kind in (*KINDS, "409 VaultAlreadyExists", "partial RetryableError"):
        fault(tmp_path, "azure-native:*", "create", kind)
    for kind in ("explosion", "200 OK", "409", "partial of it"):
        with pytest.raises(ValueError, match="not-found"):
            fault(tmp_path, "azure-native:*", "create", kind)


def test_the_same_is_asked_for_from_a_shell(box):
    from hdh_infra.sandbox.simulator.__main__ import main

    folder = str(box.directory)
    assert main(["fault", folder, NETWORK, "create", "429", "1", "14"]) == 0
    box.create(NETWORK, network("net"))
    assert box.waited == [14]
    assert main(["fault", folder, NETWORK, "create", "403 AuthorizationFailed"]) == 0
    assert main(["calm", folder]) == 0
    box.create(NETWORK, network("other", "10.1.0.0/16"))
    assert main(["pass", folder, "600"]) == main(["pace", folder, "50"]) == 0
    assert (box.store.later, box.store.pace) == (600, 50)
    assert main(["fault", folder]) == 2


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_provider_does_and_what_a_write_holds_has_a_source(package):
    known = knowledge(package)
    assert known.conduct.source
    assert known.conduct.tries == len(known.conduct.waits) + 1
    assert all(rule.source for rule in known.exclusive)
    assert all(gift.source for gift in known.given)

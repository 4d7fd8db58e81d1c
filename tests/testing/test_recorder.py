"""The kit itself: what it records, what it refuses, and that a test that proves nothing is red."""

from __future__ import annotations

import subprocess
import sys

import pulumi
import pytest

from hdh_infra.contracts import outputs
from hdh_infra.deploy import realise
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.graph.values import lookup, ref, text
from hdh_infra.testing import ContractBrokenError, Recorder, UndeclaredInvokeError, expect, is_unknown

GROUP = Node(
    "platform/group",
    "azure-native:resources:ResourceGroup",
    "azure",
    {"resourceGroupName": "rg-small", "location": "francecentral"},
    outputs=("id", "name"),
)
VAULT = Node(
    "key/lake/vault",
    "azure-native:keyvault:Vault",
    "azure",
    {
        "resourceGroupName": ref("platform/group", "name"),
        "vaultName": "kv-small",
        "location": "francecentral",
        "properties": {"tenantId": "t", "sku": {"family": "A", "name": "premium"}, "enablePurgeProtection": True},
    },
    outputs=("id", "properties"),
    protect=True,
)
ACCOUNT = Node(
    "zone/lake/store/snds/account",
    "azure-native:storage:StorageAccount",
    "azure",
    {
        "resourceGroupName": ref("platform/group", "name"),
        "accountName": "stsmall",
        "kind": "StorageV2",
        "sku": {"name": "Standard_GRS"},
        "tags": {"vault": text("{0}", ref("key/lake/vault", "properties.vaultUri"))},
    },
    outputs=("id",),
    depends_on=("key/lake/vault",),
    aliases=("zone/lake/store/snds/storage",),
    ignore_changes=("tags",),
    delete_before_replace=True,
    timeouts={"create": "30m"},
)


def plan(*nodes):
    providers = {"azure": Provider("azure-native", "3.29.0", {"location": "francecentral", "list": [1]})}
    return Plan("small", "azure:francecentral", {}, providers, nodes or (GROUP, VAULT, ACCOUNT))


def test_a_plan_is_registered_as_it_is_written():
    """Invariant: every node is one resource with its properties and options, and its references are resolved."""
    recorder = Recorder()
    recorder.run(lambda: realise(plan()))
    assert set(recorder.natives) == {"platform/group", "key/lake/vault", "zone/lake/store/snds/account"}
    account = recorder.seen["zone/lake/store/snds/account"]
    assert account.inputs["resourceGroupName"] == "platform/group#name"
    assert account.inputs["tags"] == {"vault": "key/lake/vault#properties.vaultUri"}
    assert account.aliases == ("zone/lake/store/snds/storage",)
    assert account.ignore_changes == ("tags",)
    assert account.delete_before_replace
    assert not account.protect
    assert recorder.seen["key/lake/vault"].protect
    assert account.version == "3.29.0"
    assert recorder.seen["azure"].inputs["list"] == "[1]"


def test_components_stand_by_element_and_carry_no_option_to_their_children():
    """Invariant: platform, zone and store are components of their own types, and what is native stands under its element."""
    recorder = Recorder()
    recorder.run(lambda: realise(plan()))
    components = {name: one.type for name, one in recorder.seen.items() if not one.custom}
    assert components == {
        "platform": "hdh:platform:Platform",
        "key/lake": "hdh:platform:Key",
        "zone/lake": "hdh:platform:Zone",
        "zone/lake/store/snds": "hdh:platform:Store",
    }
    assert recorder.seen["zone/lake/store/snds/account"].parent == "zone/lake/store/snds"
    assert recorder.seen["zone/lake/store/snds"].parent == "zone/lake"
    assert recorder.seen["platform/group"].parent == "platform"
    assert not recorder.seen["key/lake"].protect


def test_what_was_registered_is_at_hand_by_path():
    """Invariant: every native resource can be taken and used in a program of one's own (law 7)."""
    recorder = Recorder()

    def program():
        deployed = realise(plan())
        assert set(deployed.natives("key/lake")) == {"key/lake/vault"}
        assert isinstance(deployed.nodes["key/lake/vault"], pulumi.CustomResource)
        recorder.check(deployed.nodes["key/lake/vault"].id, lambda found: found == "id-of-key/lake/vault")

    recorder.run(program)
    expect(recorder, checks=1, resources=3)


def test_an_existing_thing_is_read_and_never_made():
    """Invariant: a node that only refers to a native id is read by it."""
    group = Node(
        "platform/group",
        GROUP.type,
        "azure",
        {},
        outputs=("id", "name"),
        existing="/subscriptions/s/resourceGroups/mine",
    )
    recorder = Recorder()
    recorder.run(lambda: realise(plan(group)))
    assert recorder.seen["platform/group"].existing == "/subscriptions/s/resourceGroups/mine"


def test_outputs_are_those_of_the_contract_and_the_same_each_time():
    """Invariant: a mock gives what the type's contract gives, and no other."""
    found = []
    for _ in range(2):
        recorder = Recorder()

        def program(recorder=recorder):
            vault = realise(plan(GROUP, VAULT)).nodes["key/lake/vault"]
            recorder.check(vault.properties, lambda value: found.append(value) or True)

        recorder.run(program)
    assert found[0] == found[1]
    assert "properties" in outputs("azure-native:keyvault:Vault")


def test_outputs_are_unknown_in_a_preview():
    """Invariant: what is made later is unknown in a preview, and a check on it runs all the same."""
    recorder = Recorder(preview=True)

    def program():
        group = realise(plan()).nodes["platform/group"]
        recorder.check(group.id, is_unknown)
        recorder.check(group.name, is_unknown)

    recorder.run(program)
    expect(recorder, checks=2, resources=3)


def test_a_property_that_the_type_does_not_have_is_an_error():
    """Invariant: a broken contract is red, with path, what was found and the nearest right word."""
    wrong = Node("platform/group", GROUP.type, "azure", {**GROUP.properties, "locatoin": "x"})
    with pytest.raises(ContractBrokenError, match=r"platform/group .*locatoin.*location"):
        Recorder().run(lambda: realise(plan(wrong)))


def test_a_data_source_without_a_declared_answer_is_an_error():
    """Invariant: mocks invent no answer."""
    asking = Node(
        "platform/group",
        GROUP.type,
        "azure",
        {**GROUP.properties, "location": lookup("a:b:c", {"x": 1}, "y.z", "azure")},
    )
    with pytest.raises(UndeclaredInvokeError, match="a:b:c was asked"):
        Recorder().run(lambda: realise(plan(asking)))
    recorder = Recorder({"a:b:c": lambda args: {"y": {"z": f"answer {int(args['x'])}"}}})
    recorder.run(lambda: realise(plan(asking)))
    assert recorder.seen["platform/group"].inputs["location"] == "answer 1"
    assert recorder.calls == [("a:b:c", {"x": 1.0})]


def test_an_assertion_that_does_not_hold_is_an_error():
    """Invariant: a failing check on an output is raised by `run`."""
    recorder = Recorder()
    with pytest.raises(AssertionError, match="does not hold"):
        recorder.run(lambda: recorder.check(realise(plan()).nodes["platform/group"].id, lambda _: False))


def test_expect_fails_where_nothing_was_registered_or_checked():
    """Invariant: what proves nothing is red."""
    with pytest.raises(AssertionError, match="nothing was registered"):
        expect(Recorder(), checks=0, resources=0)
    recorder = Recorder()
    recorder.run(lambda: realise(plan()))
    with pytest.raises(AssertionError, match="0 checks ran, 1 were expected"):
        expect(recorder, checks=1, resources=3)
    with pytest.raises(AssertionError, match="3 native resources were registered, 4 were expected"):
        expect(recorder, checks=0, resources=4)


SUITE = """
import pulumi
from hdh_infra.deploy import realise
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan, Provider

GROUP = Node("platform/group", "azure-native:resources:ResourceGroup", "azure", {"resourceGroupName": "rg"})
PLAN = Plan("small", "azure:francecentral", {}, {"azure": Provider("azure-native", "3.29.0", {})}, (GROUP,))

def test_that_registers_nothing(hdh_mocks):
    pass

def test_whose_check_nobody_waits_for(hdh_mocks):
    hdh_mocks.run(lambda: realise(PLAN))
    async def never():
        hdh_mocks.check(pulumi.Output.from_input(1), lambda _: False)
    hdh_mocks.written += 1
    never().close()

def test_whose_check_does_not_hold(hdh_mocks):
    hdh_mocks.run(lambda: hdh_mocks.check(realise(PLAN).nodes["platform/group"].id, lambda _: False))

def test_whose_check_does_not_hold_in_a_preview(hdh_mocks):
    hdh_mocks.preview = True
    hdh_mocks.run(lambda: hdh_mocks.check(realise(PLAN).nodes["platform/group"].id, lambda _: False))

def test_that_proves_something(hdh_mocks):
    hdh_mocks.run(lambda: hdh_mocks.check(realise(PLAN).nodes["platform/group"].id, bool))
"""


def test_a_test_whose_assertions_never_ran_is_red(tmp_path):
    """Invariant: under the plugin, silence is a failure, each time."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", *_plugin(), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    ).stdout
    assert "4 failed, 1 passed" in found
    assert "PASSED test_suite.py::test_that_proves_something" in found
    assert "nothing was registered" in found
    assert "1 checks were written and 0 ran" in found


def _plugin():
    """The plugin, named where the installed package does not announce it."""
    from importlib.metadata import entry_points

    named = any(one.value == "hdh_infra.testing.plugin" for one in entry_points(group="pytest11"))
    return [] if named else ["-p", "hdh_infra.testing.plugin"]


def test_registering_under_mocks_imports_no_sdk_of_a_cloud():
    """Invariant: the packages of the clouds cost nothing where types are registered by token."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_recorder as t\n"
        "from hdh_infra.testing import Recorder; r = Recorder(); r.run(lambda: t.realise(t.plan()))\n"
        "assert r.natives\n"
        "found = [name for name in sys.modules if name.split('.')[0] in "
        "{'pulumi_azure_native', 'pulumi_openstack', 'pulumi_ovh', 'boto3', 'openstack'}]\n"
        "assert not found, found"
    )
    from pathlib import Path

    done = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

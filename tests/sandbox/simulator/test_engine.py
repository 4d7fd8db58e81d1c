"""A small Azure and a small OVHcloud through the real engine, without the SDKs' classes."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hdh_infra.sandbox import simulator
from hdh_infra.sandbox.simulator.knowledge import knowledge

pytestmark = pytest.mark.end_to_end
AZURE = ("group", "net", "subnet", "nsg", "rule", "vault", "key", "identity", "role", "account", "plain", "service", "container",
         "endpoint", "zone", "link", "names", "des", "disk", "nic", "vm")  # fmt: skip
OVH = ("user", "credential", "policy", "kms", "key")
READ = {"vault": ["properties"], "key": ["keyUriWithVersion"], "identity": ["principalId", "clientId"], "account": ["primaryEndpoints"],
        "endpoint": ["networkInterfaces"], "credential": ["accessKeyId", "secretAccessKey"], "user": ["username", "password"],
        "kms": ["restEndpoint"]}  # fmt: skip


class Stack:
    """A stack of a package's fixtures, driven by the engine in processes of its own."""

    def __init__(self, package: str, labels: tuple[str, ...], environment: dict[str, str]) -> None:
        self.package, self.environment = package, environment
        self.resources: dict[str, Any] = {one: copy.deepcopy(knowledge(package).fixtures[one]) for one in labels}

    def inputs(self, label: str) -> dict[str, Any]:
        return self.resources[label]["inputs"]

    def run(self, operation: str) -> dict[str, Any]:
        read = {label: outputs for label, outputs in READ.items() if not (self.package == "ovh" and label == "key")}
        described = {
            "package": self.package,
            "resources": self.resources,
            "read": read,
            "environment": self.environment,
        }
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("drive.py")), operation],
            input=json.dumps(described),
            env={**os.environ, "PATH": self.environment["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    def changes(self, operation: str) -> dict[str, int]:
        found = self.run(operation)
        assert found["error"] is None, found["error"]
        return {name: count for name, count in found["changes"].items() if name != "same"}


@pytest.fixture
def stack_of(engine_environment):
    return lambda package, labels: Stack(package, labels, engine_environment)


def test_a_small_azure_lives_through_its_whole_life(box, stack_of):
    cloud = simulator.Cloud(box)
    stack = stack_of("azure-native", AZURE)
    assert stack.changes("preview") == {"create": len(AZURE) + 1}
    outputs = stack.run("up")["outputs"]
    assert {one["type"] for one in cloud.resources()} == {one["type"] for one in stack.resources.values()}
    assert outputs["key.keyUriWithVersion"][0].startswith("https://kv-one.vault.azure.net/keys/lake/")
    assert outputs["vault.properties"][0]["vaultUri"] == "https://kv-one.vault.azure.net/"

    assert stack.changes("up") == {}, "a second up changed something"
    assert stack.changes("refresh") == {}, "a refresh of an unchanged cloud found something"

    account = next(one["id"] for one in cloud.resources() if one["id"].endswith("stlake"))
    simulator.stop(box)
    cloud.change(account, "allowBlobPublicAccess", value=True)
    cloud.remove(next(one["id"] for one in cloud.resources() if one["id"].endswith("/securityRules/one")))
    simulator.start(box, 15420, ("azure-native", "ovh"), print)
    assert stack.changes("refresh") == {"delete": 1, "update": 1}, "drift did not show"
    assert stack.changes("up") == {"create": 1, "update": 1}, "drift was not undone"
    undone = next(one for one in cloud.resources() if one["id"] == account)
    assert "allowBlobPublicAccess" not in undone["inputs"]

    assert stack.run("destroy")["error"] is None
    assert cloud.resources() == []
    kept = {one["id"].rsplit("/", 1)[-1]: one["deleted_until"] for one in cloud.resources(include_deleted=True)}
    assert set(kept) == {"kv-one", "lake"}
    assert all(kept.values())

    assert "ConflictError" in stack.run("up")["error"]
    stack.inputs("vault")["properties"]["createMode"] = "recover"
    stack.inputs("key")["keyName"] = "lake2"
    stack.inputs("account")["encryption"]["keyVaultProperties"]["keyName"] = "lake2"
    assert stack.run("up")["error"] is None
    assert stack.changes("up") == {}


def test_what_is_wrong_is_said_before_anything_is_made(box, stack_of):
    stack = stack_of("azure-native", ("group", "plain"))
    stack.inputs("plain")["accountName"] = "St-Lake"
    assert "azure.account.name" in stack.run("preview")["error"]
    stack.inputs("plain")["accountNam"] = "x"
    assert "did you mean accountName" in stack.run("preview")["error"]
    assert simulator.Cloud(box).resources() == []


def test_faults_happen_as_in_the_cloud(box, stack_of):
    stack = stack_of("azure-native", ("group", "net"))
    simulator.fault(box, "azure-native:network:*", "create", "500", count=4)
    assert "injected" in stack.run("up")["error"]
    simulator.fault(box, "azure-native:network:*", "create", "429", count=2)
    simulator.fault(box, "azure-native:network:*", "create", "partial")
    half = stack.run("up")
    assert "provisioning failed" in half["error"]
    assert half["unfinished"] == ["azure-native:network:VirtualNetwork"]
    assert stack.changes("up") == {"update": 1}
    assert stack.changes("up") == {}


def test_a_change_of_place_replaces_and_deletes_first(box, stack_of):
    stack = stack_of("azure-native", ("group", "net", "subnet"))
    stack.run("up")
    stack.inputs("net")["location"] = "westeurope"
    found = stack.run("up")
    assert found["error"] is None, "the old one was not deleted before the new one was made"
    assert found["changes"]["replace"] >= 1
    network = next(one for one in simulator.Cloud(box).resources() if one["id"].endswith("/net"))
    assert network["inputs"]["location"] == "westeurope"
    assert len(simulator.Cloud(box).resources()) == 3


def test_secrets_of_ovhcloud_are_nowhere_in_clear(box, stack_of):
    stack = stack_of("ovh", OVH)
    outputs = stack.run("up")["outputs"]
    assert outputs["kms.restEndpoint"][0].startswith("https://")
    assert outputs["credential.accessKeyId"][0]
    state = next((box.parent / "state").rglob("test.json"))
    for name in ("credential.secretAccessKey", "user.password"):
        value, secret = outputs[name]
        assert secret
        for file in [*box.iterdir(), state]:
            assert value.encode() not in file.read_bytes(), file
        assert value not in repr(simulator.Cloud(box).resources())
    assert stack.changes("up") == {}
    assert stack.run("destroy")["error"] is None
    assert simulator.Cloud(box).resources(include_deleted=True) == []

"""The engine's protocol: what the engine is told of a check, a difference, an import and a fault."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.servicer import Servicer
from hdh_infra.sandbox.simulator.store import Store
from hdh_infra.sandbox.simulator.wire import UNKNOWN, Secret, decode, encode

URN = "urn:pulumi:test::tried::hdh:platform:Zone${}::lake"
GROUP = "azure-native:resources:ResourceGroup"
NETWORK = "azure-native:network:VirtualNetwork"
RG = {"resourceGroupName": "rg", "location": "francecentral"}
NET = {**RG, "virtualNetworkName": "net", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}


class AbortedError(Exception):
    """The end of a call that was answered with an error."""


class Context:
    """A call's context that remembers what it was told."""

    def __init__(self) -> None:
        self.metadata: dict[str, bytes] = {}
        self.code: Any = None

    def set_trailing_metadata(self, metadata) -> None:
        self.metadata = dict(metadata)

    def abort(self, code, message) -> None:
        self.code = code
        raise AbortedError(message)


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as made:
        yield made


@pytest.fixture
def provider(store):
    return Servicer(SimulatedCloud("azure-native", store), store)


def create(provider, token, inputs, context=None, *, preview=False):
    request = provider_pb2.CreateRequest(urn=URN.format(token), properties=encode(inputs), preview=preview)
    return provider.Create(request, context or Context())


def diff(provider, token, identity, old, new, ignore=()):
    request = provider_pb2.DiffRequest(
        id=identity, urn=URN.format(token), old_inputs=encode(old), news=encode(new), ignoreChanges=ignore
    )
    return provider.Diff(request, Context())


def test_the_engine_is_told_the_version_of_the_sdk_and_that_secrets_are_taken(provider):
    assert provider.GetPluginInfo(None, None).version == contracts.version("azure-native")
    assert provider.Configure(None, None).acceptSecrets
    assert provider.Handshake(None, None).accept_secrets


def test_a_check_gives_inputs_back_with_their_secrets(provider):
    news = {**RG, "tags": {"a": Secret("b")}}
    request = provider_pb2.CheckRequest(urn=URN.format(GROUP), news=encode(news), randomSeed=b"x")
    answer = provider.Check(request, Context())
    assert decode(answer.inputs) == news
    assert not answer.failures
    request = provider_pb2.CheckRequest(urn=URN.format(GROUP), news=encode({"resourceGroupName": "rg."}))
    (failure,) = provider.Check(request, Context()).failures
    assert failure.property == "resourceGroupName"
    assert "[simulated: azure.group.name]" in failure.reason


def test_a_preview_makes_nothing_and_leaves_what_the_cloud_makes_unknown(provider, store):
    answer = create(provider, NETWORK, NET, preview=True)
    assert decode(answer.properties)["resourceGuid"] == UNKNOWN
    assert answer.id == ""
    assert store.all() == []


def test_a_change_of_name_replaces_with_both_there_and_a_change_of_place_deletes_first(provider):
    create(provider, GROUP, RG)
    identity = create(provider, NETWORK, NET).id
    moved = diff(provider, NETWORK, identity, NET, {**NET, "location": "westeurope"})
    assert (list(moved.replaces), moved.deleteBeforeReplace) == (["location"], True)
    renamed = diff(provider, NETWORK, identity, NET, {**NET, "virtualNetworkName": "other"})
    assert (list(renamed.replaces), renamed.deleteBeforeReplace) == (["virtualNetworkName"], False)
    changed = diff(provider, NETWORK, identity, NET, {**NET, "tags": {"a": "b"}})
    assert (list(changed.diffs), list(changed.replaces)) == (["tags"], [])
    kinds = provider_pb2.PropertyDiff
    assert {path: one.kind for path, one in changed.detailedDiff.items()} == {"tags": kinds.ADD}
    nothing = diff(provider, NETWORK, identity, NET, {**NET, "tags": {"a": "b"}}, ["tags"])
    assert nothing.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_an_unknown_new_value_is_a_difference(provider):
    answer = diff(provider, NETWORK, "x", NET, {**NET, "location": UNKNOWN})
    assert list(answer.replaces) == ["location"]


def test_an_import_gives_the_inputs_that_make_no_difference(provider):
    create(provider, GROUP, RG)
    identity = create(provider, NETWORK, NET).id
    answer = provider.Read(provider_pb2.ReadRequest(id=identity, urn=URN.format(NETWORK)), Context())
    assert answer.id == identity
    assert diff(provider, NETWORK, identity, decode(answer.inputs), NET).changes == provider_pb2.DiffResponse.DIFF_NONE
    gone = provider.Read(provider_pb2.ReadRequest(id=f"{identity}x", urn=URN.format(NETWORK)), Context())
    assert gone.id == ""


def test_a_preview_of_a_change_keeps_what_the_cloud_has_made(provider):
    create(provider, GROUP, RG)
    made = create(provider, NETWORK, NET)
    request = provider_pb2.UpdateRequest(
        id=made.id, urn=URN.format(NETWORK), news=encode({**NET, "tags": {"a": "b"}}), preview=True
    )
    found = decode(provider.Update(request, Context()).properties)
    assert found["resourceGuid"] == decode(made.properties)["resourceGuid"]
    assert found["tags"] == {"a": "b"}


def test_a_refusal_is_one_line_with_the_code_of_the_cloud(provider):
    context = Context()
    with pytest.raises(AbortedError, match='Status=404 Code="ParentResourceNotFound"') as caught:
        create(provider, NETWORK, NET, context)
    assert context.code is grpc.StatusCode.NOT_FOUND
    assert "\n" not in str(caught.value)


def test_a_half_made_resource_is_given_to_the_engine_with_its_id(provider, store):
    store.add_fault("azure-native:resources:*", "create", "partial", 1, 0)
    context = Context()
    with pytest.raises(AbortedError):
        create(provider, GROUP, RG, context)
    status = status_pb2.Status.FromString(context.metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert store.get(detail.id) is not None
    assert decode(detail.inputs) == RG


def test_faults_of_a_server_fail_and_those_of_a_crowd_only_take_time(provider, store):
    store.say("pace", 100_000)
    store.add_fault("azure-native:*", "create", "429", 2, 0.01)
    store.add_fault("azure-native:*", "create", "slow", 1, 0.01)
    assert create(provider, GROUP, RG).id
    store.add_fault("azure-native:*", "delete", "500", 4, 0)
    with pytest.raises(AbortedError, match="injected"):
        provider.Delete(provider_pb2.DeleteRequest(id="x", urn=URN.format(GROUP)), Context())
    provider.Delete(provider_pb2.DeleteRequest(id="x", urn=URN.format(GROUP)), Context())


def test_a_function_that_is_not_simulated_says_so(provider):
    context = Context()
    with pytest.raises(AbortedError, match="not simulated"):
        provider.Invoke(provider_pb2.InvokeRequest(tok="azure-native:network:getServiceTags"), context)
    assert context.code is grpc.StatusCode.UNIMPLEMENTED

"""A cloud that takes everything, behind the engine's provider protocol: it keeps what it is given and counts what it is asked."""

# ruff: noqa: N802 - the names of the engine's protocol

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from hdh_infra.contracts import contract
from hdh_infra.testing.outputs import outputs_of

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

PACKAGES = ("toy", "hdh", "azure-native", "openstack", "ovh")


def _dict(message: struct_pb2.Struct) -> dict[str, Any]:
    return json.loads(json_format.MessageToJson(message))


def _struct(value: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


class Toy(provider_pb2_grpc.ResourceProviderServicer):
    """Its whole cloud is `things`: id to type and properties; `broken` are names that it refuses to create, `done` what a person did."""

    def __init__(self) -> None:
        self.things: dict[str, tuple[str, dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.broken: set[str] = set()
        self.full: set[str] = set()
        self.done: set[str] = set()
        self._numbers = itertools.count(1)

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def Attach(self, request, context):
        return empty_pb2.Empty()

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def Invoke(self, request, context):
        self.calls.append(f"invoke {request.tok}")
        name = _dict(request.args).get("name")
        if request.tok == "toy:x:getStep":
            if name not in self.done:
                context.abort(grpc.StatusCode.NOT_FOUND, f"404: there is no {name}")
            return provider_pb2.InvokeResponse(**{"return": _struct({"state": {"word": "Locked"}})})
        answer = {
            "id": f"answer-{name}",
            **{one: f"the-{one}" for one in ("tenantId", "objectId", "subscriptionId", "clientId")},
        }
        return provider_pb2.InvokeResponse(**{"return": _struct(answer)})

    def Check(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        old, new = _dict(request.old_inputs), _dict(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        replaces = [name for name in changed if name == "fixed"]
        return provider_pb2.DiffResponse(changes=kind, diffs=changed, replaces=replaces)

    def Create(self, request, context):
        inputs = _dict(request.properties)
        known = contract(request.urn.split("::")[2].split("$")[-1])
        if request.preview:
            made = {"deep": UNKNOWN, "token": UNKNOWN} if known is None else outputs_of(known, "", inputs, preview=True)
            return provider_pb2.CreateResponse(properties=_struct({**made, **inputs}))
        if inputs.get("name") in self.broken:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "the quota is used up")
        identity = f"toy-{next(self._numbers)}"
        kind = request.urn.split("::")[2].split("$")[-1]
        outputs = {**inputs, "deep": {"leaf": [f"leaf of {identity}"]}}
        if known is not None:
            outputs = outputs_of(known, identity, inputs, preview=False)
        if kind.endswith("Access"):
            outputs["token"] = f"secret of {identity}"
        self.things[identity] = (kind, outputs)
        self.calls.append(f"create {inputs.get('name')}")
        return provider_pb2.CreateResponse(id=identity, properties=_struct(outputs))

    def Read(self, request, context):
        found = self.things.get(request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs = {name: found[1].get(name) for name in _dict(request.inputs)}
        return provider_pb2.ReadResponse(id=request.id, properties=_struct(found[1]), inputs=_struct(inputs))

    def Update(self, request, context):
        inputs = _dict(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_struct(inputs))
        kind, before = self.things[request.id]
        self.things[request.id] = (kind, {**before, **inputs})
        self.calls.append(f"update {inputs.get('name')}")
        return provider_pb2.UpdateResponse(properties=_struct(self.things[request.id][1]))

    def Delete(self, request, context):
        outputs = _dict(request.properties)
        if request.id in self.full and not outputs.get("forceDestroy"):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the bucket holds objects")
        self.things.pop(request.id, None)
        self.calls.append(f"delete {outputs.get('name')}")
        return empty_pb2.Empty()


@contextmanager
def served() -> Iterator[tuple[Toy, str]]:
    """A toy cloud and the variable that attaches it to the engine as several packages."""
    toy = Toy()
    server = grpc.server(futures.ThreadPoolExecutor(8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(toy, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield toy, ",".join(f"{package}:{port}" for package in PACKAGES)
    finally:
        server.stop(0).wait()

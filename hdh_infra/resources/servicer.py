"""The engine's protocol: every call of the engine, turned into a call of a resource type.

A raw gRPC servicer, because only that can answer unknown values, half-made resources, precise
differences and short errors. It deliberately knows no type by name and no server.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from hdh_infra.resources import config, contract, schema, wire
from hdh_infra.resources.clients import Clients, explain
from hdh_infra.resources.keystone import ServiceError
from hdh_infra.resources.types import TYPES
from hdh_infra.resources.types.base import Call, HalfMadeError, ResourceError, ResourceType
from hdh_infra.resources.values import Change, has_unknown, is_under, overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from google.protobuf.struct_pb2 import Struct

_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_Method = TypeVar("_Method", bound="Callable[..., Any]")


class _HalfMade(Exception):  # noqa: N818 - carries an answer of the protocol, not a failure of our own
    """A half-made resource in the protocol's form, on its way to the engine."""

    def __init__(self, error: HalfMadeError, inputs: Struct, secrets: Collection[str]) -> None:
        super().__init__(error.reason)
        self.reason = error.reason
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=error.identity, properties=wire.encode(error.outputs, secrets), inputs=inputs, reasons=[error.reason]
        )


def _answered(method: _Method) -> _Method:
    """Count the call as running, and answer any error in one line without a traceback."""

    @functools.wraps(method)
    def wrapper(self: Servicer, request: Any, context: Any) -> Any:
        with self.running:
            try:
                return method(self, request, context)
            except _HalfMade as half:
                detail = any_pb2.Any()
                detail.Pack(half.detail)
                answer = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=half.reason, details=[detail])
                context.set_trailing_metadata((("grpc-status-details-bin", answer.SerializeToString()),))
                reason = half.reason
            except (
                ResourceError,
                HalfMadeError,
                ServiceError,
                config.ConfigurationError,
                wire.UnsupportedValueError,
            ) as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - servers and networks fail in ways that no list holds
                reason = explain(error)
        context.abort(grpc.StatusCode.UNKNOWN, reason)
        return None

    return cast("_Method", wrapper)


class Running:
    """How many calls are being answered, so that the plugin ends only after the last."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self.count = 0

    def __enter__(self) -> None:
        """One more."""
        with self._lock:
            self.count += 1

    def __exit__(self, *_: object) -> None:
        """One less."""
        with self._lock:
            self.count -= 1


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The provider. One instance serves one configured provider of one engine."""

    def __init__(self, types: Mapping[str, ResourceType] = TYPES, clients: Callable[..., Any] = Clients) -> None:
        """Serve `types`; `clients` makes the clients of a configuration (tests give their own)."""
        self._types = types
        self._make_clients = clients
        self._clients: Any = clients({})
        self._limits = config.Limits()
        self._cancelled = threading.Event()
        self.running = Running()

    # --- the plugin itself; the names are the protocol's

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What this plugin understands, before anything is configured."""
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version."""
        del request, context
        return plugin_pb2.PluginInfo(version=contract.VERSION)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """An engine attaches to a plugin that already runs (PULUMI_DEBUG_PROVIDERS)."""
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Stop after the step that is being done; what is half-made is answered as such."""
        del request, context
        self._cancelled.set()
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The types as a Pulumi schema, made from the contract."""
        del request, context
        return provider_pb2.GetSchemaResponse(schema=schema.as_json())

    # --- the provider's configuration

    @_answered
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """All that is wrong with the configuration; nothing is added to it, as it is kept in the state."""
        del context
        failures = config.check(wire.decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    @_answered
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A changed endpoint or credential updates the provider; it never replaces a bucket."""
        del context
        olds, news = wire.decode(request.olds), wire.decode(request.news)
        changed = sorted(name for name in olds.keys() | news.keys() if olds.get(name) != news.get(name))
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            hasDetailedDiff=True,
            detailedDiff={name: provider_pb2.PropertyDiff(kind=_KINDS["update", False]) for name in changed},
        )

    @_answered
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Keep the configuration; clients are made at the first real call."""
        del context
        values = wire.decode(request.args)
        self._clients, self._limits = self._make_clients(values), config.limits(values)
        self._cancelled = threading.Event()
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    # --- one resource

    @_answered
    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The contract first, then the type's own rules; the inputs go back as they came, secrets and all."""
        del context
        kind = self._type(request.urn)
        inputs = wire.decode(request.news)
        failures = contract.check(kind.token, inputs) or [*kind.check(inputs), *kind.check_limits(inputs, self._limits)]
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    @_answered
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Leaf by leaf against the last known outputs, so that refreshed drift shows."""
        del context
        kind = self._type(request.urn)
        outputs, inputs = wire.decode(request.olds), kind.complete(wire.decode(request.news))
        changes = [
            change
            for change in kind.changes(outputs, wire.decode(request.old_inputs), inputs)
            if not any(is_under(change.path, ignored) for ignored in request.ignoreChanges)
        ]
        replacing = [change for change in changes if _replaces(kind, outputs, inputs, change)]
        known = not has_unknown([inputs.get(name) for name in contract.contracts()[kind.token]["replace"]])
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({change.top for change in changes}),
            replaces=sorted({change.top for change in replacing}),
            deleteBeforeReplace=bool(replacing) and known and kind.identity(outputs) == kind.identity(inputs),
            hasDetailedDiff=True,
            detailedDiff={
                change.path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change in replacing])
                for change in changes
            },
        )

    @_answered
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make it, or say in a preview what is known of it."""
        del context
        kind = self._type(request.urn)
        inputs = kind.complete(wire.decode(request.properties))
        secrets = self._secrets(kind, request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=wire.encode(kind.preview(inputs), secrets))
        try:
            identity, outputs = kind.create(self._call(request.urn), inputs)
        except HalfMadeError as error:
            raise _HalfMade(error, request.properties, secrets) from error
        return provider_pb2.CreateResponse(id=identity, properties=wire.encode(outputs, secrets))

    @_answered
    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """For refresh and import; an empty answer says that it is gone."""
        del context
        kind = self._type(request.urn)
        outputs = kind.read(self._call(request.urn), request.id, wire.decode(request.properties))
        if outputs is None:
            return provider_pb2.ReadResponse()
        inputs = kind.inputs_of(outputs, wire.decode(request.inputs))
        secrets = self._secrets(kind, request.properties, request.inputs)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=wire.encode(outputs, secrets),
            inputs=wire.encode(inputs, self._secrets(kind, request.inputs)),
        )

    @_answered
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Bring it to the new inputs; what is ignored stays as the state last saw it."""
        del context
        kind = self._type(request.urn)
        outputs, inputs = wire.decode(request.olds), kind.complete(wire.decode(request.news))
        for ignored in request.ignoreChanges:
            overlay(inputs, outputs, ignored)
        secrets = self._secrets(kind, request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=wire.encode({**outputs, **inputs}, secrets))
        try:
            made = kind.update(self._call(request.urn), request.id, inputs, wire.decode(request.old_inputs))
        except HalfMadeError as error:
            raise _HalfMade(error, request.news, secrets) from error
        return provider_pb2.UpdateResponse(properties=wire.encode(made, secrets))

    @_answered
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Remove it; the types refuse where something would be lost."""
        del context
        kind = self._type(request.urn)
        kind.delete(self._call(request.urn), request.id, wire.decode(request.properties))
        return empty_pb2.Empty()

    def _type(self, urn: str) -> ResourceType:
        """The type of a URN: the last of the types in it, which are the resource's ancestors and itself."""
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        if token not in self._types:
            raise ResourceError(
                f"{token} is not a type of hdh {contract.VERSION}; {contract.nearest(token, self._types)}"
            )
        return self._types[token]

    def _call(self, urn: str) -> Call:
        return Call(self._clients, urn, self._cancelled)

    @staticmethod
    def _secrets(kind: ResourceType, *structs: Struct) -> set[str]:
        """Secret by the contract, or because a program made them so."""
        return set(contract.contracts()[kind.token]["secrets"]).union(*map(wire.secret_keys, structs))


def _failures(failures: list[contract.Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


def _replaces(kind: ResourceType, outputs: Mapping[str, Any], inputs: Mapping[str, Any], change: Change) -> bool:
    return change.top in contract.contracts()[kind.token]["replace"] or kind.replaces(outputs, inputs, change)

"""The engine's protocol for the simulated cloud: each call becomes one of `SimulatedCloud`'s.

Secrets are carried through (`acceptSecrets`), unknowns are never decided on, a refusal is one line without a
traceback. What the calls of plain resources do not need (Construct, Call, schemas) is left unimplemented.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, final

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.added import known
from hdh_infra.sandbox.simulator.backings import BackingError
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.differences import Difference, differences
from hdh_infra.sandbox.simulator.faults import Calls
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.wire import decode, encode, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.store import Row, Store

_CODES: Final[Mapping[int, grpc.StatusCode]] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ALREADY_EXISTS,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_Method = TypeVar("_Method", bound="Callable[..., Any]")


def _answered(method: _Method) -> _Method:
    """Answer what the cloud refuses in one line."""

    @functools.wraps(method)
    def wrapper(self: Servicer, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except RefusedByCloudError as error:
            context.abort(_CODES.get(error.status, grpc.StatusCode.UNKNOWN), str(error))
        except (BackingError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return None

    return cast("_Method", wrapper)


@final
class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of one package; many engines may use it at a time."""

    def __init__(self, cloud: SimulatedCloud, store: Store) -> None:
        """Answer for `cloud`; faults come from `store`."""
        self._cloud = cloud
        self._version = contracts.version(cloud.package)
        facts = known(cloud.package)
        self._calls = Calls(cloud, store, facts.conduct, facts.exclusive)

    # --- the plugin; the names of the methods are the protocol's

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What is understood."""
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version of the SDK package, which the engine compares with what the program asks for."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """An engine comes."""
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing here takes long."""
        del request, context
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Any configuration is taken: there is one simulated subscription, whatever is said."""
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A change of the configuration never replaces anything."""
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Secrets come marked, previews are answered."""
        del request, context
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    @_answered
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A function's answer; one that is not simulated is an error that says so."""
        found = self._cloud.invoke(request.tok, decode(request.args))
        if found is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.tok} is not simulated")
        return provider_pb2.InvokeResponse(**{"return": encode(found or {})})

    # --- one resource

    @_answered
    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """All that is wrong with the inputs, and a name where none was given."""
        del context
        token, name = _named(request.urn)
        inputs, failures = self._cloud.check(
            token, name, request.randomSeed, decode(request.olds), decode(request.news)
        )
        return provider_pb2.CheckResponse(
            inputs=encode(inputs),
            failures=[
                provider_pb2.CheckFailure(
                    property=one.path, reason=f"{one.reason} [simulated: {one.rule}]" if one.rule else one.reason
                )
                for one in failures
            ],
        )

    @_answered
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The new inputs against the old ones, which a refresh has brought up to date."""
        del context
        token, _ = _named(request.urn)
        news = decode(request.news)
        found = differences(token, plain(decode(request.old_inputs)), plain(news), request.ignoreChanges)
        replacing = [one for one in found if one.replaces]
        same_place = self._cloud.identity(token, news) == request.id
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({one.top for one in found}),
            replaces=sorted({one.top for one in replacing}),
            deleteBeforeReplace=bool(replacing) and same_place,
            hasDetailedDiff=True,
            detailedDiff={one.path: provider_pb2.PropertyDiff(kind=_kind(one), inputDiff=True) for one in found},
        )

    @_answered
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make it; in a preview say what is known of it."""
        token, _ = _named(request.urn)
        inputs = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(self._cloud.preview(token, inputs)))
        identity = self._cloud.identity(token, inputs) or ""
        row, effects = self._calls.run(
            "create", token, identity, inputs, lambda effects: self._cloud.create(token, inputs, effects.until)
        )
        outputs = encode(self._cloud.outputs(row))
        if effects.half:
            self._half_made(row, outputs, request.properties, context, effects.half)
        return provider_pb2.CreateResponse(id=row.id, properties=outputs)

    @_answered
    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What is there now; nothing where it is gone."""
        del context
        token, _ = _named(request.urn)
        row, effects = self._calls.run("read", token, request.id, {}, lambda _: self._cloud.read(request.id))
        if row is None or "hidden" in effects.until or row.type != token:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=row.id, properties=encode(self._cloud.outputs(row)), inputs=encode(row.inputs)
        )

    @_answered
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change it; what is ignored was put back to the old value by the engine before."""
        token, _ = _named(request.urn)
        inputs = decode(request.news)
        if request.preview:
            if self._cloud.read(request.id) is None:
                return provider_pb2.UpdateResponse(properties=encode(self._cloud.preview(token, inputs)))
            return provider_pb2.UpdateResponse(properties=encode(self._cloud.preview_change(request.id, inputs)))
        row, effects = self._calls.run(
            "update", token, request.id, inputs, lambda _: self._cloud.update(request.id, inputs)
        )
        outputs = encode(self._cloud.outputs(row))
        if effects.half:
            self._half_made(row, outputs, request.news, context, effects.half)
        return provider_pb2.UpdateResponse(properties=outputs)

    @_answered
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Delete it; what is gone is well."""
        del context
        token, _ = _named(request.urn)
        olds = decode(request.old_inputs)
        self._calls.run("delete", token, request.id, olds, lambda _: self._cloud.delete(request.id))
        return empty_pb2.Empty()

    def _half_made(self, row: Row, outputs: Any, inputs: Any, context: Any, code: str) -> None:
        """The operation was begun, and ended badly: the provider reads what is there and says so."""
        words = self._cloud.refusal("", 200, code, "it was made, but provisioning failed")
        reason = str(words)
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(id=row.id, properties=outputs, inputs=inputs, reasons=[reason])
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
        # Without the details the engine would forget what is there.
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, reason)


def _named(urn: str) -> tuple[str, str]:
    """Type and name of a URN: the type is the last of the chain of parents' types."""
    *_, types, name = urn.split("::", 3)
    return types.rsplit("$", 1)[-1], name


def _kind(one: Difference) -> Any:
    kinds = provider_pb2.PropertyDiff
    return {
        ("add", False): kinds.ADD,
        ("add", True): kinds.ADD_REPLACE,
        ("delete", False): kinds.DELETE,
        ("delete", True): kinds.DELETE_REPLACE,
        ("update", False): kinds.UPDATE,
        ("update", True): kinds.UPDATE_REPLACE,
    }[one.kind, one.replaces]

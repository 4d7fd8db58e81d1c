"""What the tests of the provider share: a protocol caller, a small S3 in memory, and the servers of this machine."""

from __future__ import annotations

import dataclasses
import socket
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from hdh_infra.resources import wire
from hdh_infra.resources.clients import Clients
from hdh_infra.resources.config import Settings
from hdh_infra.resources.servicer import Servicer

REGION = "cloudgouv-eu-west-1"
ZONES = (f"{REGION}a", f"{REGION}b")


class AbortedError(Exception):
    """The servicer answered with an error; `half` is the half-made resource in it, if any."""

    def __init__(self, reason: str, half: Any) -> None:
        super().__init__(reason)
        self.half = half


class Context:
    """The part of a gRPC context that a servicer uses."""

    def __init__(self) -> None:
        self.metadata: tuple[tuple[str, bytes], ...] = ()

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.metadata = metadata

    def abort(self, _code: Any, reason: str) -> None:
        half = None
        for _, value in self.metadata:
            answer = status_pb2.Status.FromString(value)
            half = provider_pb2.ErrorResourceInitFailed()
            assert answer.details[0].Unpack(half)
        raise AbortedError(reason, half)


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:test::tests::hdh:platform:Space${token}::{name}"


class Engine:
    """Calls the servicer as the engine does, with dicts for structs."""

    Aborted = AbortedError

    def __init__(self, servicer: Servicer) -> None:
        self.servicer = servicer

    def configure(self, values: dict[str, Any]) -> None:
        self.servicer.Configure(provider_pb2.ConfigureRequest(args=wire.encode(values)), Context())

    def check(self, token: str, inputs: dict[str, Any]) -> dict[str, str]:
        request = provider_pb2.CheckRequest(urn=urn(token), news=wire.encode(inputs))
        return {failure.property: failure.reason for failure in self.servicer.Check(request, Context()).failures}

    def diff(self, token: str, olds: Any, news: Any, old_inputs: Any = None, ignore: tuple[str, ...] = ()) -> Any:
        request = provider_pb2.DiffRequest(
            id="x",
            urn=urn(token),
            olds=wire.encode(olds),
            news=wire.encode(news),
            old_inputs=wire.encode(old_inputs or {}),
            ignoreChanges=ignore,
        )
        return self.servicer.Diff(request, Context())

    def create(
        self, token: str, inputs: dict[str, Any], *, name: str = "it", preview: bool = False
    ) -> tuple[str, dict]:
        request = provider_pb2.CreateRequest(urn=urn(token, name), properties=wire.encode(inputs), preview=preview)
        answer = self.servicer.Create(request, Context())
        return answer.id, wire.decode(answer.properties)

    def read(self, token: str, identity: str, outputs: Any = None, inputs: Any = None) -> tuple[str, dict, dict]:
        request = provider_pb2.ReadRequest(
            urn=urn(token), id=identity, properties=wire.encode(outputs or {}), inputs=wire.encode(inputs or {})
        )
        answer = self.servicer.Read(request, Context())
        return answer.id, wire.decode(answer.properties), wire.decode(answer.inputs)

    def update(self, token: str, identity: str, olds: Any, news: Any, *, ignore: Any = ()) -> dict:
        request = provider_pb2.UpdateRequest(
            urn=urn(token),
            id=identity,
            olds=wire.encode(olds),
            news=wire.encode(news),
            ignoreChanges=ignore,
        )
        return wire.decode(self.servicer.Update(request, Context()).properties)

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer, or the failures by their property."""
        answer = self.servicer.Invoke(provider_pb2.InvokeRequest(tok=token, args=wire.encode(arguments)), Context())
        if answer.failures:
            return {failure.property: failure.reason for failure in answer.failures}
        return wire.decode(getattr(answer, "return"))

    def delete(self, token: str, identity: str, outputs: dict[str, Any]) -> None:
        request = provider_pb2.DeleteRequest(urn=urn(token), id=identity, properties=wire.encode(outputs))
        self.servicer.Delete(request, Context())


class ServerError(Exception):
    """An error in botocore's form."""

    def __init__(self, operation: str, code: str, status: int = 404) -> None:
        super().__init__(code)
        self.operation_name = operation
        self.response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}


SETTINGS = {
    "versioning": ("VersioningConfiguration", None),
    "tagging": ("Tagging", "NoSuchTagSet"),
    "encryption": ("ServerSideEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError"),
    "policy": ("Policy", "NoSuchBucketPolicy"),
    "lifecycle": ("Rules", "NoSuchLifecycleConfiguration"),
    "logging": ("LoggingEnabled", None),
    "acl": ("Grants", None),
}
WHOLE = {"versioning", "tagging", "lifecycle", "logging", "acl"}
"""Settings that are answered as they were put."""
OWNER = {"ID": "owner"}
PRIVATE = {"Owner": OWNER, "Grants": [{"Grantee": {"Type": "CanonicalUser", **OWNER}, "Permission": "FULL_CONTROL"}]}


class MemoryS3:
    """A server of buckets with settings; `broken` names operations and how they fail, `deaf` those that keep nothing.

    A `forgiving` one answers a success to who makes a bucket that is theirs already.
    """

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Any]] = {}
        self.broken: dict[str, tuple[str, int]] = {}
        self.deaf: set[str] = set()
        self.called: list[str] = []
        self.forgiving = False

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.called.append(operation)
            if operation in self.broken:
                raise ServerError(operation, *self.broken[operation])
            return self._answer(operation, arguments.pop("Bucket"), arguments)

        return call

    def _answer(self, operation: str, bucket: str, arguments: dict[str, Any]) -> Any:
        if operation == "create_bucket":
            if bucket in self.buckets and self.forgiving:
                return {}
            if bucket in self.buckets:
                raise ServerError(operation, "BucketAlreadyOwnedByYou", 409)
            self.buckets[bucket] = {"acl": PRIVATE}
            return {}
        if bucket not in self.buckets:
            raise ServerError(operation, "NoSuchBucket")
        held = self.buckets[bucket]
        if operation == "list_object_versions":
            return {"Versions": held.get("versions", [])}
        verb, _, rest = operation.partition("_")
        name = rest.removeprefix("bucket_").removesuffix("_configuration")
        if verb == "put" and operation not in self.deaf:
            held[name] = next(iter(arguments.values()))
        elif operation == "delete_bucket":
            del self.buckets[bucket]
        elif verb == "delete":
            held.pop(name, None)
        elif verb == "get" and name in SETTINGS:
            return self._setting(operation, held, name)
        elif verb == "get":
            raise ServerError(operation, "NotImplemented", 501)
        return {}

    def _setting(self, operation: str, held: dict[str, Any], name: str) -> Any:
        key, absent = SETTINGS[name]
        if name not in held:
            if absent is None:
                return {}
            raise ServerError(operation, absent)
        return held[name] if name in WHOLE else {key: held[name]}


@dataclasses.dataclass
class MemoryClients:
    """Clients over the server in memory."""

    s3: MemoryS3
    settings: Settings = dataclasses.field(
        default_factory=lambda: Settings(
            "https://s3", "https://s3", "us-east-1", "a", "b", "auto", "when_required", False
        )
    )


@pytest.fixture
def memory() -> MemoryS3:
    return MemoryS3()


@pytest.fixture
def engine(memory: MemoryS3) -> Engine:
    """The provider over the server in memory: no network, no boto3."""
    return Engine(Servicer(clients=lambda _values: MemoryClients(memory)))


# --- the servers of this machine


@pytest.fixture(scope="session")
def box_environment(tmp_path_factory: pytest.TempPathFactory):
    """A real S3 server, and the variables of its deployer."""
    from hdh_infra.sandbox import s3

    directory = tmp_path_factory.mktemp("s3")
    s3.start(directory, 15320, print)
    yield s3.environment(directory)
    s3.stop(directory)


@pytest.fixture
def live(box_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The provider, configured by the environment alone, as in the sandbox."""
    for name, value in box_environment.items():
        monkeypatch.setenv(name, value)
    caller = Engine(Servicer())
    caller.configure({"endpoint": "https://s3.gra.io.cloud.ovh.net", "region": "gra"})
    return caller


@pytest.fixture
def s3(live: Engine) -> Any:
    """The deployer's own client of the real server."""
    return Clients({}).s3


@pytest.fixture
def iam(live: Engine) -> Any:
    return Clients({}).iam


@pytest.fixture(scope="session")
def ec2_environment(tmp_path_factory: pytest.TempPathFactory):
    """An EC2-compatible server with one region of another cloud, and the variables that send requests to it."""
    from hdh_infra.sandbox import ec2

    directory = tmp_path_factory.mktemp("ec2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    images = tuple(
        ec2.Image(name, "Outscale") for name in ("Ubuntu-24.04-2026.01", "Ubuntu-24.04-2026.02", "Debian-13")
    )
    ec2.start(directory, [ec2.Place(REGION, ZONES, images, ("tinav6.c2r4p2", "tinav6.c4r8p2"))], port, print)
    yield {**ec2.environment(directory), "AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}
    ec2.stop(directory)


WITHOUT = ["*.TagSpecifications", "CreateRouteTable.ClientToken", "CreateVolume.ClientToken", "ModifyVolume"]
"""What Outscale's FCU has not."""


BOTH = pytest.mark.parametrize(
    "fcu", [pytest.param([], id="whole"), pytest.param(WITHOUT, id="without")], indirect=True
)
"""For a test that is to hold on a server that has everything and on one that has not."""


@pytest.fixture
def fcu(request: pytest.FixtureRequest, ec2_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The provider of machines, on a server that has everything, or not what the test says."""
    for name, value in ec2_environment.items():
        monkeypatch.setenv(name, value)
    # What a test leaves in the way is told soon.
    monkeypatch.setattr("hdh_infra.resources.types.ec2.base.DELETE_SECONDS", 2.0)
    caller = Engine(Servicer())
    caller.configure(
        {
            "ec2Endpoint": "https://fcu.eu-west-2.outscale.com",
            "region": REGION,
            "ec2Without": getattr(request, "param", []),
        }
    )
    return caller


@pytest.fixture
def ec2(fcu: Engine) -> Any:
    """A client of the server's own, as somebody else would use it."""
    del fcu
    return Clients({"region": REGION}).ec2


@pytest.fixture(scope="session")
def engine_folder() -> Path:
    """Where the engine's programs are, as the sandbox finds them."""
    from hdh_infra.sandbox import engine as sandbox_engine

    found = sandbox_engine.find()
    if found is None:
        pytest.skip("no Pulumi engine on this machine: run `hdh sandbox up`")
    return found.command.parent

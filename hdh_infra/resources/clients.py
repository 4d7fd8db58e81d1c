"""boto3 clients made once and late, and their errors in one line.

boto3 takes a third of a second to load, so nothing here is imported before the first real call: checks
and previews of creations never pay it. Retries are botocore's own standard mode, and one rule more: a
server that answers 429 is waited for as long as its `Retry-After` says. This module deliberately turns no error into a success; 501 from a server is an error like any other.
"""

from __future__ import annotations

import base64
import hashlib
import random
import threading
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources import config
from hdh_infra.resources.keystone import KeyManager

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKSUMMED_OPERATIONS: Final = (
    "DeleteObjects",
    "PutBucketLifecycleConfiguration",
    "PutObjectLockConfiguration",
    "PutBucketEncryption",
    "PutBucketVersioning",
    "PutBucketPolicy",
    "PutObjectRetention",
    "PutBucketTagging",
    "PutPublicAccessBlock",
    "PutBucketAcl",
    "PutBucketLogging",
)
"""Operations that must carry a checksum, where botocore 1.36 and later sends CRC32 and no Content-MD5."""

_ATTEMPTS: Final = 5
_TOO_MANY: Final = 429
_LONGEST_WAIT: Final = 20.0
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60
_CONNECTIONS: Final = 64


class Clients:
    """The clients of one configured provider; safe to use from many threads."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Keep the configuration; nothing is imported, checked or opened yet."""
        self._values = values
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._key_managers: dict[str, KeyManager] = {}
        self.adopted: set[str] = set()
        """Ids that a creation found already made: a replacement's deletion must not take them."""

    @property
    def s3(self) -> Any:
        """The S3 client; raises `config.ConfigurationError` where the configuration does not suffice."""
        return self._client("s3")

    @property
    def iam(self) -> Any:
        """The IAM client; raises as `s3` does."""
        return self._client("iam")

    @property
    def ec2(self) -> Any:
        """The client of the EC2-compatible endpoint; raises as `s3` does."""
        return self._client("ec2")

    def key_manager(self, region: str) -> KeyManager:
        """Barbican of a region, with the credentials of OpenStack in the environment."""
        with self._lock:
            return self._key_managers.setdefault(region, KeyManager(region))

    @property
    def settings(self) -> config.Settings:
        """What the clients are made of; raises `config.ConfigurationError`."""
        return config.settings(self._values)

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = make_client(service, self.settings)
            return self._made[service]


def make_client(service: str, settings: config.Settings, *, signed: bool = True) -> Any:
    """A client of its own, for whoever needs one beside those of a provider.

    Args:
        service: `s3`, `iam` or `ec2`.
        settings: endpoint, credentials, and how to speak.
        signed: whether it says who asks; without, it asks as a stranger.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    # A session of our own: the default one is shared and not safe to make clients from in many threads.
    client = boto3.session.Session().client(
        service,
        endpoint_url=_endpoint(service, settings),
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        config=Config(
            s3={"addressing_style": settings.addressing_style, **_payload_signing(settings)},
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            max_pool_connections=_CONNECTIONS,
            signature_version=None if signed else UNSIGNED,
            request_checksum_calculation=settings.checksum,
            response_checksum_validation=settings.checksum,
            user_agent_extra="hdh-infra",
        ),
    )
    client.meta.events.register_first(
        f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", _wait_for_others
    )
    if service == "ec2":
        client.meta.events.register_last("before-parameter-build", _LeavesOut(settings.ec2_without))
    if service == "s3" and signed and settings.signature != "v4":
        lists = settings.signature == "v2-but-v4-for-lists"
        client.meta.events.register("choose-signer.s3", _sign_by_version_2_but_lists if lists else _sign_by_version_2)
    if service == "s3" and settings.content_md5:
        for operation in CHECKSUMMED_OPERATIONS:
            client.meta.events.register(f"before-call.s3.{operation}", _send_content_md5)
    return client


def _endpoint(service: str, settings: config.Settings) -> str:
    """The URL of a service; raises `config.ConfigurationError` where the provider was given none."""
    found, name = {
        "s3": (settings.endpoint, "endpoint"),
        "iam": (settings.iam_endpoint, "iamEndpoint"),
        "ec2": (settings.ec2_endpoint, "ec2Endpoint"),
    }[service]
    if not found:
        raise config.ConfigurationError(f"hdh:{name} is missing: run `pulumi config set hdh:{name} ...`")
    return found


class _LeavesOut:
    """Takes out of each request what the endpoint does not know, also what botocore itself puts there (`ClientToken`).

    Outscale's FCU refuses a request with a parameter it does not know (`Unexpected parameter`).
    """

    def __init__(self, without: frozenset[str]) -> None:
        """Keep what is left out."""
        self._without = without

    def __call__(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Drop the parameters of one request."""
        for name in [name for name in params if lacks(self._without, model.name, name)]:
            del params[name]


def lacks(without: frozenset[str], operation: str, parameter: str) -> bool:
    """Whether an endpoint without these does not know a parameter of an operation."""
    return f"{operation}.{parameter}" in without or f"*.{parameter}" in without


def _payload_signing(settings: config.Settings) -> dict[str, Any]:
    """What botocore is told of bodies; nothing where it decides itself."""
    unsigned = settings.signature == "v2-but-v4-for-lists"
    signing = False if unsigned else settings.payload_signing
    return {} if signing is None else {"payload_signing_enabled": signing}


def _sign_by_version_2(**_: Any) -> str:
    """S3's own signature of version 2, for servers that take no other."""
    return "s3"


def _sign_by_version_2_but_lists(event_name: str, **_: Any) -> str | None:
    """Version 2, but for what only lists or looks, which stays as it is."""
    return None if event_name.rsplit(".", 1)[-1].startswith(("List", "Head")) else "s3"


def _wait_for_others(response: Any, attempts: int, **_: Any) -> float | None:
    """Seconds until the next attempt where a server answers 429: what it says itself, else twice as long each time.

    botocore's standard mode reads a header of AWS's own only, and older releases know no 429 but by AWS's error codes.
    """
    if response is None or response[0].status_code != _TOO_MANY or attempts >= _ATTEMPTS:
        return None
    asked = str(response[0].headers.get("retry-after", ""))
    wait = float(asked) if asked.isdigit() else random.uniform(0.5, 1.0) * 2.0 ** (attempts - 1)  # noqa: S311 - a wait, no secret
    return min(wait, _LONGEST_WAIT)


def _send_content_md5(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Replace the newer checksums by Content-MD5, for servers that know only that."""
    context.pop("checksum", None)
    headers = params["headers"]
    for name in [name for name in headers if name.lower().startswith(("x-amz-checksum-", "x-amz-sdk-checksum-"))]:
        del headers[name]
    body = params["body"]
    content = body.encode() if isinstance(body, str) else bytes(body)
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    headers["Content-MD5"] = base64.b64encode(digest).decode()


def code(error: BaseException) -> str:
    """The server's error code (`NoSuchBucket`), or "" where the error is not a server's answer."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def status(error: BaseException) -> int:
    """The HTTP status of the server's answer, or 0."""
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


_REMEDIES: Final[Mapping[str, str]] = {
    "AuthFailure": "set hdh:accessKey and hdh:secretKey (or the variables of the environment) to a key that the endpoint knows",
    "InsufficientInstanceCapacity": "the zone has no room for this type of machine now: try again later, or take another type or zone",
    "UnauthorizedOperation": "the credentials lack this right on the endpoint",
    "AccessDenied": "the credentials lack this right on the server",
    "InvalidAccessKeyId": "set hdh:accessKey (or AWS_ACCESS_KEY_ID) to a key that the endpoint knows",
    "SignatureDoesNotMatch": "set hdh:secretKey (or AWS_SECRET_ACCESS_KEY) to the secret of this access key",
    "NotImplemented": "the server does not implement this: leave the property out, or use an endpoint that has it",
}
_NOT_IMPLEMENTED: Final = 501


def explain(error: BaseException) -> str:
    """One line for a user: operation, code, the server's words, and what to do where that is known."""
    name = code(error)
    if type(error).__name__ == "ResponseParserError":
        # Its text holds the answer, which is a page for people as often as not.
        return "the endpoint's answer is none of this interface: check its URL, and that its server is well"
    if not name:
        text = " ".join(str(error).split()) or type(error).__name__
        return f"{text}: check the endpoint and that it is up" if type(error).__name__ in _UNREACHABLE else text
    operation = getattr(error, "operation_name", "")
    words = str(getattr(error, "response", {})["Error"].get("Message", "")).rstrip(". ")
    remedy = _REMEDIES.get("NotImplemented" if status(error) == _NOT_IMPLEMENTED else name, "")
    if name.endswith("LimitExceeded") and name != "RequestLimitExceeded":
        remedy = "a quota of the account: ask the operator to raise it, or remove what is not needed"
    return f"{operation}: {name}: {words}" + (f" ({remedy})" if remedy else "")


_UNREACHABLE: Final = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "SSLError", "ConnectionClosedError"}
)

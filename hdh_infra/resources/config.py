"""The provider's configuration: which endpoints, which credentials, and how to speak to them.

Values come from the stack's configuration, then from the standard environment variables; only the
endpoints of the sandbox (`HDH_S3_ENDPOINT`, `HDH_IAM_ENDPOINT`, `HDH_EC2_ENDPOINT`) win over the configuration, so that one
plan can be sent elsewhere unchanged. Secrets found in the environment are never copied into the
provider's inputs: those are written to the state.
"""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from hdh_infra.resources.contract import Failure, nearest
from hdh_infra.resources.values import is_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENVIRONMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "iamEndpoint": ("AWS_ENDPOINT_URL_IAM",),
    "ec2Endpoint": ("AWS_ENDPOINT_URL_EC2",),
    "accessKey": ("AWS_ACCESS_KEY_ID", "OSC_ACCESS_KEY"),
    "secretKey": ("AWS_SECRET_ACCESS_KEY", "OSC_SECRET_KEY"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
_REDIRECT: Final[Mapping[str, tuple[str, ...]]] = {
    "endpoint": ("HDH_S3_ENDPOINT",),
    "iamEndpoint": ("HDH_IAM_ENDPOINT", "HDH_S3_ENDPOINT"),
    "ec2Endpoint": ("HDH_EC2_ENDPOINT",),
}
# What the sandbox's own server has not: such settings are left out there, and told so in the outputs.
_LACKING: Final = "HDH_S3_WITHOUT"
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "addressingStyle": ("auto", "path", "virtual"),
    "checksum": ("when_required", "when_supported"),
    "signature": ("v4", "v2", "v2-but-v4-for-lists"),
    "objectLockMode": ("compliance",),
}
_FLAGS: Final = ("contentMd5", "lifecycle", "payloadSigning", "withoutS3")
_NAMES: Final = frozenset({*_ENVIRONMENT, *_CHOICES, *_FLAGS, "ec2Without"})
# What the engine itself puts among a provider's inputs.
_ENGINE_NAMES: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "__internal"})


class ConfigurationError(Exception):
    """Raised when a cloud is called before endpoint and credentials are known."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a client is made of; the two keys are kept out of its printed form by the caller's care.

    Attributes:
        endpoint: URL of the S3 endpoint.
        iam_endpoint: URL of the IAM endpoint.
        region: the region's name, in the endpoint's own words; part of each signature.
        access_key: identifier of the credentials.
        secret_key: their secret.
        addressing_style: `path`, `virtual` or `auto`.
        checksum: botocore's `request_checksum_calculation`.
        content_md5: send Content-MD5 instead of the newer checksums where a request needs one.
        signature: `v4`, `v2`, or `v2-but-v4-for-lists`.
        payload_signing: whether bodies are signed too; None leaves it to botocore.
        ec2_endpoint: URL of the EC2-compatible endpoint; empty where the provider has none.
        ec2_without: what that endpoint has not, as `Operation`, `Operation.Parameter` or `*.Parameter`.
    """

    endpoint: str
    iam_endpoint: str
    region: str
    access_key: str
    secret_key: str
    addressing_style: str
    checksum: str
    content_md5: bool
    signature: str = "v4"
    payload_signing: bool | None = None
    ec2_endpoint: str = ""
    ec2_without: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Without the secret: a log of settings must be harmless."""
        return f"Settings(endpoint={self.endpoint!r}, iam_endpoint={self.iam_endpoint!r}, region={self.region!r})"


def check(values: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> list[Failure]:
    """Hold a provider's configuration against what it may be; all problems at once."""
    failures = [
        Failure(name, f"unknown configuration; {nearest(name, _NAMES)}")
        for name in values
        if name not in _NAMES | _ENGINE_NAMES
    ]
    for name, choices in _CHOICES.items():
        value = values.get(name)
        if value is not None and not is_unknown(value) and value not in choices:
            failures.append(Failure(name, f"{value!r} is not known; {nearest(str(value), choices)}"))
    failures += [Failure(name, "must be true or false") for name in _FLAGS if _boolean(values.get(name, False)) is None]
    if _boolean(values.get("withoutS3", False)):
        return failures
    if _names(values.get("ec2Without")) is None:
        failures.append(Failure("ec2Without", "must be a list of Operation, Operation.Parameter or *.Parameter"))
    found = _lookup(values, environment)
    # A provider of machines alone needs no S3 endpoint; whoever asks it for a bucket is told then.
    needed = ("accessKey", "secretKey") if found["ec2Endpoint"] else ("endpoint", "accessKey", "secretKey")
    for name in needed:
        if found[name] is None:
            variables = " or ".join(_REDIRECT.get(name, ()) + _ENVIRONMENT[name])
            secret = "--secret " if name == "secretKey" else ""
            failures.append(
                Failure(name, f"is missing: run `pulumi config set {secret}hdh:{name} ...` or set {variables}")
            )
    for name in ("endpoint", "iamEndpoint", "ec2Endpoint"):
        reason = _endpoint_problem(found[name])
        if reason:
            failures.append(Failure(name, reason))
    return failures


def settings(values: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the configuration and the environment come to.

    Raises:
        ConfigurationError: a value is missing, wrong, or known only once something else is deployed.
    """
    waiting = sorted(name for name, value in values.items() if is_unknown(value))
    if waiting:
        raise ConfigurationError(f"hdh: {', '.join(waiting)} of the provider is known only after `pulumi up`")
    if _boolean(values.get("withoutS3", False)):
        raise ConfigurationError("hdh: this provider is for an offer without S3: it makes no bucket and no user of S3")
    failures = check(values, environment)
    if failures:
        raise ConfigurationError("; ".join(f"hdh:{failure.path} {failure.reason}" for failure in failures))
    found = _lookup(values, environment)
    endpoint = str(found["endpoint"] or "")
    style = str(values.get("addressingStyle") or "auto")
    # A bucket's name before a loopback address is no host: a redirected plan speaks path style.
    if _is_loopback(urlsplit(endpoint).hostname or ""):
        style = "path"
    return Settings(
        endpoint=endpoint,
        iam_endpoint=str(found["iamEndpoint"] or endpoint),
        region=str(found["region"] or "us-east-1"),
        access_key=str(found["accessKey"]),
        secret_key=str(found["secretKey"]),
        addressing_style=style,
        checksum=str(values.get("checksum") or "when_required"),
        content_md5=bool(_boolean(values.get("contentMd5", False))),
        signature=str(values.get("signature") or "v4"),
        payload_signing=_boolean(values["payloadSigning"]) if "payloadSigning" in values else None,
        ec2_endpoint=str(found["ec2Endpoint"] or ""),
        ec2_without=_names(values.get("ec2Without")) or frozenset(),
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What an endpoint, or the contract by which it is used, does not have, whatever it answers.

    Attributes:
        lifecycle: whether buckets may have rules of age.
        lock_mode: the only mode of an object lock; None where there are both.
    """

    lifecycle: bool = True
    lock_mode: str | None = None


def limits(values: Mapping[str, Any]) -> Limits:
    """The limits that a configuration states; what is not known yet limits nothing."""
    mode = values.get("objectLockMode")
    return Limits(
        lifecycle="lifecycle" not in values
        or is_unknown(values["lifecycle"])
        or _boolean(values["lifecycle"]) is not False,
        lock_mode=None if mode is None or is_unknown(mode) else str(mode),
    )


def lacking(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Settings of a bucket that the server of the sandbox has not; none of any endpoint that a stack itself names."""
    return frozenset(environment.get(_LACKING, "").split()) if is_redirected(environment) else frozenset()


def is_redirected(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether requests go to the server of the sandbox, whatever a stack names."""
    return any(environment.get(name) for name in _REDIRECT["endpoint"])


def _lookup(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Each value from where it wins: redirect, configuration, environment; None where it is nowhere."""

    def from_environment(names: tuple[str, ...]) -> str | None:
        return next((environment[name] for name in names if environment.get(name)), None)

    return {
        name: from_environment(_REDIRECT.get(name, ())) or values.get(name) or from_environment(variables)
        for name, variables in _ENVIRONMENT.items()
    }


def _endpoint_problem(value: Any) -> str | None:
    if value is None or is_unknown(value):
        return None
    parts = urlsplit(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"{value!r} is not a URL: write https://HOST"
    if parts.username or parts.password:
        return "holds credentials: give them as accessKey and secretKey"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return "is plain http to another machine: use https (http is for loopback addresses only)"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names(value: Any) -> frozenset[str] | None:
    """A list of names as the engine sends it (JSON text) or as a program gives it; None where it is neither."""
    if value is None or is_unknown(value):
        return frozenset()
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(read, list) or not all(isinstance(one, str) and one for one in read):
        return None
    return frozenset(read)


def _boolean(value: Any) -> bool | None:
    """A flag as the engine sends it (JSON text) or as a program gives it; None where it is neither."""
    if isinstance(value, bool):
        return value
    if is_unknown(value) or value is None:
        return False
    try:
        read = json.loads(value)
    except (TypeError, ValueError):
        return None
    return read if isinstance(read, bool) else None

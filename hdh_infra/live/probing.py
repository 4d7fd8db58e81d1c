"""What an S3 endpoint really does, tried on scratch buckets: a feature is what works, and not what is listed somewhere.

Each trial is a small one and says what it did. An answer that refuses the right to try (403) is no answer about the
feature. Nothing outside the scratch buckets is changed, and nothing of anybody's data is read.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, final

from hdh_infra.errors import CloudError
from hdh_infra.live.scratch import KEY, Scratch, scratch, sweep
from hdh_infra.resources import config
from hdh_infra.resources.clients import code, explain, make_client, status

Say: TypeAlias = Callable[[str], None]
LOCKED = datetime.timedelta(seconds=12)
"""How long a probe locks an object: it is waited for at the end."""
_FORBIDDEN = 403
_SERVER = 500
_NOT_IMPLEMENTED = 501
# Codes that speak of what the trial itself lacks, and not of the feature: a target that logs may be written to.
_NO_ANSWER = frozenset({"InvalidTargetBucketForLogging", "SlowDown", "RequestTimeout", "RequestTimeTooSkewed"})
_EVERYONE = "*"
_BODY = b"hdh"


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """What one trial found."""

    value: bool | None
    """None: it could not be tried, or the answer says nothing."""
    call: str
    """What was done, for people."""
    said: str = ""
    """The server's error, where it refused."""


@final
@dataclass(frozen=True)
class Probed:
    """What an endpoint does, by feature."""

    endpoint: str
    findings: Mapping[str, Finding] = field(default_factory=dict)
    access_key: str = ""
    """Identifier of the credentials; no secret."""
    remarks: tuple[str, ...] = ()

    def value(self, feature: str) -> bool | None:
        """Whether it has a feature; None where nobody knows."""
        found = self.findings.get(feature)
        return found.value if found else None


def probe(environment: Mapping[str, str], values: Mapping[str, Any], say: Say) -> Probed:
    """Try an endpoint.

    Args:
        environment: `AWS_*` variables, and `HDH_S3_ENDPOINT` where it sends elsewhere.
        values: configuration of the endpoint, as the provider `hdh` takes it.
        say: what is told while it lasts.

    Raises:
        CloudError: there are no credentials, or the endpoint does not answer or lets nobody make a bucket.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        settings = config.settings(values, environment)
    except config.ConfigurationError as error:
        raise CloudError("the S3 endpoint", str(error), "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
    say(f"trying {settings.endpoint} on scratch buckets")
    try:
        return _Probe(settings, say).run()
    except (BotoCoreError, ClientError) as error:
        remedy = "Check that the endpoint is up, and that the credentials may make and remove buckets"
        raise CloudError(settings.endpoint, explain(error), remedy) from error


@final
class _Probe:
    """One round of trials."""

    def __init__(self, settings: config.Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        # Path style needs no name of the bucket's own, so that it works wherever anything does.
        self.s3 = make_client("s3", replace(settings, addressing_style="path"))
        self.found: dict[str, Finding] = {}
        self.remarks: list[str] = []

    def run(self) -> Probed:
        swept = sweep(self.s3, self._now(self.s3.list_buckets()))
        self.remarks += [f"{name}: left by a probe that was killed, removed now" for name in swept]
        with scratch(self.s3) as made:
            try:
                plain = made.make()
            except Exception as error:
                if code(error) != "IllegalLocationConstraintException":
                    raise
                plain = made.make(CreateBucketConfiguration={"LocationConstraint": self._settings.region})
            second = self._lock_bucket(made)
            self._trials(plain, second)
        self.remarks += [f"bucket {name} could not be removed: remove it by hand" for name in made.left]
        return Probed(self._settings.endpoint, self.found, self._settings.access_key, tuple(self.remarks))

    def _trials(self, plain: str, second: str) -> None:
        s3 = self.s3
        self._try("object", "put, get", lambda: self._whole(plain))
        self._try("anonymous", "get and list without credentials", lambda: self._anonymous(plain))
        self._try("sse-s3", "put with AES256", lambda: self._encrypted(plain, "AES256"))
        self._try("sse-kms", "put with aws:kms", lambda: self._encrypted(plain, "aws:kms"))
        self._try("lifecycle", "put and get rules of age", lambda: self._lifecycle(plain))
        self._try("tagging", "put and get tags of a bucket", lambda: self._tagging(plain))
        self._try("acl", "get the access list", lambda: bool(s3.get_bucket_acl(Bucket=plain).get("Owner")))
        self._try("access-block", "put and get a block of public access", lambda: self._access_block(plain))
        self._try("logging", "put and get a log's target", lambda: self._logging(second, plain))
        self._try("policy", "get an object that a policy denies", lambda: self._policy(plain))
        self._try("virtual-hosts", "head of the bucket by its own host name", lambda: self._virtual(plain))
        self._try("checksums", "put with CRC32", lambda: self._checksums(plain))
        self._try("without-md5", "delete objects without Content-MD5", lambda: self._without_md5(plain))
        self._try("versioning", "put twice and list versions", lambda: self._versioning(plain))
        if self.found["object-lock"].value:
            self._say("trying object lock: a few seconds")
            self._try(
                "governance", "delete a locked version, without the right and with it", lambda: self._held(second)
            )
            self._try("compliance", "delete a locked version with the right", lambda: self._held_for_all(second))
        self._try("iam", "list users", self._iam)

    def _try(self, feature: str, call: str, trial: Callable[[], bool | None]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.found[feature] = Finding(trial(), call)
        except ClientError as error:
            said = code(error) or str(status(error))
            refused = status(error) == _FORBIDDEN or said in _NO_ANSWER
            broken = status(error) >= _SERVER and status(error) != _NOT_IMPLEMENTED
            self.found[feature] = Finding(None if refused or broken else False, call, said)
        except BotoCoreError as error:
            self.found[feature] = Finding(None, call, type(error).__name__)

    @staticmethod
    def _now(answer: Mapping[str, Any]) -> datetime.datetime:
        """The server's own time, by which its locks end."""
        said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(said) if said else datetime.datetime.now(tz=datetime.UTC)

    def _lock_bucket(self, made: Scratch) -> str:
        """A second bucket, with object lock where there is any."""
        region = self._settings.region
        name = ""

        def with_lock() -> bool:
            nonlocal name
            try:
                name = made.make(ObjectLockEnabledForBucket=True)
            except Exception as error:
                if code(error) != "IllegalLocationConstraintException":
                    raise
                place = {"LocationConstraint": region}
                name = made.make(ObjectLockEnabledForBucket=True, CreateBucketConfiguration=place)
            answer = self.s3.get_object_lock_configuration(Bucket=name)
            return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")

        self._try("object-lock", "make a bucket with object lock", with_lock)
        return name or made.make()

    def _whole(self, bucket: str) -> bool:
        self.s3.put_object(Bucket=bucket, Key=f"{KEY}plain", Body=_BODY)
        return bool(self.s3.get_object(Bucket=bucket, Key=f"{KEY}plain")["Body"].read() == _BODY)

    def _anonymous(self, bucket: str) -> bool | None:
        """Whether a stranger gets in by either way; an error that is no refusal says nothing."""
        from botocore.exceptions import ClientError

        stranger = make_client("s3", replace(self._settings, addressing_style="path"), signed=False)
        asked: tuple[Callable[[], Any], ...] = (
            lambda: stranger.get_object(Bucket=bucket, Key=f"{KEY}plain"),
            lambda: stranger.list_objects_v2(Bucket=bucket),
        )
        for ask in asked:
            try:
                ask()
            except ClientError as error:
                if status(error) not in {401, _FORBIDDEN}:
                    return None
            else:
                return True
        return False

    def _encrypted(self, bucket: str, algorithm: str) -> bool:
        """Whether an object is told to be encrypted as asked; a server that says nothing of it has not done it."""
        key = f"{KEY}{algorithm.replace(':', '-')}"
        self.s3.put_object(Bucket=bucket, Key=key, Body=_BODY, ServerSideEncryption=algorithm)
        head = self.s3.head_object(Bucket=bucket, Key=key)
        whole = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == _BODY
        return bool(head.get("ServerSideEncryption") == algorithm and whole)

    def _lifecycle(self, bucket: str) -> bool:
        from hdh_infra.resources.types.bucket_lifecycle import request_of, rules_of, same_rules

        asked = [{"prefix": KEY, "days": 30}]
        self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=request_of(asked))
        return same_rules(rules_of(self.s3.get_bucket_lifecycle_configuration(Bucket=bucket)) or [], asked)

    def _tagging(self, bucket: str) -> bool:
        tags = [{"Key": "hdh-probe", "Value": "scratch"}]
        self.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        return bool(self.s3.get_bucket_tagging(Bucket=bucket).get("TagSet") == tags)

    def _access_block(self, bucket: str) -> bool:
        asked = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=asked)
        return bool(self.s3.get_public_access_block(Bucket=bucket).get("PublicAccessBlockConfiguration") == asked)

    def _logging(self, bucket: str, target: str) -> bool:
        asked = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": f"{KEY}log/"}}
        self.s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=asked)
        found = self.s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled", {})
        self.s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
        return bool(found.get("TargetBucket") == target)

    def _policy(self, bucket: str) -> bool:
        """Whether a policy holds: it denies everyone one object that its owner could read before."""
        key = f"{KEY}denied"
        self.s3.put_object(Bucket=bucket, Key=key, Body=_BODY)
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Probe",
                    "Effect": "Deny",
                    "Principal": _EVERYONE,
                    "Action": ["s3:GetObject"],
                    "Resource": [f"arn:aws:s3:::{bucket}/{key}"],
                }
            ],
        }
        self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        try:
            self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except Exception as error:
            if status(error) != _FORBIDDEN:
                raise
            return True
        finally:
            self.s3.delete_bucket_policy(Bucket=bucket)
        return False

    def _virtual(self, bucket: str) -> bool | None:
        if not self._has_hosts():
            return None
        client = make_client("s3", replace(self._settings, addressing_style="virtual"))
        return bool(client.head_bucket(Bucket=bucket))

    def _has_hosts(self) -> bool:
        """Whether a bucket's name can stand before the endpoint's: before an address or this machine's own name it cannot."""
        host = self._settings.endpoint.partition("://")[2].partition("/")[0].partition(":")[0]
        return host != "localhost" and not host.replace(".", "").isdigit() and "[" not in host

    def _checksums(self, bucket: str) -> bool:
        client = make_client("s3", replace(self._settings, addressing_style="path", checksum="when_supported"))
        client.put_object(Bucket=bucket, Key=f"{KEY}crc", Body=_BODY)
        return bool(client.get_object(Bucket=bucket, Key=f"{KEY}crc")["Body"].read() == _BODY)

    def _without_md5(self, bucket: str) -> bool:
        client = make_client("s3", replace(self._settings, addressing_style="path", content_md5=False))
        self.s3.put_object(Bucket=bucket, Key=f"{KEY}gone", Body=_BODY)
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"{KEY}gone"}]})
        return not answer.get("Errors")

    def _versioning(self, bucket: str) -> bool:
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for body in (_BODY, _BODY * 2):
            self.s3.put_object(Bucket=bucket, Key=f"{KEY}version", Body=body)
        answer = self.s3.list_object_versions(Bucket=bucket, Prefix=f"{KEY}version")
        return len({one["VersionId"] for one in answer.get("Versions", [])}) == 2  # noqa: PLR2004 - two were put

    def _locked(self, bucket: str, mode: str) -> tuple[dict[str, Any], datetime.datetime]:
        """A version that is locked from now on, and until when."""
        until = self._now(self.s3.head_bucket(Bucket=bucket)) + LOCKED
        key = f"{KEY}{mode.lower()}"
        answer = self.s3.put_object(
            Bucket=bucket, Key=key, Body=_BODY, ObjectLockMode=mode, ObjectLockRetainUntilDate=until
        )
        return {"Bucket": bucket, "Key": key, "VersionId": answer["VersionId"]}, until

    def _refuses(self, version: Mapping[str, Any], until: datetime.datetime, **words: Any) -> bool | None:
        """Whether a deletion is refused; None where the lock may have ended meanwhile."""
        try:
            answer = self.s3.delete_object(**version, **words)
        except Exception as error:
            if status(error) not in {400, _FORBIDDEN, 409}:
                raise
            return True
        return None if self._now(answer) >= until - datetime.timedelta(seconds=1) else False

    def _held(self, bucket: str) -> bool | None:
        """Governance: held against a plain deletion; whoever may pass the lock deletes it."""
        version, until = self._locked(bucket, "GOVERNANCE")
        held = self._refuses(version, until)
        if held:
            self._refuses(version, until, BypassGovernanceRetention=True)
        return held

    def _held_for_all(self, bucket: str) -> bool | None:
        """Compliance: held against everyone, whatever right they have, and its end cannot be brought nearer."""
        version, until = self._locked(bucket, "COMPLIANCE")
        held = self._refuses(version, until, BypassGovernanceRetention=True)
        if not held:
            return held
        sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": until - LOCKED / 2}
        try:
            self.s3.put_object_retention(**version, Retention=sooner, BypassGovernanceRetention=True)
        except Exception as error:
            if status(error) not in {400, _FORBIDDEN, 409}:
                raise
            return True
        return False

    def _iam(self) -> bool:
        client = make_client("iam", self._settings)
        return "Users" in client.list_users(MaxItems=1)

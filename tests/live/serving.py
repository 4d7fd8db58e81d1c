"""An S3 server in this process, with versions, locks and policies as S3 has them, and with switches for what a server may lack."""

import datetime
import json
from email.utils import format_datetime

from botocore.exceptions import ClientError

START = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
LACKING = {  # what a server without it answers to which operations
    "lifecycle": "put_bucket_lifecycle_configuration",
    "tagging": "put_bucket_tagging",
    "access-block": "put_public_access_block",
    "logging": "put_bucket_logging",
    "policy": "put_bucket_policy",
    "versioning": "put_bucket_versioning",
    "acl": "get_bucket_acl",
}


def refused(code, status, operation="Ask"):
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class Server:
    """Buckets of one endpoint, and what happens at each call."""

    def __init__(self):
        self.now = START
        self.buckets = {}
        self.made = 0
        self.calls = []
        self.errors = {}
        """By operation: the code and status that it is refused with."""
        self.encrypts, self.locks, self.public, self.sums, self.needs_md5, self.hosts = (
            True,
            True,
            False,
            True,
            False,
            True,
        )
        self.iam = True
        self.at = lambda number, operation: None
        """Told of every call before it is done; it may raise."""

    def client(self, service, settings, *, signed=True):
        return Client(self, service, settings, signed=signed)

    def wait(self, seconds):
        self.now += datetime.timedelta(seconds=seconds)


class Bucket:
    def __init__(self, made, *, lock):
        self.made, self.lock, self.versioned = made, lock, lock
        self.versions, self.said = [], {}


class Client:
    """A client of it."""

    def __init__(self, server, service, settings, *, signed):
        self.server, self.service, self.settings, self.signed = server, service, settings, signed

    def __getattr__(self, name):
        def call(**words):
            server = self.server
            server.calls.append(name)
            server.at(len(server.calls), name)
            if name in server.errors:
                raise refused(*server.errors[name], name)
            if not self.signed and not server.public:
                raise refused("AccessDenied", 403, name)
            if self.settings.addressing_style == "virtual" and not server.hosts:
                raise refused("404", 404, name)
            answer = getattr(self, f"_{name}")(**words) or {}
            return {**answer, "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(server.now, usegmt=True)}}}

        return call

    def get_paginator(self, operation):
        client = self

        class Pages:
            @staticmethod
            def paginate(**words):
                return [getattr(client, operation)(**words)]

        return Pages()

    def _bucket(self, name):
        if name not in self.server.buckets:
            raise refused("NoSuchBucket", 404)
        return self.server.buckets[name]

    def _list_users(self, **_):
        if not self.server.iam:
            raise refused("MethodNotAllowed", 405)
        return {"Users": []}

    def _list_buckets(self):
        return {"Buckets": [{"Name": name, "CreationDate": one.made} for name, one in self.server.buckets.items()]}

    def _create_bucket(self, Bucket, ObjectLockEnabledForBucket=False, **_):  # noqa: N803
        if ObjectLockEnabledForBucket and not self.server.locks:
            raise refused("NotImplemented", 501)
        self.server.made += 1
        self.server.buckets[Bucket] = _new(self.server.now, lock=ObjectLockEnabledForBucket)

    def _head_bucket(self, Bucket):  # noqa: N803
        self._bucket(Bucket)

    def _delete_bucket(self, Bucket):  # noqa: N803
        if self._bucket(Bucket).versions:
            raise refused("BucketNotEmpty", 409)
        del self.server.buckets[Bucket]

    def _put_object(self, Bucket, Key, Body, ServerSideEncryption=None, **lock):  # noqa: N803
        bucket = self._bucket(Bucket)
        if ServerSideEncryption and not self.server.encrypts:
            raise refused("NotImplemented", 501)
        if self.settings.checksum == "when_supported" and not self.server.sums:
            raise refused("InvalidRequest", 400)
        if not bucket.versioned:
            bucket.versions = [one for one in bucket.versions if one["Key"] != Key]
        self.server.made += 1
        one = {"Key": Key, "VersionId": f"v{self.server.made}", "body": Body, "sse": ServerSideEncryption, **lock}
        bucket.versions.append(one)
        return {"VersionId": one["VersionId"]}

    def _find(self, Bucket, Key, VersionId=None):  # noqa: N803
        found = [one for one in self._bucket(Bucket).versions if one["Key"] == Key]
        found = [one for one in found if VersionId in {None, one["VersionId"]}]
        if not found:
            raise refused("NoSuchKey", 404)
        return found[-1]

    def _get_object(self, Bucket, Key):  # noqa: N803
        policy = self._bucket(Bucket).said.get("policy")
        if policy and any(one["Resource"] == [f"arn:aws:s3:::{Bucket}/{Key}"] for one in policy["Statement"]):
            raise refused("AccessDenied", 403)
        return {"Body": _Body(self._find(Bucket, Key)["body"])}

    def _head_object(self, Bucket, Key):  # noqa: N803
        one = self._find(Bucket, Key)
        return {"ServerSideEncryption": one["sse"]} if one["sse"] else {}

    def _list_objects_v2(self, Bucket):  # noqa: N803
        return {"Contents": [{"Key": one["Key"]} for one in self._bucket(Bucket).versions]}

    def _list_object_versions(self, Bucket, Prefix=""):  # noqa: N803
        found = [one for one in self._bucket(Bucket).versions if one["Key"].startswith(Prefix)]
        return {"Versions": [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]}

    def _delete_object(self, Bucket, Key, VersionId=None, BypassGovernanceRetention=False):  # noqa: N803
        bucket, one = self._bucket(Bucket), self._find(Bucket, Key, VersionId)
        until = one.get("ObjectLockRetainUntilDate")
        passed = one.get("ObjectLockMode") == "GOVERNANCE" and BypassGovernanceRetention
        if until and until > self.server.now and not passed:
            raise refused("AccessDenied", 403)
        bucket.versions.remove(one)

    def _delete_objects(self, Bucket, Delete):  # noqa: N803
        if self.server.needs_md5 and not self.settings.content_md5:
            raise refused("MissingContentMD5", 400)
        for one in Delete["Objects"]:
            self._delete_object(Bucket, **one)

    def _put_object_retention(self, Bucket, Key, VersionId, Retention, **_):  # noqa: N803
        if Retention["RetainUntilDate"] < self._find(Bucket, Key, VersionId)["ObjectLockRetainUntilDate"]:
            raise refused("AccessDenied", 403)

    def _get_object_lock_configuration(self, Bucket):  # noqa: N803
        return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}} if self._bucket(Bucket).lock else {}

    def _put_bucket_versioning(self, Bucket, **_):  # noqa: N803
        self._bucket(Bucket).versioned = True

    def _put_bucket_policy(self, Bucket, Policy):  # noqa: N803
        self._bucket(Bucket).said["policy"] = json.loads(Policy)

    def _delete_bucket_policy(self, Bucket):  # noqa: N803
        self._bucket(Bucket).said.pop("policy", None)

    def _get_bucket_acl(self, Bucket):  # noqa: N803
        self._bucket(Bucket)
        return {"Owner": {"ID": "owner"}, "Grants": []}

    def _put_bucket_lifecycle_configuration(self, Bucket, LifecycleConfiguration):  # noqa: N803
        self._bucket(Bucket).said["lifecycle"] = LifecycleConfiguration

    def _get_bucket_lifecycle_configuration(self, Bucket):  # noqa: N803
        return self._bucket(Bucket).said["lifecycle"]

    def _put_bucket_tagging(self, Bucket, Tagging):  # noqa: N803
        self._bucket(Bucket).said["tags"] = Tagging

    def _get_bucket_tagging(self, Bucket):  # noqa: N803
        return self._bucket(Bucket).said["tags"]

    def _put_public_access_block(self, Bucket, PublicAccessBlockConfiguration):  # noqa: N803
        self._bucket(Bucket).said["block"] = PublicAccessBlockConfiguration

    def _get_public_access_block(self, Bucket):  # noqa: N803
        return {"PublicAccessBlockConfiguration": self._bucket(Bucket).said["block"]}

    def _put_bucket_logging(self, Bucket, BucketLoggingStatus):  # noqa: N803
        self._bucket(Bucket).said["logging"] = BucketLoggingStatus

    def _get_bucket_logging(self, Bucket):  # noqa: N803
        return self._bucket(Bucket).said["logging"]


def _new(now, *, lock):
    return Bucket(now, lock=lock)


class _Body:
    def __init__(self, body):
        self.body = body

    def read(self):
        return self.body

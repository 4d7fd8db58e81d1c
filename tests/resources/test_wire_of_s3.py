"""What goes over the wire to an S3 server, and what is asked again: a server of this process that answers as it is told.

It is no S3: it says what a server in trouble says, and shows what it was sent. What a real server makes of it is tried in
`test_buckets_on_a_server`.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.endpoint
import pytest

from hdh_infra.resources import clients
from hdh_infra.resources.clients import CHECKSUMMED_OPERATIONS, Clients

EMPTY = b"<?xml version='1.0'?><Tagging><TagSet/></Tagging>"


def error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()


class Told(ThreadingHTTPServer):
    """Answers each request by the next of its script, then well; keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int | str, bytes, dict[str, str]]] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Told

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        status, content, more = self.server.script.pop(0) if self.server.script else (200, EMPTY, {})
        if status == "slow":
            time.sleep(1.5)
            status = 200
        if status == "cut":
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(int(status))
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - the base's names

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server():
    made = Told()
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """What botocore would wait between two attempts; nobody waits for it here."""
    found: list[float] = []

    class Clock:
        sleep = staticmethod(found.append)

    monkeypatch.setattr(botocore.endpoint, "time", Clock)
    return found


@pytest.fixture
def client(server, monkeypatch):
    for name in ("HDH_S3_ENDPOINT", "HDH_IAM_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def make(service="s3", **more):
        values = {"endpoint": server.url, "region": "gra", "accessKey": "a", "secretKey": "b", **more}
        return getattr(Clients(values), service)

    return make


PASSING = {
    "503 and SlowDown": (503, error("SlowDown"), {}),
    "503 without a word": (503, b"", {}),
    "500": (500, error("InternalError"), {}),
    "502 of a proxy before it": (502, b"<html>Bad Gateway</html>", {}),
    "429 of AWS": (429, error("TooManyRequestsException"), {}),
    "429 by a word of its own": (429, error("TooManyRequests"), {}),
    "429 without a word": (429, b"", {}),
    "a connection that is cut": ("cut", b"", {}),
}


@pytest.mark.parametrize(
    ("service", "name"),
    # An empty answer of IAM below 500 cannot be read by botocore at all.
    [
        (service, name)
        for service in ("s3", "iam")
        for name in PASSING
        if (service, name) != ("iam", "429 without a word")
    ],
)
def test_what_passes_by_itself_is_asked_again(server, client, waits, service, name) -> None:
    server.script = [PASSING[name]] * 2
    if service == "s3":
        assert client().get_bucket_tagging(Bucket="abc")["TagSet"] == []
    else:
        client("iam").delete_user(UserName="x")
    assert len(server.seen) == 3
    assert len(waits) == 2


def test_a_server_that_is_too_slow_is_asked_again(server, client, waits, monkeypatch) -> None:
    monkeypatch.setattr(clients, "_READ_SECONDS", 0.3)
    server.script = [("slow", EMPTY, {})]
    assert client().get_bucket_tagging(Bucket="abc")["TagSet"] == []
    assert len(server.seen) == 2


def test_a_server_says_itself_how_long_to_wait_and_nobody_waits_for_an_hour(server, client, waits) -> None:
    server.script = [(429, b"", {"Retry-After": seconds}) for seconds in ("3", "3600")]
    client().get_bucket_tagging(Bucket="abc")
    assert waits == [3.0, 20.0]


def test_without_a_word_each_wait_is_longer_than_the_one_before(server, client, waits) -> None:
    server.script = [(429, b"", {})] * 4
    client().get_bucket_tagging(Bucket="abc")
    assert len(waits) == 4
    assert all(0 < wait <= 2**index for index, wait in enumerate(waits))
    assert waits[3] > waits[0]


@pytest.mark.parametrize("status", [429, 503])
def test_it_ends_and_the_last_answer_is_told(server, client, waits, status) -> None:
    server.script = [(status, error("SlowDown"), {})] * 20
    with pytest.raises(Exception, match="SlowDown") as raised:
        client().get_bucket_tagging(Bucket="abc")
    assert len(server.seen) == 5
    assert clients.explain(raised.value).startswith("GetBucketTagging: SlowDown")


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket"), (501, "NotImplemented"), (409, "Conflict")])  # fmt: skip
def test_what_does_not_pass_is_asked_once(server, client, waits, status, code) -> None:
    server.script = [(status, error(code), {})]
    with pytest.raises(Exception, match=code):
        client().get_bucket_tagging(Bucket="abc")
    assert (len(server.seen), waits) == (1, [])


RULE = {"Mode": "COMPLIANCE", "Days": 1}
REQUESTS: dict[str, dict[str, Any]] = {
    "DeleteObjects": {"Delete": {"Objects": [{"Key": "a"}]}},
    "PutBucketLifecycleConfiguration": {"LifecycleConfiguration": {"Rules": []}},
    "PutObjectLockConfiguration": {
        "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": RULE}}
    },
    "PutBucketEncryption": {"ServerSideEncryptionConfiguration": {"Rules": []}},
    "PutBucketVersioning": {"VersioningConfiguration": {"Status": "Enabled"}},
    "PutBucketPolicy": {"Policy": "{}"},
    "PutObjectRetention": {"Key": "a", "Retention": {"Mode": "GOVERNANCE"}},
    "PutBucketTagging": {"Tagging": {"TagSet": []}},
    "PutPublicAccessBlock": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
    "PutBucketAcl": {"AccessControlPolicy": {"Owner": {"ID": "a"}, "Grants": []}},
    "PutBucketLogging": {"BucketLoggingStatus": {}},
}


def snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def test_every_operation_that_must_carry_a_checksum_is_tried_here() -> None:
    assert set(REQUESTS) == set(CHECKSUMMED_OPERATIONS)


@pytest.mark.parametrize("operation", REQUESTS)
def test_a_server_that_knows_content_md5_only_gets_it_and_no_newer_checksum(server, client, operation) -> None:
    getattr(client(contentMd5=True), snake(operation))(Bucket="abc", **REQUESTS[operation])
    ((_, _, headers, body),) = server.seen
    assert headers["content-md5"] == base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    assert not [name for name in headers if name.startswith(("x-amz-checksum", "x-amz-sdk-checksum"))]


@pytest.mark.parametrize("operation", REQUESTS)
def test_any_other_server_gets_the_newer_checksum(server, client, operation) -> None:
    getattr(client(), snake(operation))(Bucket="abc", **REQUESTS[operation])
    ((_, _, headers, _),) = server.seen
    assert "content-md5" not in headers
    assert any(name.startswith("x-amz-checksum") for name in headers)


def test_a_checksum_that_nothing_requires_is_sent_only_where_the_endpoint_is_said_to_know_it(server, client) -> None:
    for checksum in ("when_required", "when_supported"):
        client(checksum=checksum).put_object(Bucket="abc", Key="a", Body=b"x")
    lean, full = (headers for _, _, headers, _ in server.seen)
    assert not [name for name in lean if "checksum" in name or name == "x-amz-trailer"]
    assert [name for name in full if "checksum" in name or name == "x-amz-trailer"]


def sent(client, **more) -> str:
    """Where a request would go; it is answered before it leaves."""
    found: list[str] = []

    def stop(request, **_):
        found.append(request.url)
        raise InterruptedError

    made = client(endpoint="https://s3.example.com", **more)
    made.meta.events.register("before-send.s3", stop)
    with pytest.raises(InterruptedError):
        made.head_bucket(Bucket="abc")
    return found[0]


def test_a_bucket_is_a_part_of_the_host_or_of_the_path_as_the_endpoint_wants_it(client) -> None:
    assert sent(client, addressingStyle="virtual") == "https://abc.s3.example.com/"
    assert sent(client, addressingStyle="path") == "https://s3.example.com/abc"


def test_a_redirected_plan_speaks_path_style_whatever_its_cloud_wants(server, client) -> None:
    client(addressingStyle="virtual").head_bucket(Bucket="abc")
    assert server.seen[0][1] == "/abc"


def test_the_lock_is_asked_when_the_bucket_is_made_and_at_no_other_time(server, client, engine) -> None:
    """The provider's own request: a lock that is left out of it can never be had."""
    engine.servicer._clients = Clients({"endpoint": server.url, "region": "gra", "accessKey": "a", "secretKey": "b"})
    for lock in ({"mode": "compliance", "days": 1}, None):
        server.seen.clear()
        # The server answers the same to everything, so what follows the creation fails; its request is there.
        with pytest.raises(engine.Aborted):
            engine.create(
                "hdh:s3:Bucket", {"bucket": "abc", "versioning": True, "objectLock": lock, "tags": {"a": "b"}}
            )
        method, path, headers, body = server.seen[0]
        assert (method, path) == ("PUT", "/abc")
        assert headers.get("x-amz-bucket-object-lock-enabled") == ("true" if lock else None)
        assert b"<LocationConstraint>gra</LocationConstraint>" in body


def test_the_region_without_a_name_of_its_own_is_not_named_to_the_server(server, engine) -> None:
    values = {"endpoint": server.url, "region": "us-east-1", "accessKey": "a", "secretKey": "b"}
    engine.servicer._clients = Clients(values)
    with pytest.raises(engine.Aborted):
        engine.create("hdh:s3:Bucket", {"bucket": "abc", "tags": {"a": "b"}})
    assert b"LocationConstraint" not in server.seen[0][3]


def test_a_creation_whose_answer_was_lost_is_asked_again_and_then_the_bucket_is_looked_at(
    server, engine, waits
) -> None:
    engine.servicer._clients = Clients({"endpoint": server.url, "region": "gra", "accessKey": "a", "secretKey": "b"})
    policy = b'{"Statement": []}'
    server.script = [("cut", b"", {}), (409, error("BucketAlreadyOwnedByYou"), {}), *[(200, policy, {})] * 20]
    with pytest.raises(engine.Aborted, match="exists and is not ours"):
        engine.create("hdh:s3:Bucket", {"bucket": "abc"})
    assert [method for method, path, _, _ in server.seen if path == "/abc"] == ["PUT", "PUT", "HEAD"]
    assert {method for method, _, _, _ in server.seen[3:]} == {"GET"}, "nothing was set on it"


def signed_by(headers) -> str:
    return "v2" if headers["authorization"].startswith("AWS ") else "v4"


@pytest.mark.parametrize(
    ("signature", "by"),
    [("v4", ["v4", "v4", "v4", "v4"]), ("v2", ["v2"] * 4), ("v2-but-v4-for-lists", ["v2", "v2", "v4", "v4"])],
)
def test_requests_are_signed_as_the_endpoint_wants_them(server, client, signature, by) -> None:
    """Dell ECS takes version 2 for what writes and reads, and version 4 with an unsigned payload for lists and heads."""
    made = client(signature=signature)
    made.put_bucket_tagging(Bucket="abc", Tagging={"TagSet": []})
    made.get_bucket_tagging(Bucket="abc")
    made.head_bucket(Bucket="abc")
    server.script = [(200, b"<?xml version='1.0'?><ListVersionsResult/>", {})]
    made.list_object_versions(Bucket="abc")
    assert [signed_by(headers) for _, _, headers, _ in server.seen] == by


@pytest.mark.parametrize(("said", "signed"), [(True, True), (False, False)])
def test_bodies_are_signed_or_not_as_the_endpoint_wants_it(client, said, signed) -> None:
    found: list[str] = []

    def stop(request, **_):
        found.append(request.headers["x-amz-content-sha256"])
        raise InterruptedError

    made = client(endpoint="https://s3.example.com", payloadSigning=said)
    made.meta.events.register("before-send.s3", stop)
    with pytest.raises(InterruptedError):
        made.put_object(Bucket="abc", Key="a", Body=b"x")
    word = found[0].decode() if isinstance(found[0], bytes) else found[0]
    assert (word != "UNSIGNED-PAYLOAD") is signed


RULES = {"bucket": "abc", "lifecycle": [{"days": 30}], "abortUploadsDays": 7}
LOCKED = {"bucket": "abc", "versioning": True, "objectLock": {"mode": "governance", "days": 1}}


def test_rules_of_age_are_refused_before_anything_is_made_where_they_are_forbidden(engine) -> None:
    """Whoever adds one by an override would break the contract by which health data may lie there."""
    assert engine.check("hdh:s3:Bucket", RULES) == {}
    engine.configure({"lifecycle": False})
    assert set(engine.check("hdh:s3:Bucket", RULES)) == {"lifecycle", "abortUploadsDays"}
    assert engine.check("hdh:s3:Bucket", {"bucket": "abc"}) == {}


def test_a_mode_of_a_lock_that_the_endpoint_would_turn_into_another_is_refused(engine) -> None:
    assert engine.check("hdh:s3:Bucket", LOCKED) == {}
    engine.configure({"objectLockMode": "compliance"})
    assert list(engine.check("hdh:s3:Bucket", LOCKED)) == ["objectLock.mode"]
    LOCKED_HARD = {**LOCKED, "objectLock": {"mode": "compliance", "days": 1}}  # noqa: N806 - as the others
    assert engine.check("hdh:s3:Bucket", LOCKED_HARD) == {}

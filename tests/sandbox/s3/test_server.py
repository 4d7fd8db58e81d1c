"""The S3 server as a whole: it starts, holds, is private, and comes back with everything."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
import urllib.error
import urllib.request

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from hdh_infra.errors import CloudError
from hdh_infra.sandbox import s3
from hdh_infra.sandbox.s3 import keys

pytestmark = pytest.mark.end_to_end
BASE = 15330


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    directory = tmp_path_factory.mktemp("s3")
    s3.start(directory, BASE, print)
    yield directory
    s3.stop(directory)


def client(box, service: str = "s3", **credentials: str):
    environment = s3.environment(box)
    chosen = {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        **credentials,
    }
    retries = Config(retries={"total_max_attempts": 1})
    return boto3.client(
        service, endpoint_url=environment["HDH_S3_ENDPOINT"], region_name="gra", config=retries, **chosen
    )


def listening(pid: int) -> set[str]:
    connections = psutil.Process(pid).net_connections("inet")
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


def test_every_listener_is_on_loopback_and_every_private_file_is_private(box) -> None:
    running = s3.start(box, BASE, pytest.fail)
    for pid in running.pids:
        assert listening(pid) == {"127.0.0.1"}
        assert not [
            word for word in psutil.Process(pid).cmdline() if s3.environment(box)["AWS_SECRET_ACCESS_KEY"] in word
        ]
    assert stat.S_IMODE(box.stat().st_mode) == 0o700
    for name in ("secrets.json", "s3.json"):
        assert stat.S_IMODE((box / name).stat().st_mode) == 0o600
    assert "-master.telemetry=false" in psutil.Process(running.pids[0]).cmdline()


def test_a_second_start_changes_nothing(box) -> None:
    first, second = (s3.start(box, BASE, pytest.fail) for _ in range(2))
    assert first.pids == second.pids
    assert s3.status(box).running
    assert str(BASE) in str(s3.status(box))


def test_the_servers_list_nothing_that_was_not_deployed(box) -> None:
    assert client(box).list_buckets()["Buckets"] == []


def test_unsigned_requests_and_the_inner_ports_show_nothing(box) -> None:
    made = client(box)
    made.create_bucket(Bucket="private-bucket")
    made.put_object(Bucket="private-bucket", Key="a", Body=b"1")
    for port in s3.Ports(BASE).all():
        for path in ("private-bucket/a", "buckets/private-bucket/", "buckets/private-bucket/a"):
            with pytest.raises((urllib.error.URLError, OSError)) as raised:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5)
            if isinstance(raised.value, urllib.error.HTTPError):
                raised.value.close()
    made.delete_object(Bucket="private-bucket", Key="a")
    made.delete_bucket(Bucket="private-bucket")


def test_data_users_and_keys_survive_a_crash(box) -> None:
    iam, made = client(box, "iam"), client(box)
    iam.create_user(UserName="kept")
    key = iam.create_access_key(UserName="kept")["AccessKey"]
    statement = '{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::kept-bucket/*"]}'
    iam.put_user_policy(
        UserName="kept", PolicyName="p", PolicyDocument=f'{{"Version":"2012-10-17","Statement":[{statement}]}}'
    )
    keys.create_key(box, "lake-key")
    made.create_bucket(Bucket="kept-bucket")
    for name, chosen in (("plain", {}), ("aes", {"ServerSideEncryption": "AES256"})):
        made.put_object(Bucket="kept-bucket", Key=name, Body=b"kept", **chosen)
    made.put_object(
        Bucket="kept-bucket", Key="kms", Body=b"kept", ServerSideEncryption="aws:kms", SSEKMSKeyId="lake-key"
    )
    running = s3.start(box, BASE, print)
    for pid in running.pids:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 5
    while s3.status(box).started:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert s3.start(box, BASE, print).pids != running.pids
    reader = client(box, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    for name in ("plain", "aes", "kms"):
        assert reader.get_object(Bucket="kept-bucket", Key=name)["Body"].read() == b"kept"
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket="kept-bucket", Key="plain", Body=b"2")

    keys.delete_key(box, "lake-key")
    with pytest.raises(ClientError):
        made.get_object(Bucket="kept-bucket", Key="kms")
    assert made.get_object(Bucket="kept-bucket", Key="aes")["Body"].read() == b"kept"
    for name in ("plain", "aes", "kms"):
        made.delete_object(Bucket="kept-bucket", Key=name)
    made.delete_bucket(Bucket="kept-bucket")
    iam.delete_user(UserName="kept")


def test_an_object_under_an_unknown_key_is_refused(box) -> None:
    made = client(box)
    made.create_bucket(Bucket="unknown-key")
    with pytest.raises(ClientError):
        made.put_object(
            Bucket="unknown-key", Key="a", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId="no-such-key"
        )
    assert "Contents" not in made.list_objects_v2(Bucket="unknown-key")
    made.delete_bucket(Bucket="unknown-key")


def test_a_taken_port_is_told_by_its_number(tmp_path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CloudError, match=f"port {port} is taken"):
            s3.start(tmp_path / "box", port, print)
        assert not s3.status(tmp_path / "box").started


def test_a_box_that_does_not_run_is_stopped_without_a_word(tmp_path) -> None:
    s3.stop(tmp_path / "nothing")
    assert s3.status(tmp_path / "nothing").endpoint is None
    with pytest.raises(CloudError, match="hdh sandbox up"):
        s3.environment(tmp_path / "nothing")

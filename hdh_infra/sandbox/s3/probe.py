"""Whether a server really serves: an object put and read, not a port that is open.

The probe's bucket is removed again, so that what a server lists is what was deployed.
"""

from __future__ import annotations

import contextlib
import secrets as random
import time
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hdh_infra.sandbox.s3.box import Secrets
    from hdh_infra.sandbox.s3.processes import Daemon

_LOOK_SECONDS: Final = 0.2
_CONNECT_SECONDS: Final = 2
# A starting server takes a request and answers seconds later: given up earlier, its bucket would appear after the sweep.
_ANSWER_SECONDS: Final = 20
_PREFIX: Final = "hdh-sandbox-probe-"


def client(endpoint: str, secrets: Secrets) -> Any:
    """An S3 client of the deployer that asks once."""
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=secrets.access_key,
        aws_secret_access_key=secrets.secret_key,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_ANSWER_SECONDS,
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )


def answers(endpoint: str, secrets: Secrets) -> bool:
    """Whether an object can be put and read now."""
    from botocore.exceptions import BotoCoreError, ClientError

    s3 = client(endpoint, secrets)
    bucket = _PREFIX + random.token_hex(6)
    try:
        s3.create_bucket(Bucket=bucket)
    except (BotoCoreError, ClientError):
        return False
    try:
        s3.put_object(Bucket=bucket, Key="probe", Body=b"hdh")
        read: bytes = s3.get_object(Bucket=bucket, Key="probe")["Body"].read()
    except (BotoCoreError, ClientError):
        return False
    else:
        return read == b"hdh"
    finally:
        with contextlib.suppress(BotoCoreError, ClientError):
            s3.delete_object(Bucket=bucket, Key="probe")
        with contextlib.suppress(BotoCoreError, ClientError):
            s3.delete_bucket(Bucket=bucket)


def wait_until_ready(
    endpoint: str, secrets: Secrets, daemons: tuple[Daemon, ...], seconds: float, say: Callable[[str], None]
) -> None:
    """Return once the server answers.

    Raises:
        CloudError: a process ended, or the time is over; the message holds the process's last words.
    """
    end = time.monotonic() + seconds
    say("S3 server: waiting until an object can be put and read")
    while not answers(endpoint, secrets):
        for daemon in daemons:
            if daemon.pid() is None:
                raise CloudError(f"sandbox {daemon.name}", f"ended: {daemon.last_words()}", f"Read {daemon.log}")
        if time.monotonic() > end:
            raise CloudError("sandbox S3 server", f"does not answer after {seconds:.0f} s", f"Read {daemons[0].log}")
        time.sleep(_LOOK_SECONDS)
    _sweep(endpoint, secrets)


def _sweep(endpoint: str, secrets: Secrets) -> None:
    """Remove the buckets of probes that met a server which could make a bucket but not yet remove it."""
    s3 = client(endpoint, secrets)
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"].startswith(_PREFIX):
            s3.delete_object(Bucket=bucket["Name"], Key="probe")
            s3.delete_bucket(Bucket=bucket["Name"])

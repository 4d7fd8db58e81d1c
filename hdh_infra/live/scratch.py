"""Scratch buckets that are always removed: at the end, after an error, and when the process is told to stop.

What a killed process left behind is removed by the next probe. Only buckets of exactly this form of name are
touched, and only where nothing lies in them but what a probe puts there.
"""

from __future__ import annotations

import datetime
import re
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, final

PREFIX = "hdh-probe-"
KEY = "hdh-probe/"
"""Where the names of a probe's objects begin."""
_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{12}}")
_STALE = datetime.timedelta(minutes=30)
"""A probe lasts less: an older bucket is nobody's."""
_REMOVAL_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_STOPPING = (signal.SIGTERM, signal.SIGHUP)


@final
class Scratch:
    """The buckets of one probe."""

    def __init__(self, s3: Any) -> None:
        """Keep the client; nothing is made yet."""
        self._s3 = s3
        self.names: list[str] = []
        self.left: list[str] = []
        """Buckets that could not be removed."""

    def make(self, **how: Any) -> str:
        """Make one bucket; its name. Raises what botocore raises; it is removed even where only the answer was lost."""
        name = f"{PREFIX}{secrets.token_hex(6)}"
        self.names.append(name)
        self._s3.create_bucket(Bucket=name, **how)
        return name

    def remove(self) -> None:
        """Remove all buckets; what is locked for seconds is waited for."""
        end = time.monotonic() + _REMOVAL_SECONDS
        for name in self.names:
            while not remove_bucket(self._s3, name):
                if time.monotonic() > end:
                    self.left.append(name)
                    break
                time.sleep(_LOOK_SECONDS)
        self.names = []


@contextmanager
def scratch(s3: Any) -> Iterator[Scratch]:
    """Scratch buckets for a block of code; they are gone when it ends, however it ends."""
    made = Scratch(s3)
    with _told_to_stop() as shielded:
        try:
            yield made
        finally:
            shielded()
            made.remove()


@contextmanager
def _told_to_stop() -> Iterator[Any]:
    """Make the word to stop an interruption, which runs what stands in `finally`; what is given shields from a second one."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = {one: signal.getsignal(one) for one in (*_STOPPING, signal.SIGINT)}

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for one in _STOPPING:
        signal.signal(one, stop)

    def shield() -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)

    try:
        yield shield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def sweep(s3: Any, now: datetime.datetime) -> list[str]:
    """Remove what killed probes of these credentials left behind; their names.

    Args:
        s3: the client.
        now: the server's own time.
    """
    gone = []
    for one in s3.list_buckets().get("Buckets", []):
        name, made = str(one["Name"]), one.get("CreationDate")
        if not _NAME.fullmatch(name) or made is None or now - made < _STALE:
            continue
        if all(key.startswith(KEY) for key, _ in _versions(s3, name)) and remove_bucket(s3, name):
            gone.append(name)
    return gone


def remove_bucket(s3: Any, name: str) -> bool:
    """Remove a bucket with all versions of what is in it; False where something in it is still locked, or nothing answered."""
    from botocore.exceptions import BotoCoreError, ClientError

    from hdh_infra.resources.clients import code, status

    with suppress(BotoCoreError, ClientError):
        s3.delete_bucket_policy(Bucket=name)
    try:
        for key, version in _versions(s3, name):
            extra = {"VersionId": version} if version else {}
            try:
                s3.delete_object(Bucket=name, Key=key, BypassGovernanceRetention=True, **extra)
            except ClientError:
                # A server that knows no such word may take the plain one; what is locked is refused here as well.
                s3.delete_object(Bucket=name, Key=key, **extra)
        s3.delete_bucket(Bucket=name)
    except ClientError as error:
        return code(error) == "NoSuchBucket" or status(error) == _NOT_FOUND
    except BotoCoreError:
        return False
    return True


_NOT_FOUND = 404


def _versions(s3: Any, name: str) -> list[tuple[str, str | None]]:
    """Every version and marker by key; of a server without versions, every object."""
    from botocore.exceptions import ClientError

    try:
        pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=name))
    except ClientError:
        objects = s3.list_objects_v2(Bucket=name).get("Contents", [])
        return [(str(one["Key"]), None) for one in objects]
    return [
        (str(one["Key"]), one.get("VersionId"))
        for page in pages
        for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    ]

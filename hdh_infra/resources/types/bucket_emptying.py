"""Whether a bucket holds anything, and emptying it of all versions.

It deliberately never bypasses a lock: what is locked stays, and is told with the date it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources.clients import code, status
from hdh_infra.resources.types.base import Call, ResourceError

if TYPE_CHECKING:
    from datetime import datetime

# Each locked version costs two calls to ask for its date; a very large archive is told by its first ones.
_LOCKS_ASKED: Final = 200
_NOT_IMPLEMENTED: Final = 501


def holds_anything(s3: Any, bucket: str) -> bool:
    """Whether there is an object, an old version or a delete marker.

    Asked before every deletion: some servers (SeaweedFS 4.48) delete a versioned bucket with all its
    versions when they are told to delete the bucket.
    """
    try:
        answer = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    except Exception as error:
        if status(error) != _NOT_IMPLEMENTED:
            raise
        # A server without versions has its objects only.
        return bool(s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents"))
    return bool(answer.get("Versions") or answer.get("DeleteMarkers"))


def empty(call: Call, bucket: str) -> None:
    """Abort unfinished uploads and delete all versions and markers.

    Raises:
        ResourceError: some versions are locked or could not be deleted; all others are gone.
    """
    s3 = call.clients.s3
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    refused: list[dict[str, Any]] = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        call.stop_if_cancelled()
        versions = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in page.get("Versions", []) + page.get("DeleteMarkers", [])
        ]
        if versions:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
            refused += answer.get("Errors", [])
    if refused:
        raise ResourceError(_told(s3, bucket, refused))


def _told(s3: Any, bucket: str, refused: list[dict[str, Any]]) -> str:
    """How many versions stay, why, and until when."""
    until: list[datetime] = []
    held = 0
    for entry in refused[:_LOCKS_ASKED]:
        version = {"Bucket": bucket, "Key": entry["Key"], "VersionId": entry["VersionId"]}
        date = _answer(s3.get_object_retention, version).get("Retention", {}).get("RetainUntilDate")
        if date is not None:
            until.append(date)
        held += _answer(s3.get_object_legal_hold, version).get("LegalHold", {}).get("Status") == "ON"
    count = f"{len(refused)} object version{'s' if len(refused) > 1 else ''}"
    if not until and not held:
        return f"bucket {bucket}: {count} could not be deleted ({refused[0].get('Code')}): look at the rights of the credentials"
    holds = f"{held} under legal hold" if held else ""
    date_told = f"the last lock ends {max(until):%Y-%m-%dT%H:%M:%SZ}" if until else ""
    if len(refused) > _LOCKS_ASKED:
        date_told += f" as far as the first {_LOCKS_ASKED} say"
    reasons = ", ".join(filter(None, (date_told, holds)))
    return (
        f"bucket {bucket}: {count} locked and kept ({reasons}): all others are deleted; destroy again after that date"
    )


def _answer(question: Any, version: dict[str, str]) -> dict[str, Any]:
    """The answer, or {} where the server says that this version has no such lock."""
    try:
        answer: dict[str, Any] = question(**version)
    except Exception as error:
        if code(error):
            return {}
        raise
    return answer

"""`hdh:s3:Bucket`: one bucket of any S3 endpoint.

Everything is read back from the server after it is set; a setting that a server accepts in silence and
does not hold is a failure. The bucket's objects are deliberately not managed, and a bucket that holds
any is deleted only with `forceDestroy`. Nobody else's bucket is ever taken over: import it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources import config
from hdh_infra.resources.clients import code, explain
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import Call, HalfMadeError, Live, ResourceError, ResourceType
from hdh_infra.resources.types.bucket_emptying import empty, holds_anything
from hdh_infra.resources.types.bucket_lifecycle import check_rules, rules_asked, same_rules
from hdh_infra.resources.types.bucket_logging import check_logging
from hdh_infra.resources.types.bucket_owning import ForeignError, foreign, is_ours, refuse_a_foreign_bucket
from hdh_infra.resources.types.bucket_reading import is_gone, read_bucket, read_fresh
from hdh_infra.resources.types.bucket_writing import STEPS
from hdh_infra.resources.values import UNKNOWN, Change, canonical_policy, has_unknown, is_unknown, join, without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Before the id of a key, as Scaleway's provider writes it; its S3 endpoint takes the bare id
# (scaleway/docs-content pages/object-storage/api-cli/enable-sse-kms.mdx, 2026-06-04).
_REGIONAL: Final = re.compile(r"^[a-z]{2}-[a-z]{3}/(?=[0-9a-f-]{36}$)")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MOST_TAGS: Final = 49  # of the 50 that S3 allows, one is the mark
# The region whose name S3 servers refuse as a location constraint: it is the one without a constraint.
_UNNAMED_REGION: Final = "us-east-1"
_SETTINGS: Final = (
    "versioning",
    "tags",
    "forceDestroy",
    "objectLock",
    "policy",
    "encryption",
    "publicAccessBlock",
    "lifecycle",
    "abortUploadsDays",
    "logging",
    "logDelivery",
)
# Settings that leaving out means to have none of; an ACL is never asked for in its own words.
_NONE_UNLESS_ASKED: Final = ("acl", "lifecycle", "logDelivery", "logging", "objectLock", "policy", "withheld")
# What is written whole: log delivery is a part of the ACL, the end of uploads one of the rules of age.
_STEP_OF: Final = {"logDelivery": "acl", "abortUploadsDays": "lifecycle"}
# Settings that a server may have without being asked, so that leaving them out means "as the server has it".
_SERVERS_OWN: Final = frozenset({"encryption", "publicAccessBlock", "abortUploadsDays"})


class Bucket(ResourceType):
    """A bucket and its settings."""

    token: ClassVar[str] = "hdh:s3:Bucket"  # noqa: S105 - a type token
    defaults: ClassVar[Mapping[str, Any]] = {"versioning": False, "tags": {}, "forceDestroy": False}

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """Names, tags, locks and policies as S3 has them."""
        yield from _check_name(inputs.get("bucket"))
        tags = inputs.get("tags") or {}
        if not is_unknown(tags):
            for key in tags:
                if not key or key.startswith(("aws:", "hdh-")):
                    yield Failure(join("tags", key), "tag keys are not empty, and aws: and hdh- are reserved")
            if len(tags) > _MOST_TAGS:
                yield Failure("tags", f"{len(tags)} tags: at most {_MOST_TAGS}")
        lock = inputs.get("objectLock")
        if lock is not None and not is_unknown(lock):
            if inputs.get("versioning") in (None, False):
                yield Failure("versioning", "object lock protects versions: set versioning to true")
            if not is_unknown(lock["days"]) and lock["days"] < 1:
                yield Failure("objectLock.days", "must be 1 or more")
        encryption = inputs.get("encryption")
        if (
            isinstance(encryption, dict)
            and encryption["algorithm"] == "AES256"
            and encryption.get("kmsKeyId") is not None
        ):
            yield Failure("encryption.kmsKeyId", "AES256 uses the server's own key: set algorithm to aws:kms")
        uploads = inputs.get("abortUploadsDays")
        if uploads is not None and not is_unknown(uploads) and uploads < 1:
            yield Failure("abortUploadsDays", "must be 1 or more")
        yield from check_logging(inputs)
        yield from check_rules(inputs.get("lifecycle"), inputs.get("versioning"))
        yield from check_policy(inputs.get("policy"))

    def check_limits(self, inputs: Mapping[str, Any], limits: config.Limits) -> Iterator[Failure]:
        """No rules of age where they are forbidden, and no mode of a lock that the endpoint would turn into another."""
        if not limits.lifecycle:
            for name in ("lifecycle", "abortUploadsDays"):
                if inputs.get(name):
                    yield Failure(
                        name, "this endpoint has no rules of age, or they are forbidden there (hdh:lifecycle is false)"
                    )
        lock, only = inputs.get("objectLock"), limits.lock_mode
        if only is not None and isinstance(lock, dict) and lock.get("mode") not in {None, only, UNKNOWN}:
            yield Failure("objectLock.mode", f"this endpoint locks in {only} mode, whatever is asked: write {only}")

    def complete(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """As the base has it; a log prefix that is left out is empty, a key is named by its bare id, and what the sandbox's server lacks is withheld."""
        found = super().complete(inputs)
        if isinstance(found.get("logging"), dict):
            found["logging"] = {"targetPrefix": "", **without_nulls(found["logging"])}
        if isinstance(found.get("encryption"), dict) and isinstance(key := found["encryption"].get("kmsKeyId"), str):
            found["encryption"] = {**found["encryption"], "kmsKeyId": _REGIONAL.sub("", key)}
        if withheld := sorted(name for name in config.lacking() if found.pop(name, None) is not None):
            found["withheld"] = withheld
        return found

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A bucket is its name."""
        return (inputs.get("bucket"),)

    def changes(
        self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> list[Change]:
        """As the base has it; policies are compared by meaning, keys by their id with or without its ARN."""
        kept = []
        for change in super().changes(outputs, old_inputs, inputs):
            old, new = outputs.get(change.top), inputs.get(change.top)
            if change.top == "policy" and isinstance(new, str) and canonical_policy(old) == canonical_policy(new):
                continue
            if change.top == "lifecycle" and same_rules(old, new):
                continue
            if change.top == "logDelivery" and not is_unknown(new) and bool(old) == bool(new):
                continue
            # A block that is not asked for and one that is not there are the same; a server without it has nothing to undo.
            if change.top == "publicAccessBlock" and not is_unknown(new) and bool(old) == bool(new):
                continue
            if change.path == "encryption.kmsKeyId" and _same_key(old, new, old_inputs.get("encryption")):
                continue
            kept.append(change)
        return kept

    def asked(self, inputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> list[str]:
        """No lock, policy, rule of age, log or grant is asked for by leaving it out; encryption and the block are then the server's own."""
        return sorted({*super().asked(inputs, old_inputs), *_NONE_UNLESS_ASKED})

    def replaces(self, outputs: Mapping[str, Any], inputs: Mapping[str, Any], change: Change) -> bool:
        """Adding or removing the lock makes a new bucket; changing its mode or days does not."""
        return change.top == "objectLock" and (outputs.get("objectLock") is None) != (inputs.get("objectLock") is None)

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All inputs; the ARN follows from the name."""
        name = inputs["bucket"]
        arn = UNKNOWN if is_unknown(name) else f"arn:aws:s3:::{name}"
        return {**inputs, "arn": arn, "region": UNKNOWN, "owner": UNKNOWN}

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make the bucket, or go on with our own half-made one; then set it up and read it back."""
        name, s3 = inputs["bucket"], call.clients.s3
        request: dict[str, Any] = {"Bucket": name}
        region = call.clients.settings.region
        if region != _UNNAMED_REGION:
            request["CreateBucketConfiguration"] = {"LocationConstraint": region}
        if inputs.get("objectLock") is not None:
            request["ObjectLockEnabledForBucket"] = True
        try:
            s3.create_bucket(**request)
        except Exception as error:
            if code(error) not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
            refuse_a_foreign_bucket(call, inputs)
            return name, self._settle(call, name, inputs, {})
        return name, self._settle(call, name, inputs, {}, fresh=True)

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """All from the server but `forceDestroy` and what was withheld, which no server knows."""
        live = read_bucket(call.clients, identity)
        if live is None:
            return None
        kept = without_nulls({"withheld": outputs.get("withheld")})
        return {**live.outputs, **kept, "forceDestroy": bool(outputs.get("forceDestroy", False))}

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What was asked before, brought up to date; what a server adds unasked (its default encryption) stays out."""
        found = {"bucket": outputs["bucket"]}
        for name in _SETTINGS:
            held, before = outputs.get(name), old_inputs.get(name)
            servers_own = name in _SERVERS_OWN and before is None and bool(old_inputs)
            if before is not None or (not servers_own and held not in (None, False, self.defaults.get(name))):
                found[name] = held
        before = old_inputs.get("policy")
        if isinstance(before, str) and canonical_policy(before) == canonical_policy(found.get("policy")):
            found["policy"] = before
        if (rules := found.get("lifecycle")) is not None:
            before = old_inputs.get("lifecycle")
            found["lifecycle"] = before if before is not None and same_rules(rules, before) else rules_asked(rules)
        return without_nulls(found)

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Set what differs from the server as it is now, whatever the state remembers."""
        return self._settle(call, identity, inputs, old_inputs)

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Refuse a bucket that holds anything, or empty it where `forceDestroy` says so."""
        try:
            _refuse_to_lose(call, identity, outputs)
            if outputs.get("forceDestroy"):
                empty(call, identity)
            call.clients.s3.delete_bucket(Bucket=identity)
        except Exception as error:
            if not is_gone(error):
                raise

    def _settle(
        self,
        call: Call,
        name: str,
        inputs: dict[str, Any],
        old_inputs: Mapping[str, Any],
        *,
        fresh: bool = False,
    ) -> dict[str, Any]:
        """Apply what differs and read back; whatever goes wrong leaves a half-made bucket that the state knows."""
        live: Live | None = None
        try:
            live = (read_fresh(call.clients, name) if fresh else None) or _present(call, name)
            if fresh and not is_ours(call, name, live):
                # Some servers answer a success for a bucket that its owner had before.
                raise ForeignError(foreign(name))  # noqa: TRY301 - said where the bucket was read
            changed = {
                _STEP_OF.get(change.top, change.top) for change in self.changes(live.outputs, old_inputs, inputs)
            }
            if live.mark != call.mark:
                changed.add("tags")
            for setting, apply in STEPS.items():
                if setting in changed:
                    call.stop_if_cancelled()
                    apply(call, name, inputs)
            live = _present(call, name)
            left = [
                change.path
                for change in self.changes(live.outputs, {}, inputs)
                if _STEP_OF.get(change.top, change.top) in STEPS
            ]
            if left:
                raise ResourceError(  # noqa: TRY301 - one way out for everything that leaves a half-made bucket
                    f"bucket {name}: the server accepted {', '.join(left)} but does not show it: "
                    "it does not have this; leave the property out or use another endpoint"
                )
        except ForeignError:
            raise
        except Exception as error:
            kept = {"bucket": name, "arn": f"arn:aws:s3:::{name}"} if live is None else _again(call, name, live).outputs
            raise HalfMadeError(name, {**kept, "forceDestroy": inputs["forceDestroy"]}, explain(error)) from error
        kept = without_nulls({"withheld": inputs.get("withheld"), "forceDestroy": inputs["forceDestroy"]})
        return {**live.outputs, **_own_words(live, inputs), **kept}


def _check_name(name: Any) -> Iterator[Failure]:
    if is_unknown(name) or name is None:
        return
    if not _NAME.fullmatch(name) or ".." in name or _is_address(name):
        yield Failure(
            "bucket", f"{name!r} is no bucket name: 3 to 63 of a-z, 0-9, '-' and '.', first and last a letter or digit"
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def check_policy(policy: Any) -> Iterator[Failure]:
    """Whether a policy is a JSON object with statements; its meaning is the server's to judge."""
    if policy is None or has_unknown(policy):
        return
    try:
        document = json.loads(policy)
    except ValueError as error:
        yield Failure("policy", f"is not JSON: {error}")
        return
    if not isinstance(document, dict) or not document.get("Statement"):
        yield Failure("policy", "must be a JSON object with at least one Statement; for no policy leave it out")


def _same_key(old: Any, new: Any, before: Any) -> bool:
    """Whether two ids are one key: servers answer the bare id or its ARN, and name their own where none is asked."""
    held, wanted = (side.get("kmsKeyId") if isinstance(side, dict) else None for side in (old, new))
    if new is not None and wanted is None:
        return not (isinstance(before, dict) and before.get("kmsKeyId") is not None)
    if not isinstance(held, str) or not isinstance(wanted, str):
        return False
    long, short = sorted((held, wanted), key=len, reverse=True)
    return long.startswith("arn:") and not short.startswith("arn:") and long.endswith(f"/{short}")


def _refuse_to_lose(call: Call, name: str, outputs: Mapping[str, Any]) -> None:
    if not outputs.get("forceDestroy") and holds_anything(call.clients.s3, name):
        raise ResourceError(f"bucket {name} is not empty and is kept: set forceDestroy, run `pulumi up`, then destroy")


def _present(call: Call, name: str) -> Live:
    live = read_bucket(call.clients, name)
    if live is None:
        raise ResourceError(f"bucket {name} is gone: run `pulumi refresh`, then `pulumi up`")
    return live


def _again(call: Call, name: str, before: Live) -> Live:
    """What is there after a failure; the last known answer where even that cannot be asked."""
    try:
        return read_bucket(call.clients, name) or before
    except Exception:  # noqa: BLE001 - the first failure is the one to be told
        return before


def _own_words(live: Live, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Values that the server holds in other words than ours, in ours: they would show as changes for ever."""
    words = {}
    if canonical_policy(live.outputs.get("policy")) == canonical_policy(inputs.get("policy")) and inputs.get("policy"):
        words["policy"] = inputs["policy"]
    return words

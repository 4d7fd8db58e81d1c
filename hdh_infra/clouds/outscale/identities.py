"""Who opens which bucket: OUTSCALE accounts, since object storage knows neither machines nor users of EIM.

EIM is not compatible with OOS, and the principal of a bucket's policy is an account
(docs.outscale.com/en/userguide: About-EIM, EIM-Policy-Elements, Bucket-Policy-Configuration-Reference, read 2026-11-25).
The account that owns the buckets opens them all and may do everything besides, so that no machine is given a key of it. A
zone, space or machine that is to use stores has an account of its own, which the settings of the target name
(`accounts`); its rights stand in the bucket's policy, and a person puts its access key into the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.outscale.naming import INSTANCE
from hdh_infra.clouds.outscale.reading import Reader, document, listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value
from hdh_infra.model.links import Right
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Access

BY_ACCESS_KEY = "access-key"
EVERYONE = "*"
_LOOKING = ("s3:GetBucketLocation", "s3:ListBucket")
_BUCKET: Mapping[Access, tuple[str, ...]] = {Access.write: _LOOKING, Access.read: _LOOKING, Access.append: ()}
_OBJECT: Mapping[Access, tuple[str, ...]] = {
    Access.write: ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    Access.read: ("s3:GetObject",),
    Access.append: ("s3:PutObject",),
}
_READING = frozenset({"s3:getobject", "s3:getobjectversion", "s3:listbucket", "s3:listbucketversions"})
_PUTTING = "s3:putobject"
_HARMLESS = frozenset({"s3:getbucketlocation", "s3:getbucketversioning", "s3:createmultipartupload"})
_LISTS = {"READ": Access.read}
"""What a permission of an ACL comes to; whatever else lets write, or give itself everything."""


def account_of(accounts: Mapping[str, str], machine: str) -> str | None:
    """The account whose key a machine has: its own, else that of its zone or space."""
    return accounts.get(machine) or accounts.get(network_path(machine) or "")


def policy_of(context: Context, store: str, bucket: str) -> dict[str, Value] | None:
    """The policy of a store's bucket: what each account may do, that of whoever has a right; None where nobody has."""
    by_access: dict[Access, set[str]] = {}
    for right in context.expanded.rights_on.get(store, ()):
        account = account_of(context.settings.accounts, right.principal)
        if account is not None and not right.of_group:
            by_access.setdefault(right.access, set()).add(account)
    if not by_access:
        return None
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{one}:root" for one in sorted(by_access[access])]},
                "Action": list(actions),
                "Resource": f"arn:aws:s3:::{bucket}{tail}",
            }
            for access in sorted(by_access)
            for actions, tail in ((_BUCKET[access], ""), (_OBJECT[access], "/*"))
            if actions
        ],
    }


def lower_right(context: Context, right: Right) -> tuple[()]:
    """Nothing of its own: a bucket has one policy, which says the rights of all."""
    del context, right
    return ()


def manual_keys(context: Context) -> Iterator[ManualStep]:
    """Putting an account's key into each machine: OUTSCALE has no identity that it could give a machine without a secret."""
    accounts = context.settings.accounts
    for machine in context.expanded.machines:
        rights = context.expanded.rights_of.get(machine, ())
        if not rights or not context.expanded.machines[machine].identity:
            continue
        account = account_of(accounts, machine)
        stores = ", ".join(sorted({right.store for right in rights}))
        if account is None:
            yield ManualStep(
                what=f"give {machine} an OUTSCALE account of its own, which opens {stores} and nothing else",
                who="whoever has the accounts of the organisation",
                command=f"order an account, and write its id as targets: {{…: {{accounts: {{{machine}: ID}}}}}}; never put a key of the account that owns the buckets into a machine",
                proof="the next plan has the account in the policies of these stores",
            )
        else:
            yield ManualStep(
                what=f"put an access key of the account {account} into {machine}, and nowhere else",
                who="the administrator of the machine",
                command="in that account: osc-cli api CreateAccessKey; write it to /etc/hdh/s3 in the machine (mode 0600)",
                proof="the machine lists its bucket; another bucket is refused",
            )


@final
@dataclass
class Rights:
    """What one element's key opens, by the native path of a bucket."""

    accesses: dict[str, frozenset[Access]] = field(default_factory=dict)

    def add(self, bucket: str, more: Iterable[Access]) -> None:
        """What a further statement lets it do."""
        self.accesses[bucket] = self.accesses.get(bucket, frozenset()) | frozenset(more)


def let_in(bucket: Native) -> Iterator[tuple[str, frozenset[Access]]]:
    """Whom a bucket's own policy and ACL name and what they let each do; whoever asks is `*`. What a policy denies, and conditions, are not trusted to narrow it."""
    for one in listed(bucket.properties.get("acl")):
        yield str(one.get("grantee")), frozenset({_LISTS.get(str(one.get("permission")), Access.write)})
    for statement in listed(document(bucket.properties.get("policy")).get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        accesses = _accesses(statement, bucket)
        principal = statement.get("Principal")
        named = principal.values() if isinstance(principal, Mapping) else [principal]
        names = {str(one) for some in named for one in listed(some)}
        if "NotPrincipal" in statement:
            names = {EVERYONE}
        for name in sorted(names):
            if accesses:
                yield _account(name), accesses


def _account(principal: str) -> str:
    """The account of a principal: `arn:aws:iam::123456789012:root`, or the number alone."""
    parts = principal.split(":")
    return parts[4] if principal.startswith("arn:") and len(parts) > 4 and parts[4] else principal  # noqa: PLR2004 - of an ARN


def _accesses(statement: Mapping[str, Any], bucket: Native) -> frozenset[Access]:
    """What the actions of a statement come to; what is turned round, has a pattern, or rules the bucket is writing."""
    if "NotAction" in statement:
        return frozenset({Access.write})
    actions = {str(one).lower() for one in listed(statement.get("Action"))}
    keeps = bool(bucket.properties.get("versioning")) or bucket.properties.get("objectLock") is not None
    rest = actions - _READING - _HARMLESS - {_PUTTING}
    if any(not one.startswith(("s3:get", "s3:list")) or "*" in one for one in rest) or (
        _PUTTING in actions and not keeps
    ):
        return frozenset({Access.write})
    found = {Access.read} if actions & _READING else set()
    return frozenset(found | ({Access.append} if _PUTTING in actions else set()))


def observe_rights(reader: Reader) -> dict[str, Rights]:
    """By machine with an account: what its key opens."""
    accounts = reader.site.settings.accounts
    machines = sorted({one.element for one in reader.natives.of_type(INSTANCE)}) if accounts else ()
    by_account: dict[str, list[str]] = {}
    for machine in machines:
        if (account := account_of(accounts, machine)) is not None:
            by_account.setdefault(account, []).append(machine)
    found: dict[str, Rights] = {}
    for bucket in reader.buckets.values():
        for account, accesses in let_in(bucket):
            for machine in by_account.get(account, ()):
                found.setdefault(machine, Rights()).add(bucket.path, accesses)
    return found


def observe_grants(reader: Reader, rights: Mapping[str, Rights]) -> dict[str, list[str]]:
    """By the native path of a bucket, who may do what with it, as the spec says it; accounts that nobody is known by stand by their number."""
    known = set(reader.site.settings.accounts.values())
    found: dict[str, set[str]] = {bucket.path: set() for bucket in reader.buckets.values()}
    for bucket in reader.buckets.values():
        for account, accesses in let_in(bucket):
            if account not in known:
                found[bucket.path] |= {f"{account} {access}" for access in accesses}
    for machine, mine in rights.items():
        for path, accesses in mine.accesses.items():
            strongest = {Access.write} if Access.write in accesses else accesses
            found[path] |= {f"{machine} {access}" for access in strongest}
    return {path: sorted(words) for path, words in found.items()}

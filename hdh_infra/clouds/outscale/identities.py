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
from typing import final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.documents import BUCKET_ACTIONS, OBJECT_ACTIONS, let_in
from hdh_infra.clouds.outscale.naming import INSTANCE
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value
from hdh_infra.model.links import Right
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Access

BY_ACCESS_KEY = "access-key"
_ACCOUNT_PART = 4
"""Of an ARN: `arn:aws:iam::123456789012:root`."""


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
            for actions, tail in ((BUCKET_ACTIONS[access], ""), (OBJECT_ACTIONS[access], "/*"))
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


def _let_in(bucket: Native) -> Iterator[tuple[str, frozenset[Access]]]:
    """Which accounts a bucket's own policy and ACL name, and what they let each do."""
    for principal, accesses in let_in(bucket):
        parts = principal.split(":")
        arn = parts[0] == "arn" and len(parts) > _ACCOUNT_PART
        yield (parts[_ACCOUNT_PART] or principal) if arn else principal, accesses


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
        for account, accesses in _let_in(bucket):
            for machine in by_account.get(account, ()):
                found.setdefault(machine, Rights()).add(bucket.path, accesses)
    return found


def observe_grants(reader: Reader, rights: Mapping[str, Rights]) -> dict[str, list[str]]:
    """By the native path of a bucket, who may do what with it, as the spec says it; accounts that nobody is known by stand by their number."""
    known = set(reader.site.settings.accounts.values())
    found: dict[str, set[str]] = {bucket.path: set() for bucket in reader.natives.of_type(BUCKET)}
    for bucket in reader.buckets.values():
        for account, accesses in _let_in(bucket):
            if account not in known:
                found[bucket.path] |= {f"{account} {access}" for access in accesses}
    for machine, mine in rights.items():
        for path, accesses in mine.accesses.items():
            strongest = {Access.write} if Access.write in accesses else accesses
            found[path] |= {f"{machine} {access}" for access in strongest}
    return {path: sorted(words) for path, words in found.items()}

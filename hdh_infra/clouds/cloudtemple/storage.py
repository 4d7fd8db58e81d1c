"""Stores as buckets of Cloud Temple's object storage, the accounts of machines and what they may do; and reading them back.

Buckets, accounts and lists are the provider's own. A bucket answers to whoever comes from an allowed address with a key of an
account that its list names (Cloud-Temple/docs docs/storage/oss/faq.md, quickstart.md, read 2026-11-25). Rules of age and the
protection against deletion are set elsewhere: by the S3 API with a global key, and in the console.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.cloudtemple.naming import ACCOUNT, BUCKET, ENTRY, make, shared_name
from hdh_infra.clouds.cloudtemple.reading import Reader
from hdh_infra.clouds.crossing import machine_of, may_have_rights, need_path, needs_of
from hdh_infra.clouds.filters import ANYWHERE, network_of
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Right
from hdh_infra.model.paths import kind_of
from hdh_infra.model.scales import Access

OWN_ADDRESSES = "private"
"""Access from the tenant's own public addresses alone, which Cloud Temple keeps up by itself."""
BY_ACCESS_KEY = "access-key"
ROLES: Mapping[Access, str] = {Access.read: "read_only", Access.append: "write_only", Access.write: "read_write"}
"""`write_only` has s3:*Object, and so deletes and reads as well: nothing appends only (docs/storage/oss/quickstart.md)."""
_MEANS: Mapping[str, Access] = {"read_only": Access.read}
"""What a role comes to; every other one writes."""


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a bucket that answers to the tenant's own addresses alone, with versions as asked."""
    yield make(
        f"{path}/bucket",
        BUCKET,
        {
            "name": shared_name(context, path),
            "accessType": OWN_ADDRESSES,
            "versioning": "Enabled" if context.expanded.stores[path].versioning else "Suspended",
        },
        outputs=("endpoint",),
        protect=True,
        fixed=True,
    )


def has_account(context: Context, machine: str) -> bool:
    """Whether a machine has an account of its own: it runs, is to have an identity, and may come to a right on a store."""
    running = context.expanded.machines.get(machine)
    return running is not None and running.identity and may_have_rights(context, machine)


def _holders(context: Context) -> Iterator[tuple[str, str]]:
    """Where accounts have their paths, and the machine that each is for."""
    for machine in context.expanded.machines:
        if has_account(context, machine):
            yield machine, machine
    for network in context.expanded.networks:
        yield from ((base, machine) for base, machine in needs(context, network))


def needs(context: Context, network: str) -> Iterator[tuple[str, str]]:
    """Accounts that a space alone has a zone's machine given: they come and go with it."""
    if network.startswith("space/"):
        for machine, need in needs_of(context, network).items():
            if need.credentials:
                yield need_path(network, machine), machine


def lower_account(context: Context, base: str) -> Node:
    """The account of one holder; its key is the plan's only secret."""
    return make(
        f"{base}/account",
        ACCOUNT,
        {"name": shared_name(context, base)},
        outputs=("accessKeyId",),
        secret=("accessSecretKey",),
        fixed=True,
    )


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """What a machine's account may do with exactly one bucket; none for groups of people, who have no account here."""
    if right.of_group:
        return
    base = right.principal if has_account(context, right.principal) else None
    if base is None:
        base = next((one for one, machine in needs(context, right.owner) if machine == right.principal), None)
    if base is None:
        return
    yield make(
        f"{right.owner}/right/{right.slug}-{right.access}",
        ENTRY,
        {
            "bucket": ref(f"{right.store}/bucket", "name"),
            "role": ROLES[right.access],
            "storageAccount": ref(f"{base}/account", "name"),
        },
        fixed=True,
    )


def manual_keys(context: Context) -> Iterator[ManualStep]:
    """Putting each machine's key into it: no VM has an identity that the object store knows."""
    for base, machine in _holders(context):
        yield ManualStep(
            what=f"put the storage account key of {base} into {machine}, and nowhere else",
            who="the administrator of the machine",
            command="pulumi stack export --show-secrets, read the two outputs of the account, and write them to /etc/hdh/s3 there (mode 0600)",
            proof="the machine lists its bucket; with another machine's key it is refused",
        )


def manual_stores(context: Context) -> Iterator[ManualStep]:
    """What a bucket has that the provider cannot set."""
    for path, store in context.expanded.stores.items():
        if store.retention:
            yield ManualStep(
                what=f"protect {path} against deletion for {store.retention.days} days",
                who="whoever administers object storage in Cloud Temple's console",
                command="console, object storage, the bucket, settings, protection against deletion: it holds for all objects, of before and after",
                proof="`hdh observe --stack` shows the retention after a refresh: the provider reads `retention_period` back",
            )


def observe_rights(reader: Reader) -> dict[str, dict[str, Access]]:
    """By element with an account: what it may do, by the native path of a bucket."""
    accounts = {one.path: machine_of(one) for one in reader.natives.of_type(ACCOUNT)}
    named = {str(one.properties.get("name")): machine_of(one) for one in reader.natives.of_type(ACCOUNT)}
    found: dict[str, dict[str, Access]] = {element: {} for element in accounts.values()}
    entries: list[tuple[Native | None, Value, Value]] = [
        (
            reader.bucket_of(one.properties.get("bucket")),
            one.properties.get("storageAccount"),
            one.properties.get("role"),
        )
        for one in reader.natives.of_type(ENTRY)
    ]
    for bucket in reader.buckets.values():
        entries += [
            (bucket, one.get("storageAccount"), one.get("role"))
            for one in listed(bucket.properties.get("aclEntries"))
            if isinstance(one, Mapping)
        ]
    for owner, account, role in entries:
        holder = reader.follow(account, ACCOUNT)
        element = accounts[holder.path] if holder is not None else named.get(str(account))
        if owner is None:
            continue
        if element is None:
            reader.remarks.add(f"{owner.path} lets in an account that is not among the resources ({account}, {role})")
            continue
        access = _MEANS.get(str(role), Access.write)
        before = found[element].get(owner.path)
        found[element][owner.path] = Access.write if Access.write in {before, access} else access
    return found


def observe_grants(reader: Reader, rights: Mapping[str, Mapping[str, Access]]) -> dict[str, list[str]]:
    """By the native path of a bucket, who may do what with it, as the spec says it."""
    found: dict[str, list[str]] = {bucket.path: [] for bucket in reader.natives.of_type(BUCKET)}
    for element, mine in rights.items():
        try:
            machine = kind_of(element) == "machine"
        except ValueError:
            machine = False
        if not machine:
            reader.remarks.add(f"an account of {element}, which is no machine, opens stores: no grant shows it")
            continue
        for bucket, access in mine.items():
            found[bucket].append(f"{element} {access}")
    return {path: sorted(some) for path, some in found.items()}


def is_public(bucket: Native) -> bool:
    """Whether a bucket answers to every address of the world; a key is asked all the same."""
    kind = bucket.properties.get("accessType")
    ranges = [network_of(str(one)) for one in listed(bucket.properties.get("whitelists"))]
    return kind == "public" or (kind == "custom" and ANYWHERE in ranges)


def observe_stores(reader: Reader, rights: Mapping[str, Mapping[str, Access]]) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket and its list say."""
    grants = observe_grants(reader, rights)
    known = reader.site.fact("store.encryption").value
    found = {}
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        days = int(bucket.properties.get("retentionPeriod") or 0)
        if bucket.properties.get("accessType") == "custom":
            reader.remarks.add(f"{bucket.path} answers to addresses of a list: {bucket.properties.get('whitelists')}")
        found[element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            "encryption": str(known) if known is not None else None,
            "key": None,
            "versioning": bucket.properties.get("versioning") == "Enabled",
            # Its days can be changed in the console, and no page says that they cannot be shortened (docs/storage/oss/quickstart.md).
            "retention": {"days": days, "mode": "governance"} if days else None,
            "expiry": None,
            "soft_delete_days": None,
            "redundancy": None,
            "private": False,
            "public": is_public(bucket),
            "grants": grants.get(bucket.path),
            "access_log": False,
            "backup": None,
            **reader.place(buckets),
            "native": reader.paths(element),
        }
    return found

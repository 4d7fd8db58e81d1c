"""Native names, tokens and the node that every file builds; it decides no property of any resource.

Names are given and never made up by the provider, so that the same plan has the same names. Google's rule for most of them: a small
letter, then small letters, digits and hyphens, 63 at most. Source: documentation.s3ns.fr/compute/docs/naming-resources, read 2026-11-25.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import NAME_LENGTH, dotted, shortened, with_letters
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value

PROVIDER = "gcp"
NETWORK = "gcp:compute/network:Network"
SUBNET = "gcp:compute/subnetwork:Subnetwork"
FIREWALL = "gcp:compute/firewall:Firewall"
FIREWALL_POLICY = "gcp:compute/networkFirewallPolicyAssociation:NetworkFirewallPolicyAssociation"
ROUTE = "gcp:compute/route:Route"
ADDRESS = "gcp:compute/address:Address"
ROUTER = "gcp:compute/router:Router"
NAT = "gcp:compute/routerNat:RouterNat"
PEERING = "gcp:compute/networkPeering:NetworkPeering"
INSTANCE = "gcp:compute/instance:Instance"
DISK = "gcp:compute/disk:Disk"
ATTACHED_DISK = "gcp:compute/attachedDisk:AttachedDisk"
ZONE = "gcp:dns/managedZone:ManagedZone"
RECORD = "gcp:dns/recordSet:RecordSet"
KEY_RING = "gcp:kms/keyRing:KeyRing"
KEY = "gcp:kms/cryptoKey:CryptoKey"
KEY_MEMBER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
KEY_BINDING = "gcp:kms/cryptoKeyIAMBinding:CryptoKeyIAMBinding"
RING_MEMBER = "gcp:kms/keyRingIAMMember:KeyRingIAMMember"
BUCKET = "gcp:storage/bucket:Bucket"
BUCKET_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
BUCKET_BINDING = "gcp:storage/bucketIAMBinding:BucketIAMBinding"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
PROJECT_BINDING = "gcp:projects/iAMBinding:IAMBinding"
CUSTOM_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
AGENT = "gcp:projects/serviceIdentity:ServiceIdentity"
ACCOUNT = "gcp:serviceaccount/account:Account"
GET_STORAGE_AGENT = "gcp:storage/getProjectServiceAccount:getProjectServiceAccount"
_LABELLED = frozenset({ADDRESS, INSTANCE, DISK, BUCKET, KEY, ZONE})
_DIGEST = 6
_ACCOUNT_LENGTH = 30
_ROLE_LENGTH = 64
_NOT_LABEL = re.compile(r"[^a-z0-9_-]+")


def make(
    context: Context,
    path: str,
    token: str,
    properties: Mapping[str, Value],
    *,
    outputs: Sequence[str] = (),
    after: Iterable[str] = (),
    protect: bool = False,
    ignore: Sequence[str] = (),
    existing: str | None = None,
    adopt: str | None = None,
) -> Node:
    """One native resource, with the platform's tags as labels where its type has any.

    Args:
        context: what the lowering reads.
        path: the node's path.
        token: its type.
        properties: wire names to values.
        outputs: what others read from it, beside its id.
        after: paths that must exist before it.
        protect: whether it holds data.
        ignore: properties that the cloud changes afterwards.
        existing: id of a resource that is there already and is only named.
        adopt: id of a resource that is there already and is taken over.
    """
    more: dict[str, Value] = {"labels": labels(context)} if token in _LABELLED and existing is None else {}
    return Node(
        path=path,
        type=token,
        provider=PROVIDER,
        properties={**properties, **more},
        outputs=tuple(outputs),
        depends_on=tuple(sorted(set(after))),
        protect=protect,
        # Every name is given, so that two of one name cannot be there at once.
        delete_before_replace=True,
        ignore_changes=tuple(ignore),
        existing=existing,
        adopt=adopt,
    )


def labels(context: Context) -> dict[str, str]:
    """The platform's tags in the letters that labels may have."""
    return {_label(f"t-{key}" if not key[:1].isalpha() else key): _label(value) for key, value in context.tags.items()}


def _label(text: str) -> str:
    return _NOT_LABEL.sub("-", text.lower())[:NAME_LENGTH]


def dashed(path: str) -> str:
    """A path as part of a native name."""
    return re.sub(r"[^a-z0-9-]+", "-", path.lower())


def native_name(context: Context, path: str) -> str:
    """Name of a resource within its project, by the spec's pattern or with the platform in it, for a project may hold several."""
    name = context.named(path, f"{context.name}-{dashed(path)}")
    return shortened(name if name[:1].isalpha() else f"p-{name}")


def rule_name(context: Context, path: str) -> str:
    """Name of a rule or of what else has none of its own: its path, with a digest of all of it, for paths differ in letters that names have not."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:_DIGEST]
    name = f"{context.name}-{dashed(path)}"
    name = name if name[:1].isalpha() else f"p-{name}"
    return f"{name[: NAME_LENGTH - _DIGEST - 1].rstrip('-')}-{digest}"


def _with_letters(context: Context, words: str, path: str, limit: int = NAME_LENGTH) -> str:
    """Words with the lock's letters behind them, where a name is shared with others or is never free again."""
    return with_letters(context, words if words[:1].isalpha() else f"p-{words}", path, limit)


def bucket_name(context: Context, store: str) -> str:
    """Name of a store's bucket: shared with everybody in this cloud."""
    words = context.named(store, "-".join((context.name, *store.split("/")[1::2])))
    # Google keeps these beginnings to itself: cloud.google.com/storage/docs/buckets#naming.
    words = re.sub(r"^goog", "g-oog", words).replace("google", "g-oogle")
    return _with_letters(context, words, store)


def key_name(context: Context, path: str) -> str:
    """Name of a key, and of the ring that it lies in: neither is ever free again, so that the lock's letters are in it."""
    return _with_letters(context, context.named(path, "-".join((context.name, *path.split("/")[1::2]))), path)


def account_name(context: Context, path: str) -> str:
    """Name of a machine's account: of 6 to 30 letters, digits and hyphens."""
    parts = path.split("/")
    # Of a bastion or proxy the last word is no name, and says what it is.
    words = context.named(path, "-".join((*parts[1::2], *parts[len(parts) // 2 * 2 :])))
    return _with_letters(context, dashed(words).strip("-"), path, _ACCOUNT_LENGTH)


def role_name(context: Context, path: str) -> str:
    """Name of a role of one's own: letters, digits, points and underlines."""
    return f"{context.name}.{dotted(path)}".replace("-", "_")[: _ROLE_LENGTH - 9] + f"_{context.short(path)}"


def region(context: Context) -> str:
    """The region of every regional resource."""
    return context.site.region.name


def zones(context: Context) -> list[str]:
    """Zones of the region."""
    known: dict[str, list[str]] = context.site.offer.native["zones"]
    return list(known[region(context)])

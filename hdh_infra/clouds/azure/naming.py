"""Native names: explicit, deterministic and within Azure's limits; and the node that every file builds.

Names are literals and no references, although ARM would give them back: a name that is an output is unknown
in a preview as soon as its resource changes, and an unknown resource group looks like a replacement of all
that is in it. So the order comes from `depends_on`. This module decides no property of any resource.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import PLATFORM, network_path

PROVIDER = "azure"
PLATFORM_GROUP = f"{PLATFORM}/group"
_TAGGED = frozenset(
    {
        "resources:ResourceGroup",
        "network:VirtualNetwork",
        "network:NetworkSecurityGroup",
        "network:NetworkInterface",
        "network:PrivateEndpoint",
        "network:NatGateway",
        "network:PublicIPAddress",
        "network:BastionHost",
        "network:RouteTable",
        "network:FlowLog",
        "network:FirewallPolicy",
        "network:AzureFirewall",
        "privatedns:PrivateZone",
        "privatedns:VirtualNetworkLink",
        "managedidentity:UserAssignedIdentity",
        "keyvault:Vault",
        "storage:StorageAccount",
        "compute:VirtualMachine",
        "compute:Disk",
        "compute:DiskEncryptionSet",
        "compute:AvailabilitySet",
        "dataprotection:BackupVault",
        "operationalinsights:Workspace",
    }
)
_ACCOUNT_WORDS = 14
_VAULT_WORDS = 12
_LONGEST_NETWORK = 64
_LONGEST_FILTER = 80


def token(kind: str) -> str:
    """The type token of `network:Subnet`."""
    return f"azure-native:{kind}"


def make(
    context: Context,
    path: str,
    kind: str,
    properties: Mapping[str, Value],
    *,
    outputs: Sequence[str] = (),
    after: Iterable[str] = (),
    protect: bool = False,
    existing: Value = None,
    adopt: str | None = None,
) -> Node:
    """One native resource, with the platform's tags where its type can carry them.

    Args:
        context: what the lowering reads.
        path: the node's path.
        kind: module and resource, `network:Subnet`.
        properties: wire names to values.
        outputs: what others read from it, beside its id.
        after: paths that must exist before it.
        protect: whether it holds data.
        existing: id of a resource that is there already and is only named.
        adopt: id of a resource that is there already and is taken over.
    """
    tags = {"tags": dict(context.tags)} if kind in _TAGGED and existing is None else {}
    return Node(
        path=path,
        type=token(kind),
        provider=PROVIDER,
        properties={**properties, **tags},
        outputs=tuple(outputs),
        depends_on=tuple(sorted(set(after))),
        protect=protect,
        delete_before_replace=True,
        existing=existing,
        adopt=adopt,
    )


def dotted(path: str) -> str:
    """A path as one part of another path."""
    return path.replace("/", ".")


def dashed(path: str) -> str:
    """A path as part of a native name."""
    return path.replace("/", "-")


def shortened(name: str, limit: int) -> str:
    """The name, or its beginning with a digest of all of it where it is too long."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def region(context: Context) -> str:
    """The location of every regional resource."""
    return context.site.region.name


def home(path: str) -> str:
    """Path of the resource group node that a path's resources live in: a space has its own (law 4)."""
    network = network_path(path)
    return f"{network}/group" if network and network.startswith("space/") else PLATFORM_GROUP


def group(context: Context, path: str) -> str:
    """Name of the resource group of a path; unique in a subscription, so platform and region are part of it."""
    network = network_path(path)
    name = f"rg-{context.name}-{region(context)}"
    if network and network.startswith("space/"):
        return f"{name}-{dashed(network)}"
    existing = context.existing("group")
    return segment(existing.id, "resourceGroups") if existing else name


def network_group(context: Context, network: str) -> str:
    """Name of the resource group of a network element's virtual network, which may be one that was there before."""
    existing = context.existing(network)
    return segment(existing.id, "resourceGroups") if existing else group(context, network)


def network_words(context: Context, network: str) -> str:
    """The words of a network element in the names of what belongs to it."""
    return context.named(network, dashed(network))


def virtual_network(context: Context, network: str) -> str:
    """Name of a network element's virtual network."""
    existing = context.existing(network)
    if existing:
        return segment(existing.id, "virtualNetworks")
    return shortened(f"vnet-{network_words(context, network)}", _LONGEST_NETWORK)


def filter_name(context: Context, network: str, part: str) -> str:
    """Name of the security group of a network's part, `machines` or `endpoints`."""
    return shortened(f"nsg-{network_words(context, network)}-{part}", _LONGEST_FILTER)


def segment(native_id: str, kind: str) -> str:
    """What follows a kind in an id: the name of the resource group, the vault, the network.

    Raises:
        SpecError: the id has no such part.
    """
    parts = native_id.split("/")
    lowered = [part.lower() for part in parts]
    if kind.lower() not in lowered[:-1]:
        what = f"{native_id!r} names no {kind}: write the whole id, /subscriptions/.../{kind}/NAME"
        raise SpecError([Problem("targets", None, None, "existing", what)])
    return parts[lowered.index(kind.lower()) + 1]


def world(context: Context, path: str) -> str:
    """Eight letters and digits for a name that the whole world shares; another region has other ones."""
    return hashlib.sha256(f"{context.short(path)}/{context.site.target}".encode()).hexdigest()[:8]


def account(context: Context, store: str) -> str:
    """Name of a store's account: 3 to 24 small letters and digits, unique in the world."""
    words = re.sub(r"[^a-z0-9]", "", context.named(store, "".join(store.split("/")[1::2])))
    return f"st{words[:_ACCOUNT_WORDS]}{world(context, store)}"


def vault(context: Context, key: str) -> str:
    """Name of a key's vault: 3 to 24 letters, digits and single hyphens, unique in the world."""
    existing = context.existing(key)
    if existing:
        return segment(existing.id, "vaults")
    words = re.sub(r"-+", "-", context.named(key, "-".join(key.split("/")[1::2])))[:_VAULT_WORDS].strip("-")
    return f"kv-{words}-{world(context, key)}"


def assignment(context: Context, path: str) -> str:
    """Name of a role assignment: ARM wants a GUID, and the same assignment must have the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"hdh:{context.lock.salt}/{context.name}/{context.site.target}/{path}"))

"""Ways to keys: a private endpoint in each network whose machines use a key themselves, and the names it is found under.

Stores and disks need none: their services come to a vault as trusted ones. A vault answers under one name only, so that a
private zone can lead to one endpoint of it; each network therefore has a zone of its own for the vaults that its machines use, linked to
nothing else, and no packet crosses to another network. A space's lies in the space's group, a zone's in a group made for
it, since a group holds a zone of one name once. A vault that is there already belongs to others: none is made to it.
Sources: MicrosoftDocs/azure-docs articles/key-vault/general/private-link-service.md and articles/private-link/private-endpoint-dns.md
(privatelink.vaultcore.azure.net, sub-resource `vault`), read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.azure.endpoints import Service, lower_private_endpoint
from hdh_infra.clouds.azure.hosts import vault_zone
from hdh_infra.clouds.azure.naming import dashed, group, home, make, network_words, region, shortened, vault
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import KeyWay

PORT = 443
_LONGEST_NAME = 64


def ways(context: Context) -> Mapping[str, KeyWay]:
    """Every way that is made, by its path: to the vaults that the plan makes."""
    return {path: way for path, way in context.expanded.key_ways.items() if _is_made(context, way.key)}


def _is_made(context: Context, key: str) -> bool:
    existing = context.existing(key)
    return existing is None or existing.adopt


def lower_ways(context: Context, network: str, mine: Mapping[str, KeyWay]) -> Iterator[Node]:
    """The ways of one network: its zone of names, and an endpoint to each vault."""
    if not mine:
        return
    names, home_group = f"{network}/vaults", group(context, network)
    if not network.startswith("space/"):
        home_group = shortened(f"{group(context, network)}-{dashed(network)}-vaults", _LONGEST_NAME)
        yield make(
            context,
            f"{names}/group",
            "resources:ResourceGroup",
            {"resourceGroupName": home_group, "location": region(context)},
        )
    home_path = home(network) if network.startswith("space/") else f"{names}/group"
    zone = vault_zone(context.site)
    common: dict[str, Value] = {"resourceGroupName": home_group, "privateZoneName": zone}
    yield make(context, f"{names}/zone", "privatedns:PrivateZone", {**common, "location": "Global"}, after=(home_path,))
    yield make(
        context,
        f"{names}/link",
        "privatedns:VirtualNetworkLink",
        {
            **common,
            "virtualNetworkLinkName": dashed(network),
            "location": "Global",
            "registrationEnabled": False,
            "resolutionPolicy": "Default",
            "virtualNetwork": {"id": ref(f"{network}/network")},
        },
        after=(f"{names}/zone", f"{network}/network"),
    )
    for path, way in mine.items():
        name = shortened(f"pe-{vault(context, way.key)}-{network_words(context, way.network)}", _LONGEST_NAME)
        service = Service("vault", "default", f"{way.key}/vault", f"{way.network}/vaults/zone")
        yield from lower_private_endpoint(context, way.network, path, name, service)

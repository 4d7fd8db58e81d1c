"""Where services of one Azure answer: hosts and zones of names, worked out of the suffixes that an offer has.

Azure runs more than one cloud (the public one, those of states and of partners), and each has suffixes of its own: an
account answers at NAME.blob.SUFFIX, and its private endpoint is found under `privatelink.blob.SUFFIX`; a vault answers at
NAME.vault.REST and is found under `privatelink.vaultcore.REST`. So it is of the three clouds whose zones are documented
(MicrosoftDocs/azure-docs articles/private-link/private-endpoint-dns.md, commercial, government and China; read 2026-11-25).
"""

from __future__ import annotations

from hdh_infra.catalogue.load import Site

PRIVATE = "privatelink."
"""Where the zones begin that private endpoints are found under."""


def storage_suffix(site: Site) -> str:
    """What the host of every account ends in: `core.windows.net`."""
    return str(site.offer.native["storage_suffix"])


def vault_suffix(site: Site) -> str:
    """What the host of every vault ends in: `vault.azure.net`."""
    return str(site.offer.native["vault_suffix"])


def blob_zone(site: Site) -> str:
    """The zone of names that private endpoints of stores are found under."""
    return f"{PRIVATE}blob.{storage_suffix(site)}"


def vault_zone(site: Site) -> str:
    """The zone of names that private endpoints of vaults are found under."""
    return f"{PRIVATE}vaultcore.{vault_suffix(site).removeprefix('vault.')}"


def metadata_host(site: Site) -> str | None:
    """The host that tells the provider every other one (`/metadata/endpoints`); None for a cloud that it knows by itself.

    Source: pulumi/pulumi-azure-native pull request 4288 (2025-08-27), provider/pkg/azure/cloud/cloud.go: suffixes, login and
    audience are taken from there.
    """
    host = site.offer.native.get("metadata_host")
    return str(host) if host else None

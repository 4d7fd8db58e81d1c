"""Bleu: Microsoft's Azure, run in France by a company of Orange and Capgemini, as a cloud of its own.

It derives from `azure`, whose lowering takes regions, hosts and zones of names from the offer: nothing of a plan but
these differs. What is Bleu's own is where a deployment signs in (`credentials`), and what a person sees to first:
that the hosts are those which the catalogue has, and that what no source shows is really sold.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hdh_infra.clouds.azure import CLOUD as AZURE
from hdh_infra.clouds.azure import manual as manual_on_azure
from hdh_infra.clouds.azure.hosts import metadata_host, storage_suffix, vault_suffix
from hdh_infra.clouds.azure.naming import region
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.bleu.credentials import RIGHTS, SERVICES
from hdh_infra.graph.plan import ManualStep

COMMAND_LINE = "AzureBleuCloud"
"""What azure-cli calls this cloud, since 2.91.0 or earlier (azure-cli-core 2.91.0, azure/cli/core/cloud.py)."""


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order: Bleu's own first, since every command of the others wants it."""
    host = metadata_host(context.site)
    suffixes = f"suffixes .{storage_suffix(context.site)} and .{vault_suffix(context.site)}"
    yield ManualStep(
        what="See that Bleu's hosts are those of the catalogue, which are Microsoft's word for them and were never tried",
        who="whoever has an account of Bleu's",
        command=f"az cloud set --name {COMMAND_LINE}; az login; curl https://{host}/metadata/endpoints?api-version=2022-09-01",
        proof=f"the answer has the login endpoint {context.site.endpoint('login')} and the {suffixes}",
    )
    flavours = sorted({context.flavour(machine).name for machine in context.expanded.machines})
    images = sorted({":".join(context.image(machine).native.values()) for machine in context.expanded.machines})
    if flavours:
        yield ManualStep(
            what=f"See that Bleu sells the sizes and images that were chosen: {', '.join([*flavours, *images])}",
            who="whoever has an account of Bleu's",
            command=f"az vm list-skus --location {region(context)} --output table; az vm image show --location {region(context)} --urn URN",
            proof="every size is listed without a restriction, and every image is found; others take an override of the machine",
        )
    yield from manual_on_azure(context)


CLOUD = dataclasses.replace(AZURE, name="bleu", credentials=SERVICES, rights=RIGHTS, manual=manual)

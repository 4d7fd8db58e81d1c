"""What a deployment on Bleu signs in with: Azure's ways, at Bleu's own authority, and the same least rights."""

from __future__ import annotations

import dataclasses

from hdh_infra.clouds.azure.credentials import RIGHTS as OF_AZURE
from hdh_infra.clouds.azure.credentials import SERVICES as ON_AZURE

_READ = "2026-11-25"
_HOST = "management.sovcloud-api.fr"
_NAME = "Azure Resource Manager of Bleu"
_REMARKS = {
    "ARM_ENVIRONMENT": "names one of Microsoft's own clouds, none of which is Bleu; it is not looked at, since the plan gives the metadata host",
    "ARM_METADATA_HOSTNAME": f"the plan gives {_HOST} itself; another host here is another cloud",
}

SERVICES = tuple(
    dataclasses.replace(
        service,
        name=_NAME,
        remedy=f"{service.remedy}. Tenant and subscription are Bleu's, and apart from those at Microsoft; before `az login`: az cloud set --name AzureBleuCloud",
        source="pulumi/pulumi-azure-native pull request 4288 (metadataHost); azure-cli-core 2.91.0, azure/cli/core/cloud.py",
        as_of=_READ,
        remarks={**service.remarks, **_REMARKS},
    )
    for service in ON_AZURE
)
RIGHTS = tuple(dataclasses.replace(right, service=_NAME) for right in OF_AZURE)

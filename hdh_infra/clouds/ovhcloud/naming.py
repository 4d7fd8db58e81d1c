"""Tokens of OVHcloud's own API; names and nodes of OpenStack are that cloud's."""

from __future__ import annotations

from collections.abc import Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.graph.values import Value

PROVIDER = "ovh"
VERSION = "2.22.0"
"""Of the ovh plugin, as the SDK package pins it."""
DOMAIN = "ovh:Okms/okms:Okms"
SERVICE_KEY = "ovh:Okms/serviceKey:ServiceKey"
IMPORTED_KEY = "ovh:Okms/serviceKeyJWK:ServiceKeyJWK"
IAM_POLICY = "ovh:Iam/policy:Policy"
USER = "ovh:CloudProject/user:User"
CREDENTIAL = "ovh:CloudProject/s3Credential:S3Credential"
POLICY = "ovh:CloudProject/s3Policy:S3Policy"
VRACK_PROJECT = "ovh:Vrack/cloudProject:CloudProject"
GET_VRACK = "ovh:CloudProject/getVRack:getVRack"


def project_of(context: Context) -> Mapping[str, Value]:
    """The project that a resource belongs to, where the spec names it; else the environment does."""
    named = context.existing("project")
    project = context.settings.project or (named.id if named else None)
    return {"serviceName": project} if project else {}

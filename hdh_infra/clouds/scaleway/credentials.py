"""What a deployment on Scaleway signs in with, and the least rights that it needs.

The provider takes the variables before the file (scaleway/scaleway-sdk-go scw/env.go and scw/config.go, read 2026-11-25). Rights are
permission sets of IAM within one project, but for IAM itself (scaleway/docs-content pages/iam/reference-content/permission-sets.mdx, 2026-03-20).
"""

from __future__ import annotations

import dataclasses

from hdh_infra.clouds.credentials import OBJECT_STORE, Right, Service, Way

_READ = "2026-11-25"
_SETS = "scaleway/docs-content pages/iam/reference-content/permission-sets.mdx (2026-03-20)"
_NAME = "Scaleway's API"
_MORE = (
    "SCW_DEFAULT_PROJECT_ID",
    "SCW_DEFAULT_ORGANIZATION_ID",
    "SCW_DEFAULT_REGION",
    "SCW_DEFAULT_ZONE",
    "SCW_API_URL",
)
API = Service(
    name=_NAME,
    serves="networks, machines, disks, gateways, keys, applications and the rights of them",
    packages=("scaleway:",),
    ways=(
        Way(
            "an API key of an application",
            ("SCW_ACCESS_KEY", "SCW_SECRET_KEY", "SCW_DEFAULT_PROJECT_ID", "SCW_DEFAULT_ORGANIZATION_ID"),
            ("SCW_DEFAULT_REGION", "SCW_DEFAULT_ZONE", "SCW_API_URL"),
            advised=True,
        ),
        Way("a profile of the file of Scaleway's tools", ("SCW_PROFILE",), ("SCW_CONFIG_PATH", *_MORE), ("~/.config/scw/config.yaml",)),
    ),
    remedy="Make an application with the permission sets below and an API key of it (scw iam api-key create application-id=ID), and set SCW_ACCESS_KEY, SCW_SECRET_KEY, SCW_DEFAULT_PROJECT_ID and SCW_DEFAULT_ORGANIZATION_ID",
    source="scaleway/scaleway-sdk-go scw/env.go, scw/config.go",
    as_of=_READ,
    remarks={},
)  # fmt: skip
SERVICES = (
    API,
    dataclasses.replace(
        OBJECT_STORE,
        serves="buckets",
        packages=("hdh:s3:",),
        remedy="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the access key and secret key of Scaleway, whose default project is the platform's",
    ),
)
RIGHTS = (
    *(
        Right(_NAME, sets, "the project", types, why, _SETS, _READ)
        for sets, types, why in (
            (
                "VPCFullAccess, PrivateNetworksFullAccess, IPAMFullAccess",
                ("scaleway:network/vpc:", "scaleway:network/privateNetwork:", "scaleway:network/acl:", "scaleway:ipam/"),
                "makes the VPC, its networks, its list and the addresses in them",
            ),
            (
                "VPCGatewayFullAccess",
                ("scaleway:network/publicGateway", "scaleway:network/gatewayNetwork:"),
                "makes the way outside and bastions",
            ),
            ("InstancesFullAccess", ("scaleway:instance/",), "makes machines, their interfaces and groups"),
            ("BlockStorageFullAccess", ("scaleway:block/",), "makes disks"),
            ("SSHKeysFullAccess", ("scaleway:iam/sshKey:",), "gives the project the keys that bastions know"),
            (
                "KeyManagerKeyWrite, KeyManagerKeyRead, KeyManagerKeyDelete",
                ("scaleway:keymanager/",),
                "makes keys and ends them; it uses none",
            ),
            ("ProjectReadOnly", ("scaleway:account/",), "asks which project it is in, where the settings name none"),
        )
    ),
    Right(
        _NAME,
        "IAMManager",
        "the organisation",
        ("scaleway:iam/application:", "scaleway:iam/apiKey:", "scaleway:iam/policy:"),
        "makes an application an access, its rights, and an API key a machine: whoever may do this may give itself everything, so keep this key for deployments",
        _SETS,
        _READ,
    ),
    Right(
        "the S3 endpoint",
        "ObjectStorageBucketsRead, ObjectStorageBucketsWrite, ObjectStorageBucketsDelete, ObjectStorageBucketPolicyFullAccess",
        "the project",
        ("hdh:s3:",),
        "makes buckets and reads them back; and to be named in each bucket's policy (`administrators` of the target), which lets nobody else in but the organisation's owner",
        f"{_SETS}; pages/object-storage/api-cli/bucket-policy.mdx (2025-07-30)",
        _READ,
    ),
)  # fmt: skip
TOO_MUCH = {
    "AllProductsFullAccess": "may do everything with every product, so that its key reads every bucket and uses every key of the project",
    "OrganizationManager": "manages the whole organisation, which no deployment needs",
}
"""Permission sets that a deployment should not have, and why."""

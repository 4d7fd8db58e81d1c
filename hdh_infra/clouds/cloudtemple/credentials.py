"""What a deployment on Cloud Temple signs in with, and the least rights that it needs: roles of the console, as the provider's pages name them."""

from __future__ import annotations

from hdh_infra.clouds.credentials import Right, Service, Way

_READ = "2026-11-25"
_PAGES = "Cloud-Temple/terraform-provider-cloudtemple docs/resources"

CLOUD_TEMPLE = Service(
    name="Cloud Temple",
    serves="machines, disks, buckets, accounts and lists",
    packages=("cloudtemple:",),
    ways=(
        Way(
            "a personal access token",
            ("CLOUDTEMPLE_CLIENT_ID", "CLOUDTEMPLE_SECRET_ID"),
            ("CLOUDTEMPLE_HTTP_ADDR", "CLOUDTEMPLE_HTTP_SCHEME"),
            advised=True,
        ),
    ),
    remedy="Make a personal access token in the console with the roles below, and set CLOUDTEMPLE_CLIENT_ID and CLOUDTEMPLE_SECRET_ID",
    source="Cloud-Temple/terraform-provider-cloudtemple docs/index.md",
    as_of=_READ,
    remarks={},
)
SERVICES = (CLOUD_TEMPLE,)

RIGHTS = (
    Right(
        "Cloud Temple",
        "public_cloud_vm_instances_management, public_cloud_vm_instances_read, activity_read",
        "the tenant",
        ("cloudtemple:index/publicCloud",),
        "makes machines, adapters and disks, and waits for each",
        f"{_PAGES}/public_cloud_vm_instance.md",
        _READ,
    ),
    Right(
        "Cloud Temple",
        "object-storage_write, object-storage_read, object-storage_iam_management",
        "the tenant",
        ("cloudtemple:index/objectStorage",),
        "makes buckets, accounts and lists: whoever may do this may give itself every object, so keep this token for deployments",
        f"{_PAGES}/object_storage_bucket.md, object_storage_acl_entry.md",
        _READ,
    ),
)

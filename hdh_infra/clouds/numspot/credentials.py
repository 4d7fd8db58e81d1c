"""What a deployment on NumSpot signs in with, and the least rights that it needs.

The provider takes its four words from the environment first (numspot/terraform-provider-numspot docs/index.md, read 2026-11-25).
"""

from __future__ import annotations

from hdh_infra.clouds.credentials import Right, Service, Way

_READ = "2026-11-25"
_PERMISSIONS = "numspot/docs docs/docs/changelog.json, 2026-08-11 (single permissions for compute); the action pages of docs/docs/compute and docs/docs/network"

NUMSPOT = Service(
    name="NumSpot",
    serves="networks, filters, addresses, machines and disks",
    packages=("numspot:",),
    ways=(
        Way(
            "a service account",
            ("NUMSPOT_CLIENT_ID", "NUMSPOT_CLIENT_SECRET", "NUMSPOT_SPACE_ID"),
            ("NUMSPOT_HOST", "NUMSPOT_HOST_OS"),
            advised=True,
        ),
    ),
    remedy="Make a service account in the console (IAM, service accounts), give it the rights below on one space, and set NUMSPOT_CLIENT_ID, NUMSPOT_CLIENT_SECRET and NUMSPOT_SPACE_ID",
    source="numspot/terraform-provider-numspot docs/index.md",
    as_of=_READ,
    remarks={"NUMSPOT_HOST": "wins over the region of the target: it must be that region's host"},
)
OBJECT_STORE = Service(
    name="the S3 endpoint",
    serves="buckets",
    packages=("hdh:s3:",),
    ways=(
        Way(
            "an access key",
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
    ),
    remedy="Make an access key of the service account (POST /iam/organisations/{organisationId}/serviceAccounts/{serviceAccountId}/aksk: valid for a year at most, two at a time), and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    source="numspot/docs docs/docs/iam/service-account/actions/create-aksk.mdx (2026-10-08); hdh_infra/resources/config.py",
    as_of=_READ,
    remarks={
        "AWS_PROFILE": "our plugin takes no profile; the engine takes it for a state in S3",
        "AWS_SESSION_TOKEN": "our plugin takes no session token: keys that are valid for some hours only are refused",
    },
)
SERVICES = (NUMSPOT, OBJECT_STORE)

RIGHTS = (
    Right(
        "NumSpot",
        "compute.vpc.*, compute.subnet.*, compute.routeTable.*, compute.internetGateway.*, compute.natGateway.*, compute.publicIp.*, compute.securityGroup.*",
        "the space",
        (
            "numspot:index/vpc:", "numspot:index/subnet:", "numspot:index/routeTable:", "numspot:index/internetGateway:",
            "numspot:index/natGateway:", "numspot:index/publicIp:", "numspot:index/securityGroup",
        ),
        "makes the network, its ways out and its filters, and tags them",
        _PERMISSIONS,
        _READ,
    ),
    Right(
        "NumSpot",
        "compute.vm.*, compute.blockStorage.*",
        "the space",
        ("numspot:index/vm:", "numspot:index/volume:"),
        "makes, stops and starts machines, and attaches their disks",
        _PERMISSIONS,
        _READ,
    ),
    Right(
        "the S3 endpoint",
        "objectstorage.bucket.*",
        "the space",
        ("hdh:s3:",),
        "makes buckets and reads them back; objectstorage.object.delete too, only where `destroy --delete-data` empties them",
        "numspot/docs docs/docs/changelog.json, 2026-09-08 (objectstorage.bucket.delete); docs/resources.md",
        _READ,
    ),
)  # fmt: skip

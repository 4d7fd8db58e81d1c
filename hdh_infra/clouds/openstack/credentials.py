"""What a deployment on OpenStack signs in with, and the least rights that it needs.

The provider takes an entry of `clouds.yaml` where one is named, and nothing of the other variables then; of these it takes a
password before an application credential (gophercloud/utils `terraform/auth/config.go`, gophercloud v2 `auth_options.go`,
read 2026-11-25). Our readers and our plugin do the same or are told so.
"""

from __future__ import annotations

from hdh_infra.clouds.credentials import OBJECT_STORE, Right, Service, Way

_READ = "2026-11-25"
CLOUDS_FILES = (
    "OS_CLIENT_CONFIG_FILE",
    "clouds.yaml",
    "~/.config/openstack/clouds.yaml",
    "/etc/openstack/clouds.yaml",
)
_PROJECT = ("OS_PROJECT_DOMAIN_NAME", "OS_PROJECT_DOMAIN_ID", "OS_DOMAIN_NAME", "OS_DOMAIN_ID", "OS_DEFAULT_DOMAIN")
_COMMON = ("OS_REGION_NAME", "OS_CACERT", "OS_INTERFACE", "OS_AUTH_TYPE", "OS_IDENTITY_API_VERSION")

OPENSTACK = Service(
    name="OpenStack",
    serves="networks, machines, disks, keys and their lists of readers",
    packages=("openstack:", "hdh:keymanager:"),
    ways=(
        Way("an entry of clouds.yaml", ("OS_CLOUD",), ("OS_CLIENT_CONFIG_FILE", "OS_REGION_NAME"), CLOUDS_FILES, advised=True),
        Way(
            "a user's password",
            ("OS_AUTH_URL", "OS_USERNAME|OS_USER_ID", "OS_PASSWORD", "OS_PROJECT_NAME|OS_PROJECT_ID|OS_TENANT_NAME|OS_TENANT_ID"),
            ("OS_USER_DOMAIN_NAME", "OS_USER_DOMAIN_ID", *_PROJECT, *_COMMON),
        ),
        Way(
            "an application credential",
            ("OS_AUTH_URL", "OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_SECRET"),
            _COMMON,
        ),
        Way(
            "an application credential by its name",
            (
                "OS_AUTH_URL",
                "OS_APPLICATION_CREDENTIAL_NAME",
                "OS_APPLICATION_CREDENTIAL_SECRET",
                "OS_USERNAME|OS_USER_ID",
            ),
            ("OS_USER_DOMAIN_NAME", "OS_USER_DOMAIN_ID", *_COMMON),
        ),
        Way("a token", ("OS_AUTH_URL", "OS_TOKEN", "OS_PROJECT_NAME|OS_PROJECT_ID"), (*_PROJECT, *_COMMON)),
    ),
    remedy="Make an application credential of the project (openstack application credential create), and set OS_CLOUD with an entry of clouds.yaml that holds it",
    source="gophercloud/utils v2 terraform/auth/config.go and openstack/clientconfig; gophercloud v2 auth_options.go",
    as_of=_READ,
    remarks={
        "OS_TOKEN": "a token ends within hours: an `up` that lasts longer fails half way",
    },
)  # fmt: skip
SERVICES = (OPENSTACK, OBJECT_STORE)

MEMBER, CREATOR, ADMIN = "member", "creator", "admin"
_KEYS = ("openstack:keymanager/", "hdh:keymanager:")
RIGHTS = (
    Right(
        "OpenStack",
        MEMBER,
        "the project",
        ("openstack:networking/", "openstack:compute/", "openstack:blockstorage/", "openstack:images/"),
        "makes networks, filters, addresses, disks and servers; no plan asks for anything that an admin alone may do",
        "docs.openstack.org/keystone/latest/admin/service-api-protection.html; default policies of neutron 29, nova 34, cinder 29",
        _READ,
        role=True,
    ),
    Right(
        "OpenStack",
        CREATOR,
        "the project",
        _KEYS,
        "orders keys and sets who reads them; a Barbican with the newer default policies takes `member` for it",
        "barbican 23.0.0 barbican/common/policies",
        _READ,
        role=True,
    ),
    Right(
        "OpenStack",
        MEMBER,
        "the project",
        ("openstack:identity/ec2CredentialV3:",),
        "makes EC2 credentials of its own; an application credential must be an unrestricted one for it",
        "keystone 30.0.0 keystone/common/policies/ec2_credential.py; docs.openstack.org/keystone/latest/user/application_credentials.html",
        _READ,
        role=True,
    ),
    Right(
        "the S3 endpoint",
        "s3:CreateBucket, s3:DeleteBucket, s3:Get*, s3:List*, s3:PutBucket*, s3:PutEncryptionConfiguration, s3:PutLifecycleConfiguration",
        "the buckets of the platform",
        ("hdh:s3:",),
        "makes buckets and reads them back; s3:DeleteObject and s3:DeleteObjectVersion too, only where `destroy --delete-data` empties them",
        "docs/resources.md",
        _READ,
    ),
    Right(
        "the S3 endpoint",
        "iam:*User, iam:*AccessKey*, iam:*UserPolicy*",
        "the users of the platform",
        ("hdh:iam:",),
        "makes a user a machine, its key and its policies: whoever may do this may give itself everything, so keep this key for deployments",
        "docs/resources.md",
        _READ,
    ),
)
TOO_MUCH = {
    ADMIN: "is admin, which no deployment needs: it reads every key of the project, and on most clouds reaches other projects"
}
"""Roles that a deployment should not have, and why."""

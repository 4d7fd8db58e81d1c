"""What a deployment on OVHcloud signs in with beside OpenStack and S3, and the least rights that it needs.

A token of the API is given paths and verbs when it is made; a service account, actions by a policy of IAM. The paths are those that
the provider calls (ovh/terraform-provider-ovh `ovh/config.go`, `resource_okms.go`, `resource_iam_policy.go`, read 2026-11-25).
"""

from __future__ import annotations

import dataclasses

from hdh_infra.clouds.credentials import OBJECT_STORE, Right, Service, Way
from hdh_infra.clouds.openstack.credentials import OPENSTACK
from hdh_infra.clouds.openstack.credentials import RIGHTS as OF_OPENSTACK

_READ = "2026-11-25"
_PROVIDER = "ovh/terraform-provider-ovh ovh/config.go; ovh/go-ovh"
_ROLES = "pulumi_ovh 2.22.0 cloudproject.User: roleNames of the project's users"
_FILES = ("ovh.conf", "~/.ovh.conf", "/etc/ovh.conf")
_PROJECT = ("OVH_CLOUD_PROJECT_SERVICE",)

API = Service(
    name="OVHcloud's API",
    serves="keys and the rights on them, users of the project with their S3 keys and rights",
    packages=("ovh:",),
    ways=(
        Way("an access token", ("OVH_ENDPOINT", "OVH_ACCESS_TOKEN"), _PROJECT),
        Way("a service account", ("OVH_ENDPOINT", "OVH_CLIENT_ID", "OVH_CLIENT_SECRET"), _PROJECT, advised=True),
        Way(
            "an application and its consumer key",
            ("OVH_ENDPOINT", "OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"),
            _PROJECT,
            _FILES,
        ),
    ),
    remedy="Make a service account (POST /me/api/oauth2/client) with a policy of the actions below, and set OVH_ENDPOINT=ovh-eu, OVH_CLIENT_ID and OVH_CLIENT_SECRET",
    source=_PROVIDER,
    as_of=_READ,
    remarks={"OVH_ACCESS_TOKEN": "a token ends within an hour: an `up` that lasts longer fails half way"},
)
SERVICES = (OPENSTACK, dataclasses.replace(OBJECT_STORE, packages=("hdh:s3:",), serves="buckets"), API)
_USERS = ("ovh:CloudProject/",)
RIGHTS = (
    *(one for one in OF_OPENSTACK if one.types == ("hdh:s3:",)),
    *(
        Right("OpenStack", name, "the project", types, why, _ROLES, _READ)
        for name, types, why in (
            ("network_operator", ("openstack:networking/",), "makes networks, filters and addresses"),
            ("compute_operator", ("openstack:compute/", "openstack:images/"), "makes servers, and finds images and flavours"),
            ("volume_operator", ("openstack:blockstorage/",), "makes disks"),
        )
    ),
    Right(
        "OVHcloud's API",
        "GET /auth/details",
        "the account",
        ("ovh:",),
        "asks who it is, before anything else",
        _PROVIDER,
        _READ,
    ),
    Right(
        "OVHcloud's API",
        "GET, POST, PUT, DELETE /cloud/project/PROJECT/user, /cloud/project/PROJECT/user/*",
        "the project",
        _USERS,
        "makes a user a machine, its S3 key and its one policy document",
        "ovh/terraform-provider-ovh ovh/resource_cloud_project_user*.go",
        _READ,
    ),
    Right(
        "OVHcloud's API",
        "GET, POST /order/*; GET /me, /me/order/*, /me/payment/*; GET, POST, PUT /services/*; GET /v2/okms/resource/*",
        "the account",
        ("ovh:Okms/okms:",),
        "orders the domain of keys, names it and ends it; only for the first `up` and the last `destroy`: name it under `existing` to do without",
        "ovh/terraform-provider-ovh ovh/resource_okms.go",
        _READ,
    ),
    Right(
        "OVHcloud's API",
        "okms:apiovh:serviceKey/create, get, update, delete (GET, POST, PUT, DELETE /v2/okms/resource/DOMAIN/serviceKey/*)",
        "the domain of keys",
        ("ovh:Okms/serviceKey:",),
        "makes keys; it uses none, and reads no material",
        "specification of /okms (v2)",
        _READ,
    ),
    Right(
        "OVHcloud's API",
        "GET, POST, PUT, DELETE /v2/iam/policy, /v2/iam/policy/*",
        "the account",
        ("ovh:Iam/policy:",),
        "says who uses and who administers a key: whoever may do this may give itself everything, so keep it for deployments",
        "ovh/terraform-provider-ovh ovh/resource_iam_policy.go",
        _READ,
    ),
)  # fmt: skip
TOO_MUCH = {
    "administrator": "is the project's administrator, which no deployment needs beside the three roles of operators",
    "admin": "is admin, which no deployment needs",
}
"""Roles that a deployment should not have, and why."""

"""What a deployment on S3NS signs in with, and the least rights that it needs.

There are no Google accounts in this cloud: a service account, or an identity of one's own organisation by federation.
Sources, read 2026-11-25: documentation.s3ns.fr/docs/overview/tpc-key-differences (2026-07-17), documentation.s3ns.fr/docs/authentication;
registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference.
"""

from __future__ import annotations

from hdh_infra.clouds.credentials import Right, Service, Way

_READ = "2026-11-25"
_PROVIDER = (
    "hashicorp/terraform-provider-google-beta docs/guides/provider_reference (credentials, project, universe_domain)"
)
_ROLES = "cloud.google.com/iam/docs/roles-permissions; the same at S3NS: documentation.s3ns.fr/docs/overview/tpc-key-differences"
_FILTER = "docs.cloud.google.com/storage/docs/access-control/iam-permissions (storage.buckets.exemptFromIpFilter, setIpFilter)"
_TAKES = ("GOOGLE_PROJECT|GOOGLE_CLOUD_PROJECT",)
NAME = "S3NS"

SERVICES = (
    Service(
        name=NAME,
        serves="networks, rules, machines, disks, buckets, keys, names and the rights on them",
        packages=("gcp:",),
        ways=(
            Way("a short-lived token", ("GOOGLE_OAUTH_ACCESS_TOKEN",), _TAKES),
            Way(
                "a service account, or an identity of one's own by federation",
                ("GOOGLE_CREDENTIALS|GOOGLE_APPLICATION_CREDENTIALS",),
                _TAKES,
                advised=True,
            ),
        ),
        remedy="Sign in by Workforce Identity Federation (gcloud auth application-default login --login-config=FILE, universe s3nsapis.fr) or make a service account for deployments, and set GOOGLE_APPLICATION_CREDENTIALS to its configuration",
        source=_PROVIDER,
        as_of=_READ,
        remarks={
            "GOOGLE_OAUTH_ACCESS_TOKEN": "a token ends within an hour: an `up` that lasts longer fails half way",
        },
    ),
)
_PROJECT = "the project"
RIGHTS = tuple(
    Right(NAME, name, _PROJECT, types, why, source, _READ)
    for name, types, why, source in (
        ("roles/compute.networkAdmin", ("gcp:compute/network", "gcp:compute/subnetwork", "gcp:compute/route", "gcp:compute/address"), "makes the network, its subnets, routes and addresses outside", _ROLES),
        ("roles/compute.securityAdmin", ("gcp:compute/firewall",), "makes the rules of the network", _ROLES),
        ("roles/compute.instanceAdmin.v1", ("gcp:compute/instance", "gcp:compute/disk"), "makes machines and disks", _ROLES),
        ("roles/iam.serviceAccountAdmin", ("gcp:serviceaccount/",), "makes an account for each machine", _ROLES),
        ("roles/iam.serviceAccountUser", ("gcp:compute/instance",), "gives a machine its account", _ROLES),
        ("roles/iam.roleAdmin", ("gcp:projects/iAMCustomRole",), "makes the role of who administers keys", _ROLES),
        ("roles/serviceusage.serviceUsageAdmin", ("gcp:projects/serviceIdentity",), "asks for the agent under which disks are encrypted", _ROLES),
        ("roles/dns.admin", ("gcp:dns/",), "makes private zones of names", _ROLES),
        ("roles/cloudkms.admin", ("gcp:kms/",), "makes keys and says who uses them: whoever has it may give itself everything, so keep it for deployments", _ROLES),
        ("roles/storage.admin", ("gcp:storage/",), "makes buckets and says who may use them: whoever has it reads every object, so keep it for deployments", _ROLES),
        ("storage.buckets.exemptFromIpFilter, in a role of one's own", ("gcp:storage/bucket",), "changes buckets from outside the platform's network, which their filters let nobody else do; objects stay closed to it", _FILTER),
    )
)  # fmt: skip
TOO_MUCH = {
    "roles/owner": "owns the project, which no deployment needs",
    "roles/editor": "edits everything of the project, which no deployment needs",
}
"""Roles that a deployment should not have, and why."""

"""What a person does about an error of S3NS: the cloud's own word for it, what it asks for, the source."""

from __future__ import annotations

from hdh_infra.clouds.base import Remedy

_READ = "2026-11-25"
_DIFFERENCES = "documentation.s3ns.fr/compute/docs/tpc-differences"
REMEDIES = (
    Remedy(
        r"SERVICE_DISABLED|accessNotConfigured|has not been used in project",
        "The API is not enabled in the project: gcloud services enable NAME.googleapis.com, with the name that the message has; then run it again",
        "cloud.google.com/service-usage/docs/enable-disable; names are Google's own at S3NS (documentation.s3ns.fr/docs/overview/tpc-key-differences)",
        _READ,
    ),
    Remedy(
        r"(?i)cloudkms.*(PERMISSION_DENIED|permission)|KMS key.*(denied|permission)|The Cloud KMS key .* (is|was) not",
        "The service that encrypts has no right on the key yet, or lost it: rights take some minutes to be known. Run it again; where it stays, look at who uses the key (`hdh observe`)",
        "cloud.google.com/storage/docs/encryption/using-customer-managed-keys, cloud.google.com/iam/docs/access-change-propagation",
        _READ,
    ),
    Remedy(
        r"(?i)ip filter|IP filtering|exemptFromIpFilter",
        "The bucket lets its own network in only, and who deploys is outside: give the deployment's account storage.buckets.exemptFromIpFilter in a role of one's own, or deploy from inside",
        "docs.cloud.google.com/storage/docs/ip-filtering-overview",
        _READ,
    ),
    Remedy(
        r"ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available",
        "The zone has no room for this size now. Wait, or ask for another flavour; a flavour that was chosen stays chosen in the lock",
        "cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation",
        _READ,
    ),
    Remedy(
        r"QUOTA_EXCEEDED|quotaExceeded|Quota '.*' exceeded",
        "The project's quota is used up: ask S3NS support for more of what the message names, and write it under the target's quotas",
        "documentation.s3ns.fr/docs/overview/tpc-key-differences, quotas",
        _READ,
    ),
    Remedy(
        r"(?i)KeyRing .* already exists|CryptoKey .* already exists",
        "A ring or key of this name was there before, and none is ever deleted: raise the element's number under generations in the lock, or name the key under existing",
        "cloud.google.com/kms/docs/resource-hierarchy",
        _READ,
    ),
    Remedy(
        r"(?i)machine ?type .* (not found|does not exist)|Invalid value for field 'resource.machineType'",
        "This cloud has C3, M3 and A3 machines only, and not each in every zone: choose another flavour",
        _DIFFERENCES,
        _READ,
    ),
    Remedy(
        r"(?i)retention ?policy.*(not.*(met|reached)|locked)|RetentionPolicyNotMet",
        "A locked retention holds until its day; nobody, the operator included, can take it away earlier. Keep the element in the spec, or retire it with `data: keep`",
        "docs.cloud.google.com/storage/docs/bucket-lock",
        _READ,
    ),
)
"""In the order in which they are looked for; each is a pattern in a provider's message."""

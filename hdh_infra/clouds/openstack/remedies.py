"""What a person does about an error of OpenStack or of the S3 endpoint, by the words that they have for it.

The provider tries nothing again by itself but a token that ran out (gophercloud signs in once more and repeats the request). It could
be told to repeat what got no answer (`max_retries`); it is not, since it would repeat what makes something as well, and a network
whose answer was lost would be there twice. So what passes by itself is told as such, and the same command goes on.
"""

from __future__ import annotations

from typing import Final

from hdh_infra.clouds.base import Remedy

_READ: Final = "2026-11-25"
_GOPHERCLOUD: Final = "gophercloud v2.8.0, errors.go and provider_client.go"
_UTILS: Final = "terraform-provider-openstack/utils, auth/config.go; gophercloud/utils, client/client.go"
_NOVA: Final = "openstack/nova 34.0.0, nova/exception.py"
_NEUTRON: Final = "openstack/neutron-lib, neutron_lib/exceptions"

REMEDIES: Final = (
    Remedy(
        r"Quota exceeded|exceeds allowed .* quota|Maximum number of volumes allowed|OverQuota|QuotaReached|quota has been reached",
        "A quota of the project is used up. Have it raised by the operator (`openstack quota show` says where it stands), say the new number in the spec, targets: {…: {quotas: …}}, and run it again",
        f"{_NOVA}; {_NEUTRON}; openstack/cinder 29.0.0, cinder/exception.py; openstack/barbican 23.0.0, barbican/common/exception.py",
        _READ,
    ),
    Remedy(
        r"unexpected state 'ERROR'|No valid host was found",
        "OpenStack could not place or start this server. The operator's log says why (`openstack server show ID` has the fault); the next run deletes it and makes it anew",
        f"{_NOVA}, NoValidHost; docs.openstack.org/api-guide/compute/server_concepts.html, ERROR",
        _READ,
    ),
    Remedy(
        r"unexpected state 'error'",
        "The service could not make this. Nothing is in it: the next run deletes it and makes it anew; where it fails again, ask the operator",
        "terraform-provider-openstack v3.4.0, resource_openstack_blockstorage_volume_v3.go; docs.openstack.org/api-ref/block-storage/v3, volume status",
        _READ,
    ),
    Remedy(
        r"got 429 instead|got 498 instead|SlowDown|TooManyRequests",
        "The cloud limits how often it is asked. Nothing to mend; wait some minutes and run it again",
        f"{_GOPHERCLOUD}, StatusTooManyRequests; docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, SlowDown",
        _READ,
    ),
    Remedy(
        r"got 50[0234] instead|InternalError|ServiceUnavailable",
        "A passing fault of the cloud's services. Run it again: what was made before the answer was lost is looked for; if it stays, ask the operator",
        _GOPHERCLOUD,
        _READ,
    ),
    Remedy(
        r"OpenStack connection error|connection refused|Could not connect to the endpoint|Connection was closed|i/o timeout|no such host",
        "A service did not answer. See that it runs and can be reached from here (`openstack catalog list` has the addresses), and run it again: what was made before the answer was lost is looked for",
        _UTILS,
        _READ,
    ),
    Remedy(
        r"Unable to re-authenticate|got 401 instead|Authentication failed|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken",
        "The credentials are not accepted any more: they ran out, or were taken away. Set new ones (OS_* or clouds.yaml; AWS_* for the S3 endpoint), and run it again",
        f"{_GOPHERCLOUD}, Reauthenticate",
        _READ,
    ),
    Remedy(
        r"Policy doesn't allow|disallowed by policy|got 403 instead|AccessDenied",
        "Who deploys lacks a right that the message names; docs/clouds/openstack.md lists those that a deployment needs. Have it given, and run it again",
        f"{_NOVA}, PolicyNotAuthorized; {_NEUTRON}, PolicyCheckError",
        _READ,
    ),
    Remedy(
        r"(?:Network|Subnet|Port|SecurityGroup|Router|AddressGroup)InUse|RouterInterfaceInUse",
        "Something still uses it that this stack does not hold. The message names it: take that away first, and run it again",
        _NEUTRON,
        _READ,
    ),
)

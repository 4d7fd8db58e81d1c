"""What a person does about an error of FCU or OOS, by the words that they have for it."""

from __future__ import annotations

from typing import Final

from hdh_infra.clouds.base import Remedy

_READ: Final = "2026-11-25"
_FCU: Final = "docs.outscale.com/fcu.html; docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
_S3: Final = "docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"

REMEDIES: Final = (
    Remedy(
        r"LimitExceeded|QuotaExceeded|TooManyResources|(?:Instance|Vpc|Volume|Address|SecurityGroup\w*)LimitExceeded",
        "A quota of the account is used up. Have it raised by OUTSCALE's support (`osc-cli api ReadQuotas` says where it stands), say the new number in the spec, targets: {…: {quotas: …}}, and run it again",
        _FCU,
        _READ,
    ),
    Remedy(
        r"InsufficientInstanceCapacity|InsufficientCapacity",
        "The subregion has no room for this VM type now. Run it again later, or write another type for the machine under `flavours` of the lock",
        _FCU,
        _READ,
    ),
    Remedy(
        r"RequestLimitExceeded|Throttling|SlowDown",
        "OUTSCALE limits how often it is asked. Nothing to mend; wait some minutes and run it again",
        "docs.outscale.com/fcu.html: Throttling; docs.outscale.com/eim: RequestLimitExceeded",
        _READ,
    ),
    Remedy(
        r"AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidClientTokenId",
        "The access key is not accepted. Set another one (OSC_ACCESS_KEY and OSC_SECRET_KEY); after four failed signatures OUTSCALE locks for a minute and longer",
        "docs.outscale.com/api.html: four times in a row; " + _S3,
        _READ,
    ),
    Remedy(
        r"UnauthorizedOperation|AccessDenied",
        "Who deploys lacks a right that the message names; buckets are for keys of the account alone, since EIM does not reach object storage. docs/clouds/outscale.md lists what a deployment needs",
        "docs.outscale.com/en/userguide/About-EIM.html",
        _READ,
    ),
    Remedy(
        r"DependencyViolation|InvalidGroup\.InUse|VolumeInUse|InUse",
        "Something still uses it that this stack does not hold. The message names it: take that away first, and run it again",
        _FCU,
        _READ,
    ),
    Remedy(
        r"BucketAlreadyExists|BucketAlreadyOwnedByYou",
        "A bucket of this name is there: names are one for the whole region. Where it is the platform's own, name it in the state with `pulumi import`; else change the pattern under naming",
        "docs.outscale.com/en/userguide/Introduction-to-OOS.html; " + _S3,
        _READ,
    ),
    Remedy(
        r"InternalError|ServiceUnavailable|Could not connect to the endpoint|Connection was closed",
        "A passing fault of OUTSCALE's services. Run it again: what was made before the answer was lost is looked for",
        _FCU,
        _READ,
    ),
)

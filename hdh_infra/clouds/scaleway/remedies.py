"""What a person does about an error of Scaleway, by the words that it has for it.

The provider tries again by itself what the API answers with a transient state (409) or too many requests
(terraform-provider-scaleway internal/transport/retryable_transport.go and internal/httperrors, read 2026-11-25).
"""

from __future__ import annotations

from typing import Final

from hdh_infra.clouds.base import Remedy

_READ: Final = "2026-11-25"
_ERRORS: Final = "scaleway/scaleway-sdk-go scw/errors.go"

REMEDIES: Final = (
    Remedy(
        r"quota\(s\) exceeded|quotas exceeded|QuotasExceeded",
        "A quota of the organisation is used up. Have it raised by Scaleway's support (the console's Quotas says where it stands), say the new number in the spec, targets: {…: {quotas: …}}, and run it again",
        f"{_ERRORS}, QuotasExceededError",
        _READ,
    ),
    Remedy(
        r"out of stock",
        "The zone has no machine of this type left. Choose another flavour in the spec, or run it again later",
        f"{_ERRORS}, OutOfStockError",
        _READ,
    ),
    Remedy(
        r"insufficient permissions",
        "The API key lacks a permission set. `hdh credentials` says which ones a deployment needs; the error names the resource and the action",
        f"{_ERRORS}, PermissionsDeniedError",
        _READ,
    ),
    Remedy(
        r"denied authentication|authentication is denied",
        "The API key is not known, or has expired. Make a new one (scw iam api-key create) and set SCW_ACCESS_KEY and SCW_SECRET_KEY",
        f"{_ERRORS}, DeniedAuthenticationError",
        _READ,
    ),
    Remedy(
        r"is in a transient state|resource .* is locked",
        "Scaleway is still working on this resource. The same command goes on when it has finished",
        f"{_ERRORS}, TransientStateError and ResourceLockedError",
        _READ,
    ),
)

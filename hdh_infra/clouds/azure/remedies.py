"""What a person does about an error of Azure Resource Manager, by the word that Azure has for it.

What passes by itself (a write elsewhere, a role on its way, a crowd) is told as such: nothing is to be mended, the
same command goes on. What azure-native tries again by itself is in docs/simulator.md; what is told came after that.
"""

from __future__ import annotations

from typing import Final

from hdh_infra.clouds.base import Remedy

_COMMON: Final = "learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"
_RBAC: Final = "learn.microsoft.com/azure/role-based-access-control/troubleshooting"
_SOFT: Final = "learn.microsoft.com/azure/key-vault/general/soft-delete-overview"
_STORAGE: Final = "learn.microsoft.com/rest/api/storagerp/srp_error_codes_common"
_PEERING: Final = "hashicorp/terraform-provider-azurerm issue 2605 and pull request 3392"
_READ: Final = "2026-11-25"
_ANEW: Final = "Take another name: raise the element's number under `generations` in the lock"

REMEDIES: Final = (
    Remedy(
        r"KeyVaultAuthenticationFailure|KeyVaultAccessForbidden|UserErrorMissingRequiredPermissions",
        "The role that this needs was given and is not effective yet: that takes up to ten minutes. Nothing to mend; wait, and run it again",
        f"{_RBAC}, role assignment changes are not being detected",
        _READ,
    ),
    Remedy(
        r"PrincipalNotFound",
        "The identity was made and is not known everywhere yet. Nothing to mend; run it again in a minute",
        f"{_RBAC}, assigning a role to a new principal sometimes fails",
        _READ,
    ),
    Remedy(
        r"AnotherOperationInProgress|ReferencedResourceNotProvisioned|RetryableError|StorageAccountOperationInProgress",
        "Another write to the same network or account was under way. Nothing to mend; run it again",
        f"{_COMMON}; {_STORAGE}; {_PEERING}",
        _READ,
    ),
    Remedy(
        r"TooManyRequests|ServerBusy|Throttled|SubscriptionRequestsThrottled",
        "Azure limits how often it is asked. Nothing to mend; wait some minutes and run it again",
        "learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling",
        _READ,
    ),
    Remedy(
        r"InternalServerError|BadGateway|GatewayTimeout|RequestTimeout",
        "A passing fault of Azure, after it was asked four times. Run it again; if it stays, look at Azure's service health",
        _COMMON,
        _READ,
    ),
    Remedy(
        r"ParentResourceNotFound|ResourceNotFound|ResourceGroupNotFound|InvalidResourceReference",
        "What it lies in or names was not seen: just made, and on its way, or taken away by hand. Run it again; if it stays, `hdh refresh` brings the state up to date with what is there",
        f"{_COMMON}, ParentResourceNotFound and NotFound",
        _READ,
    ),
    Remedy(
        r"cannot create already existing",
        "It is there and not in the state: an earlier run was cut off, or somebody made it. Import it (`pulumi import TYPE PATH ID`), or take it away if it holds nothing",
        "pulumi/pulumi-azure-native 006a62afe453, provider/pkg/azure/client_azcore.go (CanCreate)",
        _READ,
    ),
    Remedy(
        r"VaultAlreadyExists|StorageAccountAlreadyTaken|StorageAccountAlreadyExists",
        f"The name is taken, by another customer too: names are unique in the world. {_ANEW}",
        f"{_COMMON}, StorageAccountAlreadyTaken; learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates",
        _READ,
    ),
    Remedy(
        r"ConflictError|deleted but recoverable state|SoftDeletedVaultDoesNotExist",
        f"A deleted vault or key keeps its name until its day. Recover it (`az keyvault recover`, `az keyvault key recover`). Or: {_ANEW}",
        _SOFT,
        _READ,
    ),
    Remedy(
        r"SkuNotAvailable|ZonalAllocationFailed|AllocationFailed|OverconstrainedAllocationRequest|OverconstrainedZonalAllocationRequest",
        "This size has no room in this region or zone now, or is not open to this subscription. Run it again later, ask for other `vcpus` and `memory`, or take another region",
        f"{_COMMON}, SkuNotAvailable and AllocationFailed",
        _READ,
    ),
    Remedy(
        r"QuotaExceeded|ResourceQuotaExceeded|PublicIPCountLimitReached|exceeding approved .* quota|MaxStorageAccountsCountPerSubscriptionExceeded",
        "A quota of the subscription is used up. Have it raised (portal: Quotas), say the new number in the spec, targets: {…: {quotas: …}}, and run it again",
        f"{_COMMON}, ResourceQuotaExceeded; docs/clouds/azure.md, quotas",
        _READ,
    ),
    Remedy(
        r"FeatureNotEnabled|feature is not enabled for this subscription",
        "The subscription has not this feature yet: az feature register --namespace Microsoft.Compute --name EncryptionAtHost; once it is registered, run it again",
        "learn.microsoft.com/azure/virtual-machines/disks-enable-host-based-encryption-portal; hashicorp/terraform-provider-azurerm issue 17185",
        _READ,
    ),
    Remedy(
        r"MissingSubscriptionRegistration|NoRegisteredProviderFound",
        "The subscription has not registered this service: az provider register --namespace NAMESPACE, with the namespace that the message names; then run it again",
        f"{_COMMON}, MissingSubscriptionRegistration",
        _READ,
    ),
    Remedy(
        r"RoleAssignmentExists",
        "The same right was given by another assignment, by hand or by another stack. Take that one away (`az role assignment list --scope SCOPE`), and run it again",
        f"{_RBAC}, Azure role assignments",
        _READ,
    ),
    Remedy(
        r"RoleAssignmentUpdateNotPermitted",
        "An assignment of this name is there for an identity that was made anew since. Take the old one away (`az role assignment delete --ids ID`), and run it again",
        f"{_RBAC}, ARM template role assignment returns BadRequest status",
        _READ,
    ),
    Remedy(
        r"LinkedAuthorizationFailed|AuthorizationFailed",
        "Who deploys lacks a right that the message names. Owner of the subscription, or Contributor with Role Based Access Control Administrator, has them all; after it was given, wait some minutes",
        f"{_RBAC}, authorization failed",
        _READ,
    ),
    Remedy(
        r"RequestDisallowedByPolicy",
        "A policy of the organisation forbids this. The message names it: ask for an exemption, or change what it is about",
        f"{_COMMON}, RequestDisallowedByPolicy",
        _READ,
    ),
    Remedy(
        r"InUse\w*CannotBeDeleted|CannotDeleteResource|\bNicInUse",
        "Something still uses it that this stack does not hold. The message names it: take that away first, and run it again",
        f"{_COMMON}, InUseSubnetCannotBeDeleted",
        _READ,
    ),
    Remedy(
        r"ContainerImmutabilityPolicyLocked|ContainerImmutableStorage",
        "A locked policy of retention holds until its day; nobody, Microsoft included, can take it away earlier. Keep the element in the spec, or retire it with `data: keep`",
        "learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview",
        _READ,
    ),
    Remedy(
        r"RemotePeeringIsDisconnected",
        "One half of the peering was taken away by hand; the other is left over and lets no new one be made. Take that away, too (the message names it), `hdh refresh`, and run it again",
        "hashicorp/terraform-provider-azurerm issue 14051",
        _READ,
    ),
    Remedy(
        r"SubnetIsFull|PrivateIPAddressInReservedRange|PrivateIPAddressNotInSubnet|PrivateIPAddressIsAllocated|PrivateIPAddressInUse",
        "The address is not free in its subnet: somebody else's interface has it, or the range is used up. The message names it; take that away, or give the network a larger range",
        f"{_COMMON}, SubnetIsFull",
        _READ,
    ),
)
"""In the order in which they are looked for; each is a pattern in a provider's message."""

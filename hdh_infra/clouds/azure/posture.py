"""What a reader should know that no attribute of the model says: settings that weaken an element, as remarks.

A table: type, property, what it must be, what Azure takes where it is not stated, and the remark where it is
another. A deployment as lowered gives no remark. The table judges nothing; it says what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hdh_infra.clouds.azure.audit import Logs
from hdh_infra.clouds.azure.firewall_reading import firewall_remarks
from hdh_infra.clouds.azure.keys_reading import is_exchange
from hdh_infra.clouds.azure.loose_ends import observe_loose_ends
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.reading import Reader, got, listed
from hdh_infra.clouds.azure.routes import routing_remarks
from hdh_infra.clouds.azure.storage import LONGEST_SIGNATURE
from hdh_infra.clouds.azure.storage_reading import is_closed
from hdh_infra.graph.observation import Native


@dataclass(frozen=True, slots=True)
class Expectation:
    """One setting; `values` are those that give no remark, the first is the one that is lowered."""

    kind: str
    path: str
    values: tuple[Any, ...]
    default: Any
    """What Azure takes where the property is not stated."""
    remark: str


_ON, _OFF = (True,), (False,)
EXPECTATIONS: tuple[Expectation, ...] = (
    Expectation("storage:StorageAccount", "kind", ("StorageV2",), None, "is of a kind with other guarantees"),
    Expectation("storage:StorageAccount", "publicNetworkAccess", ("Disabled",), "Enabled", "answers on public networks"),
    Expectation("storage:StorageAccount", "networkRuleSet.defaultAction", ("Deny",), "Allow", "lets every network through that reaches it"),
    Expectation("storage:StorageAccount", "networkRuleSet.bypass", ("None",), "AzureServices", "lets services of the cloud past its network rules"),
    Expectation("storage:StorageAccount", "allowBlobPublicAccess", _OFF, False, "lets containers be read without credentials"),
    Expectation("storage:StorageAccount", "allowSharedKeyAccess", _OFF, True, "can be opened with the account's own key, without an identity"),
    Expectation("storage:StorageAccount", "allowCrossTenantReplication", _OFF, False, "may be copied to another tenant"),
    Expectation("storage:StorageAccount", "allowedCopyScope", ("AAD", "PrivateLink"), None, "may be copied from accounts anywhere"),
    Expectation("storage:StorageAccount", "enableHttpsTrafficOnly", _ON, True, "answers without TLS"),
    Expectation("storage:StorageAccount", "minimumTlsVersion", ("TLS1_2", "TLS1_3"), "TLS1_0", "accepts outdated TLS"),
    Expectation("storage:StorageAccount", "isHnsEnabled", _OFF, False, "is hierarchical: no versions are kept"),
    Expectation("storage:StorageAccount", "isSftpEnabled", _OFF, False, "answers to SFTP"),
    Expectation("storage:StorageAccount", "isLocalUserEnabled", _OFF, False, "has users of its own beside the tenant's"),
    Expectation("storage:StorageAccount", "enableNfsV3", _OFF, False, "answers to NFS, without identities"),
    Expectation("storage:StorageAccount", "encryption.requireInfrastructureEncryption", _ON, False, "is encrypted once, not twice"),
    Expectation("storage:StorageAccount", "customDomain", (None,), None, "answers to a name that is not Azure's"),
    Expectation("storage:StorageAccount", "routingPreference.publishInternetEndpoints", _OFF, False, "has names of its own on the Internet's routes"),
    Expectation("storage:StorageAccount", "routingPreference.publishMicrosoftEndpoints", _OFF, False, "has second names, which no private zone is for"),
    Expectation("storage:StorageAccount", "routingPreference.routingChoice", ("MicrosoftRouting",), "MicrosoftRouting", "is reached over the Internet's routes"),
    Expectation("storage:StorageAccount", "sasPolicy.expirationAction", ("Block",), None, "lets signed accesses hold for as long as whoever signs likes"),
    Expectation("storage:StorageAccount", "sasPolicy.sasExpirationPeriod", (LONGEST_SIGNATURE,), None, "lets signed accesses hold for another time than a day"),
    Expectation("storage:BlobContainer", "defaultEncryptionScope", ("$account-encryption-key", None), None, "encrypts objects with another key than the account's"),
    Expectation("storage:BlobServiceProperties", "deleteRetentionPolicy.enabled", _ON, False, "keeps nothing that was deleted"),
    Expectation("storage:BlobServiceProperties", "deleteRetentionPolicy.allowPermanentDelete", _OFF, False, "lets what was deleted be removed before its time"),
    Expectation("storage:BlobServiceProperties", "containerDeleteRetentionPolicy.enabled", _ON, False, "keeps no deleted container"),
    Expectation("storage:BlobContainer", "publicAccess", ("None",), "None", "asks to be read without credentials"),
    Expectation("keyvault:Vault", "properties.enableRbacAuthorization", _ON, False, "gives rights by vault access policies"),
    Expectation("keyvault:Vault", "properties.enableSoftDelete", _ON, True, "loses a deleted key at once"),
    Expectation("keyvault:Vault", "properties.softDeleteRetentionInDays", (90,), 90, "keeps a deleted key for less than ninety days"),
    Expectation("keyvault:Vault", "properties.enablePurgeProtection", _ON, False, "lets a deleted key be destroyed at once"),
    Expectation("keyvault:Vault", "properties.publicNetworkAccess", ("disabled", "Disabled"), "enabled", "answers on public networks"),
    Expectation("keyvault:Vault", "properties.networkAcls.defaultAction", ("Deny",), "Allow", "lets every network through that reaches it"),
    Expectation("keyvault:Vault", "properties.enabledForDeployment", _OFF, False, "gives secrets to every machine of the subscription's making"),
    Expectation("keyvault:Vault", "properties.enabledForDiskEncryption", _OFF, False, "gives secrets to disk encryption inside machines"),
    Expectation("keyvault:Vault", "properties.enabledForTemplateDeployment", _OFF, False, "gives secrets to every deployment of a template"),
    Expectation("compute:DiskEncryptionSet", "rotationToLatestKeyVersionEnabled", _ON, False, "stays at an old version of its key"),
    Expectation("compute:Disk", "networkAccessPolicy", ("DenyAll",), "AllowAll", "can be exported to where a link to it is known"),
    Expectation("compute:Disk", "publicNetworkAccess", ("Disabled",), "Enabled", "can be exported over public networks"),
    Expectation("compute:Disk", "dataAccessAuthMode", ("AzureActiveDirectory",), "None", "can be exported by whoever has a link to it, where export is open"),
    Expectation("compute:Disk", "maxShares", (1,), 1, "can be attached to several machines at once"),
    Expectation("compute:VirtualMachine", "diagnosticsProfile.bootDiagnostics.storageUri", (None,), None, "writes its console to an account that was not read"),
    Expectation("compute:VirtualMachine", "securityProfile.securityType", ("TrustedLaunch", "ConfidentialVM"), None, "starts without a measured boot"),
    Expectation("compute:VirtualMachine", "securityProfile.uefiSettings.secureBootEnabled", _ON, False, "starts unsigned systems"),
    Expectation("compute:VirtualMachine", "securityProfile.uefiSettings.vTpmEnabled", _ON, False, "has no trusted platform module"),
    Expectation("compute:VirtualMachine", "securityProfile.encryptionAtHost", _ON, False, "keeps caches unencrypted on its host"),
    Expectation("compute:VirtualMachine", "osProfile.allowExtensionOperations", _OFF, True, "takes commands through the cloud's management"),
    Expectation("compute:VirtualMachine", "osProfile.linuxConfiguration.disablePasswordAuthentication", _ON, False, "lets people log in by password"),
    Expectation("compute:VirtualMachine", "osProfile.adminPassword", (None,), None, "has a password"),
    Expectation("compute:VirtualMachine", "osProfile.customData", (None,), None, "runs what its creator handed it at first start"),
    Expectation("compute:VirtualMachine", "userData", (None,), None, "carries data that everything on it can read"),
    Expectation("network:NetworkInterface", "enableIPForwarding", _OFF, False, "passes packets of others on"),
    Expectation("network:NetworkInterface", "disableTcpStateTracking", _OFF, False, "lets packets through that belong to no connection"),
    Expectation("network:VirtualNetworkPeering", "allowForwardedTraffic", _OFF, False, "lets packets in that come from further away"),
    Expectation("network:VirtualNetworkPeering", "allowGatewayTransit", _OFF, False, "lends its gateway to the other network"),
    Expectation("network:VirtualNetworkPeering", "useRemoteGateways", _OFF, False, "uses the other network's gateway"),
    Expectation("network:VirtualNetworkPeering", "allowVirtualNetworkAccess", _ON, True, "does not count the other network as its own"),
    Expectation("network:Subnet", "defaultOutboundAccess", _OFF, True, "has Azure's own way out to the Internet"),
    Expectation("network:Subnet", "privateEndpointNetworkPolicies", ("Enabled", "NetworkSecurityGroupEnabled"), "Disabled", "has private endpoints that no filter acts on"),
    Expectation("network:Subnet", "serviceEndpoints", (None,), None, "has a way of its own to public services of the cloud"),
    Expectation("operationalinsights:Workspace", "publicNetworkAccessForIngestion", ("Disabled",), "Enabled", "takes entries from public networks"),
    Expectation("operationalinsights:Workspace", "publicNetworkAccessForQuery", ("Disabled",), "Enabled", "is searched from public networks"),
    Expectation("operationalinsights:Workspace", "features.disableLocalAuth", _ON, False, "takes entries by its own key, without an identity"),
    Expectation("operationalinsights:Workspace", "features.enableLogAccessUsingOnlyResourcePermissions", _OFF, None, "shows logs of a resource to whoever may read the resource"),
    Expectation("operationalinsights:Workspace", "features.enableDataExport", _OFF, False, "may be exported as it fills"),
    Expectation("operationalinsights:Workspace", "features.immediatePurgeDataOn30Days", _OFF, False, "purges at once what is older than thirty days"),
    Expectation("network:RouteTable", "disableBgpRoutePropagation", _ON, False, "takes up routes that a gateway announces"),
    Expectation("network:AzureFirewall", "sku.tier", ("Standard", "Premium"), "Standard", "is of a kind that only tells of known attackers"),
    Expectation("network:FirewallPolicy", "sku.tier", ("Standard", "Premium"), "Standard", "is of a kind that only tells of known attackers"),
    Expectation("network:FirewallPolicy", "threatIntelMode", ("Deny",), "Alert", "lets pass what leads to known attackers"),
    Expectation("network:FirewallPolicy", "threatIntelWhitelist", (None,), None, "has hosts that pass whatever is known of them"),
    Expectation("network:FirewallPolicy", "basePolicy", (None,), None, "takes up rules of another policy, which were not read"),
    Expectation("network:FirewallPolicy", "sql.allowSqlRedirect", _OFF, False, "lets databases lead their clients elsewhere"),
    Expectation("network:FlowLog", "enabled", _ON, False, "writes nothing down"),
    Expectation("network:FlowLog", "retentionPolicy.enabled", _OFF, False, "deletes what it wrote after some days"),
    Expectation("network:FlowLog", "enabledFilteringCriteria", (None,), None, "leaves connections out"),
    Expectation("network:FlowLog", "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.enabled", _OFF, False, "copies connections into a workspace"),
    Expectation("network:BastionHost", "sku.name", ("Standard", "Premium"), None, "is of a kind that cannot be kept from copying out"),
    Expectation("network:BastionHost", "disableCopyPaste", _ON, False, "lets people copy out of machines"),
    Expectation("network:BastionHost", "enableFileCopy", _OFF, False, "lets people carry files in and out"),
    Expectation("network:BastionHost", "enableIpConnect", _OFF, False, "leads to any address that it reaches, not to machines alone"),
    Expectation("network:BastionHost", "enableKerberos", _OFF, False, "passes logins on to a domain"),
    Expectation("network:BastionHost", "enableShareableLink", _OFF, False, "lets in whoever has a link, without a name in the directory"),
    Expectation("network:BastionHost", "enableTunneling", _OFF, False, "carries tunnels of people's own programs"),
    Expectation("dataprotection:BackupVault", "properties.securitySettings.softDeleteSettings.state", ("On", "AlwaysOn"), "On", "loses a deleted copy at once"),
    Expectation("dataprotection:BackupVault", "properties.securitySettings.softDeleteSettings.retentionDurationInDays", tuple(range(14, 181)), 14, "keeps a deleted copy for less than fourteen days"),
    Expectation("dataprotection:BackupVault", "properties.securitySettings.immutabilitySettings.state", ("Unlocked", "Locked"), "Disabled", "lets copies be deleted before their time"),
    Expectation("dataprotection:BackupVault", "properties.featureSettings.crossSubscriptionRestoreSettings.state", ("Disabled", "PermanentlyDisabled"), "Enabled", "lets copies be restored into another subscription"),
    Expectation("dataprotection:BackupVault", "properties.featureSettings.crossRegionRestoreSettings.state", ("Disabled",), "Disabled", "lets copies be restored in another region"),
    Expectation("dataprotection:BackupVault", "properties.monitoringSettings.azureMonitorAlertSettings.alertsForAllJobFailures", ("Enabled",), "Enabled", "tells nobody of a backup that failed"),
    Expectation("privatedns:VirtualNetworkLink", "registrationEnabled", _OFF, False, "lets machines write names into the shared zone"),
    Expectation("privatedns:VirtualNetworkLink", "resolutionPolicy", ("Default",), "Default", "asks public names where a private one is not there"),
)  # fmt: skip


_UNFILTERED = frozenset({"azurefirewallsubnet", "gatewaysubnet"})
"""Names, in small letters, of subnets that Azure lets nobody put a filter on."""
_OF_LOGS = frozenset({"publicNetworkAccess", "networkRuleSet.bypass"})
"""Settings of an account that Azure's own log services need otherwise; `is_closed` judges what they open."""


def observe_posture(reader: Reader, logs: Logs) -> Iterator[str]:
    """Every remark, by the native path that it is about."""
    yield from observe_loose_ends(reader)
    by_type: dict[str, list[Expectation]] = {}
    for one in EXPECTATIONS:
        by_type.setdefault(token(one.kind), []).append(one)
    for native in reader.natives:
        written_to = native.path in logs.destinations and is_closed(native, logs=True)
        for one in by_type.get(native.type, ()):
            if written_to and one.path in _OF_LOGS:
                continue
            found = got(native, one.path, one.default)
            if found not in one.values and not (found in ([], {}) and None in one.values):
                yield f"{native.path}: {one.remark}"
    for native in reader.of("network:Subnet"):
        if not got(native, "networkSecurityGroup") and reader.name(native).lower() not in _UNFILTERED:
            yield f"{native.path}: has no filter"
    yield from routing_remarks(reader)
    yield from firewall_remarks(reader)
    for native in reader.of("storage:StorageAccount"):
        yield from _openings(native, "networkRuleSet")
    for native in reader.of("keyvault:Vault"):
        yield from _openings(native, "properties.networkAcls")
    for native in reader.of("keyvault:Key"):
        enabled = got(native, "properties.attributes.enabled", got(native, "attributes.enabled", default=True))
        operations = got(native, "properties.keyOps", got(native, "keyOps", []))
        if enabled is not True:
            yield f"{native.path}: is switched off; what it encrypts cannot be read"
        if (more := sorted(set(operations) - {"wrapKey", "unwrapKey"})) and not is_exchange(native):
            yield f"{native.path}: may also {', '.join(more)}"
        if expires := got(native, "properties.attributes.expires", got(native, "attributes.expires")):
            yield f"{native.path}: expires on a day of its own ({int(expires)} s after 1970); what it encrypts cannot be used from then on"


def _openings(native: Native, path: str) -> Iterator[str]:
    for name in ("ipRules", "virtualNetworkRules", "resourceAccessRules"):
        if listed(got(native, f"{path}.{name}")):
            yield f"{native.path}: has {name} that let through what no flow says"

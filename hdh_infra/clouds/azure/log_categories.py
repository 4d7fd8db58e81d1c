"""Which logs each type of resource writes, and which word of `audit` asks for them: data with their sources.

A type that is planned and stands in none of the tables below fails a test: somebody has to look it up. Names
are Azure's category ids; the container that a category is written to is named after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

Word: TypeAlias = Literal["stores", "keys", "administration", "flows"]
"""A word of `audit`: each access to objects, each use of keys, each change and entry, what networks let through."""

_PAGES = "MicrosoftDocs/azure-monitor-docs articles/azure-monitor/reference/supported-logs"


@final
@dataclass(frozen=True, slots=True)
class Logged:
    """What a type writes down."""

    categories: tuple[str, ...]
    word: Word
    source: str


LOGS: Mapping[str, Logged] = {
    "storage:BlobServiceProperties": Logged(
        ("StorageRead", "StorageWrite", "StorageDelete"),
        "stores",
        f"{_PAGES}/microsoft-storage-storageaccounts-blobservices-logs.md",
    ),
    "keyvault:Vault": Logged(("AuditEvent",), "keys", f"{_PAGES}/microsoft-keyvault-vaults-logs.md (2025-04-16)"),
    "keyvault:ManagedHsm": Logged(("AuditEvent",), "keys", f"{_PAGES}/microsoft-keyvault-managedhsms-logs.md"),
    "network:NetworkSecurityGroup": Logged(
        ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"),
        "flows",
        f"{_PAGES}/microsoft-network-networksecuritygroups-logs.md (2026-07-14); ids: MicrosoftDocs/azure-docs resource-logs-categories.md",
    ),
    "network:VirtualNetwork": Logged(
        ("VMProtectionAlerts",),
        "flows",
        f"{_PAGES}/microsoft-network-virtualnetworks-logs.md (2025-04-02); id: resource-logs-categories.md",
    ),
    "network:PublicIPAddress": Logged(
        ("DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"),
        "flows",
        f"{_PAGES}/microsoft-network-publicipaddresses-logs.md (2026-07-14); ids: resource-logs-categories.md",
    ),
    "network:AzureFirewall": Logged(
        (
            "AZFWNetworkRule",
            "AZFWApplicationRule",
            "AZFWNatRule",
            "AZFWThreatIntel",
            "AZFWIdpsSignature",
            "AZFWDnsQuery",
            "AZFWFqdnResolveFailure",
        ),
        "flows",
        f"{_PAGES}/microsoft-network-azurefirewalls-logs.md (2026-07-14)",
    ),
    "network:BastionHost": Logged(
        ("BastionAuditLogs",), "administration", f"{_PAGES}/microsoft-network-bastionhosts-logs.md (2024-11-19)"
    ),
    "dataprotection:BackupVault": Logged(
        ("CoreAzureBackup", "AddonAzureBackupJobs", "AddonAzureBackupPolicy", "AddonAzureBackupProtectedInstance"),
        "administration",
        f"{_PAGES}/microsoft-dataprotection-backupvaults-logs.md (2025-04-16)",
    ),
    "operationalinsights:Workspace": Logged(
        ("Audit",), "administration", f"{_PAGES}/microsoft-operationalinsights-workspaces-logs.md (2025-02-18)"
    ),
}
"""Types that write logs, by module and resource."""
LEFT_OUT: Mapping[str, str] = {
    "keyvault:Vault AzurePolicyEvaluationDetails": "what Azure Policy found of the vault, not what was done with a key",
    "network:NetworkSecurityGroup NetworkSecurityGroupFlowEvent": "connections are what flow logs write; what this category writes is said nowhere",
    "network:AzureFirewall AZFWFlowTrace": "is switched on as a feature of the subscription, for a fault that is looked for",
    "network:AzureFirewall AZFWFatFlow": "is switched on as a feature of the subscription, for a fault that is looked for",
    "network:AzureFirewall AZFWDnsFlowTrace": "every question again, beside AZFWDnsQuery",
    "network:AzureFirewall AZFWNetworkRuleAggregation": "sums of AZFWNetworkRule for Policy Analytics",
    "network:AzureFirewall AZFWApplicationRuleAggregation": "sums of AZFWApplicationRule for Policy Analytics",
    "network:AzureFirewall AZFWNatRuleAggregation": "sums of AZFWNatRule for Policy Analytics",
    "network:AzureFirewall AzureFirewallNetworkRule": "the form before AZFWNetworkRule",
    "network:AzureFirewall AzureFirewallApplicationRule": "the form before AZFWApplicationRule",
    "network:AzureFirewall AzureFirewallDnsProxy": "the form before AZFWDnsQuery",
    "operationalinsights:Workspace SummaryLogs": "runs of summary rules, of which none is planned",
    "operationalinsights:Workspace Jobs": "search jobs' own course; who asked for them is in Audit",
    "compute:VirtualMachine SoftwareUpdates": "Azure Update Manager's, which no plan uses",
    "compute:VirtualMachine SoftwareUpdateProfile": "Azure Update Manager's, which no plan uses",
}
"""Categories that exist and are not written, by type, and why."""
WITHOUT: frozenset[str] = frozenset(
    {
        "authorization:RoleAssignment",
        "authorization:RoleDefinition",
        "compute:AvailabilitySet",
        "compute:Disk",
        "compute:DiskEncryptionSet",
        "compute:VirtualMachine",
        "dataprotection:BackupInstance",
        "dataprotection:BackupPolicy",
        "keyvault:Key",
        "managedidentity:UserAssignedIdentity",
        "monitor:DiagnosticSetting",
        "network:FirewallPolicy",
        "network:FirewallPolicyRuleCollectionGroup",
        "network:FlowLog",
        "network:NatGateway",
        "network:NetworkInterface",
        "network:PrivateDnsZoneGroup",
        "network:PrivateEndpoint",
        "network:RouteTable",
        "network:SecurityRule",
        "network:Subnet",
        "network:VirtualNetworkPeering",
        "privatedns:PrivateRecordSet",
        "privatedns:PrivateZone",
        "privatedns:VirtualNetworkLink",
        "resources:ResourceGroup",
        "storage:BlobContainer",
        "storage:BlobContainerImmutabilityPolicy",
        "storage:ManagementPolicy",
        "storage:StorageAccount",
    }
)
"""Types without a log of their own that is taken: what is done to them is in the activity log, what is in them is logged by their parent.

Source: the index of supported-logs (2024-09-12), which names none of them but virtual machines (`LEFT_OUT`).
"""
ADMINISTRATION: tuple[str, ...] = ("Administrative", "Policy", "Security")
"""Categories of a subscription's activity log that say what was done: changes, what Azure Policy did, alerts of Defender for Cloud."""
ADMINISTRATION_LEFT_OUT: Mapping[str, str] = {
    "ServiceHealth": "incidents and maintenance of Azure itself: what the cloud did, the same for all its customers",
    "ResourceHealth": "whether a resource was up; nothing that somebody did",
    "Alert": "firings of Azure Monitor alert rules, of which no plan makes any",
    "Autoscale": "the work of an autoscale engine, which no plan uses",
    "Recommendation": "advice of Azure Advisor",
}
"""Its other categories, and why not. Source: MicrosoftDocs/azure-docs articles/azure-monitor/essentials/activity-log-schema.md, categories."""


def container_of(category: str) -> str:
    """What Azure names the container that it writes a category of a resource to.

    Source: learn.microsoft.com/azure/azure-monitor/essentials/resource-logs.
    """
    return f"insights-logs-{category.lower()}"


__all__ = ["ADMINISTRATION", "ADMINISTRATION_LEFT_OUT", "LEFT_OUT", "LOGS", "WITHOUT", "Logged", "Word", "container_of"]

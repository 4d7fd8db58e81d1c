"""Properties of which no observation needs to see a change, each with the reason; everything else has to be seen.

By the last part of a type's token, or `*` for every type, and the name of a property; `!` before a name means its removal alone:
what the provider takes then is what stands there (each cloud's contract and pages), or it refuses the resource; `=` that one value.
"""

from collections.abc import Iterator, Mapping

WORDS = "names, tags and descriptions mean nothing (law 2)"
DEFAULT = "where it is not said, the provider takes the same, or refuses"
WHOLE = "the other parts of the same document or of the same resource say it still; for rights the worse is read"
PRICE = "kind, speed and price of a disk, of a gateway or of an address"
OTHER_SIDE = "the other end's filter, or a route that is not there, still closes it"
LIVING = "how a resource is changed or ends; the engine's own protection stands before it"
PLACED = "by what it is made of, or its fellow, it lies where it lay"
NO_ADDRESS = "a filter of public addresses, of machines that have none: an address itself is seen"
NO_RIGHT = (
    "a way to stores of machines for which no account is named here: with one it is seen (`tests/clouds/outscale`)"
)
PASSING = "without an address of its own the machine has a passing one: it is as public as before"
HARMLESS: Mapping[str, Mapping[str, str]] = {
    PASSING: {"Instance": "!networkInterfaces.[].accessConfigs.[].natIp"},
    WORDS: {
        "*": "name tags tags.Name tags.platform tags.[] tags.[].key tags.[].value labels labels.hdh-platform description "
        "displayName accountId groupName",
    },
    DEFAULT: {
        "Address": "!domain !addressType !ipVersion !networkTier !region",
        "Instance": "!sourceDestCheck !placement !placement.availabilityZone !placement.tenancy !canIpForward !enableDisplay "
        "!metadata.disable-legacy-endpoints !metadata.enable-guest-attributes !metadata.enable-oslogin "
        "!metadata.serial-port-enable !scheduling !scheduling.preemptible !scheduling.provisioningModel "
        "!shieldedInstanceConfig.enableIntegrityMonitoring !shieldedInstanceConfig.enableVtpm !networkInterfaces.[].stackType "
        "!networkInterfaces.[].accessConfigs.[].networkTier",
        "Subnet": "!mapPublicIpOnLaunch !availabilityZone !availabilityZoneName",
        "Subnetwork": "!region !stackType",
        "Volume": "!availabilityZone !availabilityZoneName !zone !linkVm.deviceName",
        "Vpc": "!instanceTenancy !tenancy !region !enableTransitivity",
        "Vm": "!placement !placement.availabilityZoneName !placement.tenancy !nestedVirtualization !initiatedShutdownBehavior",
        "Network": "!enableUlaInternalIpv6 !networkFirewallPolicyEnforcementOrder",
        "Firewall": "!disabled !denies.[].protocol",
        "CryptoKey": "!destroyScheduledDuration !importOnly !purpose !versionTemplate !versionTemplate.algorithm "
        "!versionTemplate.protectionLevel",
        "CryptoKeyIAMMember": "!role",
        "Account": "!createIgnoreAlreadyExists !disabled",
        "Bucket": "!ipFilter.allowAllServiceAgentAccess !ipFilter.allowCrossOrgVpcs !requesterPays !forceDestroy",
        "Disk": "!multiWriter !zone",
        "Key": "!origin !region",
        "Server": "!enableDynamicIp !zone !state !bootType",
        "Acl": "!region !rules.[].srcPortLow",
        "PrivateNetwork": "!region",
        "PublicGateway": "!bastionPort !zone allowedIpRanges allowedIpRanges.[]",
        "ObjectStorageBucket": "!accessType",
        "PublicCloudVmInstance": "!powerState !availabilityZoneId !backupPolicyId !instanceFamilyId",
    },
    WHOLE: {
        "Bucket": "policy.$json.Statement.[].Resource policy.$json.Statement.[].Resource.[] policy.$json.Version encryption.algorithm=aws:kms",
        "Policy": "rules.[].projectIds rules.[].projectIds.[]",
        "Vpc": "ipRange",
    },
    PRICE: {
        "Instance": "blockDeviceMappings.[].ebs.volumeType bootDisk.initializeParams.type networkInterfaces.[].nicType placement.tenancy "
        "scheduling.automaticRestart scheduling.onHostMaintenance",
        "Volume": "volumeType type iops",
        "Disk": "type",
        "Server": "rootVolume.sbsIops rootVolume.volumeType rootVolume.boot",
        "PublicGateway": "type ipId enableSmtp",
        "Bucket": "abortUploadsDays storageClass lifecycleRules lifecycleRules.[] lifecycleRules.[].action lifecycleRules.[].action.type "
        "lifecycleRules.[].condition lifecycleRules.[].condition.age",
        "RecordSet": "ttl",
        "RouterNat": "natIpAllocateOption",
        "AddressAssociation": "allocationId",
        "NatGateway": "allocationId publicIpId",
        "GatewayNetwork": "enableMasquerade",
    },
    OTHER_SIDE: {
        "Subnet": "cidrBlock",
        "Firewall": "sourceRanges sourceRanges.[] sourceServiceAccounts sourceServiceAccounts.[]",
        "Route": "destRange priority",
        "RouteTable": "routes.[].destinationIpRange routes.[].gatewayId",
        "Bucket": "ipFilter.vpcNetworkSources.[].allowedIpCidrRanges.[]",
        "PublicCloudVmInstance": "osNetworkAdapters osNetworkAdapters.[] osNetworkAdapters.[].networkId osNetworkAdapters.[].deviceIndex",
        "PublicCloudVmNetworkAdapter": "networkId ipAddress deviceIndex",
    },
    LIVING: {
        "Instance": "blockDeviceMappings.[].ebs.deleteOnTermination disableApiTermination instanceInitiatedShutdownBehavior "
        "allowStoppingForUpdate bootDisk.autoDelete deletionProtection attachedDisks.[].mode attachedDisks.[].deviceName bootDisk.deviceName",
        "VolumeAttachment": "device",
        "Volume": "!replaceVolumeOnDownsize",
        "Server": "protected replaceOnTypeChange rootVolume.deleteOnTermination",
        "Key": "unprotected",
        "CryptoKey": "skipInitialVersionCreation",
        "ManagedZone": "forceDestroy",
        "Bucket": "defaultEventBasedHold enableObjectRetention",
    },
    PLACED: {
        "InternetGateway": "vpcId",
        "NatGateway": "subnetId",
        "RouteTable": "vpcId",
        "SecurityGroup": "vpcId",
        "VpcEndpoint": "vpcId",
        "Network": "routingMode",
        "Router": "network region",
        "RouterNat": "router region !sourceSubnetworkIpRangesToNat subnetworks.[].sourceIpRangesToNats "
        "subnetworks.[].sourceIpRangesToNats.[]",
        "PlacementGroup": "zone",
        "PrivateNic": "zone",
        "PublicGatewayIp": "zone",
        "GatewayNetwork": "zone",
        "Ip": "region isIpv6 sources sources.[] sources.[].privateNetworkId",
        "ApiKey": "defaultProjectId",
    },
    NO_RIGHT: {
        "VpcEndpoint": "routeTableIds routeTableIds.[]",
    },
    NO_ADDRESS: {
        "SecurityGroup": "enableDefaultSecurity externalRules inboundDefaultPolicy outboundDefaultPolicy stateful zone",
        "Server": "securityGroupId",
    },
}


def reasons(token: str, name: str, word: str) -> Iterator[str]:
    """Why nobody needs to see a change of a property; nothing where somebody does."""
    kind = token.rsplit(":", 1)[-1]
    for reason, types in HARMLESS.items():
        for one in ("*", kind):
            names = types.get(one, "").split()
            if name in names or f"{name}={word}" in names or (word == "removed" and f"!{name}" in names):
                yield reason

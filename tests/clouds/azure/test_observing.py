"""Reading back: every property that bears on security shows when it is changed, and a state reads as its plan does."""

import uuid
from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.posture import EXPECTATIONS
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import fill, transform
from hdh_infra.model.target import Target

GONE = object()
OTHER_ROLE = "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ELSEWHERE = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/virtualNetworks/z"
# Type, property, the values it is changed to. Every node of the type is changed, one at a time.
MUTATIONS = [
    ("network:VirtualNetwork", "addressSpace", [{"addressPrefixes": ["10.0.0.0/8"]}]),
    ("network:VirtualNetwork", "location", ["westeurope", GONE]),
    ("network:Subnet", "networkSecurityGroup", [GONE, {"id": ELSEWHERE}]),
    ("network:Subnet", "privateEndpointNetworkPolicies", ["Disabled", "RouteTableEnabled", GONE]),
    ("network:Subnet", "defaultOutboundAccess", [True, GONE]),
    ("network:Subnet", "routeTable", [{"id": ELSEWHERE}, GONE]),
    ("network:RouteTable", "routes", [[], [{"name": "x", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}], [{"name": "x", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}]]),
    ("network:Subnet", "serviceEndpoints", [[{"service": "Microsoft.Storage"}]]),
    ("network:SecurityRule", "access", ["Allow", "Deny"]),
    ("network:SecurityRule", "direction", ["Inbound", "Outbound"]),
    ("network:SecurityRule", "protocol", ["Udp", "Tcp", "Icmp"]),
    ("network:SecurityRule", "sourceAddressPrefixes", [["10.64.0.0/12"], ["10.64.0.0/32"]]),
    ("network:SecurityRule", "destinationAddressPrefixes", [["10.0.0.0/8"], ["10.64.0.0/32"]]),
    ("network:SecurityRule", "sourceAddressPrefix", ["*", "Internet", "VirtualNetwork", "Storage", "10.0.0.0/8"]),
    ("network:SecurityRule", "destinationAddressPrefix", ["*", "VirtualNetwork", "Storage", "10.0.0.0/8"]),
    ("network:SecurityRule", "destinationPortRange", ["1-65534", "3389"]),
    ("network:SecurityRule", "destinationPortRanges", [["1-65534"], ["25"]]),
    ("network:NetworkSecurityGroup", "securityRules", [[{"name": "x", "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}]]),
    ("network:VirtualNetworkPeering", "remoteVirtualNetwork", [{"id": ELSEWHERE}, GONE]),
    ("network:VirtualNetworkPeering", "peeringState", ["Disconnected", "Initiated"]),
    ("network:NetworkInterface", "ipConfigurations", [[], GONE]),
    ("network:PrivateEndpoint", "privateLinkServiceConnections", [[], [{"groupIds": ["blob"], "privateLinkServiceId": ELSEWHERE}]]),
    ("network:PrivateEndpoint", "ipConfigurations", [[]]),
    ("network:PrivateEndpoint", "subnet", [{"id": ELSEWHERE}]),
    ("authorization:RoleAssignment", "roleDefinitionId", [OTHER_ROLE]),
    ("authorization:RoleAssignment", "scope", ["/subscriptions/x", {"$ref": "platform/group", "output": "id"}]),
    ("authorization:RoleAssignment", "principalId", ["00000000-0000-4000-8000-00000000dead"]),
    ("authorization:RoleDefinition", "permissions", [[{"dataActions": ["*"]}], []]),
    ("keyvault:Vault", "location", ["westeurope"]),
    ("keyvault:Vault", "properties.accessPolicies+properties.enableRbacAuthorization", [[{"objectId": "x"}]]),
    ("keyvault:Vault", "properties.networkAcls.ipRules", [[{"value": "203.0.113.1"}]]),
    ("keyvault:Vault", "properties.networkAcls.virtualNetworkRules", [[{"id": ELSEWHERE}]]),
    ("keyvault:Key", "properties.kty", ["RSA", "EC", "RSA-HSM"]),
    ("keyvault:Key", "properties.attributes.exportable", [True]),
    ("keyvault:Key", "properties.attributes.enabled", [False]),
    ("keyvault:Key", "properties.releasePolicy", [{"data": "x"}]),
    ("keyvault:Key", "properties.keyOps", [["wrapKey", "unwrapKey", "decrypt"]]),
    ("keyvault:Key", "properties.rotationPolicy", [GONE, {"lifetimeActions": [{"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P5Y"}}]}]),
    ("storage:StorageAccount", "location", ["westeurope"]),
    ("storage:StorageAccount", "sku", [{"name": "Standard_RAGRS"}, {"name": "Standard_GZRS"}]),
    ("storage:StorageAccount", "encryption", [GONE]),
    ("storage:StorageAccount", "encryption.keySource", ["Microsoft.Storage"]),
    ("storage:StorageAccount", "encryption.keyVaultProperties", [{"keyName": "x", "keyVaultUri": "https://foreign.vault.azure.net/"}]),
    ("storage:StorageAccount", "encryption.services", [GONE, {"blob": {"enabled": True, "keyType": "Service"}}]),
    ("storage:StorageAccount", "networkRuleSet.ipRules", [[{"iPAddressOrRange": "203.0.113.1"}]]),
    ("storage:StorageAccount", "networkRuleSet.virtualNetworkRules", [[{"virtualNetworkResourceId": ELSEWHERE}]]),
    ("storage:StorageAccount", "networkRuleSet.resourceAccessRules", [[{"resourceId": ELSEWHERE}]]),
    ("storage:BlobServiceProperties", "isVersioningEnabled", [False, True]),
    ("storage:BlobContainer", "publicAccess", ["Container", "Blob"]),
    ("storage:BlobContainerImmutabilityPolicy", "immutabilityPeriodSinceCreationInDays", [1, 5000]),
    ("storage:BlobContainerImmutabilityPolicy", "state", ["Locked"]),
    ("storage:BlobContainerImmutabilityPolicy", "containerName", ["other"]),
    ("storage:BlobContainerImmutabilityPolicy", "allowProtectedAppendWrites", [True]),
    ("compute:VirtualMachine", "location", ["westeurope"]),
    ("compute:VirtualMachine", "identity", [{"type": "None"}, GONE]),
    ("compute:VirtualMachine", "hardwareProfile.vmSize", ["Standard_B1s"]),
    ("compute:VirtualMachine", "storageProfile.imageReference", [{"publisher": "x", "offer": "y", "sku": "z"}]),
    ("compute:VirtualMachine", "osProfile.linuxConfiguration.ssh.publicKeys", [[{"keyData": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzG"}]]),
    ("compute:VirtualMachine", "networkProfile.networkInterfaces", [[]]),
    ("compute:VirtualMachine", "securityProfile", [GONE]),
    ("compute:VirtualMachine", "osProfile.adminPassword", ["not so secret"]),
    ("compute:VirtualMachine", "osProfile.customData", ["aGVsbG8="]),
    ("compute:VirtualMachine", "userData", ["aGVsbG8="]),
    ("compute:Disk", "encryption", [{"type": "EncryptionAtRestWithPlatformKey"}, GONE]),
    ("compute:Disk", "diskSizeGB", [1]),
    ("compute:DiskEncryptionSet", "activeKey", [{"keyUrl": "https://foreign.vault.azure.net/keys/x/1"}, GONE]),
    ("compute:DiskEncryptionSet", "encryptionType", ["EncryptionAtRestWithPlatformKey"]),
]  # fmt: skip
# What changes nothing although it is changed: the node has that value or protection already, or none to lose.
UNCHANGED = {
    ("storage:StorageAccount", "encryption.keySource", "zone/lake/store/open/account"),
    ("storage:StorageAccount", "encryption.keyVaultProperties", "zone/lake/store/open/account"),
    ("storage:StorageAccount", "encryption.services", "zone/lake/store/open/account"),
    ("compute:Disk", "encryption", "zone/lake/machine/plain/0/data"),
}
HARMLESS = {
    "resources:ResourceGroup": "a container of names",
    "privatedns:PrivateZone": "names only",
    "network:PrivateDnsZoneGroup": "names only: a wrong name leads to an address that the filters deny",
    "managedidentity:UserAssignedIdentity": "has no property that says what it may do; role assignments do",
    "network:NatGateway": "leads out only; what may go out is the filter's",
    "network:PublicIPAddress": "of a gateway that lets nothing in",
}


def natives(nodes):
    return Natives.of_plan(nodes, CLOUD.identifiers)


@pytest.fixture(scope="module")
def place():
    return site(Target.parse("azure:francecentral"))


@pytest.fixture(scope="module")
def seen(plan, place):
    return CLOUD.observe(natives(plan.nodes), place)


def changed(properties, path, value):
    head, _, rest = path.partition(".")
    if rest:
        return {**properties, head: changed(properties.get(head) or {}, rest, value)}
    if value is GONE:
        return {name: one for name, one in properties.items() if name != head}
    return {**properties, head: value}


def value_at(properties, path):
    for part in path.split("."):
        properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def mutated(node, path, value):
    properties = dict(node.properties)
    if "+" in path:
        policies, switch = path.split("+")
        return replace(node, properties=changed(changed(properties, policies, value), switch, False))
    # A rule has prefixes and ports in one form or the other.
    for one, other in (("AddressPrefix", "AddressPrefixes"), ("PortRange", "PortRanges")):
        for side in ("source", "destination"):
            if path in {side + one, side + other}:
                properties.pop(side + one, None)
                properties.pop(side + other, None)
    return replace(node, properties=changed(properties, path, value))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{kind} {path}" for kind, path, _ in MUTATIONS])
def test_a_changed_property_changes_the_observation(plan, place, seen, mutation):
    kind, path, values = mutation
    nodes = [node for node in plan.nodes if node.type == token(kind)]
    assert nodes
    missed, tried = [], 0
    for node in nodes:
        for value in values:
            other = mutated(node, path, value)
            if other.properties == node.properties or (kind, path, node.path) in UNCHANGED:
                continue
            if value is GONE and value_at(node.properties, path) is None:
                continue
            if (kind, path) == ("keyvault:Key", "properties.kty") and "HSM" not in node.properties["properties"]["kty"]:
                continue  # a software key stays one by whatever name: its vault has no module
            tried += 1
            if CLOUD.observe(natives([other if one is node else one for one in plan.nodes]), place) == seen:
                missed.append((node.path, value))
    assert tried
    assert missed == []


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=[f"{one.kind} {one.path}" for one in EXPECTATIONS])
def test_every_weakening_in_the_table_is_remarked_on_and_its_opposite_is_not(
    plan, wide_plan, watched_plan, place, expectation
):
    plan = next(
        one
        for one in (plan, watched_plan, wide_plan)
        if any(node.type == token(expectation.kind) for node in one.nodes)
    )
    wrong = {bool: not expectation.values[0], int: 7, str: "Weaker", type(None): {"id": "x"}}[
        type(expectation.values[0])
    ]
    node = next(node for node in plan.nodes if node.type == token(expectation.kind))
    before = f"{node.path}: {expectation.remark}"
    assert before not in CLOUD.observe(natives(plan.nodes), place).remarks
    other = mutated(node, expectation.path, wrong)
    after = CLOUD.observe(natives([other if one is node else one for one in plan.nodes]), place)
    assert before in after.remarks
    gone = replace(node, properties=changed(node.properties, expectation.path, GONE))
    left_to_azure = CLOUD.observe(natives([gone if one is node else one for one in plan.nodes]), place)
    assert (before in left_to_azure.remarks) == (expectation.default not in expectation.values)


def test_every_type_of_a_plan_is_mutated_or_said_to_be_harmless(plan):
    known = (
        {token(kind) for kind, _, _ in MUTATIONS}
        | {token(one.kind) for one in EXPECTATIONS}
        | {token(kind) for kind in HARMLESS}
    )
    assert {node.type for node in plan.nodes} <= known


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_filter_that_lost_its_last_word_is_remarked_on(plan, place, direction):
    for node in plan.nodes:
        if node.path.endswith(f"/deny-{direction}"):
            after = CLOUD.observe(natives([one for one in plan.nodes if one is not node]), place)
            assert any(node.path.rsplit("/", 1)[0] in remark and "last word" in remark for remark in after.remarks)


def test_without_last_words_whole_joined_networks_reach_each_other_as_azures_defaults_say(plan, place):
    open_now = CLOUD.observe(natives([node for node in plan.nodes if "/deny-" not in node.path]), place)
    pairs = {(flow.source, flow.to, flow.ports) for flow in open_now.flows if flow.protocol == "tcp"}
    console, desktop = "zone/administration/machine/console", "space/cohort-a/machine/desktop"
    assert (desktop, console, ("1-65535",)) in pairs
    assert (desktop, "zone/lake/store/snds", ("1-65535",)) in pairs
    assert {flow.to for flow in open_now.egress if flow.source == console} == {"0.0.0.0/0", "203.0.113.0/24"}


def test_a_public_address_opens_nothing_by_itself_and_all_that_a_rule_lets_in(plan, place):
    path = "zone/administration/machine/console/0/interface"
    node = plan.node(path)
    configuration = {**node.properties["ipConfigurations"][0], "publicIPAddress": {"id": "x"}}
    public = replace(node, properties={**node.properties, "ipConfigurations": [configuration]})
    with_address = [public if one is node else one for one in plan.nodes]
    seen = CLOUD.observe(natives(with_address), place)
    assert seen.elements["zone/administration/machine/console"]["public"] is True
    assert seen.entry == ()
    rule = plan.node("zone/administration/filter/machines/deny-in")
    opened = replace(
        rule, properties={**rule.properties, "access": "Allow", "protocol": "Tcp", "destinationPortRange": "22"}
    )
    entry = CLOUD.observe(natives([opened if one is rule else one for one in with_address]), place).entry
    assert [(flow.source, flow.to, flow.protocol, flow.ports) for flow in entry] == [
        ("internet", "zone/administration/machine/console", "tcp", (22,))
    ]


def test_an_account_on_public_networks_can_be_entered_from_the_internet(plan, place):
    node = plan.node("zone/lake/store/snds/account")
    opened = replace(
        node,
        properties={**node.properties, "publicNetworkAccess": "Enabled", "networkRuleSet": {"defaultAction": "Allow"}},
    )
    entry = CLOUD.observe(natives([opened if one is node else one for one in plan.nodes]), place).entry
    assert [(flow.source, flow.to, flow.ports) for flow in entry] == [("internet", "zone/lake/store/snds", (443,))]


def test_half_a_peering_joins_nothing(plan, place, seen):
    half = [node for node in plan.nodes if node.path != "space/cohort-a/peering/space.cohort-a-zone.lake/back"]
    lost = set(seen.flows) - set(CLOUD.observe(natives(half), place).flows)
    assert {(flow.source, flow.to) for flow in lost} == {("space/cohort-a/machine/desktop", "zone/lake/store/snds")}


SEGMENTS = {
    "resources:ResourceGroup": ("", "resourceGroupName"),
    "network:Subnet": ("Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets", "subnetName"),
    "network:SecurityRule": (
        "Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}/securityRules",
        "securityRuleName",
    ),
    "network:VirtualNetworkPeering": (
        "Microsoft.Network/virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings",
        "virtualNetworkPeeringName",
    ),
    "network:VirtualNetwork": ("Microsoft.Network/virtualNetworks", "virtualNetworkName"),
    "network:NetworkSecurityGroup": ("Microsoft.Network/networkSecurityGroups", "networkSecurityGroupName"),
    "network:NetworkInterface": ("Microsoft.Network/networkInterfaces", "networkInterfaceName"),
    "network:PrivateEndpoint": ("Microsoft.Network/privateEndpoints", "privateEndpointName"),
    "network:PrivateDnsZoneGroup": (
        "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups",
        "privateDnsZoneGroupName",
    ),
    "privatedns:PrivateZone": ("Microsoft.Network/privateDnsZones", "privateZoneName"),
    "keyvault:Vault": ("Microsoft.KeyVault/vaults", "vaultName"),
    "keyvault:Key": ("Microsoft.KeyVault/vaults/{vaultName}/keys", "keyName"),
    "storage:StorageAccount": ("Microsoft.Storage/storageAccounts", "accountName"),
    "storage:BlobServiceProperties": (
        "Microsoft.Storage/storageAccounts/{accountName}/blobServices",
        "blobServicesName",
    ),
    "storage:BlobContainer": (
        "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers",
        "containerName",
    ),
    "storage:BlobContainerImmutabilityPolicy": (
        "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}/immutabilityPolicies",
        "immutabilityPolicyName",
    ),
}
INPUTS_ONLY = (
    "resourceGroupName",
    "virtualNetworkName",
    "networkSecurityGroupName",
    "vaultName",
    "accountName",
    "containerName",
)


def deployed(plan, *, keep_inputs, vaults="vault.azure.net", location="France Central"):
    """The plan as a state holds it: ids for references, outputs beside inputs, in ARM's own forms.

    Args:
        plan: what was deployed.
        keep_inputs: whether a state keeps the inputs that say where a thing lies.
        vaults: what the hosts of its cloud's vaults end in.
        location: the region, as ARM gives it back.
    """
    outputs = {}
    for node in plan.nodes:
        kind = node.type.removeprefix("azure-native:")
        properties = dict(node.properties)
        group = f"/subscriptions/s/resourceGroups/{properties.get('resourceGroupName', 'none')}"
        segment, name = SEGMENTS.get(kind, (f"Microsoft.Other/{kind.split(':')[1]}", None))
        last = properties[name] if name else str(uuid.uuid5(uuid.NAMESPACE_URL, node.path))
        native_id = (
            group
            if kind == "resources:ResourceGroup"
            else f"{group}/providers/{segment.format(**{k: v for k, v in properties.items() if isinstance(v, str)})}/{last}"
        )
        given = {"id": native_id, "principalId": str(uuid.uuid5(uuid.NAMESPACE_OID, node.path))}
        if kind == "keyvault:Vault":
            given["properties.vaultUri"] = f"https://{properties['vaultName']}.{vaults}/"
        if kind == "keyvault:Key":
            url = f"https://{properties['vaultName']}.{vaults}/keys/{properties['keyName']}"
            given |= {"keyUri": url, "keyUriWithVersion": f"{url}/0123456789abcdef"}
        outputs[node.path] = given

    def resolve(kind, form):
        if kind == "$ref":
            return outputs[form["$ref"]][form["output"]]
        if kind == "$format":
            return fill(form["$format"], [str(transform(one, resolve)) for one in form["args"]])
        return "looked-up"

    found = []
    for node in plan.nodes:
        properties = transform(dict(node.properties), resolve)
        if node.type == token("managedidentity:UserAssignedIdentity"):
            properties["principalId"] = outputs[node.path]["principalId"]
        if node.type == token("keyvault:Key"):
            properties = {**properties, **properties.pop("properties")}
        if "location" in properties and properties["location"] != "Global":
            properties["location"] = location
        if not keep_inputs:
            properties = {name: one for name, one in properties.items() if name not in INPUTS_ONLY}
        native_id = outputs[node.path]["id"]
        found.append(
            Native(
                node.path,
                node.type,
                properties,
                native_id.upper() if node.type == token("network:Subnet") else native_id,
            )
        )
    return found


@pytest.mark.parametrize("keep_inputs", [True, False])
def test_a_state_reads_as_the_plan_that_was_deployed(plan, place, seen, keep_inputs):
    state = CLOUD.observe(Natives(deployed(plan, keep_inputs=keep_inputs), "state", CLOUD.identifiers), place)
    assert state.to_json() | {"source": "plan"} == seen.to_json()


def test_a_locked_retention_is_observed_as_compliance(plan, place):
    state = deployed(plan, keep_inputs=True)
    locked = [
        replace(one, properties={**one.properties, "state": "Locked"})
        if one.type.endswith("ImmutabilityPolicy")
        else one
        for one in state
    ]
    seen = CLOUD.observe(Natives(locked, "state", CLOUD.identifiers), place)
    assert seen.elements["zone/lake/store/logs"]["retention"] == {"days": 365, "mode": "compliance"}


def test_a_half_recorded_before_the_other_is_no_gap_in_a_state_and_is_one_on_a_server(plan, place, seen):
    """The engine records the first half of a peering as Initiated; only a server that still says so means it."""
    told = [
        replace(one, properties={**one.properties, "peeringState": "Initiated"})
        if one.type.endswith(":VirtualNetworkPeering")
        else one
        for one in deployed(plan, keep_inputs=True)
    ]
    assert CLOUD.observe(Natives(told, "state", CLOUD.identifiers), place).flows == seen.flows
    assert CLOUD.observe(Natives(told, "live", CLOUD.identifiers), place).flows != seen.flows

"""Law 2's mutation test: change one native property that bears on security, and what is observed changes."""

import copy

import pytest

from hdh_infra.clouds.s3ns.compute import METADATA

KEEPERS = "principalSet://iam.googleapis.com/locations/global/workforcePools/clinic/group/keepers"
WORKER = "zone/lake/machine/worker"
ADDER = "zone/lake/machine/adder"
BUCKET = "zone/lake/store/data/bucket"
LOGS = "zone/lake/store/logs/bucket"
KEY = "key/lake/key"
MOVER = "zone/gate/machine/mover"
SSH = "space/cohort-a/flow/zone.gate.machine.mover-to-space.cohort-a.machine.desktop-tcp-22"
TO_STORE = "zone/lake/flow/zone.lake.machine.adder-to-zone.lake.store.data-tcp-443/out"
RIGHT = "zone/lake/right/zone.lake.machine.adder-zone.lake.store.data-append"
OUTSIDE = "zone/gate/outside/zone.gate.machine.mover-to-192.0.2.0.24-tcp-443"
NET, COMPUTE = {"$ref": "platform/network", "output": "id"}, "gcp:compute/"


def put(path, value, *names):
    def change(deployment):
        here = deployment.nodes[path]
        for name in names[:-1]:
            here = here[name]
        here[names[-1]] = value

    return change


def drop(path, *names):
    def change(deployment):
        if not names:
            del deployment.nodes[path]
            return
        here = deployment.nodes[path]
        for name in names[:-1]:
            here = here[name]
        del here[names[-1]]

    return change


def add(path, token, **properties):
    return lambda deployment: deployment.add(path, token, **properties)


def firewall(path, **properties):
    return add(
        path,
        f"{COMPUTE}firewall:Firewall",
        name="more",
        network=NET,
        logConfig={"metadata": "INCLUDE_ALL_METADATA"},
        **properties,
    )


def email(machine):
    return {"$ref": f"{machine}/account", "output": "email"}


def member(machine):
    return {"$ref": f"{machine}/account", "output": "member"}


MUTATIONS = {
    # --- the network and its rules
    "the last word outwards is gone": ("egress", lambda d: (drop("platform/filter/deny-out")(d), put("platform/route/services", "0.0.0.0/0", "destRange")(d))),
    "the last word outwards is switched off": ("remarks", put("platform/filter/deny-out", True, "disabled")),
    "the last word outwards speaks of one protocol only": ("elements", put("platform/filter/deny-out", [{"protocol": "tcp"}], "denies")),
    "the last word inwards is gone": ("elements", drop("platform/filter/deny-in")),
    "the last word refuses in silence": ("elements", drop("platform/filter/deny-in", "logConfig")),
    "an opening is not written down": ("elements", drop(f"{SSH}/in", "logConfig")),
    "an opening is for every machine": ("flows", lambda d: (drop(f"{SSH}/in", "targetServiceAccounts")(d), drop(f"{SSH}/out", "destinationRanges")(d))),
    "an opening lets everybody in": ("flows", lambda d: (drop(f"{SSH}/in", "sourceServiceAccounts")(d), put(f"{TO_STORE}", ["0.0.0.0/0"], "destinationRanges")(d), put(TO_STORE, [{"protocol": "all"}], "allows")(d))),
    "an opening has more ports": ("flows", lambda d: (put(f"{SSH}/in", [{"protocol": "tcp", "ports": ["22-23"]}], "allows")(d), put(f"{SSH}/out", [{"protocol": "tcp", "ports": ["22-23"]}], "allows")(d))),
    "an opening has every port": ("flows", lambda d: (drop(f"{SSH}/in", "allows", 0, "ports")(d), drop(f"{SSH}/out", "allows", 0, "ports")(d))),
    "an opening is for another protocol": ("flows", put(f"{SSH}/in", [{"protocol": "udp", "ports": ["22"]}], "allows")),
    "an opening comes after the last word": ("flows", put(f"{SSH}/in", 65535, "priority")),
    "an opening lies as late as the last word, which comes first then": ("flows", put(f"{SSH}/in", 65534, "priority")),
    "an opening is switched off": ("flows", put(f"{SSH}/in", True, "disabled")),
    "an opening has turned": ("flows", put(f"{SSH}/in", "EGRESS", "direction")),
    "an opening denies": ("flows", lambda d: (put(f"{SSH}/in", d.nodes[f"{SSH}/in"].pop("allows"), "denies")(d))),
    "an opening is another machine's": ("flows", put(f"{SSH}/in", [email(ADDER)], "targetServiceAccounts")),
    "an opening is for another account": ("flows", put(f"{SSH}/in", [email(ADDER)], "sourceServiceAccounts")),
    "an opening lies in another network": ("flows", lambda d: (add("platform/other", f"{COMPUTE}network:Network", name="other", autoCreateSubnetworks=False, deleteDefaultRoutesOnCreate=True)(d), put(f"{SSH}/in", {"$ref": "platform/other", "output": "id"}, "network")(d))),
    "a machine has another machine's account": ("flows", put(f"{ADDER}/instance/0", email(MOVER), "serviceAccount", "email")),
    "a way to a store is gone": ("flows", drop(TO_STORE)),
    "a route to the APIs is gone": ("flows", drop("platform/route/services")),
    "a subnet has no way to the APIs": ("flows", put("zone/lake/subnet", False, "privateIpGoogleAccess")),
    "a rule is added by addresses": ("flows", lambda d: (firewall("platform/more-in", direction="INGRESS", priority=10, allows=[{"protocol": "tcp"}], sourceRanges=["10.64.0.0/16"])(d), firewall("platform/more-out", direction="EGRESS", priority=10, allows=[{"protocol": "tcp"}], destinationRanges=["10.64.0.0/16"])(d))),
    "a rule is added by tags": ("remarks", firewall("platform/more", direction="INGRESS", priority=10, allows=[{"protocol": "tcp"}], sourceTags=["a"], targetTags=["b"])),
    "a rule is added that denies": ("flows", firewall("platform/more", direction="INGRESS", priority=10, denies=[{"protocol": "tcp"}], sourceRanges=["0.0.0.0/0"])),
    "what may go out is wider": ("egress", lambda d: (put(OUTSIDE, ["192.0.0.0/8"], "destinationRanges")(d), put("platform/route/192.0.2.0-24", "192.0.0.0/8", "destRange")(d))),
    "a way out has no addresses lent": ("egress", drop("zone/gate/outbound/nat")),
    "every subnet has addresses lent": ("egress", lambda d: (put("zone/gate/outbound/nat", "ALL_SUBNETWORKS_ALL_IP_RANGES", "sourceSubnetworkIpRangesToNat")(d), firewall("platform/more", direction="EGRESS", priority=10, allows=[{"protocol": "tcp"}], destinationRanges=["192.0.2.0/24"])(d))),
    "a route leads to another hop": ("remarks", put("platform/route/services", "vpn", "nextHopGateway")),
    "the network keeps Google's own route": ("remarks", put("platform/network", False, "deleteDefaultRoutesOnCreate")),
    "the network makes subnets by itself": ("remarks", put("platform/network", True, "autoCreateSubnetworks")),
    "the network looks at policies first": ("remarks", put("platform/network", "BEFORE_CLASSIC_FIREWALL", "networkFirewallPolicyEnforcementOrder")),
    "the network has IPv6": ("remarks", put("platform/network", True, "enableUlaInternalIpv6")),
    "a subnet has IPv6": ("remarks", put("zone/lake/subnet", "IPV4_IPV6", "stackType")),
    "a policy is put on the network": ("remarks", add("platform/policy", f"{COMPUTE}networkFirewallPolicyAssociation:NetworkFirewallPolicyAssociation", attachmentTarget=NET, firewallPolicy="p")),
    "the network is joined to a stranger's": ("remarks", add("platform/peering", f"{COMPUTE}networkPeering:NetworkPeering", network=NET, peerNetwork="projects/other/global/networks/n")),
    "a subnet has another range": ("elements", put("zone/lake/subnet", "10.66.0.0/24", "ipCidrRange")),
    "a subnet has a second range": ("elements", put("zone/lake/subnet", [{"ipCidrRange": "10.70.0.0/24", "rangeName": "more"}], "secondaryIpRanges")),
    "a subnet lies elsewhere": ("elements", put("zone/lake/subnet", "europe-west9", "region")),
    # --- machines
    "a machine has a public address": ("elements", put(f"{ADDER}/instance/0", [{}], "networkInterfaces", 0, "accessConfigs")),
    "anybody comes in by a public address": ("entry", lambda d: (put(f"{ADDER}/instance/0", [{}], "networkInterfaces", 0, "accessConfigs")(d), firewall("platform/more", direction="INGRESS", priority=10, allows=[{"protocol": "tcp", "ports": ["22"]}], sourceRanges=["0.0.0.0/0"])(d))),
    "a machine has a public address of IPv6": ("elements", put(f"{ADDER}/instance/0", [{"networkTier": "PREMIUM"}], "networkInterfaces", 0, "ipv6AccessConfigs")),
    "a machine has another address": ("flows", put("space/cohort-a/machine/desktop/instance/0", "10.64.0.77", "networkInterfaces", 0, "networkIp")),
    "a machine has no account": ("elements", drop(f"{ADDER}/instance/0", "serviceAccount")),
    "a machine gets no tokens": ("elements", put(f"{ADDER}/instance/0", [], "serviceAccount", "scopes")),
    "a machine's system disk is under Google's own key": ("elements", drop(f"{ADDER}/instance/0", "bootDisk", "kmsKeySelfLink")),
    "a machine's data disk is under Google's own key": ("elements", drop(f"{WORKER}/data-disk/0", "diskEncryptionKey")),
    "a machine's disk is under a stranger's key": ("elements", put(f"{WORKER}/data-disk/0", "projects/other/locations/l/keyRings/r/cryptoKeys/k", "diskEncryptionKey", "kmsKeySelfLink")),
    "a machine has a disk of its host's": ("remarks", put(f"{ADDER}/instance/0", [{"interface": "NVME"}], "scratchDisks")),
    "a machine has a stranger's disk": ("remarks", put(f"{ADDER}/instance/0", [{"source": "projects/other/zones/z/disks/d"}], "attachedDisks")),
    "a machine is of another image": ("elements", put(f"{ADDER}/instance/0", "projects/other/global/images/family/debian-12", "bootDisk", "initializeParams", "image")),
    "a machine is of another size": ("elements", put(f"{ADDER}/instance/0", "c3-standard-8", "machineType")),
    "a machine's replicas share a zone": ("elements", lambda d: [put(f"{WORKER}/instance/{n}", "u-france-east1-a", "zone")(d) for n in range(3)]),
    "a machine lies elsewhere": ("elements", put(f"{ADDER}/instance/0", "europe-west9-a", "zone")),
    "a machine passes packets on": ("remarks", put(f"{ADDER}/instance/0", True, "canIpForward")),
    "a machine has a screen": ("remarks", put(f"{ADDER}/instance/0", True, "enableDisplay")),
    "a machine starts unsigned systems": ("remarks", drop(f"{ADDER}/instance/0", "shieldedInstanceConfig")),
    "a machine has no trusted module": ("remarks", put(f"{ADDER}/instance/0", False, "shieldedInstanceConfig", "enableVtpm")),
    "a machine's start is not measured": ("remarks", put(f"{ADDER}/instance/0", False, "shieldedInstanceConfig", "enableIntegrityMonitoring")),
    "a machine may be stopped at any time": ("remarks", put(f"{ADDER}/instance/0", "SPOT", "scheduling", "provisioningModel")),
    "a machine is preemptible": ("remarks", put(f"{ADDER}/instance/0", True, "scheduling", "preemptible")),
    "a machine has tags": ("remarks", put(f"{ADDER}/instance/0", ["a"], "tags")),
    "a machine runs a script at every start": ("remarks", put(f"{ADDER}/instance/0", "#!/bin/sh", "metadataStartupScript")),
    "a machine runs a script of its metadata": ("remarks", put(f"{ADDER}/instance/0", "#!/bin/sh", "metadata", "startup-script")),
    "a machine runs a script from elsewhere": ("remarks", put(f"{ADDER}/instance/0", "gs://a/b", "metadata", "startup-script-url")),
    **{
        f"a machine is told otherwise: {name}": ("remarks", put(f"{ADDER}/instance/0", "FALSE" if value == "TRUE" else "TRUE", "metadata", name))
        for name, value in METADATA.items()
    },
    "a disk is attached to many": ("remarks", put(f"{WORKER}/data-disk/0", True, "multiWriter")),
    "a disk has another access": ("remarks", put(f"{WORKER}/data-disk/0", "READ_WRITE_MANY", "accessMode")),
    "a disk is smaller": ("elements", put(f"{WORKER}/data-disk/0", 10, "size")),
    "an account is switched off": ("elements", put(f"{ADDER}/account", True, "disabled")),
    "an account may be somebody else's": ("remarks", put(f"{ADDER}/account", True, "createIgnoreAlreadyExists")),
    # --- stores and rights
    "a bucket is under Google's own key": ("elements", drop(BUCKET, "encryption")),
    "a bucket is under a stranger's key": ("elements", put(BUCKET, "projects/other/locations/l/keyRings/r/cryptoKeys/k", "encryption", "defaultKmsKeyName")),
    "a bucket keeps no versions": ("elements", put(BUCKET, False, "versioning", "enabled")),
    "a bucket's retention is not locked": ("elements", put(LOGS, False, "retentionPolicy", "isLocked")),
    "a bucket's retention is shorter": ("elements", put(LOGS, "86400", "retentionPolicy", "retentionPeriod")),
    "a bucket has no retention": ("elements", drop(LOGS, "retentionPolicy")),
    "a bucket keeps nothing that was deleted": ("elements", put(BUCKET, 0, "softDeletePolicy", "retentionDurationSeconds")),
    "a bucket keeps what was deleted for Google's own time": ("elements", drop(BUCKET, "softDeletePolicy")),
    "a bucket deletes sooner": ("elements", put(BUCKET, 7, "lifecycleRules", 1, "condition", "age")),
    "a bucket deletes what is old": ("elements", put(LOGS, [{"action": {"type": "Delete"}, "condition": {"numNewerVersions": 1}}], "lifecycleRules")),
    "a bucket lies elsewhere": ("elements", put(BUCKET, "EUROPE-WEST9", "location")),
    "a bucket answers any network": ("entry", drop(BUCKET, "ipFilter")),
    "a bucket's filter is switched off": ("elements", put(BUCKET, "Disabled", "ipFilter", "mode")),
    "a bucket lets ranges of the Internet in": ("entry", put(BUCKET, {"allowedIpCidrRanges": ["198.51.100.0/24"]}, "ipFilter", "publicNetworkSource")),
    "a bucket lets a stranger's network in": ("elements", put(BUCKET, "projects/other/global/networks/n", "ipFilter", "vpcNetworkSources", 0, "network")),
    "a bucket lets other organisations in": ("elements", put(BUCKET, True, "ipFilter", "allowCrossOrgVpcs")),
    "a bucket lets Google's own services in": ("remarks", put(BUCKET, True, "ipFilter", "allowAllServiceAgentAccess")),
    "a bucket lets a part of the network in": ("flows", put(BUCKET, ["10.99.0.0/24"], "ipFilter", "vpcNetworkSources", 0, "allowedIpCidrRanges")),
    "a bucket has lists on objects": ("remarks", put(BUCKET, False, "uniformBucketLevelAccess")),
    "a bucket may be opened": ("remarks", put(BUCKET, "inherited", "publicAccessPrevention")),
    "a bucket is everybody's": ("elements", lambda d: (put(BUCKET, "inherited", "publicAccessPrevention")(d), put(RIGHT, "allUsers", "member")(d))),
    "a bucket is everybody's who has an account": ("elements", lambda d: (put(BUCKET, "inherited", "publicAccessPrevention")(d), put(RIGHT, "allAuthenticatedUsers", "member")(d))),
    "a bucket asks readers to pay": ("remarks", put(BUCKET, True, "requesterPays")),
    "a bucket is a web site": ("remarks", put(BUCKET, {"mainPageSuffix": "index.html"}, "website")),
    "a bucket is read by pages": ("remarks", put(BUCKET, [{"origins": ["*"]}], "cors")),
    "a bucket goes with its objects": ("remarks", put(BUCKET, True, "forceDestroy")),
    "a right is more": ("elements", put(RIGHT, "roles/storage.objectAdmin", "role")),
    "a right is another": ("elements", put(RIGHT, "roles/storage.objectViewer", "role")),
    "a right is of a role that nobody knows": ("elements", put(RIGHT, "projects/p/roles/mine", "role")),
    "a right has a condition": ("elements", put(RIGHT, {"title": "t", "expression": "true"}, "condition")),
    "a right is somebody else's": ("elements", put(RIGHT, member(MOVER), "member")),
    "a right is a stranger's": ("elements", put(RIGHT, "serviceAccount:a@other.s3ns.iam.gserviceaccount.com", "member")),
    "a right is on another bucket": ("elements", put(RIGHT, {"$ref": LOGS, "output": "name"}, "bucket")),
    "a right is gone": ("elements", drop(RIGHT)),
    "a right is on the whole project": ("elements", add("platform/more", "gcp:projects/iAMMember:IAMMember", project="p", role="roles/storage.admin", member=member(MOVER))),
    "rights are given by a binding": ("elements", add("platform/more", "gcp:storage/bucketIAMBinding:BucketIAMBinding", bucket={"$ref": LOGS, "output": "name"}, role="roles/storage.objectViewer", members=[member(MOVER)])),
    # --- keys
    "a key is not rotated": ("elements", drop(KEY, "rotationPeriod")),
    "a key is rotated later": ("elements", put(KEY, "31536000s", "rotationPeriod")),
    "a key goes sooner": ("elements", put(KEY, "86400s", "destroyScheduledDuration")),
    "a key lies outside": ("elements", put(KEY, "EXTERNAL_VPC", "versionTemplate", "protectionLevel")),
    "a key is of another kind": ("elements", put(KEY, "RSA_DECRYPT_OAEP_3072_SHA256", "versionTemplate", "algorithm")),
    "a key is imported": ("elements", put(KEY, True, "importOnly")),
    "a key signs": ("remarks", put(KEY, "ASYMMETRIC_SIGN", "purpose")),
    "a key lies elsewhere": ("elements", put("key/lake/ring", "europe-west9", "location")),
    "a key is used by somebody else": ("elements", put("key/lake/user/zone.lake.machine.worker", member(MOVER), "member")),
    "a key is used by everybody with a role on its ring": ("elements", add("key/lake/more", "gcp:kms/keyRingIAMMember:KeyRingIAMMember", keyRingId={"$ref": "key/lake/ring", "output": "id"}, role="roles/cloudkms.cryptoKeyDecrypter", member=KEEPERS)),
    "a key's user has no way to it": ("elements", lambda d: (drop("zone/lake/way/zone.lake.machine.worker")(d), drop("zone/lake/flow/zone.lake.machine.worker-to-zone.lake.store.data-tcp-443/out")(d))),
    "a key is no longer disks'": ("elements", drop("key/lake/use/disks")),
    "a key is no longer stores'": ("elements", drop("key/lake/use/stores")),
    "a key's administrators may give rights": ("elements", put("key/lake/administration/keepers", "roles/owner", "role")),
    "the administrators' role uses keys": ("elements", put("platform/role/key-administration", ["cloudkms.cryptoKeyVersions.destroy", "cloudkms.cryptoKeyVersions.useToDecrypt"], "permissions")),
    # --- names
    "a machine has no name": ("elements", drop(f"{ADDER}/name/0")),
    "a machine's name leads elsewhere": ("elements", put(f"{ADDER}/name/0", ["10.99.0.1"], "rrdatas")),
    "names are everybody's": ("elements", put("platform/domain", "public", "visibility")),
    "names are asked elsewhere": ("remarks", put("platform/domain", {"targetNameServers": [{"ipv4Address": "192.0.2.1"}]}, "forwardingConfig")),
    "names are another network's": ("remarks", put("platform/domain", {"targetNetwork": {"networkUrl": "projects/other/global/networks/x"}}, "peeringConfig")),
    "names are answered nowhere": ("elements", put("platform/domain", [], "privateVisibilityConfig", "networks")),
}  # fmt: skip


@pytest.mark.parametrize(("part", "change"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_change_that_bears_on_security_is_observed(deployment, part, change):
    before, changed = deployment.observe(), deployment.changed()
    change(changed)
    after = changed.observe()
    assert getattr(after, part) != getattr(before, part)


def test_one_public_interface_makes_a_machine_public_whatever_the_others_are(deployment):
    changed = deployment.changed()
    interfaces = changed.nodes[f"{ADDER}/instance/0"]["networkInterfaces"]
    interfaces.append(copy.deepcopy(interfaces[0]))
    interfaces[0]["accessConfigs"] = [{"networkTier": "PREMIUM"}]
    assert changed.observe().elements[ADDER]["public"] is True


def test_an_account_that_is_switched_off_gives_no_identity(deployment):
    changed = deployment.changed()
    assert changed.observe().elements[ADDER]["identity"] == "managed"
    changed.nodes[f"{ADDER}/account"]["disabled"] = True
    assert changed.observe().elements[ADDER]["identity"] is None


def test_a_disk_that_lies_elsewhere_and_a_bucket_in_two_places_are_seen_there(deployment):
    changed = deployment.changed()
    changed.nodes[f"{WORKER}/data-disk/1"]["zone"] = "europe-west9-a"
    changed.nodes[BUCKET]["customPlacementConfig"] = {"dataLocations": ["U-FRANCE-EAST1", "EUROPE-WEST3"]}
    seen = changed.observe().elements
    assert seen[WORKER]["region"] == "europe-west9, u-france-east1"
    assert seen[WORKER]["country"] != "FR"
    assert seen["zone/lake/store/data"]["region"] == "europe-west3, u-france-east1"
    assert seen["zone/lake/store/data"]["country"] != "FR"


def test_what_is_lowered_gives_no_remark_and_opens_nothing_to_the_internet(deployment):
    seen = deployment.observe()
    assert seen.remarks == ()
    assert seen.entry == ()

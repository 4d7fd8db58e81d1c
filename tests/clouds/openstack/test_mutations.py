"""Law 2's mutation test: change one native property that bears on security, and what is observed changes."""

import pytest

from tests.clouds.deployments import add, drop, put, ref

SPARK = "zone/lake/machine/spark"
DESKTOP = "space/cohort-a/machine/desktop"
SNDS = "zone/lake/store/snds"
BUCKET = f"{SNDS}/bucket"
RIGHTS = f"zone/lake/right/zone.lake.machine.spark-{SNDS.replace('/', '.')}-write"
SSH = "zone/administration/flow/zone.administration.machine.console-to-zone.lake.machine.spark-tcp-22"


def policy(resources, actions=("s3:*",)):
    return {"$json": {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}]}}


def bucket_policy(principal, action):
    statement = {"Effect": "Allow", "Principal": {"AWS": [principal]}, "Action": action, "Resource": "*"}
    return {"$json": {"Statement": [statement]}}


NETWORKING = "openstack:networking/"
MUTATIONS = {
    "a group keeps Neutron's default rules": ("egress", drop(f"{SPARK}/filter", "deleteDefaultRules")),
    "a group says so": ("egress", put(f"{SPARK}/filter", deleteDefaultRules=False)),
    "a network has no port security and its port does not say": (
        "flows",
        lambda d: (
            put("zone/lake/network", portSecurityEnabled=False)(d),
            drop(f"{SPARK}/port/0", "portSecurityEnabled")(d),
        ),
    ),
    "a port has no port security": ("flows", put(f"{SPARK}/port/0", portSecurityEnabled=False)),
    "a port has the project's default group": ("flows", drop(f"{SPARK}/port/0", "securityGroupIds")),
    "a port has no groups at all": (
        "flows",
        put(f"{SPARK}/port/0", securityGroupIds=[], noSecurityGroups=True),
    ),
    "a port has another machine's group": (
        "flows",
        put(f"{SPARK}/port/0", securityGroupIds=[ref("zone/administration/machine/console/filter")]),
    ),
    "a port has a group that nobody knows": ("flows", put(f"{SPARK}/port/0", securityGroupIds=["0000"])),
    "a port is given a second group": (
        "remarks",
        add(
            "x/more",
            f"{NETWORKING}portSecGroupAssociate:PortSecGroupAssociate",
            portId=ref(f"{SPARK}/port/0"),
            securityGroupIds=["0000"],
        ),
    ),
    "a port may send from other addresses": (
        "remarks",
        put(f"{SPARK}/port/0", allowedAddressPairs=[{"ipAddress": "0.0.0.0/0"}]),
    ),
    "a port is switched off": ("flows", put(f"{SPARK}/port/0", adminStateUp=False)),
    "a port has another address": (
        "flows",
        lambda d: (
            put(f"{SPARK}/port/0", fixedIps=[{"ipAddress": "10.64.3.99"}])(d),
            d.nodes[f"{SSH}/out/22"].pop("remoteGroupId"),
            put(f"{SSH}/out/22", remoteIpPrefix="10.64.3.4/32")(d),
        ),
    ),
    "a server has no network of its own": ("flows", put(f"{SPARK}/server/0", networks=[])),
    "a server hangs on the external network": (
        "public",
        put(f"{SPARK}/server/0", networks=[{"name": "public"}]),
    ),
    "a floating IP leads to a machine": (
        "public",
        add("x/address", f"{NETWORKING}floatingIp:FloatingIp", pool="public", portId=ref(f"{SPARK}/port/0")),
    ),
    "a floating IP is associated with a machine": (
        "public",
        add(
            "x/link",
            f"{NETWORKING}floatingIpAssociate:FloatingIpAssociate",
            floatingIp="203.0.113.9",
            portId=ref(f"{SPARK}/port/0"),
        ),
    ),
    "a port of the router leads to a machine": (
        "public",
        add("x/forward", f"{NETWORKING}portForwardingV2:PortForwardingV2", internalPortId=ref(f"{SPARK}/port/0")),
    ),
    "a floating IP leads nobody knows where": (
        "remarks",
        add("x/address", f"{NETWORKING}floatingIp:FloatingIp", portId="elsewhere"),
    ),
    "a rule is missing": ("flows", drop(f"{SSH}/in/22")),
    "a rule has another port": ("flows", put(f"{SSH}/in/22", portRangeMin=80, portRangeMax=80)),
    "a rule has no ports": (
        "flows",
        lambda d: (
            put(f"{SSH}/in/22", portRangeMin=None, portRangeMax=None)(d),
            put(f"{SSH}/out/22", portRangeMin=0, portRangeMax=0)(d),
        ),
    ),
    "a rule has another protocol": ("flows", put(f"{SSH}/in/22", protocol="udp")),
    "a rule has another direction": ("flows", put(f"{SSH}/in/22", direction="egress")),
    "a rule stands in another group": ("flows", put(f"{SSH}/in/22", securityGroupId=ref(f"{DESKTOP}/filter"))),
    "a rule means another group": ("flows", put(f"{SSH}/in/22", remoteGroupId=ref(f"{DESKTOP}/filter"))),
    "a rule lets everyone in": (
        "flows",
        lambda d: (
            d.nodes[f"{SSH}/in/22"].pop("remoteGroupId"),
            put(f"{SSH}/in/22", portRangeMin=443, portRangeMax=443)(d),
            put(f"{DESKTOP}/outside/tcp-443-198.51.100.20-32", remoteIpPrefix="0.0.0.0/0")(d),
        ),
    ),
    "a rule speaks of IPv6": ("flows", put(f"{SSH}/in/22", ethertype="IPv6")),
    "a rule means an address group": (
        "remarks",
        lambda d: (d.nodes[f"{SSH}/in/22"].pop("remoteGroupId"), put(f"{SSH}/in/22", remoteAddressGroupId="0000")(d)),
    ),
    "a rule means an address group that has everyone in it": (
        "egress",
        lambda d: (
            d.nodes[f"{SPARK}/outside/tcp-443-198.51.100.20-32"].pop("remoteIpPrefix"),
            put(f"{SPARK}/outside/tcp-443-198.51.100.20-32", remoteAddressGroupId=ref("x/addresses"))(d),
            d.add("x/addresses", f"{NETWORKING}addressGroupV2:AddressGroupV2", addresses=["0.0.0.0/0"]),
        ),
    ),
    "a rule means an address group that has nobody in it": (
        "flows",
        lambda d: (
            d.nodes[f"{SPARK}/outside/tcp-443-198.51.100.20-32"].pop("remoteIpPrefix"),
            put(f"{SPARK}/outside/tcp-443-198.51.100.20-32", remoteAddressGroupId=ref("x/addresses"))(d),
            d.add("x/addresses", f"{NETWORKING}addressGroupV2:AddressGroupV2", addresses=[]),
        ),
    ),
    "the outside is wider": ("egress", put(f"{SPARK}/outside/tcp-443-198.51.100.20-32", remoteIpPrefix="0.0.0.0/0")),
    "the outside has more ports": ("egress", put(f"{SPARK}/outside/tcp-443-198.51.100.20-32", portRangeMax=500)),
    "the router has no gateway": ("flows", drop("platform/router", "externalNetworkId")),
    "the router is switched off": ("flows", put("platform/router", adminStateUp=False)),
    "a network has no interface on the router": ("flows", drop("zone/lake/route")),
    "a subnet has another range": ("elements", put("zone/lake/subnet", cidr="10.99.0.0/24")),
    "a network lies in another region": ("elements", put("zone/lake/network", region="Elsewhere")),
    "a server lies in another region": ("elements", put(f"{SPARK}/server/0", region="Elsewhere")),
    "a disk lies in another region": ("elements", put(f"{SPARK}/data-disk/0", region="Elsewhere")),
    "a key lies in another region": ("elements", put("key/lake/order", region="Elsewhere")),
    "a bucket lies in another region": ("elements", put(BUCKET, region="Elsewhere")),
    "a system disk is not encrypted": ("elements", drop(f"{SPARK}/system-disk/0", "volumeType")),
    "a data disk is not encrypted": ("elements", drop(f"{SPARK}/data-disk/0", "volumeType")),
    "a data disk has a type nobody knows": ("elements", put(f"{SPARK}/data-disk/0", volumeType="fast")),
    "a data disk is smaller": ("elements", put(f"{SPARK}/data-disk/0", size=1)),
    "a data disk is not attached": ("elements", drop(f"{SPARK}/data-disk-attachment/0")),
    "a server boots from the hypervisor's own disk": (
        "elements",
        put(f"{SPARK}/server/0", blockDevices=[], imageName="debian-12"),
    ),
    "a system disk has another image": (
        "elements",
        lambda d: d.nodes[f"{SPARK}/system-disk/0"]["imageId"]["args"].update(name="ubuntu-24.04"),
    ),
    "a server has another flavour": (
        "elements",
        lambda d: d.nodes[f"{SPARK}/server/0"]["flavorId"]["args"].update(name="m1.small"),
    ),
    "a server is missing": ("elements", drop(f"{SPARK}/server/0")),
    "a bucket keeps no versions": ("elements", put(BUCKET, versioning=False)),
    "a bucket is not encrypted": ("elements", drop(BUCKET, "encryption")),
    "a bucket is encrypted with a key of Barbican": (
        "elements",
        put(BUCKET, encryption={"algorithm": "aws:kms", "kmsKeyId": ref("key/lake/order")}),
    ),
    "a bucket has a lock": ("elements", put(BUCKET, objectLock={"mode": "governance", "days": 3})),
    "a bucket is open to everyone": (
        "elements",
        put(
            BUCKET,
            policy={
                "$json": {
                    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]
                }
            },
        ),
    ),
    "rights reach every bucket": ("flows", put(RIGHTS, policy=policy(["*"]))),
    "rights reach every bucket by what they leave out": (
        "flows",
        put(
            RIGHTS,
            policy={
                "$json": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other"}]}
            },
        ),
    ),
    "rights reach no data": ("flows", put(RIGHTS, policy=policy(["*"], ["s3:ListAllMyBuckets"]))),
    "rights are denied again": (
        "flows",
        lambda d: d.nodes[RIGHTS]["policy"]["$json"]["Statement"].append(
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
        ),
    ),
    "rights are another user's": ("flows", put(RIGHTS, userName={"$ref": f"{DESKTOP}/user", "output": "userName"})),
    "rights let delete": ("elements", put(RIGHTS, policy=policy(["*"], ["s3:DeleteObject"]))),
    "rights let put into a bucket that no longer keeps versions": (
        "elements",
        lambda d: (put(BUCKET, versioning=False)(d), put(RIGHTS, policy=policy(["*"], ["s3:PutObject"]))(d)),
    ),
    "rights let read only": ("elements", put(RIGHTS, policy=policy(["*"], ["s3:GetObject"]))),
    "rights let another machine's user in": (
        "elements",
        put(RIGHTS, userName={"$ref": f"{DESKTOP}/user", "output": "userName"}),
    ),
    "a bucket's own policy lets another machine in": (
        "elements",
        put(BUCKET, policy=bucket_policy("arn:aws:iam:::user/small-space-cohort-b-machine-desktop", "s3:DeleteObject")),
    ),
    "a bucket's own policy lets a stranger in": (
        "elements",
        put(BUCKET, policy=bucket_policy("arn:aws:iam::123:user/eve", "s3:GetObject")),
    ),
    "a bucket's own policy leads a machine to it": (
        "flows",
        lambda d: (
            drop(RIGHTS)(d),
            put(
                "space/cohort-a/store/work/bucket",
                policy=bucket_policy("small-zone-lake-machine-spark", "s3:GetObject"),
            )(d),
        ),
    ),
    "rules of age delete objects": ("elements", put(BUCKET, lifecycle=[{"days": 1}])),
    "rules of age delete old versions": ("elements", put(BUCKET, lifecycle=[{"oldVersionsDays": 1}])),
    "a system disk is smaller": ("elements", put(f"{SPARK}/system-disk/0", size=1)),
    "a server is one of two, in another zone": (
        "elements",
        lambda d: (
            put(f"{SPARK}/server/0", availabilityZone="a")(d),
            d.add(f"{SPARK}/server/1", "openstack:compute/instance:Instance", availabilityZone="b"),
        ),
    ),
    "a key is shorter": ("elements", lambda d: d.nodes["key/lake/order"]["meta"].update(bitLength=128)),
    "a key is of another kind": ("elements", lambda d: d.nodes["key/lake/order"]["meta"].update(algorithm="rsa")),
    "the whole project reads a key": ("elements", put("key/lake/access", projectAccess=True)),
    "the list of who reads a key does not say whether the project does": (
        "elements",
        drop("key/lake/access", "projectAccess"),
    ),
    "a key has no list of who reads it": ("elements", drop("key/lake/access")),
    "somebody else reads a key": ("elements", put("key/lake/access", users=["eve"])),
    "a list is that of another key": (
        "elements",
        put("key/lake/access", ref={"$ref": "key/projects/order", "output": "secretRef"}),
    ),
    "a server is deleted for good at once": ("remarks", put(f"{SPARK}/server/0", forceDelete=True)),
    "a disk goes with its server": (
        "remarks",
        lambda d: d.nodes[f"{SPARK}/server/0"]["blockDevices"][0].update(deleteOnTermination=True),
    ),
    "a machine's key is missing": ("flows", drop(f"{SPARK}/access-key")),
    "a machine has a credential of Keystone": (
        "flows",
        add(f"{SPARK}/credential", "openstack:identity/ec2CredentialV3:Ec2CredentialV3"),
    ),
    "a key was brought from elsewhere": (
        "elements",
        lambda d: d.types.update({"key/lake/order": "openstack:keymanager/secretV1:SecretV1"}),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_property_changes_what_is_observed(small, deploy, name):
    part, change = MUTATIONS[name]
    before = deploy(small(), "openstack:RegionOne")
    after = before.changed()
    after.types = dict(before.types)
    change(after)
    one, other = before.observe().to_json(), after.observe().to_json()
    if part == "public":
        assert other["elements"][SPARK]["public"] is True
        assert one["elements"][SPARK]["public"] is False
    else:
        assert one[part] != other[part]


def test_names_descriptions_and_tags_are_no_evidence(small, deploy):
    before = deploy(small(), "openstack:RegionOne")
    after = before.changed()
    for properties in after.nodes.values():
        for label in ("name", "description", "tags", "metadata"):
            if label in properties:
                properties[label] = "encrypted private customer-key"
    assert before.observe() == after.observe()


def test_a_public_machine_shows_who_can_enter_it(small, deploy):
    deployed = deploy(small(), "openstack:RegionOne")
    deployed.add("x/address", "openstack:networking/floatingIp:FloatingIp", portId=ref(f"{SPARK}/port/0"))
    assert deployed.observe().entry == ()
    del deployed.nodes[f"{SSH}/in/22"]["remoteGroupId"]
    (entry,) = deployed.observe().entry
    assert (entry.source, entry.to, entry.ports) == ("internet", SPARK, (22,))


def test_live_servers_list_their_default_rules_themselves(small, deploy):
    """A group read from a live Neutron says nothing of `deleteDefaultRules`: its rules are all there."""
    deployed = deploy(small(), "openstack:RegionOne")
    for path, token in deployed.types.items():
        if token.endswith(":SecGroup"):
            del deployed.nodes[path]["deleteDefaultRules"]
    assert {flow.to for flow in deployed.observe("plan").egress} == {"0.0.0.0/0", "198.51.100.20/32"}
    assert {flow.to for flow in deployed.observe("live").egress} == {"198.51.100.20/32"}

"""Law 2's mutation test: change one native property that bears on security, and what is observed changes."""

import pytest

from hdh_infra.clouds.outscale.network import FILTERED
from hdh_infra.clouds.outscale.wires import AUTO_ATTACH
from tests.clouds.deployments import add, drop, each, put, ref

SPARK, CONSOLE = "zone/lake/machine/spark", "zone/administration/machine/console"
BUCKET = "zone/lake/store/snds/bucket"
SSH = "zone/administration/flow/zone.administration.machine.console-to-zone.lake.machine.spark-tcp-22"
ROUTES = "zone/administration/peering/zone.lake"


def untagged(path):
    def change(deployment):
        del deployment.nodes[path]["tags"][FILTERED]

    return change


def with_volume(**ebs):
    def change(deployment):
        mappings = deployment.nodes[f"{SPARK}/instance/0"]["blockDeviceMappings"]
        mappings.append({"deviceName": "/dev/xvdc", "ebs": ebs})

    return change


def rule(**properties):
    group = ref(f"{SPARK}/filter")
    return add("x/rule", "hdh:ec2:SecurityGroupRule", groupId=group, **properties)


def policy(principal, action, effect="Allow"):
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}
    return put(BUCKET, policy={"$json": {"Statement": [statement]}})


INTERNET = each(
    add("x/internet", "hdh:ec2:InternetGateway", vpcId=ref("zone/lake/network")),
    add(
        "x/route",
        "hdh:ec2:Route",
        routeTableId=ref("zone/lake/routes"),
        destinationCidrBlock="0.0.0.0/0",
        gatewayId=ref("x/internet"),
    ),
)
ADDRESS = add(
    "x/address", "hdh:ec2:AddressAssociation", instanceId=ref(f"{SPARK}/instance/0"), allocationId="eipalloc-1"
)
OPEN_IN = rule(direction="ingress", protocol="tcp", fromPort=22, toPort=22, cidrBlock="0.0.0.0/0")
OPEN_OUT = rule(direction="egress", protocol="-1", cidrBlock="0.0.0.0/0")
MUTATIONS = {
    "a Net's groups do not count within a Subnet": ("remarks", untagged("zone/lake/network")),
    "and another machine is in it": (
        "flows",
        each(
            untagged("zone/lake/network"),
            add(
                "zone/lake/machine/other/instance/0",
                "hdh:ec2:Instance",
                subnetId=ref("zone/lake/subnet"),
                privateIpAddress="10.64.3.9",
                securityGroupIds=[],
            ),
        ),
    ),
    "a Net is of another range": ("elements", put("zone/lake/network", cidrBlock="10.99.0.0/24")),
    "a Net's machines run on hosts of the account's own": ("remarks", put("zone/lake/network", instanceTenancy="dedicated")),
    "a Subnet gives public addresses": ("elements", put("zone/lake/subnet", mapPublicIpOnLaunch=True)),
    "a Subnet lies elsewhere": ("elements", put("zone/lake/subnet", availabilityZone="us-east-2a")),
    "a machine has a public address": ("elements", ADDRESS),
    "OUTSCALE attaches one at the start": ("elements", put(f"{SPARK}/instance/0", tags={AUTO_ATTACH: "203.0.113.9"})),
    "user data say so": (
        "elements",
        put(
            f"{SPARK}/instance/0",
            userData=f"-----BEGIN OUTSCALE SECTION-----\ntags.{AUTO_ATTACH}=203.0.113.9\n-----END OUTSCALE SECTION-----\n",
        ),
    ),
    "a state says that it has one": ("elements", put(f"{SPARK}/instance/0", publicIp="203.0.113.9")),
    "anyone may come in by it": ("entry", each(ADDRESS, OPEN_IN)),
    "a way out is open": ("egress", each(ADDRESS, INTERNET, OPEN_OUT)),
    "a NAT service leads out": (
        "egress",
        each(
            add("x/nat", "hdh:ec2:NatGateway", subnetId=ref("zone/lake/subnet"), allocationId="eipalloc-1"),
            add(
                "x/route",
                "hdh:ec2:Route",
                routeTableId=ref("zone/lake/routes"),
                destinationCidrBlock="0.0.0.0/0",
                natGatewayId=ref("x/nat"),
            ),
            OPEN_OUT,
        ),
    ),
    "a route leads nobody knows where": (
        "egress",
        each(
            add("x/route", "hdh:ec2:Route", routeTableId=ref("zone/lake/routes"), destinationCidrBlock="0.0.0.0/0", instanceId="i-1"),
            OPEN_OUT,
        ),
    ),
    "a rule is for more ports": ("flows", put(f"{SPARK}/stores/tcp-443", fromPort=1)),
    "a rule is for everything": ("flows", put(f"{SPARK}/stores/tcp-443", protocol="-1", fromPort=0, toPort=0)),
    "a rule to stores is for everywhere": (
        "flows",
        each(drop(f"{SPARK}/stores/tcp-443", "prefixListId"), put(f"{SPARK}/stores/tcp-443", cidrBlock="0.0.0.0/0")),
    ),
    "a rule names prefixes that nobody knows": ("remarks", put(f"{SPARK}/stores/tcp-443", prefixListId="pl-other")),
    "a way to stores has no table": ("flows", put("zone/lake/store-way", routeTableIds=[])),
    "a way leads to another service": ("remarks", put("zone/lake/store-way", serviceName="com.outscale.eu-west-2.api")),
    "a rule of a flow is gone": ("flows", drop(f"{SSH}/in/22/0")),
    "a rule of a flow is for another address": ("flows", put(f"{SSH}/in/22/0", cidrBlock="10.64.2.200/32")),
    "a rule of a flow is of another group": ("flows", put(f"{SSH}/in/22/0", groupId=ref(f"{CONSOLE}/filter"))),
    "a rule belongs to a group that nobody knows": ("remarks", put(f"{SSH}/in/22/0", groupId="sg-other")),
    "a route back is gone": ("flows", drop(f"{ROUTES}/back")),
    "a peering leads to a Net that nobody knows": ("remarks", put(ROUTES, peerVpcId="vpc-other")),
    "a machine has another machine's group": (
        "flows",
        put(f"{SPARK}/instance/0", securityGroupIds=[ref(f"{CONSOLE}/filter")]),
    ),
    "a machine has a group that nobody knows": ("remarks", put(f"{SPARK}/instance/0", securityGroupIds=["sg-other"])),
    "a machine may send from other addresses": ("remarks", put(f"{SPARK}/instance/0", sourceDestCheck=False)),
    "a machine goes when it is shut down": (
        "remarks",
        put(f"{SPARK}/instance/0", instanceInitiatedShutdownBehavior="terminate"),
    ),
    "a data disk goes with its machine": ("remarks", with_volume(volumeSize=10, deleteOnTermination=True)),
    "a machine has more disk": ("elements", with_volume(volumeSize=10, deleteOnTermination=False)),
    "a machine is smaller": ("elements", put(f"{SPARK}/instance/0", instanceType="tinav7.c2r4p2")),
    "a machine is of a type that nobody knows": ("elements", put(f"{SPARK}/instance/0", instanceType="m5.large")),
    "a volume is smaller": ("elements", put(f"{SPARK}/data-disk/0", size=1)),
    "a bucket is not encrypted": ("elements", drop(BUCKET, "encryption")),
    "a bucket keeps no versions": ("elements", put(BUCKET, versioning=False)),
    "a bucket is locked": ("elements", put(BUCKET, objectLock={"mode": "compliance", "days": 1})),
    "a bucket has a rule of age": ("elements", put(BUCKET, lifecycle=[{"days": 3}])),
    "a bucket is for everybody": ("elements", policy("*", "s3:GetObject")),
    "and a machine without an account reaches it": ("flows", policy("*", "s3:GetObject")),
    "a bucket lets another account in": ("elements", policy({"AWS": "arn:aws:iam::999999999999:root"}, "s3:GetObject")),
    "an account may do more": ("elements", policy({"AWS": "arn:aws:iam::210000000001:root"}, "s3:*")),
    "an account may do less": ("elements", policy({"AWS": "arn:aws:iam::210000000001:root"}, "s3:GetObject")),
    "an ACL gives everybody a bucket": (
        "elements",
        put(BUCKET, acl=[{"grantee": "http://acs.amazonaws.com/groups/global/AllUsers", "permission": "READ"}]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MUTATIONS)
def test_a_change_of_a_native_property_changes_what_is_observed(small, deploy, what):
    part, change = MUTATIONS[what]
    platform = small()
    before, deployment = deploy(platform).observe(), deploy(platform)
    change(deployment)
    after = deployment.observe()
    assert getattr(after, part) != getattr(before, part)


def test_machines_of_a_subnet_reach_each_other_on_every_port_where_its_net_has_no_tag(small, deploy):
    """The trap of OUTSCALE: closed groups mean nothing between them."""
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    value["zones"]["lake"]["machines"]["other"] = {"vcpus": 1, "memory": "1GB"}
    deployment = deploy(small(zones=value["zones"]))
    ends = (SPARK, "zone/lake/machine/other")
    assert [one for one in deployment.observe().flows if {one.source, one.to} <= {*ends}] == []
    untagged("zone/lake/network")(deployment)
    open_now = {(one.source, one.to, one.protocol, one.ports) for one in deployment.observe().flows}
    assert {(a, b, protocol, ("1-65535",)) for a, b in (ends, ends[::-1]) for protocol in ("tcp", "udp")} <= open_now

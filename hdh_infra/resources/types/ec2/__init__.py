"""Types of EC2-compatible endpoints (`hdh:ec2:*`): networks, addresses, filters, machines and disks over boto3."""

from __future__ import annotations

from hdh_infra.resources.types.ec2.addresses import Address, AddressAssociation, NatGateway
from hdh_infra.resources.types.ec2.base import Ec2Type
from hdh_infra.resources.types.ec2.instance import Instance
from hdh_infra.resources.types.ec2.joining import VpcEndpoint, VpcPeeringConnection
from hdh_infra.resources.types.ec2.key_pair import KeyPair
from hdh_infra.resources.types.ec2.networks import InternetGateway, Subnet, Vpc
from hdh_infra.resources.types.ec2.routes import Route, RouteTable, RouteTableAssociation
from hdh_infra.resources.types.ec2.security_groups import SecurityGroup, SecurityGroupRule
from hdh_infra.resources.types.ec2.volumes import Volume, VolumeAttachment

__all__ = ["KINDS", "Ec2Type"]

KINDS: tuple[Ec2Type, ...] = (
    Address(),
    AddressAssociation(),
    Instance(),
    InternetGateway(),
    KeyPair(),
    NatGateway(),
    Route(),
    RouteTable(),
    RouteTableAssociation(),
    SecurityGroup(),
    SecurityGroupRule(),
    Subnet(),
    Volume(),
    VolumeAttachment(),
    Vpc(),
    VpcEndpoint(),
    VpcPeeringConnection(),
)
"""One of each type."""

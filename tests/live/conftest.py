"""What a real OpenStack 2026 answered about one machine on one network, and the state that knows of it."""

import json
from pathlib import Path

import pytest

from hdh_infra.graph.observation import Native
from hdh_infra.live.answers import Answers

KNOWN = {
    "02e03ac0-6263-4507-9451-c744681551f5": ("zone/lake/network", "openstack:networking/network:Network"),
    "fd4f4d0f-a7fd-492b-af65-f5b048b06e67": ("zone/lake/subnet", "openstack:networking/subnet:Subnet"),
    "e1486465-8582-44e8-ac4f-6eda5f6d148d": ("platform/router", "openstack:networking/router:Router"),
    "fa4f7b50-cc47-460b-a46f-996544b3a208": ("zone/lake/route", "openstack:networking/routerInterface:RouterInterface"),
    "c430b27d-ca20-4a73-9819-8fb2a94650db": ("zone/lake/machine/spark/group", "openstack:networking/secGroup:SecGroup"),
    "88f9dbee-7af1-467d-84ae-95443c69b3e9": (
        "zone/lake/machine/spark/rule/0",
        "openstack:networking/secGroupRule:SecGroupRule",
    ),
    "ec23eee0-cfa7-40fb-a7e6-3f1b1ac8d894": ("zone/lake/machine/spark/port/0", "openstack:networking/port:Port"),
    "503690e8-eab5-4753-9e50-3ac8269aa43a": (
        "zone/lake/machine/spark/system-disk/0",
        "openstack:blockstorage/volume:Volume",
    ),
    "5ae15b85-7579-41dc-9d2c-48bc1adc4327": (
        "zone/lake/machine/spark/data-disk/0",
        "openstack:blockstorage/volume:Volume",
    ),
    "f181db64-3914-4e06-b4e2-636d0e422ce8": (
        "zone/lake/machine/spark/server/0",
        "openstack:compute/instance:Instance",
    ),
    "f181db64-3914-4e06-b4e2-636d0e422ce8/5ae15b85-7579-41dc-9d2c-48bc1adc4327": (
        "zone/lake/machine/spark/data-disk-attachment/0",
        "openstack:compute/volumeAttach:VolumeAttach",
    ),
    "http://127.0.0.1:21002/v1/orders/3859d57c-cfe8-4be1-af61-f958341891c4": (
        "key/lake/order",
        "openstack:keymanager/orderV1:OrderV1",
    ),
    "access-1": (
        "zone/lake/machine/spark/credential",
        "openstack:identity/ec2CredentialV3:Ec2CredentialV3",
    ),
}
"""By id: path and type, as a state has them. The floating address was put there by hand."""


@pytest.fixture
def recorded():
    return json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))


@pytest.fixture
def answers(recorded):
    def make(**changes):
        return Answers(**{**recorded, **changes})

    return make


@pytest.fixture
def state():
    return [Native(path, token, {}, identity) for identity, (path, token) in KNOWN.items()]

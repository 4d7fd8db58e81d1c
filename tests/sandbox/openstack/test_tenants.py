"""Tenants of one OpenStack must mean the same by the names that they share."""

from __future__ import annotations

import dataclasses

import pytest

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.openstack import Flavor, Image, Tenant, VolumeType
from hdh_infra.sandbox.openstack.tenants import check

ONE = Tenant(
    name="one",
    region="RegionOne",
    flavors=(Flavor("m1", 2, 4096, 0),),
    images=(Image("debian"),),
    volume_types=(VolumeType("luks", encrypted=True),),
    external_network="public",
)


def test_tenants_may_share_names_that_mean_the_same() -> None:
    check([ONE, dataclasses.replace(ONE, name="two", region="GRA11")])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"flavors": (Flavor("m1", 4, 4096, 0),)}, "flavour m1"),
        ({"volume_types": (VolumeType("luks", encrypted=False),)}, "volume type luks"),
    ],
)
def test_a_name_that_means_two_things_is_refused_with_both_tenants(change: dict[str, object], named: str) -> None:
    other = dataclasses.replace(ONE, name="two", **change)
    with pytest.raises(CloudError, match=f"one and two.*{named}"):
        check([ONE, other])


@pytest.mark.parametrize("name", ["", "with space", "../up", "a" * 64, "-dash"])
def test_a_tenant_has_a_plain_name(name: str) -> None:
    with pytest.raises(CloudError, match="no name of a tenant"):
        check([dataclasses.replace(ONE, name=name)])


def test_two_tenants_of_one_name_are_refused() -> None:
    with pytest.raises(CloudError, match="two tenants are named one"):
        check([ONE, ONE])

"""Facts come out of answers and nothing else: what is not answered stays unknown, and nothing is concluded from a name."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hdh_infra.catalogue.forms import check_value
from hdh_infra.catalogue.load import site
from hdh_infra.catalogue.measuring import MEASURABLE
from hdh_infra.live.asking import Said
from hdh_infra.live.held import own
from hdh_infra.live.measuring import measure
from hdh_infra.live.probing import Finding, Probed
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

TODAY = datetime.date(2026, 11, 25)
TARGET = Target.parse("openstack:RegionOne")
EVERYTHING = (
    "access-block", "acl", "anonymous", "checksums", "compliance", "governance", "iam", "lifecycle", "logging", "object",
    "object-lock", "policy", "sse-kms", "sse-s3", "tagging", "versioning", "virtual-hosts", "without-md5",
)  # fmt: skip


@pytest.fixture
def said(answers):
    text = (Path(__file__).parent / "recorded_said.json").read_text(encoding="utf-8")
    return Said(**json.loads(text), holdings=answers())


def place(**settings):
    described = {"name": "p", "residency": {"countries": ["FR"]}, "targets": {str(TARGET): settings}}
    return site(TARGET, Platform.model_validate(described))


def measured(said=None, probed=None, **settings):
    return measure(said, probed, place(**settings), "hdh", TODAY)


def facts(found):
    return {fact.attribute: fact.value for fact in found.facts}


def probed(**values):
    found = {name.replace("_", "-"): Finding(value, "tried") for name, value in values.items()}
    return Probed("https://s3.example.org", found, "access-1")


def test_a_real_openstack_is_measured_as_what_it_is(said):
    found = measured(said)
    assert facts(found) == {"network.flow_logs": False}
    assert {one.name: one.vcpus for one in found.flavours}["m1.large"] == 4
    assert found.images == {"debian-12": "debian-12", "ubuntu-24-04": "ubuntu-24.04"}
    # Who may not see how a type is encrypted does not know it.
    assert found.volume_types == {"__DEFAULT__": None, "luks": None}
    assert found.limits["machines"].value == -1
    assert found.seen["external_networks"] == ["public"]
    assert found.remarks == ()
    assert found.as_of == TODAY


def test_where_nobody_answered_nothing_is_measured():
    found = measured(Said(), Probed("https://s3.example.org"))
    assert (found.facts, found.flavours, found.images, found.volume_types, found.limits) == ((), None, None, None, {})


def test_every_fact_is_measurable_in_its_own_form_and_says_which_call_on_which_endpoint(said):
    volumes = [{"volume_type": "luks", "encrypted": True, "encryption_key_id": _a_secret(said)}]
    one = replace(
        said,
        services=[
            *said.services,
            {"type": "container-infra", "name": "magnum", "url": "https://magnum.example.org/v1"},
        ],
        datastores=[{"name": "postgresql"}],
        volumes=volumes,
        extensions=["router"],
    )
    found = measured(one, probed(**{name.replace("-", "_"): True for name in EVERYTHING}))
    assert {fact.attribute for fact in found.facts} == MEASURABLE
    for fact in found.facts:
        assert check_value(fact.attribute, fact.value) is None
        assert "http" in fact.source or "datastores" in fact.source


def _a_secret(said):
    return said.holdings.secrets[0]["secret_ref"].rsplit("/", 1)[-1]


@pytest.mark.parametrize(
    ("extensions", "loggable", "expected"),
    [
        (["router"], None, False),
        (["logging"], None, None),
        (["logging"], ["security_group"], True),
        (["logging"], ["snat"], False),
        (None, None, None),
    ],
)
def test_logs_of_filters_are_there_only_where_neutron_says_that_it_logs_them(said, extensions, loggable, expected):
    found = facts(measured(replace(said, extensions=extensions, loggable=loggable)))
    assert found.get("network.flow_logs") is expected


def test_names_are_known_to_be_absent_and_never_known_to_be_safe(said):
    assert facts(measured(replace(said, extensions=["router"])))["network.names"] is False
    assert "network.names" not in facts(measured(said))


def test_the_project_holds_the_keys_of_its_volumes_only_where_each_is_a_secret_of_its_own(said):
    mine = {"volume_type": "luks", "encrypted": True, "encryption_key_id": _a_secret(said)}
    assert facts(measured(replace(said, volumes=[mine])))["machine.encryption"] == "tenant-key"
    strange = {**mine, "encryption_key_id": "of-somebody-else"}
    assert "machine.encryption" not in facts(measured(replace(said, volumes=[mine, strange])))
    assert "machine.encryption" not in facts(measured(replace(said, volumes=[{**mine, "encryption_key_id": None}])))
    assert "machine.encryption" not in facts(measured(replace(said, volumes=[])))


def test_a_volume_type_is_encrypted_by_what_cinder_shows_or_by_its_volumes(said):
    luks = next(one["id"] for one in said.volume_types if one["name"] == "luks")
    default = next(one["id"] for one in said.volume_types if one["name"] != "luks")
    shown = replace(said, type_encryption={luks: {"provider": "luks", "cipher": "aes-xts-plain64"}, default: {}})
    assert measured(shown).volume_types == {"luks": True, "__DEFAULT__": False}
    seen = replace(said, volumes=[{"volume_type": "luks", "encrypted": True}])
    assert measured(seen).volume_types["luks"] is True
    both = replace(said, volumes=[{"volume_type": "luks", "encrypted": flag} for flag in (True, False)])
    assert measured(both).volume_types["luks"] is None


def test_where_cinder_shows_that_no_type_is_encrypted_no_disk_is(said):
    shown = replace(said, type_encryption={one["id"]: {} for one in said.volume_types})
    assert facts(measured(shown))["machine.encryption"] == "none"


def test_a_flavour_with_a_device_that_nobody_declared_is_not_chosen_from(said):
    device = {"name": "g1", "vcpus": 2, "ram": 4096, "extra_specs": {"pci_passthrough:alias": "a100:1"}}
    off = {"name": "old", "vcpus": 2, "ram": 4096, "OS-FLV-DISABLED:disabled": True}
    one = replace(said, flavours=[*said.flavours, device, off])
    found = measured(one)
    assert not {"g1", "old"} & {flavour.name for flavour in found.flavours}
    assert any("g1" in line for line in found.remarks)
    declared = measured(one, flavours=[{"name": "g1", "vcpus": 2, "memory": "4GiB", "gpu": {"count": 1}}])
    assert "g1" in {flavour.name for flavour in declared.flavours}
    assert declared.remarks == ()


def test_an_image_is_known_by_its_name_or_by_what_it_says_of_itself_and_else_it_is_missing(said):
    def image(**words):
        return {"id": "i", "name": "x", "created_at": "2026-01-01", **words}

    bookworm = image(name="Bookworm", os_distro="debian", os_version="12.8")
    assert measured(replace(said, images=[bookworm])).images == {"debian-12": "Bookworm", "ubuntu-24-04": None}
    noble = image(name="Noble", os_distro="ubuntu", os_version="24.04")
    assert measured(replace(said, images=[noble])).images == {"debian-12": None, "ubuntu-24-04": "Noble"}
    assert measured(replace(said, images=[])).images == {"debian-12": None, "ubuntu-24-04": None}
    named = measured(replace(said, images=[image(id="mine", name="hardened")]), existing={"image/debian-12": "mine"})
    assert named.images["debian-12"] == "hardened"


def test_quotas_are_those_of_the_project_with_what_it_uses_and_what_of_that_is_its_own(said):
    compute = {"absolute": {"maxTotalCores": 20, "totalCoresUsed": 6, "maxTotalRAMSize": 51200, "totalRAMUsed": 2049}}
    quotas = {"network": {"limit": 100, "used": 3, "reserved": 1}, "router": 10}
    (server,) = said.holdings.servers
    (network,) = said.holdings.networks
    holdings = replace(
        said.holdings,
        servers=[{**server, "metadata": {"hdh-platform": "hdh"}}],
        networks=[{**network, "tags": ["hdh-platform=hdh"]}],
    )
    one = replace(said, compute_limits=compute, network_quotas=quotas, volume_limits=None, holdings=holdings)
    limits = measured(one).limits
    assert (limits["vcpus"].value, limits["vcpus"].used, limits["vcpus"].own, limits["vcpus"].others) == (20, 6, 1, 5)
    assert (limits["memory"].value, limits["memory"].used, limits["memory"].own) == (50, 3, 2)
    assert (limits["networks"].used, limits["networks"].own) == (4, 1)
    # An older Neutron tells the quota and not the use.
    assert (limits["routers"].value, limits["routers"].others) == (10, None)
    assert not {"machines", "volumes"} & set(limits)


def test_what_others_made_is_never_counted_as_the_platforms_own(answers):
    assert set(own(answers(), "hdh").values()) == {0}


def test_what_plans_rest_on_and_is_not_there_is_told(said):
    bare = replace(said, services=[], extensions=[], external_networks=[], versions={"compute": "2.38"})
    lines = "\n".join(measured(bare).remarks)
    for word in ("Barbican", "external network", "port-security", "security-groups-remote-address-group", "2.38"):
        assert word in lines
    two = [{"name": "blue"}, {"name": "green"}]
    assert any("several external networks" in line for line in measured(replace(said, external_networks=two)).remarks)
    assert measured(replace(said, external_networks=two), external_network="blue").remarks == ()
    assert any("no external network red" in one for one in measured(said, external_network="red").remarks)


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ({"object_lock": True, "governance": True, "compliance": True}, "compliance"),
        ({"object_lock": True, "governance": True, "compliance": False}, "governance"),
        ({"object_lock": True, "governance": False}, False),
        ({"object_lock": False}, False),
        ({"object_lock": True, "governance": True, "compliance": None}, None),
        ({"object_lock": None}, None),
    ],
)
def test_a_lock_is_what_holds_and_not_what_is_taken(trials, expected):
    assert facts(measured(None, probed(**trials))).get("store.retention") == expected


def test_encryption_by_the_server_is_never_taken_for_a_key_of_the_customer():
    assert facts(measured(None, probed(sse_s3=True, sse_kms=True)))["store.encryption"] == "provider-key"
    assert facts(measured(None, probed(sse_s3=False)))["store.encryption"] == "none"
    assert "store.encryption" not in facts(measured(None, probed(sse_s3=None, sse_kms=True)))


def test_users_are_the_endpoints_own_or_keystones_and_else_nobody_knows(said):
    assert facts(measured(said, probed(iam=True)))["object_store.identities"] == "iam"
    assert facts(measured(said, probed(iam=False)))["object_store.identities"] == "keystone"
    stranger = replace(said, holdings=replace(said.holdings, credentials=[]))
    assert "object_store.identities" not in facts(measured(stranger, probed(iam=False)))
    assert "object_store.identities" not in facts(measured(said, probed(iam=None)))


def test_users_of_an_offer_with_an_api_of_its_own_are_not_those_of_the_endpoint(said):
    ovh = site(Target.parse("ovhcloud:GRA"))
    assert "object_store.identities" not in facts(measure(said, probed(iam=True), ovh, "hdh", TODAY))


def test_an_endpoint_is_spoken_to_otherwise_only_where_the_catalogues_way_fails():
    ovh = site(Target.parse("ovhcloud:GRA"))
    assert measure(None, probed(virtual_hosts=True, checksums=True, without_md5=True), ovh, "p", TODAY).quirks == {}
    assert measure(None, probed(virtual_hosts=False), ovh, "p", TODAY).quirks == {"addressingStyle": "path"}
    assert measured(None, probed(access_block=True, tagging=False)).quirks == {"publicAccessBlock": True}


def test_what_the_credentials_may_not_try_is_a_remark():
    refused = Probed("https://s3.example.org", {"policy": Finding(None, "put a policy", "AccessDenied")})
    (line,) = measured(None, refused).remarks
    assert "AccessDenied" in line


def test_nothing_secret_comes_through(said):
    found = measured(said, probed(iam=True)).model_dump_json()
    assert "never-taken" not in found
    assert "access-1" not in found

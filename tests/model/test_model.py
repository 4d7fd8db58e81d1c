"""The model's words: scales, sizes, names, ports, paths, targets, flows worked out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hdh_infra.model.attributes import answers
from hdh_infra.model.base import Port, check_name, size, write_size
from hdh_infra.model.elements import Retention, Store
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import element_of, matches
from hdh_infra.model.platform import Platform, Zone
from hdh_infra.model.scales import Encryption, Verdict
from hdh_infra.model.settings import is_host
from hdh_infra.model.target import Target
from hdh_infra.testing.strategies import names


def platform(**more) -> Platform:
    return Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, **more})


MACHINE = {"vcpus": 2, "memory": "4GB"}


@given(st.sampled_from(Encryption), st.sampled_from(Encryption))
def test_a_level_reaches_another_by_strength_and_not_by_spelling(one, other):
    order = ["none", "provider-key", "tenant-key", "customer-key", "external-key"]
    assert one.reaches(other) == (order.index(one) >= order.index(other))


@given(st.lists(st.sampled_from(Verdict)))
def test_the_worst_verdict_does_not_depend_on_the_order(verdicts):
    assert Verdict.worst(*verdicts) == Verdict.worst(*reversed(verdicts))
    assert all(Verdict.worst(*verdicts).rank >= one.rank for one in verdicts)


@given(st.integers(1, 8192), st.sampled_from([1000, 1024]), st.integers(1, 5))
def test_a_size_is_written_so_that_it_reads_back_the_same(number, base, power):
    """Exact, in the largest unit that divides it; what no unit divides is never asked."""
    written = write_size(number * base**power)
    assert size(written) == number * base**power
    store = Store.model_validate({"size": written})
    assert Store.model_validate_json(store.model_dump_json()) == store


@pytest.mark.parametrize("text", ["azure:francecentral", "ovhcloud/snc:RBX", "openstack:RegionOne"])
def test_a_target_reads_what_it_writes(text):
    assert str(Target.parse(text)) == text


@pytest.mark.parametrize("text", ["azure", "Azure:x", "azure:", ":x", "a/b/c:d", "azure:france central"])
def test_what_is_no_target_is_refused_with_the_form(text):
    with pytest.raises(ValueError, match="cloud:region"):
        Target.parse(text)


def test_a_star_stands_for_one_part_and_two_for_any():
    assert matches("space/*", "space/a")
    assert not matches("space/*", "space/a/store/b")
    assert matches("**/store/*", "zone/lake/store/snds")
    assert not matches("zone/lake", "zone/lakes")


@pytest.mark.parametrize(
    ("node", "element"),
    [
        ("zone/lake/store/snds/bucket", "zone/lake/store/snds"),
        ("zone/lake/vnet", "zone/lake"),
        ("key/lake/vault", "key/lake"),
        ("platform/group", "platform"),
        ("space/a/machine/desktop/0/vm", "space/a/machine/desktop"),
        ("space/a/flow/x", "space/a"),
    ],
)
def test_a_node_belongs_to_the_element_its_path_starts_with(node, element):
    assert element_of(node) == element


def test_a_space_has_the_defaults_and_what_it_names_itself():
    found = expand(
        platform(
            spaces={
                "defaults": {"machines": {"desktop": MACHINE}},
                "projects": {"a": {}, "b": {"machines": {"gpu": MACHINE}}},
            }
        )
    )
    assert list(found.machines) == ["space/a/machine/desktop", "space/b/machine/desktop", "space/b/machine/gpu"]


def test_data_without_a_named_key_are_under_a_key_of_their_own_zone_or_space():
    found = expand(platform(spaces={"defaults": {"stores": {"work": {"size": "1TB"}}}, "projects": {"a": {}, "b": {}}}))
    assert found.key_of("space/a/store/work") == "space/a/key/default"
    assert set(found.keys) == {"space/a/key/default", "space/b/key/default"}


def test_a_flow_to_a_network_means_its_machines_and_never_its_stores():
    found = expand(
        platform(
            zones={
                "lake": {"stores": {"snds": {"size": "1TB"}}, "machines": {"spark": MACHINE}},
                "admin": {"machines": {"console": MACHINE}},
            },
            flows=[{"from": "zone/admin", "to": "zone/lake", "ports": [22]}],
        )
    )
    assert [(link.source, link.to) for link in found.links] == [
        ("zone/admin/machine/console", "zone/lake/machine/spark")
    ]


def test_flows_with_the_same_ends_are_one_link_with_all_ports():
    flows = [
        {"from": "zone/a", "to": "zone/b", "ports": [22]},
        {"from": "zone/*", "to": "zone/b/machine/m", "ports": [22, "80-90"]},
    ]
    found = expand(platform(zones={"a": {"machines": {"m": MACHINE}}, "b": {"machines": {"m": MACHINE}}}, flows=flows))
    (link,) = found.links
    assert link.ports == (22, "80-90")


def test_a_link_between_a_zone_and_a_space_belongs_to_the_space():
    flows = [{"from": "zone/a", "to": "space/*", "ports": [22]}]
    found = expand(
        platform(
            zones={"a": {"machines": {"m": MACHINE}}},
            spaces={"projects": {"p": {"machines": {"m": MACHINE}}}},
            flows=flows,
        )
    )
    assert [link.owner for link in found.links] == ["space/p"]


def test_the_order_of_the_description_does_not_matter():
    zones = {"a": {"machines": {"m": MACHINE}}, "b": {"machines": {"m": MACHINE}}}
    one, other = platform(zones=zones), platform(zones=dict(reversed(zones.items())))
    assert one == other
    assert list(expand(one).elements) == list(expand(other).elements)


def test_a_floor_is_reached_by_what_is_stronger_and_nothing_else():
    assert answers("store", "encryption", "customer-key", "external-key")
    assert answers("store", "encryption", "customer-key", "provider-key") is False
    assert answers("store", "encryption", "customer-key", None) is None
    assert answers("store", "retention", {"days": 30, "mode": "governance"}, {"days": 40, "mode": "compliance"})
    assert (
        answers("store", "retention", {"days": 30, "mode": "compliance"}, {"days": 400, "mode": "governance"}) is False
    )
    assert answers("store", "retention", {"days": 30, "mode": "compliance"}, None) is False
    assert answers("key", "rotation_days", 365, 90)
    assert answers("key", "rotation_days", 90, 365) is False
    assert answers("machine", "country", ["FR"], "NL") is False


def test_a_retention_reaches_another_in_length_and_mode():
    assert Retention(days=10).reaches(Retention(days=10))
    assert not Retention(days=9).reaches(Retention(days=10))


@given(names())
def test_every_name_that_the_strategies_draw_is_one(name):
    assert check_name(name) == name
    assert len(name) <= 32


@pytest.mark.parametrize("name", ["", "A", "1a", "a--b", "-a", "a-", "a_b", "a.b", "a/b", "é", "a" * 33, "a b", "a\n"])
def test_what_a_cloud_could_not_carry_is_no_name(name):
    with pytest.raises(ValueError, match="is not a name: 1 to 32 small letters, digits and single hyphens"):
        check_name(name)


PORT: TypeAdapter[int | str] = TypeAdapter(Port)


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_a_range_of_ports_reads_from_low_to_high_and_one_port_is_a_number(low, high):
    text = f"{low}-{high}"
    if low > high:
        with pytest.raises(ValidationError, match="is not a port"):
            PORT.validate_python(text)
    else:
        assert PORT.validate_python(text) == (low if low == high else text)


@pytest.mark.parametrize("port", [0, 65536, -1, True, "443", "a-b", "1-70000", "0-5", 4.5, None, "22, 80"])
def test_what_is_no_port_is_refused_with_the_form(port):
    with pytest.raises(ValidationError, match="1 to 65535, or a range such as 8000-8010"):
        PORT.validate_python(port)


@pytest.mark.parametrize(
    ("to", "host"),
    [("192.0.2.0/24", False), ("0.0.0.0/0", False), ("pypi.org", True), ("*.debian.org", True), ("1password.com", True), ("3.debian.pool.ntp.org", True)],
)  # fmt: skip
def test_a_host_name_is_told_from_an_address_range(to, host):
    assert is_host(to) == host


@pytest.mark.parametrize("value", [10, 10.5, "10", "10 gigabytes", "GB", True, "-1GB", "1e3GB"])
def test_a_quantity_without_its_unit_is_refused(value):
    with pytest.raises(ValidationError, match=r"has no unit|is not a size"):
        Store.model_validate({"size": value})


def test_targets_that_differ_have_stacks_that_differ():
    written = ["azure:francecentral", "ovhcloud:RBX", "ovhcloud/snc:RBX", "openstack:RegionOne"]
    assert len({Target.parse(one).stack for one in written}) == len(written)


def test_a_description_in_python_and_one_in_text_are_equal():
    one = platform(zones={"a": {"stores": {"s": {"size": "1TB", "retention": {"days": 30}}}}})
    other = platform(zones={"a": Zone(stores={"s": Store(size=size("1TB"), retention=Retention(days=30))})})
    assert one == other
    assert one != platform()

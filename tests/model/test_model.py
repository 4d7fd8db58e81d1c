"""The model's words: scales, sizes, paths, flows worked out, what is asked of each kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.model.attributes import ATTRIBUTES, answers, asked
from hdh_infra.model.base import write_size
from hdh_infra.model.elements import Disk, Key, Machine, Retention, Store
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import element_of, kind_of, matches
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Encryption, Relation, Verdict
from hdh_infra.model.target import Target


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


@given(st.integers(min_value=2**20, max_value=2**60))
def test_a_size_is_written_so_that_it_reads_back_the_same(size):
    store = (
        Store.model_validate({"size": size if size % 1000 and size % 1024 else write_size(size)})
        if size % 1000 == 0 or size % 1024 == 0
        else None
    )
    if store is not None:
        assert Store.model_validate_json(store.model_dump_json()).size == store.size


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


@pytest.mark.parametrize(("kind", "spec"), [("store", Store), ("machine", Machine), ("key", Key)])
def test_every_field_that_a_cloud_answers_has_a_relation_and_an_attribute(kind, spec):
    names = {"rotation_days": "rotation_days"}
    for field, info in spec.model_fields.items():
        if any(isinstance(one, Relation) for one in info.metadata):
            assert names.get(field, field) in ATTRIBUTES[kind], field
    if spec is Machine:
        assert {"encryption", "key"} <= set(ATTRIBUTES["machine"])
        assert all(any(isinstance(one, Relation) for one in info.metadata) for info in Disk.model_fields.values())


def test_everything_that_is_asked_is_an_attribute_and_the_reverse():
    found = expand(
        platform(keys={"k": {}}, zones={"a": {"stores": {"s": {"size": "1TB"}}, "machines": {"m": MACHINE}}})
    )
    for path in found.elements:
        assert set(asked(found, path, "10.0.0.0/24")) == set(ATTRIBUTES[kind_of(path)])


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

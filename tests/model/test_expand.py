"""A platform worked out: what a default, a null, a pattern, an airlock, a grant and an end come to."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.model.airlock import DIRECTIONS, STAGES
from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.links import Right, strongest
from hdh_infra.model.paths import matches, network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Access, Encryption
from hdh_infra.testing.changing import shuffled
from hdh_infra.testing.strategies import ENDED, OPEN_UNTIL, platforms

SOME = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TODAY = datetime.date(2026, 11, 25)
MACHINE = {"vcpus": 1, "memory": "1GB"}
DISK = {**MACHINE, "disk": {"size": "10GB"}}
STORE = {"size": "1TB"}


def expanded(today: datetime.date | None = None, **more) -> Expanded:
    return expand(Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, **more}), today)


def ways(found: Expanded) -> set[tuple[str, str]]:
    return {(link.source, link.to) for link in found.links}


def words(found: Expanded, store: str) -> list[str]:
    return [right.words() for right in found.rights_on.get(store, ())]


# Spaces and their defaults.


def test_a_space_s_own_takes_the_place_of_a_default_and_a_null_takes_it_out():
    found = expanded(
        spaces={
            "defaults": {"stores": {"work": STORE, "more": STORE}, "machines": {"desktop": MACHINE}},
            "projects": {
                "a": {"stores": {"work": {"size": "9TB"}, "more": None}, "machines": {"desktop": None}},
                "b": {},
            },
        }
    )
    assert list(found.stores) == ["space/a/store/work", "space/b/store/more", "space/b/store/work"]
    assert found.stores["space/a/store/work"].size == 9 * 10**12
    assert list(found.machines) == ["space/b/machine/desktop"]


def test_groups_and_flows_of_a_space_come_beside_the_defaults_and_the_rest_in_their_place():
    defaults = {
        "groups": ["all"],
        "key": {"protection": "hsm"},
        "entry": "bastion",
        "airlock": {"import": True},
        "machines": {"m": MACHINE},
        "stores": {"s": STORE},
        "flows": [{"to": "store/s"}],
    }
    own = {"groups": ["own"], "key": {}, "airlock": {"export": True}, "machines": {"n": MACHINE}, "flows": [{"from": "machine/n", "to": "machine/m"}]}  # fmt: skip
    groups = {name: {"description": "people"} for name in ("all", "own")}
    found = expanded(groups=groups, spaces={"defaults": defaults, "projects": {"a": own, "b": {}}})
    assert found.networks["space/a"].groups == ("all", "own")
    assert found.keys["space/a/key/default"].protection == "software"
    assert found.keys["space/b/key/default"].protection == "hsm"
    assert found.networks["space/a"].entry == "bastion"
    assert "space/a/store/airlock-export-draft" in found.stores
    assert "space/a/store/airlock-import-draft" not in found.stores
    assert {("space/a/machine/m", "space/a/store/s"), ("space/a/machine/n", "space/a/machine/m")} <= ways(found)


def test_a_flow_of_the_defaults_is_each_space_s_own_and_leads_from_none_to_another():
    found = expanded(
        zones={"lake": {"stores": {"data": STORE}}},
        spaces={
            "defaults": {"machines": {"m": MACHINE}, "stores": {"s": STORE}, "flows": [{"to": "store/s"}, {"to": "zone/lake/store/data"}]},
            "projects": {"a": {}, "b": {}},
        },
    )  # fmt: skip
    assert ways(found) == {
        (f"space/{name}/machine/m", to) for name in "ab" for to in (f"space/{name}/store/s", "zone/lake/store/data")
    }


@SOME
@given(platform=platforms())
def test_no_flow_of_the_defaults_and_no_airlock_joins_two_spaces(platform):
    found = expand(platform.model_copy(update={"flows": ()}), TODAY)
    for link in found.links:
        spaces = {one for one in (network_path(link.source), network_path(link.to)) if one and one.startswith("space/")}
        assert len(spaces) == 1


@SOME
@given(platform=platforms(spaces=(1, 2)))
def test_what_the_defaults_would_ask_covers_what_each_space_asks_by_them(platform):
    """Shared things are made for the pattern, so that one space more changes none of them (law 4)."""
    described = {**platform.model_dump(mode="json", by_alias=True), "flows": []}
    described["spaces"]["projects"] = {name: {} for name in described["spaces"]["projects"]}
    found = expand(Platform.model_validate(described))

    def means(pattern: str, path: str) -> bool:
        return matches(pattern, path) or matches(pattern, str(network_path(path)))

    for link in found.links:
        assert any(means(flow.source, link.source) and means(flow.to, link.to) for flow in found.latent_flows), link


# Links.


def test_a_machine_reaches_itself_only_where_there_are_several_of_it():
    flows = [{"from": "zone/a", "to": "zone/a", "ports": [22]}]
    alone = expanded(zones={"a": {"machines": {"m": MACHINE}}}, flows=flows)
    several = expanded(zones={"a": {"machines": {"m": {**MACHINE, "count": 2}}}}, flows=flows)
    assert ways(alone) == set()
    assert ways(several) == {("zone/a/machine/m", "zone/a/machine/m")}


def test_ways_out_by_address_and_by_host_name_are_told_apart():
    found = expanded(
        zones={"a": {"machines": {"m": MACHINE}}},
        egress=[
            {"from": "zone/a", "to": "192.0.2.0/24", "ports": [443]},
            {"from": "zone/*", "to": "pypi.org", "ports": [443]},
            {"from": "zone/a", "to": "*.debian.org", "ports": [80]},
        ],
    )
    assert [link.to for link in found.egress] == ["192.0.2.0/24"]
    assert [link.to for link in found.egress_hosts] == ["*.debian.org", "pypi.org"]


@SOME
@given(platform=platforms(), rng=st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_the_description(platform, rng):
    one, other = expand(platform, TODAY), expand(shuffled(platform, rng), TODAY)
    for part in (
        "links",
        "egress",
        "egress_hosts",
        "rights",
        "data_holders",
        "encrypted_by",
        "closed",
        "audit",
        "raised",
    ):
        assert getattr(one, part) == getattr(other, part), part
    assert list(one.elements) == list(other.elements)
    assert {path: one.key_of(path) for path in one.stores} == {path: other.key_of(path) for path in other.stores}


@SOME
@given(platform=platforms())
def test_ends_of_links_and_rights_are_elements_that_are_there_and_every_key_is_one(platform):
    found = expand(platform, TODAY)
    people = {f"group/{name}" for name in platform.groups}
    for link in found.links:
        assert link.source in found.machines
        assert link.to in found.machines.keys() | found.stores.keys()
    for right in found.rights:
        assert right.principal in found.machines.keys() | people
        assert right.store in found.stores
    keys = {found.key_of(path) for path in (*found.stores, *found.machines, *found.kept_disks)}
    keys |= {found.system_key_of(path) for path in found.machines}
    assert keys - {None} <= found.keys.keys()
    assert set(found.encrypted_by) == keys - {None}


# Rights.


def test_without_grants_a_flow_is_a_right_to_write_and_with_them_only_they_count():
    def of(store: dict) -> list[str]:
        zones = {"a": {"stores": {"s": {**STORE, **store}}, "machines": {"m": MACHINE, "n": MACHINE}}}
        flows = [{"from": "zone/a", "to": "zone/a/store/s", "ports": [443]}]
        return words(expanded(zones=zones, flows=flows), "zone/a/store/s")

    assert of({}) == ["zone/a/machine/m write", "zone/a/machine/n write"]
    assert of({"grants": [{"to": "zone/a/machine/m"}]}) == ["zone/a/machine/m read"]
    assert of({"grants": []}) == []
    assert of({"grants": None}) == of({})


def test_a_flow_by_udp_gives_no_right():
    zones = {"a": {"stores": {"s": STORE}, "machines": {"m": MACHINE}}}
    flows = [{"from": "zone/a", "to": "zone/a/store/s", "ports": [443], "protocol": "udp"}]
    assert words(expanded(zones=zones, flows=flows), "zone/a/store/s") == []


@given(st.lists(st.sampled_from(Access), min_size=1))
def test_who_may_write_needs_no_other_word_and_reading_and_appending_hold_neither(accesses):
    found = [right.access for right in strongest(Right("p", "s", access) for access in accesses)]
    assert found == ([Access.write] if Access.write in accesses else sorted(set(accesses)))


def test_a_right_of_a_network_is_its_machines_and_of_a_group_its_own():
    zones = {
        "a": {"machines": {"m": MACHINE, "n": MACHINE}},
        "b": {"stores": {"s": {**STORE, "grants": [{"to": "zone/a", "access": "append"}, {"to": "group/g"}]}}},
    }
    found = expanded(zones=zones, groups={"g": {"description": "people"}})
    assert words(found, "zone/b/store/s") == ["group/g read", "zone/a/machine/m append", "zone/a/machine/n append"]
    assert [right.owner for right in found.rights] == ["zone/b", "zone/a", "zone/a"]


def test_users_of_a_key_are_worked_out_as_those_of_a_store():
    found = expanded(
        zones={"a": {"machines": {"m": MACHINE}}},
        groups={"g": {"description": "people"}},
        keys={"k": {"users": ["zone/*", "group/g"]}},
    )
    assert found.users_of("key/k") == ("group/g", "zone/a/machine/m")


# Airlocks.


def airlocked(**airlock) -> Expanded:
    return expanded(
        zones={"gate": {"machines": {"in": MACHINE, "mover": MACHINE, "eyes": MACHINE}}},
        groups={"g": {"description": "people"}},
        spaces={"projects": {"p": {"machines": {"m": MACHINE}, "airlock": airlock}}},
    )


def test_an_airlock_is_five_stages_a_direction_and_each_has_rights_of_its_own():
    found = airlocked(
        **{"import": {"outside": "zone/gate/machine/in"}},
        mover="zone/gate/machine/mover",
        review="zone/gate/machine/eyes",
    )
    rights = {stage: words(found, f"space/p/store/airlock-import-{stage}") for stage in STAGES}
    assert rights == {
        "draft": ["zone/gate/machine/in write", "zone/gate/machine/mover read"],
        "in-review": ["zone/gate/machine/eyes read", "zone/gate/machine/mover append"],
        "approved": ["space/p/machine/m read", "zone/gate/machine/mover append"],
        "rejected": ["zone/gate/machine/in read", "zone/gate/machine/mover append"],
        "blocked": ["zone/gate/machine/eyes read", "zone/gate/machine/mover append"],
    }
    assert ways(found) == {(right.principal, right.store) for right in found.rights}


def test_what_goes_out_is_handed_in_by_the_space_and_taken_by_whoever_is_outside():
    found = airlocked(export={"outside": "group/g"}, review="zone/gate/machine/eyes")
    assert words(found, "space/p/store/airlock-export-draft") == [
        "space/p/machine/m write",
        "zone/gate/machine/eyes read",
    ]
    assert words(found, "space/p/store/airlock-export-approved") == ["group/g read", "zone/gate/machine/eyes append"]


def test_nothing_gets_past_a_stage_by_the_space_s_own_machines():
    """Whoever writes the draft cannot write what is approved, and the other way round."""
    found = airlocked(
        **{"import": True, "export": True}, review="zone/gate/machine/eyes", mover="zone/gate/machine/mover"
    )
    for direction in DIRECTIONS:
        for stage in set(STAGES) - {"draft"}:
            assert "space/p/machine/m write" not in words(found, f"space/p/store/airlock-{direction}-{stage}")
            assert "space/p/machine/m append" not in words(found, f"space/p/store/airlock-{direction}-{stage}")


def test_a_stage_that_nobody_is_named_for_is_open_to_nobody():
    found = airlocked(**{"import": True})
    assert words(found, "space/p/store/airlock-import-in-review") == []
    assert words(found, "space/p/store/airlock-import-draft") == []
    assert words(found, "space/p/store/airlock-import-approved") == ["space/p/machine/m read"]


# Ends.


def ended(today: datetime.date | None) -> Expanded:
    return expanded(
        today,
        keys={"k": {}},
        zones={"z": {"machines": {"m": MACHINE}, "stores": {"s": {**STORE, "grants": [{"to": "space/*"}]}}}},
        spaces={
            "defaults": {
                "machines": {"disk": {**DISK, "disk": {"size": "10GB", "key": "k"}}, "none": MACHINE},
                "stores": {"work": STORE},
                "flows": [{"to": "store/work"}],
                "airlock": {"import": {"outside": "zone/z"}, "review": "zone/z/machine/m"},
                "entry": "bastion",
            },
            "projects": {"p": {"ends": "2026-11-25"}, "q": {"ends": "2090-01-01"}},
        },
        flows=[{"from": "space/*", "to": "zone/z/store/s", "ports": [443]}, {"from": "zone/z", "to": "space/*", "ports": [22]}],
        egress=[{"from": "space/*", "to": "192.0.2.0/24", "ports": [443]}],
    )  # fmt: skip


def test_a_space_is_open_through_its_last_day_and_to_whoever_asks_of_no_day():
    assert ended(datetime.date(2026, 11, 25)).closed == frozenset()
    assert ended(None).closed == frozenset()
    assert ended(datetime.date(2026, 11, 26)).closed == {"space/p"}


def test_a_closed_space_has_no_machine_no_way_and_no_right_and_keeps_what_holds_data():
    before, after = ended(TODAY), ended(TODAY + datetime.timedelta(days=1))
    inside = "space/p/"
    assert [path for path in after.machines if path.startswith(inside)] == []
    assert list(after.kept_disks) == ["space/p/machine/disk"]
    for link in (*after.links, *after.egress):
        assert not link.source.startswith(inside)
        assert not link.to.startswith(inside)
    for right in after.rights:
        assert not right.principal.startswith(inside)
        assert not right.store.startswith(inside)
    assert after.data_holders == before.data_holders
    assert after.keys.keys() == before.keys.keys()
    assert after.stores == before.stores


def test_an_end_changes_nothing_of_another_space():
    before, after = ended(TODAY), ended(TODAY + datetime.timedelta(days=1))

    def of(found: Expanded) -> list[object]:
        return [one for one in (*found.links, *found.egress) if "space/q" in one.source or "space/q" in one.to]

    assert of(before) == of(after)
    assert [one for one in before.rights if "space/q" in one.store] == [
        one for one in after.rights if "space/q" in one.store
    ]


@SOME
@given(platform=platforms(spaces=(1, 2)), today=st.dates(ENDED + datetime.timedelta(days=1), OPEN_UNTIL))
def test_nothing_that_holds_data_depends_on_the_day(platform, today):
    assert expand(platform, today).data_holders == expand(platform).data_holders
    assert expand(platform, today).keys.keys() == expand(platform).keys.keys()


# Keys, backup, logs.


def test_a_key_is_named_or_the_network_s_own_and_none_below_the_customer_s_level():
    zone = {
        "stores": {"own": STORE, "named": {**STORE, "key": "k"}, "low": {**STORE, "encryption": "tenant-key"}},
        "machines": {
            "m": {**MACHINE, "disk": {"encryption": "provider-key"}, "system_disk": {"encryption": "customer-key"}}
        },
    }
    found = expanded(keys={"k": {}, "unused": {}}, zones={"a": zone})
    assert [found.key_of(f"zone/a/store/{name}") for name in ("own", "named", "low")] == [
        "zone/a/key/default",
        "key/k",
        None,
    ]
    assert found.key_of("zone/a/machine/m") is None
    assert found.system_key_of("zone/a/machine/m") == "zone/a/key/default"
    assert found.encrypted_by == {
        "key/k": ("zone/a/store/named",),
        "zone/a/key/default": ("zone/a/machine/m", "zone/a/store/own"),
    }
    assert set(found.keys) == {"key/k", "key/unused", "zone/a/key/default"}


def test_the_key_of_a_data_disk_encrypts_nothing_where_there_is_none():
    disks = {"disk": {"key": "k"}, "system_disk": {"encryption": "tenant-key"}}
    without = expanded(keys={"k": {}}, zones={"a": {"machines": {"m": {**MACHINE, **disks}}}})
    assert without.encrypted_by == {}
    disks["disk"]["size"] = "10GB"
    of_both = expanded(keys={"k": {}}, zones={"a": {"machines": {"m": {**MACHINE, **disks}}}})
    assert of_both.encrypted_by == {"key/k": ("zone/a/machine/m",)}


def test_a_system_disk_takes_over_floor_and_key_of_the_data_disk_unless_it_says_otherwise():
    def of(**disks) -> tuple[Encryption, str | None]:
        found = expanded(keys={"k": {}, "s": {}}, zones={"a": {"machines": {"m": {**MACHINE, **disks}}}})
        return found.system_encryption("zone/a/machine/m"), found.system_key_of("zone/a/machine/m")

    assert of() == ("customer-key", "zone/a/key/default")
    assert of(disk={"key": "k"}) == ("customer-key", "key/k")
    assert of(disk={"key": "k"}, system_disk={"key": "s"}) == ("customer-key", "key/s")
    assert of(disk={"key": "k"}, system_disk={"encryption": "none"}) == ("none", None)
    assert of(disk={"encryption": "none"}) == ("none", None)


def test_a_backup_of_its_own_takes_the_place_of_the_platform_s_and_a_disk_must_be_there():
    found = expanded(
        backup={"stores": {"keep_days": 60}, "disks": {"keep_days": 90}},
        zones={
            "a": {
                "stores": {"s": STORE, "own": {**STORE, "backup": {"keep_days": 7}}},
                "machines": {"m": MACHINE, "d": DISK},
            }
        },
    )
    asked = {path: found.backup_of(path) for path in (*found.stores, *found.machines)}
    assert {path.rsplit("/", 1)[1]: one and one.keep_days for path, one in asked.items()} == {
        "s": 60,
        "own": 7,
        "m": None,
        "d": 90,
    }


@pytest.mark.parametrize(
    ("part", "off", "expect"),
    [("stores", False, (True, True)), ("stores", True, (False, True)), (None, False, (False, True))],
)
def test_every_store_is_logged_where_the_audit_says_so_but_not_that_of_the_logs(part, off, expect):
    audit = {"audit": {"store": "zone/logs/store/logs", **({part: False} if off else {})}} if part else {}
    found = expanded(
        zones={
            "a": {"stores": {"s": STORE, "own": {**STORE, "access_log": True}}},
            "logs": {"stores": {"logs": {**STORE, "retention": {"days": 365}}}},
        },
        **audit,
    )
    assert (found.logged("zone/a/store/s"), found.logged("zone/a/store/own")) == expect
    assert not found.logged("zone/logs/store/logs")


def test_connections_are_logged_of_one_network_of_all_or_by_the_audit():
    def of(**more) -> list[bool]:
        found = expanded(zones={"a": {"flow_logs": True}, "b": {}, "logs": {"stores": {"l": {**STORE, "retention": {"days": 365}}}}}, **more)  # fmt: skip
        return [found.flow_logs("zone/a"), found.flow_logs("zone/b")]

    assert of() == [True, False]
    assert of(network={"flow_logs": True}) == [True, True]
    assert of(audit={"store": "zone/logs/store/l"}) == [True, True]
    assert of(audit={"store": "zone/logs/store/l", "flows": False}) == [True, False]


def test_what_was_worked_out_is_given_again_for_the_same_platform_and_the_same_closed_spaces_only():
    spaces = {"projects": {"a": {"ends": TODAY, "machines": {"desktop": MACHINE}}}}
    platform = Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, "spaces": spaces})
    opened, day = expand(platform), datetime.timedelta(days=1)
    assert expand(platform, TODAY) is opened
    assert expand(platform, TODAY + day).closed == {"space/a"}
    assert expand(platform, TODAY) is opened
    other = platform.model_copy(update={"name": "other"})
    assert expand(other).platform is other

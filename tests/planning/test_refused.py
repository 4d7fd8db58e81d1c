"""What a plan refuses to make, because no cloud could: every problem at once, with its place and the change to make."""

import datetime

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.errors import SpecError
from hdh_infra.model.check import check
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.testing.strategies import TARGETS

TODAY = datetime.date(2026, 11, 25)
MACHINE = {"vcpus": 1, "memory": "1GB"}
STORE = {"size": "1TB"}


def spec(**more) -> Platform:
    return Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, **more})


def told(platform: Platform, target: str = TARGETS[0], today: datetime.date = TODAY) -> list[str]:
    with pytest.raises(SpecError) as caught:
        make_plan(platform, target, today=today)
    assert caught.value.exit_code == 2
    return [str(one) for one in caught.value.problems]


@pytest.mark.parametrize("target", TARGETS)
def test_two_spaces_whose_names_are_cut_alike_have_names_of_their_own(target):
    """Longer than any cloud takes, and the same up to their last letters: a digest of the whole tells them apart."""
    names = [f"project-of-a-very-long-name-her{letter}" for letter in "ef"]
    things = {
        "stores": {"store-of-a-very-long-name-too": STORE},
        "machines": {"machine-of-a-very-long-name-too": MACHINE},
    }
    platform = spec(
        spaces={"defaults": {**things, "flows": [{"to": "store/*"}]}, "projects": {name: {} for name in names}}
    )
    assert check(platform) == []
    plan = make_plan(platform, target, today=TODAY)
    assert {one.element for one in plan.nodes} >= {
        f"space/{name}/store/{one}" for name in names for one in things["stores"]
    }


@pytest.mark.parametrize("target", ["azure:francecentral", "ovhcloud:GRA"])
def test_a_pattern_of_names_that_gives_two_elements_one_name_is_told_with_both(target):
    """Their parts differ, and what is put together does not."""
    zones = {
        "a-b": {"machines": {"c": MACHINE}, "stores": {"c": STORE}},
        "a": {"machines": {"b-c": MACHINE}, "stores": {"b-c": STORE}},
    }
    naming = dict.fromkeys(("machine", "store", "key"), "{platform}-{kind}-{network}-{name}")
    platform = spec(zones=zones, naming=naming)
    if target.startswith("azure"):
        found = told(platform, target)
        assert any(
            "zone/a-b/machine/c and zone/a/machine/b-c" in one or "zone/a/machine/b-c and zone/a-b/machine/c" in one
            for one in found
        ), found
        assert all("change the pattern under naming" in one for one in found)
        return
    # OpenStack tells machines apart by ids, and stores have letters of the lock.
    assert make_plan(platform, target, today=TODAY).nodes


def test_more_spaces_than_the_address_space_holds_are_told_by_the_model_and_by_the_lock():
    network = {"address_space": "10.0.0.0/24", "prefix_length": 26}
    platform = spec(network=network, spaces={"projects": {f"p{index}": {} for index in range(5)}})
    (problem,) = check(platform)
    assert (
        "5 zones and spaces want a /26 each, and 10.0.0.0/24 holds 4: widen address_space or raise prefix_length"
        in str(problem)
    )
    with pytest.raises(SpecError) as caught:
        update_lock(None, platform, [Target.parse(TARGETS[0])])
    assert "10.0.0.0/24 has no range left for space/p4: widen it, or raise prefix_length" in str(caught.value)


def test_as_many_spaces_as_the_address_space_holds_fit():
    network = {"address_space": "10.0.0.0/24", "prefix_length": 26}
    platform = spec(network=network, spaces={"projects": {f"p{index}": {} for index in range(4)}})
    assert check(platform) == []
    assert len(set(update_lock(None, platform, [Target.parse(TARGETS[0])]).addresses.values())) == 4


def test_a_space_that_went_keeps_its_range_so_that_the_lock_can_be_full_where_the_model_sees_room():
    network = {"address_space": "10.0.0.0/24", "prefix_length": 25}
    before = spec(network=network, spaces={"projects": {"a": {}, "b": {}}})
    lock = update_lock(None, before, [])
    after = spec(network=network, spaces={"projects": {"a": {}, "c": {}}})
    assert check(after) == []
    with pytest.raises(SpecError, match="no range left for space/c"):
        update_lock(lock, after, [])


def test_more_machines_than_a_range_has_addresses_are_told():
    platform = spec(network={"prefix_length": 27}, zones={"a": {"machines": {"m": {**MACHINE, "count": 40}}}})
    (problem,) = told(platform)
    assert "has no address left for zone/a/machine/m: give the network a wider address_range" in problem


@pytest.mark.parametrize("target", TARGETS)
def test_a_flow_to_a_space_that_has_ended_is_told_and_one_to_a_pattern_of_spaces_is_not(target):
    def of(to: str) -> Platform:
        zones = {"a": {"machines": {"m": MACHINE}}}
        spaces = {"projects": {"p": {"ends": "2026-11-24", "machines": {"m": MACHINE}}}}
        return spec(zones=zones, spaces=spaces, flows=[{"from": "zone/a", "to": to, "ports": [22]}])

    (problem,) = told(of("space/p"), target)
    assert (
        "space/p ended on 2026-11-24 (2026-11-25 is past it) and is closed: take the flow out, or prolong the space by its ends"
        in problem
    )
    assert make_plan(of("space/p"), target, today=datetime.date(2026, 11, 24)).nodes
    assert make_plan(of("space/*"), target, today=TODAY).nodes


def test_a_retention_of_logs_shorter_than_a_framework_asks_is_told_with_the_clause():
    zones = {"logs": {"stores": {"l": {**STORE, "retention": {"days": 364}}}}}
    wrong = spec(zones=zones, audit={"store": "zone/logs/store/l"}, frameworks=["TEHDAS2-D7.4"])
    (problem,) = check(wrong)
    assert "364 days are less than TEHDAS2-D7.4 EHDSR-8 asks" in str(problem)
    assert "set days to 365 or more, or leave retention out" in str(problem)
    zones["logs"]["stores"]["l"]["retention"]["days"] = 365
    assert check(spec(zones=zones, audit={"store": "zone/logs/store/l"}, frameworks=["TEHDAS2-D7.4"])) == []


NETWORK_NODES = {
    "azure:francecentral": ("zone/a/network", "enableDdosProtecton", "enableDdosProtection", True),
    "openstack:RegionOne": ("zone/a/network", "adminStateUpp", "adminStateUp", True),
    "s3ns:u-france-east1": ("zone/a/subnet", "privateIpGoogleAcces", "privateIpGoogleAccess", True),
    "outscale:eu-west-2": ("zone/a/network", "instanceTenency", "instanceTenancy", "dedicated"),
    "ovhcloud:GRA": ("zone/a/network", "adminStateUpp", "adminStateUp", True),
}


@pytest.mark.parametrize("target", TARGETS)
def test_an_override_of_a_property_that_its_type_does_not_have_is_told_with_the_nearest_one(target):
    path, wrong, right, value = NETWORK_NODES[target]
    found = told(spec(zones={"a": {}}, overrides={path: {wrong: value}}), target)
    assert any(f"overrides.{path}" in one and wrong in one and f"did you mean {right}?" in one for one in found), found
    plan = make_plan(spec(zones={"a": {}}, overrides={path: {right: value}}), target, today=TODAY)
    assert plan.overridden == (f"{path}: {right}",)
    assert plan.node(path).properties[right] == value


@pytest.mark.parametrize("target", TARGETS)
def test_an_override_of_another_type_or_of_no_resource_is_told(target):
    path, _, right, _ = NETWORK_NODES[target]
    assert any(right in one for one in told(spec(zones={"a": {}}, overrides={path: {right: ["no"]}}), target))
    (problem,) = told(spec(zones={"a": {}}, overrides={f"{path}k": {right: True}}), target)
    assert f"no native resource has this path; `hdh plan` lists them; did you mean {path}?" in problem


@pytest.mark.parametrize(
    ("target", "gpu", "gpus"),
    [
        ("azure:francecentral", {"model": "l4"}, 1),
        ("azure:francecentral", {"model": "l4", "count": 2}, 2),
        ("azure:francecentral", {"model": "l4", "count": 16}, 1),
        ("azure:francecentral", {"count": 2, "memory": "4TB"}, 2),
        ("openstack:RegionOne", {"count": 1}, 0),
    ],
)
def test_graphics_processors_that_nobody_has_are_no_refusal_but_the_nearest_there_is(target, gpu, gpus):
    """Law 3: a plan is always made, of the most that there is, and the verdict says what is lacking."""
    platform = spec(zones={"a": {"machines": {"m": {**MACHINE, "gpu": gpu}}}})
    lock = update_lock(None, platform, [Target.parse(target)])
    flavour = site(Target.parse(target)).flavour_named(lock.flavours[target]["zone/a/machine/m"])
    assert (flavour.gpu.count if flavour.gpu else 0) == gpus
    plan = make_plan(platform, target, today=TODAY)
    (row,) = [one for one in plan.verdicts if one.attribute == "gpu"]
    assert row.verdict != "met"

"""The lock: what was given once stays, and nothing that holds data is lost by an edit."""

import ipaddress

import pytest
from hypothesis import HealthCheck, given, settings

from hdh_infra.errors import RefusedError, SpecError
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.lock_file import lock_status, read_lock, write_lock
from hdh_infra.testing.strategies import platforms

TARGET = Target.parse("azure:francecentral")
MACHINE = {"vcpus": 2, "memory": "4GB", "disk": {"encryption": "provider-key"}}


def platform(**more) -> Platform:
    return Platform.model_validate(
        {"name": "clinic", "residency": {"countries": ["FR"]}, "network": {"address_space": "10.64.0.0/20"}, **more}
    )


def spaces(*names: str, **defaults) -> dict:
    return {"spaces": {"defaults": defaults, "projects": {name: {} for name in names}}}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(platforms())
def test_a_lock_that_is_up_to_date_does_not_change(described):
    lock = update_lock(None, described, [TARGET])
    assert update_lock(lock, described, [TARGET]) == lock
    assert lock_status(lock, update_lock(lock, described, [TARGET])) == ()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(platforms())
def test_no_two_networks_overlap_and_no_two_machines_share_an_address(described):
    lock = update_lock(None, described, [TARGET])
    ranges = [ipaddress.IPv4Network(one) for one in lock.addresses.values()]
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)
    given_addresses = [
        ipaddress.IPv4Network(lock.addresses["/".join(path.split("/")[:2])])[number]
        for path, numbers in lock.hosts.items()
        for number in numbers
    ]
    assert len(given_addresses) == len(set(given_addresses))


def test_a_space_that_comes_or_goes_moves_no_other():
    first = update_lock(None, platform(**spaces("b", "d", machines={"m": MACHINE})), [TARGET])
    more = update_lock(first, platform(**spaces("a", "b", "c", "d", machines={"m": MACHINE})), [TARGET])
    fewer = update_lock(more, platform(**spaces("c", machines={"m": MACHINE})), [TARGET])
    for path, given_range in first.addresses.items():
        assert more.addresses[path] == given_range
        assert fewer.addresses[path] == given_range
    again = update_lock(fewer, platform(**spaces("c", "e", machines={"m": MACHINE})), [TARGET])
    assert again.addresses["space/e"] not in {given for path, given in more.addresses.items()}


def test_one_more_replica_keeps_the_addresses_of_the_others():
    def lock_of(count, old=None):
        return update_lock(
            old, platform(zones={"z": {"machines": {"m": {**MACHINE, "count": count}, "n": MACHINE}}}), [TARGET]
        )

    two = lock_of(2)
    three = lock_of(3, two)
    assert three.hosts["zone/z/machine/m"][:2] == two.hosts["zone/z/machine/m"]
    assert three.hosts["zone/z/machine/n"] == two.hosts["zone/z/machine/n"]


def test_a_flavour_that_was_chosen_stays_chosen_while_it_holds_the_machine():
    lock = update_lock(
        None, platform(zones={"z": {"machines": {"m": {**MACHINE, "vcpus": 8, "memory": "32GB"}}}}), [TARGET]
    )
    less = update_lock(lock, platform(zones={"z": {"machines": {"m": MACHINE}}}), [TARGET])
    assert less.flavours == lock.flavours
    more = update_lock(
        lock, platform(zones={"z": {"machines": {"m": {**MACHINE, "vcpus": 16, "memory": "64GB"}}}}), [TARGET]
    )
    assert more.flavours != lock.flavours


def test_a_data_holder_that_is_missing_is_refused_and_a_retired_one_is_not():
    has = platform(zones={"z": {"stores": {"data": {"size": "1TB"}}}}, keys={"k": {}})
    lock = update_lock(None, has, [TARGET])
    with pytest.raises(RefusedError, match=r"zone/z/store/data \(store\).*retire") as caught:
        update_lock(lock, platform(zones={"z": {}}, keys={"k": {}}), [TARGET])
    assert caught.value.exit_code == 1
    gone = [
        {"element": path, "reason": "the study has ended", "data": "delete"}
        for path in ("zone/z/store/data", "zone/z/key/default")
    ]
    retired = update_lock(lock, platform(zones={"z": {}}, keys={"k": {}}, retire=gone), [TARGET])
    assert set(retired.data_holders) == {"key/k"}


def test_a_lock_of_another_platform_is_refused():
    lock = update_lock(None, platform(zones={"z": {}}), [TARGET])
    with pytest.raises(SpecError, match="not of other"):
        update_lock(lock, platform(name="other", zones={"z": {}}), [TARGET])


def test_a_machine_that_no_flavour_holds_is_told_with_the_largest_there_is():
    with pytest.raises(SpecError, match="no flavour of azure:francecentral holds it: the largest is"):
        update_lock(None, platform(zones={"z": {"machines": {"m": {"vcpus": 512, "memory": "100TB"}}}}), [TARGET])


def test_a_deployed_range_cannot_be_changed():
    lock = update_lock(None, platform(zones={"z": {"address_range": "10.64.1.0/24"}}), [TARGET])
    with pytest.raises(SpecError, match="a deployed range cannot change"):
        update_lock(lock, platform(zones={"z": {"address_range": "10.64.2.0/24"}}), [TARGET])


def test_a_full_network_says_so():
    many = {f"m{index}": {**MACHINE, "count": 40} for index in range(4)}
    with pytest.raises(SpecError, match="no address left"):
        update_lock(None, platform(zones={"z": {"machines": many}}), [TARGET])


def test_a_lock_reads_back_from_its_file_and_a_damaged_one_is_told_by_line(tmp_path):
    lock = update_lock(None, platform(zones={"z": {"machines": {"m": MACHINE}}}), [TARGET])
    file = tmp_path / "clinic.lock"
    write_lock(lock, file)
    assert read_lock(file) == lock
    file.write_text(file.read_text().replace("zone/z: 10.64.0.0/24", "zone/z: 10.64.0.300/24"))
    with pytest.raises(SpecError, match=r"clinic\.lock:\d+:\d+ addresses"):
        read_lock(file)
    assert read_lock(tmp_path / "none.lock") is None


def test_an_entry_has_a_range_of_its_own_that_moves_nothing():
    before = update_lock(None, platform(zones={"a": {}, "b": {}}), [TARGET])
    after = update_lock(before, platform(zones={"a": {"entry": "bastion"}, "b": {}, "c": {}}), [TARGET])
    assert {path: after.addresses[path] for path in before.addresses} == before.addresses
    entry = ipaddress.IPv4Network(after.addresses["zone/a/entry"])
    assert entry.prefixlen == 26
    assert set(after.addresses) == {"zone/a", "zone/a/entry", "zone/b", "zone/c"}
    assert not any(
        entry.overlaps(ipaddress.IPv4Network(one)) for path, one in after.addresses.items() if path != "zone/a/entry"
    )
    # Given once, it is nobody else's, also where the entry is no longer asked.
    without = update_lock(after, platform(zones={"a": {}, "b": {}, "c": {}, "d": {}}), [TARGET])
    assert without.addresses["zone/a/entry"] == after.addresses["zone/a/entry"]


def test_a_space_of_addresses_that_is_full_says_so_for_an_entry_too():
    full = {f"z{number}": {} for number in range(16)}
    with pytest.raises(SpecError, match="has no /26 left for zone/z0/entry: widen it, or raise prefix_length"):
        update_lock(None, platform(zones={**full, "z0": {"entry": "bastion"}}), [TARGET])

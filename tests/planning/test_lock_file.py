"""The lock's file is made for merging, and what a merge or a hand has damaged is told with line and remedy."""

import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.errors import SpecError
from hdh_infra.model.lock import Kept, Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.lock_file import HEADER, lock_file, new_salt, read_lock, write_lock, written
from hdh_infra.testing.strategies import platforms

TARGET = Target.parse("azure:francecentral")
MACHINE = {"vcpus": 2, "memory": "4GB", "disk": {"encryption": "provider-key"}}


def platform(*spaces, name="clinic") -> Platform:
    described = {
        "name": name,
        "residency": {"countries": ["FR"]},
        "network": {"address_space": "10.64.0.0/20"},
        "zones": {"lake": {"machines": {"worker": {**MACHINE, "count": 3}}, "stores": {"data": {"size": "1TB"}}}},
        "spaces": {"defaults": {"machines": {"desktop": MACHINE}}, "projects": {space: {} for space in spaces}},
    }
    return Platform.model_validate(described)


@pytest.fixture
def lock():
    return update_lock(None, platform("a", "b"), [TARGET])


@pytest.fixture
def file(lock, tmp_path):
    path = tmp_path / "clinic.lock"
    write_lock(lock, path)
    return path


def problems_of(file):
    with pytest.raises(SpecError) as caught:
        read_lock(file)
    return [str(one).removeprefix(str(file)) for one in caught.value.problems]


def line_of(file, text):
    return next(index for index, line in enumerate(file.read_text().splitlines(), 1) if text in line)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture])  # fmt: skip
@given(platforms())
def test_writing_what_was_read_gives_the_same_bytes(tmp_path, described):
    file = tmp_path / "x.lock"
    write_lock(update_lock(None, described, [TARGET]), file)
    before = file.read_bytes()
    again = read_lock(file)
    write_lock(again, file)
    assert file.read_bytes() == before
    assert again == update_lock(None, described, [TARGET])


@settings(deadline=None)
@given(st.one_of(st.from_regex(r"[0-9a-f]{8}", fullmatch=True), st.sampled_from(["12345678", "1234e567", "00000000", "0e000000", "1e111111", "10101010"])))  # fmt: skip
def test_every_salt_is_read_back_as_the_text_it_was(tmp_path_factory, salt):
    file = tmp_path_factory.mktemp("salt") / "x.lock"
    write_lock(Lock(platform="yes", salt=salt), file)
    assert read_lock(file) == Lock(platform="yes", salt=salt)


def test_a_new_salt_is_one_that_the_lock_takes():
    assert Lock(platform="x", salt=new_salt())


def test_a_lock_is_one_line_a_thing_and_sorted(lock):
    kept = Kept(what="a vault", element="key/x", until=None)
    text = written(lock.model_copy(update={"kept": {"azure:francecentral": (kept, kept)}}))
    assert text.startswith(HEADER)
    assert "  zone/lake/machine/worker: [4, 5, 6]\n" in text
    assert text.count("  - {element: key/x, until: null, what: a vault}\n") == 2
    for line in text.splitlines()[1:]:
        assert ":" in line, "no line is a part of what another line says"
    top = [line.split(":")[0] for line in text.splitlines()[1:] if line[0] != " "]
    assert top == sorted(top)
    addresses = text.partition("addresses:\n")[2].partition("data_holders")[0].splitlines()
    assert addresses == sorted(addresses)


def test_one_more_space_is_lines_that_are_added_and_none_that_is_changed(lock):
    before = written(lock).splitlines()
    after = written(update_lock(lock, platform("a", "b", "c"), [TARGET])).splitlines()
    rest = iter(after)
    assert all(line in rest for line in before), "the old lines, in their order"
    assert len(after) == len(before) + sum("/c" in line for line in after)


def test_a_lock_is_written_at_once_or_not_at_all(lock, file, monkeypatch):
    before = file.read_bytes()
    with pytest.raises(AttributeError):
        write_lock(None, file)
    assert file.read_bytes() == before
    assert sorted(one.name for one in file.parent.iterdir()) == ["clinic.lock"]


def test_an_unresolved_merge_is_told_with_what_to_do(file):
    lines = file.read_text().splitlines()
    at = line_of(file, "space/a: ") - 1
    lines[at : at + 1] = ["<<<<<<< HEAD", lines[at], "=======", "  space/c: 10.64.1.0/24", ">>>>>>> other"]
    file.write_text("\n".join(lines) + "\n")
    (found,) = problems_of(file)
    assert found == f":{at + 1}:1 is an unresolved merge (<<<<<<<): keep the lines of both sides, delete the markers, and run `hdh lock`"  # fmt: skip


@pytest.mark.parametrize("left", ["=======", ">>>>>>> other", "||||||| 1234567"])
def test_a_marker_that_was_forgotten_is_one_as_well(file, left):
    file.write_text(file.read_text() + left + "\n")
    (found,) = problems_of(file)
    assert "is an unresolved merge" in found


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_what_git_makes_of_two_branches_is_refused_and_what_the_remedy_makes_of_it_is_read(file, tmp_path):
    """Invariant: two branches that each add a space are given the same range, and no such lock is ever used."""

    def git(*words):
        return subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    def branch(name, *spaces):
        git("checkout", "-q", "-b", name, "first")
        write_lock(update_lock(read_lock(file), platform(*spaces), [TARGET]), file)
        git("commit", "-qam", name)

    git("init", "-q", "-b", "first")
    git("add", ".")
    git("commit", "-qm", "first")
    branch("one", "a", "a2", "b")
    branch("two", "a", "b", "b2")
    assert git("merge", "-q", "one").returncode == 0, "lines of different places merge by themselves"
    (found,) = problems_of(file)
    first, second = line_of(file, "space/a2: "), line_of(file, "space/b2: ")
    assert found == (
        f":{second}:3 addresses.space/b2: 10.64.3.0/24 overlaps 10.64.3.0/24 of space/a2 in line {first}: two branches gave "
        "the same range; keep the one that was deployed, take the other line out, and run `hdh lock`"
    )
    lines = file.read_text().splitlines()
    del lines[second - 1]
    file.write_text("\n".join(lines) + "\n")
    merged = update_lock(read_lock(file), platform("a", "a2", "b", "b2"), [TARGET])
    assert merged.addresses["space/a2"] == "10.64.3.0/24"
    assert len(set(merged.addresses.values())) == len(merged.addresses)


def test_ranges_that_lie_in_one_another_overlap_as_well(lock, file):
    write_lock(lock.model_copy(update={"addresses": {"zone/a": "10.64.0.0/22", "zone/b": "10.64.1.0/24", "zone/c": "10.64.3.0/24", "zone/d": "10.64.4.0/24"}}), file)  # fmt: skip
    found = problems_of(file)
    assert [one.split(":")[2].split(" ")[1] for one in found] == ["addresses.zone/b", "addresses.zone/c"]


def test_a_host_number_that_was_given_twice_is_told_with_both_lines(lock, file):
    write_lock(lock.model_copy(update={"hosts": {**lock.hosts, "zone/lake/machine/other": (6, 7)}}), file)
    (found,) = problems_of(file)
    other, worker = line_of(file, "machine/other"), line_of(file, "machine/worker: [")
    assert found.startswith(f":{worker}:")
    assert "hosts.zone/lake/machine/worker[2]: 6 is given to zone/lake/machine/other as well" in found
    assert f"in line {other}:" in found


@pytest.mark.parametrize("number", [0, -1, 256, 10**9])
def test_a_host_number_that_no_address_has_is_refused(lock, file, number):
    write_lock(lock.model_copy(update={"hosts": {"zone/lake/machine/worker": (number,)}}), file)
    (found,) = problems_of(file)
    assert f"{number} is no address of zone/lake, 10.64.2.0/24" in found


def test_hosts_of_a_network_whose_line_was_taken_out_are_no_damage(lock, file):
    """Invariant: the remedy of an overlap, to take one line out, gives a lock that can be read."""
    addresses = {path: one for path, one in lock.addresses.items() if path != "zone/lake"}
    write_lock(lock.model_copy(update={"addresses": addresses}), file)
    assert update_lock(read_lock(file), platform("a", "b"), [TARGET]).hosts == lock.hosts


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("salt: ", "salt: x"), "salt: string should match pattern|salt: found '.*': string should match"),
        (("platform: clinic", "platform: clinic\nplatform: clinic"), r"platform: is written twice, first in line \d+: keep one"),
        (("addresses:", "adresses:"), "adresses: 'adresses' is no field here; did you mean addresses"),
        (("hdh-lock/1", "hdh-lock/9"), "format: 'hdh-lock/9' is not known here; did you mean hdh-lock/1"),
        (("zone/lake: 10.64.2.0/24", "zone/lake: 10.64.2.300/24"), "addresses.zone/lake: "),
        (("[4, 5, 6]", "[4, 5, six]"), r"hosts.zone/lake/machine/worker\[2\]: found 'six'"),
        (("[4, 5, 6]", "[4, 5, 6"), "is not YAML"),
        (("azure:francecentral:", "azure;francecentral:"), "flavours.azure;francecentral"),
        (("platform: clinic\n", ""), "platform: is missing"),
        (("zone/lake: 10.64.2.0/24", "zone/lake: &x 10.64.2.0/24"), "has an anchor"),
    ],
)  # fmt: skip
def test_what_a_hand_has_damaged_is_told_by_line_with_the_nearest_right_word(file, change, told):
    import re

    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change))
    found = problems_of(file)
    assert any(re.match(rf":\d+:\d+ ({told})", one) or (told in one) for one in found), found


@pytest.mark.parametrize("salt", ["12345678", "g1234567", "", "[]"])
def test_a_wrong_salt_is_told_what_another_one_would_do(file, salt):
    lines = file.read_text().splitlines()
    at = line_of(file, "salt: ") - 1
    lines[at] = f"salt: {salt}"
    file.write_text("\n".join(lines))
    (found,) = problems_of(file)
    assert found.startswith(f":{at + 1}:1 salt: ")
    assert "take it from the history: another renames every bucket, account and vault" in found


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just words\n"])
def test_a_file_that_is_no_lock_says_so(file, text):
    file.write_text(text)
    (found,) = problems_of(file)
    assert found.startswith(":1:1 holds ")
    assert "and no lock: take it from the history of the file" in found


def test_a_lock_of_another_platform_is_told_with_its_file_and_line(file):
    with pytest.raises(SpecError) as caught:
        update_lock(read_lock(file), platform(name="other"), [TARGET])
    line = line_of(file, "platform: ")
    assert str(caught.value.problems[0]) == f"{file}:{line}:1 platform: is of clinic, not of other: use the lock of this platform"  # fmt: skip


def test_the_lock_of_a_spec_lies_beside_it(tmp_path):
    assert lock_file(tmp_path / "national.yaml") == tmp_path / "national.lock"
    assert read_lock(tmp_path / "none.lock") is None

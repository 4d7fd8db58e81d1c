"""Bad input: every problem of a file at once, each with its place and the change to make."""

import pytest

from hdh_infra.errors import SpecError
from hdh_infra.model.load import load
from tests.model.conftest import problems_of

GOOD = """\
name: clinic
residency: {countries: [FR]}
keys: {main: {protection: hsm}}
zones:
  lake:
    stores:
      data: {size: 10TB, key: main}
    machines:
      worker: {vcpus: 2, memory: 4GB, disk: {size: 50GB, key: main}}
flows:
  - {from: zone/lake, to: zone/lake/store/data, ports: [443]}
"""


def test_a_good_file_is_a_platform(tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text(GOOD)
    platform = load(file)
    assert platform.zones["lake"].stores["data"].size == 10 * 10**12
    assert platform.source == file


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (("versioning", "versoning"), None, None),
        (("size: 10TB", "size: 10TB, versoning: true"), ":7:", "did you mean versioning?"),
        (("size: 10TB", "size: 10"), ":7:", "has no unit"),
        (("size: 10TB", "encryption: customerkey, size: 10TB"), ":7:", "did you mean customer-key?"),
        (("key: main}\n", "key: mian}\n"), ":7:", "did you mean main?"),
        (("zone/lake/store/data", "zone/lake/store/dota"), ":11:", "did you mean zone/lake/store/data?"),
        (("from: zone/lake,", "from: zone/lak,"), ":11:", "did you mean zone/lake?"),
        (("ports: [443]", "ports: [70000]"), ":11:", "is not a port"),
        (("vcpus: 2, ", ""), ":9:", "vcpus: is missing"),
        (("[FR]", "[France]"), ":2:", "residency.countries[0]"),
        (("lake:\n    stores", "Lake!:\n    stores"), ":5:", "is not a name"),
        (("name: clinic", "name: clinic\nname: other"), ":2:", "is written twice"),
        (("name: clinic", "name: &x clinic"), ":1:", "has an anchor"),
        (("hsm", "hsn"), ":3:", "did you mean hsm?"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_nearest_right_word(tmp_path, change, place, says):
    text = GOOD.replace(*change)
    if place is None:
        assert text == GOOD
        return
    found = problems_of(text, tmp_path)
    assert any(one.startswith(place) and says in one for one in found), found


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = (
        GOOD.replace("size: 10TB", "sise: 10TB")
        .replace("[443]", "[443, 0]")
        .replace("from: zone/lake,", "from: zone/lakke,")
        .replace("disk: {size: 50GB, key: main}", "disk: {size: 50GB, key: none}")
    )
    found = problems_of(text, tmp_path)
    assert any("sise" in one and "did you mean size?" in one for one in found)
    assert any("size: is missing" in one for one in found)
    assert any("0 is not a port" in one for one in found)
    assert any("no key is named 'none'" in one for one in found)
    lines = [int(one.split(":")[1]) for one in found]
    assert lines == sorted(lines)


def test_a_reference_to_something_ill_formed_is_not_reported_twice(tmp_path):
    found = problems_of(GOOD.replace("size: 10TB, key: main", "size: huge, key: main"), tmp_path)
    assert len(found) == 1, found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds nothing"),
        ("- a\n- b\n", "holds a list"),
        ("a: [1, 2\n", "is not YAML"),
        ("a: !!python/object:os.system x\n", ""),
        ("\tname: x\n", "is not YAML"),
        ("a: &a [x]\nb: *a\n", "alias"),
    ],
)
def test_what_is_no_spec_is_one_problem_with_a_place(tmp_path, text, says):
    found = problems_of(text, tmp_path)
    assert any(says in one for one in found), found


def test_a_file_that_is_not_there_or_not_text_is_a_problem_not_a_traceback(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        load(tmp_path / "nothing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(SpecError, match="is not UTF-8"):
        load(tmp_path / "binary.yaml")


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("network: {address_space: 8.0.0.0/12}", "is not private"),
        (
            "network: {address_space: 10.0.0.0/24, prefix_length: 24}\nspaces: {projects: {a: {}, b: {}}}",
            "widen address_space",
        ),
        (
            "network: {address_space: 10.0.0.0/8}\nspaces: {projects: {a: {address_range: 10.1.0.0/24}, b: {address_range: 10.1.0.0/25}}}",
            "overlaps",
        ),
        ("spaces: {projects: {a: {address_range: 192.168.0.0/24}}}", "is not inside"),
        ("egress: [{from: zone/lake, to: 10.64.0.0/16, ports: [443]}]", "overlaps the platform's own"),
        (
            "waivers: [{requirement: region.country, element: '**', target: 'a:b', accept: x, reason: because we like, until: 2030-01-01}]",
            "can never be waived",
        ),
        (
            "waivers: [{requirement: store.encrypton, element: '**', target: 'a:b', accept: x, reason: because we like, until: 2030-01-01}]",
            "did you mean store.encryption?",
        ),
        ("retire: [{element: zone/lake/store/data, reason: not needed any more, data: keep}]", "is still described"),
    ],
)
def test_every_rule_that_ties_two_parts_has_its_message(tmp_path, extra, says):
    found = problems_of(GOOD + extra + "\n", tmp_path)
    assert any(says in one for one in found), found


def test_retention_without_versioning_names_the_change_to_make(tmp_path):
    found = problems_of(GOOD.replace("size: 10TB", "size: 10TB, versioning: false, retention: {days: 30}"), tmp_path)
    assert any("set versioning to true, or drop retention" in one for one in found)

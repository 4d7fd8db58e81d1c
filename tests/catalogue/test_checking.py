"""The check of the catalogue: nothing to say of ours, and of a wrong file everything at once, by line, offer and row."""

import copy
import datetime
import io
from pathlib import Path

import pytest
import yaml

from hdh_infra.catalogue.checking import check_catalogue, check_text
from hdh_infra.catalogue.load import clouds
from hdh_infra.catalogue.sources import file_of
from hdh_infra.catalogue.written import read_catalogue

TODAY = datetime.date(2026, 11, 25)
FILE = Path("cloud.yaml")


@pytest.fixture(scope="module")
def plain():
    """OVHcloud's file as plain values."""
    return yaml.safe_load(file_of("ovhcloud").read_text(encoding="utf-8"))


@pytest.fixture
def wrong(plain):
    """What is said of the file once its first offer was changed by a function."""

    def told(change, today=TODAY):
        value = copy.deepcopy(plain)
        change(value["offers"][0])
        return [str(one) for one in check_text(yaml.safe_dump(value, sort_keys=False), FILE, "ovhcloud", today)]

    return told


@pytest.mark.parametrize("cloud", clouds())
def test_there_is_nothing_to_say_of_our_own_files(cloud):
    assert list(map(str, check_catalogue(TODAY, [cloud]))) == []


def row(offer, part, name):
    return next(one for one in offer[part] if name in one.values())


def without(offer, part, name):
    offer[part] = [one for one in offer[part] if name not in one.values()]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda offer: row(offer, "facts", "store.public").pop("source"), "facts store.public source: is missing"),
        (lambda offer: row(offer, "facts", "store.public").update(source="todo"), "facts store.public source: 'todo' is no source"),
        (lambda offer: row(offer, "facts", "store.public").update(sauce="x"), "facts store.public sauce: 'sauce' is no field here; did you mean source?"),
        (lambda offer: row(offer, "facts", "store.public").update(value="no"), "store.public is 'no': it takes true or false"),
        (lambda offer: row(offer, "facts", "store.public").update(value=None), "null and unknown go together"),
        (lambda offer: row(offer, "facts", "store.public").update(attribute="store.pubic"), "did you mean store.public?"),
        (lambda offer: row(offer, "facts", "store.public").update(as_of=datetime.date(2027, 1, 1)), "2027-01-01 has not come yet"),
        (lambda offer: without(offer, "facts", "store.public"), "facts: has no row for store.public"),
        (lambda offer: offer["facts"].append(offer["facts"][0]), "is the second row for region.country"),
        (lambda offer: offer["flavours"][3].pop("memory"), "memory: is missing"),
        (lambda offer: offer.update(flavours=[]), "flavours: is empty"),
        (lambda offer: without(offer, "qualifications", "HDS-2.0"), "qualifications: has no row for HDS-2.0"),
        (lambda offer: without(offer, "qualifications", "SecNumCloud-3.2"), "qualifications: has no row for SecNumCloud-3.2"),
        (lambda offer: offer["prices"].pop("key-month"), "prices: has no row for key-month"),
        (lambda offer: offer["prices"].update({"tape-gb": offer["prices"]["egress-gb"]}), "tape-gb"),
        (lambda offer: offer.pop("exposure"), "exposure: is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_offer_and_row(wrong, change, told):
    found = wrong(change)
    assert any(told in line for line in found), found
    assert all(line.startswith("cloud.yaml:") and " public-cloud: " in line for line in found), found


def test_everything_that_is_wrong_is_told_at_once_from_top_to_bottom(wrong):
    def break_it(offer):
        offer["prices"].pop("egress-gb")
        row(offer, "facts", "key.grace").pop("reason")
        row(offer, "facts", "store.backup").update(value="perhaps")
        offer["flavours"][0].pop("vcpus")

    found = wrong(break_it)
    assert len(found) == 4
    lines = [int(line.split(":")[1]) for line in found]
    assert lines == sorted(lines)


def test_a_qualification_that_ended_is_wrong_from_the_day_after_on(wrong):
    def ends(offer):
        row(offer, "qualifications", "HDS-2.0").update(valid_until=datetime.date(2026, 12, 29))

    assert wrong(ends, datetime.date(2026, 12, 29)) == []
    assert "ended on 2026-12-29" in wrong(ends, datetime.date(2026, 12, 30))[0]


def test_a_line_is_that_of_the_file_through_anchors_and_merges():
    text = file_of("ovhcloud").read_text(encoding="utf-8").replace("name: b3-16,", "name: b3-16, colour: red,")
    (found,) = check_text(text, FILE, "ovhcloud", TODAY)
    assert "colour: red" in text.splitlines()[found.line - 1]
    assert "flavours b3-16 colour" in found.field


@pytest.mark.parametrize("text", ["offers: [", "a: &a 1\nb: *c\n", "- 1\n", "", "cloud: x\noffers: 3\n", "\tx: 1"])
def test_what_is_no_catalogue_at_all_is_told_and_not_raised(text):
    assert check_text(text, FILE, "ovhcloud", TODAY)


def test_a_key_that_is_said_twice_is_told():
    text = (
        file_of("ovhcloud")
        .read_text(encoding="utf-8")
        .replace("title: OVHcloud\n", "title: OVHcloud\ntitle: other\n", 1)
    )
    assert any("is said twice" in str(one) for one in check_text(text, FILE, "ovhcloud", TODAY))


@pytest.mark.parametrize("cloud", clouds())
def test_a_file_is_read_with_the_value_that_the_loader_has(cloud):
    text = file_of(cloud).read_text(encoding="utf-8")
    value, places, twice = read_catalogue(text, FILE)
    assert value == yaml.safe_load(io.StringIO(text))
    assert not twice
    assert len(places) > 50


def test_a_file_that_cannot_be_read_is_told_by_its_lines_and_not_as_a_defect(monkeypatch, tmp_path):
    """Another package may add a cloud: its mistakes are its reader's to see."""
    from hdh_infra.catalogue import load
    from hdh_infra.errors import SpecError

    file = tmp_path / "cloud.yaml"
    text = file_of("ovhcloud").read_text(encoding="utf-8")
    file.write_text(text.replace("value: provider-key", "value: nobody", 1), encoding="utf-8")
    monkeypatch.setattr(load, "file_of", lambda _: file)
    load.catalogue.cache_clear()
    try:
        with pytest.raises(SpecError, match=r"cloud\.yaml:\d+:\d+ public-cloud: facts store.encryption"):
            load.catalogue("ovhcloud")
    finally:
        monkeypatch.undo()
        load.catalogue.cache_clear()

"""What is said of one space after another is told once; nothing that is said of one thing alone is lost."""

from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.compare.report.families import Families
from hdh_infra.compare.report.remarks import folded, told
from hdh_infra.compare.side import Side
from hdh_infra.graph.observation import Observation
from hdh_infra.model.expand import expand
from tests.compare.conftest import TODAY

SAID = "{}/exit/server starts from a disk that is not known to be encrypted"


def test_what_many_spaces_have_is_said_once_with_their_number():
    many = [SAID.format(f"space/p{index}") for index in range(9)]
    assert folded(["zone/lake/x: a", *many, "zone/lake/y: b"]) == [
        "zone/lake/x: a", SAID.format("space/*") + " (9 spaces)", "zone/lake/y: b",
    ]  # fmt: skip


def test_what_few_have_and_what_names_two_spaces_is_told_by_name():
    few = [SAID.format(f"space/p{index}") for index in range(3)]
    pairs = [f"space/a{index} reaches space/b{index}" for index in range(9)]
    assert folded([*few, *pairs]) == [*few, *pairs]


@given(st.lists(st.sampled_from(["zone/a: x", *(f"space/s{index}: y" for index in range(6))]), unique=True))
def test_nothing_is_lost(remarks):
    found = folded(remarks)
    spaces = [one for one in remarks if one.startswith("space/")]
    assert [one for one in found if not one.startswith("space/")] == [one for one in remarks if one.startswith("zone/")]
    told = [one for one in found if one.startswith("space/")]
    assert told == (spaces if len(spaces) <= 3 else [f"space/*: y ({len(spaces)} spaces)"])


def test_what_several_sides_and_zones_have_alike_is_one_line_that_names_them_all():
    def side(name, *remarks):
        return Side(name, name, "plan", Observation(name, "plan", {}), {}, remarks=remarks)

    found = told([side("a:1", "zone/x/server: open", "zone/y/server: open"), side("b:1", "zone/x/server: open", "zone/y/server: open", "it is old"), side("c:1", "zone/x/server: open")])  # fmt: skip
    assert list(found) == ["a:1, b:1: zone/{x, y}/server: open", "b:1: it is old", "c:1: zone/x/server: open"]


def test_a_family_is_of_spaces_alone_each_counted_once(small):
    families = Families(expand(small, TODAY))
    one, *_ = families.spaces
    assert families.name([one, one, ""]) == one
    assert families.name([*families.spaces, *families.spaces, ""]) == "space/*"
    assert list(families.legend()) == []

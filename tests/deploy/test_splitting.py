"""The states of released versions cut into parts: every resource keeps its id, and what is observed is the same."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import site
from hdh_infra.clouds import of
from hdh_infra.deploy import stored
from hdh_infra.deploy.foundation import part_of_stack, stack_of
from hdh_infra.deploy.splitting import emptied, identities, split
from hdh_infra.graph.parts import FOUNDATION, part_of
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock_file import read_lock

KEPT = sorted((Path(__file__).parents[1] / "states").glob("*/*.json"))
PARTS = (FOUNDATION, "space/cohort-a", "space/cohort-b")


@pytest.fixture(params=KEPT, ids=lambda file: f"{file.parent.name}-{file.stem}")
def cut(request):
    """A state, its plan, and the states of its parts."""
    file = request.param
    state = json.loads(file.read_text(encoding="utf-8"))
    facts = next(one for one in state["deployment"]["resources"] if one["type"] == "hdh:platform:Platform")["inputs"]
    # Nothing is deployed here, and what a release had to waive may be met today.
    platform = hdh.load(file.parent / "platform.yaml", on=[facts["target"]]).model_copy(update={"waivers": ()})
    lock = read_lock(file.parent / "platform.lock")
    plan = make_plan(platform, facts["target"], lock=lock, today=datetime.date(2026, 11, 25))
    parts = {part.name: part for part in plan.parts()}
    stacks = {name: stack_of("s", name) for name in PARTS}
    keys = {name: part.plan.providers for name, part in parts.items()}
    readers = [name for name, part in parts.items() if part.needs]
    return platform, plan, state, split(state, stacks, keys, plan.interface(), readers)


def test_every_resource_is_in_exactly_one_part_with_its_id(cut):
    """Invariant: type and id of each native resource are what they were, in the part that its path says."""
    _, _, state, parts = cut
    found = {name: identities(part) for name, part in parts.items()}
    assert {path: what for one in found.values() for path, what in one.items()} == identities(state)
    assert sum(map(len, found.values())) == len(identities(state))
    assert all(part_of(path) == name for name, one in found.items() for path in one)
    before = {stored.path_of(one["urn"]): one for one in stored.resources(state) if stored.is_native(one)}
    for part in parts.values():
        for one in filter(stored.is_native, stored.resources(part)):
            was = before[stored.path_of(one["urn"])]
            assert {name: one.get(name) for name in ("inputs", "outputs", "protect", "id")} == {
                name: was.get(name) for name in ("inputs", "outputs", "protect", "id")
            }


def test_a_part_names_nothing_that_it_does_not_hold(cut):
    """Invariant: every URN in a part's state is of its own stack, and of an entry that comes before it."""
    _, _, _, parts = cut
    for name, part in parts.items():
        seen: set[str] = set()
        for one in stored.resources(part):
            named = [
                urn for key, value in one.items() if key not in {"urn", "inputs", "outputs"} for urn in urns(value)
            ]
            assert set(named) <= seen, (name, one["urn"])
            assert one["urn"].startswith(f"urn:pulumi:{stack_of('s', name)}::")
            seen.add(one["urn"])
        assert len(seen) == len(stored.resources(part))


def urns(value):
    """Every URN in a value; a reference to a provider ends with its id."""
    for text in stored.texts(value):
        if text.startswith("urn:pulumi:"):
            yield text.rsplit("::", 1)[0] if text.count("::") > 3 else text


def test_what_is_observed_of_the_parts_is_what_is_observed_of_the_one_stack(cut):
    """Invariant: the joined natives of all parts give the same observation."""
    platform, plan, state, parts = cut
    target = Target.parse(plan.target)
    reader = of(target)
    joined = {"deployment": {"resources": [one for part in parts.values() for one in stored.resources(part)]}}
    one, many = (
        reader.observe(stored.natives_of_state(found, reader.identifiers), site(target, platform)).to_json()
        for found in (state, joined)
    )
    assert one == many


def test_the_foundation_exports_what_the_spaces_read_and_keeps_no_secret_of_theirs(cut):
    """Invariant: each value of the interface stands in the state that exports it; credentials go with their element."""
    _, plan, state, parts = cut
    natives = {stored.path_of(one["urn"]): one for one in stored.resources(state)}
    exported = stored.outputs(parts[FOUNDATION])
    for one in plan.interface():
        assert exported[one.name]
        if one.output == "id":
            assert exported[one.name] == natives[one.path]["id"]
    assert {name for name in exported if "#" in name} == {one.name for one in plan.interface()}
    credentials = stored.outputs(state).get("credentials") or {}
    if stored.SIGNATURE not in credentials:
        shared = [name for part in parts.values() for name in stored.outputs(part).get("credentials", ())]
        assert sorted(shared) == sorted(credentials)
        assert all("#" not in name for name in PARTS[1:] for name in stored.outputs(parts[name]))


def test_a_stack_that_was_cut_holds_nothing_and_says_where_it_is(cut):
    """Invariant: the mark is told from a stack that is merely empty."""
    _, _, state, _ = cut
    left = emptied(state, ["s.foundation"])
    assert identities(left) == {}
    assert stored.moved(left)
    assert not stored.moved(state)
    assert stored.platform_of(left) == "small"


def test_names_of_stacks_are_read_back():
    """Invariant: a stack's name tells part and platform, whatever dots are in the target's own name."""
    for base in ("ovhcloud-GRA", "ovhcloud.snc-RBX", "my.space.stack"):
        for part in PARTS:
            assert part_of_stack(stack_of(base, part)) == (base, part)
    assert part_of_stack("ovhcloud.snc-RBX") is None

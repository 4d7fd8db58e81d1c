"""What happens when nodes take the place of others: by the knowledge of a toy cloud, whose `fixed` properties force replacement."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.graph.diff import Effect, Judgement, diff_nodes
from hdh_infra.graph.differences import differences
from hdh_infra.graph.node import Node
from hdh_infra.graph.order import in_order
from hdh_infra.graph.values import json_text, ref, text

EFFECTS = {
    "fixed": Judgement(Effect.replace),
    "image": Judgement(Effect.wipe, "its disk is lost"),
    "lock": Judgement(Effect.maybe_replace, "replaced where it is removed"),
    "vain": Judgement(Effect.ignored, "nothing happens"),
}


class Toy:
    """Judges by the name of a property; `Odd` things are known to nobody, and things lie in a `Group` by its `group`."""

    def judge(self, token, path, leaves):
        if token.endswith(":Odd"):
            return Judgement(Effect.unknown, f"{token} has no contract")
        names = {one.split(".")[0].split("[")[0] for one in (path, *leaves)}
        return max((EFFECTS.get(name, Judgement(Effect.update)) for name in names), key=lambda one: one.effect.rank)

    def members(self, token):
        return "group" if token.endswith(":Group") else ""


def node(path, type_="toy:m:Thing", **properties):
    return Node(path, type_, "p", properties)


def diff(old, new):
    return {one.path: one for one in diff_nodes(old, in_order(new), Toy())}


def effects(old, new):
    return {path: str(one.effect) for path, one in diff(old, new).items()}


A, B = node("zone/a/x", size=1), node("zone/b/x", of=ref("zone/a/x"))


@given(st.permutations([A, B, node("zone/c/x", list=[1, {"k": None}])]))
def test_nothing_happens_between_a_plan_and_itself(nodes):
    """Invariant: comparing a plan with itself is empty, whatever the order of the old one."""
    assert diff(nodes, nodes) == {}


def test_every_node_that_comes_goes_or_changes_is_told_once():
    old, new = [A, B, node("zone/c/x")], [replace(A, properties={"size": 2}), B, node("zone/d/x")]
    assert effects(old, new) == {"zone/a/x": "update", "zone/c/x": "remove", "zone/d/x": "make"}
    (change,) = diff(old, new)["zone/a/x"].properties
    assert (change.path, change.old, change.new) == ("size", 1, 2)


@pytest.mark.parametrize(
    ("properties", "effect", "because"),
    [
        ({"size": 2}, "update", ()),
        ({"size": 2, "vain": 1}, "update", ()),
        ({"vain": 1}, "ignored", ("vain: nothing happens",)),
        ({"lock": {"days": 1}}, "maybe-replace", ("lock: replaced where it is removed",)),
        ({"lock": 1, "image": "b"}, "wipe", ("image: its disk is lost",)),
        ({"image": "b", "fixed": "b"}, "replace", ("fixed",)),
    ],
)
def test_what_a_node_suffers_is_the_worst_of_its_properties_and_the_forcing_one_is_named(properties, effect, because):
    (found,) = diff([node("zone/a/x")], [node("zone/a/x", **properties)]).values()
    assert (str(found.effect), found.because) == (effect, because)


def test_the_order_of_what_is_at_stake_is_kept():
    """Invariant: from `unknown` on, data may be lost; before it, none is."""
    assert [str(effect) for effect in Effect if effect.loses] == [
        "unknown",
        "maybe-replace",
        "wipe",
        "replace",
        "remove",
    ]


def test_replacement_follows_references_that_force_it_however_long_the_chain():
    """Invariant: as the engine does: through forcing properties only, and not through an order alone."""
    chain = [
        node("zone/a/x", fixed=1),
        node("zone/b/x", fixed=text("{0}!", ref("zone/a/x"))),
        node("zone/c/x", fixed={"deep": [ref("zone/b/x", "arn")]}),
        node("zone/d/x", size=ref("zone/c/x")),
        node("zone/e/x", fixed=ref("zone/d/x")),
        replace(node("zone/f/x", fixed=2), depends_on=("zone/c/x",)),
    ]
    new = [replace(chain[0], properties={"fixed": 2}), *chain[1:]]
    assert effects(chain, new) == {
        "zone/a/x": "replace",
        "zone/b/x": "replace",
        "zone/c/x": "replace",
        "zone/d/x": "update",
    }
    assert diff(chain, new)["zone/c/x"].because == ("fixed.deep[0]: zone/b/x is replaced",)


def test_what_may_be_replaced_may_replace_what_refers_to_it():
    old = [node("zone/a/x", lock=1), node("zone/b/x", fixed=ref("zone/a/x")), node("zone/c/x", size=ref("zone/a/x"))]
    new = [replace(old[0], properties={"lock": 2}), *old[1:]]
    assert effects(old, new) == {"zone/a/x": "maybe-replace", "zone/b/x": "maybe-replace"}


def test_a_type_that_nobody_knows_is_said_to_be_unknown():
    old, new = node("zone/a/x", "toy:m:Odd", size=1), node("zone/a/x", "toy:m:Odd", size=2)
    (found,) = diff([old], [new]).values()
    assert str(found.effect) == "unknown"
    assert found.because == ("size: toy:m:Odd has no contract",)


def test_a_node_under_an_alias_is_the_same_one_moved_with_the_references_to_it():
    old = [node("zone/a/old", fixed=1), node("zone/b/x", fixed=ref("zone/a/old"))]
    new = [replace(node("zone/a/new", fixed=1), aliases=("zone/a/old",)), node("zone/b/x", fixed=ref("zone/a/new"))]
    assert effects(old, new) == {"zone/a/new": "move"}
    assert diff(old, new)["zone/a/new"].was == "zone/a/old"
    changed = [replace(new[0], properties={"fixed": 2}), new[1]]
    assert effects(old, changed) == {"zone/a/new": "replace", "zone/b/x": "replace"}


def test_an_alias_of_a_path_that_is_still_there_moves_nothing():
    old = [node("zone/a/old")]
    new = [node("zone/a/old"), replace(node("zone/a/new"), aliases=("zone/a/old",))]
    assert effects(old, new) == {"zone/a/new": "make"}


@pytest.mark.parametrize(
    "other", [{"type": "toy:m:Other"}, {"provider": "q"}, {"existing": "id-2"}], ids=["type", "provider", "existing"]
)
def test_another_type_provider_or_existing_thing_is_another_resource(other):
    old = node("zone/a/x", size=1)
    (found,) = diff([old], [replace(old, **other)]).values()
    assert str(found.effect) == "replace"
    assert found.because[0].startswith(f"{next(iter(other))}: ")


def test_what_is_taken_over_is_the_thing_that_was_there_and_another_one_is_not():
    """Invariant: an existing thing that the stack takes over stays; taking over another one deletes what was there."""
    there = replace(node("zone/a/x", fixed=1), existing="id-1")
    taken = replace(node("zone/a/x", fixed=2), adopt="id-1")
    made = node("zone/a/x", fixed=2)
    assert diff([], [taken])["zone/a/x"].because == ("taken over, not made: id-1",)
    assert effects([there], [taken]) == {"zone/a/x": "options"}
    assert effects([made], [taken]) == {"zone/a/x": "options"}
    assert effects([taken], [replace(taken, adopt="id-2")]) == {"zone/a/x": "replace"}
    assert effects([taken], [there]) == {"zone/a/x": "replace"}


def test_an_existing_thing_is_never_changed():
    old = replace(node("zone/a/x", fixed=1), existing="id-1")
    assert diff([old], [replace(old, properties={"fixed": 2})]) == {}


def test_what_the_plan_leaves_to_the_cloud_changes_nothing():
    old = replace(node("zone/a/x", fixed={"deep": 1}), ignore_changes=("fixed",))
    (found,) = diff([old], [replace(old, properties={"fixed": {"deep": 2}})]).values()
    assert str(found.effect) == "ignored"
    assert found.properties[0].by_option


def test_what_the_plan_makes_anew_is_replaced_although_its_provider_would_change_it():
    old = replace(node("zone/a/x", free={"deep": 1}), replace_on_changes=("free",))
    (found,) = diff([old], [replace(old, properties={"free": {"deep": 2}})]).values()
    assert str(found.effect) == "replace"
    plain = node("zone/a/x", free={"deep": 1})
    (found,) = diff([plain], [node("zone/a/x", free={"deep": 2})]).values()
    assert str(found.effect) == "update"


def test_what_makes_a_node_anew_is_kept_in_a_plans_json_and_stands_only_where_there_is_some():
    made = replace(node("zone/a/x", free=1), replace_on_changes=("free",))
    assert Node.from_json(made.to_json()) == made
    assert "replace_on_changes" not in node("zone/a/x", free=1).to_json()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("protect", True),
        ("delete_before_replace", True),
        ("depends_on", ("zone/b/x",)),
        ("ignore_changes", ("tags",)),
        ("replace_on_changes", ("tags",)),
        ("secret_outputs", ("key",)),
        ("timeouts", {"create": "30m"}),
        ("adopt", "id-1"),
    ],
)
def test_a_changed_option_is_told_and_touches_nothing_in_the_cloud(option, value):
    others = [node("zone/b/x")]
    (found,) = diff([A, *others], [replace(A, **{option: value}), *others]).values()
    assert str(found.effect) == "options"
    assert [(one.name, one.new) for one in found.options] == [(option, value)]


def test_data_is_told_of_the_node_itself_and_of_its_neighbours():
    bucket = replace(node("zone/a/store/s/bucket", fixed=1), protect=True)
    old = [bucket, node("zone/a/store/s/endpoint", fixed=1), node("zone/a/net", fixed=1)]
    found = diff(old, [replace(one, properties={"fixed": 2}) for one in old])
    assert [(one.holds_data, one.beside_data) for one in found.values()] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    unprotected = diff([bucket], [replace(bucket, protect=False, properties={"fixed": 2})])
    assert unprotected[bucket.path].holds_data, "it was protected before"


def test_that_the_old_one_goes_first_is_told_of_a_replacement():
    old = replace(node("zone/a/x", fixed=1), delete_before_replace=True)
    assert diff([old], [replace(old, properties={"fixed": 2})])["zone/a/x"].delete_first
    assert not diff([old], [replace(old, properties={"fixed": 1, "size": 2})])["zone/a/x"].delete_first


@pytest.mark.parametrize("gone", [True, False])
def test_what_lies_in_something_that_is_deleted_goes_with_it_though_the_engine_says_nothing(gone):
    """Invariant: a deleted group takes along what names it, unless that is made anew itself."""
    group = node("platform/group", "toy:m:Group", group="g", fixed=1)
    inside, elsewhere = node("zone/a/store/s/bucket", group="g"), node("zone/b/x", group="h")
    anew = [] if gone else [replace(group, properties={"group": "g", "fixed": 2})]
    found = diff([group, inside, elsewhere], [*anew, inside, elsewhere])
    assert {path: str(one.effect) for path, one in found.items()} == {
        "platform/group": "remove" if gone else "replace",
        "zone/a/store/s/bucket": "wipe",
    }
    assert "what lies in it goes with it" in found["zone/a/store/s/bucket"].because[0]
    moved = replace(inside, properties={"group": "h", "fixed": 2})
    assert effects([group, inside], [*anew, moved])[inside.path] == "replace"


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c"]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, ["a[1]", "a[2]"]),
        ({"a": None}, {}, []),
        ({"a": ref("x")}, {"a": ref("x", "arn")}, ["a"]),
        ({"a": ref("x")}, {"a": "x"}, ["a"]),
        ({"a": json_text({"s": [{"e": 1}]})}, {"a": json_text({"s": [{"e": 2}]})}, ["a.s[0].e"]),
        ({"a": text("x{0}", 1)}, {"a": text("x{0}", 2)}, ["a"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["a"]),
    ],
)
def test_differences_are_leaves_and_a_form_is_one(old, new, paths):
    assert [one.path for one in differences(old, new)] == paths


def test_a_block_that_comes_names_itself_and_each_of_its_leaves():
    (found,) = differences({}, {"lock": {"mode": "x", "rules": [{"days": 1}]}})
    assert (found.path, found.leaves) == ("lock", ("lock.mode", "lock.rules[0].days"))

"""A plan as text: readable, whole, the same for equal plans, and short however many spaces there are."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ChosenFlavour, ManualStep, Plan, Provider, VerdictRow
from hdh_infra.graph.text import text_of
from hdh_infra.graph.values import base64_text, json_text, lookup, ref, secret, text
from hdh_infra.graph.words import changed, inline, property_lines, short
from hdh_infra.model.scales import Confidence, Verdict

PROVIDERS = {"p": Provider("toy", "1.0.0", {"region": "X"}), "admin": Provider("other", "2.0.0")}


def node(path, **more):
    return Node(path, "toy:m:Thing", "p", {"name": path.rsplit("/", 1)[-1]}, **more)


def row(element, **more):
    facts = {"reason": f"{element} has none", "source": "a document", "as_of": "2026-11-23", **more}
    return VerdictRow(
        element, "store.encryption", "encryption", "customer-key", "provider-key", Verdict.not_met,
        confidence=Confidence.primary, **facts,
    )  # fmt: skip


def plan(*nodes, **more):
    return Plan("small", "openstack:RegionOne", {"spec": "1234"}, PROVIDERS, nodes, **more)


def space(name, *, extra=()):
    net = node(f"space/{name}/network")
    edge = Node(f"space/{name}/flow/space.{name}.machine.x-to-zone.lake", "toy:m:Rule", "p", {"of": ref(net.path)})
    return [net, edge, *(node(f"space/{name}/{one}") for one in extra)]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (12, "12"),
        ("plain/text:1", "plain/text:1"),
        ("true", '"true"'),
        ("12", '"12"'),
        ("", '""'),
        ("-> zone/a.id", '"-> zone/a.id"'),
        ("two\nlines", '"two\\nlines"'),
        (ref("zone/a", "arn"), "-> zone/a.arn"),
        (text("arn:{0}/{{x}}", ref("zone/a")), 'format "arn:{-> zone/a.id}/{{x}}"'),
        (lookup("toy:m:getImage", {"name": "debian"}, "id", "p"), 'lookup toy:m:getImage {"name": "debian"}.id (p)'),
        (secret("token"), "secret token"),
        (base64_text(text("hello {0}", "you")), 'base64 format "hello {you}"'),
        (json_text({"a": [ref("zone/a")]}), 'json {"a": [-> zone/a.id]}'),
        ([1, {"a": "x"}], '[1, {"a": "x"}]'),
        ({"$ref": "zone/a"}, '{"$ref": "zone/a"}'),
        ({"$format": "{1}", "args": []}, '{"$format": "{1}", "args": []}'),
    ],
)
def test_a_value_is_written_so_that_it_cannot_be_taken_for_another(value, words):
    assert inline(value) == words


def test_what_does_not_fit_on_a_line_is_one_leaf_a_line_and_a_long_text_stands_as_it_is():
    rules = [{"name": f"rule-{number}", "source": ref("zone/lake/network")} for number in range(3)]
    assert list(property_lines("rules", rules)) == [
        line
        for number in range(3)
        for line in [f'rules[{number}]: {{"name": "rule-{number}", "source": -> zone/lake/network.id}}']
    ]
    assert list(property_lines("userData", base64_text("#cloud-config\nusers: []\n"))) == [
        "userData: base64", "  | #cloud-config", "  | users: []",
    ]  # fmt: skip


def test_a_change_of_long_values_is_shown_where_they_part():
    beginning = "a thing with a very long name that goes on and on " * 2
    assert short(beginning).endswith("…")
    assert len(short(beginning)) == 60
    assert changed(f"{beginning}one", f"{beginning}two") == "… goes on and on one -> … goes on and on two"
    assert changed(None, "x") == "nothing -> x"


def test_a_node_is_told_with_its_marks_and_with_every_option_that_is_not_the_default():
    told = text_of(
        plan(
            node("zone/lake/store/snds/bucket", protect=True, delete_before_replace=True, aliases=("zone/old",)),
            replace(node("zone/lake/net", existing="id-1", depends_on=("zone/lake/store/snds/bucket",)), provider="admin"),
            node("zone/lake/x", outputs=("arn",), secret_outputs=("key",), ignore_changes=("tags",), timeouts={"create": "30m"}),
        )
    )  # fmt: skip
    assert (
        "zone/lake/store/snds/bucket  toy:m:Thing  * holds data  delete first\n  name: bucket\n  (was: zone/old)"
        in told
    )
    assert (
        "zone/lake/net  toy:m:Thing  existing id-1  by admin\n  name: net\n  (after: zone/lake/store/snds/bucket)"
        in told
    )
    for option in ("(outputs: arn)", "(secret outputs: key)", "(left to the cloud: tags)", "(timeouts: create 30m)"):
        assert option in told
    assert "3 native resources\n      3 toy:m:Thing" in told
    assert "provider p: toy 1.0.0" in told


def test_spaces_of_one_shape_are_told_once_and_one_that_differs_by_itself():
    nodes = [one for name in ("c", "a", "b") for one in space(name)]
    told = text_of(plan(node("zone/lake/network"), *nodes, *space("d", extra=["store"])))
    assert "== space/a\nand 2 more of this shape: b, c\n" in told
    assert told.count("toy:m:Rule") == 1 + 1
    assert "== space/d\nas space/a, but for what follows\nspace/d/store" in told
    assert "space/b/" not in told


def store(zone, name, *, key="lake", group=None, digest="1a2b3c4d"):
    path = f"zone/{zone}/store/{name}"
    account = {
        "accountName": f"st{name}{digest}",
        "key": ref(f"key/{key}/key"),
        "public": False,
        "kind": "x",
        "tier": "hot",
    }
    inner = {"accountName": group or account["accountName"], "name": "data", "level": "none", "locked": False}
    return [
        Node(f"{path}/account", "toy:m:Account", "p", account, protect=True),
        Node(f"{path}/container", "toy:m:Container", "p", inner, depends_on=(f"{path}/account",)),
    ]


def told_of(*nodes):
    return text_of(plan(*nodes)).split("== shared\n")[1]


def test_an_element_like_another_is_told_by_what_differs_and_names_of_its_own_do_not():
    told = told_of(*store("lake", "a"), *store("lake", "b", digest="99887766"), *store("mirror", "c", key="mirror"))
    assert "\nzone/lake/store/b  as zone/lake/store/a  * holds data\nzone/mirror/store/c  as" in told
    assert told.endswith(
        "zone/mirror/store/c  as zone/lake/store/a  * holds data\n  account: key: -> key/mirror/key.id\n"
    )


def test_what_bears_the_name_of_something_else_does_not_pass_for_its_own():
    """Invariant: a native resource that is put into another one's account, group or network is told."""
    told = told_of(*store("lake", "a"), *store("lake", "b", digest="99887766", group="sta1a2b3c4d"))
    assert "  container: accountName: sta1a2b3c4d" in told


def test_a_property_that_one_has_and_the_other_has_not_is_told():
    rule = {"name": "x", "a": 1, "b": 2, "c": {"d": 1, "e": 2}}
    less = told_of(Node("zone/a/r", "t:m:R", "p", rule), Node("zone/b/r", "t:m:R", "p", {**rule, "c": {"d": 1}}))
    assert less.endswith("zone/b/r  as zone/a/r  by p\n  no c.e\n")


def test_what_differs_in_most_is_told_in_full():
    told = told_of(Node("zone/a/r", "t:m:R", "p", {"a": 1, "b": 2}), Node("zone/b/r", "t:m:R", "p", {"a": 2, "b": 3}))
    assert " as " not in told.split("\n", 1)[1]


def test_a_space_like_one_that_was_told_is_told_by_what_it_has_more_and_lacks():
    told = text_of(plan(*space("a", extra=["x", "y", "z"]), *space("b", extra=["x", "y", "w"])))
    assert "== space/b\nas space/a, but for what follows; without z\nspace/b/w  " in told
    assert "space/b/x" not in told


def test_a_long_list_in_which_spaces_have_a_part_each_is_told_by_one_of_them():
    names = [f"arn:small-s{number:02d}-work-{number:08x}" for number in range(20)]
    rights = Node("zone/a/machine/m/rights", "t:m:R", "p", {"policy": json_text({"of": ["arn:all", *names]})})
    told = text_of(plan(rights, *(one for number in range(20) for one in space(f"s{number:02d}"))))
    assert "arn:all" in told
    assert "arn:small-s00-work-00000000 and 19 more of spaces" in told
    assert "small-s07" not in told


def test_the_text_of_many_spaces_is_hardly_longer_than_that_of_two():
    def lines(count):
        nodes = [one for number in range(count) for one in space(f"s{number:04d}")]
        verdicts = tuple(row(f"space/s{number:04d}/store/work") for number in range(count))
        steps = tuple(ManualStep(f"give space/s{number:04d} its key", "x", "y", "z") for number in range(count))
        return text_of(plan(*nodes, verdicts=verdicts, manual=steps)).count("\n")

    assert lines(1000) <= lines(4) + 5


def test_verdicts_that_say_the_same_stand_together_with_what_was_accepted():
    waiver = {"accept": "provider-key", "reason": "for now", "until": "2027-11-30", "in_force": True}
    rows = (
        row("zone/a/store/x", reason="no key"),
        row("zone/b/store/x", reason="no key"),
        row("zone/c/store/x", reason="no key", waiver=waiver),
        replace(row("zone/d/store/x"), verdict=Verdict.met),
    )
    told = text_of(plan(node("zone/a/network"), verdicts=rows))
    assert "verdicts that are not met: 3 of 4" in told
    values = "asked customer-key, given provider-key"
    assert f"store.encryption: not-met, blocks\n  {values} for zone/a/store/x, zone/b/store/x\n  no key" in told
    assert f"store.encryption: not-met, waived\n  {values} for zone/c/store/x" in told
    assert '"until": "2027-11-30"' in told
    assert "zone/d" not in told
    assert told.startswith("small on openstack:RegionOne: not deployable\n")


def test_steps_by_hand_keep_their_order_and_those_of_one_way_stand_together():
    steps = [
        ManualStep(what, "the owner", how, "a proof") for what, how in (("first", "a"), ("second", "b"), ("third", "a"))
    ]
    told = text_of(plan(node("zone/a/network"), manual=tuple(steps)))
    assert "1.  first\n    third\n    who: the owner\n    how: a" in told
    assert "2.  second\n" in told


@given(st.permutations([one for name in ("a", "b") for one in space(name)]))
def test_the_text_does_not_depend_on_the_order_of_the_nodes(nodes):
    assert text_of(plan(*nodes)) == text_of(plan(*sorted(nodes, key=lambda one: one.path)))


def test_a_plan_reads_back_from_its_json():
    whole = plan(
        node("zone/a/x", protect=True, outputs=("arn",), timeouts={"create": "30m"}, aliases=("zone/old",)),
        verdicts=(row("zone/a/store/x", waiver={"in_force": True}), row("zone/a/store/y")),
        manual=(ManualStep("a", "b", "c", "d"),),
        overridden=("zone/a/x: name",),
        flavours=(ChosenFlavour("b3-8", 2, 2**33, 0, None, "a list", "2026-09-26", {"zone/a/machine/x": 2}),),
    )
    assert Plan.from_json(whole.to_json()) == whole
    assert Plan.from_json(json.loads(whole.dumps())) == whole


@pytest.mark.parametrize("value", [{}, {"format": None}, {"format": "hdh-plan/2"}, {"format": "hdh-comparison/1"}])
def test_what_is_not_a_plan_of_this_format_is_refused_with_what_it_is(value):
    with pytest.raises(ValueError, match="its format is"):
        Plan.from_json(value)


def test_a_damaged_plan_is_refused_with_the_place_of_the_fault():
    damaged = plan(node("zone/a/x")).to_json()
    del damaged["nodes"][0]["type"]
    with pytest.raises(ValueError, match=r"nodes\.0\.type"):
        Plan.from_json(damaged)

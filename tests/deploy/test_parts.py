"""A platform as a foundation and one stack a space, through the real engine, on a toy cloud that is asked what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hdh_infra.deploy import natives_of_state
from hdh_infra.deploy.foundation import stack_of
from hdh_infra.errors import EngineError, RefusedError
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref, text
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform

pytestmark = pytest.mark.end_to_end

NET = Node("zone/lake/network", "toy:x:Thing", "toy", {"name": "net"}, outputs=("id", "deep"))
OLD = Node("zone/old/network", "toy:x:Thing", "toy", {"name": "old"}, outputs=("id",))
MASTER = Node(
    "zone/lake/store/snds/access", "toy:x:Access", "toy", {"name": "master"}, outputs=("id",), secret_outputs=("token",)
)


def space(name: str, *, old: bool = False) -> tuple[Node, ...]:
    """What a space of the toy cloud is made of: it reads an id, a leaf and a secret of the foundation."""
    at = f"space/{name}"
    return (
        Node(f"{at}/network", "toy:x:Thing", "toy", {"name": f"{name}-net"}, outputs=("id",)),
        Node(
            f"{at}/link",
            "toy:x:Thing",
            "toy",
            {
                "name": f"{name}-link",
                "to": ref("zone/lake/network"),
                "leaf": text("<{0}>", ref("zone/lake/network", "deep.leaf[0]")),
                "from": ref(f"{at}/network"),
                **({"old": ref("zone/old/network")} if old else {}),
            },
            depends_on=("zone/lake/store/snds/access",),
        ),
        Node(
            f"{at}/use",
            "toy:x:Thing",
            "toy",
            {"name": f"{name}-use", "token": ref("zone/lake/store/snds/access", "token")},
        ),
        Node(f"{at}/store/work/bucket", "hdh:s3:Bucket", "s3", {"name": f"{name}-bucket"}, protect=True),
    )


def layout(stack, word="parts"):
    """The same request, with a lock of this layout."""
    stack.request = replace(stack.request, lock=Lock(platform="small", salt="00000000", layout=word), parallel=2)
    return stack


@pytest.fixture
def parts(stack, make_plan):
    """A foundation and two spaces, one of them with something that another zone holds."""
    stack.plan = make_plan(NET, OLD, MASTER, *space("a", old=True), *space("b"))
    return layout(stack)


def names(stack):
    return sorted(properties["name"] for _, properties in stack.toy.things.values())


def made(stack):
    return [call for call in stack.toy.calls if not call.startswith("invoke")]


def stacks(stack):
    return sorted(file.stem for file in stack.folder.glob("state/.pulumi/stacks/hdh-platform/*.json"))


def thing(stack, name):
    return next((id_, found) for id_, (_, found) in stack.toy.things.items() if found["name"] == name)


def test_a_platform_in_parts_is_deployed_kept_changed_and_taken_down(parts):
    """Invariant: foundation and spaces are stacks of their own, which together are the platform; each change touches its part only."""
    assert parts.preview().changes["create"] > len(parts.plan.nodes)
    assert made(parts) == []

    # A space that fails stops no other, and the next `up` does only what is missing.
    parts.toy.broken = {"b-link"}
    with pytest.raises(EngineError) as caught:
        parts.up()
    assert "1 part of 3 failed, the others are done: space/b" in str(caught.value)
    assert "space/b/link: the quota is used up" in str(caught.value)
    assert {"a-link", "a-bucket", "b-net"} <= set(names(parts))
    calls = made(parts)
    parts.toy.broken = set()
    first = parts.up()
    assert set(made(parts)[len(calls) :]) <= {"create b-link", "create b-use", "create b-bucket"}
    assert names(parts) == sorted(node.properties["name"] for node in parts.plan.nodes)
    base = parts.request.stack
    assert stacks(parts) == sorted(stack_of(base, part) for part in ("foundation", "space/a", "space/b"))
    assert [one.part for one in first.parts] == ["foundation", "space/a", "space/b"]
    assert sum(first.changes.values()) == sum(sum(one.changes.values()) for one in first.parts) == parts.watched.total_
    net = thing(parts, "net")[0]
    link = thing(parts, "b-link")[1]
    assert (link["to"], link["leaf"]) == (net, f"<leaf of {net}>")
    assert thing(parts, "b-use")[1]["token"] == f"secret of {thing(parts, 'master')[0]}"
    assert parts.paths() == {node.path for node in parts.plan.nodes}
    # A secret of the foundation is one in every state that it comes to; what is none stays readable.
    for file in parts.folder.joinpath("state").rglob("*.json"):
        assert "secret of" not in file.read_text(), file
    assert natives_of_state(parts.state()).get("space/b/link").properties["to"] == net

    calls = made(parts)
    assert parts.refresh().steps == ()
    assert made(parts) == calls

    # One space more, one less, a zone that only the space before used, and a network made anew under those that use it:
    # each is done where it is, and in an order that the cloud takes.
    anew = replace(NET, properties={"name": "net", "fixed": "another"})
    parts.plan = replace(parts.plan, nodes=(anew, MASTER, *space("b"), *space("d")))
    parts.toy.strict = True
    with pytest.raises(RefusedError, match=r"space\.a.*space/a/store/work/bucket.*retire"):
        parts.up()
    assert made(parts) == calls
    parts.request = replace(parts.request, platform=retiring("space/a/**", "delete"))
    parts.toy.full = {thing(parts, "a-bucket")[0]}
    changed = parts.up()
    assert {step.path.split("/")[1] for step in changed.steps if step.path.startswith("space/")} == {"a", "b", "d"}
    after = made(parts)[len(calls) :]
    assert sorted(after) == sorted(
        [f"create d-{one}" for one in ("net", "link", "use", "bucket")]
        + [f"delete a-{one}" for one in ("net", "link", "use", "bucket")]
        + ["create net", "update b-link", "delete net", "delete old"]
    )
    assert thing(parts, "d-link")[1]["to"] == thing(parts, "b-link")[1]["to"] == thing(parts, "net")[0] != net
    assert any("tried again after the spaces" in remark for remark in changed.remarks)
    assert stack_of(base, "space/a") not in stacks(parts)

    taken_down(parts)


def taken_down(parts):
    """The end of the same platform: refused without the word for its data, then the spaces before what they use."""
    with pytest.raises(RefusedError, match="--delete-data"):
        parts.destroy()
    calls = made(parts)
    assert parts.destroy(delete_data=True).changes["delete"] > len(parts.plan.nodes)
    deleted = made(parts)[len(calls) :]
    assert parts.toy.things == {}
    assert max(index for index, call in enumerate(deleted) if call.startswith("delete b-")) < deleted.index(
        "delete net"
    )
    assert parts.destroy().remarks == (f"there is no stack {parts.request.stack}: nothing is deployed",)


def retiring(element, word):
    return Platform.model_validate(
        {
            "name": "small",
            "residency": {"countries": ["FR"]},
            "retire": [{"element": element, "reason": "the study has ended", "data": word}],
        }
    )


def test_one_stack_is_cut_into_parts_without_a_question_to_the_cloud(parts, monkeypatch):
    """Invariant: a move keeps every id, asks nothing of the cloud, and is begun again where it was interrupted."""
    from hdh_infra.deploy import moving

    layout(parts, "one")
    parts.up()
    before = {native.path: native.id for native in natives_of_state(parts.state())}
    things, calls = dict(parts.toy.things), list(parts.toy.calls)
    layout(parts)
    assert any("cuts it into 3 stacks" in remark for remark in parts.preview().remarks)

    # Interrupted when the parts are there and before the old stack has let go: what counts is still the one stack.
    with monkeypatch.context() as broken:
        broken.setattr(moving, "emptied", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            parts.up()
    assert {native.path: native.id for native in natives_of_state(parts.state())} == before

    found = parts.up()
    assert {name for name, count in found.changes.items() if count} == {"same"}
    assert parts.toy.things == things
    assert parts.toy.calls == calls
    assert {native.path: native.id for native in natives_of_state(parts.state())} == before
    for file in parts.folder.joinpath("state").rglob("*.json"):
        assert "secret of" not in file.read_text(), file
    layout(parts, "one")
    with pytest.raises(RefusedError, match="was cut into a foundation"):
        parts.up()

"""What must hold for all parts before one is changed, and what waits for what: pure, over states and plans."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hdh_infra.deploy import parts as deploying
from hdh_infra.deploy.foundation import stack_of
from hdh_infra.deploy.request import CHANGES, OpenStep, Request, Result, Silent
from hdh_infra.errors import RefusedError
from hdh_infra.graph.node import Node
from hdh_infra.graph.parts import FOUNDATION, empty_part
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.graph.steps import Check, ManualStep
from hdh_infra.graph.values import ref
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

TARGET = Target.parse("openstack:RegionOne")
PROVIDERS = {"toy": Provider("toy", "1.0.0")}
BASE = "openstack-RegionOne"


def request_for(*retired):
    described = {
        "name": "small",
        "residency": {"countries": ["FR"]},
        "retire": [{"element": element, "reason": "it has ended", "data": word} for element, word in retired],
    }
    platform = Platform.model_validate(described)
    return Request(platform, TARGET, None, None, BASE, datetime.date(2026, 11, 23), {}, Path("pulumi"), Path("work"))


def plan_of(*nodes, manual=()):
    return Plan("small", str(TARGET), {}, PROVIDERS, nodes, manual=manual)


def state_of(part, *natives, **outputs):
    """A state: natives are (path, protected, inputs, paths that it depends on)."""
    head = f"urn:pulumi:{stack_of(BASE, part)}::hdh-platform::"
    provider = f"{head}pulumi:providers:toy::toy"
    entries = [
        {
            "urn": f"{head}pulumi:pulumi:Stack::s",
            "type": "pulumi:pulumi:Stack",
            "outputs": {"platform": "small", **outputs},
        },
        {"urn": provider, "type": "pulumi:providers:toy", "custom": True, "id": "p"},
    ]
    for path, protect, inputs, needs in natives:
        entries.append(
            {
                "urn": f"{head}toy:x:Thing::{path}", "type": "toy:x:Thing", "custom": True, "id": f"id-of-{path}", "protect": protect,
                "inputs": inputs, "outputs": inputs, "provider": f"{provider}::p", "dependencies": [f"{head}toy:x:Thing::{one}" for one in needs],
            }
        )  # fmt: skip
    return {"version": 3, "deployment": {"resources": entries}}


NETWORK = Node("zone/lake/network", "toy:x:Thing", "toy", {})
KEY = Node("key/lake/key", "toy:x:Thing", "toy", {})
HELD = {
    FOUNDATION: state_of(
        FOUNDATION,
        ("zone/lake/network", False, {}, ()),
        ("key/lake/group", False, {}, ()),
        ("key/lake/key", True, {}, ("key/lake/group",)),
        **{"key/lake/key#id": "id-of-key/lake/key", "zone/lake/network#id": "id-of-zone/lake/network"},
    ),
    "space/a": state_of("space/a", ("space/a/store/work/bucket", True, {"key": "id-of-key/lake/key"}, ())),
    "space/b": state_of("space/b", ("space/b/store/work/bucket", True, {"key": "another"}, ())),
}


def judged(plan, *retired, held=HELD):
    parts = {part.name: part for part in plan.parts()}
    parts |= {name: empty_part(plan, name) for name in held if name not in parts}
    return deploying._judged(request_for(*retired), parts, held), parts


def test_data_that_is_lost_in_two_parts_is_refused_for_both_at_once():
    """Invariant: every part is held against its state before any is changed, and all that is refused is told."""
    with pytest.raises(RefusedError) as caught:
        judged(plan_of(NETWORK, KEY))
    assert "2 stacks are refused" in str(caught.value)
    assert "space/a/store/work/bucket" in str(caught.value)
    assert "space/b/store/work/bucket" in str(caught.value)


def test_what_a_space_leaves_in_the_cloud_keeps_what_it_needs_of_the_foundation():
    """Invariant: with `data: keep` a key goes in no part without which the data could not be read, whatever is said of it."""
    words = (("space/a/**", "keep"), ("space/b/**", "delete"), ("key/lake", "delete"))
    found, _ = judged(plan_of(NETWORK), *words)
    assert found[FOUNDATION].retired == {"key/lake/key": "needed", "key/lake/group": "needed"}
    assert found["space/a"].retired == {"space/a/store/work/bucket": "keep"}
    # Nothing that is kept needs it here.
    others = (("space/a/**", "delete"), ("space/b/**", "keep"), ("key/lake", "delete"))
    assert judged(plan_of(NETWORK), *others)[0][FOUNDATION].retired == {"key/lake/key": "delete"}


def run_of(plan, *retired, held=HELD):
    found, parts = judged(plan, *retired, held=held)
    return deploying._Run(request_for(*retired), plan, parts, found, Silent(), "up")


def test_what_goes_of_the_foundation_waits_until_the_spaces_have_let_go():
    """Invariant: nothing of it is deleted in the first run, nor what it lies in or is made by; what is kept is no deletion."""
    gone = (("space/*/**", "delete"), ("key/lake", "delete"))
    assert run_of(plan_of(NETWORK), *gone)._later() == {"key/lake/key", "key/lake/group"}
    assert run_of(plan_of(), *gone)._later() == {"key/lake/key", "key/lake/group", "zone/lake/network", "toy"}
    assert (
        run_of(plan_of(NETWORK, KEY, Node("key/lake/group", "toy:x:Thing", "toy", {})), *gone)._later() == frozenset()
    )


def test_a_space_waits_with_the_step_of_the_foundation_that_it_reads_behind():
    """Invariant: a space that reads what waits for a person is not begun, every other is; the step tells what waits."""
    a = Node("space/a/store/work/bucket", "toy:x:Thing", "toy", {"key": ref("key/lake/key")})
    b = Node("space/b/store/work/bucket", "toy:x:Thing", "toy", {"net": ref("zone/lake/network")})
    check = Check("toy:x:getStep", "toy", {"name": "step"}, "state")
    step = ManualStep("import the key", "who", "how", "proof", "import", ("key/lake/key",), (check,))
    group = Node("key/lake/group", "toy:x:Thing", "toy", {})
    run = run_of(plan_of(NETWORK, group, KEY, a, b, manual=(step,)), held={})
    counts = dict.fromkeys(CHANGES, 0)
    stopped = (OpenStep(step, "it is not there", ("key/lake/key",)),)
    run.results = [(FOUNDATION, Result("up", str(TARGET), "s", counts, 1.0, stopped=stopped))]
    assert run._waiting() == {"space/a"}
    assert run.results[0][1].stopped[0].waiting == ("key/lake/key", "space/a/store/work/bucket")
    assert any("space/a: not begun" in remark for remark in run.remarks)

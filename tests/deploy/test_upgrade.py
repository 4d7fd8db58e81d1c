"""States that released versions wrote, under today's code: nothing that holds data goes or is made anew, and no machine either."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.deploy import operations, stored
from hdh_infra.deploy.engine import opened
from hdh_infra.deploy.guards import changes_of, check_nothing_lost, check_nothing_replaced
from hdh_infra.deploy.request import Silent
from hdh_infra.graph.diff import Effect
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.lock_file import read_lock

STATES = Path(__file__).parents[1] / "states"
KEPT = sorted(STATES.glob("*/*.json"))
_DAY = datetime.date(2026, 11, 25)
_MACHINES = frozenset({"openstack:compute/instance:Instance", "azure-native:compute:VirtualMachine"})


def _id(file):
    return f"{file.parent.name}-{file.stem}"


def _plan(platform, target, lock):
    """Today's plan of a description of then; its waivers of what is met since then are remarks."""
    return make_plan(platform, target, lock=lock, today=_DAY)


def _released(file):
    """The state of a release, with its description and its lock."""
    state = json.loads(file.read_text(encoding="utf-8"))
    found = next(one for one in state["deployment"]["resources"] if one["type"] == "hdh:platform:Platform")
    target = Target.parse(found["inputs"]["target"])
    platform = hdh.load(file.parent / "platform.yaml", on=[str(target)])
    lock = update_lock(read_lock(file.parent / "platform.lock"), platform, [target])
    return state, platform, lock, target


def test_every_release_has_a_state_of_each_cloud():
    """Invariant: the tests below look at something."""
    assert {file.stem for file in KEPT} == {"azure-francecentral", "openstack-RegionOne", "ovhcloud-GRA"}
    assert all(stored.protected(json.loads(file.read_text(encoding="utf-8"))) for file in KEPT)


@pytest.mark.parametrize("file", KEPT, ids=_id)
def test_an_upgrade_loses_no_data_and_makes_no_machine_anew(file):
    """Invariant: against the state of a released version, today's plan removes, replaces and wipes no data holder and no machine."""
    state, platform, lock, target = _released(file)
    plan = _plan(platform, target, lock)
    assert check_nothing_lost(plan, platform, stored.protected(state), "s") == {}
    changes = changes_of(plan, state)
    assert check_nothing_replaced(changes, platform, "s") == {}
    ends = {Effect.replace, Effect.maybe_replace, Effect.wipe, Effect.remove, Effect.unknown}
    assert [one.path for one in changes if one.type in _MACHINES and one.effect in ends] == []


@pytest.mark.end_to_end
@pytest.mark.parametrize("file", KEPT, ids=_id)
def test_the_engine_too_finds_every_data_holder_of_a_release_where_it_was(file, stack, monkeypatch):
    """Invariant: no name, type or parent of a data holder changed so that the engine would take it for another one."""
    monkeypatch.undo()
    state, platform, lock, target = _released(file)
    monkeypatch.setattr(operations, "plan_of", lambda request: _plan(platform, target, lock))
    request = replace(stack.request, platform=platform, lock=lock, target=target, stack=target.stack, today=_DAY)
    with opened(request, Silent(), create=True) as engine:
        own = engine.export()
        resources = state["deployment"]["resources"]
        engine.replace_state({**own, "deployment": {**own["deployment"], "resources": resources}})
    held = set(stored.protected(state))
    found = operations.preview(request, stack.watched)
    assert {step.path: step.operation for step in found.steps if step.path in held and step.operation != "update"} == {}
    assert held <= {path for word, path in stack.watched.done_ if word in {"same", "update"}}

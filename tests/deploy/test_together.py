"""Stacks side by side: what fails stops no other, and what comes of all is one result."""

from __future__ import annotations

import datetime
import os
import threading
from pathlib import Path

import pytest

from hdh_infra.deploy.engine import _environment
from hdh_infra.deploy.request import Request, Result, Step
from hdh_infra.deploy.together import added, each, failure, workers
from hdh_infra.errors import EngineError
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

REQUEST = Request(
    Platform.model_validate({"name": "small", "residency": {"countries": ["FR"]}}),
    Target.parse("openstack:RegionOne"), None, None, "s", datetime.date(2026, 11, 23), {}, Path("pulumi"),
)  # fmt: skip


def result(stack, seconds=1.0, remarks=(), **changes):
    counts = {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 0, **changes}
    steps = (Step(f"{stack}/n", "t", "create"),) if changes.get("create") else ()
    return Result("up", "openstack:RegionOne", stack, counts, seconds, steps, remarks)


def test_what_fails_stops_no_other_and_the_order_is_the_names():
    """Invariant: every name is tried once, whatever became of the others."""

    def work(name):
        if name == "b":
            raise EngineError(name, "no", "mend it")
        return name.upper()

    done, failed = each(["c", "b", "a"], work, 2)
    assert list(done.items()) == [("c", "C"), ("a", "A")]
    assert list(failed) == ["b"]
    error = str(failure(REQUEST, failed, 3, "up"))
    assert "1 part of 3 failed, the others are done: b" in error
    assert "b: no" in error
    assert "`hdh up` again" in error


def test_a_defect_begins_nothing_more_and_is_raised():
    """Invariant: what is no error of ours, and the keyboard, end the run: those that run come to their end, no other begins."""
    began = []

    def work(name):
        began.append(name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each([str(number) for number in range(50)], work, 1)
    assert len(began) < 50


def test_results_are_added_and_a_part_that_was_worked_on_twice_is_counted_once():
    """Invariant: the sum of the parts is the sum of all; what the second run found the same was made by the first."""
    found = added(
        "up",
        REQUEST,
        [
            ("foundation", result("f", create=3, same=2, remarks=("x",))),
            ("space/a", result("a", create=4, remarks=("x", "y"))),
            ("foundation", result("f", delete=1, same=5)),
        ],
        9.0,
        ["z"],
    )
    assert found.changes == {"create": 7, "update": 0, "replace": 0, "delete": 1, "same": 2}
    assert [one.part for one in found.parts] == ["foundation", "space/a"]
    assert found.remarks == ("z", "x", "y")
    assert found.to_json()["parts"][0] == {
        "part": "foundation", "stack": "f", "seconds": 2.0,
        "changes": {"create": 3, "update": 0, "replace": 0, "delete": 1, "same": 2},
    }  # fmt: skip
    assert "parts" not in result("f").to_json()


def test_there_is_always_one_at_work_and_a_word_counts():
    """Invariant: the machine bounds how many stacks are worked on at once; `--parallel` says otherwise."""
    assert workers(None) >= 1
    assert (workers(7), workers(0)) == (7, 1)


def test_operations_that_want_one_environment_share_it_and_one_that_wants_another_waits():
    """Invariant: no operation ever sees the variables of another world, and the caller's own come back at the end."""
    before = dict(os.environ)
    seen, both, waits = [], threading.Barrier(2, timeout=10), threading.Event()

    def alike():
        with _environment({"WORLD": "one"}):
            both.wait()
            seen.append(os.environ["WORLD"])
            waits.wait(10)

    def other():
        with _environment({"WORLD": "two"}):
            seen.append(os.environ["WORLD"])

    threads = [threading.Thread(target=alike) for _ in range(2)]
    for one in threads:
        one.start()
    while len(seen) < 2:
        pass
    late = threading.Thread(target=other)
    late.start()
    late.join(0.2)
    assert seen == ["one", "one"]
    waits.set()
    for one in (*threads, late):
        one.join(10)
    assert seen == ["one", "one", "two"]
    assert dict(os.environ) == before

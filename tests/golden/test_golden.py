"""Plans on record as text, one for each example and target: a review sees what a change does to every cloud."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import first_regions
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.text import text_of
from hdh_infra.planning.lock_file import lock_file, read_lock

TODAY = datetime.date(2026, 11, 23)
HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[1] / "examples").glob("*.yaml"))
SMALL = HERE.parents[1] / "examples" / "small.yaml"
GROWN = ["azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA"]
"""The targets that the examples name; of every other offer the plan of the small example is on record."""
OTHERS = [str(one) for one in first_regions() if str(one) not in GROWN]
TARGETS = [*GROWN, *OTHERS]
RECORDED = [(example, target) for example in EXAMPLES for target in (TARGETS if example == SMALL else GROWN)]
MOST_LINES = 4000
"""What a person can still review; spaces of one shape are told once."""


def plan_of(example, target):
    return hdh.plan(hdh.load(example), target, lock=read_lock(lock_file(example)), today=TODAY)


def golden_of(example, target):
    return HERE / f"{example.stem}.{hdh.Target.parse(target).stack}.txt"


@pytest.mark.parametrize(
    ("example", "target"), RECORDED, ids=[f"{example.stem}-{target}" for example, target in RECORDED]
)
def test_the_plan_of_an_example_is_the_one_on_record(example, target, update_golden):
    golden = golden_of(example, target)
    text = text_of(plan_of(example, target))
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert golden.exists(), f"{golden.name} is missing: make golden"
    assert text == golden.read_text(encoding="utf-8"), "the plan changed: look at it, then make golden"
    assert text.count("\n") <= MOST_LINES


def test_nothing_is_on_record_of_an_example_that_is_gone():
    known = {golden_of(example, target) for example, target in RECORDED}
    assert {file for file in HERE.iterdir() if file.suffix in {".txt", ".json"}} <= known


@pytest.mark.parametrize("target", TARGETS)
def test_the_json_of_a_plan_read_back_is_the_same_plan(target):
    plan = plan_of(SMALL, target)
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.dumps() == plan.dumps()


@pytest.mark.parametrize("target", GROWN)
def test_a_plan_has_the_same_bytes_under_another_hash_seed(target):
    code = (
        "import datetime,sys,hdh_infra as hdh;from hdh_infra.planning.lock_file import lock_file,read_lock;from pathlib import Path;"
        f"p=Path({str(SMALL)!r});sys.stdout.write(hdh.plan(hdh.load(p),{target!r},lock=read_lock(lock_file(p)),today=datetime.date(2026,11,23)).dumps())"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(texts) == 1
    assert texts.pop().startswith('{\n "format": "hdh-plan/1"')

"""Plans on record, one a target: a review sees what a change does to every cloud."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.planning.lock_file import lock_file, read_lock

TODAY = datetime.date(2026, 11, 23)
HERE = Path(__file__).parent
SMALL = HERE.parents[1] / "examples" / "small.yaml"
TARGETS = ["azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA"]


@pytest.mark.parametrize("target", TARGETS)
def test_the_plan_of_the_small_platform_is_the_one_on_record(target, update_golden):
    golden = HERE / f"small.{hdh.Target.parse(target).stack}.json"
    text = hdh.plan(hdh.load(SMALL), target, lock=read_lock(lock_file(SMALL)), today=TODAY).dumps()
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert golden.exists(), f"{golden.name} is missing: make golden"
    assert text == golden.read_text(encoding="utf-8"), "the plan changed: look at it, then make golden"


@pytest.mark.parametrize("target", TARGETS)
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

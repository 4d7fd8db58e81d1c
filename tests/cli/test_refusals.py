"""What is refused before the engine is looked for, what is announced, and an engine that is not there."""

import datetime
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HDH = Path(sys.executable).with_name("hdh")


@pytest.fixture
def no_engine(monkeypatch):
    """Looking for the engine at all is the failure."""
    from hdh_infra.sandbox import engine

    def looked_for(*_, **__):
        raise AssertionError("the engine was looked for")

    monkeypatch.setattr(engine, "ensure", looked_for)
    monkeypatch.setattr(engine, "find", looked_for)


def contents(folder):
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


@pytest.mark.parametrize("locked", [True, False])
@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("up",)])
def test_a_requirement_that_is_not_met_and_not_waived_is_refused_before_the_engine(
    hdh, without_waivers, no_engine, command, locked
):
    if locked:
        assert hdh("lock", without_waivers, "--on", "ovhcloud:GRA").code == 0
    before = contents(without_waivers.parent)
    answer = hdh(command[0], without_waivers, "--on", "ovhcloud:GRA", *command[1:])
    assert (answer.code, answer.out) == (1, "")
    assert re.search(r"\d+ requirements are not met and not waived", answer.err)
    lines = answer.err.splitlines()
    (first,) = [index for index, line in enumerate(lines) if "store.encryption" in line]
    told = " ".join(lines[first : first + 3])
    for words in (
        "asked customer-key",
        "given provider-key",
        "not-met",
        "there is no SSE-KMS",
        "set client_side on the store",
        "zone/lake/store/snds",
    ):
        assert words in told
    assert "waivers:" in answer.err
    assert contents(without_waivers.parent) == before


@pytest.mark.parametrize("command", ["refresh", "destroy"])
def test_refresh_and_destroy_are_never_refused_for_a_verdict(hdh, without_waivers, no_engine, command):
    with pytest.raises(AssertionError, match="the engine was looked for"):
        hdh(command, without_waivers, "--on", "ovhcloud:GRA", "--yes")


@pytest.mark.parametrize("state", ["missing", "of another target", "stale"])
def test_a_lock_that_is_not_up_to_date_is_refused_with_the_command_that_brings_it_there(
    hdh, small, tmp_path, no_engine, state
):
    spec = tmp_path / "my platform.yaml"
    spec.write_text(small.read_text(encoding="utf-8"))
    if state != "missing":
        assert (
            hdh("lock", spec, "--on", "azure:francecentral" if state == "of another target" else "ovhcloud:GRA").code
            == 0
        )
    if state == "stale":
        spec.write_text(spec.read_text().replace("    cohort-b:", "    cohort-c: {}\n    cohort-b:"))
    answer = hdh("up", spec, "--on", "ovhcloud:GRA", "--yes")
    assert (answer.code, answer.out) == (1, ""), answer.err
    command = re.search(r"`(hdh lock [^`]*)`", answer.err)[1]
    assert hdh(*shlex.split(command)[1:]).code == 0
    with pytest.raises(AssertionError, match="the engine was looked for"):
        hdh("up", spec, "--on", "ovhcloud:GRA", "--yes")


def test_a_lock_elsewhere_is_named_in_the_command(hdh, small, tmp_path, no_engine):
    lock = tmp_path / "else where.lock"
    answer = hdh("preview", small, "--on", "ovhcloud:GRA", "--lock", lock)
    command = re.search(r"`(hdh lock [^`]*)`", answer.err)[1]
    assert hdh(*shlex.split(command)[1:]).code == 0
    assert lock.exists()


def test_update_lock_brings_it_up_to_date_on_the_way(hdh, small, tmp_path, no_engine):
    lock = tmp_path / "new.lock"
    with pytest.raises(AssertionError, match="the engine was looked for"):
        hdh("preview", small, "--on", "ovhcloud:GRA", "--lock", lock, "--update-lock")
    assert lock.exists()


def test_a_data_holder_that_left_the_description_is_refused(hdh, small, tmp_path, no_engine):
    spec = tmp_path / "spec.yaml"
    spec.write_text(small.read_text(encoding="utf-8"))
    assert hdh("lock", spec).code == 0
    spec.write_text(re.sub(r"    cohort-b:.*\n", "", re.sub(r"  - \{from: space/cohort-b.*\n", "", spec.read_text())))
    before = contents(tmp_path)
    for command in (("preview",), ("up", "--yes"), ("up", "--yes", "--update-lock"), ("lock",), ("plan",)):
        answer = hdh(command[0], spec, "--on", "azure:francecentral", *command[1:])
        assert answer.code == 1, answer.err
        assert "space/cohort-b/store/work" in answer.err
        assert "retire" in answer.err
        assert contents(tmp_path) == before


def test_an_ended_waiver_is_announced_and_blocks(hdh, small, no_engine):
    """A day after every waiver, and before the first space ends."""
    waivers = [
        line for line in small.read_text(encoding="utf-8").splitlines() if "target: 'ovhcloud:GRA', accept:" in line
    ]
    answer = hdh("assess", small, "--on", "ovhcloud:GRA", "--today", "2027-12-15")
    assert answer.code == 1
    assert answer.out.partition("What is not met")[0].count("ended on 2027-11-30") == len(waivers)
    refused = hdh("up", small, "--on", "ovhcloud:GRA", "--today", "2027-12-15", "--yes")
    assert refused.code == 1
    assert "requirements are not met and not waived" in refused.err


@pytest.mark.parametrize(("days", "announced"), [(31, False), (30, True), (1, True), (0, True)])
def test_a_waiver_is_announced_thirty_days_before_it_ends(hdh, small, days, announced):
    today = datetime.date(2027, 11, 30) - datetime.timedelta(days=days)
    answer = hdh("assess", small, "--on", "ovhcloud:GRA", "--today", today)
    assert answer.code == 0, "it still holds"
    assert ("2027-11-30" in answer.out.partition("What is not met")[0]) is announced


def test_residency_cannot_be_waived(hdh, small, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        small.read_text(encoding="utf-8").replace("countries: [FR]", "countries: [DE]")
        + "  - {requirement: region.country, element: '**', target: 'ovhcloud:GRA', accept: FR, reason: it would be handy, until: 2030-01-01}\n"
    )
    answer = hdh("up", spec, "--on", "ovhcloud:GRA", "--yes")
    assert answer.code == 2
    assert "region.country can never be waived" in answer.err
    assert "ovhcloud:GRA lies in FR" in answer.err


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("refresh", "--yes"), ("destroy", "--yes")])
def test_an_engine_that_is_not_there_is_exit_code_3_with_what_to_do(hdh, small, tmp_path, monkeypatch, command):
    from hdh_infra.sandbox.engine import official

    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HDH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(official, "reachable", lambda: False)
    answer = hdh(command[0], small, "--on", "ovhcloud:GRA", *command[1:])
    assert (answer.code, answer.out) == (3, "")
    assert "Install Pulumi" in answer.err
    assert "or Go" in answer.err
    assert "Traceback" not in answer.err


def test_a_service_of_the_sandbox_that_does_not_run_is_exit_code_3_with_the_command_that_starts_it(
    hdh, tmp_path, monkeypatch
):
    monkeypatch.setenv("HDH_CACHE_DIR", str(tmp_path))
    answer = hdh("sandbox", "env", "azure:francecentral")
    assert (answer.code, answer.out) == (3, "")
    assert "hdh sandbox up --on azure:francecentral" in answer.err


def test_a_reader_that_has_read_enough_is_no_error(small):
    assert HDH.exists()
    shell = shutil.which("bash")
    line = f"set -o pipefail; {shlex.quote(str(HDH))} plan {shlex.quote(str(small))} | head -n 1"
    done = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_the_keyboard_stops_with_a_word_and_not_with_a_traceback(hdh, small, monkeypatch):
    from hdh_infra import planning

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "load", interrupted)
    answer = hdh("plan", small)
    assert (answer.code, answer.out) == (3, "")
    assert "stopped by the keyboard; state is kept" in answer.err


def test_progress_and_remarks_are_plain_lines_where_there_is_no_terminal(small, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [HDH, "plan", small, "--out", tmp_path / "plans"], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"{tmp_path}/plans/{name}.json written"
        for name in ("azure-francecentral", "openstack-RegionOne", "ovhcloud-GRA")
    ]

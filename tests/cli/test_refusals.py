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


def test_an_ended_waiver_is_announced_everywhere_and_is_no_reason_to_stop_before_the_engine(
    hdh, small, no_engine, tmp_path
):
    """A day after every waiver, and before the first space ends: only the state tells what would change."""
    waivers = [
        line for line in small.read_text(encoding="utf-8").splitlines() if "target: 'ovhcloud:GRA', accept:" in line
    ]
    after = ("--on", "ovhcloud:GRA", "--today", "2027-12-15")
    for words in (
        ("assess",),
        ("assess", "--format", "markdown"),
        ("assess", "--format", "html"),
        ("compare",),
        ("plan",),
    ):
        answer = hdh(words[0], small, *after, *words[1:])
        assert answer.code == (0 if words[0] == "compare" else 1), answer.err
        told = " ".join(answer.out.replace("&#x27;", "'").split())
        assert told.count("changes to what it was for are refused") == len(waivers)
        assert told.count("ended on 2027-11-30: changes") == len(waivers)
    for command in ("up", "preview"):
        with pytest.raises(AssertionError, match="the engine was looked for"):
            hdh(command, small, *after, *(("--yes",) if command == "up" else ()))
    spec = tmp_path / "spec.yaml"
    spec.write_text(small.read_text(encoding="utf-8").replace("requirement: key.protection, element: 'key/lake', target: 'ovhcloud:GRA'", "requirement: key.protection, element: 'key/projects', target: 'ovhcloud:GRA'"))  # fmt: skip
    refused = hdh("up", spec, *after, "--yes")
    assert refused.code == 1
    assert "1 requirement is not met and not waived" in refused.err
    assert "key.protection" in refused.err
    assert "store.encryption" not in refused.err


def test_a_day_that_is_passed_is_recorded_in_the_description_and_stays_in_every_report(hdh, small, tmp_path):
    """The record lets that one day pass, and is read in the reports of any other."""
    spec = tmp_path / "spec.yaml"
    record = "until: 2027-11-30, passed: [{on: 2027-12-15, reason: 'CVE-2027-1, said by the security officer'}]"
    spec.write_text(small.read_text(encoding="utf-8").replace("until: 2027-11-30", record))
    for today, code in (("2027-12-14", 1), ("2027-12-15", 0), ("2027-12-16", 1), ("2027-06-01", 0)):
        for form in ("text", "markdown", "html", "json"):
            answer = hdh("assess", spec, "--on", "ovhcloud:GRA", "--today", today, "--format", form)
            assert answer.code == code, (today, answer.err)
            assert "said by the security officer" in " ".join(answer.out.split())
    assert hdh("plan", spec, "--on", "ovhcloud:GRA", "--today", "2027-12-15").code == 0


IDLE = "  - {requirement: store.versioning, element: '**/store/*', target: 'ovhcloud:GRA', accept: unknown, reason: nobody knew it once, until: 2027-11-30}\n"


def test_a_waiver_that_waives_nothing_stops_nothing_and_is_told_at_validate_and_in_every_report(
    hdh, small, tmp_path, no_engine
):
    """A library or an offer that got better breaks nobody's deployment."""
    spec = tmp_path / "spec.yaml"
    text = small.read_text(encoding="utf-8")
    spec.write_text(text + IDLE)
    assert hdh("lock", spec, "--on", "ovhcloud:GRA").code == 0
    line = len(text.splitlines()) + 1
    answer = hdh("validate", spec)
    assert answer.code == 0
    assert f"{spec}:{line}:" in answer.err
    assert "waives nothing: every store.versioning of **/store/* is met on ovhcloud:GRA; take it out" in answer.err
    assert "waives nothing" in hdh("validate", spec, "--format", "json").out
    for words in (
        ("assess",),
        ("compare",),
        ("plan",),
        *((one, "--format", "json") for one in ("assess", "compare", "plan")),
    ):
        answer = hdh(words[0], spec, "--on", "ovhcloud:GRA", *words[1:])
        assert answer.code == 0, answer.err
        said = " ".join(answer.out.split())
        assert "the waiver of store.versioning for **/store/* waives nothing, since all that it means is met" in said
    with pytest.raises(AssertionError, match="the engine was looked for"):
        hdh("up", spec, "--on", "ovhcloud:GRA", "--yes")


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("store.versioning", "store.versionning", "no requirement is 'store.versionning'"),
        ("**/store/*", "**/stores/*", "no element is '**/stores/*'"),
        ("ovhcloud:GRA', accept: unknown", "ovhcloud:GRU', accept: unknown", "no target is 'ovhcloud:GRU'"),
    ],
)
def test_a_waiver_whose_words_are_misspelt_is_an_error(hdh, small, tmp_path, right, wrong, told):
    spec = tmp_path / "spec.yaml"
    spec.write_text(small.read_text(encoding="utf-8") + IDLE.replace(right, wrong))
    for command in ("validate", "assess"):
        answer = hdh(command, spec)
        assert answer.code == 2
        assert told in answer.err


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

"""What was measured is shown, stands in JSON, and is taken by every command that plans."""

import datetime
import json

import pytest

from hdh_infra.model.measured import Measured, MeasuredFact, MeasuredFlavour, MeasuredLimit
from hdh_infra.planning.measured_file import written

TARGET = "openstack:RegionOne"


@pytest.fixture
def measured(tmp_path):
    facts = [("store.versioning", False), ("store.expiry", True)]
    found = Measured(
        as_of=datetime.date(2026, 11, 25),
        facts=[MeasuredFact(attribute=name, value=value, source="GET of a test") for name, value in facts],
        flavours=[MeasuredFlavour(name="operator.large", vcpus=8, memory="32GiB")],
        limits={"vcpus": MeasuredLimit(value=40, used=30, own=10, source="GET /limits")},
        remarks=["Barbican did not answer"],
    )
    file = tmp_path / "measured.yaml"
    file.write_text(written({TARGET: found}), encoding="utf-8")
    return file


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_report_shows_what_was_measured_and_where_it_differs(hdh, small, measured, form):
    answer = hdh("assess", small, "--on", TARGET, "--measured", measured, "--format", form)
    assert answer.code == 1
    for words in (
        "What was measured on openstack:RegionOne on 2026-11-25",
        "Differences from the catalogue",
        "operator.large",
        "Barbican did not answer",
        "Room in the quotas",
    ):
        assert words in answer.out
    plain = hdh("assess", small, "--on", TARGET, "--format", form)
    assert "measured on" not in plain.out


def test_json_has_what_was_measured_and_the_differences(hdh, small, measured):
    found = json.loads(hdh("assess", small, "--on", TARGET, "--measured", measured, "--format", "json").out)
    one = found["measured"][TARGET]
    assert {
        "what": "store.versioning",
        "said": True,
        "by": "declared",
        "measured": False,
        "source": "GET of a test",
    } in one["differences"]
    assert one["limits"]["vcpus"]["used"] == 30
    (row,) = [
        row
        for row in found["targets"][TARGET]["verdicts"]
        if row["attribute"] == "vcpus" and row["requirement"] == "capacity.vcpus"
    ]
    assert row["confidence"] == "measured"
    assert "measured" not in json.loads(hdh("assess", small, "--on", TARGET, "--format", "json").out)


def test_plan_and_compare_take_the_same_file(hdh, small, measured):
    plan = json.loads(hdh("plan", small, "--on", TARGET, "--measured", measured, "--format", "json").out)
    assert {flavour["name"] for flavour in plan["flavours"]} == {"operator.large"}
    assert "measured" in plan["digests"]
    found = json.loads(hdh("compare", small, "--on", TARGET, "--measured", measured, "--format", "json").out)
    store = found["elements"]["zone/lake/store/snds"]["versioning"]
    assert store["verdict"][TARGET] == "not-met"


@pytest.mark.parametrize("words", [("--sandbox",), ("--out", "x.yaml")])
def test_words_that_mean_nothing_without_live_are_an_error(hdh, small, words):
    answer = hdh("assess", small, "--on", TARGET, *words)
    assert (answer.code, answer.out) == (2, "")
    assert "means nothing without --live" in answer.err


def test_a_target_that_nobody_can_ask_is_an_error_of_its_own(hdh, small):
    answer = hdh("assess", small, "--on", "azure:francecentral", "--live")
    assert answer.code == 2
    assert "nothing asks its endpoints" not in answer.out
    assert "--live" in answer.err


def test_endpoints_that_do_not_answer_are_told_without_a_traceback_or_a_secret(hdh, small, tmp_path, monkeypatch):
    for name, value in {
        "OS_AUTH_URL": "http://127.0.0.1:9/v3",
        "OS_USERNAME": "u",
        "OS_PASSWORD": "do-not-show",
        "OS_PROJECT_ID": "p",
        "AWS_ACCESS_KEY_ID": "AK",
        "AWS_SECRET_ACCESS_KEY": "do-not-show",
        "HDH_S3_ENDPOINT": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "measured.yaml"
    answer = hdh("assess", small, "--on", TARGET, "--live", "--out", out)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.count("127.0.0.1:9") >= 2
    assert "do-not-show" not in answer.err
    assert not out.exists()

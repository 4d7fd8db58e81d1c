"""`hdh plan --diff`: what a description changes against an older plan, its exit codes and its two forms."""

import json

import pytest

OVH = "ovhcloud:GRA"
OVERRIDES = """
overrides:
  platform/keys: {region: eu-west-sbg}
  space/cohort-a/machine/desktop/server/0: {imageId: another}
"""
REPLACE = """
replace:
  - {element: 'key/*', reason: the data were encrypted anew under other keys}
  - {element: 'space/cohort-a/**', reason: the machine's disk is saved elsewhere}
"""


@pytest.fixture
def spec(hdh, small, tmp_path):
    """A description with its lock beside it, so that what was given stays given."""
    file = tmp_path / "spec.yaml"
    file.write_text(small.read_text(encoding="utf-8"), encoding="utf-8")
    assert hdh("lock", file, "--on", OVH).code == 0
    return file


@pytest.fixture
def old(hdh, spec, tmp_path):
    file = tmp_path / "old.json"
    answer = hdh("plan", spec, "--on", OVH, "--today", "2026-11-23", "--out", file)
    assert answer.code == 0, answer.err
    return file


@pytest.fixture
def changed(spec, old):
    """The description with other words in it and more at its end, after the old plan was made."""

    def write(*more, words=None):
        text = spec.read_text(encoding="utf-8")
        for before, after in (words or {}).items():
            assert before in text
            text = text.replace(before, after)
        spec.write_text(text + "".join(more), encoding="utf-8")
        return spec

    return write


def diff(hdh, spec, old, *words):
    return hdh("plan", spec, "--on", OVH, "--today", "2026-11-23", "--diff", old, *words)


def test_nothing_changes_between_a_plan_and_itself(hdh, spec, old):
    answer = diff(hdh, spec, old)
    # A long folder of a file stands on a line of its own.
    assert (answer.code, " ".join(answer.out.split())) == (0, f"small on {OVH}: no changes against {old}")
    found = json.loads(diff(hdh, spec, old, "--format", "json").out)
    assert (found["changes"], found["counts"], found["refused"]) == ([], {}, [])


def test_data_that_would_be_lost_is_refused_with_exit_1_and_with_what_to_write(hdh, changed, old):
    answer = diff(hdh, changed(OVERRIDES), old)
    assert answer.code == 1
    assert "replace * service-key" in answer.out
    assert "okmsId (platform/keys is replaced)" in answer.out
    assert "wipe server/0" in answer.out
    assert "it is rebuilt in place, and its disk is lost" in answer.out
    assert "refused: 3 changes lose data, and the spec does not say so" in answer.out
    assert "say under replace: {element, reason}" in answer.out


def test_with_the_word_of_the_spec_nothing_is_refused(hdh, changed, old):
    answer = diff(hdh, changed(OVERRIDES, REPLACE), old)
    assert answer.code == 0, answer.out
    assert "refused" not in answer.out
    assert "the spec says so: replace" in answer.out


def test_the_json_has_everything_and_nothing_else_stands_beside_it(hdh, changed, old):
    answer = diff(hdh, changed(OVERRIDES), old, "--format", "json")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert {"format": "hdh-plan-diff/1", "platform": "small", "target": OVH}.items() <= found.items()
    assert found["counts"] == {"wipe": 1, "replace": 3}
    assert {one["path"] for one in found["refused"]} == {
        "key/lake/service-key", "key/projects/service-key", "space/cohort-a/machine/desktop/server/0",
    }  # fmt: skip
    by_path = {one["path"]: one for one in found["changes"]}
    assert by_path["platform/keys"]["properties"] == [
        {"path": "region", "old": "eu-west-rbx", "new": "eu-west-sbg", "effect": "replace", "why": ""}
    ]


def test_the_new_plan_is_written_too_where_out_says_so(hdh, spec, old, tmp_path):
    again = tmp_path / "again.json"
    assert diff(hdh, spec, old, "--out", again).code == 0
    assert again.read_text() == old.read_text()


def test_a_change_of_everything_is_told_once(hdh, changed, old):
    answer = diff(hdh, changed(words={"environment: example": "environment: prod"}), old)
    assert answer.code == 0
    assert answer.out.count("environment=example -> environment=prod") == 1
    assert len(answer.out.splitlines()) < 30


def test_a_new_space_is_one_line_with_its_data_named(hdh, spec, changed, old):
    changed(words={"    cohort-b: {": "    cohort-z: {ends: 2028-06-30, members: 1}\n    cohort-b: {"})
    answer = diff(hdh, spec, old)
    assert answer.code == 0, answer.out
    assert "native resources of space/cohort-z\n  of which hold data: " in answer.out
    assert "remove" not in answer.out


@pytest.mark.parametrize("columns", ["80", "120"])
def test_nothing_is_cut_off_and_no_line_is_too_wide(hdh, changed, old, monkeypatch, columns):
    from rich.console import Console

    from hdh_infra.cli import describing

    monkeypatch.setattr(describing, "console", lambda: Console(width=int(columns), highlight=False))
    text = changed(OVERRIDES, words={"environment: example": "environment: prod"})
    answer = diff(hdh, text, old)
    assert answer.code == 1, answer.err
    assert not [line for line in answer.out.splitlines() if len(line.rstrip()) > int(columns)]


def test_without_a_target_the_old_plans_own_is_taken(hdh, spec, old):
    answer = hdh("plan", spec, "--today", "2026-11-23", "--diff", old)
    assert (answer.code, answer.err) == (0, "")
    assert f"small on {OVH}: no changes" in answer.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--on", "azure:francecentral"), "target: is of ovhcloud:GRA, and the new plan is of azure:francecentral"),
        (("--on", OVH, "--on", "azure:francecentral"), "--diff: compares one target, and 2 are named"),
    ],
)
def test_another_target_is_wrong_input(hdh, spec, old, words, says):
    answer = hdh("plan", spec, "--today", "2026-11-23", "--diff", old, *words)
    assert answer.code == 2
    assert says.split(": ", 1)[1] in answer.err
    assert answer.out == ""


def test_another_platform_is_wrong_input(hdh, changed, old):
    clinic = changed(words={"name: small": "name: clinic"})
    clinic.with_suffix(".lock").unlink()
    answer = diff(hdh, clinic, old)
    assert answer.code == 2
    assert "is of small, and the new plan is of clinic" in answer.err


def test_a_target_that_the_spec_does_not_name_is_wrong_input(hdh, spec, old):
    value = json.loads(old.read_text())
    value["target"] = "ovhcloud:SBG5"
    old.write_text(json.dumps(value))
    answer = hdh("plan", spec, "--today", "2026-11-23", "--diff", old)
    assert answer.code == 2
    assert "is of ovhcloud:SBG5" in answer.err


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": "hdh-plan/9"}', '{"format": "hdh-plan/1", "nodes": 1}', "\x00"]
)
def test_what_is_no_plan_is_wrong_input_without_a_traceback(hdh, spec, old, text):
    old.write_text(text)
    answer = diff(hdh, spec, old)
    assert answer.code == 2
    assert str(old) in answer.err
    assert "Traceback" not in answer.err
    assert diff(hdh, spec, old.parent / "none.json").code == 2
    assert diff(hdh, spec, old.parent).code == 2

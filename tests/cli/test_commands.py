"""Every command as a user calls it: what is printed where, and the exit code."""

import json
import re

import pytest

from hdh_infra.cli.output import Exit


def test_the_numbers_of_the_exit_codes_never_change():
    assert {code.name: code.value for code in Exit} == {"well": 0, "no": 1, "wrong_input": 2, "failed": 3}


def test_the_starter_is_a_description_that_can_be_compared_at_once(hdh, tmp_path):
    file = tmp_path / "new" / "platform.yaml"
    assert hdh("init", file).code == 0
    assert hdh("validate", file).code == 0
    answer = hdh("compare", file, "--on", "azure:francecentral", "--on", "ovhcloud:GRA")
    assert answer.code == 0, answer.err
    assert "Who can reach whom" in answer.out


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("validate", "SPEC"), {"platform", "valid", "networks", "stores", "machines", "keys", "flows"}),
        (("schema",), {"$schema", "$defs", "properties"}),
        (("lock", "SPEC", "--check"), {"file", "changes", "written"}),
        (("assess", "SPEC", "--on", "azure:francecentral"), {"format", "platform", "targets"}),
        (("plan", "SPEC", "--on", "azure:francecentral"), {"format", "platform", "target", "deployable", "nodes", "verdicts", "manual"}),
        (("compare", "SPEC", "--on", "azure:francecentral", "--on", "ovhcloud:GRA"), {"format", "platform", "targets", "elements", "flows", "natives"}),
        (("observe", "SPEC", "--planned", "--on", "ovhcloud:GRA"), {"format", "target", "source", "elements", "flows", "egress", "entry"}),
        (("init", "NEW"), {"file"}),
    ],
)  # fmt: skip
def test_json_alone_stands_on_standard_output(hdh, small, tmp_path, words, keys):
    called = [word.replace("SPEC", str(small)).replace("NEW", str(tmp_path / "new.yaml")) for word in words]
    answer = hdh(*called, "--format", "json")
    assert answer.code == 0, answer.err
    assert keys <= set(json.loads(answer.out))


@pytest.mark.parametrize(
    "words", [("targets",), ("plan", "SPEC"), ("observe", "SPEC", "--planned"), ("sandbox", "status")]
)
def test_several_answers_are_a_list(hdh, small, words):
    answer = hdh(*(word.replace("SPEC", str(small)) for word in words), "--format", "json")
    assert answer.code in {0, 1}
    found = json.loads(answer.out)
    assert isinstance(found, list)
    assert len(found) > 1


@pytest.mark.parametrize("command", ["assess", "compare"])
def test_a_report_is_written_as_markdown_too(hdh, small, command):
    answer = hdh(command, small, "--on", "ovhcloud:GRA", "--format", "markdown")
    assert answer.code == 0
    assert answer.out.startswith("# ")
    assert "| " in answer.out
    assert "\x1b[" not in answer.out


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize(
    "words",
    [
        ("targets",),
        ("targets", "ovhcloud:GRA", "oodrive:france"),
        ("plan", "SPEC"),
        ("observe", "SPEC", "--planned", "--format", "text"),
    ],
)
def test_nothing_is_cut_off_and_no_line_is_too_wide(hdh, small, monkeypatch, words, columns):
    from rich.console import Console

    from hdh_infra.cli import catalogue, deploying, describing

    def narrow():
        return Console(width=int(columns), highlight=False)

    monkeypatch.setattr(catalogue, "console", narrow)
    monkeypatch.setattr(describing, "console", narrow)
    monkeypatch.setattr(deploying, "console", narrow)
    answer = hdh(*(word.replace("SPEC", str(small)) for word in words))
    assert answer.code == 0, answer.err
    assert "…" not in answer.out
    wide = [line for line in answer.out.splitlines() if len(line.rstrip()) > int(columns)]
    assert not wide


def test_a_plan_in_a_terminal_says_what_holds_data_and_what_is_done_by_hand(hdh, small):
    out = hdh("plan", small, "--on", "ovhcloud:GRA").out
    assert "hdh:s3:Bucket" in out
    assert re.search(r"\* bucket +hdh:s3:Bucket", out)
    assert "* holds data" in out
    assert "By hand, in this order" in out
    for who in ("the administrator of the machine ", "the administrator of the machines "):
        assert out.count(who) == 1, "steps of one way stand together"


def test_sizes_in_an_observation_have_units(hdh, small):
    out = hdh("observe", small, "--planned", "--on", "ovhcloud:GRA", "--format", "text").out
    assert "17.2GB" in out
    assert "17179869184" not in out


def test_plans_are_written_where_they_are_asked_for(hdh, small, tmp_path):
    answer = hdh("plan", small, "--out", tmp_path / "plans")
    assert (answer.code, answer.out) == (0, "")
    assert sorted(one.name for one in (tmp_path / "plans").iterdir()) == [
        "azure-francecentral.json",
        "openstack-RegionOne.json",
        "ovhcloud-GRA.json",
    ]
    assert hdh("plan", small, "--on", "ovhcloud:GRA", "--out", tmp_path / "one.json").code == 0
    assert json.loads((tmp_path / "one.json").read_text())["format"] == "hdh-plan/1"
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "plans" / "ovhcloud-GRA.json").read_bytes()


def test_a_lock_is_made_checked_and_up_to_date(hdh, without_waivers):
    lock = without_waivers.with_suffix(".lock")
    checked = hdh("lock", without_waivers, "--check")
    assert (checked.code, lock.exists()) == (1, False)
    assert "there is no lock" in checked.out
    made = hdh("lock", without_waivers, "--format", "json")
    assert made.code == 0
    assert json.loads(made.out)["written"] is True
    before = lock.read_bytes()
    assert hdh("lock", without_waivers, "--check").code == 0
    assert hdh("lock", without_waivers).out == f"{lock}: up to date\n"
    assert lock.read_bytes() == before


@pytest.mark.parametrize(
    ("require", "targets", "code"),
    [
        ("deployable", ["azure:francecentral"], 0),
        ("equal-flows", ["azure:francecentral"], 0),
        ("equal-flows", ["azure:francecentral", "ovhcloud:GRA"], 1),
        ("", ["azure:francecentral", "ovhcloud:GRA"], 0),
    ],
)
def test_a_comparison_answers_no_only_where_it_was_asked(hdh, small, require, targets, code):
    words = [word for target in targets for word in ("--on", target)] + (["--require", require] if require else [])
    answer = hdh("compare", small, *words)
    assert answer.code == code
    assert answer.out, "the comparison is printed whatever the answer"
    assert (f"the answer to {require} is no" in answer.err) is (code == 1)


def test_many_targets_are_told_in_short_and_one_whole_unless_it_is_asked_otherwise(hdh, small):
    short = "A line a reason"
    every = "Where the verdicts that are met come from"
    told = [hdh("assess", small, *words).out for words in (
        ("--on", "all"), ("--on", "ovhcloud:GRA"), ("--on", "all", "--detail", "reasons"), ("--on", "ovhcloud:GRA", "--detail", "short"),
        ("--on", "ovhcloud:GRA", "--detail", "all"),
    )]  # fmt: skip
    assert [short in text for text in told] == [True, False, False, True, False]
    assert [every in text for text in told] == [False, False, False, False, True]
    same = [
        hdh("assess", small, "--on", "ovhcloud:GRA", "--format", "json", "--detail", one).out
        for one in ("short", "all")
    ]
    assert same[0] == same[1]


def test_drift_is_not_asked_of_plans(hdh, small):
    answer = hdh("compare", small, "--on", "azure:francecentral", "--require", "no-drift")
    assert (answer.code, answer.out) == (2, "")
    assert "--deployed" in answer.err


def test_a_target_that_is_not_named_does_not_answer_no(hdh, without_waivers):
    assert hdh("assess", without_waivers).code == 0
    assert hdh("assess", without_waivers, "--on", "all").code == 0
    assert hdh("plan", without_waivers).code == 0
    for command in ("assess", "plan"):
        assert hdh(command, without_waivers, "--on", "ovhcloud:GRA").code == 1
        assert hdh(command, without_waivers, "--on", "azure:francecentral").code == 0


def test_every_command_and_option_has_a_help_text(hdh):
    import typer.main

    from hdh_infra.cli.main import app

    def commands(group, words):
        for name, command in sorted(group.commands.items()):
            if hasattr(command, "commands"):
                yield from commands(command, [*words, name])
            else:
                yield [*words, name], command

    found = {" ".join(words): command for words, command in commands(typer.main.get_command(app), [])}
    assert set(found) == {
        "init", "validate", "schema", "lock", "targets", "credentials", "assess", "plan", "compare", "preview", "up", "refresh", "destroy", "observe",
        "plugin install", "sandbox up", "sandbox down", "sandbox status", "sandbox env",
    }  # fmt: skip
    for name, command in found.items():
        assert command.help, name
        assert len(command.help.split("\n")[0]) <= 75, f"{name}: the first line must stand in the list of commands"
        for option in command.params:
            assert getattr(option, "help", None), f"{name} {option.name}"
        assert any("--format" in option.opts for option in command.params), name
    listed = hdh("--help")
    assert listed.code == 0
    assert "..." not in listed.out.partition("Commands:")[2], "no text of the list is cut off"


def test_the_version_is_the_package_s(hdh):
    import hdh_infra

    assert hdh("--version").out.strip() == hdh_infra.__version__

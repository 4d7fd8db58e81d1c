"""Bad input through the command line: all problems at once, with their places; exit code 2, nothing written."""

import re

import pytest

WRONG = """\
name: clinic
residency: {countries: [DE]}
network: {address_space: 10.64.0.0/16}
keys: {main: {protection: hsm}}
zones:
  lake:
    address_range: 10.64.1.0/24
    stores:
      data: {size: 10TB, key: mian}
      more: {size: 10TB, key: main, versoning: true}
    machines:
      worker: {vcpus: 400, memory: 900TB, disk: {size: 50GB, key: main}}
      small: {memory: 4GB, disk: {size: 50, key: main}}
  other:
    address_range: 10.64.1.128/25
flows:
  - {from: zone/lake, to: zone/lake/store/dota, ports: [0]}
  - {from: zone/lake, ports: [443]}
  - {from: zone/lakes, to: zone/lake/store/data, ports: [443]}
targets:
  azure:francecentrl: {}
  ovhcloud:GRA: {}
waivers:
  - {requirement: region.country, element: '**', target: 'ovhcloud:GRA', accept: FR, reason: it would be handy, until: 2030-01-01}
"""


def places(answer, file):
    """Every problem told: (line, column, field) to the words."""
    found = {}
    for line in answer.err.splitlines():
        match = re.match(re.escape(str(file)) + r":(\d+):(\d+) (\S+): (.*)", line)
        if match:
            found[int(match[1]), int(match[2]), match[3]] = match[4]
    return found


def test_every_problem_of_a_spec_is_told_in_one_run_with_its_own_place(hdh, tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text(WRONG)
    answer = hdh("validate", file, "--on", "ovhcloud:GRB")
    assert (answer.code, answer.out) == (2, "")
    found = places(answer, file)
    for place, words in {
        (9, 26, "zones.lake.stores.data.key"): ("no key is named 'mian'", "did you mean main?"),
        (10, 37, "zones.lake.stores.more.versoning"): (
            "is no field here",
            "did you mean versioning?",
            "allowed: encryption, key",
        ),
        (12, 7, "zones.lake.machines.worker"): (
            "400 vCPU and 900TB",
            "no flavour of ovhcloud:GRA holds it",
            "the largest is",
        ),
        (13, 7, "zones.lake.machines.small.vcpus"): ("is missing",),
        (13, 35, "zones.lake.machines.small.disk.size"): ("50 has no unit",),
        (15, 5, "zones.other.address_range"): ("10.64.1.128/25 overlaps 10.64.1.0/24 of zones.lake",),
        (17, 23, "flows[0].to"): ("no element is 'zone/lake/store/dota'", "did you mean zone/lake/store/data?"),
        (17, 57, "flows[0].ports[0]"): ("0 is not a port",),
        (18, 5, "flows[1].to"): ("is missing",),
        (19, 6, "flows[2].from"): ("no element is 'zone/lakes'", "did you mean zone/lake?"),
        (21, 3, "targets.azure:francecentrl"): (
            "no target is",
            "did you mean azure:francecentral?",
            "allowed: azure:francecentral,",
        ),
        (22, 3, "targets.ovhcloud:GRA"): ("lies in FR", "DE only", "never be waived"),
        (24, 6, "waivers[0].requirement"): ("region.country can never be waived",),
    }.items():
        assert place in found, answer.err
        for word in words:
            assert word in found[place]
    assert len(found) == 13, answer.err
    assert "--on no target is 'ovhcloud:GRB'; did you mean ovhcloud:GRA?" in answer.err
    assert answer.err.endswith("14 problems; nothing was done\n")
    assert list(found) == sorted(found), "in the order of the file"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["spec.yaml"]


@pytest.mark.parametrize(
    "command", ["validate", "lock", "assess", "plan", "compare", "preview", "up", "refresh", "destroy", "observe"]
)
def test_every_command_that_reads_a_spec_answers_a_bad_one_alike(hdh, tmp_path, command):
    file = tmp_path / "spec.yaml"
    file.write_text(WRONG)
    answer = hdh(command, file, "--on", "azure:francecentral")
    assert (answer.code, answer.out) == (2, "")
    assert "13:7 zones.lake.machines.small.vcpus: is missing" in answer.err
    assert "Traceback" not in answer.err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["spec.yaml"]


def test_what_is_missing_from_one_item_is_told_field_by_field(hdh, tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text("name: x\nresidency: {countries: [FR]}\nfacts: [{target: 'azure:francecentral'}]\n")
    found = places(hdh("validate", file), file)
    assert [field for *_, field in found] == [
        f"facts[0].{one}" for one in ("attribute", "value", "source", "as_of", "by")
    ]


def test_a_spec_without_its_first_lines_is_still_read_to_its_end(hdh, tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text("flows: [{from: zone/a, to: zone/b, ports: [1]}]\n")
    answer = hdh("validate", file, "--on", "azure:francecentral")
    told = {field for *_, field in places(answer, file)}
    assert told == {"name", "residency", "flows[0].from", "flows[0].to"}, answer.err


@pytest.mark.parametrize(
    ("content", "place", "says"),
    [
        (b"", ":1:1", "holds nothing"),
        (b"# only a remark\n", ":1:1", "holds nothing"),
        (b"- a\n", ":1:1", "holds a list"),
        (b"just words\n", ":1:1", "holds a str"),
        (b"name: [a, b\nzones: {}\n", ":2:6", "is not YAML"),
        (b"name: x\nzones:\n\tlake: {}\n", ":3:1", "indent with spaces"),
        (b"name: x\n---\nname: y\n", ":2:1", "another document"),
        (b"\x7fELF\x02\x01\x01\x00", ":1:1", "U+007F"),
        (b"name: x\nzones: {a\x00b: {}}\n", ":2:10", "U+0000"),
        (b"name: \xff\xfe\x00", "", "is not UTF-8"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", ":1:4", "anchors and aliases are not read"),
        (b"a: &a\n  b: *a\n", ":1:4", "anchors and aliases are not read"),
        (b"a: &a x\nb: &a y\n", ":2:4", "anchors and aliases are not read"),
        (b"a: *nowhere\n", ":1:4", "is not YAML"),
        (b"a: " + b"[" * 20000 + b"]" * 20000, ":1:", "is nested too deeply"),
        (b"".join(b" " * n + b"a:\n" for n in range(500)), ":", "is nested too deeply"),
        (b"overrides: {a: {b: " + b"[" * 60 + b"]" * 60 + b"}}\n", ":1:", "is nested too deeply"),
        (b"name: x\n? [a, b]\n: c\n", ":2:3", "write a word before the colon"),
        (b"name: !!python/object/apply:os.system [true]\n", "", ""),
        (b"name: !!int x\n", ":1:", "cannot be read as int"),
        (b"spaces: {projects: {a: {ends: 2026-13-45}}}\n", ":1:", "cannot be read as timestamp"),
        (b"name: a\nname: b\n", ":2:1", "is written twice"),
    ],
)
def test_a_file_that_is_no_spec_is_told_with_a_place(hdh, tmp_path, content, place, says):
    file = tmp_path / "spec.yaml"
    file.write_bytes(content)
    answer = hdh("validate", file)
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert f"{file}{place}" in answer.err
    assert says in answer.err
    assert len(answer.err) < 10_000


def test_a_bomb_of_aliases_is_refused_before_it_grows(hdh, tmp_path):
    file = tmp_path / "bomb.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    file.write_text("\n".join(lines))
    answer = hdh("validate", file)
    assert answer.code == 2
    assert answer.err.count("has an anchor") == 30, "each told once"


def test_a_folder_and_a_file_that_is_not_there_are_told_by_their_names(hdh, tmp_path):
    for file, why in ((tmp_path, "Is a directory"), (tmp_path / "none.yaml", "No such file")):
        answer = hdh("validate", file)
        assert (answer.code, answer.out) == (2, "")
        assert f"{file} cannot be read ({why}" in answer.err


def test_a_mark_of_byte_order_is_no_mistake(hdh, small, tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + small.read_bytes())
    assert hdh("validate", file).code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan", "SPEC", "--on", "azure:francecentrl"), "did you mean azure:francecentral?"),
        (("plan", "SPEC", "--on", "azure:francecentral", "--today", "tomorrow"), "is no day"),
        (("compare", "SPEC", "--require", "deployabel"), "did you mean deployable?"),
        (("compare",), "SPEC is missing"),
        (("compare", "SPEC", "--deployed", "ovhcloud-GRB"), "did you mean ovhcloud-GRA?"),
        (("validate", "SPEC", "--format", "markdown"), "'markdown' is not one of 'text', 'json'"),
        (("plan", "SPEC", "--format", "markdown"), "'markdown' is not one of 'text', 'json'"),
        (("compare", "SPEC", "--format", "html"), "'html' is not one of 'text', 'json', 'markdown'"),
        (("plan", "SPEC", "--out", "one.json"), "names one file, and there are 3 targets"),
        (("plan", "SPEC", "--on", "ovhcloud:GRA", "--out", "SPEC/plan.json"), "cannot be written"),
        (("init", "SPEC"), "is there already"),
        (("init", "SPEC/inside.yaml"), "cannot be written"),
        (("lock", "SPEC", "--lock", "SPEC/inside.lock"), "cannot be"),
        (("sandbox", "env", "azure:francecentrl"), "did you mean azure:francecentral?"),
        (("frobnicate",), "No such command"),
        (("validate",), "Missing argument 'SPEC'"),
        (("validate", "SPEC", "--onn", "x"), "No such option"),
    ],
)
def test_a_wrong_call_is_told_with_what_is_right(hdh, small, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "platform.yaml"
    file.write_bytes(small.read_bytes())
    answer = hdh(*(word.replace("SPEC", str(file)) for word in words))
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert says in answer.err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["platform.yaml"]


def test_a_damaged_lock_is_wrong_input(hdh, small, tmp_path):
    lock = tmp_path / "damaged.lock"
    lock.write_text("addresses: [1, 2\n")
    answer = hdh("plan", small, "--on", "ovhcloud:GRA", "--lock", lock)
    assert (answer.code, answer.out) == (2, "")
    assert f"{lock}:" in answer.err

"""Bad input through the command line: all problems at once, with their places; exit code 2, nothing written."""

import json
import re
import tracemalloc

import pytest

from hdh_infra.planning.lock_file import lock_file
from tests.growth import calls

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
            "allowed: ",
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
        (b"%YAML 1.1\n---\nname: x\n", ":1:1", "says YAML 1.1, and is read as 1.2"),
        (b"name: [a, b:]\n", ":1:12", "a colon after a name has a space behind it"),
        (b"name: @x\n", ":1:7", "write the value in quotes"),
        (b"name: x\n<<<<<<< HEAD\ntags: {a: b}\n=======\n>>>>>>> other\n", ":2:1", "is an unresolved merge"),
        (b"name: x\r\ntags: {a: \x1b[31mred}\r\n", ":2:11", "is not text: it has the control character U+001B"),
        ("name: x\n# seen as a remark\u2028flows: []\n".encode(), ":2:19", "U+2028"),
        ("name: x\n# \u202eseen backwards\n".encode(), ":2:3", "U+202E"),
        (b'name: x\ntags: {a: "\\e[2J"}\n', ":2:11 tags.a:", "is not text: it has the control character U+001B"),
        (b'name: x\ntags: {"\\e[2J": b}\n', ":2:8 tags", "is not text: it has the control character U+001B"),
        (b"\x7fELF\x02\x01\x01\x00", ":1:1", "U+007F"),
        (b"name: x\nzones: {a\x00b: {}}\n", ":2:10", "U+0000"),
        (b"name: \xff\xfe\x00", ":1:7", "is not UTF-8"),
        (b"name: x\ntags: {a: \xc3\xa9\xe9}\n", ":2:12", "is not UTF-8"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", ":1:4", "anchors and aliases are not read"),
        (b"a: &a\n  b: *a\n", ":1:4", "anchors and aliases are not read"),
        (b"a: &a x\nb: &a y\n", ":2:4", "anchors and aliases are not read"),
        (b"a: *nowhere\n", ":1:4", "is not YAML"),
        (b"*nowhere : a\n", ":1:1", "is not YAML"),
        (b"&a a: b\n", ":1:1", "anchors and aliases are not read"),
        (b"a: &a [*a]\n", ":1:4", "anchors and aliases are not read"),
        (b"a: &a {b: &b {c: *a, d: *b}}\n", ":1:11", "anchors and aliases are not read"),
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


@pytest.mark.parametrize("size", [5_000_001, 100_000_000])
def test_a_file_of_any_size_is_refused_by_its_first_bytes(hdh, tmp_path, size):
    file = tmp_path / "spec.yaml"
    with file.open("wb") as stream:
        stream.write(b"name: x\n")
        stream.truncate(size)
    hdh("validate", file)  # imports what it needs
    tracemalloc.start()
    answer = hdh("validate", file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 25_000_000
    assert (answer.code, answer.out) == (2, "")
    assert f"{file}:1:1 has more than 5000000 bytes: a spec has at most so many" in answer.err


def test_a_file_without_an_end_is_refused_as_well(hdh):
    assert "has more than 5000000 bytes" in hdh("validate", "/dev/zero").err


@pytest.mark.parametrize("item", ["a", "{a: b}"])
def test_a_file_of_very_many_values_is_refused_while_it_is_read(hdh, tmp_path, item):
    file = tmp_path / "spec.yaml"
    file.write_text(f"overrides: [{', '.join([item] * 600_000)}]\n")
    answer = hdh("validate", file)
    assert (answer.code, answer.out) == (2, "")
    assert "has more than 500000 values: a spec has at most so many" in answer.err


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


def seen(answer):
    """An answer that no terminal obeys: one line a problem, each short, nothing that is not seen."""
    assert (answer.code, answer.out) == (2, "")
    assert all(line.isprintable() for line in answer.err.split("\n"))
    assert "Traceback" not in answer.err
    assert max(map(len, answer.err.split("\n"))) < 2500
    return answer.err


NO_NAMES = [
    "", " ", "my lake", "la'ke", 'la"ke', "a/b", "a.b", "a:b", "a#b", "..", "-", "--", "a--b", "a-", "%", "[x]", "{x}", "*", "&a", "!x",
    "Lake", "été", "e\u0301", "\uff41", "湖", "🙂", "a\u200db", "\u200fa", "a\u00a0b", "1", "1e3", "0x10", "~", "2026-01-01", "12:30:45",
    "x" * 33, "x" * 1000, "a b " * 200, "[red]x[/red]", "{0}", "%s", "$(x)", "`x`", "<<", "=", "a\tb",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_is_told_wherever_it_stands(hdh, tmp_path, name):
    file = tmp_path / "spec.yaml"
    written = json.dumps(name, ensure_ascii=False)
    machine = "{vcpus: 1, memory: 1GB}"
    file.write_text(
        "name: x\nresidency: {countries: [FR]}\n"
        f"keys:\n  {written}: {{}}\n"
        f"zones:\n  {written}: {{}}\n"
        f"  lake:\n    stores:\n      {written}: {{size: 1TB}}\n    machines:\n      {written}: {machine}\n"
        f"spaces:\n  projects:\n    {written}: {{}}\n"
        f"{written}: 1\n"
        "waivers:\n"
        "  - {requirement: store.encryption, element: '**', target: 'ovhcloud:GRA', accept: x, reason: it is only a test, until: 2030-01-01}\n"
        "  - {requirement: [], element: '**', target: [], accept: x, reason: it is only a test, until: 2030-01-01}\n",
        encoding="utf-8",
    )
    err = seen(hdh("validate", file))
    for line in (4, 6, 9, 11, 14):
        assert re.search(
            rf"^{re.escape(str(file))}:{line}:\d+ .* is not a name: 1 to 32 small letters", err, re.MULTILINE
        ), line
    assert re.search(rf"^{re.escape(str(file))}:15:1 .* is no field here", err, re.MULTILINE)


@pytest.mark.parametrize("name", ["2026-01-01", "1", "12:30:45", "1.5", "~", "0o14", "-1", ".inf", "''"])
def test_a_name_without_quotes_is_the_text_that_is_written(hdh, tmp_path, name):
    file = tmp_path / "spec.yaml"
    file.write_text(f"name: x\nresidency: {{countries: [FR]}}\nzones:\n  {name}: {{}}\n")
    shown = "''" if name == "''" else repr(name)
    assert f"{file}:4:3 zones" in (err := seen(hdh("validate", file)))
    assert f"{shown} is not a name" in err


@pytest.mark.parametrize("name", ["yes", "no", "on", "off", "true", "null", "y"])
def test_words_that_are_values_elsewhere_are_names(hdh, tmp_path, name):
    """Invariant: a name means what is written, whatever a value of the same letters would mean."""
    file = tmp_path / "spec.yaml"
    file.write_text(f"name: {name if name not in {'true', 'null'} else 'x'}\nresidency: {{countries: [FR]}}\nzones:\n  {name}: {{}}\n")  # fmt: skip
    assert hdh("validate", file).code == 0


@pytest.mark.parametrize(
    "written",
    [r'"\e[31m"', r'"a\0b"', r'"a\nb"', r'"a\rb"', r'"\u202Ea"', r'"\u2066a"', r'"\N"', r'"\L"', r'"\x7f"', '"\x1b[2J"', "\u202ea", "\ufeffa"],
)  # fmt: skip
def test_a_name_that_would_drive_a_terminal_is_told_escaped(hdh, tmp_path, written):
    file = tmp_path / "spec.yaml"
    file.write_text(f"name: x\nresidency: {{countries: [FR]}}\nzones:\n  {written}: {{}}\n", encoding="utf-8")
    assert f"{file}:4:" in seen(hdh("validate", file))


@pytest.mark.parametrize("form", ["  {}: {{}}\n", "  ? {}\n  : {{}}\n"])
def test_a_name_of_ten_thousand_characters_is_told_shortly(hdh, tmp_path, form):
    file = tmp_path / "spec.yaml"
    file.write_text(f"name: x\nresidency: {{countries: [FR]}}\nzones:\n{form.format('x' * 10_000)}")
    err = seen(hdh("validate", file))
    assert f"{file}:4:" in err
    assert "at most 1024 characters" in err or "1 to 32 small letters" in err


def test_a_value_of_ten_thousand_characters_is_told_shortly(hdh, tmp_path):
    file = tmp_path / "spec.yaml"
    long = "x" * 10_000
    file.write_text(
        f"name: {long}\nresidency: {{countries: [{long}]}}\nflows: [{{from: {long}, to: {long}, ports: [{long}]}}]\n"
        f"targets: {{{long[:900]}: {{}}}}\nwaivers: [{{requirement: {long}, element: {long}, target: {long}, until: {long}}}]\n"
    )
    err = seen(hdh("validate", file))
    assert len(err) < 30_000


def test_a_file_whose_own_name_would_drive_a_terminal_is_named_escaped(hdh, tmp_path):
    file = tmp_path / "a\x1b[31m\nb.yaml"
    file.write_text("name: 1\n")
    assert "a\\x1b[31m\\nb.yaml:1:1 name:" in seen(hdh("validate", file))


def test_the_work_of_telling_a_mistake_does_not_grow_with_the_other_mistakes(hdh, tmp_path):
    file = tmp_path / "spec.yaml"
    stores = "".join(f"      s{index}: {{size: 1TB}}\n" for index in range(100))
    zones = f"name: x\nresidency: {{countries: [FR]}}\nzones:\n  lake:\n    stores:\n{stores}"

    def work(flows):
        wrong = "".join(
            f"  - {{from: zone/lak{index}, to: zone/lake/store/s{index}x, ports: [443]}}\n" for index in range(flows)
        )
        file.write_text(f"{zones}flows:\n{wrong}")
        err = []
        spent = calls(lambda: err.append(seen(hdh("validate", file))))
        assert f"{2 * flows} problems; nothing was done" in err[0]
        return spent

    work(1)  # imports what it needs
    assert work(500) < 12 * work(50)


@pytest.fixture
def locked(hdh, small, tmp_path):
    file = tmp_path / "platform.yaml"
    file.write_bytes(small.read_bytes())
    assert hdh("lock", file).code == 0
    return file


@pytest.mark.parametrize("command", ["plan", "lock", "assess", "compare", "preview", "up"])
def test_a_lock_of_another_platform_is_told_with_its_line(hdh, locked, command):
    locked.write_text(locked.read_text().replace("name: small", "name: other"))
    before = lock_file(locked).read_bytes()
    err = seen(hdh(command, locked, "--on", "ovhcloud:GRA"))
    line = 1 + [one.split(":")[0] for one in before.decode().splitlines()].index("platform")
    assert f"{lock_file(locked)}:{line}:1 platform: is of small, not of other: use the lock of this platform" in err
    assert lock_file(locked).read_bytes() == before


def test_a_lock_that_a_merge_left_with_markers_is_wrong_input_and_stays_as_it_is(hdh, locked):
    lock = lock_file(locked)
    lock.write_text(lock.read_text().replace("  zone/lake: ", "<<<<<<< HEAD\n  zone/lake: "))
    before = lock.read_bytes()
    for command in ("plan", "lock", "up"):
        err = seen(hdh(command, locked, "--on", "ovhcloud:GRA"))
        assert (
            "is an unresolved merge (<<<<<<<): keep the lines of both sides, delete the markers, and run `hdh lock`"
            in err
        )
    assert lock.read_bytes() == before


def test_an_included_file_is_told_like_any_other(hdh, small, tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(small.read_text().replace("size: 2TB", "sise: 2TB"))
    env = tmp_path / "env.yaml"
    env.write_text("include: base.yaml\nzones: {lake: {machines: {spark: {vcpus: 4000}}}}\n")
    err = seen(hdh("validate", env))
    line = 1 + ["sise" in one for one in base.read_text().splitlines()].index(True)
    assert f"{base}:{line}:" in err
    assert "did you mean size?" in err
    assert f"{env}:2:" in err
    base.write_text(small.read_text())
    env.write_text("include: base.yaml\nname: other\n")
    assert hdh("validate", env, "--on", "azure:francecentral").code == 0
    assert hdh("lock", env).code == 0
    assert (tmp_path / "env.lock").exists()

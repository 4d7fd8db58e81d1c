"""A description built from files is the same as one that is written in one, and each problem is told in the right file."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.errors import SpecError
from hdh_infra.model.compose import MAX_LEVELS
from hdh_infra.model.load import load
from hdh_infra.model.platform import Platform
from hdh_infra.model.schema import json_schema
from hdh_infra.planning.lock_file import lock_file
from hdh_infra.testing.strategies import platforms

BASE = """\
name: clinic
residency: {countries: [FR]}
keys: {main: {protection: hsm}}
zones:
  lake:
    stores:
      data: {size: 10TB, key: main}
    machines:
      worker: {vcpus: 2, memory: 4GB, disk: {size: 50GB, key: main}}
flows:
  - {from: zone/lake, to: zone/lake/store/data, ports: [443]}
"""
OVER = """\
include: base.yaml
name: clinic-test
zones:
  lake:
    machines:
      worker: {vcpus: 8}
      other: {vcpus: 1, memory: 2GB, disk: {key: main}}
flows:
  - {from: zone/lake/machine/other, to: zone/lake/machine/worker, ports: [22]}
"""
WHOLE = """\
name: clinic-test
residency: {countries: [FR]}
keys: {main: {protection: hsm}}
zones:
  lake:
    stores:
      data: {size: 10TB, key: main}
    machines:
      worker: {vcpus: 8, memory: 4GB, disk: {size: 50GB, key: main}}
      other: {vcpus: 1, memory: 2GB, disk: {key: main}}
flows:
  - {from: zone/lake, to: zone/lake/store/data, ports: [443]}
  - {from: zone/lake/machine/other, to: zone/lake/machine/worker, ports: [22]}
"""


@pytest.fixture
def put(tmp_path):
    """Write files, by name and text; the path of the last."""

    def write(**files):
        for name, text in files.items():
            file = tmp_path / (name.replace("__", "/") + ".yaml")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return file

    return write


def problems_of(file):
    """What is told, without the folder that the files lie in."""
    with pytest.raises(SpecError) as caught:
        load(file)
    return [str(one).replace(f"{file.parent}/", "") for one in caught.value.problems]


def test_a_platform_of_two_files_is_the_one_that_is_written_in_one(put):
    assert load(put(base=BASE, env=OVER)) == load(put(whole=WHOLE))


def test_a_plan_does_not_know_of_how_many_files_its_description_was_made(put):
    import datetime

    import hdh_infra as hdh

    def planned(file):
        return hdh.plan(load(file), "azure:francecentral", today=datetime.date(2026, 11, 23)).dumps()

    assert planned(put(base=BASE, env=OVER)) == planned(put(whole=WHOLE))


def test_the_lock_lies_beside_the_first_file_and_names_are_relative_to_the_file_that_has_them(put):
    file = put(common__keys="keys: {main: {protection: hsm}}\n", common__base="include: keys.yaml\n" + BASE, env="include: [common/base.yaml]\n")  # fmt: skip
    platform = load(file)
    assert platform.source == file
    assert lock_file(platform.source).name == "env.lock"


def test_an_absolute_name_is_allowed(put, tmp_path):
    base = put(base=BASE)
    assert load(put(env__env=f"include: {base}\n")) == load(base)


def test_later_files_lie_over_earlier_ones_and_the_own_content_over_all(put):
    platform = load(
        put(
            base=BASE,
            first="tags: {a: '1', b: '1', c: '1'}\n",
            second="tags: {b: '2', c: '2'}\n",
            env="include: [base.yaml, first.yaml, second.yaml]\ntags: {c: '3'}\n",
        )
    )
    assert platform.tags == {"a": "1", "b": "2", "c": "3"}


def test_a_null_takes_out_what_it_lies_over(put):
    platform = load(
        put(
            base=BASE + "tags: {a: '1', b: '1'}\n",
            env="include: base.yaml\ntags: {a: null}\nflows: null\nzones: {lake: {machines: {worker: ~}, stores: {data: {key: }}}}\n",
        )
    )
    assert platform.tags == {"b": "1"}
    assert platform.flows == ()
    assert not platform.zones["lake"].machines
    assert platform.zones["lake"].stores["data"].key is None


def test_what_was_taken_out_can_be_written_anew_further_up(put):
    platform = load(
        put(
            base=BASE,
            middle="include: base.yaml\nflows: null\n",
            env="include: middle.yaml\nflows: [{from: zone/lake, to: zone/lake/store/data, ports: [8443]}]\n",
        )
    )
    assert [flow.ports for flow in platform.flows] == [(8443,)]


def test_a_null_that_takes_a_default_out_of_a_space_stays_a_value(put):
    """Invariant: where the model gives null a meaning, a file that includes others can say it as well."""
    from hdh_infra.model.compose import compose

    spaces = "spaces: {defaults: {stores: {work: {size: 1TB, key: main}}}, projects: {a: {}}}\n"
    value, _ = compose(
        put(base=BASE + spaces, env="include: base.yaml\nspaces: {projects: {a: {stores: {work: null}}}}\n")
    )
    assert value["spaces"]["projects"] == {"a": {"stores": {"work": None}}}
    over = "include: base.yaml\noverrides: {zone/lake/network: {description: null, inside: {tag: null}}}\n"
    value, _ = compose(put(base=BASE, env=over))
    assert value["overrides"] == {"zone/lake/network": {"description": None, "inside": {"tag": None}}}


def test_nulls_in_the_items_of_a_list_are_values(put):
    waiver = "{requirement: key.protection, element: key/main, target: 'azure:francecentral', accept: null, reason: nobody could find it out, until: 2030-01-01}"
    (found,) = load(put(base=BASE, env=f"include: base.yaml\nwaivers: [{waiver}]\n")).waivers
    assert found.accept is None


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"env": "include: bass.yaml\n"}, "env.yaml:1:1 include: bass.yaml cannot be read (No such file or directory): name a file; did you mean base.yaml?"),
        ({"env": "include:\n  - base.yaml\n  - none\n"}, "env.yaml:3:5 include[1]: none cannot be read"),
        ({"folder__a": BASE, "env": "include: folder\n"}, "env.yaml:1:1 include: folder is a folder: name a file of it; allowed: a.yaml"),
        ({"env": "include: env.yaml\n"}, "env.yaml:1:1 include: env.yaml would include itself, env.yaml -> env.yaml"),
        ({"other": "include: env.yaml\n", "env": "include: other.yaml\n"}, "other.yaml:1:1 include: env.yaml would include itself, env.yaml -> other.yaml -> env.yaml"),
        ({"env": "include: [base.yaml, base.yaml]\n"}, "env.yaml:1:22 include[1]: base.yaml is included already, in env.yaml:1, and its lists would be added twice"),
        ({"left": "include: base.yaml\n", "right": "include: base.yaml\n", "env": "include: [left.yaml, right.yaml]\n"}, "right.yaml:1:1 include: base.yaml is included already, in left.yaml:1"),
        ({"env": "include: []\n"}, "env.yaml:1:1 include: names no file"),
        ({"env": "include: [base.yaml, '', 3, {a: b}]\n"}, "env.yaml:1:22 include[1]: found '': write the name of a file"),
        ({"env": "include: [base.yaml, '', 3, {a: b}]\n"}, "env.yaml:1:26 include[2]: found 3: write"),
        ({"env": "include: {file: base.yaml}\n"}, "env.yaml:1:1 include: found a dict: write"),
        ({"env": "include:\nname: x\n"}, "env.yaml:1:1 include: found None: write"),
        ({"bad": "- a\n", "env": "include: bad.yaml\n"}, "bad.yaml:1:1 holds a list: a spec is a mapping, and so is a part of one"),
        ({"bad": "a: [\n", "env": "include: bad.yaml\n"}, "bad.yaml:2:1 is not YAML"),
        ({"env": "include: base.yaml\ntags: {a: null}\n"}, "env.yaml:2:8 tags.a: takes out nothing"),
        ({"env": "include: base.yaml\nflows: []\n"}, "env.yaml:2:1 flows: adds nothing to the list in base.yaml:10: to take that out, write null"),
        ({"more": "flows: null\n", "env": "include: [base.yaml, more.yaml]\n"}, "more.yaml:1:1 flows: takes out what base.yaml:10 has: only a file that includes that one can"),
        ({"env": "includ: base.yaml\n" + BASE}, "env.yaml:1:1 includ: 'includ' is no field here; did you mean include?"),
        ({"env": "include: base.yaml\nzones: {lake: {include: base.yaml}}\n"}, "env.yaml:2:16 zones.lake.include: 'include' is no field here"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_together_is_told_at_the_line_that_asks_for_it(put, files, told):
    file = put(base=BASE, **files)
    found = problems_of(file)
    assert any(one.startswith(told) for one in found), found


def test_files_lie_at_most_so_many_levels_deep(put):
    chain = {f"f{level}": f"include: f{level + 1}.yaml\n" for level in range(MAX_LEVELS)}
    deepest = {f"f{MAX_LEVELS}": BASE}
    assert load(put(**deepest, **dict(reversed(chain.items())))).name == "clinic"
    more = {f"f{MAX_LEVELS}": f"include: f{MAX_LEVELS + 1}.yaml\n", f"f{MAX_LEVELS + 1}": BASE}
    found = problems_of(put(**more, **dict(reversed(chain.items()))))
    assert found == [f"f{MAX_LEVELS}.yaml:1:1 include: f{MAX_LEVELS + 1}.yaml lies deeper than {MAX_LEVELS} levels of files: include it further up"]  # fmt: skip


def test_a_pipe_is_not_waited_for(put, tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.yaml")
    (found,) = problems_of(put(env="include: pipe.yaml\n"))
    assert "pipe.yaml is no regular file" in found


def test_every_problem_is_told_in_the_file_that_has_it_file_by_file(put):
    found = problems_of(
        put(
            base=BASE.replace("size: 10TB", "sise: 10TB").replace("ports: [443]", "ports: [0]"),
            env=OVER.replace("vcpus: 8", "vcpus: many").replace("machine/other,", "machine/othre,"),
        )
    )
    places = [one.split(" ")[0] for one in found]
    assert places == ["env.yaml:6:16", "env.yaml:9:6", "base.yaml:7:7", "base.yaml:7:14", "base.yaml:11:57"], found
    assert "flows[1].from: no element is 'zone/lake/machine/othre'" in found[1]
    assert "flows[0].ports[0]: 0 is not a port" in found[4]


def test_problems_of_the_text_of_all_files_are_told_at_once(put):
    found = problems_of(put(a="a: [\n", b="a: *b\n", env="include: [a.yaml, b.yaml, c.yaml]\nname: &x y\n"))
    assert [one.split(" ")[0] for one in found] == ["env.yaml:2:7"], "its own text first: what it includes is not known"
    found = problems_of(put(a="a: [\n", b="a: *b\n", env="include: [a.yaml, b.yaml, c.yaml]\n"))
    assert [one.split(" ")[0] for one in found] == ["env.yaml:1:27", "a.yaml:2:1", "b.yaml:1:4"]


def test_what_the_whole_lacks_is_told_at_the_first_file(put):
    found = problems_of(put(base="tags: {a: b}\n", env="include: base.yaml\n"))
    assert found == [
        "env.yaml:1:1 name: is missing: it has no default",
        "env.yaml:1:1 residency: is missing: it has no default",
    ]


def test_the_files_of_the_document_are_a_description(put):
    document = Path(__file__).parents[2] / "docs" / "spec.md"
    section = document.read_text(encoding="utf-8").partition("## Built from parts")[2].partition("\n| ")[0]
    base, test = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    ")).split("# test.yaml")
    platform = load(put(base=base, test=f"# {test}"))
    assert (platform.name, platform.egress, len(platform.flows)) == ("clinic-test", (), 1)
    assert (platform.zones["lake"].machines["spark"].count, platform.zones["lake"].machines["spark"].vcpus) == (1, 16)


def split(value, choices):
    """A value in two parts that give it again: each name, and each list from some item on, in one or the other."""
    base, over = {}, {}
    for name, item in value.items():
        if isinstance(item, dict) and item and next(choices) % 2:
            base[name], over[name] = split(item, choices)
        elif isinstance(item, list) and len(item) > 1:
            cut = 1 + next(choices) % (len(item) - 1)
            base[name], over[name] = item[:cut], item[cut:]
        else:
            (base if next(choices) % 2 else over)[name] = item
    return base, over


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(platforms(), st.randoms(use_true_random=False))
def test_however_a_description_is_cut_in_two_it_stays_the_same(tmp_path, described, chance):
    whole = described.model_dump(mode="json", by_alias=True, exclude_none=True)
    base, over = split(whole, iter(lambda: chance.randrange(1000), None))
    (tmp_path / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    (tmp_path / "env.yaml").write_text(json.dumps({"include": "base.yaml", **over}), encoding="utf-8")
    (tmp_path / "whole.yaml").write_text(json.dumps(whole), encoding="utf-8")
    assert load(tmp_path / "env.yaml") == load(tmp_path / "whole.yaml") == Platform.model_validate(whole)


def test_the_schema_allows_what_the_loader_reads_and_drops_nothing():
    schema, model = json_schema(), Platform.model_json_schema(by_alias=True)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "Platform"
    assert [one["type"] for one in schema["properties"]["include"]["anyOf"]] == ["string", "array"]
    assert {**schema["properties"], "include": None} == {**model["properties"], "include": None}
    assert "may leave required fields out" in schema["description"]
    assert set(model) <= set(schema)
    assert schema["required"] == model["required"]

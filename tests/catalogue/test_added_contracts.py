"""Contracts, changes and simulated packages that come with an added cloud: they count as far as they are right, and are named."""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra import contracts
from hdh_infra.catalogue.load import targets
from hdh_infra.compare import assessment, compare_plans
from hdh_infra.contracts import added, extract
from hdh_infra.contracts.changing import CONTRACTS
from hdh_infra.errors import SpecError
from hdh_infra.graph.diff import Effect
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.text import text_of
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from tests.adding import EXAMPLE, ROOT, TARGET, hdh_says, other, written

TODAY = datetime.date(2026, 11, 26)
PASSAGE = "saintexemple:index/passage:Passage"
OWNER = "hdh-cloud-saintexemple 0.1.0"
BROUGHT = EXAMPLE / "hdh_cloud_saintexemple"
SIMULATED = {
    f"simulator/{name}": (BROUGHT / "simulator" / name).read_text(encoding="utf-8")
    for name in ("saintexemple.yaml", "saintexemple.rules.yaml")
}
FILES = {
    f"contracts/{name}": (BROUGHT / "contracts" / name).read_text(encoding="utf-8")
    for name in ("saintexemple.json", "changes.json")
}
CODE = (BROUGHT / "__init__.py").read_text(encoding="utf-8")


def small():
    return hdh.load(ROOT / "examples" / "small.yaml")


def copied(folder: Path, files: dict, name="saintexemple", package="other-clouds", module="other_cloud") -> Path:
    """The example under another package's name, with other contracts."""
    code = CODE.replace("hdh_cloud_saintexemple", module).replace('name="saintexemple"', f'name="{name}"')
    more = {one: (BROUGHT / one).read_text(encoding="utf-8") for one in ("credentials.py", "network.py")}
    return other(folder, name, package=package, module=module, code=code, text=written(name), files={**more, **files})


def test_every_type_of_the_example_has_a_contract_and_its_plan_says_whose_it_is(example, on_path):
    assert contracts.contract(PASSAGE) is None
    on_path(example)
    plan = make_plan(small(), TARGET, today=TODAY)
    assert plan.unverified == ()
    assert [(one.package, one.cloud, one.contracts, one.wrong) for one in plan.added] == [(OWNER, True, (PASSAGE,), "")]
    words = f"from {OWNER}, and not from hdh_infra: the cloud's facts, its resources and how they are read back; the contract of {PASSAGE}"
    assert plan.added_words() == (words,)
    assert words in text_of(plan)
    assert Plan.from_json(json.loads(plan.dumps())).added == plan.added
    assert words in compare_plans(small(), [plan]).to_json()["remarks"][TARGET]
    assert words in json.dumps(
        assessment(small(), [plan], today=TODAY).to_json()["targets"][TARGET], ensure_ascii=False
    )
    # Of a part, what it has itself.
    assert {part.plan.added_words() for part in plan.parts()} == {(words,)}


def test_the_sheet_of_an_offer_says_whose_facts_they_are(example):
    (sheet,) = json.loads(hdh_says(example, "targets", TARGET, "--format", "json").stdout)
    assert sheet["added_by"] == OWNER
    assert f"from {OWNER}, and not from hdh_infra" in hdh_says(example, "targets", TARGET).stdout
    (sheet,) = json.loads(hdh_says(example, "targets", "openstack:RegionOne", "--format", "json").stdout)
    assert sheet["added_by"] is None


def test_a_plan_on_a_cloud_of_this_package_says_nothing_of_others_that_are_installed(example, on_path):
    before = make_plan(small(), "openstack:RegionOne", today=TODAY).dumps()
    on_path(example)
    assert make_plan(small(), "openstack:RegionOne", today=TODAY).dumps() == before
    assert '"added"' not in before


def test_a_wrong_property_of_its_type_is_told_as_of_any_other(example, on_path, tmp_path):
    on_path(example)
    found = {one.path: one.kind for one in contracts.check(PASSAGE, {"range": 5, "inbond": False})}
    assert found == {"range": "type", "inbond": "unknown", "networkId": "missing"}
    text = (ROOT / "examples" / "small.yaml").read_text(encoding="utf-8")
    spec = tmp_path / "small.yaml"
    spec.write_text(f"{text}\noverrides:\n  zone/lake/passage: {{inbound: 'no'}}\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"Passage: inbound is str 'no'"):
        make_plan(hdh.load(spec), TARGET, today=TODAY)


def test_what_a_change_does_is_its_packages_word(example, on_path):
    assert CONTRACTS.judge(PASSAGE, "range", ()).effect is Effect.unknown
    on_path(example)
    assert CONTRACTS.judge(PASSAGE, "range", ()).effect is Effect.replace
    assert CONTRACTS.judge(PASSAGE, "inbound", ()).effect is Effect.update


def test_what_is_read_back_of_its_passages_is_their_meaning(example, on_path):
    from dataclasses import replace

    from hdh_infra.planning.assemble import observe_plan

    on_path(example)
    plan = make_plan(small(), TARGET, today=TODAY)
    assert not [one for one in observe_plan(plan, small()).remarks if "passage" in one]
    for changed, told in (
        ({"inbound": True}, "lets the hospital's own networks in"),
        ({"range": "10.0.0.0/8"}, "its network does not have"),
    ):
        nodes = tuple(
            replace(node, properties={**node.properties, **changed}) if node.path == "zone/lake/passage" else node
            for node in plan.nodes
        )
        (remark,) = [one for one in observe_plan(replace(plan, nodes=nodes), small()).remarks if "passage" in one]
        assert remark.startswith("zone/lake/passage ")
        assert told in remark


def test_the_contract_of_the_example_is_what_the_documented_command_makes(tmp_path, capsys, monkeypatch):
    words = ["extract", "schema", str(EXAMPLE / "saintexemple.schema.json"), "--into", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    extract.main()
    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert made["saintexemple.json"] == FILES["contracts/saintexemple.json"]
    assert json.loads(made["changes.json"])["tokens"] == json.loads(FILES["contracts/changes.json"])["tokens"]
    assert "it does not count" in capsys.readouterr().out


def test_what_the_example_signs_in_to_and_needs_is_asked_for_as_any_other_clouds(example):
    said = hdh_says(example, "credentials", "examples/small.yaml", "--on", TARGET, "--format", "json").stdout
    assert "SAINTEXEMPLE_TOKEN" in said
    assert "passages:write" in said


@pytest.mark.parametrize(
    ("file", "change", "place", "told"),
    [
        ("saintexemple.json", lambda text: text[:-20], "contracts/saintexemple.json:1:", "is not JSON"),
        ("saintexemple.json", lambda text: text.replace('"boolean"', '"bool"'), f"tokens.{PASSAGE}.inputs.inbound.type", "did you mean boolean?"),
        ("saintexemple.json", lambda text: text.replace('"version":', '"version":"0","version":'), " version", "is said twice"),
        ("saintexemple.json", lambda _: "[" * 100_000, "contracts/saintexemple.json", "nested too deeply"),
        ("saintexemple.json", lambda _: b"\xff\xfe", "contracts/saintexemple.json", "is not a text in UTF-8"),
        ("changes.json", lambda text: text.replace('"range"', '"rnge"'), "contracts/changes.json:10:", "did you mean range?"),
        ("changes.json", lambda text: text.replace(PASSAGE, "saintexemple:index/pass:Pass"), "contracts/changes.json:7:", "is a type without a contract"),
        ("openstack.json", lambda _: json.dumps({"version": contracts.version("openstack"), "tokens": {"openstack:compute/instance:Instance": {"inputs": {}, "outputs": {}}}}), "contracts/openstack.json:1:", "is a type that hdh_infra has a contract of"),
    ],
)  # fmt: skip
def test_where_one_thing_is_wrong_none_of_its_contracts_counts_and_everyone_is_told(
    tmp_path, on_path, file, change, place, told
):
    files = {**FILES, f"contracts/{file}": change(FILES.get(f"contracts/{file}", ""))}
    folder = copied(tmp_path, files)
    instance = contracts.contract("openstack:compute/instance:Instance")
    on_path(folder)
    (problem, *_) = added.problems()
    assert place in str(problem), problem
    assert told in str(problem)
    plan = make_plan(small(), TARGET, today=TODAY)
    assert plan.unverified == (PASSAGE,)
    (addition,) = plan.added
    assert addition.contracts == ()
    assert addition.wrong.startswith(f"contracts of other-clouds 1 are left out: other_cloud/contracts/{file}")
    assert str(tmp_path) not in plan.dumps()
    assert addition.wrong in plan.added_words()
    assert addition.wrong in text_of(plan)
    # Every other cloud, and what this package knows, is as it was.
    assert contracts.contract("openstack:compute/instance:Instance") == instance
    assert make_plan(small(), "openstack:RegionOne", today=TODAY).unverified == ()


def test_hdh_tells_it_with_file_and_place_and_no_traceback(tmp_path):
    folder = copied(
        tmp_path, {**FILES, "contracts/changes.json": FILES["contracts/changes.json"].replace('"range"', '"rnge"')}
    )
    shown = hdh_says(folder, "targets", "--format", "json")
    assert shown.returncode == 0
    assert "contracts of other-clouds 1 are left out: other_cloud/contracts/changes.json:10:5" in shown.stderr
    checked = hdh_says(folder, "targets", "--check", "saintexemple", "--format", "json", "--today", "2026-11-26")
    assert checked.returncode == 1
    (problem,) = json.loads(checked.stdout)["problems"]
    assert (problem["line"], problem["file"].endswith("other_cloud/contracts/changes.json")) == (10, True)
    planned = hdh_says(folder, "plan", "examples/small.yaml", "--on", TARGET)
    assert "Traceback" not in planned.stderr
    assert "contracts of other-clouds 1 are left out" in planned.stdout


def test_two_packages_that_say_of_one_type_not_the_same_are_both_unverified(tmp_path, on_path):
    otherwise = FILES["contracts/saintexemple.json"].replace('"boolean"', '"string"')
    first = copied(tmp_path / "a", FILES, "hall1", "a-clouds", "other_a")
    second = copied(tmp_path / "b", {**FILES, "contracts/saintexemple.json": otherwise}, "hall2", "b-clouds", "other_b")
    on_path(first, second)
    assert contracts.contract(PASSAGE) is None
    assert [one.what for one in added.problems(["hall1"])] == [
        "b-clouds 1 has another contract of it: uninstall one of the two packages"
    ]
    assert make_plan(small(), "hall2:dc1", today=TODAY).unverified == (PASSAGE,)


def test_two_packages_that_say_the_same_are_one_contract(tmp_path, on_path):
    first = copied(tmp_path / "a", FILES, "hall1", "a-clouds", "other_a")
    second = copied(tmp_path / "b", FILES, "hall2", "b-clouds", "other_b")
    on_path(first, second)
    assert added.problems() == []
    assert make_plan(small(), "hall2:dc1", today=TODAY).unverified == ()


def test_a_package_may_say_what_changes_of_a_known_type_do_where_nobody_here_does(tmp_path, on_path):
    quota = "openstack:blockstorage/qosAssociationV3:QosAssociationV3"
    assert not contracts.contract(quota).changes_known
    line = json.dumps(
        {
            "as_of": "2026-11-26",
            "sources": {"openstack": "terraform-provider-openstack v3.4.0"},
            "tokens": {quota: {"replace": ["qosId"]}},
        }
    )
    on_path(copied(tmp_path, {"contracts/changes.json": line}))
    assert added.problems() == []
    assert contracts.contract(quota).replace == {"qosId"}
    assert contracts.contract(quota).owner == "other-clouds 1"


def test_contracts_of_a_cloud_that_is_left_out_count_for_nothing(tmp_path, on_path):
    on_path(
        other(tmp_path, "azure", text=written(), files=FILES),
        other(tmp_path / "b", "broken", package="b", module="other_b", text="cloud: [", files=FILES),
    )
    assert added.brought() == ()
    assert contracts.contract(PASSAGE) is None


def test_the_tests_of_contracts_and_of_rules_take_the_example_up_by_themselves(example):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts/test_contracts.py", "tests/sandbox/simulator/test_rules.py",
         "-k", "saintexemple or reference_of_a_contract"],
        check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(example)])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    # One of contracts; of the simulator the two cases of a rule, its types and its outputs.
    assert done.stdout.strip().splitlines()[-1].startswith("5 passed")


def test_the_example_is_played_beside_what_its_kin_is_served_by(example, on_path):
    from hdh_infra.sandbox.box import needs, simulated
    from hdh_infra.sandbox.simulator.added import bridged, known, packages

    before = simulated()
    on_path(example)
    assert needs(Target.parse(TARGET)) == needs(Target.parse("openstack:RegionOne")) | {"simulator"}
    # The plugin that it is told to become is one that runs anyhow.
    assert simulated() == before
    assert bridged()[-1] == packages()[-1] == "saintexemple"
    assert PASSAGE in known("saintexemple").kinds


def test_a_package_with_a_plugin_of_its_own_gets_a_port_after_all_others(tmp_path, on_path):
    from hdh_infra.sandbox.box import needs, simulated

    cloud = SIMULATED["simulator/saintexemple.yaml"]
    alone = cloud[: cloud.index("# It is a Terraform")] + cloud[cloud.index("types:") :]
    before = simulated()
    on_path(
        other(
            tmp_path,
            "other",
            code=CODE,
            text=written(kin=None),
            files={**FILES, **SIMULATED, "simulator/saintexemple.yaml": alone},
        )
    )
    assert needs(Target.parse("other:dc1")) == {"s3", "simulator"}
    assert set(simulated()) - set(before) == {"saintexemple"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"simulator/saintexemple.rules.yaml": "rules: ["}, "while parsing"),
        ({"simulator/saintexemple.rules.yaml": "fixtures: {}"}, "there is no 'rules'"),
        ({"simulator/saintexemple.rules.yaml": SIMULATED["simulator/saintexemple.rules.yaml"].replace("kind: text", "kind: txt")}, "no rule is of the kind 'txt'"),
        ({"simulator/saintexemple.rules.yaml": SIMULATED["simulator/saintexemple.rules.yaml"].replace("    source:", "    sorce:")}, "has no source"),
        ({"simulator/saintexemple.yaml": SIMULATED["simulator/saintexemple.yaml"].replace("1.4.0", "1.3.0")}, "its bridge's version is '1.3.0', and the sandbox has '1.4.0'"),
        ({"contracts/saintexemple.json": "{"}, f"{PASSAGE} has no contract. contracts of other-clouds 1 are left out"),
        ({"simulator/ovh.yaml": SIMULATED["simulator/saintexemple.yaml"]}, "hdh_infra plays ovh itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_told_whoever_asks_for_it_and_nobody_else(tmp_path, on_path, change, told):
    from hdh_infra.sandbox.box import needs, sandbox_targets, simulated

    before = simulated()
    on_path(copied(tmp_path, {**FILES, **SIMULATED, **change}))
    with pytest.raises(SpecError) as caught:
        needs(Target.parse(TARGET))
    assert "the simulator's data of other-clouds 1 cannot be used" in str(caught.value)
    assert told in str(caught.value)
    assert simulated() == before
    assert TARGET in map(str, targets())
    assert {"saintexemple"}.isdisjoint(one.cloud for one in sandbox_targets())


def test_every_file_of_the_example_is_in_what_is_installed():
    """The project file names the data that a built package would otherwise lack."""
    import tomllib

    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["hdh_cloud_saintexemple"]
    packed = {file for pattern in patterns for file in BROUGHT.glob(pattern)}
    assert packed == {file for file in BROUGHT.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}}

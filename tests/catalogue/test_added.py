"""Clouds that other packages add by an entry point: found, held to the same laws, and never in the way of the others."""

import datetime
import json
import os
import shutil
import subprocess
import sys

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue import load
from hdh_infra.catalogue.sources import CATALOGUE
from hdh_infra.clouds import cloud, of, unusable
from hdh_infra.errors import SpecError
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from tests.adding import ROOT, TARGET, hdh_says, other, written

TODAY = datetime.date(2026, 11, 23)
OWN = {"azure", "bleu", "openstack", "ovhcloud"}


def test_the_example_is_found_by_its_entry_point_beside_the_clouds_of_hdh_infra(example, on_path):
    assert TARGET not in map(str, load.targets())
    on_path(example)
    assert set(load.clouds()) == {*load.sources.names()}
    assert {"saintexemple", *OWN} <= set(load.clouds())
    assert load.left_out() == ()
    assert of(Target.parse(TARGET)).name == "saintexemple"


def test_nothing_of_an_added_cloud_is_imported_before_it_is_asked_for(example, on_path):
    on_path(example)
    assert TARGET in map(str, load.targets())
    assert "hdh_cloud_saintexemple" not in sys.modules
    of(Target.parse(TARGET))
    assert "hdh_cloud_saintexemple" in sys.modules


def test_the_example_plans_the_smallest_platform_and_its_own_file_is_what_differs_from_openstack(example, on_path):
    on_path(example)
    plan = make_plan(hdh.load(ROOT / "examples" / "small.yaml"), TARGET, today=TODAY)
    networks = [node for node in plan.nodes if node.type == "openstack:networking/network:Network"]
    assert len(networks) == 4
    assert {node.properties["mtu"] for node in networks} == {1450}
    assert plan.manual[0].who == "the hospital's network team"
    assert {str(row.verdict) for row in plan.verdicts} == {"met", "differs", "not-met"}


def test_hdh_shows_the_example_among_its_targets_and_assesses_it(example):
    shown = hdh_says(example, "targets", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    assert TARGET in shown.stdout
    assessed = hdh_says(example, "assess", "examples/small.yaml", "--on", TARGET, "--format", "json")
    assert json.loads(assessed.stdout)["targets"][TARGET]["verdicts"]


def test_the_conformance_suite_takes_the_example_up_by_itself_and_it_passes(example):
    """The laws of every cloud, on one of another package: nothing in the suite names it."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance", "-k", "saintexemple"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(example)]), "HDH_EXAMPLES": "1"},
    )
    assert done.returncode == 0, done.stdout[-4000:]
    last = done.stdout.strip().splitlines()[-1]
    assert "passed" in last
    assert int(last.split()[0]) >= 30


def test_what_is_broken_is_told_by_targets_and_by_check_and_left_out_of_all(tmp_path):
    folder = other(
        tmp_path / "a", "other", package="a-clouds", module="other_a", code="raise RuntimeError('no')", text=written()
    )
    shutil.copytree(
        other(tmp_path / "b", "azure", package="b-clouds", module="other_b", text=written()), folder, dirs_exist_ok=True
    )
    shown = hdh_says(folder, "targets", "--format", "json")
    assert shown.returncode == 0
    assert "cloud 'azure' of b-clouds is left out" in shown.stderr
    checked = hdh_says(folder, "targets", "--check", "--format", "json", "--today", "2026-11-25")
    assert checked.returncode == 1
    assert [one["file"] for one in json.loads(checked.stdout)["problems"] if one["file"].endswith("-clouds")] == [
        "b-clouds"
    ]
    assessed = hdh_says(folder, "assess", "examples/small.yaml", "--on", "all", "--format", "json")
    assert "other:dc1 is left out: cloud 'other' of a-clouds cannot be used (RuntimeError: no)" in assessed.stderr
    assert {"azure:francecentral", "bleu:bleufrancecentral"} <= set(json.loads(assessed.stdout)["targets"])
    named = hdh_says(folder, "assess", "examples/small.yaml", "--on", "other:dc1")
    assert named.returncode == 2
    assert "update a-clouds, or uninstall it" in " ".join(named.stderr.split())
    assert "Traceback" not in named.stderr


def only(found):
    (one,) = found
    return one


@pytest.mark.parametrize(
    ("name", "code", "text", "told"),
    [
        ("azure", "", "written", "hdh_infra has a cloud of that name. Have it renamed, or uninstall other-clouds."),
        ("other-cloud", "", "written", "its name is no name of a cloud"),
        ("other", "", None, f"there is no {CATALOGUE} in other_cloud. Update other-clouds, or uninstall it."),
        ("other", "", "cloud: [", "Update other-clouds, or uninstall it."),
        ("other", "", "cloud: other", "Update other-clouds, or uninstall it."),
        ("elsewhere", "", "written", "its catalogue.yaml is of a cloud 'other'"),
    ],
)
def test_a_cloud_that_cannot_be_used_is_left_out_and_says_whose_it_is_and_what_to_do(
    tmp_path, on_path, name, code, text, told
):
    on_path(other(tmp_path, name, code=code, text=written() if text == "written" else text))
    found = only(load.left_out())
    assert (found.cloud, found.package) == (name, "other-clouds")
    assert told in str(found)
    # Not one target fewer, and none more.
    assert {target.cloud for target in load.targets()} >= OWN
    assert not {"other", "elsewhere", "other-cloud"} & {target.cloud for target in load.targets()}
    assert make_plan(hdh.load(ROOT / "examples" / "small.yaml"), "azure:francecentral", today=TODAY).nodes


def test_an_entry_point_that_names_no_package_is_left_out(tmp_path, on_path):
    folder = other(tmp_path, "other", text=written())
    shutil.rmtree(folder / "other_cloud")
    on_path(folder)
    assert "there is no package other_cloud" in only(load.left_out()).why


@pytest.mark.parametrize("word", ["lowering", "kin"])
def test_an_offer_whose_lowering_or_kin_is_no_cloud_is_left_out_with_the_nearest_right_word(tmp_path, on_path, word):
    on_path(other(tmp_path, "other", text=written(**{word: "openstak"})))
    assert f"{word} is 'openstak', which is no cloud; did you mean openstack?" in only(load.left_out()).why


def test_a_package_may_add_a_cloud_by_its_file_alone_where_another_clouds_lowering_serves_it(tmp_path, on_path):
    on_path(other(tmp_path, "other", code="raise RuntimeError('never imported')", text=written(lowering="openstack")))
    assert of(Target.parse("other:dc1")) is cloud("openstack")
    assert make_plan(hdh.load(ROOT / "examples" / "small.yaml"), "other:dc1", today=TODAY).nodes


def test_two_packages_that_add_one_name_are_both_left_out(tmp_path, on_path):
    first = other(tmp_path / "a", "other", package="a-clouds", module="other_a", text=written())
    second = other(tmp_path / "b", "other", package="b-clouds", module="other_b", text=written())
    on_path(first, second)
    assert [one.package for one in load.left_out()] == ["a-clouds", "b-clouds"]
    assert "b-clouds adds one of that name, too" in load.left_out()[0].why
    assert "other" not in load.clouds()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise RuntimeError('a driver is missing')", "RuntimeError: a driver is missing"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("x = 1", "has no attribute 'CLOUD'"),
        ("def (", "SyntaxError"),
        ("from hdh_infra.clouds.openstack import CLOUD", "its CLOUD is called 'openstack'"),
    ],
)
def test_a_cloud_whose_code_is_broken_is_told_when_it_is_asked_for_and_not_before(tmp_path, on_path, code, told):
    on_path(other(tmp_path, "other", code=code, text=written()))
    assert "other:dc1" in map(str, load.targets())
    with pytest.raises(SpecError, match="cloud 'other' of other-clouds cannot be used") as caught:
        of(Target.parse("other:dc1"))
    assert told in str(caught.value)
    assert "update other-clouds, or uninstall it" in str(caught.value)
    assert told in unusable(Target.parse("other:dc1"))
    assert unusable(Target.parse("azure:francecentral")) is None


def test_whoever_names_a_cloud_that_is_left_out_is_told_why(tmp_path, on_path):
    on_path(other(tmp_path, "other", text="cloud: other"))
    with pytest.raises(ValueError, match=r"no target is other:dc1; cloud 'other' of other-clouds is left out"):
        load.site(Target.parse("other:dc1"))
    with pytest.raises(SpecError, match=r"no target is 'other:dc1': cloud 'other' of other-clouds is left out"):
        hdh.load(ROOT / "examples" / "small.yaml", on=["other:dc1"])

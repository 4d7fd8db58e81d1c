"""`hdh init` writes an example to start from, whole, with the schema that its first line names."""

import json
import zipfile
from pathlib import Path

import pytest

from hdh_infra.cli import starting

FOLDER = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", starting.EXAMPLES)
def test_what_is_written_is_the_example_byte_for_byte(hdh, tmp_path, name):
    file = tmp_path / "new" / "platform.yaml"
    assert hdh("init", file, "--example", name).code == 0
    assert file.read_bytes() == (FOLDER / f"{name}.yaml").read_bytes()
    assert hdh("validate", file).code == 0


def test_the_simplest_is_written_where_none_is_named(hdh, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert hdh("init").code == 0
    assert (tmp_path / "platform.yaml").read_bytes() == (FOLDER / "small.yaml").read_bytes()


def test_the_schema_that_the_first_line_names_lies_beside_the_file(hdh, tmp_path):
    file = tmp_path / "platform.yaml"
    hdh("init", file)
    named = file.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
    assert (tmp_path / named).read_text(encoding="utf-8") == hdh("schema").out


def test_a_schema_that_is_there_is_kept_and_one_of_another_version_is_told(hdh, tmp_path):
    beside = tmp_path / starting.SCHEMA
    beside.write_text("{}", encoding="utf-8")
    answer = hdh("init", tmp_path / "first.yaml")
    assert answer.code == 0
    assert "of another version" in answer.err
    assert beside.read_text(encoding="utf-8") == "{}"
    beside.unlink()
    hdh("init", tmp_path / "second.yaml")
    assert "version" not in hdh("init", tmp_path / "third.yaml").err


def test_a_schema_that_cannot_be_read_does_not_stop_it(hdh, tmp_path):
    (tmp_path / starting.SCHEMA).mkdir()
    answer = hdh("init", tmp_path / "first.yaml")
    assert answer.code == 0
    assert "of another version" in answer.err


def test_an_unknown_example_is_answered_with_the_nearest_right_word_and_nothing_is_written(hdh, tmp_path):
    answer = hdh("init", tmp_path / "platform.yaml", "--example", "hdh-nationl")
    assert answer.code == 2
    assert "no example is 'hdh-nationl'; did you mean hdh-national?" in answer.err
    assert "allowed: ehds-node, hdh-national, hospital-eds, small" in answer.err
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_never_written_over(hdh, tmp_path):
    file = tmp_path / "platform.yaml"
    file.write_text("name: mine\n", encoding="utf-8")
    assert hdh("init", file).code == 2
    assert file.read_text(encoding="utf-8") == "name: mine\n"
    assert [one.name for one in tmp_path.iterdir()] == ["platform.yaml"]


def test_the_answer_as_json_names_what_was_written(hdh, tmp_path):
    answer = json.loads(hdh("init", tmp_path / "p.yaml", "--example", "ehds-node", "--format", "json").out)
    assert answer == {
        "file": str(tmp_path / "p.yaml"),
        "example": "ehds-node",
        "schema": str(tmp_path / starting.SCHEMA),
    }


def test_the_wheel_carries_the_examples_and_the_schema_where_init_looks_for_them(tmp_path, monkeypatch):
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(FOLDER.parent)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as packed:
        inside = {name for name in packed.namelist() if name.startswith("hdh_infra/examples/")}
        packed.extractall(tmp_path / "installed", [*inside, "hdh_infra/__init__.py"])
        assert not [name for name in packed.namelist() if name.startswith("examples/")]
    assert inside == {
        f"hdh_infra/examples/{one}" for one in (*(f"{e}.yaml" for e in starting.EXAMPLES), starting.SCHEMA)
    }
    installed = tmp_path / "installed" / "hdh_infra" / "__init__.py"
    monkeypatch.setattr("hdh_infra.__file__", str(installed))
    for name in starting.EXAMPLES:
        assert starting.example(name).encode() == (FOLDER / f"{name}.yaml").read_bytes()


def test_a_layout_is_kept_in_a_lock_that_later_locks_keep(hdh, tmp_path):
    """Invariant: the layout is chosen once; whatever is locked afterwards, and a lock that says nothing, keep it."""
    file = tmp_path / "platform.yaml"
    assert hdh("init", file, "--layout", "parts").code == 0
    assert hdh("lock", file, "--on", "azure:francecentral").code == 0
    assert "\nlayout: parts\n" in (tmp_path / "platform.lock").read_text(encoding="utf-8")
    refused = hdh("lock", file, "--on", "azure:francecentral", "--layout", "one")
    assert refused.code == 1
    assert "can be cut and not joined" in refused.err
    plain = tmp_path / "one.yaml"
    assert hdh("init", plain).code == 0
    assert not plain.with_suffix(".lock").exists()
    assert hdh("lock", plain, "--on", "azure:francecentral", "--layout", "parts").code == 0
    assert "\nlayout: parts\n" in plain.with_suffix(".lock").read_text(encoding="utf-8")
    assert hdh("lock", plain, "--on", "azure:francecentral", "--check", "--layout", "parts").code == 0

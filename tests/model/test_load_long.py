"""A long description is read and checked while its author waits: the bound in seconds is a benchmark's."""

import importlib.util
from pathlib import Path

import pytest

from hdh_infra.planning import load
from tests.growth import calls

SPECS = Path(__file__).parents[1] / "benchmarks" / "specs.py"


@pytest.fixture(scope="module")
def long_spec():
    spec = importlib.util.spec_from_file_location("specs", SPECS)
    specs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(specs)
    return specs.long_spec


@pytest.mark.parametrize("lines", [100, 101, 112, 1000, 5000])
def test_a_long_description_has_the_lines_that_were_asked(long_spec, lines):
    text = long_spec(lines)
    assert text.count("\n") == len(text.splitlines()) == lines


def test_the_work_of_loading_grows_with_the_lines_and_not_with_their_square(long_spec, tmp_path):
    short, long = tmp_path / "short.yaml", tmp_path / "long.yaml"
    short.write_text(long_spec(500), encoding="utf-8")
    long.write_text(long_spec(5000), encoding="utf-8")
    load(short)  # reads the catalogue
    assert calls(lambda: load(long)) < 12 * calls(lambda: load(short))
    assert len(load(long).spaces.projects) > 350


def test_a_file_a_space_gives_what_one_file_gives(long_spec, tmp_path):
    whole = tmp_path / "whole.yaml"
    whole.write_text(long_spec(2000), encoding="utf-8")
    head, _, rest = long_spec(2000).partition("  projects:\n")
    projects, _, flows = rest.partition("flows:\n")
    spaces = [f"    s{part}" for part in projects.split("    s0")[1:]]
    names = []
    for index, space in enumerate(spaces):
        file = tmp_path / f"space{index}.yaml"
        file.write_text("spaces:\n  projects:\n" + space.replace("    s", "    s0", 1), encoding="utf-8")
        names.append(file.name)
    (tmp_path / "top.yaml").write_text(f"include: [{', '.join(names)}]\n" + head + "flows:\n" + flows, encoding="utf-8")
    assert load(tmp_path / "top.yaml") == load(whole)
    assert calls(lambda: load(tmp_path / "top.yaml")) < 3 * calls(lambda: load(whole))

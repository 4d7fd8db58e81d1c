"""The order of search, and what is said where nothing can be had."""

import os
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from hdh_infra.errors import EngineError
from hdh_infra.sandbox import engine
from hdh_infra.sandbox.engine import building, official, plugins


@pytest.fixture
def built(program):
    """Puts an engine into the cache as a build does."""
    return lambda: program(building.ENGINE.directory / "pulumi")


def test_nothing_is_found_on_an_empty_machine(empty):
    assert engine.find() is None


def test_the_engine_on_path_is_taken_before_the_one_in_the_cache(empty, program, built):
    built()
    program(empty / "bin" / "pulumi", "echo v3.300.1")
    found = engine.find()
    assert (found.origin, found.version, found.directory) == ("found on PATH", "3.300.1", empty / "bin")


@pytest.mark.parametrize("says", ["exit 1", "echo v2.9.0", "echo none"])
def test_a_program_on_path_that_is_no_engine_of_the_third_generation_is_passed_over(empty, says, program, built):
    program(empty / "bin" / "pulumi", says)
    assert engine.find() is None
    built()
    assert engine.find().origin == "built from Go modules"


def test_a_link_on_path_is_followed_to_the_folder_of_the_language_host(empty, program):
    real = program(empty / "opt" / "pulumi", "echo v3.300.1")
    program(empty / "opt" / "pulumi-language-python")
    (empty / "bin" / "pulumi").symlink_to(real)
    assert engine.find().directory == empty / "opt"


def test_the_caches_engine_on_path_is_not_taken_for_the_users(empty, monkeypatch, program, built):
    built()
    older = program(building.root() / "3.1.0-aaaa" / "pulumi", "echo v3.1.0")
    monkeypatch.setenv("PATH", f"{older.parent}{os.pathsep}{os.environ['PATH']}")
    found = engine.find()
    assert (found.origin, found.version) == ("built from Go modules", building.ENGINE_VERSION)


def test_the_official_engine_is_taken_before_the_built_one(empty, program, built):
    built()
    program(official.directory() / "pulumi")
    assert engine.find().origin == "official installer"


def test_ensure_does_no_work_where_an_engine_is_there(empty, monkeypatch, built):
    built()
    monkeypatch.setattr(building, "build", lambda *_: pytest.fail("built"))
    said = []
    assert engine.ensure(said.append).origin == "built from Go modules"
    assert said == []


def test_the_installer_is_tried_before_a_build_and_only_where_its_site_answers(empty, monkeypatch, program):
    monkeypatch.setattr(official, "install", lambda say: program(official.directory() / "pulumi"))
    monkeypatch.setattr(building, "build", lambda *_: pytest.fail("built"))
    monkeypatch.setattr(official, "reachable", lambda: True)
    assert engine.ensure(lambda line: None).origin == "official installer"


def test_an_installer_that_fails_is_followed_by_a_build(empty, monkeypatch, built):
    def fails(say):
        raise EngineError("engine", "the installer failed", "try again")

    monkeypatch.setattr(official, "reachable", lambda: True)
    monkeypatch.setattr(official, "install", fails)
    monkeypatch.setattr(building, "build", lambda kept, say: built().parent)
    said = []
    assert engine.ensure(said.append).origin == "built from Go modules"
    assert "the installer failed" in said[0]


def test_without_engine_network_and_go_the_error_says_what_to_install_and_what_still_works(empty):
    with pytest.raises(EngineError, match="there is no Go") as caught:
        engine.ensure(lambda line: None)
    assert "Install Pulumi" in caught.value.remedy
    assert "go.dev" in caught.value.remedy
    assert "plan" in caught.value.remedy
    assert caught.value.exit_code == 3
    with pytest.raises(EngineError, match="OpenStack plugin"):
        engine.ensure_openstack_plugin(lambda line: None)


def test_a_go_that_is_too_old_is_refused_before_anything_is_built(empty, program):
    program(empty / "bin" / "go", "echo go1.19.8")
    with pytest.raises(EngineError, match=r"Go 1\.19\.8 is too old.*wanted is 1\.25\.11"):
        engine.ensure(lambda line: None)


def test_the_site_is_not_asked_where_the_user_says_offline(monkeypatch):
    monkeypatch.setenv("HDH_OFFLINE", "1")
    monkeypatch.setattr(official.threading, "Thread", lambda *a, **k: pytest.fail("asked"))
    assert not official.reachable()


def test_a_site_that_never_answers_is_given_up_after_the_patience(monkeypatch):
    assert official.PATIENCE <= 3
    over = threading.Event()

    ended = []

    def hang(*_, **__):
        ended.append(over.wait(20))
        raise OSError

    monkeypatch.delenv("HDH_OFFLINE", raising=False)
    monkeypatch.setattr(official, "PATIENCE", 0.2)
    monkeypatch.setattr(urllib.request, "urlopen", hang)
    try:
        assert not official.reachable()
        assert ended == [], "the site was waited for"
    finally:
        over.set()


def test_a_downloaded_plugin_is_taken_as_it_is(empty, program):
    folder = empty / "home" / ".pulumi" / "plugins" / "resource-openstack-v5.5.3"
    program(folder / "pulumi-resource-openstack")
    assert engine.ensure_openstack_plugin(lambda line: None) == folder


def test_a_built_plugin_stands_where_the_engine_finds_it_by_name_and_version(empty, program):
    program(building.PLUGIN.directory / "pulumi-resource-openstack", "echo new")
    folder = engine.ensure_openstack_plugin(lambda line: None)
    assert folder == building.root() / "home" / "plugins" / "resource-openstack-v5.5.3"
    assert "echo new" in (folder / "pulumi-resource-openstack").read_text()


def test_a_plugin_of_earlier_sources_is_replaced_and_not_taken_for_a_downloaded_one(empty, program):
    older = program(building.root() / "openstack-5.5.3-older" / "pulumi-resource-openstack", "echo old")
    folder = plugins.place(older.parent)
    assert plugins.downloaded() is None
    program(building.PLUGIN.directory / "pulumi-resource-openstack", "echo new")
    engine.ensure_openstack_plugin(lambda line: None)
    assert "echo new" in (folder / "pulumi-resource-openstack").read_text()


def test_a_plugin_whose_placing_was_stopped_is_placed_again(empty, program):
    new = program(building.PLUGIN.directory / "pulumi-resource-openstack", "echo new")
    folder = plugins.place(new.parent)
    (folder / plugins.MARK).write_text("")
    (folder / "pulumi-resource-openstack").unlink()
    assert plugins.downloaded() is None
    assert (engine.ensure_openstack_plugin(lambda line: None) / "pulumi-resource-openstack").is_file()


def test_pythons_programs_come_first_on_path_then_plugins_then_the_engine_then_the_callers(empty, built):
    built()
    found = engine.environment(engine.find(), empty / "plugins")
    assert found["PATH"].split(os.pathsep) == [
        str(Path(sys.executable).parent),
        str(empty / "plugins"),
        str(building.ENGINE.directory),
        str(empty / "bin"),
    ]
    assert found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == found["PULUMI_SKIP_UPDATE_CHECK"] == "true"
    assert Path(found["PULUMI_HOME"]).is_relative_to(empty / "cache")


def test_the_environment_of_an_environment_is_the_same(empty, monkeypatch, built):
    built()
    first = engine.environment(engine.find(), empty / "plugins")
    monkeypatch.setenv("PATH", first["PATH"])
    assert engine.environment(engine.find(), empty / "plugins") == first


def test_a_plugin_in_the_engines_home_is_not_put_on_path(empty, program, built):
    built()
    program(building.PLUGIN.directory / "pulumi-resource-openstack")
    folder = engine.ensure_openstack_plugin(lambda line: None)
    assert str(folder) not in engine.environment(engine.find(), folder)["PATH"].split(os.pathsep)

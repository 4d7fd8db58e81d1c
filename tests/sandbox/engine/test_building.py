"""Builds: pinned, once, whole or not at all, and with a word while they last."""

import dataclasses
import multiprocessing
import re
import shutil
import sys
import threading
import time

import pytest

from hdh_infra.errors import EngineError
from hdh_infra.sandbox.engine import building, waiting

GO = """
case "$1" in
env) echo go1.99.0 ;;
list) echo "$MODULE" ;;
build) echo x >>"$COUNT"; sleep "${SLOW:-0}"
  while [ "$1" != -o ]; do shift; done; echo program >"$2" ;;
esac"""


@pytest.fixture
def fake_go(empty, monkeypatch):
    """A Go that writes what it is told to build, and counts."""
    path = empty / "bin" / "go"
    path.write_text(f"#!/bin/sh\n{GO}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    module = empty / "module"
    for script in building.ENGINE.scripts:
        (module / script).parent.mkdir(parents=True)
        (module / script).write_text("#!/bin/sh\n")
    monkeypatch.setenv("MODULE", str(module))
    monkeypatch.setenv("COUNT", str(empty / "count"))
    return empty


def builds(machine):
    return (machine / "count").read_text().count("x")


def test_the_engine_is_built_with_all_that_it_calls_by_name(fake_go):
    folder = building.build(building.ENGINE, lambda line: None)
    assert sorted(one.name for one in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    assert (folder / "pulumi-language-python-exec").stat().st_mode & 0o111


def test_nothing_is_built_twice(fake_go):
    building.build(building.PLUGIN, lambda line: None)
    building.build(building.PLUGIN, lambda line: None)
    assert builds(fake_go) == 1


def _build_plugin():
    building.build(building.PLUGIN, lambda line: None)


def test_two_processes_build_once(fake_go, monkeypatch):
    monkeypatch.setenv("SLOW", "0.5")
    started = [multiprocessing.get_context("fork").Process(target=_build_plugin) for _ in range(2)]
    for one in started:
        one.start()
    for one in started:
        one.join(30)
    assert [one.exitcode for one in started] == [0, 0]
    assert builds(fake_go) == 1


def test_a_build_that_fails_leaves_nothing_and_says_where_its_words_are(fake_go):
    (fake_go / "bin" / "go").write_text(
        "#!/bin/sh\n[ $1 = env ] && echo go1.99.0 && exit\necho could not read https://user:word@host/x\nexit 1\n"
    )
    with pytest.raises(EngineError, match="could not read <address>") as caught:
        building.build(building.PLUGIN, lambda line: None)
    assert "pulumi-resource-openstack.log" in caught.value.remedy
    assert "word" not in str(caught.value)
    assert not building.PLUGIN.built
    assert [one for one in building.root().iterdir() if one.is_dir()] == []


def test_a_change_of_the_sources_or_the_flags_is_another_build(tmp_path, monkeypatch):
    shutil.copytree(building.source(building.OPENSTACK).parent, tmp_path / "go")
    before = building.digest((building.OPENSTACK,))
    monkeypatch.setattr(building, "_SOURCES", tmp_path / "go")
    assert building.digest((building.OPENSTACK,)) == before
    with (tmp_path / "go" / "openstack" / "tokens.json").open("a") as stream:
        stream.write("\n")
    assert building.digest((building.OPENSTACK,)) != before
    assert building.digest((building.CLI,)) != building.digest((dataclasses.replace(building.CLI, flags=""),))


def test_a_build_is_the_pinned_one_whatever_the_caller_set():
    found = building.environment({"GOFLAGS": "-mod=mod", "GOWORK": "/x", "GONOSUMDB": "mine", "GOPROXY": "p"})
    assert (found["GOFLAGS"], found["GOWORK"], found["GOTOOLCHAIN"]) == ("", "off", "local")
    assert found["GONOSUMDB"] == "mine,github.com/terraform-provider-openstack"
    assert found["GOPROXY"] == "p"


PINNED = {
    building.CLI: ("github.com/pulumi/pulumi/pkg/v3", "github.com/tgummerer/clipboard"),
    building.LANGUAGE: ("github.com/pulumi/pulumi/sdk/v3",),
    building.OPENSTACK: (
        "github.com/pulumi/pulumi-terraform-bridge/v3",
        "github.com/terraform-provider-openstack/terraform-provider-openstack/v3",
        "github.com/pulumi/terraform-plugin-sdk/v2",
    ),
}


@pytest.mark.parametrize("one", PINNED, ids=lambda one: one.folder)
def test_what_is_built_is_pinned_by_its_sum_in_one_version(one):
    folder = building.source(one)
    text = (folder / "go.mod").read_text()
    sums = (folder / "go.sum").read_text()
    for module in PINNED[one]:
        (version,) = set(re.findall(rf"(?<![\w/]){re.escape(module)} (v\S+)", text))
        assert f"{module} {version} h1:" in sums


def test_the_versions_of_the_modules_are_those_that_are_said():
    assert f"pkg/v3 v{building.ENGINE_VERSION}" in (building.source(building.CLI) / "go.mod").read_text()
    assert f'"{building.OPENSTACK_VERSION}"' in (building.source(building.OPENSTACK) / "main.go").read_text()


def test_a_long_command_says_something_at_once_and_then_regularly(tmp_path, monkeypatch):
    monkeypatch.setattr(waiting, "INTERVAL", 0.5)
    said = []
    waiting.run(
        [sys.executable, "-uc", "import time; print('go: downloading one.two v1'); time.sleep(2.5)"],
        what="waiting",
        log=tmp_path / "log",
        say=said.append,
        limit=30,
        cwd=tmp_path,
        env={},
    )
    assert said[0] == "waiting"
    assert len(said) >= 2
    assert re.fullmatch(r"waiting: \d+ s, at one\.two v1", said[-1])
    assert waiting.INTERVAL <= 20


def test_a_command_over_its_limit_is_ended_with_its_children(tmp_path):
    with pytest.raises(EngineError, match="longer than"):
        waiting.run(
            ["/bin/sh", "-c", f"(sleep 3; touch {tmp_path}/alive) & sleep 60"],
            what="waiting",
            log=tmp_path / "log",
            say=lambda line: None,
            limit=0.5,
            cwd=tmp_path,
            env={},
        )
    time.sleep(3.2)
    assert not (tmp_path / "alive").exists()


def test_who_waits_for_the_lock_says_so(tmp_path):
    said = []
    holding, done = threading.Event(), threading.Event()

    def hold():
        with waiting.alone(tmp_path / "lock", "it", lambda line: None):
            holding.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(10)
    threading.Timer(0.5, done.set).start()
    with waiting.alone(tmp_path / "lock", "it", said.append):
        pass
    thread.join()
    assert said == ["waiting for another process that makes it: 0 s"]

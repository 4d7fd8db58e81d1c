"""Room for a state that is a file: nothing is begun without."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from types import SimpleNamespace

import pytest

from hdh_infra.deploy import room
from hdh_infra.errors import EngineError


def with_free(monkeypatch, number):
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=number))


def test_where_there_is_no_room_nothing_is_begun_and_it_is_said_where(monkeypatch, tmp_path):
    with_free(monkeypatch, room.LEAST - 1)
    with pytest.raises(EngineError) as caught:
        room.check(tmp_path.as_uri(), "openstack:RegionOne")
    assert str(tmp_path) in str(caught.value)
    assert "nothing was changed" in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("backend", ["s3://states?region=gra", "azblob://states", "file:///no/such/folder"])
def test_what_is_no_folder_here_is_not_looked_at(monkeypatch, backend):
    with_free(monkeypatch, 0)
    room.check(backend, "openstack:RegionOne")
    with room.watched(backend) as found:
        pass
    assert not found.stopped


def test_an_engine_that_runs_is_interrupted_when_little_room_is_left_and_no_other_process_is(monkeypatch, tmp_path):
    """A process of the engine's name, and one of another."""
    engine = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep") or "", engine)
    # What a shell starts in the background ignores the signal, and so would everything that it starts.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    running = subprocess.Popen([str(engine), "30"])
    signal.signal(signal.SIGINT, before)
    other = subprocess.Popen(["sleep", "30"])
    try:
        with room.watched(tmp_path.as_uri()) as found:
            time.sleep(3 * room._LOOK_SECONDS)
            assert running.poll() is None, "there is room yet"
            with_free(monkeypatch, room.LOW - 1)
            assert running.wait(timeout=10) == -signal.SIGINT
        assert found.stopped
        assert other.poll() is None
    finally:
        running.kill()
        other.kill()
        running.wait()
        other.wait()

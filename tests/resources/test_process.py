"""The plugin's process: how it starts, and that it ends when it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import grpc
import psutil
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from hdh_infra.resources import VERSION
from hdh_infra.resources import install as package_install
from hdh_infra.resources.install import write_launcher

COMMAND = [sys.executable, "-m", "hdh_infra.resources.main"]


def test_the_plugin_says_its_port_answers_and_ends_on_sigint_without_a_word() -> None:
    plugin = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = int(plugin.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version == VERSION
    addresses = {connection.laddr.ip for connection in psutil.Process(plugin.pid).net_connections("inet")}
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}
    plugin.send_signal(signal.SIGINT)
    output, errors = plugin.communicate(timeout=10)
    assert (plugin.returncode, output, errors) == (0, "", "")


def test_the_plugin_ends_when_the_engine_that_started_it_is_killed() -> None:
    code = f"import subprocess, sys, time; p = subprocess.Popen({[*COMMAND, '127.0.0.1:1']!r}, start_new_session=True); print(p.pid, flush=True); time.sleep(60)"
    engine = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    lines = sorted((engine.stdout.readline(), engine.stdout.readline()), key=len)
    pids = {int(line) for line in lines}
    plugin = next(child.pid for child in psutil.Process(engine.pid).children() if child.pid in pids)
    engine.kill()
    engine.communicate(timeout=10)
    end = time.monotonic() + 10
    while psutil.pid_exists(plugin) and psutil.Process(plugin).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, "the plugin outlives its engine"
        time.sleep(0.1)


def test_the_launcher_starts_the_plugin_of_this_environment(tmp_path) -> None:
    launcher = write_launcher(tmp_path / "a folder")
    assert launcher == write_launcher(tmp_path / "a folder")
    assert os.access(launcher, os.X_OK)
    plugin = subprocess.Popen([launcher], stdout=subprocess.PIPE, text=True)
    assert int(plugin.stdout.readline()) > 0
    plugin.send_signal(signal.SIGTERM)
    plugin.communicate(timeout=10)
    assert callable(package_install)

"""The simulator's process: started once, stopped without loss, and attached by its own ports."""

from __future__ import annotations

import json
import socket

import pytest

from hdh_infra.errors import CloudError
from hdh_infra.sandbox import simulator
from hdh_infra.sandbox.simulator.lifecycle import PACKAGES

PORT = 15436


def test_it_starts_once_says_where_it_is_and_stops(tmp_path):
    box = tmp_path / "box"
    assert simulator.status(box).running is False
    with pytest.raises(CloudError, match="never started"):
        simulator.environment(box)
    lines: list[str] = []
    try:
        first = simulator.start(box, PORT, ("azure-native", "ovh"), lines.append)
        again = simulator.start(box, PORT, ("azure-native", "ovh"), lines.append)
        assert (again.pid, len(lines)) == (first.pid, 1)
        assert simulator.environment(box) == {
            "PULUMI_DEBUG_PROVIDERS": f"azure-native:{PORT},ovh:{PORT + PACKAGES.index('ovh')}"
        }
        assert simulator.status(box).running
        assert "azure-native on 127.0.0.1" in str(simulator.status(box))
    finally:
        simulator.stop(box)
    assert simulator.status(box).running is False
    simulator.stop(box)


def test_a_process_of_another_version_is_started_anew(tmp_path):
    box = tmp_path / "box"
    try:
        first = simulator.start(box, PORT, ("azure-native",), print)
        kept = json.loads((box / "box.json").read_text())
        (box / "box.json").write_text(json.dumps({**kept, "code": "of an earlier version"}))
        assert simulator.start(box, PORT, ("azure-native",), print).pid != first.pid
    finally:
        simulator.stop(box)


def test_a_taken_port_and_a_strange_package_are_said_with_a_remedy(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", PORT + 2))
        taken.listen()
        with pytest.raises(CloudError, match="is taken"):
            simulator.start(tmp_path / "box", PORT + 2, ("azure-native",), print)
    with pytest.raises(CloudError, match="not simulated"):
        simulator.start(tmp_path / "box", PORT + 2, ("aws",), print)

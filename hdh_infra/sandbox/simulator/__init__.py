"""A simulated Azure and a simulated OVHcloud behind the engine's own protocol, for what no server on this machine can stand for.

It checks every property against the SDK's contract, refuses what the cloud is known to refuse (rules are data
with sources), answers with ids and outputs as the cloud does, and keeps its state. What it accepts is not
thereby "validated" on any cloud. It knows nothing of how a platform is lowered.
"""

from __future__ import annotations

from hdh_infra.sandbox.simulator.lifecycle import (
    DEFAULT_BASE_PORT,
    Running,
    Status,
    environment,
    start,
    status,
    stop,
)
from hdh_infra.sandbox.simulator.reader import Cloud, fault

__all__ = ["DEFAULT_BASE_PORT", "Cloud", "Running", "Status", "environment", "fault", "start", "status", "stop"]

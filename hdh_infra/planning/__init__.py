"""Spec, lock and offer to a plan with its verdicts: load, lock, assess, lower, override, assemble."""

from __future__ import annotations

from hdh_infra.planning.assemble import make_plan
from hdh_infra.planning.load import load
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.lock_file import read_lock, write_lock

__all__ = ["load", "make_plan", "read_lock", "update_lock", "write_lock"]

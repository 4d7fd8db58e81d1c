"""Keep the state of a release: `python -m tests.states VERSION` deploys its platform in the sandbox and writes what the engine holds.

Run once, when a version is released, with the code of that version; what it wrote is never written again.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from hdh_infra.cli.requests import requests
from hdh_infra.deploy import operations
from hdh_infra.deploy.request import Silent

TARGETS = ("azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA")
DAY = datetime.date(2026, 11, 25)


_OF_THIS_MACHINE = frozenset({"sourcePosition", "stackTrace", "created", "modified", "time", "secrets_providers"})
"""What the engine notes of the place and the moment; no part of what is deployed."""


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _clean(part) for name, part in value.items() if name not in _OF_THIS_MACHINE}
        # As a real cloud's state has it: the mark of this sandbox is no part of the release.
        return {**kept, "sandbox": ""} if isinstance(kept.get("sandbox"), str) else kept
    return [_clean(part) for part in value] if isinstance(value, list) else value


def main() -> None:
    """Deploy, export and destroy the platform of a version on every target."""
    folder = Path(__file__).parent / sys.argv[1]
    for request in requests(
        folder / "platform.yaml",
        list(TARGETS),
        stack="",
        lock_file=None,
        now=DAY,
        sandbox=True,
        update_lock=False,
        checked=True,
    ):
        print(f"deploying on {request.target}", flush=True)  # noqa: T201
        operations.up(request, Silent())
        state = operations.state(request)
        operations.destroy(request, Silent(), delete_data=True)
        text = json.dumps(_clean(state), indent=1, sort_keys=True, ensure_ascii=False)
        (folder / f"{request.target.stack}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

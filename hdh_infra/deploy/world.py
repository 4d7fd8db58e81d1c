"""The two worlds, a sandbox and the real clouds: a deployment of one never touches the state of the other.

A sandbox says who it is in `HDH_SANDBOX`, in a marker file in the folder of its state, and in every state that
is made in it. Nothing here speaks to an engine or reads a state: callers hand over what they found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hdh_infra.errors import RefusedError

PROJECT = "hdh-platform"
"""The project of every stack, by `hdh` and by plain `pulumi` alike."""
VARIABLE = "HDH_SANDBOX"
"""Names the sandbox that an environment leads to; not there in an environment of real clouds."""
MARKER = "hdh-sandbox.json"
"""The marker file in the folder that keeps a sandbox's state."""


def sandbox_of(environment: Mapping[str, str]) -> str | None:
    """The sandbox that an environment leads to; None for the real clouds."""
    return environment.get(VARIABLE) or None


def sandbox_of_backend(url: str | None) -> str | None:
    """The sandbox whose state a backend keeps; None for every other backend."""
    parts = urlsplit(url or "")
    if parts.scheme != "file":
        return None
    try:
        found = json.loads((Path(unquote(parts.path)) / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    identity = found.get("id") if isinstance(found, dict) else None
    return str(identity) if identity else None


def check_backend(environment: Mapping[str, str], backend: str | None) -> None:
    """Refuse a backend of another world than the environment's.

    Args:
        environment: the variables that the operation runs with.
        backend: URL of the backend that keeps the state; None where it is not known, which a sandbox never accepts.

    Raises:
        RefusedError: one is a sandbox and the other is not that sandbox.
    """
    here, there = sandbox_of(environment), sandbox_of_backend(backend)
    if here == there:
        return
    if here is None:
        raise RefusedError(
            backend or "state",
            "this backend keeps the state of a sandbox, and the environment leads to real clouds",
            'Run `eval "$(hdh sandbox env TARGET)"` first, or name another backend; nothing was changed',
        )
    raise RefusedError(
        backend or "state",
        f"the environment leads to the sandbox {here}, and this backend keeps the state of {_world(there)}",
        f"Set PULUMI_BACKEND_URL as `hdh sandbox env TARGET` prints it, or unset {VARIABLE} and use a shell of its own for real clouds; nothing was changed",
    )


def check_state(environment: Mapping[str, str], stack: str, mark: str | None) -> None:
    """Refuse a state that was made in another world.

    Args:
        environment: the variables that the operation runs with.
        stack: its name, for the message.
        mark: the sandbox named in the state, empty for real clouds; None for a state that has no platform yet.

    Raises:
        RefusedError: the state belongs to a sandbox or to the real clouds, and the environment leads elsewhere.
    """
    here = sandbox_of(environment) or ""
    if mark is None or mark == here:
        return
    raise RefusedError(
        f"stack {stack}",
        f"its state is of {_world(mark or None)}, and the environment leads to {_world(here or None)}",
        "Use the environment that it was deployed with (`--sandbox`, or without it), or another stack; nothing was changed",
    )


def _world(identity: str | None) -> str:
    return f"the sandbox {identity}" if identity else "real clouds"

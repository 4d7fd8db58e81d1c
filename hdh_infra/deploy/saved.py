"""A preview that was saved, so that `up` does what somebody looked at and nothing else.

The file holds the engine's own update plan, whose secrets are encrypted as the state's are, and a digest of the
native resources that were planned. `up` makes the plan again: where it is another one, because the description, the
lock or the catalogue changed, nothing starts; where the cloud or the state changed, the engine stops at the first step that
the saved plan has not.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdh_infra.errors import Problem, RefusedError, SpecError

if TYPE_CHECKING:
    from hdh_infra.deploy.request import Request
    from hdh_infra.graph.plan import Plan

FORMAT = "hdh-saved-plan/1"


@contextlib.contextmanager
def saving(request: Request, plan: Plan) -> Iterator[str | None]:
    """Where the engine writes its update plan, which is then saved where the request says; None where it says nothing."""
    if request.save_plan is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "plan.json")
        yield str(file)
        # An engine whose preview failed wrote nothing, and the error is on its way.
        if file.exists():
            written = {**_head(request, plan), "engine": json.loads(file.read_text(encoding="utf-8"))}
            request.save_plan.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


@contextlib.contextmanager
def saved(request: Request, plan: Plan) -> Iterator[str | None]:
    """The engine's update plan of the file that a request names; None where it names none.

    Raises:
        SpecError: the file is none that `preview` saved.
        RefusedError: it was saved for another stack, or of another plan. Nothing was changed.
    """
    if request.saved_plan is None:
        yield None
        return
    found = _read(request.saved_plan)
    wanted = _head(request, plan)
    for name in ("stack", "target", "platform"):
        if found.get(name) != wanted[name]:
            raise RefusedError(
                str(request.saved_plan),
                f"it was saved for the {name} {found.get(name)!r}, and this is {wanted[name]!r}",
                "Name the file that this stack's preview saved; nothing was changed",
            )
    if found.get("nodes") != wanted["nodes"]:
        raise RefusedError(
            str(request.saved_plan),
            "the plan is another one since it was saved: the description, the lock or the catalogue has changed",
            "Run `hdh preview --save-plan` again and have it looked at; nothing was changed",
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "plan.json")
        file.write_text(json.dumps(found["engine"]), encoding="utf-8")
        yield str(file)


def _head(request: Request, plan: Plan) -> dict[str, Any]:
    nodes = json.dumps([node.to_json() for node in plan.nodes], sort_keys=True).encode()
    return {
        "format": FORMAT,
        "platform": plan.platform,
        "target": plan.target,
        "stack": request.stack,
        "nodes": hashlib.sha256(nodes).hexdigest(),
    }


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(
            [Problem(str(file), None, None, "", "there is no such file: `hdh preview --save-plan` writes it")]
        ) from None
    except (OSError, ValueError) as error:
        raise SpecError([Problem(str(file), None, None, "", f"it cannot be read: {error}")]) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or "engine" not in found:
        raise SpecError(
            [Problem(str(file), None, None, "format", f"it is no {FORMAT}: `hdh preview --save-plan` writes one")]
        )
    return found

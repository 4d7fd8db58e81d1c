"""What an operation left unfinished: begun and its end not seen, or half made; so that the next one comes to the right end.

Of what was begun the servers are asked. What a provider of Terraform made by half is marked as tainted, as Terraform does, so that the engine
makes it anew: an update would change nothing of it, and a server in ERROR, or a group with OpenStack's own rules in it, would stay.
"""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.deploy import stored
from hdh_infra.graph.observation import Native

if TYPE_CHECKING:
    from hdh_infra.deploy.engine import Engine
    from hdh_infra.deploy.request import Request

CREATING: Final = "creating"
_BRIDGED: Final = "openstack:"
"""Types whose creation, once it failed, no update mends."""
_BEFORE: Final = datetime.timedelta(hours=1)
"""A state says when it was last written, which may be this long after a creation began."""
_MASKED: Final = '"[secret]"'


def begun(deployment: Mapping[str, Any]) -> list[Native]:
    """What was being created, with its inputs."""
    found = (deployment.get("deployment") or {}).get("pending_operations") or []
    return [
        Native(
            stored.path_of(one["resource"]["urn"]), one["resource"]["type"], one["resource"].get("inputs") or {}, None
        )
        for one in found
        if one["type"] == CREATING
    ]


def tainted(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The state in which what was created with an error, and never since changed, is to be made anew."""
    changed = copy.deepcopy(dict(deployment))
    for one in stored.resources(changed):
        if (
            one.get("initErrors")
            and one["type"].startswith(_BRIDGED)
            and one.get("created") == one.get("modified")
            and not one.get("delete")
        ):
            one["taint"] = True
    return changed


def made_anew(deployment: Mapping[str, Any]) -> list[str]:
    """Paths of what is to be made anew."""
    return sorted(stored.path_of(one["urn"]) for one in stored.resources(deployment) if one.get("taint"))


def settle(engine: Engine, request: Request, deployment: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring what was begun to an end: deleted, or in the state.

    Args:
        engine: the stack.
        request: the operation.
        deployment: the exported state.

    Returns:
        The state after it, which the engine has too, and what a person should know.

    Raises:
        CloudError: the servers do not answer, or what was begun cannot be told from something else. Nothing is pending less.
    """
    pending = stored.pending(deployment)
    if not pending:
        return deployment, []
    creating = begun(deployment)
    found = _asked(request, deployment, creating, change=True)
    changed = stored.settled(deployment)
    entries = {stored.path_of(one["resource"]["urn"]): one["resource"] for one in _pending(deployment)}
    for path, identity in found.taken.items():
        stored.resources(changed).append(_entry(entries[path], identity))
    engine.replace_state(changed)
    if found.taken:
        engine.read_again([entries[path]["urn"] for path in found.taken])
        changed = engine.export()
    lines = [_line(path, word, found, {one.path for one in creating}) for path, word in pending.items()]
    return changed, lines


def kept_through(engine: Engine, request: Request, before: dict[str, Any]) -> list[str]:
    """After a refresh: what was begun and is in the cloud is unfinished still.

    A refresh changes nothing in the cloud, so that this is settled by the next `up` or `destroy`; and it forgets what was pending.
    """
    creating = begun(before)
    if not creating:
        return []
    found = _asked(request, before, creating, change=False)
    left = [one for one in _pending(before) if stored.path_of(one["resource"]["urn"]) in found.found]
    _add_pending(engine, left)
    return [
        f"{stored.path_of(one['resource']['urn'])}: an interrupted operation made it and no state knows of it; "
        "the next `up` or `destroy` settles it"
        for one in left
    ]


def remember(engine: Engine, failed: Iterable[Any]) -> None:
    """After an operation that failed: what was half made is marked, and what has no id is written down as begun.

    The cloud may have made a thing before its answer was lost.

    Args:
        engine: the stack.
        failed: what the engine's events say of each creation that failed; those with secrets in them are left out.
    """
    deployment = engine.export()
    changed = tainted(deployment)
    if changed != deployment:
        engine.replace_state(changed)
    entries = [_resource(one) for one in failed if one is not None]
    _add_pending(
        engine, [{"resource": one, "type": CREATING} for one in entries if _MASKED not in json.dumps(one["inputs"])]
    )


def _add_pending(engine: Engine, operations: list[dict[str, Any]]) -> None:
    if not operations:
        return
    deployment = copy.deepcopy(engine.export())
    known = {one["urn"] for one in stored.resources(deployment)}
    known |= {one["resource"]["urn"] for one in _pending(deployment)}
    if new := [one for one in operations if one["resource"]["urn"] not in known]:
        deployment["deployment"]["pending_operations"] = [*_pending(deployment), *new]
        engine.replace_state(deployment)


def anew(paths: Collection[str]) -> list[str]:
    """Words for what is made anew because it was half made."""
    return [f"{path}: it was half made by an operation that failed; it was made anew" for path in sorted(paths)]


def _pending(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (deployment.get("deployment") or {}).get("pending_operations") or []
    return found


def _asked(request: Request, deployment: Mapping[str, Any], creating: Collection[Native], *, change: bool) -> Any:
    from hdh_infra.live import has_reader
    from hdh_infra.live.begun import Settled, settle

    if not creating or not has_reader(request.target):
        return Settled({}, {}, frozenset())
    known = stored.natives_of_state(deployment)
    since = _written(deployment) - _BEFORE
    return settle(request.target, request.environment, creating, known, since, platform=request.platform, change=change)


def _written(deployment: Mapping[str, Any]) -> datetime.datetime:
    said = str(deployment["deployment"]["manifest"]["time"])
    return datetime.datetime.fromisoformat(said[:19]).replace(tzinfo=datetime.UTC)


def _entry(resource: Mapping[str, Any], identity: str) -> dict[str, Any]:
    """What was begun as the state would have had it; the servers are asked for the rest of it."""
    inputs = {name: value for name, value in (resource.get("inputs") or {}).items() if not name.startswith("__")}
    return {**resource, "id": identity, "outputs": {**inputs, "id": identity}}


def _resource(said: Any) -> dict[str, Any]:
    """An entry of the state of what an event says of a resource that was to be."""
    entry = {
        "urn": said.urn,
        "custom": True,
        "type": said.type,
        "inputs": said.inputs,
        "parent": said.parent,
        "provider": said.provider,
    }
    return {**entry, "protect": True} if said.protect else entry


def _line(path: str, word: str, found: Any, creating: Collection[str]) -> str:
    head = f"{path}: an interrupted operation was {word} it and its end was not seen; "
    ids = ", ".join(found.found.get(path, ()))
    if path in found.taken:
        return f"{head}the cloud has it ({ids}), and it was taken over"
    if ids:
        return f"{head}what the cloud had of it ({ids}) was deleted, and it is made anew"
    if path in found.asked:
        return f"{head}the cloud has nothing of it"
    return f"{head}it is taken up again" + (": look whether the cloud holds it twice" if path in creating else "")

"""What an operation left unfinished: begun and its end not seen, or half made; so that the next one comes to the right end.

Of what was begun the servers are asked. What a provider of Terraform made by half is marked as tainted, as Terraform does, so that the engine
makes it anew: an update would change nothing of it, and a server in ERROR, or a group with OpenStack's own rules in it, would stay.

An engine keeps what was begun only until a state is brought in or refreshed, and nothing of a creation that failed. So that is kept as a component of
its own (`hdh:platform:Begun`), which holds no resource and which the engine lets go without asking any cloud.
"""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.deploy import stored
from hdh_infra.errors import HdhError
from hdh_infra.graph.observation import Native

if TYPE_CHECKING:
    from hdh_infra.deploy.engine import Engine
    from hdh_infra.deploy.request import Request

CREATING: Final = "creating"
MARKER: Final = "hdh:platform:Begun"
_BRIDGED: Final = "openstack:"
"""Types whose creation, once it failed, no update mends."""
_BEFORE: Final = datetime.timedelta(hours=1)
"""A state says when it was last written, which may be this long after a creation began."""
_MASKED: Final = '"[secret]"'


def begun(deployment: Mapping[str, Any]) -> list[Native]:
    """What was being created, with its inputs."""
    return [
        Native(stored.path_of(one["urn"]), one["type"], one.get("inputs") or {}, None) for one in _begun(deployment)
    ]


def lines(deployment: Mapping[str, Any]) -> list[str]:
    """What a person should know of an operation that was interrupted, before anything is done about it."""
    found = {path: word for path, word in stored.pending(deployment).items() if word != CREATING}
    found |= {native.path: CREATING for native in begun(deployment)}
    return [_line(path, word, None) for path, word in sorted(found.items())]


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
        CloudError: the servers do not answer, or what was begun cannot be told from something else. It is begun still.
        EngineError: what was taken over could not be read. Likewise.
    """
    entries = {stored.path_of(one["urn"]): one for one in _begun(deployment)}
    words = {**stored.pending(deployment), **dict.fromkeys(entries, CREATING)}
    if not words:
        return deployment, []
    found = _asked(request, deployment, begun(deployment), change=True)
    changed = _without_begun(deployment)
    for path, identity in found.taken.items():
        stored.resources(changed).append(_entry(entries[path], identity))
    engine.replace_state(changed)
    if found.taken:
        try:
            engine.read_again([entries[path]["urn"] for path in found.taken])
        except HdhError:
            engine.replace_state(_marked(_without_begun(deployment), entries.values()))
            raise
        changed = engine.export()
    return changed, [_line(path, word, found) for path, word in sorted(words.items())]


def kept_through(engine: Engine, request: Request, before: dict[str, Any]) -> list[str]:
    """After a refresh: what was begun and is in the cloud is begun still.

    A refresh changes nothing in the cloud, so that this is settled by the next `up` or `destroy`; and it forgets what was pending.
    """
    entries = _begun(before)
    if not entries:
        return []
    found = _asked(request, before, begun(before), change=False)
    left = [one for one in entries if stored.path_of(one["urn"]) in found.found]
    after = engine.export()
    changed = _marked(_without_begun(after), left)
    if changed != after:
        engine.replace_state(changed)
    return [
        f"{stored.path_of(one['urn'])}: an interrupted operation made it and no state knows of it; "
        "the next `up` or `destroy` settles it"
        for one in left
    ]


def remember(engine: Engine, failed: Iterable[Any]) -> None:
    """After an operation that failed: what was half made is marked, and what has no id is kept as begun.

    The cloud may have made a thing before its answer was lost.

    Args:
        engine: the stack.
        failed: what the engine's events say of each creation that failed; those with secrets in them are left out.
    """
    deployment = engine.export()
    entries = [_resource(one) for one in failed]
    entries = [one for one in entries if _MASKED not in json.dumps(one["inputs"])]
    half = tainted(deployment)
    if not entries and half == deployment:
        return
    changed = _marked(_without_begun(half), [*_begun(deployment), *entries])
    if changed != deployment:
        engine.replace_state(changed)


def _begun(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Entries of the state as those would be that were being created."""
    pending = (deployment.get("deployment") or {}).get("pending_operations") or []
    found = [one["resource"] for one in pending if one["type"] == CREATING]
    found += [one["inputs"]["resource"] for one in stored.resources(deployment) if one["type"] == MARKER]
    return list({one["urn"]: one for one in found}.values())


def _without_begun(deployment: Mapping[str, Any]) -> dict[str, Any]:
    changed = stored.settled(deployment)
    kept = [one for one in stored.resources(changed) if one["type"] != MARKER]
    changed["deployment"]["resources"] = kept
    return changed


def _marked(deployment: dict[str, Any], entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A state with components for what was begun and has no entry of its own."""
    known = {one["urn"] for one in stored.resources(deployment)}
    markers = {
        one["urn"]: {"urn": _marker_of(one["urn"]), "custom": False, "type": MARKER, "inputs": {"resource": dict(one)}}
        for one in entries
        if one["urn"] not in known
    }
    if markers:
        changed = copy.deepcopy(deployment)
        changed["deployment"]["resources"] = [*stored.resources(changed), *markers.values()]
        return changed
    return deployment


def _marker_of(urn: str) -> str:
    stack, project, _, name = urn.split("::", 3)
    return f"{stack}::{project}::{MARKER}::{name}"


def anew(paths: Collection[str]) -> list[str]:
    """Words for what is made anew because it was half made."""
    return [f"{path}: it was half made by an operation that failed; it was made anew" for path in sorted(paths)]


def _asked(request: Request, deployment: Mapping[str, Any], creating: Collection[Native], *, change: bool) -> Any:
    from hdh_infra.live import begun_ec2

    # These are found by their tags, whatever cloud they are of.
    entries = {stored.path_of(one["urn"]): one for one in _begun(deployment)}
    of_ec2 = {path: one for path, one in entries.items() if one["type"].startswith(begun_ec2.PREFIX)}
    if of_ec2:
        providers = {one["urn"]: one.get("inputs") or {} for one in stored.resources(deployment)}
        known = {(one.type, str(one.id)) for one in stored.natives_of_state(deployment)}
        found = begun_ec2.settle(of_ec2, providers, request.environment, known, change=change)
        others = [one for one in creating if one.path not in of_ec2]
        return begun_ec2.together(found, _asked_by_name(request, deployment, others, change=change))
    return _asked_by_name(request, deployment, creating, change=change)


def _asked_by_name(
    request: Request, deployment: Mapping[str, Any], creating: Collection[Native], *, change: bool
) -> Any:
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


def _line(path: str, word: str, found: Any) -> str:
    head = f"{path}: an interrupted operation was {word} it and its end was not seen; "
    ids = ", ".join(found.found.get(path, ())) if found else ""
    if found and path in found.taken:
        return f"{head}the cloud has it ({ids}), and it was taken over"
    if ids:
        return f"{head}what the cloud had of it ({ids}) was deleted, and it is made anew"
    if found and path in found.asked:
        return f"{head}the cloud has nothing of it"
    return f"{head}it is taken up again" + (": look whether the cloud holds it twice" if word == CREATING else "")

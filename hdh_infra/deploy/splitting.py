"""The state of one stack cut into the states of its parts: data in, data out.

Every resource keeps its id, so that the cloud is not asked; only the names that the engine gives (URNs) tell another
stack. No secret is read: what is ciphertext stays ciphertext.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hdh_infra.deploy import stored
from hdh_infra.graph.parts import FOUNDATION, Reference, part_of
from hdh_infra.graph.values import get_output
from hdh_infra.model.paths import PLATFORM, element_of

_STACK: Final = "pulumi:pulumi:Stack"
_PROVIDER: Final = "pulumi:providers:"
_OF_THE_CLOUD: Final = frozenset({"inputs", "outputs"})
"""What a resource itself is; every other field is the engine's and may hold URNs."""


def split(
    deployment: Mapping[str, Any],
    stacks: Mapping[str, str],
    providers: Mapping[str, Iterable[str]],
    interface: Iterable[Reference],
    readers: Iterable[str] = (),
) -> dict[str, dict[str, Any]]:
    """The state of each part.

    Args:
        deployment: the exported state of the one stack; it is not changed.
        stacks: name of the stack of each part.
        providers: keys of the providers that each part's plan has, though none of its resources may be there yet.
        interface: what the foundation exports for the spaces.
        readers: the parts that read it; the engine keeps a provider of its own in each, for what it is asked itself.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in stacks}
    wanted = {name: set(keys) for name, keys in providers.items()}
    for one in stored.resources(deployment):
        if provider := one.get("provider"):
            wanted.setdefault(_part(one), set()).add(stored.path_of(provider.rsplit("::", 1)[0]))
    for one in stored.resources(deployment):
        if one["type"] == _STACK or one["type"].startswith(_PROVIDER) or stored.path_of(one["urn"]) == PLATFORM:
            names = [
                name
                for name in stacks
                if not one["type"].startswith(_PROVIDER) or stored.path_of(one["urn"]) in wanted.get(name, ())
            ]
        else:
            names = [_part(one)]
        for name in names:
            found[name].append(_renamed(one, stacks[name]))
    exported = _exports(deployment, interface)
    for name in readers:
        if entries := found.get(name):
            entries.insert(0, _builtin(entries[0], stacks[name]))
    made = {}
    for name, entries in found.items():
        _close(entries)
        for one in entries:
            if one["type"] == _STACK:
                one["outputs"] = _outputs(one.get("outputs") or {}, name) | (exported if name == FOUNDATION else {})
        made[name] = {**deployment, "deployment": {**deployment["deployment"], "resources": entries}}
    return made


def emptied(deployment: Mapping[str, Any], stacks: Iterable[str]) -> dict[str, Any]:
    """The state of a stack that was cut: nothing but a mark that says where all of it is."""
    changed = copy.deepcopy(dict(deployment))
    kept = [one for one in stored.resources(changed) if one["type"] == _STACK]
    for one in kept:
        outputs = one.get("outputs") or {}
        one["outputs"] = {name: outputs[name] for name in ("platform", "target") if name in outputs} | {
            stored.MOVED: sorted(stacks)
        }
    changed["deployment"]["resources"] = kept
    return changed


def identities(deployment: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Type and id of every native resource of a state, by its path."""
    return {
        stored.path_of(one["urn"]): (one["type"], str(one.get("id")))
        for one in stored.resources(deployment)
        if stored.is_native(one)
    }


def _part(one: Mapping[str, Any]) -> str:
    return part_of(stored.path_of(one["urn"]))


def _builtin(other: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """The engine's own provider, as it registers it at the first question to itself."""
    urn = f"urn:pulumi:{stack}::{other['urn'].split('::')[1]}::{_PROVIDER}pulumi::default"
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, urn))
    return {"urn": urn, "custom": True, "id": identity, "type": f"{_PROVIDER}pulumi"}


def _renamed(one: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """An entry as another stack has it; the stack's own resource is called after it."""
    old = one["urn"].split("::", 1)[0]
    new = f"urn:pulumi:{stack}"
    changed = {
        name: copy.deepcopy(value) if name in _OF_THE_CLOUD else _urns(value, old, new) for name, value in one.items()
    }
    if one["type"] == _STACK:
        project = one["urn"].split("::")[1]
        changed["urn"] = f"{new}::{project}::{_STACK}::{project}-{stack}"
    return changed


def _urns(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        if not value.startswith(f"{old}::"):
            return value
        renamed = new + value.removeprefix(old)
        if f"::{_STACK}::" in renamed:
            head, project = renamed.rsplit("::", 1)[0], renamed.split("::")[1]
            return f"{head}::{project}-{new.removeprefix('urn:pulumi:')}"
        return renamed
    if isinstance(value, Mapping):
        return {name: _urns(item, old, new) for name, item in value.items()}
    if isinstance(value, list):
        return [_urns(item, old, new) for item in value]
    return value


def _close(entries: Iterable[dict[str, Any]]) -> None:
    """What depended on another part no longer says so: it is read of the foundation's outputs."""
    mine = {one["urn"] for one in entries}
    for one in entries:
        if "dependencies" in one:
            one["dependencies"] = [urn for urn in one["dependencies"] if urn in mine]
        for name, urns in list((one.get("propertyDependencies") or {}).items()):
            one["propertyDependencies"][name] = [urn for urn in urns or [] if urn in mine]
        if one.get("deletedWith") and one["deletedWith"] not in mine:
            del one["deletedWith"]


def _outputs(outputs: Mapping[str, Any], part: str) -> dict[str, Any]:
    """What the stack exported, as far as it is this part's."""
    found = {name: value for name, value in outputs.items() if name in {"platform", "target"}}
    credentials = outputs.get("credentials")
    if isinstance(credentials, Mapping) and stored.SIGNATURE not in credentials:
        mine = {name: value for name, value in credentials.items() if part_of(element_of(name)) == part}
        if mine:
            found["credentials"] = mine
    return found


def _exports(deployment: Mapping[str, Any], interface: Iterable[Reference]) -> dict[str, Any]:
    natives = {stored.path_of(one["urn"]): one for one in stored.resources(deployment) if stored.is_native(one)}
    found: dict[str, Any] = {}
    for one in interface:
        native = natives.get(one.path)
        if native is None:
            continue
        value = native.get("id") if one.output == "id" else get_output(native.get("outputs") or {}, one.output)
        if value is not None:
            found[one.name] = value
    return found

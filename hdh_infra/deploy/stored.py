"""What an engine's state holds, read and changed as data: natives, protected resources, the mark of its world.

Nothing here runs the engine, and no secret is ever read: in an export that is not asked to show them they are
ciphertext, and they are left out.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The engine's key in a mapping that stands for something that is not JSON, such as a secret."""
EMPTIED = {
    "gcp:storage/bucket:Bucket": "forceDestroy",
    "hdh:s3:Bucket": "forceDestroy",
    "openstack:objectstorage/container:Container": "forceDestroy",
}
"""Types that refuse to be deleted while they hold objects, and the property that says otherwise."""


def resources(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every entry of an exported state, the engine's own included."""
    found: list[dict[str, Any]] = (deployment.get("deployment") or {}).get("resources") or []
    return found


def path_of(urn: str) -> str:
    """The name in a URN: the node's path."""
    return urn.rsplit("::", 1)[-1]


def is_native(resource: Mapping[str, Any]) -> bool:
    """Whether an entry is a native resource: neither component, provider, stack nor a leftover of a replacement."""
    return bool(resource.get("custom")) and not resource["type"].startswith("pulumi:") and not resource.get("delete")


def natives_of_state(deployment: Mapping[str, Any], identifiers: Iterable[str] = ()) -> Natives:
    """The native resources of an exported state, as the cloud last said that they are.

    Args:
        deployment: what `state` gave.
        identifiers: properties that, like the id, others use to point at a resource.
    """
    return Natives(
        (
            Native(path_of(one["urn"]), one["type"], _properties(one), one.get("id") or None)
            for one in resources(deployment)
            if is_native(one)
        ),
        "state",
        identifiers,
    )


def protected(deployment: Mapping[str, Any]) -> list[str]:
    """Paths of what the state protects: the data holders."""
    return sorted(
        path_of(one["urn"]) for one in resources(deployment) if one.get("protect") and not one.get("external")
    )


def mark(deployment: Mapping[str, Any]) -> str | None:
    """The sandbox that a state was made in, empty for real clouds; None for a state without a platform."""
    for one in resources(deployment):
        if one["type"] == "hdh:platform:Platform":
            facts = {**(one.get("inputs") or {}), **(one.get("outputs") or {})}
            return str(facts.get("sandbox", ""))
    return None


def platform_of(deployment: Mapping[str, Any]) -> str | None:
    """Name of the platform that a stack holds; None of an empty one."""
    for one in (deployment.get("deployment") or {}).get("resources") or []:
        if one["type"] == "pulumi:pulumi:Stack":
            name = (one.get("outputs") or {}).get("platform")
            return str(name) if name else None
    return None


def outputs(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a stack exports; secrets in it stay encrypted."""
    found = next((one.get("outputs") for one in resources(deployment) if one["type"] == "pulumi:pulumi:Stack"), None)
    return found or {}


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, whatever it lies in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


MOVED = "movedTo"
"""Output of a stack that was cut into parts: the stacks that hold what it held."""


def moved(deployment: Mapping[str, Any]) -> bool:
    """Whether a stack was cut into parts and holds nothing any more."""
    return any(
        one["type"] == "pulumi:pulumi:Stack" and MOVED in (one.get("outputs") or {}) for one in resources(deployment)
    )


def pending(deployment: Mapping[str, Any]) -> dict[str, str]:
    """What an interrupted operation had begun: path to `creating`, `updating`, `deleting`."""
    found = (deployment.get("deployment") or {}).get("pending_operations") or []
    return {path_of(one["resource"]["urn"]): one["type"] for one in found}


def settled(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The state with nothing pending; what was begun is done again, or found by a refresh."""
    changed = copy.deepcopy(dict(deployment))
    changed["deployment"].pop("pending_operations", None)
    return changed


def released(deployment: Mapping[str, Any], paths: Collection[str] | None) -> dict[str, Any]:
    """The state in which data holders may be deleted, with the objects that they hold.

    Args:
        deployment: the exported state; it is not changed.
        paths: which; None for all.
    """
    changed = copy.deepcopy(dict(deployment))
    for one in resources(changed):
        if paths is not None and path_of(one["urn"]) not in paths:
            continue
        if one.get("protect"):
            one["protect"] = False
        name = EMPTIED.get(one["type"])
        if name:
            for part in ("inputs", "outputs"):
                one[part] = {**(one.get(part) or {}), name: True}
    return changed


def without(deployment: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """The state without some resources, which the cloud keeps; what depended on them no longer says so."""
    changed = copy.deepcopy(dict(deployment))
    gone = {one["urn"] for one in resources(changed) if path_of(one["urn"]) in paths}
    kept = [one for one in resources(changed) if one["urn"] not in gone]
    for one in kept:
        if "dependencies" in one:
            one["dependencies"] = [urn for urn in one["dependencies"] if urn not in gone]
        for name, urns in list((one.get("propertyDependencies") or {}).items()):
            one["propertyDependencies"][name] = [urn for urn in urns or [] if urn not in gone]
    changed["deployment"]["resources"] = kept
    return changed


def needed_by(
    deployment: Mapping[str, Any], kept: Collection[str], stays: Collection[str], settings: Collection[str]
) -> list[str]:
    """Paths of what data that is kept in the cloud cannot do without, and that would go.

    That is what it depends on (the group that it lies in, which takes all in it with it; the key, and the right to it),
    and what protects it (its versions, its retention).

    Args:
        deployment: the exported state.
        kept: paths of the data.
        stays: paths that the plan has.
        settings: types that protect what they depend on.
    """
    natives = {one["urn"]: one for one in resources(deployment) if is_native(one)}
    found = {urn for urn in natives if path_of(urn) in kept}
    if not found:
        return []
    for urn, one in natives.items():
        if one["type"] in settings and found & set(_dependencies(one)):
            found.add(urn)
    waiting = list(found)
    while waiting:
        new = {urn for urn in _dependencies(natives[waiting.pop()]) if urn in natives and path_of(urn) not in stays}
        waiting.extend(new - found)
        found |= new
    return sorted(path_of(urn) for urn in found if path_of(urn) not in kept)


def _dependencies(resource: Mapping[str, Any]) -> list[str]:
    named = [urn for urns in (resource.get("propertyDependencies") or {}).values() for urn in urns or []]
    return [*(resource.get("dependencies") or []), *named]


def without_secrets(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The state with every secret left out, ciphertext too."""
    cleaned: dict[str, Any] = _clean(deployment)
    return cleaned


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Value]:
    merged = {**(resource.get("inputs") or {}), **(resource.get("outputs") or {})}
    found: Mapping[str, Value] = _clean({name: value for name, value in merged.items() if not name.startswith("__")})
    return found


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(_open(value))
    if isinstance(value, list):
        return [None if _is_secret(item) else _clean(item) for item in value]
    return value


def _open(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if not _is_secret(item):
            yield name, _clean(item)


def _is_secret(value: Any) -> bool:
    return isinstance(value, Mapping) and SIGNATURE in value and ("ciphertext" in value or "plaintext" in value)

"""The closed set of rule kinds: each looks at one event and says what is wrong, or nothing.

A kind is code, a rule is data: which types, which properties, which words. A kind is silent about what it
cannot know yet (unknown values in a preview), since a simulator that is too strict is worse than one that
is too lax. Kinds that need no other resource also run when the engine checks inputs, so that a preview shows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from hdh_infra.sandbox.simulator import network_kinds
from hdh_infra.sandbox.simulator.paths import every, first
from hdh_infra.sandbox.simulator.ranges import parent_of
from hdh_infra.sandbox.simulator.templates import fits, texts
from hdh_infra.sandbox.simulator.wire import UNKNOWN, plain
from hdh_infra.sandbox.simulator.world import same

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Rule
    from hdh_infra.sandbox.simulator.world import World


@final
@dataclass(frozen=True, slots=True)
class Event:
    """Something that is about to happen to a resource.

    Attributes:
        operation: check, create, update or delete.
        token: its type.
        identity: its id; empty where it is not known yet.
        inputs: what is asked, without marks of secrets; on delete what it has.
        before: its inputs and outputs before an update or a delete; None otherwise.
        world: the other resources.
    """

    operation: str
    token: str
    identity: str
    inputs: Mapping[str, Any]
    before: Mapping[str, Any] | None
    world: World


Kind: TypeAlias = Callable[["Rule", Event], str | None]


def text(rule: Rule, event: Event) -> str | None:
    """`path`: its text matches `pattern`, is `shortest` to `longest` long, and does not hold `never`."""
    given = rule.parameters
    for value in every(event.inputs, given["path"]):
        if value == UNKNOWN or not isinstance(value, str):
            continue
        if not given.get("shortest", 0) <= len(value) <= given.get("longest", len(value)):
            return f"{value!r} is {len(value)} characters long"
        if not re.fullmatch(given.get("pattern", ".*"), value) or re.search(given.get("never", "(?!)"), value):
            return repr(value)
    return None


def number(rule: Rule, event: Event) -> str | None:
    """`path`: its number lies between `low` and `high`."""
    for value in every(event.inputs, rule.parameters["path"]):
        if isinstance(value, int | float) and not rule.parameters["low"] <= value <= rule.parameters["high"]:
            return str(value)
    return None


def own(rule: Rule, event: Event) -> str | None:
    """`must`: paths of its own to patterns that their values match; a missing value is the empty text."""
    for path, pattern in rule.parameters["must"].items():
        values = every(event.inputs, path)
        if UNKNOWN not in values and not fits({path: pattern}, event.inputs):
            return f"{path} is {values[0]!r}" if values else f"{path} is missing"
    return None


def exclusive(rule: Rule, event: Event) -> str | None:
    """`paths`: at most one of them is given."""
    given = [path for path in rule.parameters["paths"] if every(event.inputs, path)]
    return " and ".join(given) if len(given) > 1 else None


def some(rule: Rule, event: Event) -> str | None:
    """`paths`: at least one of them is given."""
    paths = rule.parameters["paths"]
    return None if any(every(event.inputs, path) for path in paths) else f"none of {', '.join(paths)}"


def member(rule: Rule, event: Event) -> str | None:
    """`path`: its value, where it is given, is one of those at `of`."""
    others = every(event.inputs, rule.parameters["of"])
    for value in every(event.inputs, rule.parameters["path"]):
        if UNKNOWN not in (value, *others) and str(value).lower() not in {str(one).lower() for one in others}:
            return str(value)
    return None


def unique(rule: Rule, event: Event) -> str | None:
    """`paths`: no other living resource of the type has the same values, `within` the cloud or its parent."""
    for other in event.world.alike(event.token, rule.parameters["paths"], event.inputs):
        if other.id.lower() == event.identity.lower():
            continue
        if rule.parameters.get("within") == "parent" and parent_of(other.id) != parent_of(event.identity):
            continue
        return other.id.rsplit("/", 1)[-1]
    return None


def parent(rule: Rule, event: Event) -> str | None:
    """The resource group and the resource that its id lies in are there."""
    del rule
    lowered = event.identity.lower()
    group = re.match(r"/subscriptions/[^/]+/resourcegroups/[^/]+(?=/)", lowered)
    if group and not event.world.alive(group[0]):
        return f"resource group {event.inputs.get('resourceGroupName')}"
    if "/providers/microsoft.authorization/" in lowered or "/providers/microsoft.insights/" in lowered:
        above = lowered.rsplit("/providers/", 1)[0]
    else:
        above = lowered.rsplit("/", 2)[0]
    kind = event.world.kind_of(above)
    while kind is not None and kind.singleton:
        above = above.rsplit("/", 2)[0]
        kind = event.world.kind_of(above)
    return above.rsplit("/", 1)[-1] if kind is not None and not event.world.alive(above) else None


def references(rule: Rule, event: Event) -> str | None:
    """Every id in its inputs that is of a known type is that of a living resource; `but` names paths to leave out."""
    left_out = rule.parameters.get("but", [])
    for name, value in event.inputs.items():
        if name in left_out:
            continue
        for one in texts(value):
            if one.startswith("/subscriptions/") and event.world.kind_of(one) and not event.world.alive(one):
                return one
    return None


def linked(rule: Rule, event: Event) -> str | None:
    """Every resource that `link` leads to is there and has what `must` says (of its outputs, or its inputs)."""
    for value, row in event.world.follow(rule.parameters["link"], event):
        if row is None:
            if rule.parameters.get("absent", "refuse") == "refuse":
                return f"{value} was not found"
            continue
        theirs = {**plain(row.inputs), **event.world.outputs(row)}
        for path, wanted in rule.parameters.get("must", {}).items():
            allowed = [_own(one, event) for one in (wanted if isinstance(wanted, list) else [wanted])]
            found = first(theirs, path)
            if UNKNOWN not in allowed and same(found) not in [same(one) for one in allowed]:
                return f"{row.id.rsplit('/', 1)[-1]}: {path} is {found}"
    return None


def role(rule: Rule, event: Event) -> str | None:
    """The identities at `identities` hold one of `roles` on what `link` leads to, or an access policy with `permissions`.

    With `identities: parent` it is what the resource lies in, whose principal is at `principal`.
    """
    given = rule.parameters
    for _, row in event.world.follow(given["link"], event):
        above = given["identities"] == "parent"
        for identity in [parent_of(event.identity)] if above else every(event.inputs, given["identities"]):
            holder = event.world.store.get(str(identity))
            if row is None or holder is None or not holder.alive:
                continue
            principal = first(event.world.outputs(holder), given.get("principal", "principalId"))
            if not event.world.holds(principal, given["roles"], row.id, given.get("permissions", [])):
                return f"{identity} on {row.id}"
    return None


def frozen(rule: Rule, event: Event) -> str | None:
    """`paths`: their values do not change once they are given; with `once`, once they have that value."""
    for path in rule.parameters["paths"]:
        was, now = first(event.before or {}, path), first(event.inputs, path)
        once = rule.parameters.get("once")
        if was is None or now == UNKNOWN or (once is not None and was != once):
            continue
        if (now is not None or once is not None) and was != now:
            return f"{path} is {was!r}"
    return None


def grows(rule: Rule, event: Event) -> str | None:
    """`path`: its number does not become smaller."""
    was, now = (first(values, rule.parameters["path"]) for values in (event.before or {}, event.inputs))
    smaller = isinstance(was, int | float) and isinstance(now, int | float) and now < was
    return f"{was} to {now}" if smaller else None


def in_use(rule: Rule, event: Event) -> str | None:
    """No living resource outside it names its id; `but` are patterns of types whose naming does not count."""
    mine = event.identity.lower()
    for other in event.world.naming(event.identity):
        if other.id.lower() == mine or other.id.lower().startswith(f"{mine}/"):
            continue
        if not any(re.fullmatch(pattern, other.type) for pattern in rule.parameters.get("but", [])):
            return other.id
    return None


def empty(rule: Rule, event: Event) -> str | None:
    """Nothing of the types `of` lies below it, or nothing that has what `having` says."""
    for other in event.world.store.below(event.identity):
        if other.alive and other.type in rule.parameters["of"]:
            theirs = {**plain(other.inputs), **event.world.outputs(other)}
            if fits(rule.parameters.get("having", {}), theirs):
                return other.id.rsplit("/", 1)[-1]
    return None


def held(rule: Rule, event: Event) -> str | None:
    """It does not have what `having` says."""
    return event.identity.rsplit("/", 1)[-1] if fits(rule.parameters["having"], event.before or {}) else None


def alone(rule: Rule, event: Event) -> str | None:
    """It has no sibling of its type."""
    del rule
    others = event.world.siblings(event.token, event.identity)
    return others[0].id.rsplit("/", 1)[-1] if others else None


def at_most(rule: Rule, event: Event) -> str | None:
    """It has fewer than `most` siblings of its type."""
    others = event.world.siblings(event.token, event.identity)
    return str(len(others)) if len(others) >= rule.parameters["most"] else None


def taken(rule: Rule, event: Event) -> str | None:
    """No other living resource of its type names what it names at `path`."""
    path = rule.parameters["path"]
    for value in every(event.inputs, path):
        for other in event.world.naming(str(value)):
            mine = other.type != event.token or other.id.lower() == event.identity.lower()
            if not mine and same(value) in map(same, every(plain(other.inputs), path)):
                return other.id.rsplit("/", 1)[-1]
    return None


def kept(rule: Rule, event: Event) -> str | None:
    """After its deletion it is kept `days`, and its name (`name`) with it, unless it is asked back as `recover` says."""
    given = rule.parameters
    for other in event.world.store.deleted():
        if other.type != event.token:
            continue
        same_name = same(first(plain(other.inputs), given["name"])) == same(first(event.inputs, given["name"]))
        same_place = other.id.lower() == event.identity.lower()
        if not (same_place or (same_name and given.get("within") != "parent")):
            continue
        recover = given.get("recover")
        if not (same_place and recover is not None and fits(recover, event.inputs)):
            return other.id
    return None


STATIC: Final[Mapping[str, Kind]] = {
    "text": text,
    "number": number,
    "own": own,
    "exclusive": exclusive,
    "member": member,
    "some": some,
    "prefix-size": network_kinds.prefix_size,
}
"""Kinds that need the inputs alone."""
WRITING: Final[Mapping[str, Kind]] = {
    "parent": parent,
    "references": references,
    "linked": linked,
    "role": role,
    "unique": unique,
    "inside": network_kinds.inside,
    "apart": network_kinds.apart,
    "apart-from": network_kinds.apart_from,
    "host": network_kinds.host,
    "peer": network_kinds.peer,
    "filtered": network_kinds.filtered,
    "alone": alone,
    "at-most": at_most,
    "taken": taken,
}
"""Kinds that hold when a resource is made or changed."""
CREATING: Final[Mapping[str, Kind]] = {"kept": kept}
UPDATING: Final[Mapping[str, Kind]] = {"frozen": frozen, "grows": grows, "covers": network_kinds.covers}
DELETING: Final[Mapping[str, Kind]] = {"in-use": in_use, "empty": empty, "held": held}
KINDS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "check": STATIC,
    "create": {**STATIC, **WRITING, **CREATING},
    "update": {**STATIC, **WRITING, **UPDATING},
    "delete": DELETING,
}
"""Which kinds look at which operation."""


def _own(wanted: Any, event: Event) -> Any:
    """A wanted value; `{path}` is that of the resource itself, `{above.path}` of what an extension lies on, where it has one."""
    if not (isinstance(wanted, str) and wanted.startswith("{") and wanted.endswith("}")):
        return wanted
    path = wanted[1:-1]
    if not path.startswith("above."):
        return first(event.inputs, path)
    row = event.world.looker.living(event.identity.rsplit("/providers/", 1)[0])
    return first(plain(row.inputs), path.removeprefix("above."), UNKNOWN) if row is not None else UNKNOWN

"""A state read as the plan that it came from, so that it can be held against a new one as two plans are.

What a state cannot tell is taken to be as planned: a reference or a look-up against the value that it once had, a
secret, what a provider fills in, an empty value against none, another order of the same words, another case. So an unchanged
deployment never looks changed; a change that only shows in such a place is the engine's to find.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from hdh_infra.contracts import contract, defaults
from hdh_infra.contracts.load import UNKNOWN
from hdh_infra.deploy.stored import SIGNATURE, is_native, path_of, resources
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.values import Value, fill, form_of, walk

_OPEN = frozenset({"$ref", "$lookup", "$secret"})
"""Forms whose value only the engine knows."""
_EMPTY: tuple[Any, ...] = (None, False, 0, "", [], {})


def as_planned(deployment: Mapping[str, Any], plan: Plan) -> tuple[Node, ...]:
    """The native resources of an exported state as nodes, with the options of the plan's own nodes, but `protect`."""
    wanted = {alias: node for node in plan.nodes for alias in node.aliases} | {node.path: node for node in plan.nodes}
    return tuple(_node(one, wanted.get(path_of(one["urn"]))) for one in resources(deployment) if is_native(one))


def _node(entry: Mapping[str, Any], wanted: Node | None) -> Node:
    token, inputs = str(entry["type"]), entry.get("inputs") or {}
    same = wanted if wanted is not None and wanted.type == token else None
    provider = str(entry.get("provider") or "").split("::")
    found = Node(
        path=path_of(entry["urn"]),
        type=token,
        provider=provider[-2] if len(provider) > 1 else wanted.provider if wanted else "",
        properties=_object(inputs, same.properties if same else {}, token, ""),
        protect=bool(entry.get("protect")),
        existing=str(entry.get("id") or "") if entry.get("external") else None,
    )
    if wanted is None:
        return found
    # A provider may write the id of what it found in another way than it was asked for; nothing that is only referred
    # to is ever deleted, so that it may be taken over as well.
    existing = (wanted.existing or wanted.adopt or found.existing) if found.existing else None
    return Node(
        path=found.path,
        type=token,
        provider=found.provider,
        properties=found.properties,
        outputs=wanted.outputs,
        depends_on=wanted.depends_on,
        protect=found.protect,
        delete_before_replace=wanted.delete_before_replace,
        ignore_changes=wanted.ignore_changes,
        replace_on_changes=wanted.replace_on_changes,
        secret_outputs=wanted.secret_outputs,
        timeouts=wanted.timeouts,
        existing=existing,
        adopt=None if existing else _adopted(entry, wanted),
    )


def _adopted(entry: Mapping[str, Any], wanted: Node) -> str | None:
    """What it was taken over as: the engine imports again, and deletes what it had, where the plan names another id."""
    known = (str(entry.get("importID") or ""), str(entry.get("id") or ""))
    return wanted.adopt if wanted.adopt is None or wanted.adopt in known else known[1]


def _object(held: Mapping[str, Any], wanted: Mapping[str, Value], token: str, at: str) -> dict[str, Value]:
    """An object of the state, with what cannot be told as it is wanted."""
    filled = _filled(held, token, at)
    found: dict[str, Value] = {}
    for name in {**held, **wanted}:
        if name.startswith("__"):
            continue
        before, after = held.get(name), wanted.get(name)
        if before == after:
            if after is not None:
                found[name] = after
            continue
        path = f"{at}.{name}" if at else name
        if after is None and (name in filled or _is_hidden(before) or before == _defaults(token).get(path)):
            continue
        value = _value(before, after, token, path)
        if value is not None:
            found[name] = value
    return found


@cache
def _defaults(token: str) -> Mapping[str, Any]:
    return defaults(token)


def _filled(held: Mapping[str, Any], token: str, at: str) -> Collection[str]:
    """Names that the provider filled in: those that a state lists, and those that the contract knows."""
    listed = held.get("__defaults")
    names = set(map(str, listed)) if isinstance(listed, list) else set()
    known = contract(token)
    return names | (known.filled if known and not at else set())


def _value(held: Any, wanted: Value, token: str, at: str) -> Value:
    """A value of the state; the wanted one where it is the same, or where nobody can tell."""
    if held in _EMPTY and wanted in _EMPTY:
        return wanted
    if held is not None and (_is_hidden(held) or _is_open(wanted)):
        return wanted
    known = _closed(wanted)
    if _same(held, known):
        return wanted
    if isinstance(held, dict) and (known is None or isinstance(known, Mapping)):
        return _object(held, known or {}, token, at)
    if isinstance(held, list) and isinstance(known, list):
        rest = len(held) - len(known)
        return [
            _value(one, other, token, f"{at}[]") for one, other in zip(held, [*known, *[None] * rest], strict=False)
        ]
    return held


def _is_open(wanted: Value) -> bool:
    """Whether a value is a form that the plan alone does not resolve; an object with such forms in it is looked into."""
    return form_of(wanted) is not None and any(form_of(one) in _OPEN for _, one in walk(wanted))


def _is_hidden(held: Any) -> bool:
    return SIGNATURE in held if isinstance(held, dict) else held == UNKNOWN


def _closed(wanted: Value) -> Value:
    """The value of a form that the plan alone resolves."""
    match form_of(wanted):
        case "$format":
            return fill(wanted["$format"], [str(_closed(one)) for one in wanted["args"]])
        case "$json":
            return json.dumps(wanted["$json"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        case "$base64":
            return base64.b64encode(str(_closed(wanted["$base64"])).encode()).decode()
        case _:
            return wanted


def _same(held: Any, known: Value) -> bool:
    """Whether two values are one to a cloud: numbers as texts, documents, other case, other order of words."""
    if held == known:
        return True
    if isinstance(held, list) and isinstance(known, list):
        plain = all(isinstance(one, (str, int, float)) for one in (*held, *known))
        return plain and sorted(map(_word, held)) == sorted(map(_word, known))
    if isinstance(held, (str, int, float)) and isinstance(known, (str, int, float)):
        return _word(held) == _word(known)
    return False


def _word(value: float | str) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "".join(str(value).split()).casefold()
    if text.startswith(("{", "[")):
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except ValueError:
            return text
    return text

"""Steps that only a person can do: in words, and where something waits for one, with a question whose answer proves it.

A step without nodes that wait is told and stops nothing. What waits is named by the first nodes; whatever refers to
these waits too, so that a step of the platform's names no node of a space. Nothing is asked here: see `deploy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from hdh_infra.graph.values import FORMS, Value, form_of, refs, walk

if TYPE_CHECKING:
    from hdh_infra.graph.node import Node


@final
@dataclass(frozen=True, slots=True)
class Check:
    """One question to a cloud, and the answer that proves a step."""

    token: str
    """Of a data source of the provider, `azure-native:keyvault:getKey`."""
    provider: str
    """Key of the provider in the plan."""
    args: Mapping[str, Value]
    """The data source's own names; values may be forms."""
    output: str
    """Property path in the answer."""
    value: Any = None
    """What must stand there; None where anything will do that is not nothing, as an empty text is."""
    after: tuple[str, ...] = ()
    """Paths of nodes that must exist before it is asked, beyond those that its arguments refer to."""

    @property
    def needs(self) -> frozenset[str]:
        """Every node that it is asked of."""
        return frozenset({*self.after, *(path for path, _ in refs(dict(self.args)))})

    def proved_by(self, found: Any) -> bool:
        """Whether what was found in the answer proves it; texts in whatever case and order, as clouds write theirs."""
        if self.value is None:
            return found is not None and found != ""
        if isinstance(self.value, str) and isinstance(found, str):
            return self.value.casefold() == found.casefold()
        if isinstance(self.value, (list, tuple)) and isinstance(found, (list, tuple)):
            return sorted(str(one).casefold() for one in self.value) == sorted(str(one).casefold() for one in found)
        return bool(found == self.value)


@final
@dataclass(frozen=True, slots=True)
class ManualStep:
    """What only a person can do."""

    what: str
    who: str
    command: str
    proof: str
    id: str = ""
    """Stable name, unique in a plan; empty of a step that is told only."""
    before: tuple[str, ...] = ()
    """Paths of nodes that are not made before it is done; what refers to them waits with them."""
    checks: tuple[Check, ...] = field(default=())
    """What proves it to a program: all of them."""

    @property
    def gates(self) -> bool:
        """Whether anything waits for it."""
        return bool(self.before)


def waiting(nodes: Sequence[Node], steps: Sequence[ManualStep]) -> Mapping[str, frozenset[str]]:
    """What waits: path of each node to the ids of the steps that come before it.

    Args:
        nodes: in dependency order.
        steps: of the same plan.
    """
    found: dict[str, frozenset[str]] = {}
    for step in steps:
        for path in step.before:
            found[path] = found.get(path, frozenset()) | {step.id}
    if not found:
        return found
    for node in nodes:
        others = {*node.depends_on, *(path for path, _ in node.refs())}
        inherited = frozenset().union(*(found[path] for path in others if path in found))
        if inherited:
            found[node.path] = found.get(node.path, frozenset()) | inherited
    return found


def verify_steps(steps: Sequence[ManualStep], nodes: Sequence[Node], providers: AbstractSet[str]) -> list[str]:
    """Every broken rule of a plan's steps, as `step: what`; empty for a valid plan."""
    found: list[str] = []
    by_path = {node.path: node for node in nodes}
    held = waiting(nodes, steps)
    seen: set[str] = set()
    for step in steps:
        name = step.id or step.what
        if step.id and step.id in seen:
            found.append(f"{name}: is there twice")
        seen.add(step.id)
        if (step.before or step.checks) and not step.id:
            found.append(f"{name}: something waits for it or proves it, and it has no id")
        if step.before and not step.checks:
            found.append(f"{name}: something waits for it and nothing proves it")
        found.extend(f"{name}: {path} waits for it and is not there" for path in step.before if path not in by_path)
        for check in step.checks:
            found.extend(f"{name}: {what}" for what in _check(check, by_path, providers))
            # Only a step before may come before the question; one that waits for itself could never be proved.
            mine = {path for path in check.needs if held.get(path, frozenset()) - (seen - {step.id})}
            found.extend(
                f"{name}: is proved by {path}, which waits for it or for a later step" for path in sorted(mine)
            )
    return found


def _check(check: Check, by_path: Mapping[str, Node], providers: AbstractSet[str]) -> Iterator[str]:
    if check.provider not in providers:
        yield f"asks a provider that is not there: {check.provider}"
    yield from (f"is proved by {path}, which is not there" for path in sorted(check.needs) if path not in by_path)
    for at, form in walk(dict(check.args)):
        kind = form_of(form) or ""
        if kind not in FORMS or set(form) != FORMS[kind]:
            yield f"{at} has no form of a plan: {sorted(form)}"
        elif kind == "$secret":
            yield f"{at} would put the secret {form['$secret']} into a question"
        elif kind == "$ref" and form["$ref"] in by_path:
            other = by_path[form["$ref"]]
            head = form["output"].split(".")[0].split("[")[0]
            if head != "id" and head not in other.outputs and head not in other.properties:
                yield f"{at} reads {form['output']} of {other.path}, which does not declare it"
            if head in other.secret_outputs:
                yield f"{at} would ask with the secret {form['output']} of {other.path}"

"""Whether what is deployed is what the spec's plan would be, in words, one line a difference.

Values that the plan itself cannot know before it is deployed are no drift; nor is what no resource shows any
more, as long as the catalogue answers for it. Native properties without a
meaning in the model (tags, names) are deliberately not compared: the engine's `preview` shows those.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.compare.reach import Members, differences, rows
from hdh_infra.compare.side import UNMANAGED, Side
from hdh_infra.model.attributes import ATTRIBUTES
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import kind_of
from hdh_infra.model.scales import Verdict
from hdh_infra.model.wording import value_words


def drift(planned: Side, found: Side, expanded: Expanded) -> Iterator[str]:
    """How a deployed side differs from the plan of the same target.

    Args:
        planned: the plan's side.
        found: the deployed side, with its verdicts.
        expanded: the platform.
    """
    for path, token in planned.natives.items():
        if path not in found.natives:
            yield f"{path} ({token}) is planned and not there"
        elif found.natives[path] != token:
            yield f"{path} is planned as {token} and there as {found.natives[path]}"
    for path, token in found.natives.items():
        if path not in planned.natives:
            manager = "that nobody manages" if path.startswith(UNMANAGED) else "that is not planned"
            yield f"{path.removeprefix(UNMANAGED)} ({token}) is there, a resource {manager}"
    answered = {(row.element, row.attribute) for row in found.verdicts if row.verdict is Verdict.met}
    for path in expanded.elements:
        want, have = planned.observation.elements.get(path, {}), found.observation.elements.get(path)
        if have is None:
            if path in planned.observation.elements:
                yield f"{path} is planned and nothing of it is there"
            continue
        for attribute in ATTRIBUTES[kind_of(path)]:
            value, seen = want.get(attribute), have.get(attribute)
            if seen is None and (path, attribute) in answered:
                continue
            if value is not None and seen != value:
                yield (
                    f"{path} {attribute}: planned {value_words(attribute, value)}, found {value_words(attribute, seen)}"
                )
    members = Members(expanded, (planned.observation, found.observation))
    labels = ("the plan", f"the {found.source} side")
    for name, verb in (("flows", "reaches"), ("egress", "can reach, outside the platform,"), ("entry", "reaches")):
        both = rows([getattr(planned.observation, name), getattr(found.observation, name)])
        yield from differences(members.condense(both), labels, verb)

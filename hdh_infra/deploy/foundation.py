"""Between the stacks of one platform: their names, what the foundation's stack exports, and how a space reads it.

A space asks the engine for the outputs of the foundation's stack (`pulumi:pulumi:readStackOutputs`, what a stack reference
asks too). A `StackReference` is a resource: it would keep a copy of all of them, the foundation's credentials
included, in the state of every space.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, final

import pulumi
from pulumi.output import UNKNOWN, Unknown

from hdh_infra.graph.parts import FOUNDATION, Reference

READ: Final = "pulumi:pulumi:readStackOutputs"
_STACK = re.compile(r"(?P<base>.+)\.(?:(?P<foundation>foundation)|space\.(?P<space>[a-z0-9-]+))")


def stack_of(base: str, part: str) -> str:
    """The stack of a part: `ovhcloud-GRA.foundation`, `ovhcloud-GRA.space.darwin-eu`."""
    return f"{base}.{part.replace('/', '.')}"


def part_of_stack(stack: str) -> tuple[str, str] | None:
    """The platform's own stack name and the part that a stack is called after; None of a stack that is called otherwise."""
    found = _STACK.fullmatch(stack)
    if found is None:
        return None
    return found["base"], FOUNDATION if found["foundation"] else f"space/{found['space']}"


@final
@dataclass(frozen=True, slots=True)
class Foundation:
    """The foundation as a space's program sees it.

    Attributes:
        stack: name of its stack.
        changing: in a preview, paths of its nodes that are not there yet or would be made anew; None for all.
    """

    stack: str
    changing: Collection[str] | None = ()


@final
class Outputs:
    """The outputs of a foundation's stack, asked for once in a program."""

    def __init__(self, foundation: Foundation) -> None:
        """Nothing is asked before an output is wanted."""
        self._foundation = foundation
        self._asked: pulumi.Output[Any] | None = None

    def output(self, path: str, output: str) -> pulumi.Output[Any]:
        """An output of a foundation's node; secret where the foundation's stack holds it as a secret."""
        name, stack = Reference(path, output).name, self._foundation.stack
        preview, changing = pulumi.runtime.is_dry_run(), self._foundation.changing
        if preview and (changing is None or path in changing):
            return pulumi.Output.from_input(None).apply(lambda _: UNKNOWN, run_with_unknowns=True)
        if self._asked is None:
            organization = pulumi.get_organization() or "organization"
            reference = {"name": f"{organization}/{pulumi.get_project()}/{stack}"}
            self._asked = pulumi.runtime.invoke_output(READ, reference)
        whole = self._asked

        def leaf(answer: Any) -> Any:
            found = None if isinstance(answer, Unknown) else (answer.get("outputs") or {}).get(name)
            if found is not None:
                return found
            if preview:
                return UNKNOWN
            raise pulumi.RunError(
                f"{path}: the stack {stack} exports no {output} of it, which this space reads. Deploy the foundation first "
                f"(`hdh up`, or `pulumi up --stack {stack}`); state is kept"
            )

        value = whole.apply(leaf, run_with_unknowns=True)
        # What is asked for is all outputs, and one secret among them makes all of it secret: each leaf is what it is itself.
        return pulumi.Output(
            asyncio.ensure_future(value.resources()),
            asyncio.ensure_future(value.future(with_unknowns=True)),
            asyncio.ensure_future(value.is_known()),
            asyncio.ensure_future(_is_secret(whole, name)),
        )


async def _is_secret(whole: pulumi.Output[Any], name: str) -> bool:
    if not await whole.is_known():
        return await whole.is_secret()
    answer = await whole.future() or {}
    return name in (answer.get("secretOutputNames") or ())

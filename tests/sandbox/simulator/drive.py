"""One operation of the engine on a described program, in a process of its own: `drive.py OPERATION` with JSON on its input.

A process of its own, because an inline program that fails leaves unfinished coroutines in the process that ran it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pulumi
from pulumi import automation

from hdh_infra.contracts import version


def program(described: dict[str, Any]) -> None:
    """Register the described resources by token; `@label.path` is an output of one registered before."""
    package = described["package"]
    made: dict[str, Any] = {}

    def resolved(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("@"):
            label, _, path = value[1:].partition(".")
            head, _, leaf = path.partition(".")
            if head == "id":
                return made[label].id
            if head == "name":
                return made[label].id.apply(lambda one: one.rsplit("/", 1)[-1])
            output = pulumi.Output.from_input(getattr(made[label], head))
            return output.apply(lambda found: found[leaf]) if leaf else output
        if isinstance(value, dict):
            return {name: resolved(item) for name, item in value.items()}
        return [resolved(item) for item in value] if isinstance(value, list) else value

    for label, given in described["resources"].items():
        outputs = dict.fromkeys(described["read"].get(label, ()))
        after = [made[one] for one in given.get("after", [])]
        options = pulumi.ResourceOptions(version=version(package), depends_on=after)
        made[label] = pulumi.CustomResource(given["type"], label, {**outputs, **resolved(given["inputs"])}, options)
        for output in outputs:
            pulumi.export(f"{label}.{output}", getattr(made[label], output))
    if package == "azure-native":
        options = pulumi.InvokeOutputOptions(version=version(package))
        found = pulumi.runtime.invoke_output("azure-native:authorization:getClientConfig", {}, options)
        pulumi.export("tenant", found.apply(lambda one: one["tenantId"]))


def main(operation: str) -> None:
    """Do it, and print what came of it."""
    described = json.load(sys.stdin)
    stack = automation.create_or_select_stack(
        "test",
        project_name="tried",
        program=lambda: program(described),
        opts=automation.LocalWorkspaceOptions(
            env_vars=described["environment"],
            project_settings=automation.ProjectSettings(name="tried", runtime="python"),
        ),
    )
    answer: dict[str, Any] = {"error": None}
    try:
        if operation == "preview":
            answer["changes"] = {str(name): count for name, count in stack.preview().change_summary.items()}
        else:
            result = getattr(stack, operation)()
            answer["changes"] = dict(result.summary.resource_changes)
            if operation == "up":
                answer["outputs"] = {name: [one.value, one.secret] for name, one in result.outputs.items()}
    except automation.CommandError as error:
        answer["error"] = str(error)
    deployment = stack.export_stack().deployment or {}
    answer["unfinished"] = [one["type"] for one in deployment.get("resources", []) if one.get("initErrors")]
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])

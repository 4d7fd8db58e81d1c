"""What registering a plan costs under mocks against the same resources by an SDK's generated classes, in one process.

`python -m tests.benchmarks.registering TARGET` prints `{"nodes": ..., "ours": ..., "classes": ...}`, seconds of processor time.
The classes get plain values where a plan has references, which is less work for them than a program of that kind would be.
What both must do before the first resource (importing, reading the plan) is not counted.
"""

from __future__ import annotations

import asyncio
import datetime
import importlib
import inspect
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource

import hdh_infra as hdh
from hdh_infra.deploy.realising import realise
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.values import form_of
from hdh_infra.planning.lock_file import lock_file, read_lock

EXAMPLE = Path(__file__).parents[2] / "examples" / "small.yaml"
TODAY = datetime.date(2026, 11, 23)
RUNS = 3
_LOOPS: list[asyncio.AbstractEventLoop] = []
_READ = dict.fromkeys(("principalId", "clientId", "keyUri", "keyUriWithVersion", "primaryEndpoints"), "x")
PACKAGES = {"azure-native": "pulumi_azure_native", "openstack": "pulumi_openstack"}


class Echo(mocks.Mocks):
    """Answers each registration with what was asked."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """The same properties, an id, and what plans read of others."""
        given = {**_READ, **args.inputs}
        if args.typ == "azure-native:keyvault:Vault":
            given["properties"] = {**args.inputs["properties"], "vaultUri": "x"}
        identity = args.inputs.get("identity") or {}
        if "userAssignedIdentities" in identity:
            # A list of ids as it is asked, a map of them as it is given back.
            named = {one: {} for one in identity["userAssignedIdentities"]}
            given["identity"] = {**identity, "userAssignedIdentities": named}
        return f"{args.name}-id", given

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Any text for each output that a plan reads."""
        return {
            "tenantId": "tenant",
            "subscriptionId": "subscription",
            "id": "id",
            "ids": ["id"],
            "networkId": "id",
        }, []


def run(program: Callable[[], object]) -> float:
    """Seconds that a program takes until everything that it registers is there."""
    # Never closed: the runtime's own threads hold them, and the process ends with the measurement.
    _LOOPS.append(asyncio.new_event_loop())
    asyncio.set_event_loop(_LOOPS[-1])
    set_root_resource(None)  # type: ignore[arg-type]
    pulumi.runtime.set_mocks(Echo(), "hdh-platform", "benchmark", False)
    begun = time.process_time()
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return time.process_time() - begun


def plain(value: Any) -> Any:
    """A value without references."""
    if form_of(value):
        return "x"
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def by_classes(plan: Plan) -> tuple[Callable[[], None], int]:
    """A program that makes each node by the class of its type, and how many."""
    from hdh_infra.contracts.extract import Package

    packages = {name: Package(name) for name in {node.type.split(":")[0] for node in plan.nodes} & set(PACKAGES)}
    made: list[tuple[Any, str, dict[str, Any]]] = []
    for node in plan.nodes:
        package = packages.get(node.type.split(":")[0])
        if package is None or node.existing is not None:
            continue
        file, name = package.file_of(node.type)
        parts = file.relative_to(package.root).with_suffix("").parts
        module = importlib.import_module(".".join((PACKAGES[package.name], *parts)))
        cls = getattr(module, name)
        names = {one.replace("_", "").lower(): one for one in inspect.signature(cls._internal_init).parameters}
        made.append((cls, node.path, {names[key.lower()]: plain(one) for key, one in node.properties.items()}))

    def program() -> None:
        for cls, path, properties in made:
            cls(path, **properties)

    return program, len(made)


def main() -> None:
    """Measure one target and print it."""
    warnings.simplefilter("ignore")
    plan = hdh.plan(hdh.load(EXAMPLE), sys.argv[1], lock=read_lock(lock_file(EXAMPLE)), today=TODAY)
    program, nodes = by_classes(plan)
    # Turn about, and the best of some runs: other work on the machine counts little.
    times = [(run(lambda: realise(plan)), run(program)) for _ in range(RUNS)]
    ours, classes = (min(column) for column in zip(*times, strict=True))
    sys.stdout.write(json.dumps({"nodes": nodes, "all": len(plan.nodes), "ours": ours, "classes": classes}) + "\n")


if __name__ == "__main__":
    main()

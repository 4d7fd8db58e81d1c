"""A platform of growing size on the simulated Azure, as one stack and in parts: `python -m tests.benchmarks.in_parts`.

Through the real engine, on a file backend that writes every step. Processor time of all processes but the simulator's is what
counts; seconds on the clock are beside it, since other work on the machine counts there.
"""

from __future__ import annotations

import argparse
import datetime
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import hdh_infra as hdh
from hdh_infra.deploy import operations
from hdh_infra.deploy.request import Request, Result, Silent
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock, with_layout
from hdh_infra.sandbox import engine, simulator
from tests.benchmarks.__main__ import SMALL, grown

TARGET = Target.parse("azure:francecentral")
TODAY = datetime.date(2026, 11, 23)


def processor() -> float:
    """Seconds that this process and those that it waited for have worked."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def measured(request: Request, operation: str) -> tuple[Result, float, float]:
    """Do it, with seconds on the clock and seconds of processor time."""
    clock, work = time.perf_counter(), processor()
    found: Result = getattr(operations, operation)(request, Silent())
    return found, time.perf_counter() - clock, processor() - work


def request_of(
    spaces: int, layout: str, folder: Path, environment: dict[str, str], command: Path, parallel: int | None
) -> Request:
    """The small platform with so many spaces."""
    described = grown(hdh.load(SMALL), spaces).model_dump(mode="json", by_alias=True)
    described["targets"] = {str(TARGET): {"quotas": {"vcpus": 10_000, "vcpus-of-a-family": 10_000}}}
    platform = Platform.model_validate(described)
    lock = update_lock(None, platform, [TARGET], salt="0badcafe")
    state = folder / f"state-{layout}-{spaces}"
    state.mkdir()
    return Request(
        platform,
        TARGET,
        with_layout(lock, "parts" if layout == "parts" else "one"),
        None,
        TARGET.stack,
        TODAY,
        {**environment, "PULUMI_BACKEND_URL": state.as_uri()},
        command,
        folder / f"work-{layout}-{spaces}",
        parallel=parallel,
    )


def main() -> None:
    """Print the table, a row at a time."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.in_parts", description=__doc__)
    parser.add_argument("--spaces", type=int, nargs="+", default=[10, 20, 40, 60])
    parser.add_argument("--layout", nargs="+", default=["one", "parts"], choices=["one", "parts"])
    parser.add_argument("--port", type=int, default=15900)
    parser.add_argument("--parallel", type=int)
    parser.add_argument("--once", action="store_true", help="without the second `up`, which changes nothing")
    asked = parser.parse_args()
    table = Table("layout", "spaces", "resources", "up s", "up cpu s", "cpu ms a resource", "again s", "again cpu s")
    found = engine.ensure(lambda _: None)
    for spaces in asked.spaces:
        for layout in asked.layout:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                (folder / "passphrase").write_text("of a benchmark")
                box = folder / "box"
                simulator.start(box, asked.port, ("azure-native",), lambda _: None)
                environment = {
                    "PATH": os.environ["PATH"],
                    "HOME": os.environ["HOME"],
                    "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / "passphrase"),
                    **engine.environment(found, Path(sys.executable).parent),
                    **simulator.environment(box),
                }
                try:
                    request = request_of(spaces, layout, folder, environment, found.command, asked.parallel)
                    first, clock, work = measured(request, "up")
                    made = first.changes["create"]
                    clock_again = work_again = 0.0
                    if not asked.once:
                        again, clock_again, work_again = measured(request, "up")
                        assert {word for word, count in again.changes.items() if count} == {"same"}, again.changes
                finally:
                    simulator.stop(box)
            row = (
                layout, str(spaces), str(made), f"{clock:.0f}", f"{work:.0f}", f"{work / made * 1000:.0f}",
                f"{clock_again:.0f}", f"{work_again:.0f}",
            )  # fmt: skip
            table.add_row(*row)
            print(" ".join(row), flush=True)  # noqa: T201 - a row takes minutes
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    main()
